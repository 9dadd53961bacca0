//! One file: TOML to a typed script. Every fault is collected, so that one look at `check` is enough.

use super::check;
use crate::core::call::{Announcement, CallScript, Key, KeyAction, Replies, ScriptLimits, Segment, Slot, VoicemailScript};
use crate::core::ids::PhraseId;
use crate::fault::{Fault, nearest, parse_toml};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;

/// A script of a file.
pub(super) enum Parsed {
    Call(Box<CallScript>),
    Voicemail(VoicemailScript),
    Announcement(Announcement),
}

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    file: PathBuf,
    text: Arc<str>,
    byte: usize,
}

impl Place {
    pub(super) fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::at_byte(&self.file, &self.text, self.byte, code, message)
    }
}

/// A phrase that a script names.
#[derive(Debug, Clone)]
pub(super) struct PhraseUse {
    pub(super) phrase: PhraseId,
    pub(super) place: Place,
}

/// A list of segments as it was read, with the place of its first word.
#[derive(Default)]
pub(super) struct Said {
    pub(super) segments: Vec<Segment>,
    pub(super) byte: usize,
}

/// One file being read, with the faults found so far.
pub(super) struct Reader {
    path: PathBuf,
    text: Arc<str>,
    faults: Vec<Fault>,
    uses: Vec<PhraseUse>,
}

/// Each action's word in a file.
pub(super) const ACTIONS: [(&str, KeyAction); 6] = [
    ("confirm", KeyAction::Confirm),
    ("reschedule", KeyAction::Reschedule),
    ("repeat", KeyAction::Repeat),
    ("opt_out", KeyAction::OptOut),
    ("undo", KeyAction::Undo),
    ("wrong_number", KeyAction::WrongNumber),
];

type Words = Vec<Spanned<String>>;

#[derive(Deserialize)]
struct Head {
    kind: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    #[allow(dead_code, reason = "read with the head")]
    kind: IgnoredAny,
    opening: Option<Words>,
    message: Option<Words>,
    message_several: Option<Words>,
    menu: Option<Words>,
    menu_again: Option<Words>,
    keys: Option<BTreeMap<Spanned<String>, Spanned<String>>>,
    replies: Option<RepliesTable>,
    limits: Option<LimitsTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RepliesTable {
    confirmed: Option<Words>,
    reschedule: Option<Words>,
    undone: Option<Words>,
    opted_out: Option<Words>,
    wrong_number: Option<Words>,
    no_choice: Option<Words>,
    not_a_choice: Option<Words>,
    giving_up: Option<Words>,
    withdrawn: Option<Words>,
    goodbye: Option<Words>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    repeats: Option<Spanned<u32>>,
    asked_repeats: Option<Spanned<u32>>,
    key_timeout_s: Option<Spanned<u32>>,
    change_timeout_s: Option<Spanned<u32>>,
    long_timeout_s: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFile {
    #[allow(dead_code, reason = "read with the head")]
    kind: IgnoredAny,
    message: Option<Words>,
}

/// Reads one file into a script, and the phrases that it names.
pub(super) fn read(path: &Path, name: &str) -> Result<(Parsed, Vec<PhraseUse>), Vec<Fault>> {
    let bytes = std::fs::read(path).map_err(|error| vec![Fault::of_file(path, "unreadable", error.to_string())])?;
    let text = String::from_utf8(bytes)
        .map_err(|_| vec![Fault::of_file(path, "unreadable", "not UTF-8: save the file in that encoding")])?;
    let mut reader = Reader { path: path.into(), text: text.into(), faults: Vec::new(), uses: Vec::new() };
    match reader.script(name) {
        Ok(parsed) if reader.faults.is_empty() => Ok((parsed, reader.uses)),
        Ok(_) => Err(reader.faults),
        Err(fault) => {
            reader.faults.push(fault);
            Err(reader.faults)
        }
    }
}

impl Reader {
    fn script(&mut self, name: &str) -> Result<Parsed, Fault> {
        let head: Head = parse_toml(&self.path, &self.text)?;
        let kinds = ["call", "voicemail", "announcement"];
        let Some(kind) = head.kind else {
            let message = format!("`kind` is missing: want kind = {}", one_of(kinds));
            return Err(Fault::of_file(&self.path, "missing_key", message));
        };
        match kind.get_ref().as_str() {
            "call" => Ok(Parsed::Call(Box::new(self.call(name)?))),
            "voicemail" => {
                let said = self.message()?;
                check::voicemail(self, name, &said);
                Ok(Parsed::Voicemail(VoicemailScript { name: name.into(), message: said.segments }))
            }
            "announcement" => {
                let said = self.message()?;
                check::announcement(self, &said);
                Ok(Parsed::Announcement(Announcement { name: name.into(), message: said.segments }))
            }
            other => {
                let message = format!("kind: unknown `{other}`; want {}{}", one_of(kinds), did_you_mean(other, kinds));
                Err(Fault::at_byte(&self.path, &self.text, kind.span().start, "unknown_value", message))
            }
        }
    }

    fn message(&mut self) -> Result<Said, Fault> {
        let file: MessageFile = parse_toml(&self.path, &self.text)?;
        Ok(self.said("message", file.message))
    }

    fn call(&mut self, name: &str) -> Result<CallScript, Fault> {
        let file: CallFile = parse_toml(&self.path, &self.text)?;
        let opening = self.said("opening", file.opening);
        let message = self.said("message", file.message);
        let several = file.message_several.map(|words| self.said("message_several", Some(words)));
        let menu = self.said("menu", file.menu);
        let menu_again = file.menu_again.map(|words| self.said("menu_again", Some(words)));
        check::opening(self, &opening, &menu);
        let keys = self.keys(file.keys.unwrap_or_default());
        let replies = self.replies(file.replies.unwrap_or_default());
        let limits = self.limits(file.limits.unwrap_or_default());
        Ok(CallScript {
            name: name.into(),
            opening: opening.segments,
            message_several: several.map_or_else(|| message.segments.clone(), |said| said.segments),
            message: message.segments,
            menu_again: menu_again.map_or_else(|| menu.segments.clone(), |said| said.segments),
            menu: menu.segments,
            keys,
            replies,
            limits,
        })
    }

    fn keys(&mut self, table: BTreeMap<Spanned<String>, Spanned<String>>) -> BTreeMap<Key, KeyAction> {
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
            match ACTIONS.iter().find(|(name, _)| *name == word) {
                Some((_, action)) => drop(keys.insert(read, *action)),
                None => {
                    let names = ACTIONS.map(|(name, _)| name);
                    let message = format!("unknown action `{word}`; want {}{}", one_of(names), did_you_mean(word, names));
                    self.fault_at(action.span().start, "unknown_action", message);
                }
            }
        }
        check::keys(self, &keys);
        keys
    }

    fn replies(&mut self, table: RepliesTable) -> Replies {
        let withdrawn = self.said("replies.withdrawn", table.withdrawn);
        check::withdrawn(self, &withdrawn);
        let wrong_number = table.wrong_number.map(|words| self.said("replies.wrong_number", Some(words)).segments);
        let mut reply = |key, words| self.said(key, words).segments;
        Replies {
            confirmed: reply("replies.confirmed", table.confirmed),
            reschedule: reply("replies.reschedule", table.reschedule),
            undone: reply("replies.undone", table.undone),
            opted_out: reply("replies.opted_out", table.opted_out),
            wrong_number: wrong_number.unwrap_or_default(),
            no_choice: reply("replies.no_choice", table.no_choice),
            not_a_choice: reply("replies.not_a_choice", table.not_a_choice),
            giving_up: reply("replies.giving_up", table.giving_up),
            withdrawn: withdrawn.segments,
            goodbye: reply("replies.goodbye", table.goodbye),
        }
    }

    fn limits(&mut self, table: LimitsTable) -> ScriptLimits {
        ScriptLimits {
            repeats: self.number("limits.repeats", table.repeats, 0..=3),
            asked_repeats: self.number("limits.asked_repeats", table.asked_repeats, 1..=10),
            key_timeout_s: self.number("limits.key_timeout_s", table.key_timeout_s, 2..=60),
            change_timeout_s: self.number("limits.change_timeout_s", table.change_timeout_s, 2..=60),
            long_timeout_s: self.number("limits.long_timeout_s", table.long_timeout_s, 2..=60),
        }
    }

    fn number(&mut self, key: &str, number: Option<Spanned<u32>>, range: RangeInclusive<u32>) -> u32 {
        let (low, high) = (range.start(), range.end());
        match number {
            None => self.missing(key, format!("want a whole number from {low} to {high}")),
            Some(number) if !range.contains(number.get_ref()) => {
                let message = format!("{key}: {} is out of range: want {low} to {high}", number.get_ref());
                self.fault_at(number.span().start, "bad_value", message);
            }
            Some(number) => return number.into_inner(),
        }
        0
    }

    fn said(&mut self, key: &str, words: Option<Words>) -> Said {
        let Some(words) = words else {
            self.missing(key, "want a list of phrases (\"say/hello\") and places (\"{day}\")");
            return Said::default();
        };
        let Some(first) = words.first() else {
            let name = key.rsplit('.').next().unwrap_or(key);
            let message = format!("{key}: nothing is said: want at least one phrase");
            self.faults.push(Fault::at_text(&self.path, &self.text, name, "empty_words", message));
            return Said::default();
        };
        let byte = first.span().start;
        let segments = words.iter().filter_map(|word| self.segment(word)).collect();
        Said { segments, byte }
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
        let phrase = PhraseId::new(text);
        let place = Place { file: self.path.clone(), text: self.text.clone(), byte };
        self.uses.push(PhraseUse { phrase: phrase.clone(), place });
        Some(Segment::Phrase(phrase))
    }

    fn missing(&mut self, key: &str, want: impl std::fmt::Display) {
        let message = format!("`{key}` is missing: {want}");
        let fault = match key.split_once('.') {
            Some((table, _)) => Fault::at_text(&self.path, &self.text, &format!("[{table}]"), "missing_key", message),
            None => Fault::of_file(&self.path, "missing_key", message),
        };
        self.faults.push(fault);
    }

    pub(super) fn fault_at(&mut self, byte: usize, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault::at_byte(&self.path, &self.text, byte, code, message));
    }

    /// A fault about the table of keys.
    pub(super) fn fault_in_keys(&mut self, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault::at_text(&self.path, &self.text, "[keys]", code, message));
    }
}

fn one_of<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("`{word}`")).join(", ")
}

fn did_you_mean<const N: usize>(given: &str, words: [&str; N]) -> String {
    nearest(given, words).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
}
