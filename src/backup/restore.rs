//! Putting a copy in the place of a store that is lost.

use super::{BackUpError, ask_about_calls_under_way, files, serving};
use crate::chance::Chance;
use crate::core::domain::AttemptStatus;
use crate::store::{self, SharedStore};
use chrono::{DateTime, Utc};
use std::fs;
use std::path::{Path, PathBuf};

/// What restoring came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the copy was made: what was dialled from then on is asked for at the carriers.
    pub made_at: DateTime<Utc>,
    /// Where the store is that stood there before.
    pub put_aside: Option<PathBuf>,
    /// Calls that were under way when the copy was made: their fate is asked for at the carrier, and what was said in them, by a
    /// person, of the patient.
    pub under_way: u64,
    /// Calls that are planned: each number is asked for before it is dialled.
    pub planned: u64,
}

/// Puts `copy` in the place of the store's `file`; the copy stays. A store that stands there is put aside. `made_at` is for a
/// copy that does not say so itself.
///
/// # Errors
/// When a service works with the store, the copy is damaged or none, or a file cannot be written. Then the store is as it was.
pub async fn restore(
    copy: &Path,
    file: &Path,
    made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    chance: &Chance,
) -> Result<Restored, BackUpError> {
    let _alone = serving::alone(file)?;
    let restoring = files::beside(file, "restoring");
    files::remove_store(&restoring)?;
    files::create_private(&restoring)?;
    if let Err(error) = fs::copy(copy, &restoring) {
        files::remove_store(&restoring)?;
        return Err(BackUpError::file(copy)(error));
    }
    let mut restored = match open_and_mark(&restoring, copy, made_at, now, chance).await {
        Ok(restored) => restored,
        Err(error) => {
            files::remove_store(&restoring)?;
            let unusable = |error| BackUpError::Unusable { path: copy.to_path_buf(), error };
            return Err(if let BackUpError::Store(error) = error { unusable(error) } else { error });
        }
    };
    if file.exists() {
        let named = |number: u32| files::beside(file, &format!("before-{}-{number}", now.format("%Y-%m-%dT%H-%M-%SZ")));
        let aside = (1..).map(named).find(|aside| !aside.exists()).expect("there are more numbers than files");
        files::put_aside(file, &aside)?;
        restored.put_aside = Some(aside);
    }
    files::put_in_place(&restoring, file)?;
    Ok(restored)
}

async fn open_and_mark(
    restoring: &Path,
    copy: &Path,
    made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    chance: &Chance,
) -> Result<Restored, BackUpError> {
    let store = store::open(&store::file_url(restoring)).await?;
    let marked = mark(&store, copy, made_at, now, chance).await;
    store.close().await;
    marked
}

/// Brings the copy up to date and notes the lost time in it.
async fn mark(
    store: &SharedStore,
    copy: &Path,
    made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    chance: &Chance,
) -> Result<Restored, BackUpError> {
    if let Some(what) = store.damage().await? {
        return Err(BackUpError::Damaged { path: copy.to_path_buf(), what });
    }
    store.migrate().await?;
    let no_back_up = || BackUpError::NoBackUp { path: copy.to_path_buf() };
    let made_at = store.copied_at().await?.or(made_at).filter(|at| *at <= now).ok_or_else(no_back_up)?;
    let under_way = ask_about_calls_under_way(&**store, chance, now).await?;
    store.note_lost_time(made_at, now).await?;
    let counted = store.call_counts().await?;
    Ok(Restored { made_at, put_aside: None, under_way, planned: count(&counted, is_planned) })
}

fn count(counted: &[store::CallCount], which: impl Fn(AttemptStatus) -> bool) -> u64 {
    counted.iter().filter(|count| which(count.status)).map(|count| count.count).sum()
}

fn is_planned(status: AttemptStatus) -> bool {
    matches!(status, AttemptStatus::Planned | AttemptStatus::Leased)
}
