//! What one site says otherwise: `sites/<site key>/<language>/{phrases.tsv,**/*.wav}`.
//!
//! A site's phrase takes the place of the language's phrase of the same id, or is added to them. Who records a wording anew
//! records all of it: the slow form and the forms of a place (`slow/ID`, `ID.mid`, `ID.end`) that the language has of the
//! same wording do not come in where the site has none, because they may say something else. Pauses and grammar are the
//! language's.

use super::load::{Speaker, fingerprint, folders, list_recordings, read_phrases};
use super::{Own, Pack, Phrase};
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};
use crate::fault::{Fault, nearest};
use crate::prompt::say::{FormId, Place};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The packs of the sites that have a folder.
type Sites = BTreeMap<SiteKey, BTreeMap<LanguageTag, Pack>>;

/// Reads the folder `sites`; there need not be one.
pub(super) fn load(dir: &Path, languages: &BTreeMap<LanguageTag, Pack>) -> (Sites, Vec<Fault>) {
    let mut sites = Sites::new();
    let mut faults = Vec::new();
    if !dir.exists() {
        return (sites, faults);
    }
    for file in files_of(dir, &["toml", "tsv", "wav"]) {
        let message = "it stands in no site's folder, and nobody would hear it; put it into one such as sites/boston";
        faults.push(Fault::of_file(&file, "no_site", message));
    }
    for folder in folders_or_fault(dir, &mut faults) {
        let key = SiteKey::new(name_of(&folder));
        let (packs, found) = load_site(&folder, &key, languages);
        sites.insert(key, packs);
        faults.extend(found);
    }
    (sites, faults)
}

fn load_site(
    folder: &Path,
    site: &SiteKey,
    languages: &BTreeMap<LanguageTag, Pack>,
) -> (BTreeMap<LanguageTag, Pack>, Vec<Fault>) {
    let mut packs = BTreeMap::new();
    let mut faults = stray_files(folder, site);
    let inside = folders_or_fault(folder, &mut faults);
    if inside.is_empty() && faults.is_empty() {
        let message = format!("site {site}: the folder is empty; remove it, or put in what the site says otherwise");
        faults.push(Fault::of_file(folder, "empty_site", message));
    }
    // A site's own call scripts stand beside its languages.
    for folder in inside.into_iter().filter(|folder| !folder.ends_with("scripts")) {
        let tag = name_of(&folder);
        let Some(pack) = languages.get(&LanguageTag::new(&tag)) else {
            faults.push(unknown_language(&folder, site, &tag, languages));
            continue;
        };
        if folder.join("pack.toml").exists() {
            let message = format!("site {site}, {tag}: the pack.toml of a language holds for every site; remove this one");
            faults.push(Fault::of_file(&folder.join("pack.toml"), "site_pack_toml", message));
        }
        faults.extend(stray_scripts(&folder, site));
        match read_phrases(&folder, Speaker { language: &pack.language, gaps: &pack.gaps, grammar: &pack.grammar }) {
            Ok((own, found)) => {
                if own.is_empty() && found.is_empty() {
                    let message = format!("site {site}, {tag}: no phrase stands here; remove the folder, or put some in");
                    faults.push(Fault::of_file(&folder, "empty_site", message));
                }
                faults.extend(found.into_iter().map(|fault| of_site(fault, site)));
                if !own.is_empty() {
                    packs.insert(pack.language.clone(), said_otherwise(pack, site, &folder, own));
                }
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| of_site(fault, site))),
        }
    }
    (packs, faults)
}

/// The language's pack with the site's phrases in it.
fn said_otherwise(pack: &Pack, site: &SiteKey, folder: &Path, own: HashMap<PhraseId, Phrase>) -> Pack {
    let fingerprint = fingerprint(&pack.fingerprint, &own);
    let mut phrases = pack.phrases.clone();
    for form in own.keys().flat_map(other_forms) {
        phrases.remove(&form);
    }
    let ids = own.keys().cloned().collect();
    phrases.extend(own);
    Pack {
        site: Some(site.clone()),
        language: pack.language.clone(),
        name: pack.name.clone(),
        voice: pack.voice.clone(),
        notice: pack.notice.clone(),
        review: pack.review.clone(),
        gaps: pack.gaps.clone(),
        sound: pack.sound.clone(),
        words: pack.words.clone(),
        strangers: pack.strangers.clone(),
        grammar: pack.grammar.clone(),
        folder: pack.folder.clone(),
        phrases,
        own: Own { folder: folder.to_path_buf(), phrases: ids },
        fingerprint,
    }
}

/// The other forms that a wording can have; none for what is itself a form of one.
fn other_forms(id: &PhraseId) -> Vec<PhraseId> {
    let wording = FormId::of(id);
    if wording != wording.wording() {
        return Vec::new();
    }
    let forms = [false, true]
        .into_iter()
        .flat_map(|slow| [Place::Any, Place::Mid, Place::End].map(|place| FormId { slow, place, ..wording }));
    forms.filter(|form| *form != wording).map(FormId::to_id).collect()
}

/// Words and recordings that stand beside the folders of the languages, where nobody would hear them.
fn stray_files(folder: &Path, site: &SiteKey) -> Vec<Fault> {
    let mut recordings = BTreeMap::new();
    let mut faults = Vec::new();
    list_recordings(folder, folder, usize::MAX, &mut recordings, &mut faults);
    let words = Some(folder.join("phrases.tsv")).filter(|file| file.exists());
    let stray = recordings.into_values().chain(words);
    faults.extend(stray.map(|file| {
        let message = format!("site {site}: it stands in no language's folder; put it into one such as sites/{site}/en-US");
        Fault::of_file(&file, "no_language", message)
    }));
    faults.extend(stray_scripts(folder, site));
    faults
}

/// Call scripts beside the folder that they belong to, where nobody would hear them.
fn stray_scripts(folder: &Path, site: &SiteKey) -> Vec<Fault> {
    let files = files_of(folder, &["toml"]).into_iter().filter(|file| !file.ends_with("pack.toml"));
    let stray = files.map(|file| {
        let message = format!("site {site}: no call script stands here; put it into sites/{site}/scripts");
        Fault::of_file(&file, "no_script_folder", message)
    });
    stray.collect()
}

/// The files in a folder that end so, in order, without what lies hidden.
fn files_of(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let ends_so = |path: &PathBuf| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        endings.contains(&ending.as_str()) && !name_of(path).starts_with('.') && path.is_file()
    };
    let mut files: Vec<_> = entries.filter(ends_so).collect();
    files.sort();
    files
}

fn unknown_language(folder: &Path, site: &SiteKey, tag: &str, languages: &BTreeMap<LanguageTag, Pack>) -> Fault {
    let known: Vec<_> = languages.keys().map(LanguageTag::as_str).collect();
    let meant =
        nearest(tag, known.iter().copied().chain(["scripts"])).map(|tag| format!("; did you mean {tag}?")).unwrap_or_default();
    let message = format!("site {site}: there is no language pack {tag}; there are: {}{meant}", known.join(", "));
    Fault::of_file(folder, "unknown_language", message)
}

fn of_site(fault: Fault, site: &SiteKey) -> Fault {
    Fault { message: format!("site {site}, {}", fault.message), ..fault }
}

fn folders_or_fault(dir: &Path, faults: &mut Vec<Fault>) -> Vec<std::path::PathBuf> {
    folders(dir).unwrap_or_else(|error| {
        faults.push(Fault::of_file(dir, "unreadable_file", format!("cannot be read: {error}")));
        Vec::new()
    })
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{TestPack, pcm_wav, tone};
    use crate::prompt::{Listener, Packs, Recipe};
    use std::fs;
    use std::sync::Arc;

    /// Puts a phrase into a folder of a site.
    fn put(dir: &TestPack, place: &str, phrases: &[(&str, &str)]) {
        let folder = dir.path().join("sites").join(place);
        let mut lines = String::new();
        for (n, (id, text)) in phrases.iter().enumerate() {
            let file = folder.join(format!("{id}.wav"));
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, pcm_wav(&tone(900.0 + n as f64, 0.3, 250, 8_000), 8_000, 1)).expect("written");
            lines += &format!("{id}\t{text}\n");
        }
        fs::write(folder.join("phrases.tsv"), lines).expect("written");
    }

    fn at(site: &str) -> Listener {
        Listener { language: "en-US".into(), site: Some(site.into()), guardian: false }
    }

    #[test]
    fn a_site_says_single_phrases_otherwise_and_shares_the_rest() {
        let dir =
            TestPack::english().with("slow/org/name", "Example Cancer Center,").with("org/name.end", "Example Cancer Center.");
        put(&dir, "boston/en-US", &[("org/name", "Longwood Clinic,"), ("say/parking", "Please park in the garage.")]);
        let packs = dir.load_all();
        let (plain, boston) =
            (packs.pack(&"en-US".into()).expect("there"), packs.pack_for(&"en-US".into(), Some(&"boston".into())));
        let boston = boston.expect("there");
        assert_eq!(packs.sites().map(SiteKey::as_str).collect::<Vec<_>>(), ["boston"]);
        assert_eq!(packs.of_site(&"boston".into()).count(), 1);
        assert_eq!(packs.pack_for(&"en-US".into(), Some(&"denver".into())).expect("there").site, None);
        assert!(boston.is_own(&"org/name".into()) && !boston.is_own(&"say/hello".into()));
        assert!(boston.file(&"org/name".into()).ends_with("sites/boston/en-US/org/name.wav"));
        assert!(boston.file(&"say/hello".into()).ends_with("en-US/say/hello.wav"));
        assert_eq!(boston.phrase(&"org/name".into()).expect("recorded").text, "Longwood Clinic,");
        assert_eq!(plain.phrase(&"org/name".into()).expect("recorded").text, "Example Cancer Center,");
        assert!(plain.phrase(&"say/parking".into()).is_none());
        for form in ["slow/org/name", "org/name.end"] {
            assert!(boston.phrase(&form.into()).is_none() && plain.phrase(&form.into()).is_some(), "{form} has other words");
        }
        let shared = |id: &PhraseId| Arc::ptr_eq(&plain.phrases[id].samples, &boston.phrases[id].samples);
        assert!(plain.ids().into_iter().filter(|id| boston.phrase(id).is_some() && !boston.is_own(id)).all(shared));
        assert_ne!(plain.fingerprint(), boston.fingerprint());
    }

    #[test]
    fn only_what_sounds_otherwise_has_another_name() {
        let dir = TestPack::english();
        put(&dir, "boston/en-US", &[("org/name", "Longwood Clinic,")]);
        let packs = dir.load_all();
        let recipe = |site: &str, phrases: &str| packs.recipe_of(&at(site), phrases.split(' ').map(PhraseId::from).collect());
        let text = |site: &str, phrases: &str| recipe(site, phrases).expect("there").to_text();
        assert_eq!(text("boston", "say/hello org/name"), "en-US@boston say/hello org/name");
        assert_eq!(text("denver", "say/hello org/name"), "en-US say/hello org/name");
        assert_eq!(text("boston", "say/hello"), "en-US say/hello");
        let sound = |text: &str| {
            let recipe = Recipe::parse(text).expect("a recipe");
            packs.pack_of(&recipe).expect("there").compose(&recipe.phrases).expect("recorded")
        };
        assert_ne!(sound("en-US@boston say/hello org/name"), sound("en-US say/hello org/name"));
        let id = |text: &str| packs.audio_id(b"s", &Recipe::parse(text).expect("a recipe")).expect("there");
        let before = (id("en-US@boston org/name"), id("en-US org/name"));
        put(&dir, "boston/en-US", &[("org/name", "Longwood Hospital,")]);
        let packs = dir.load_all();
        let id = |text: &str| packs.audio_id(b"s", &Recipe::parse(text).expect("a recipe")).expect("there");
        assert_ne!(id("en-US@boston org/name"), before.0);
        assert_eq!(id("en-US org/name"), before.1, "the others keep their names");
    }

    #[test]
    fn what_is_wrong_at_a_site_is_named_with_file_phrase_and_language() {
        let dir = TestPack::english();
        put(&dir, "boston/en-US", &[("say/hello", "Hello."), ("say/cut", "Cut off."), ("say/gone", "Gone.")]);
        put(&dir, "boston/en-UK", &[("say/hello", "Hello.")]);
        let sites = dir.path().join("sites");
        let boston = sites.join("boston/en-US");
        let wav = fs::read(boston.join("say/hello.wav")).expect("there");
        fs::write(boston.join("say/cut.wav"), &wav[..500]).expect("written");
        fs::remove_file(boston.join("say/gone.wav")).expect("removed");
        fs::write(boston.join("say/nobody.wav"), &wav).expect("written");
        fs::write(boston.join("pack.toml"), "").expect("written");
        fs::create_dir_all(sites.join("denver")).expect("made");
        fs::create_dir_all(sites.join("austin/scripts")).expect("made");
        fs::create_dir_all(sites.join("dallas/en-US")).expect("made");
        fs::write(sites.join("dallas/en-US/phrases.tsv"), "# nothing yet\n").expect("written");
        fs::write(sites.join("dallas/hello.wav"), &wav).expect("written");
        for name in ["hello.wav", "dallas/reminder.toml", "dallas/en-US/reminder.toml"] {
            fs::write(sites.join(name), &wav).expect("written");
        }
        let (packs, faults) = Packs::load(dir.path());
        let mut found: Vec<_> = faults
            .iter()
            .map(|fault| {
                let file = fault.file.split_once("/sites/").map_or("", |(_, file)| file);
                (fault.code, file, fault.message.split([':', ';']).next().unwrap_or_default())
            })
            .collect();
        found.sort();
        let want = [
            ("empty_site", "dallas/en-US", "site dallas, en-US"),
            ("empty_site", "denver", "site denver"),
            ("lying_header", "boston/en-US/say/cut.wav", "site boston, en-US say/cut"),
            ("missing_recording", "boston/en-US/say/gone.wav", "site boston, en-US say/gone"),
            ("missing_words", "boston/en-US/say/nobody.wav", "site boston, en-US say/nobody"),
            ("no_language", "dallas/hello.wav", "site dallas"),
            ("no_script_folder", "dallas/en-US/reminder.toml", "site dallas"),
            ("no_script_folder", "dallas/reminder.toml", "site dallas"),
            ("no_site", "hello.wav", "it stands in no site's folder, and nobody would hear it"),
            ("site_pack_toml", "boston/en-US/pack.toml", "site boston, en-US"),
            ("unknown_language", "boston/en-UK", "site boston"),
        ];
        assert_eq!(found, want);
        let unknown = faults.iter().find(|fault| fault.code == "unknown_language").expect("told");
        assert_eq!(unknown.message, "site boston: there is no language pack en-UK; there are: en-US; did you mean en-US?");
        let keys: Vec<_> = packs.sites().map(SiteKey::as_str).collect();
        assert_eq!(keys, ["austin", "boston", "dallas", "denver"], "whether they are configured is for others to say");
    }
}
