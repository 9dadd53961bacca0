//! `pack.toml`: who speaks, who signed it off, the pauses, the grammar.

use crate::core::ids::LanguageTag;
use crate::fault::{Fault, parse_toml};
use crate::prompt::Grammar;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The file as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::prompt) struct Manifest {
    pub language: LanguageTag,
    pub name: String,
    #[serde(default)]
    pub voice: String,
    #[serde(default)]
    pub notice: String,
    #[serde(default)]
    reviewed: bool,
    #[serde(default)]
    reviewer: String,
    reviewed_on: Option<toml::Value>,
    #[serde(default)]
    pub gaps: Gaps,
    #[serde(default)]
    pub sound: SoundRules,
    #[serde(default)]
    pub words: WordRules,
    #[serde(default)]
    pub strangers: Vec<String>,
    pub grammar: Grammar,
}

/// What every recording of a pack keeps to; `prompts import` makes it so.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoundRules {
    /// Active speech level in dBov (ITU-T P.56).
    pub level_dbov: f64,
    /// How far a recording may be from it, in dB.
    pub within_db: f64,
    /// No sample is above this, in dB of full scale.
    pub peak_dbfs: f64,
    /// Silence in front of the speech, in milliseconds, at most.
    pub lead_ms: u32,
    /// Silence behind the speech, in milliseconds, at most.
    pub tail_ms: u32,
}

impl Default for SoundRules {
    /// The levels of the audio study: between RFC 7874's -22 dBFS and the -18 of professional sets.
    fn default() -> SoundRules {
        SoundRules { level_dbov: -20.0, within_db: 1.5, peak_dbfs: -1.0, lead_ms: 60, tail_ms: 120 }
    }
}

impl SoundRules {
    /// The key whose value no recording could keep to, or every one would, and why.
    fn problem(&self) -> Option<(&'static str, String)> {
        // From what is hardly heard to the loudest speech that does not clip.
        let numbers = [
            ("level_dbov", self.level_dbov, -40.0, -10.0),
            ("within_db", self.within_db, 0.1, 6.0),
            ("peak_dbfs", self.peak_dbfs, -20.0, 0.0),
            ("lead_ms", f64::from(self.lead_ms), 10.0, 1_000.0),
            ("tail_ms", f64::from(self.tail_ms), 10.0, 1_000.0),
        ];
        // What is no number lies in no range.
        let (key, value, least, most) = numbers.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))?;
        Some((key, format!("sound.{key}: {value} is out of range: want {least} to {most}")))
    }
}

/// Words of the language that the check of a pack looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordRules {
    /// Words of bills and marketing, which no phrase has (calling-rules L-07).
    pub never: Vec<String>,
    /// Words that are true only when the patient is on the line: a phrase with them needs a `.guardian` form.
    pub patient: Vec<String>,
}

/// Silence between two phrases in milliseconds, by the end of the first one's words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gaps {
    /// After words without punctuation.
    pub plain_ms: u32,
    /// After a comma.
    pub comma_ms: u32,
    /// After a full stop, and before a phrase that opens a sentence.
    pub stop_ms: u32,
    /// After a group of digits of a telephone number.
    pub group_ms: u32,
    /// Before every phrase of a group, whatever stands in front of it.
    pub before: BTreeMap<String, u32>,
}

impl Default for Gaps {
    /// The pauses of the audio study: 60 to 120 ms at a comma, 300 to 400 ms at a full stop.
    fn default() -> Gaps {
        Gaps { plain_ms: 0, comma_ms: 90, stop_ms: 350, group_ms: 180, before: BTreeMap::new() }
    }
}

/// Who heard the pack and signed it off (calling-rules L-47).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Name of the person.
    pub reviewer: String,
    /// The day.
    pub on: NaiveDate,
}

/// No pause is longer: the caller would take it for the end.
const LONGEST_GAP_MS: u32 = 5_000;

/// Reads `pack.toml` of the folder of a language.
pub(super) fn read_manifest(file: &Path, text: &str, folder: &str) -> Result<(Manifest, Option<Review>), Vec<Fault>> {
    let manifest: Manifest = parse_toml(file, text).map_err(|fault| vec![fault])?;
    let mut faults: Vec<Fault> = manifest
        .grammar
        .problems()
        .into_iter()
        .map(|(place, message)| at_key(file, text, &place, "bad_grammar", message))
        .collect();
    if manifest.language.as_str() != folder {
        let message = format!("language: {} stands in the folder {folder}: want the same in both", manifest.language);
        faults.push(at_key(file, text, "language", "language_differs", message));
    }
    let Gaps { plain_ms, comma_ms, stop_ms, group_ms, before } = &manifest.gaps;
    if [plain_ms, comma_ms, stop_ms, group_ms].into_iter().chain(before.values()).any(|ms| *ms > LONGEST_GAP_MS) {
        let message = format!("gaps: want at most {LONGEST_GAP_MS} ms");
        faults.push(Fault::at_text(file, text, "[gaps]", "bad_value", message));
    }
    faults.extend(manifest.sound.problem().map(|(key, message)| at_key(file, text, key, "bad_value", message)));
    let review = read_review(&manifest).map_err(|message| faults.push(at_key(file, text, "reviewed", "bad_review", message)));
    match review {
        Ok(review) if faults.is_empty() => Ok((manifest, review)),
        _ => Err(faults),
    }
}

/// At the line of a key, else where this text stands at all: comments speak of keys, too.
fn at_key(file: &Path, text: &str, key: &str, code: &'static str, message: impl Into<String>) -> Fault {
    let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at - line.len(), line))
    });
    let is_key =
        |line: &str| line.trim_start_matches('\u{feff}').strip_prefix(key).is_some_and(|l| l.trim_start().starts_with('='));
    match lines.find(|(_, line)| is_key(line)) {
        Some((byte, _)) => Fault::at_byte(file, text, byte, code, message),
        None => Fault::at_text(file, text, key, code, message),
    }
}

/// `None` while nobody signed it off; a signature needs a name and a date.
fn read_review(manifest: &Manifest) -> Result<Option<Review>, &'static str> {
    if !manifest.reviewed {
        return Ok(None);
    }
    let date = match &manifest.reviewed_on {
        Some(toml::Value::String(text)) => text.parse().ok(),
        Some(toml::Value::Datetime(date)) => date.to_string().parse().ok(),
        _ => None,
    };
    match (manifest.reviewer.trim(), date) {
        ("", _) => Err("reviewed = true needs the name of the person who heard the pack: reviewer = \"...\""),
        (_, None) => Err("reviewed = true needs the day: reviewed_on = \"2026-11-20\""),
        (name, Some(on)) => Ok(Some(Review { reviewer: name.to_string(), on })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::PACK_TOML;

    fn read(text: &str) -> Result<Option<Review>, Vec<(usize, &'static str)>> {
        read_manifest(Path::new("pack.toml"), text, "en-US")
            .map(|(_, review)| review)
            .map_err(|faults| faults.iter().map(|f| (f.line, f.code)).collect())
    }

    #[test]
    fn the_shipped_pack_is_unreviewed_and_a_signature_needs_name_and_date() {
        assert_eq!(read(PACK_TOML), Ok(None));
        let signed = PACK_TOML.replace("reviewed = false", "reviewed = true");
        assert!(read(&signed).is_err(), "nobody signed");
        let named = signed.replace("reviewer = \"\"", "reviewer = \"Ana Example\"");
        assert!(read(&named).is_err(), "no day");
        for date in ["\"2026-11-20\"", "2026-11-20"] {
            let dated = named.replace("reviewed_on = \"\"", &format!("reviewed_on = {date}"));
            let review = read(&dated).expect("a signed pack").expect("a signature");
            assert_eq!((review.reviewer.as_str(), review.on.to_string().as_str()), ("Ana Example", "2026-11-20"));
        }
    }

    #[test]
    fn faults_name_their_line() {
        let line_of = |text: &str, needle: &str| text[..text.find(needle).expect("there")].matches('\n').count() + 1;
        for (from, to, place, code) in [
            ("comma_ms", "coma_ms", "coma_ms", "unknown_key"),
            ("stop_ms = 350", "stop_ms = 35000", "[gaps]", "bad_value"),
            ("\"day/{day}\"", "\"day/{dy}\"", "\"day/{dy}\"", "bad_grammar"),
            ("\"en-US\"", "\"en-GB\"", "language =", "language_differs"),
            ("reviewed = false", "reviewed = true", "reviewed = true\nreviewer =", "bad_review"),
            ("digit = \"digit/{digit}\"", "digit = \"digit/0\"", "digit = \"digit/0\"", "bad_grammar"),
            ("level_dbov = -20.0", "level_dbov = nan", "level_dbov = nan", "bad_value"),
            ("within_db = 1.5", "within_db = inf", "within_db = inf", "bad_value"),
            ("peak_dbfs = -1.0", "peak_dbfs = 5.0", "peak_dbfs = 5.0", "bad_value"),
            ("tail_ms = 120", "tail_ms = 4294967295", "tail_ms = 4294967295", "bad_value"),
        ] {
            let text = PACK_TOML.replace(from, to);
            let faults = read(&text).expect_err(code);
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].1, code);
            assert_eq!(faults[0].0, line_of(&text, place), "{code}");
        }
    }
}
