//! Into the pack's folder: every file whole or not at all, and none before all of them lie ready.

use super::ImportError;
use crate::core::ids::PhraseId;
use crate::prompt::plain_file::{read_plain, read_text};
use crate::prompt::wav_bytes;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Over the lines of phrases that a file did not have before.
const HEADING: &str = "# -- recorded by the hospital";

/// A larger file under the name of a recording is none of ours to put away.
const LARGEST_BEFORE: u64 = 80 << 20;

/// Writes words and recordings. All of it lies ready before the first file is replaced, so that a full disk changes nothing:
/// words without their recordings would be a pack that says something else than it writes, and no check could hear that.
/// Words come first; the recording that a phrase had is kept beside the new one, unless it is the same.
pub(super) fn write(folder: &Path, words: &[(PhraseId, String)], recordings: &[(PhraseId, Vec<i16>)]) -> Result<(), ImportError> {
    let mut ready = Vec::new();
    let prepared = prepare(folder, words, recordings, &mut ready);
    if prepared.is_err() {
        for ready in &ready {
            // What is left of it would only puzzle somebody; if it cannot go, the trouble is told all the same.
            let _ = fs::remove_file(&ready.part);
        }
    }
    prepared?;
    ready.iter().try_for_each(|Ready { part, file }| fs::rename(part, file).map_err(|error| trouble(file, error)))
}

/// A file that only wants its name.
struct Ready {
    part: PathBuf,
    file: PathBuf,
}

fn prepare(
    folder: &Path,
    words: &[(PhraseId, String)],
    recordings: &[(PhraseId, Vec<i16>)],
    ready: &mut Vec<Ready>,
) -> Result<(), ImportError> {
    if !words.is_empty() {
        let file = folder.join("phrases.tsv");
        let before = if file.exists() { read_text(&file).map_err(|error| trouble(&file, error))? } else { String::new() };
        lay_ready(&file, with_words(&before, words).as_bytes(), ready)?;
    }
    for (id, samples) in recordings {
        let file = folder.join(format!("{id}.wav"));
        let bytes = wav_bytes(samples);
        if file.exists() {
            let before = read_plain(&file, LARGEST_BEFORE).map_err(|error| trouble(&file, error))?;
            if before == bytes {
                continue;
            }
            lay_ready(&with_suffix(&file, ".bak"), &before, ready)?;
        }
        lay_ready(&file, &bytes, ready)?;
    }
    Ok(())
}

/// Writes a file under another name beside its own: whoever reads its own meanwhile finds the old one or the new one, whole.
fn lay_ready(file: &Path, bytes: &[u8], ready: &mut Vec<Ready>) -> Result<(), ImportError> {
    let part = with_suffix(file, ".part");
    let write = || {
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        // What lies there is left from an import that was stopped, or leads elsewhere.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = fs::File::create_new(&part)?;
        out.write_all(bytes)?;
        out.sync_all()
    };
    let written = write().map_err(|error| trouble(file, error));
    ready.push(Ready { part, file: file.to_path_buf() });
    written
}

fn trouble(file: &Path, error: std::io::Error) -> ImportError {
    ImportError::Write { file: file.display().to_string(), error }
}

fn with_words(before: &str, words: &[(PhraseId, String)]) -> String {
    let mut new: BTreeMap<&str, &str> = words.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let mut text = String::new();
    for line in before.lines() {
        let id = line.split('\t').next().unwrap_or_default();
        match new.remove(id.trim_start_matches('\u{feff}').trim()) {
            // What stood behind the old words (how they sound) is not true of the new ones.
            Some(words) => text.push_str(&format!("{}\t{words}\n", id.trim())),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    if !new.is_empty() && !text.lines().any(|line| line == HEADING) {
        text.push_str(&format!("{HEADING}\n"));
    }
    text.extend(new.into_iter().map(|(id, words)| format!("{id}\t{words}\n")));
    text
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_the_place_of_their_line_and_new_ones_come_last() {
        let before = "# A pack.\n# -- who calls\nsay/hello\t[Hello.] This\thəlˈO\norg/name\tExample,";
        let words =
            |list: &[(&str, &str)]| list.iter().map(|(id, text)| (PhraseId::from(*id), text.to_string())).collect::<Vec<_>>();
        let once = with_words(before, &words(&[("say/hello", "Good day."), ("site/b", "B"), ("site/a", "A")]));
        let want = "# A pack.\n# -- who calls\nsay/hello\tGood day.\norg/name\tExample,\n# -- recorded by the hospital\nsite/a\tA\nsite/b\tB\n";
        assert_eq!(once, want);
        let twice = with_words(&once, &words(&[("site/c", "C"), ("site/b", "B 2")]));
        assert_eq!(twice, want.replace("site/b\tB", "site/b\tB 2") + "site/c\tC\n");
    }

    fn one(folder: &Path, id: &str, samples: &[i16]) -> Result<(), ImportError> {
        write(folder, &[], &[(id.into(), samples.to_vec())])
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("read").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_recording_before_is_kept_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().expect("a folder");
        let say = dir.path().join("say");
        one(dir.path(), "say/hello", &[1, 2, 3]).expect("written");
        one(dir.path(), "say/hello", &[1, 2, 3]).expect("written");
        assert_eq!(names(&say), ["hello.wav"], "the same again is no new recording");
        one(dir.path(), "say/hello", &[4, 5]).expect("written");
        assert_eq!(names(&say), ["hello.wav", "hello.wav.bak"]);
        assert_eq!(fs::read(say.join("hello.wav.bak")).expect("read"), wav_bytes(&[1, 2, 3]));
    }

    #[test]
    fn where_one_file_cannot_be_written_nothing_is_changed() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path();
        fs::write(folder.join("phrases.tsv"), "a\tOld words.\n").expect("written");
        one(folder, "a", &[1]).expect("written");
        fs::create_dir(folder.join("taken.wav")).expect("made");
        let before = names(folder);
        let recordings = [("a".into(), vec![2]), ("b".into(), vec![3]), ("taken".into(), vec![4])];
        let trouble = write(folder, &[("a".into(), "New words.".into())], &recordings).expect_err("a folder is in the way");
        assert!(trouble.to_string().contains("taken.wav cannot be written"), "{trouble}");
        assert_eq!(names(folder), before);
        assert_eq!(fs::read_to_string(folder.join("phrases.tsv")).expect("read"), "a\tOld words.\n");
        assert_eq!(fs::read(folder.join("a.wav")).expect("read"), wav_bytes(&[1]));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_pack_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let pack = dir.path().join("pack");
        fs::create_dir(&pack).expect("made");
        let (file, elsewhere) = (pack.join("a.wav"), dir.path().join("elsewhere"));
        for name in ["a.wav", "a.wav.bak", "a.wav.part", "a.wav.bak.part"] {
            fs::write(&elsewhere, "not ours").expect("written");
            fs::write(&file, "before").expect("written");
            let link = pack.join(name);
            if link.exists() {
                fs::remove_file(&link).expect("removed");
            }
            std::os::unix::fs::symlink(&elsewhere, &link).expect("linked");
            one(&pack, "a", &[1, 2]).expect("written");
            assert_eq!(fs::read(&elsewhere).expect("there"), b"not ours", "{name}");
            assert_eq!(fs::read(&file).expect("there"), wav_bytes(&[1, 2]), "{name}");
        }
    }
}
