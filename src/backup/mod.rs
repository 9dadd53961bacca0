//! Back-up and restoring of a SQLite store. A copy is made while the store is in use, and carries a mark: nobody can work with
//! it by mistake, as if nothing had been dialled since. Restoring it leaves another mark, the lost time, and before a number is
//! dialled for the first time after that, the carriers are asked whether it was called then (`dialer/lost.rs`); about what was
//! said in calls that were under way, a person must ask (`under_way.rs`).
//!
//! Never here: SQL, deciding who is called. Start reading at [`make`] and [`restore()`].

mod files;
mod restore;
mod schedule;
mod serving;
mod under_way;

pub use restore::{Restored, restore};
pub use schedule::{Schedule, keep_making};
pub use serving::{Serving, serving};
pub use under_way::ask_about_calls_under_way;

use crate::store::{self, Store, StoreError};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// What the name of a copy that is being written ends with.
const PARTIAL: &str = "partial";

/// Why a store could not be copied or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// A file or a folder.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be used as a store.
    #[error("{path} cannot be used: {error}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
    /// The file is damaged.
    #[error("{path} is damaged ({what}): take another back-up")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// The file is no back-up, or one that was restored already.
    #[error(
        "{path} is no back-up that callahead made. If it is a copy of a store all the same, say when it was made: --made-at TIME \
         (rather too early than too late: calls made since then are asked for at the carriers)"
    )]
    NoBackUp {
        /// Which.
        path: PathBuf,
    },
    /// Somebody works with the store.
    #[error("a callahead works with {path}: stop it first")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// Nobody may work with the store now.
    #[error("{path} is being restored: wait until that is done")]
    Restoring {
        /// Which.
        path: PathBuf,
    },
    /// Somebody else makes a copy into the same folder.
    #[error("another callahead makes a copy into {path} now")]
    Copying {
        /// Which.
        path: PathBuf,
    },
    /// The store that is to be replaced cannot be put aside whole.
    #[error(
        "{path} is to be replaced and cannot be put aside whole: {error}. Stop whatever has it open; if it is damaged, move it and \
         the files beside it away, and restore again"
    )]
    InTheWay {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
}

impl BackUpError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> BackUpError + '_ {
        move |error| BackUpError::File { path: path.to_path_buf(), error }
    }
}

/// Copies the store into `file`, which must not be there, while others work with it. What is begun from `now` on may not be in
/// the copy. It appears under its name when it is whole and on the disk; of one that fails nothing stays.
///
/// # Errors
/// When the file cannot be written, the store is none that is copied this way, or the copy is damaged.
pub async fn make(store: &dyn Store, file: &Path, now: DateTime<Utc>) -> Result<(), BackUpError> {
    if file.exists() {
        return Err(BackUpError::file(file)(std::io::ErrorKind::AlreadyExists.into()));
    }
    let partial = files::beside(file, PARTIAL);
    files::remove_store(&partial)?;
    let made = match write(store, &partial, now).await {
        Ok(()) => files::put_in_place(&partial, file),
        failed => failed,
    };
    if made.is_err() {
        // A disk that is full gets its room back. What cannot be removed now is swept before the next copy of a schedule; why
        // the copy failed says more.
        let _ = files::remove_store(&partial);
    }
    made
}

async fn write(store: &dyn Store, partial: &Path, now: DateTime<Utc>) -> Result<(), BackUpError> {
    files::create_private(partial)?;
    store.copy_to(partial).await?;
    let copy = store::open(&store::file_url(partial)).await?;
    let marked = match copy.damage().await {
        Ok(None) => copy.mark_copy(now).await.map_err(BackUpError::from),
        Ok(Some(what)) => Err(BackUpError::Damaged { path: partial.to_path_buf(), what }),
        Err(error) => Err(error.into()),
    };
    copy.close().await;
    marked?;
    Ok(store::gather(partial).await?)
}
