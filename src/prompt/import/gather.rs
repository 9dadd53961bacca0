//! The files that somebody names: single ones, and all recordings below a folder.

use super::Refused;
use super::decode::Kind;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A file to take in.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the folder that was named, or as it was named, without what follows the dot: names its phrase.
    pub name: String,
    /// How it is read; else why it is not.
    pub kind: Result<Kind, &'static str>,
}

impl Source {
    /// The file as reports name it.
    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// Folders are followed this deep, and no more files than this are taken.
const DEEPEST: usize = 8;
const MOST: usize = 20_000;

/// All recordings in the paths, in order, and the paths that give none.
pub(super) fn gather(paths: &[PathBuf]) -> (Vec<Source>, Vec<Refused>) {
    let (mut sources, mut refused) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            let before = sources.len();
            walk(path, path, 0, &mut sources, &mut refused);
            sources[before..].sort_by(|a, b| a.path.cmp(&b.path));
            if sources.len() == before {
                refused.push(Refused::new(path.display(), "there is no recording in this folder"));
            }
        } else if !path.exists() {
            refused.push(Refused::new(path.display(), "there is no such file"));
        } else {
            let kind = kind_of(path).unwrap_or(Ok(Kind::Named));
            sources.push(Source { path: path.clone(), name: name_of(path), kind });
        }
    }
    (sources, refused)
}

fn walk(root: &Path, folder: &Path, depth: usize, sources: &mut Vec<Source>, refused: &mut Vec<Refused>) {
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return refused.push(Refused::new(folder.display(), format!("the folder cannot be read: {error}"))),
    };
    for path in entries.into_iter().map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && depth < DEEPEST && !hidden {
            walk(root, &path, depth + 1, sources, refused);
        } else if let Some(kind) = kind_of(&path).filter(|_| !hidden && sources.len() < MOST) {
            let name = name_of(path.strip_prefix(root).unwrap_or(&path));
            sources.push(Source { path, name, kind });
        }
    }
}

/// The path with slashes and without what follows the last dot: `ampm/am.end.wav` is `ampm/am.end`.
fn name_of(path: &Path) -> String {
    let stem = path.with_extension("");
    let parts = stem.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What a file is by the end of its name; `None` where that is no kind of sound.
fn kind_of(path: &Path) -> Option<Result<Kind, &'static str>> {
    let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
    Some(match extension.as_str() {
        "wav" | "wave" | "wav16" | "flac" | "mp3" => Ok(Kind::Named),
        "sln" | "sln8" | "raw" => Ok(Kind::Plain(8_000)),
        "sln16" => Ok(Kind::Plain(16_000)),
        "sln24" => Ok(Kind::Plain(24_000)),
        "sln32" => Ok(Kind::Plain(32_000)),
        "sln44" => Ok(Kind::Plain(44_100)),
        "sln48" => Ok(Kind::Plain(48_000)),
        "ulaw" | "ul" | "mu" | "pcm" => Ok(Kind::G711(7)),
        "alaw" | "al" => Ok(Kind::G711(6)),
        "gsm" | "wav49" => Err("GSM 06.10 has lost what makes speech clear: take the same sounds as .wav, .sln or .ulaw"),
        "g722" => Err("G.722 cannot be read here: take the same sounds as .wav, .sln16 or .sln"),
        "g729" | "g723" | "g726" | "ilbc" | "siren7" | "siren14" | "vox" | "amr" => {
            Err("this telephone coding cannot be read here: take the same sounds as .wav, .sln or .ulaw")
        }
        "ogg" | "oga" | "opus" | "m4a" | "mp4" | "aac" | "aif" | "aiff" | "wma" | "caf" | "w64" | "ape" => {
            Err("this format cannot be read here: export it as WAV, FLAC or MP3")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_a_folder_in_order_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["day/02.mp3", "day/01.wav", "ampm/am.end.flac", "notes.txt", ".DS_Store", "hello.gsm", "b.sln", ".cut/x.wav"]
        {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, b"x").expect("written");
        }
        let (sources, refused) = gather(&[dir.path().to_path_buf(), dir.path().join("b.sln"), dir.path().join("none.wav")]);
        assert!(sources[5].name.ends_with("/b"), "a file that is named itself keeps its path");
        let found: Vec<_> = sources[..5].iter().map(|s| (s.name.as_str(), s.kind.ok())).collect();
        let want = [
            ("ampm/am.end", Some(Kind::Named)),
            ("b", Some(Kind::Plain(8_000))),
            ("day/01", Some(Kind::Named)),
            ("day/02", Some(Kind::Named)),
            ("hello", None),
        ];
        assert_eq!(found, want);
        assert_eq!(refused.iter().map(|r| r.reason.as_str()).collect::<Vec<_>>(), ["there is no such file"]);
    }
}
