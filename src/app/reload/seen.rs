//! What a folder looks like from outside: cheap enough to be asked every two seconds.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders in folders are followed this deep.
const DEEPEST: usize = 8;

/// The files of a folder, each with its size and the time it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<PathBuf, (u64, Option<DateTime<Utc>>)>);

impl Seen {
    /// Of a folder as it is now. What cannot be looked at counts as gone.
    pub fn of(dir: &Path) -> Seen {
        let mut seen = Seen::default();
        seen.add(dir, dir, 0);
        seen
    }

    fn add(&mut self, root: &Path, dir: &Path, depth: usize) {
        for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() && depth < DEEPEST => self.add(root, &path, depth + 1),
                Ok(found) => {
                    let name = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
                    self.0.insert(name, (found.len(), found.modified().ok().map(DateTime::from)));
                }
                Err(_) => {}
            }
        }
    }

    /// What is different since `before`, file by file, in words.
    pub fn changes_since(&self, before: &Seen) -> Vec<String> {
        let gone = before.0.keys().filter(|file| !self.0.contains_key(*file)).map(|file| format!("{} is gone", file.display()));
        let here = self.0.iter().filter_map(|(file, now)| match before.0.get(file) {
            None => Some(format!("{} is new", file.display())),
            Some(then) => (then != now).then(|| format!("{} changed", file.display())),
        });
        gone.chain(here).collect()
    }
}
