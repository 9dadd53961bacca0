//! One file: TOML to what it says. Every fault is collected, so that one look at `check` is enough.

use super::check;
use super::draft::{Draft, KeyLine, Parsed, Place, Said, Source};
use super::repeated::speak_of_the_key;
use super::tables::{CallFile, Head, MessageFile};
use crate::core::call::{Announcement, Key, KeyAction, Segment, Slot, VoicemailScript};
use crate::core::ids::PhraseId;
use crate::fault::{Fault, nearest, parse_toml};
use crate::prompt::plain_file::read_plain_text;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;

/// What a file gave, as far as it could be read.
#[derive(Default)]
pub(super) struct ReadFile {
    /// `None` where nothing can be made of it.
    pub parsed: Option<Parsed>,
    pub faults: Vec<Fault>,
}

/// Each action's word in a file.
pub(super) const ACTIONS: [(&str, KeyAction); 7] = [
    ("confirm", KeyAction::Confirm),
    ("reschedule", KeyAction::Reschedule),
    ("repeat", KeyAction::Repeat),
    ("opt_out", KeyAction::OptOut),
    ("undo", KeyAction::Undo),
    ("transfer", KeyAction::Transfer),
    ("wrong_number", KeyAction::WrongNumber),
];

/// A list of words is no longer: a minute holds fewer, and every one is tried with every date and time.
const MOST_WORDS: usize = 100;

/// Takes away what a key means in the script that the rest is from.
const NO_ACTION: &str = "none";

const KINDS: [&str; 5] = ["call", "base", "voicemail", "announcement", "incoming"];

/// Reads one file. `name` is the script's; `of_site` the site whose own it is.
pub(super) fn read(path: &Path, name: &str, of_site: Option<&str>) -> ReadFile {
    let fault = |message: String| ReadFile { faults: vec![Fault::of_file(path, "unreadable", message)], ..ReadFile::default() };
    let text = match read_plain_text(path).map(String::from_utf8) {
        Err(error) => return fault(error.to_string()),
        Ok(Err(_)) => return fault("not UTF-8: save the file in that encoding".to_string()),
        Ok(Ok(text)) => text,
    };
    let shown = of_site.map_or_else(|| name.to_string(), |site| format!("{site}/{name}"));
    let source = Arc::new(Source { path: path.into(), text, name: shown });
    let mut reader = Reader { source, faults: Vec::new() };
    let parsed = reader.script(name).map_err(|fault| reader.faults.push(fault)).ok();
    ReadFile { parsed, faults: reader.faults }
}

/// One file being read, with the faults found so far.
pub(super) struct Reader {
    pub(super) source: Arc<Source>,
    pub(super) faults: Vec<Fault>,
}

impl Reader {
    fn script(&mut self, name: &str) -> Result<Parsed, Fault> {
        let head: Head = self.toml()?;
        let Some(kind) = head.kind else {
            let message = format!("`kind` is missing: want kind = {}", one_of(KINDS));
            return Err(self.source.fault_of_file("missing_key", message));
        };
        let source = self.source.clone();
        match kind.get_ref().as_str() {
            "call" => Ok(Parsed::Call(Box::new(self.draft(false)?))),
            "base" => Ok(Parsed::Call(Box::new(self.draft(true)?))),
            "voicemail" => {
                let said = self.message("voicemail")?;
                self.faults.extend(check::voicemail(name, &said));
                Ok(Parsed::Voicemail(VoicemailScript { name: name.into(), message: said.segments }, source))
            }
            "announcement" => {
                let said = self.message("announcement")?;
                self.faults.extend(check::announcement(&said));
                Ok(Parsed::Announcement(Announcement { name: name.into(), message: said.segments }, source))
            }
            "incoming" => Ok(Parsed::Incoming(Box::new(self.incoming(name)?), source)),
            other => {
                let message = format!("kind: unknown `{other}`; want {}{}", one_of(KINDS), did_you_mean(other, KINDS));
                Err(self.source.fault(kind.span().start, "unknown_value", message))
            }
        }
    }

    pub(super) fn toml<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        parse_toml(&self.source.path, &self.source.text).map_err(|fault| speak_of_the_key(fault, &self.source.text))
    }

    fn message(&mut self, kind: &str) -> Result<Said, Fault> {
        let file: MessageFile = self.toml()?;
        if let Some(extends) = file.extends {
            let message = format!("extends: of kind {kind} a script is one message and takes nothing from another: leave it out");
            self.fault_at(extends.span().start, "wrong_kind", message);
        }
        let Some(words) = file.message else {
            return Ok(self.missing("message"));
        };
        Ok(self.said("message", words))
    }

    /// No words, and a fault that says so.
    pub(super) fn missing(&mut self, key: &str) -> Said {
        self.faults.push(self.source.fault_of_file("missing_key", missing_words(key)));
        Said { segments: Vec::new(), bytes: Vec::new(), source: self.source.clone() }
    }

    fn draft(&mut self, is_base: bool) -> Result<Draft, Fault> {
        let mut file: CallFile = self.toml()?;
        if let (true, Some(consent)) = (is_base, &file.consent_recorded) {
            let message = "consent_recorded: consent is to the calls of one script: say it there, not in what others take from";
            self.fault_at(consent.span().start, "not_in_a_base", message);
        }
        Ok(Draft {
            source: self.source.clone(),
            is_base,
            extends: file.extends.take().map(|name| (name.get_ref().clone(), name.span().start)),
            consent_recorded: file.consent_recorded.take().is_some_and(Spanned::into_inner),
            keys: self.keys(std::mem::take(&mut file.keys)),
            limits: file.numbers().map(|(limit, number)| (limit.0, self.number(limit, number))).collect(),
            said: file.words().into_iter().filter_map(|(key, words)| Some((key, self.said(key, words?)))).collect(),
        })
    }

    fn keys(&mut self, table: BTreeMap<Spanned<String>, Spanned<String>>) -> BTreeMap<Key, KeyLine> {
        let mut keys = BTreeMap::new();
        for (key, action) in &table {
            let mut chars = key.get_ref().chars();
            let read = chars.next().filter(|_| chars.next().is_none()).and_then(Key::new);
            let Some(read) = read else {
                let message = format!("`{}` is no key of a telephone: want 0 to 9, \"*\" or \"#\"", key.get_ref());
                self.fault_at(key.span().start, "bad_key", message);
                continue;
            };
            let word = action.get_ref().as_str();
            let known = ACTIONS.iter().find(|(name, _)| *name == word).map(|(_, action)| *action);
            if known.is_none() && word != NO_ACTION {
                let names = ACTIONS.map(|(name, _)| name);
                let hint = nearest(word, names.into_iter().chain([NO_ACTION]));
                let hint = hint.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                let message = format!("unknown action `{word}`; want {} or `{NO_ACTION}`{hint}", one_of(names));
                self.fault_at(action.span().start, "unknown_action", message);
                continue;
            }
            let place = Place { source: self.source.clone(), byte: key.span().start };
            keys.insert(read, KeyLine { action: known, place });
        }
        keys
    }

    pub(super) fn number(&mut self, (key, low, high): (&str, u32, u32), number: Spanned<u32>) -> u32 {
        let given = *number.get_ref();
        if !(low..=high).contains(&given) {
            self.fault_at(number.span().start, "bad_value", format!("{key}: {given} is out of range: want {low} to {high}"));
        }
        given
    }

    pub(super) fn said(&mut self, key: &str, words: Vec<Spanned<String>>) -> Said {
        if words.is_empty() {
            let name = key.rsplit('.').next().unwrap_or(key);
            let message = format!("{key}: nothing is said: want at least one phrase");
            self.faults.push(Fault::at_text(&self.source.path, &self.source.text, name, "empty_words", message));
        }
        if words.len() > MOST_WORDS {
            let message = format!("{key}: {} phrases and places, want at most {MOST_WORDS}: nobody listens so long", words.len());
            self.fault_at(words[MOST_WORDS].span().start, "long_words", message);
            return Said { segments: Vec::new(), bytes: Vec::new(), source: self.source.clone() };
        }
        let (segments, bytes) =
            words.iter().filter_map(|word| Some((self.segment(word)?, word.span().start))).collect::<(Vec<_>, Vec<_>)>();
        Said { segments, bytes, source: self.source.clone() }
    }

    fn segment(&mut self, word: &Spanned<String>) -> Option<Segment> {
        let (text, byte) = (word.get_ref().as_str(), word.span().start);
        let names = Slot::NAMES.map(|(_, name)| name);
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let slot = Slot::NAMES.iter().find(|(_, known)| *known == name).map(|(slot, _)| Segment::Slot(*slot));
            if slot.is_none() {
                let message = match nearest(name, names) {
                    Some(meant) => format!("unknown place `{text}`; did you mean `{{{meant}}}`?"),
                    None => format!("unknown place `{text}`; there are {}", one_of(names)),
                };
                self.fault_at(byte, "unknown_slot", message);
            }
            return slot;
        }
        let parts: Vec<_> = text.split('/').collect();
        let sound = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if parts.len() < 2 || !parts.iter().all(sound) {
            let mut message = format!("`{text}` is no phrase and no place: want group/name, such as say/hello, or {{place}}");
            if let Some(meant) = nearest(text.trim_matches(['{', '}']), names) {
                message.push_str(&format!("; did you mean `{{{meant}}}`?"));
            }
            self.fault_at(byte, "bad_phrase", message);
            return None;
        }
        Some(Segment::Phrase(PhraseId::new(text)))
    }

    pub(super) fn fault_at(&mut self, byte: usize, code: &'static str, message: impl Into<String>) {
        self.faults.push(self.source.fault(byte, code, message));
    }
}

/// What is said where a list of words is missing.
pub(super) fn missing_words(key: &str) -> String {
    format!("`{key}` is missing: want a list of phrases (\"say/hello\") and places (\"{{day}}\")")
}

fn one_of<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("`{word}`")).join(", ")
}

fn did_you_mean<const N: usize>(given: &str, words: [&str; N]) -> String {
    nearest(given, words).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
}
