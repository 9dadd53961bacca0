//! The files of stores and their copies.

use super::BackUpError;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a file in use.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// `calls.db` and `partial` make `calls.db.partial`.
pub(super) fn beside(file: &Path, word: &str) -> PathBuf {
    with(file, &format!(".{word}"))
}

fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// An empty file that only its owner can read: patients stand in it.
pub(super) fn create_private(file: &Path) -> Result<(), BackUpError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(BackUpError::file(file))
}

/// Removes a store's files, where they are: the one that the others are found by last.
pub(super) fn remove_store(file: &Path) -> Result<(), BackUpError> {
    let all = BESIDE.map(|ending| with(file, ending));
    for file in all.iter().map(PathBuf::as_path).chain([file]) {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(BackUpError::file(file)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// Gives a finished file its name, when all of it is on the disk.
pub(super) fn put_in_place(partial: &Path, file: &Path) -> Result<(), BackUpError> {
    File::open(partial).and_then(|whole| whole.sync_all()).map_err(BackUpError::file(partial))?;
    fs::rename(partial, file).map_err(BackUpError::file(file))?;
    sync_folder(file)
}

/// Gives a store that another one is to replace a second name. The first one stays until the other one takes it.
pub(super) fn put_aside(file: &Path, aside: &Path) -> Result<(), BackUpError> {
    fs::hard_link(file, aside).map_err(BackUpError::file(aside))?;
    sync_folder(file)
}

/// What SQLite left beside a store's file that is gone: beside another file it would be taken for that one's.
pub(super) fn put_rest_aside(file: &Path, aside: &Path) -> Result<(), BackUpError> {
    for ending in BESIDE {
        let (from, to) = (with(file, ending), with(aside, ending));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(BackUpError::file(&from)(error)),
            _ => {}
        }
    }
    sync_folder(file)
}

fn sync_folder(file: &Path) -> Result<(), BackUpError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A folder can be opened and synchronized on Unix alone; elsewhere the rename has to do.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackUpError::file(folder))?;
    let _ = folder;
    Ok(())
}
