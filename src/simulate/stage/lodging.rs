//! Where the store of a day lives: in memory, or in a file of a temporary folder that is removed after the day; and the runtime
//! that it lives in.

use crate::simulate::day::StoreKind;
use anyhow::Context;
use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::{Builder, Handle, Runtime};

thread_local! {
    static HOME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// The runtime that the stores of this thread's days live in, as long as the thread does. Its own thread stays where this one
/// was told to stay, so that the two take turns on one core.
pub(in crate::simulate) fn home() -> anyhow::Result<Handle> {
    HOME.with(|home| match home.get() {
        Some(home) => Ok(home.handle().clone()),
        None => {
            let made = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("store").build()?;
            Ok(home.get_or_init(|| made).handle().clone())
        }
    })
}

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
