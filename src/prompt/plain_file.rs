//! Files that people put into the prompts folder. A pipe or a device among them would never end, and a reading with it.

use std::fs::{self, File};
use std::io::{Error, Read, Result};
use std::path::Path;

/// No text of a pack or a script is larger: the shipped ones take 40 kB.
const LARGEST_TEXT: u64 = 8 << 20;

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// It cannot be read, is larger, or is no file: a folder, a pipe, a device.
pub(in crate::prompt) fn read_plain(file: &Path, most: u64) -> Result<Vec<u8>> {
    let found = fs::metadata(file)?;
    if found.is_dir() {
        return Err(Error::other("it is a folder, want a file"));
    }
    if !found.is_file() {
        return Err(Error::other("it is a pipe or a device, want a file"));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::other(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Reads a text.
///
/// # Errors
/// As [`read_plain`]; and it is not written in UTF-8.
pub(in crate::prompt) fn read_text(file: &Path) -> Result<String> {
    String::from_utf8(read_plain_text(file)?).map_err(|_| Error::other("it is not written in UTF-8"))
}

/// The bytes of what should be a text.
///
/// # Errors
/// As [`read_plain`].
pub(in crate::prompt) fn read_plain_text(file: &Path) -> Result<Vec<u8>> {
    read_plain(file, LARGEST_TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused_before_it_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.wav");
        fs::write(&file, "12345").expect("written");
        assert_eq!(read_plain(&file, 5).expect("read"), b"12345");
        let why = |file: &Path, most| read_plain(file, most).expect_err("refused").to_string();
        assert!(why(&file, 4).starts_with("it is larger than"));
        assert_eq!(why(dir.path(), 4), "it is a folder, want a file");
        assert_eq!(why(Path::new("/dev/zero"), 4), "it is a pipe or a device, want a file");
    }
}
