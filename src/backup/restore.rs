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
/// When anybody works with the store, it cannot be read, the copy is damaged or none, or a file cannot be written. Then the store
/// is as it was, and so it is when this is broken off, at whatever point.
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
    let named = |number: u32| files::beside(file, &format!("before-{}-{number}", now.format("%Y-%m-%dT%H-%M-%SZ")));
    let aside = (1..).map(named).find(|aside| !aside.exists()).expect("there are more numbers than files");
    let exchanged = if file.exists() {
        restored.put_aside = Some(aside.clone());
        exchange(&restoring, file, &aside).await
    } else {
        files::put_rest_aside(file, &aside).and_then(|()| files::put_in_place(&restoring, file))
    };
    match exchanged {
        Ok(()) => Ok(restored),
        Err(error) => {
            files::remove_store(&restoring)?;
            Err(error)
        }
    }
}

/// Puts one file in the place of another, which is kept as `aside`. At each moment a whole store stands under the name: first
/// all that was committed is in the old one's file itself, then that file gets a second name, and then the new one takes the
/// first by one rename.
async fn exchange(restoring: &Path, file: &Path, aside: &Path) -> Result<(), BackUpError> {
    store::gather(file).await.map_err(|error| BackUpError::InTheWay { path: file.to_path_buf(), error })?;
    files::put_aside(file, aside)?;
    let exchanged = files::put_in_place(restoring, file);
    if exchanged.is_err() {
        // A second name of the store that stays: what is wrong says more than that it cannot be taken away.
        let _ = fs::remove_file(aside);
    }
    exchanged
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
    // The mark is in the file itself: what stands beside it does not come with it.
    store::gather(restoring).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::domain::WorkKind;
    use crate::worklist::item;

    /// A store whose one item has this note. It is left as a crash leaves it: what was committed is in its log alone.
    async fn crashed(folder: &Path, name: &str, note: &str) -> PathBuf {
        let file = folder.join(name);
        let alive = folder.join(format!("{name}-alive"));
        let store = store::open(&store::file_url(&alive)).await.expect("a store");
        store.migrate().await.expect("a schema");
        let new = item(&Chance::seeded(1), WorkKind::Review, None, DateTime::UNIX_EPOCH, None, Some(note.to_string()));
        store.open_work(&new).await.expect("opened");
        for ending in ["", "-wal"] {
            fs::copy(format!("{}{ending}", alive.display()), format!("{}{ending}", file.display())).expect("copied");
        }
        assert!(fs::metadata(format!("{}-wal", file.display())).is_ok_and(|log| log.len() > 0), "a log");
        store.close().await;
        file
    }

    async fn note(file: &Path) -> Option<String> {
        let store = store::open(&store::file_url(file)).await.expect("a store");
        let work = store.worklist(false, 9).await.expect("a whole store");
        store.close().await;
        work.into_iter().next().and_then(|item| item.resolution)
    }

    #[tokio::test]
    async fn wherever_an_exchange_breaks_off_a_whole_store_stands_under_the_name() {
        for (done, want) in ["old", "old", "old", "new"].into_iter().enumerate() {
            let folder = tempfile::tempdir().expect("a folder");
            let old = crashed(folder.path(), "day.db", "old").await;
            let restoring = crashed(folder.path(), "day.db.restoring", "new").await;
            store::gather(&restoring).await.expect("whole");
            let aside = folder.path().join("day.db.before");
            // The steps of an exchange, one by one.
            if done > 0 {
                store::gather(&old).await.expect("whole");
            }
            if done > 1 {
                files::put_aside(&old, &aside).expect("put aside");
            }
            if done > 2 {
                files::put_in_place(&restoring, &old).expect("put in place");
                assert_eq!(note(&aside).await.as_deref(), Some("old"));
            }
            assert_eq!(note(&old).await.as_deref(), Some(want), "after {done} steps");
        }
    }

    #[tokio::test]
    async fn an_exchange_that_fails_leaves_the_store_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = crashed(folder.path(), "day.db", "old").await;
        let aside = folder.path().join("day.db.before");
        exchange(&folder.path().join("nothing"), &old, &aside).await.expect_err("nothing to put there");
        assert!(!aside.exists());
        assert_eq!(note(&old).await.as_deref(), Some("old"));

        // Somebody works with it who holds no lock of ours, such as a shell.
        let restoring = crashed(folder.path(), "day.db.restoring", "new").await;
        store::gather(&restoring).await.expect("whole");
        let shell = store::open(&store::file_url(&old)).await.expect("a store");
        shell.count_open_work().await.expect("it is read");
        let refused = exchange(&restoring, &old, &aside).await.expect_err("it is in use");
        assert!(matches!(refused, BackUpError::InTheWay { .. }), "{refused}");
        shell.close().await;
        assert!(!aside.exists());
        assert_eq!(note(&old).await.as_deref(), Some("old"));
    }

    /// The log of a store that is gone belongs to no other.
    #[tokio::test]
    async fn a_log_without_its_store_is_put_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = crashed(folder.path(), "day.db", "old").await;
        let copy = crashed(folder.path(), "copy.db", "new").await;
        store::gather(&copy).await.expect("whole");
        fs::remove_file(&old).expect("lost");
        let now = DateTime::UNIX_EPOCH;
        restore(&copy, &old, Some(now), now, &Chance::seeded(1)).await.expect("restored");
        assert_eq!(note(&old).await.as_deref(), Some("new"));
    }
}
