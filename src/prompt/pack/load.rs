//! Packs from their folders: words and recordings matched by id, everything that is wrong named by id and language.

use super::manifest::{Gaps, Manifest, read_manifest};
use super::texts::read_texts;
use super::{Pack, Packs, Phrase};
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::sound::{read_recording, samples_of};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// A recording larger than this is not read: a minute of 16-bit stereo at 48 kHz takes 12 MB.
const LARGEST_FILE: u64 = 32 << 20;

/// Folders inside a pack are followed this deep.
const DEEPEST: usize = 4;

impl Packs {
    /// Reads every pack of a folder, and names everything that is wrong. A phrase with a fault is left out of its pack, a
    /// pack without a sound `pack.toml` altogether.
    pub fn load(dir: &Path) -> (Packs, Vec<Fault>) {
        let mut packs = Packs::default();
        let mut faults = Vec::new();
        match folders(dir) {
            Err(error) => {
                let message = format!("the folder of language packs cannot be read: {error}; set `prompts` to where they are");
                faults.push(Fault::of_file(dir, "no_prompts", message));
            }
            Ok(found) => {
                // The call scripts live beside the packs.
                for folder in found.into_iter().filter(|folder| !folder.ends_with("scripts")) {
                    let (pack, found) = Pack::load(&folder);
                    packs.packs.extend(pack.map(|pack| (pack.language.clone(), pack)));
                    faults.extend(found);
                }
                if packs.packs.is_empty() && faults.is_empty() {
                    let message = "no language pack stands here: want a folder such as en-US with a pack.toml";
                    faults.push(Fault::of_file(dir, "no_prompts", message));
                }
            }
        }
        (packs, faults)
    }
}

impl Pack {
    fn load(folder: &Path) -> (Option<Pack>, Vec<Fault>) {
        let tag = folder.file_name().unwrap_or_default().to_string_lossy();
        let file = folder.join("pack.toml");
        let (manifest, review) = match read_text(&file).and_then(|text| read_manifest(&file, &text, &tag)) {
            Ok(read) => read,
            Err(faults) => return (None, faults),
        };
        let file = folder.join("phrases.tsv");
        let (texts, mut faults) = match read_text(&file) {
            Ok(text) => read_texts(&file, &text),
            Err(faults) => return (None, faults),
        };
        let (phrases, found) = read_phrases(folder, &manifest, texts);
        faults.extend(found);
        let fingerprint = fingerprint(&manifest.gaps, &phrases);
        let Manifest { language, name, voice, notice, gaps, sound, words, strangers, grammar, .. } = manifest;
        let folder = folder.to_path_buf();
        let pack =
            Pack { language, name, voice, notice, review, gaps, sound, words, strangers, grammar, folder, phrases, fingerprint };
        (Some(pack), faults)
    }
}

fn read_text(file: &Path) -> Result<String, Vec<Fault>> {
    let unreadable = |error| vec![Fault::of_file(file, "unreadable_file", format!("cannot be read: {error}"))];
    fs::read_to_string(file).map_err(unreadable)
}

/// Every phrase that has words and a sound recording.
fn read_phrases(
    folder: &Path,
    manifest: &Manifest,
    texts: BTreeMap<PhraseId, String>,
) -> (HashMap<PhraseId, Phrase>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut recordings = BTreeMap::new();
    list_recordings(folder, folder, 0, &mut recordings, &mut faults);
    let language = &manifest.language;
    let mut phrases = HashMap::new();
    for (id, text) in texts {
        let Some(file) = recordings.remove(id.as_str()) else {
            let message = format!("{language} {id}: its recording is missing; its words are: {text}");
            faults.push(Fault::of_file(&folder.join(format!("{id}.wav")), "missing_recording", message));
            continue;
        };
        match read_file(&file) {
            Ok(samples) => drop(phrases.insert(id.clone(), phrase(manifest, &id, text, samples))),
            Err((code, message)) => faults.push(Fault::of_file(&file, code, format!("{language} {id}: {message}"))),
        }
    }
    for (id, file) in recordings {
        let message = format!("{language} {id}: no line of phrases.tsv gives its words, so it cannot be used");
        faults.push(Fault::of_file(&file, "missing_words", message));
    }
    (phrases, faults)
}

fn read_file(file: &Path) -> Result<Vec<i16>, (&'static str, String)> {
    let unreadable = |error: std::io::Error| ("unreadable_wav", format!("cannot be read: {error}"));
    if fs::metadata(file).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(("long_wav", format!("it is larger than {} MiB", LARGEST_FILE >> 20)));
    }
    read_recording(&fs::read(file).map_err(unreadable)?).map_err(|fault| (fault.code, fault.message))
}

fn phrase(manifest: &Manifest, id: &PhraseId, text: String, samples: Vec<i16>) -> Phrase {
    let group = id.as_str().split('/').next().unwrap_or_default();
    let capital = text.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
    Phrase {
        opens_sentence: capital && manifest.grammar.capital_opens_sentence(group),
        gap_before: manifest.gaps.before.get(group).map(|ms| samples_of(*ms)),
        ends_group: id.as_str().ends_with(".group"),
        text,
        samples,
    }
}

fn list_recordings(root: &Path, dir: &Path, depth: usize, found: &mut BTreeMap<String, PathBuf>, faults: &mut Vec<Fault>) {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return faults.push(Fault::of_file(dir, "unreadable_file", format!("cannot be read: {error}"))),
    };
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() && depth < DEEPEST {
            list_recordings(root, &path, depth + 1, found, faults);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")) {
            let stem = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            let id = stem.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            found.insert(id, path);
        }
    }
}

/// The folders in a folder, in order.
fn folders(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn fingerprint(gaps: &Gaps, phrases: &HashMap<PhraseId, Phrase>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{gaps:?}"));
    for (id, phrase) in phrases.iter().collect::<BTreeMap<_, _>>() {
        let Phrase { text, samples, opens_sentence, .. } = phrase;
        hash.update(format!("\n{id}\t{text}\t{opens_sentence}\t{}\n", samples.len()));
        hash.update(samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>());
    }
    crate::prompt::say::to_hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{PACK_TOML, TestPack, pcm_wav, tone};

    fn codes(faults: &[Fault]) -> Vec<&'static str> {
        faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn a_whole_pack_loads_without_a_fault() {
        let dir = TestPack::english();
        let (packs, faults) = Packs::load(dir.path());
        assert_eq!(faults, []);
        let pack = packs.pack(&"en-US".into()).expect("the test pack");
        assert!(!pack.reviewed());
        assert_eq!(pack.phrase(&"say/hello".into()).expect("recorded").text, "Hello. This is");
    }

    #[test]
    fn every_bad_phrase_is_named_by_id_and_language_and_the_rest_is_kept() {
        let dir = TestPack::english();
        let folder = dir.path().join("en-US");
        let good = pcm_wav(&tone(440.0, 0.3, 200, 8_000), 8_000, 1);
        let wall: Vec<f32> = tone(440.0, 1.0, 200, 8_000).iter().map(|v| (v * 3.0).clamp(-1.0, 1.0)).collect();
        fs::remove_file(folder.join("month/03.wav")).expect("removed");
        fs::write(folder.join("day/01.wav"), &good[..900]).expect("written");
        fs::write(folder.join("day/02.wav"), b"OggS").expect("written");
        fs::write(folder.join("day/03.wav"), b"").expect("written");
        fs::write(folder.join("day/04.wav"), pcm_wav(&wall, 8_000, 1)).expect("written");
        fs::write(folder.join("day/99.wav"), &good).expect("written");
        let (packs, faults) = Packs::load(dir.path());
        let mut found: Vec<_> = faults.iter().map(|f| (f.code, f.message.split(':').next().unwrap_or_default())).collect();
        found.sort();
        let want = [
            ("clipped_wav", "en-US day/04"),
            ("empty_wav", "en-US day/03"),
            ("lying_header", "en-US day/01"),
            ("missing_recording", "en-US month/03"),
            ("missing_words", "en-US day/99"),
            ("unreadable_wav", "en-US day/02"),
        ];
        assert_eq!(found, want);
        assert!(faults.iter().all(|f| f.file.ends_with(".wav")), "each names its file");
        assert!(packs.find("en").expect("the pack").phrase(&"day/05".into()).is_some());
    }

    #[test]
    fn a_recording_of_a_studio_sounds_at_the_telephone_rate() {
        let dir = TestPack::english();
        let studio = pcm_wav(&tone(1_000.0, 0.3, 500, 44_100), 44_100, 2);
        fs::write(dir.path().join("en-US/org/name.wav"), studio).expect("written");
        let (packs, faults) = Packs::load(dir.path());
        assert_eq!(faults, []);
        let samples = &packs.find("en").expect("the pack").phrase(&"org/name".into()).expect("recorded").samples;
        assert!(samples.len().abs_diff(4_000) <= 2, "{} samples", samples.len());
    }

    #[test]
    fn folders_without_a_pack_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(codes(&Packs::load(&dir.path().join("nowhere")).1), ["no_prompts"]);
        assert_eq!(codes(&Packs::load(dir.path()).1), ["no_prompts"]);
        for name in ["scripts", "de-DE", "fr-FR"] {
            fs::create_dir(dir.path().join(name)).expect("made");
        }
        fs::write(dir.path().join("fr-FR/pack.toml"), PACK_TOML.replace("en-US", "fr-FR")).expect("written");
        let (packs, faults) = Packs::load(dir.path());
        let found: Vec<_> = faults.iter().map(|f| (f.code, f.file.rsplit('/').next().unwrap_or_default())).collect();
        assert_eq!(found, [("unreadable_file", "pack.toml"), ("unreadable_file", "phrases.tsv")]);
        assert_eq!(packs.languages().count(), 0);
    }

    #[test]
    fn the_fingerprint_follows_what_can_be_heard() {
        let dir = TestPack::english();
        let print = || Packs::load(dir.path()).0.find("en").expect("the pack").fingerprint().to_string();
        let first = print();
        assert_eq!((first.len(), print() == first), (64, true));
        fs::write(dir.path().join("en-US/day/01.wav"), pcm_wav(&tone(500.0, 0.3, 200, 8_000), 8_000, 1)).expect("written");
        let second = print();
        assert_ne!(second, first, "a new recording");
        fs::write(dir.path().join("en-US/pack.toml"), PACK_TOML.replace("comma_ms = 90", "comma_ms = 91")).expect("written");
        assert_ne!(print(), second, "another pause");
    }
}
