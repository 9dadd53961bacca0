//! What was found, and where it stands.

use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::Pack;
use crate::prompt::say::FormId;
use std::path::{Path, PathBuf};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Nobody is called while one of these stands.
    pub faults: Vec<Fault>,
    /// To be known; calls go on.
    pub warnings: Vec<Fault>,
}

impl Findings {
    /// No fault; warnings there may be.
    pub fn passes(&self) -> bool {
        self.faults.is_empty()
    }

    /// Takes others in, each finding once.
    pub fn extend(&mut self, more: Findings) {
        for (mine, theirs) in [(&mut self.faults, more.faults), (&mut self.warnings, more.warnings)] {
            for finding in theirs {
                if !mine.contains(&finding) {
                    mine.push(finding);
                }
            }
        }
    }
}

impl From<Vec<Fault>> for Findings {
    fn from(faults: Vec<Fault>) -> Findings {
        Findings { faults, warnings: Vec::new() }
    }
}

/// A finding at a word of a file that a person wrote.
pub(super) fn at_word(file: &Path, word: &str, code: &'static str, message: String) -> Fault {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    Fault::at_text(file, &text, word, code, message)
}

/// A finding about the words of a phrase, at its line of `phrases.tsv`. The message begins with language and phrase.
pub(super) fn at_phrase(pack: &Pack, id: &PhraseId, code: &'static str, message: &str) -> Fault {
    let file = texts_of(pack, id);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let message = format!("{} {id}: {message}", pack.language);
    match line_of(&text, id) {
        Some(at) => Fault::at_byte(&file, &text, at, code, message),
        None => Fault::of_file(&file, code, message),
    }
}

/// Whether `phrases.tsv` has a line for the phrase, whatever stands in it.
pub(super) fn has_words(pack: &Pack, id: &PhraseId) -> bool {
    line_of(&std::fs::read_to_string(texts_of(pack, id)).unwrap_or_default(), id).is_some()
}

/// The byte at which the line of a phrase begins.
fn line_of(text: &str, id: &PhraseId) -> Option<usize> {
    let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at - line.len(), line))
    });
    let of_phrase = |line: &str| line.trim_start_matches('\u{feff}').trim_end().split('\t').next() == Some(id.as_str());
    lines.find(|(_, line)| of_phrase(line)).map(|(at, _)| at)
}

/// A finding about a recording. The message begins with language and phrase.
pub(super) fn at_recording(pack: &Pack, id: &PhraseId, code: &'static str, message: &str) -> Fault {
    Fault::of_file(&pack.file(id), code, format!("{} {id}: {message}", pack.language))
}

/// The file that holds the words of a phrase: it stands where the ids count from.
fn texts_of(pack: &Pack, id: &PhraseId) -> PathBuf {
    let recording = pack.file(id);
    let root = recording.ancestors().nth(id.as_str().split('/').count());
    root.unwrap_or(&pack.folder).join("phrases.tsv")
}

/// Some of many names, for a message.
pub(super) fn some_of<'a>(ids: impl IntoIterator<Item = &'a PhraseId>) -> String {
    const SHOWN: usize = 5;
    let ids: Vec<_> = ids.into_iter().map(PhraseId::as_str).collect();
    let shown = ids.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > SHOWN { format!("{shown} and {} more", ids.len() - SHOWN) } else { shown }
}

/// The group of a phrase: what stands before the first slash.
pub(super) fn group(id: &str) -> &str {
    FormId::parse(id).group()
}
