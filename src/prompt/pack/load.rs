//! Packs from their folders: words and recordings matched by id, everything that is wrong named by id and language.

use super::manifest::{Gaps, Manifest, read_manifest};
use super::texts::{read_text, read_texts};
use super::{Own, Pack, Packs, Phrase, sites};
use crate::core::ids::{LanguageTag, PhraseId};
use crate::fault::Fault;
use crate::prompt::Grammar;
use crate::prompt::plain_file::read_plain;
use crate::prompt::say::{FormId, Place};
use crate::prompt::sound::{read_recording, samples_of};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// A recording larger than this is not read: a minute of 16-bit stereo at 48 kHz takes 12 MB.
const LARGEST_FILE: u64 = 32 << 20;

/// Folders inside a pack are followed this deep.
pub(super) const DEEPEST: usize = 4;

/// The folders beside the packs that are none: call scripts, and what single sites say otherwise.
const NO_PACKS: [&str; 2] = ["scripts", "sites"];

impl Packs {
    /// Reads every pack of a folder and what single sites say otherwise, and names everything that is wrong. A phrase with
    /// a fault is left out of its pack, a pack without a sound `pack.toml` altogether.
    pub fn load(dir: &Path) -> (Packs, Vec<Fault>) {
        let mut packs = Packs::default();
        let mut faults = Vec::new();
        match folders(dir) {
            Err(error) => {
                let message = format!("the folder of language packs cannot be read: {error}; set `prompts` to where they are");
                faults.push(Fault::of_file(dir, "no_prompts", message));
            }
            Ok(found) => {
                for folder in found.into_iter().filter(|folder| !NO_PACKS.iter().any(|name| folder.ends_with(name))) {
                    let (pack, found) = Pack::load(&folder);
                    packs.packs.extend(pack.map(|pack| (pack.language.clone(), pack)));
                    faults.extend(found);
                }
                if packs.packs.is_empty() && faults.is_empty() {
                    let message = "no language pack stands here: want a folder such as en-US with a pack.toml";
                    faults.push(Fault::of_file(dir, "no_prompts", message));
                }
                let (sites, found) = sites::load(&dir.join("sites"), &packs.packs);
                packs.sites = sites;
                faults.extend(found);
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
        let Manifest { language, name, voice, notice, gaps, sound, words, strangers, grammar, .. } = manifest;
        let (phrases, faults) = match read_phrases(folder, Speaker { language: &language, gaps: &gaps, grammar: &grammar }) {
            Ok(read) => read,
            Err(faults) => return (None, faults),
        };
        let fingerprint = fingerprint(&format!("{gaps:?}"), &phrases);
        let folder = folder.to_path_buf();
        let pack = Pack {
            language,
            site: None,
            name,
            voice,
            notice,
            review,
            gaps,
            sound,
            words,
            strangers,
            grammar,
            folder,
            phrases,
            own: Own::default(),
            fingerprint,
        };
        (Some(pack), faults)
    }
}

/// What of a pack decides how its phrases join.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub language: &'a LanguageTag,
    pub gaps: &'a Gaps,
    pub grammar: &'a Grammar,
}

/// What a folder holds: the phrases that have words and a sound recording, and what is wrong with the others.
type Read = (HashMap<PhraseId, Phrase>, Vec<Fault>);

/// Reads `phrases.tsv` of a folder and its recordings.
///
/// # Errors
/// Faults alone where the words cannot be read.
pub(super) fn read_phrases(folder: &Path, speaker: Speaker<'_>) -> Result<Read, Vec<Fault>> {
    let file = folder.join("phrases.tsv");
    let (texts, mut faults) = read_texts(&file, &read_text(&file)?);
    let mut recordings = BTreeMap::new();
    list_recordings(folder, folder, 0, &mut recordings, &mut faults);
    let language = speaker.language;
    let mut to_read = Vec::with_capacity(texts.len());
    for (id, text) in texts {
        match recordings.remove(id.as_str()) {
            Some(file) => to_read.push((id, text, file)),
            None => {
                let message = format!("{language} {id}: its recording is missing; its words are: {text}");
                faults.push(Fault::of_file(&folder.join(format!("{id}.wav")), "missing_recording", message));
            }
        }
    }
    let mut phrases = HashMap::with_capacity(to_read.len());
    let sounds = read_files(&to_read);
    for ((id, text, file), sound) in to_read.into_iter().zip(sounds) {
        match sound {
            Ok(sound) => drop(phrases.insert(id.clone(), phrase(speaker, &id, text, sound))),
            Err((code, message)) => faults.push(Fault::of_file(&file, code, format!("{language} {id}: {message}"))),
        }
    }
    for (id, file) in recordings {
        let message = format!("{language} {id}: no line of phrases.tsv gives its words, so it cannot be used");
        faults.push(Fault::of_file(&file, "missing_words", message));
    }
    Ok((phrases, faults))
}

/// A recording as it is used, and the digest of its file.
struct Sound {
    samples: Vec<i16>,
    digest: [u8; 32],
}

type Wrong = (&'static str, String);

/// Reads files in order, on every core: a pack is hundreds of small ones.
fn read_files(files: &[(PhraseId, String, PathBuf)]) -> Vec<Result<Sound, Wrong>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(cores).max(1);
    let read_share = |share: &[(PhraseId, String, PathBuf)]| share.iter().map(|(_, _, file)| read_file(file)).collect();
    thread::scope(|scope| {
        let readers: Vec<_> = files.chunks(share).map(|share| scope.spawn(move || -> Vec<_> { read_share(share) })).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn read_file(file: &Path) -> Result<Sound, Wrong> {
    let unreadable = |error: std::io::Error| ("unreadable_wav", format!("cannot be read: {error}"));
    if fs::metadata(file).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(("long_wav", format!("it is larger than {} MiB", LARGEST_FILE >> 20)));
    }
    let bytes = read_plain(file, LARGEST_FILE).map_err(unreadable)?;
    let samples = read_recording(&bytes).map_err(|fault| (fault.code, fault.message))?;
    Ok(Sound { samples, digest: Sha256::digest(&bytes).into() })
}

fn phrase(speaker: Speaker<'_>, id: &PhraseId, text: String, sound: Sound) -> Phrase {
    // A slow recording keeps the company of the plain one.
    let form = FormId::of(id);
    let group = form.group();
    Phrase {
        opens_sentence: speaker.grammar.opens_sentence(form, &text),
        gap_before: speaker.gaps.before.get(group).map(|ms| samples_of(*ms)),
        ends_group: form.place == Place::Group,
        text,
        samples: Arc::from(sound.samples),
        digest: sound.digest,
    }
}

/// The recordings below a folder by id, `depth` folders deeper than their root already.
pub(super) fn list_recordings(
    root: &Path,
    dir: &Path,
    depth: usize,
    found: &mut BTreeMap<String, PathBuf>,
    faults: &mut Vec<Fault>,
) {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return faults.push(Fault::of_file(dir, "unreadable_file", format!("cannot be read: {error}"))),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // No id begins with a dot; what other computers leave beside a recording (`._01.wav`) does.
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() && depth < DEEPEST {
            list_recordings(root, &path, depth + 1, found, faults);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")) {
            let stem = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            let id = stem.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            if let Some(other) = found.insert(id, path.clone()) {
                let message = format!("{} is the same phrase: keep the one that is meant", other.display());
                faults.push(Fault::of_file(&path, "repeated_recording", message));
            }
        }
    }
}

/// The folders in a folder, in order.
pub(super) fn folders(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
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

/// Changes whenever words or recordings change, or what they are told apart by otherwise.
pub(super) fn fingerprint(otherwise: &str, phrases: &HashMap<PhraseId, Phrase>) -> String {
    let mut hash = Sha256::new();
    hash.update(otherwise);
    for (id, phrase) in phrases.iter().collect::<BTreeMap<_, _>>() {
        hash.update(format!("\n{id}\t{}\t{}\t", phrase.text, phrase.opens_sentence));
        hash.update(phrase.digest);
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
        let studio = pcm_wav(&tone(1_000.0, 0.3, 500, 44_100), 44_100, 2);
        fs::write(folder.join("day/05.wav"), studio).expect("written");
        fs::write(folder.join("day/99.wav"), &good).expect("written");
        fs::write(folder.join("day/06.WAV"), &good).expect("written");
        fs::write(folder.join("day/._07.wav"), "of another computer").expect("written");
        let (packs, faults) = Packs::load(dir.path());
        let mut found: Vec<_> = faults.iter().map(|f| (f.code, f.message.split(':').next().unwrap_or_default())).collect();
        found.iter_mut().for_each(|(_, said)| *said = said.rsplit_once("/en-US/").map_or(*said, |(_, said)| said));
        found.sort();
        let want = [
            ("clipped_wav", "en-US day/04"),
            ("empty_wav", "en-US day/03"),
            ("lying_header", "en-US day/01"),
            ("missing_recording", "en-US month/03"),
            ("missing_words", "en-US day/99"),
            ("repeated_recording", "day/06.WAV is the same phrase"),
            ("unreadable_wav", "en-US day/02"),
            ("wrong_format", "en-US day/05"),
        ];
        assert_eq!(found, want);
        assert!(faults.iter().all(|f| f.file.ends_with(".wav")), "each names its file");
        assert!(packs.find("en").expect("the pack").phrase(&"day/06".into()).is_some());
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
    fn a_capital_opens_a_sentence_unless_the_pack_says_what_does() {
        let pack = |from: &str, to: &str| {
            let dir = TestPack::english();
            assert!(PACK_TOML.contains(from), "{from}");
            fs::write(dir.path().join("en-US/pack.toml"), PACK_TOML.replace(from, to)).expect("written");
            dir.with("slow/count/2", "you have two appointments").load()
        };
        let opens = |pack: &Pack, id: &str| pack.phrase(&id.into()).expect("recorded").opens_sentence;
        let by_capitals = pack("capitals", "capitals");
        let by_list = pack("capitals =", "opens = [\"count\", \"say/is-confirmed\"]\ncapitals =");
        for (id, capital, list) in [
            ("say/hello", true, false),
            ("say/is-confirmed", false, true),
            ("month/03", false, false),
            ("count/2", true, true),
            ("slow/count/2", false, true),
        ] {
            assert_eq!((opens(&by_capitals, id), opens(&by_list, id)), (capital, list), "{id}");
        }
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
