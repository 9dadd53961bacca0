//! Into the pack's folder: every file whole or not at all.

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

/// Writes a recording; the one that was there before is kept beside it, unless it is the same.
pub(super) fn write_recording(file: &Path, samples: &[i16]) -> Result<(), ImportError> {
    let bytes = wav_bytes(samples);
    let trouble = |error| ImportError::Write { file: file.display().to_string(), error };
    if file.exists() {
        let before = read_plain(file, LARGEST_BEFORE).map_err(trouble)?;
        if before == bytes {
            return Ok(());
        }
        replace(&with_suffix(file, ".bak"), &before).map_err(trouble)?;
    }
    fs::create_dir_all(file.parent().unwrap_or(Path::new(""))).map_err(trouble)?;
    replace(file, &bytes).map_err(trouble)
}

/// Writes words into `phrases.tsv`: over the line of their phrase, else at the end. Every other line stays as it is.
pub(super) fn write_words(file: &Path, words: &[(PhraseId, String)]) -> Result<(), ImportError> {
    if words.is_empty() {
        return Ok(());
    }
    let write = || {
        let before = if file.exists() { read_text(file)? } else { String::new() };
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        replace(file, with_words(&before, words).as_bytes())
    };
    write().map_err(|error| ImportError::Write { file: file.display().to_string(), error })
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

/// A file beside it, then in its place: whoever reads at that moment finds the old one or the new one, whole.
fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = with_suffix(file, ".part");
    let write = || {
        // What lies there is left from an import that was stopped, or leads elsewhere.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = fs::File::create_new(&part)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&part, file)
    };
    write().inspect_err(|_| {
        // What is left of it would only puzzle somebody; if it cannot go, the trouble is told all the same.
        let _ = fs::remove_file(&part);
    })
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

    #[test]
    fn the_recording_before_is_kept_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("say/hello.wav");
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(dir.path().join("say")).expect("read").map(|e| e.expect("an entry").file_name()).collect();
            names.sort();
            names
        };
        write_recording(&file, &[1, 2, 3]).expect("written");
        write_recording(&file, &[1, 2, 3]).expect("written");
        assert_eq!(names(), ["hello.wav"], "the same again is no new recording");
        write_recording(&file, &[4, 5]).expect("written");
        assert_eq!(names(), ["hello.wav", "hello.wav.bak"]);
        assert_eq!(fs::read(dir.path().join("say/hello.wav.bak")).expect("read"), wav_bytes(&[1, 2, 3]));
        fs::create_dir(dir.path().join("say/taken.wav")).expect("made");
        let trouble = write_recording(&dir.path().join("say/taken.wav"), &[1]).expect_err("a folder is in the way");
        assert!(trouble.to_string().contains("say/taken.wav cannot be written"), "{trouble}");
        assert!(!names().iter().any(|name| name.to_string_lossy().ends_with(".part")));
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
            write_recording(&file, &[1, 2]).expect("written");
            assert_eq!(fs::read(&elsewhere).expect("there"), b"not ours", "{name}");
            assert_eq!(fs::read(&file).expect("there"), wav_bytes(&[1, 2]), "{name}");
        }
    }
}
