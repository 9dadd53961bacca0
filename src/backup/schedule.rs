//! Copies made by the service itself, at equal intervals, the oldest removed.

use super::{BackUpError, PARTIAL, files, make, serving};
use crate::clock::Clock;
use crate::store::SharedStore;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use std::fs;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// What copies are named by: the moment they were made, so that their names stand in their order.
const NAMED: &str = "callahead-%Y-%m-%dT%H-%M-%SZ.db";
/// After a copy that failed the next one is tried soon.
const AGAIN: Duration = Duration::minutes(1);

/// When copies are made, and where they go.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Their folder; it is made where it is not there.
    pub folder: PathBuf,
    /// How often.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
}

impl Schedule {
    /// Where a copy goes that is made now.
    pub fn file(&self, now: DateTime<Utc>) -> PathBuf {
        self.folder.join(now.format(NAMED).to_string())
    }

    /// The copies there are, the oldest first. Those that are dated later than `now` were made before the clock was set back.
    fn copies(&self, now: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, PathBuf)>, BackUpError> {
        let entries = fs::read_dir(&self.folder).map_err(BackUpError::file(&self.folder))?;
        let mut copies: Vec<_> = entries.flatten().filter_map(|entry| Some((made_at(&entry.path())?, entry.path()))).collect();
        copies.sort_by_key(|(at, _)| (*at <= now, *at));
        Ok(copies)
    }

    /// Removes what copies left that were broken off. Nobody writes one now: who does has the folder alone.
    fn sweep(&self) -> Result<(), BackUpError> {
        let entries = fs::read_dir(&self.folder).map_err(BackUpError::file(&self.folder))?;
        for left in entries.flatten().map(|entry| entry.path()).filter(|path| is_left(path)) {
            tracing::info!(file = %left.display(), "what is left of a copy that was broken off is removed");
            files::remove_store(&left)?;
        }
        Ok(())
    }

    /// Makes one, and removes those that are too many.
    ///
    /// # Errors
    /// As [`make`]; when the folder cannot be read or written.
    pub async fn make_one(&self, store: &SharedStore, now: DateTime<Utc>) -> Result<PathBuf, BackUpError> {
        fs::create_dir_all(&self.folder).map_err(BackUpError::file(&self.folder))?;
        let _alone = serving::copying(&self.folder)?;
        self.sweep()?;
        let file = self.file(now);
        make(&**store, &file, now).await?;
        let copies = self.copies(now)?;
        for (_, old) in &copies[..copies.len().saturating_sub(self.keep)] {
            files::remove_store(old)?;
        }
        Ok(file)
    }
}

/// When the copy of that name was made; none where it is no copy of ours.
fn made_at(file: &Path) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(file.file_name()?.to_str()?, NAMED).ok().map(|at| at.and_utc())
}

/// Whether it is a copy of ours that was never finished.
fn is_left(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == PARTIAL) && made_at(&file.with_extension("")).is_some()
}

/// Makes copies until `stop`: the first when the newest one is old enough. A copy that fails is said loudly and tried again.
pub async fn keep_making(schedule: Schedule, store: SharedStore, clock: Clock, stop: CancellationToken) {
    let now = clock.now();
    let newest = schedule.copies(now).ok().and_then(|copies| copies.last().map(|(at, _)| *at));
    let mut next = newest.filter(|at| *at <= now).map_or(now, |at| at + schedule.every);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_until(next) => {}
        }
        let now = clock.now();
        match schedule.make_one(&store, now).await {
            Ok(file) => {
                tracing::info!(file = %file.display(), "the store is backed up");
                next = now + schedule.every;
            }
            Err(error) => {
                tracing::error!(%error, "the store could not be backed up; it is tried again in a minute");
                next = now + AGAIN;
            }
        }
    }
}
