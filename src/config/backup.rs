//! `[backup]`: copies of a SQLite store, made while it is in use.

use super::server::StoreConfig;
use crate::toml_file::{Section, duration, number_within, plain_text};
use chrono::Duration;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};

/// How a SQLite store is backed up by the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackUp {
    /// Where the copies go.
    pub folder: PathBuf,
    /// How often one is made.
    pub every: Duration,
    /// How many are kept; the oldest go.
    pub keep: usize,
}

/// None where no folder is named: then the service makes no copies.
pub(super) fn back_up(section: &Section<'_>, dir: &Path, store: Option<&StoreConfig>) -> Option<Option<BackUp>> {
    let folder = section.optional("folder", plain_text);
    let every = section.required("every", duration(Duration::minutes(1), Duration::days(7)));
    let keep = section.required("keep", number_within(1..=10_000));
    section.end();
    if folder.is_some() && store.is_some_and(|store| !store.url.expose_secret().starts_with("sqlite:")) {
        let message = "backup.folder is for a SQLite store: PostgreSQL is backed up with its own tools (README.md, \"Back-up\")";
        section.refuse(&["folder"], "contradiction", message);
        return None;
    }
    let (every, keep) = (every?, keep?);
    Some(folder.map(|folder| BackUp { folder: dir.join(folder), every, keep }))
}
