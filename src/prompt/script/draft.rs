//! What one file says, before other scripts are asked for the rest: every word, key and number with its place.

use crate::core::call::{Announcement, IncomingScript, Key, KeyAction, Segment, VoicemailScript};
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A file with its text.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub text: String,
    /// As a chain of scripts names it: `reminder`, or `boston/reminder` for one of a site.
    pub name: String,
}

impl Source {
    pub fn fault(&self, byte: usize, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::at_byte(&self.path, &self.text, byte, code, message)
    }

    /// A fault about a table of the file, or about the whole file where it has none.
    pub fn fault_in(&self, table: &str, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::at_text(&self.path, &self.text, &format!("[{table}]"), code, message)
    }

    pub fn fault_of_file(&self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::of_file(&self.path, code, message)
    }
}

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub source: Arc<Source>,
    pub byte: usize,
}

impl Place {
    pub fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        self.source.fault(self.byte, code, message)
    }
}

/// A list of words as it was read. It is empty only where a fault was found in it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub segments: Vec<Segment>,
    /// The place of each segment.
    pub bytes: Vec<usize>,
    pub source: Arc<Source>,
}

impl Said {
    /// A fault about all of it, at its first word.
    pub fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        self.source.fault(self.bytes.first().copied().unwrap_or_default(), code, message)
    }

    /// Its phrases with their places.
    pub fn phrases(&self) -> impl Iterator<Item = (&PhraseId, Place)> {
        self.segments.iter().zip(&self.bytes).filter_map(|(segment, byte)| match segment {
            Segment::Phrase(id) => Some((id, Place { source: self.source.clone(), byte: *byte })),
            Segment::Slot(_) => None,
        })
    }
}

/// What a file says of a key: what it means, or that what it means elsewhere does not hold here (`none`).
#[derive(Debug, Clone)]
pub(super) struct KeyLine {
    pub action: Option<KeyAction>,
    pub place: Place,
}

/// A script of kind `call` or `base`, as far as its file goes.
#[derive(Debug)]
pub(super) struct Draft {
    pub source: Arc<Source>,
    /// Whether it is there for others alone.
    pub is_base: bool,
    /// The script that says the rest.
    pub extends: Option<(String, usize)>,
    /// Whether the hospital has recorded consent to the calls of this very script.
    pub consent_recorded: bool,
    /// Words by key: `opening`, `replies.confirmed` …
    pub said: BTreeMap<&'static str, Said>,
    pub keys: BTreeMap<Key, KeyLine>,
    /// Numbers by key: `limits.repeats` …
    pub limits: BTreeMap<&'static str, u32>,
}

/// A file as it was read.
#[derive(Debug)]
pub(super) enum Parsed {
    Call(Box<Draft>),
    Voicemail(VoicemailScript, Arc<Source>),
    Announcement(Announcement, Arc<Source>),
    Incoming(Box<IncomingScript>, Arc<Source>),
}

impl Parsed {
    /// Its kind, as a file says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Parsed::Call(draft) if draft.is_base => "base",
            Parsed::Call(_) => "call",
            Parsed::Voicemail(..) => "voicemail",
            Parsed::Announcement(..) => "announcement",
            Parsed::Incoming(..) => "incoming",
        }
    }

    pub fn draft(&self) -> Option<&Draft> {
        match self {
            Parsed::Call(draft) => Some(draft),
            Parsed::Voicemail(..) | Parsed::Announcement(..) | Parsed::Incoming(..) => None,
        }
    }

    pub fn source(&self) -> &Arc<Source> {
        match self {
            Parsed::Call(draft) => &draft.source,
            Parsed::Voicemail(_, source) | Parsed::Announcement(_, source) | Parsed::Incoming(_, source) => source,
        }
    }
}
