//! A hospital's own recordings into a pack: any WAV, FLAC or MP3 becomes 8 kHz mono at the pack's level, trimmed, under the
//! name of its phrase.
//!
//! What is good is taken though something beside it is refused. Never here: a guess at what a file says. Start reading at
//! [`import`].

mod asterisk;
mod decode;
mod gather;
mod make;
mod naming;
mod plan;
mod speech;
mod telephone;
mod write;

use crate::core::ids::PhraseId;
use crate::prompt::Pack;
use crate::prompt::sheet::Entry;
use make::Made;
use plan::plan;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What is to be taken in, and where to.
#[derive(Debug)]
pub struct Import<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The folder of the one site that says these phrases otherwise; else they are the pack's.
    pub site: Option<&'a Path>,
    /// Files and folders.
    pub paths: &'a [PathBuf],
    /// The names of the files.
    pub names: FileNames<'a>,
    /// Nothing is written.
    pub dry_run: bool,
}

/// How files are known to be phrases.
#[derive(Debug)]
pub enum FileNames<'a> {
    /// By paths that are ids, by flat names, and by the numbers of a recording sheet.
    Ours(&'a [Entry]),
    /// The one file is this phrase, with these words if they are not known yet.
    One(PhraseId, Option<String>),
    /// As in Asterisk's sound sets.
    Asterisk,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// What is in the pack now.
    pub taken: Vec<Taken>,
    /// What is not, and why.
    pub refused: Vec<Refused>,
    /// Sounds of a set that no phrase needs.
    pub unused: Vec<String>,
    /// Phrases of the pack for which a set has nothing.
    pub without: Vec<PhraseId>,
    /// What a person should do now.
    pub warnings: Vec<String>,
}

/// A recording that was taken.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// The file, or the files that were joined.
    pub file: String,
    /// The phrase.
    pub id: PhraseId,
    /// Its length now.
    pub ms: u32,
    /// Active speech level before and after (ITU-T P.56).
    pub level_before_dbov: f64,
    /// In tenths of a dB, as the other.
    pub level_after_dbov: f64,
    /// What was done to it.
    pub done: Vec<String>,
    /// What may be wrong with it: listen to it.
    pub notes: Vec<String>,
}

/// A file that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl Refused {
    fn new(file: impl fmt::Display, reason: impl Into<String>) -> Refused {
        Refused { file: file.to_string(), reason: reason.into() }
    }
}

/// Trouble with the pack's folder.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file that cannot be read.
    #[error("{file} cannot be read: {error}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("{file} cannot be written: {error}")]
    Write {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Takes recordings in. Each file of the pack is replaced whole or not at all, and none before all of them are on the disk; the
/// recording that was there before is kept as `<id>.wav.bak`.
///
/// # Errors
/// When the pack's folder cannot be read or written: then nothing is changed.
pub fn import(job: &Import<'_>) -> Result<Report, ImportError> {
    let folder = job.site.unwrap_or(&job.pack.folder);
    let (planned, mut report) = plan(job)?;
    let mut words = Vec::new();
    let mut recordings = Vec::new();
    for planned in planned {
        match make::make(job.pack, &planned) {
            Ok(Made { samples, taken }) => {
                words.extend(planned.new_line.map(|text| (planned.id.clone(), text)));
                recordings.push((planned.id, samples));
                report.taken.push(taken);
            }
            Err(refused) => report.refused.push(refused),
        }
    }
    if !job.dry_run {
        write::write(folder, &words, &recordings)?;
    }
    if let (Some(review), false) = (&job.pack.review, report.taken.is_empty()) {
        report.warnings.push(format!(
            "pack.toml says that {} signed the pack off on {}, and these recordings came after: have the pack heard again, and \
             write the new day into reviewed_on, or set reviewed = false until then",
            review.reviewer, review.on
        ));
    }
    Ok(report)
}
