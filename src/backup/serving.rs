//! Whether a service works with a SQLite file: whoever serves holds a lock beside it, which its end frees, however it ends.

use super::BackUpError;
use super::files::beside;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Held as long as the store is in use.
#[derive(Debug)]
pub struct Serving(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Says that a service works with this store's file. Several may.
///
/// # Errors
/// While the store is being restored, or where no file can be made beside it.
pub fn serving(file: &Path) -> Result<Serving, BackUpError> {
    locked(file, File::try_lock_shared)
}

/// Has the file alone.
pub(super) fn alone(file: &Path) -> Result<Serving, BackUpError> {
    locked(file, File::try_lock)
}

fn locked(file: &Path, lock: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<Serving, BackUpError> {
    let path = beside(file, "lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(BackUpError::file(&path))?;
    match lock(&open) {
        Ok(()) => Ok(Serving(open)),
        Err(TryLockError::WouldBlock) => Err(BackUpError::Served { path: file.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(BackUpError::file(&path)(error)),
    }
}
