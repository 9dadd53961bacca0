//! Where the store of a day lives: in memory, or in a file of a temporary folder that is removed after the day.

use crate::simulate::day::StoreKind;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// The place of one store.
#[derive(Debug)]
pub(in crate::simulate) struct Lodging(Option<PathBuf>);

impl Lodging {
    /// A fresh one.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn make(kind: StoreKind) -> anyhow::Result<Lodging> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        if kind == StoreKind::Memory {
            return Ok(Lodging(None));
        }
        // Days are played side by side, and by several processes.
        let name = format!("callahead-day-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        // Not there yet: one that somebody else made is not ours to write to.
        std::fs::create_dir(&folder).with_context(|| format!("a day needs a folder for its store: {}", folder.display()))?;
        Ok(Lodging(Some(folder)))
    }

    /// What the store is opened by.
    pub fn url(&self) -> String {
        let file = self.0.as_ref().map(|folder| folder.join("day.sqlite"));
        file.map_or("sqlite::memory:".to_string(), |file| format!("sqlite://{}", file.display()))
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // What is left in a folder of temporary files is in nobody's way.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_gone_after_the_day() {
        let (one, other) = (Lodging::make(StoreKind::File).expect("a folder"), Lodging::make(StoreKind::File).expect("a folder"));
        let folder = one.0.clone().expect("a folder");
        std::fs::write(folder.join("day.sqlite"), "a store").expect("a file");
        assert_ne!(one.url(), other.url());
        drop(one);
        assert!(!folder.exists());
        assert_eq!(Lodging::make(StoreKind::Memory).expect("no folder").url(), "sqlite::memory:");
    }
}
