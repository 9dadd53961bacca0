//! Whether anybody works with a SQLite file: whoever does holds a lock beside it, which its end frees, however it ends.

use super::BackUpError;
use super::files::beside;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Held as long as the store is in use.
#[derive(Debug)]
pub struct Serving(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Says that this process works with the store's file. Several may.
///
/// # Errors
/// While the store is being restored, or where no file can be made beside it.
pub fn serving(file: &Path) -> Result<Serving, BackUpError> {
    locked(file, File::try_lock_shared, |path| BackUpError::Restoring { path })
}

/// Has the file alone.
pub(super) fn alone(file: &Path) -> Result<Serving, BackUpError> {
    locked(file, File::try_lock, |path| BackUpError::InUse { path })
}

/// Is the only one that makes copies into a folder.
pub(super) fn copying(folder: &Path) -> Result<Serving, BackUpError> {
    locked(&folder.join("callahead"), File::try_lock, |_| BackUpError::Copying { path: folder.to_path_buf() })
}

fn locked(
    file: &Path,
    lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    held: impl FnOnce(PathBuf) -> BackUpError,
) -> Result<Serving, BackUpError> {
    let path = beside(file, "lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(BackUpError::file(&path))?;
    match lock(&open) {
        Ok(()) => Ok(Serving(open)),
        Err(TryLockError::WouldBlock) => Err(held(file.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(BackUpError::file(&path)(error)),
    }
}
