//! How long each message can become, in each language: at most 60 s before the menu waits (calling-rules L-06), at most
//! 30 s on a machine (the words of calling-rules, last line).

use super::findings::{Findings, at_word};
use super::lines::Part;
use super::subject::Subject;
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};
use serde::Serialize;
use std::path::PathBuf;

/// Until the menu waits, in milliseconds.
const MESSAGE_MS: u32 = 60_000;

/// On a machine, in milliseconds.
const VOICEMAIL_MS: u32 = 30_000;

/// A voicemail that is longer works, and should be shorter.
const LONG_VOICEMAIL_MS: u32 = 25_000;

/// The longest case of one message in one language.
#[derive(Debug, Clone, Serialize)]
pub struct Length {
    /// The script.
    pub script: String,
    /// The language.
    pub language: LanguageTag,
    /// The site, where it has words or recordings of its own.
    pub site: Option<SiteKey>,
    /// `first_playing`, `repeat` or `voicemail`.
    pub part: &'static str,
    /// Said to a parent or guardian.
    pub guardian: bool,
    /// Said slowly.
    pub slow: bool,
    /// How long it takes.
    pub seconds: f64,
    /// How long it may take.
    pub limit_s: u32,
    /// Its words.
    pub text: String,
    /// Its recordings, in order.
    pub phrases: Vec<PhraseId>,
    #[serde(skip)]
    ms: u32,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    place: String,
}

/// The longest case of every message.
pub(super) fn lengths(subject: &Subject<'_>) -> Vec<Length> {
    let mut lengths: Vec<Length> = Vec::new();
    for script in subject.scripts() {
        let mut of_script: Vec<Length> = Vec::new();
        for line in &script.lines {
            let Some((part, limit_ms)) = limit(line.part) else { continue };
            let longest = line.cases().into_iter().filter_map(|words| {
                subject.longest(line, |fillings| fillings.longest(&words, line.appointments, super::longest::Part::All))
            });
            let Some((manner, longest)) = longest.max_by_key(|(_, longest)| longest.samples) else { continue };
            let ms = longest.ms();
            let known = of_script.iter().position(|other| other.part == part);
            if known.is_some_and(|at| of_script[at].ms >= ms) {
                continue;
            }
            let length = Length {
                script: script.name.to_string(),
                language: subject.pack.language.clone(),
                site: script.site.clone().or_else(|| subject.pack.site.clone()),
                part,
                guardian: manner.guardian,
                slow: manner.slow,
                seconds: f64::from(ms) / 1_000.0,
                limit_s: limit_ms / 1_000,
                text: subject.pack.text_of(&longest.phrases).unwrap_or_default(),
                phrases: longest.phrases,
                ms,
                file: script.file.clone(),
                place: subject.place(script),
            };
            match known {
                Some(at) => of_script[at] = length,
                None => of_script.push(length),
            }
        }
        lengths.extend(of_script);
    }
    lengths
}

fn limit(part: Part) -> Option<(&'static str, u32)> {
    match part {
        Part::FirstPlaying => Some(("first_playing", MESSAGE_MS)),
        Part::Repeat => Some(("repeat", MESSAGE_MS)),
        Part::Voicemail => Some(("voicemail", VOICEMAIL_MS)),
        Part::Answering | Part::Withdrawn | Part::Other => None,
    }
}

/// What takes too long.
pub(super) fn check(subject: &Subject<'_>, lengths: &[Length]) -> Findings {
    let mut findings = Findings::default();
    for length in lengths {
        let Length { part, seconds, limit_s, text, ms, file, .. } = length;
        let (place, script) = (&length.place, &length.script);
        let longest = longest_phrase(subject, length).unwrap_or_default();
        let key = if *part == "first_playing" { "opening" } else { "message" };
        let told = |what: String, code| at_word(file, key, code, format!("{place}, {script}: {what}"));
        let words = format!("The longest words in it are {longest}; at its longest it says: {text}");
        match *part {
            "voicemail" if *ms > VOICEMAIL_MS => {
                let what =
                    format!("the voicemail takes up to {seconds:.1} s, want at most {limit_s} s: leave words out. {words}");
                findings.faults.push(told(what, "voicemail_too_long"));
            }
            "voicemail" if *ms > LONG_VOICEMAIL_MS => {
                let want = LONG_VOICEMAIL_MS / 1_000;
                let what = format!(
                    "the voicemail takes up to {seconds:.1} s, and should not take more than {want} s: shorten it (`prompts check \
                     --lengths` shows its words)"
                );
                findings.warnings.push(told(what, "long_voicemail"));
            }
            "voicemail" => {}
            _ if *ms > MESSAGE_MS => {
                let which = if *part == "repeat" { "a repeat" } else { "the first playing" };
                let what = format!(
                    "{which} takes up to {seconds:.1} s until the menu waits, want at most {limit_s} s (L-06): leave words out. {words}"
                );
                findings.faults.push(told(what, "message_too_long"));
            }
            _ => {}
        }
    }
    findings
}

/// The phrase that takes the most time, and how much.
fn longest_phrase(subject: &Subject<'_>, length: &Length) -> Option<String> {
    let ms = |id: &PhraseId| subject.pack.length_ms(std::slice::from_ref(id)).unwrap_or_default();
    let id = length.phrases.iter().max_by_key(|id| ms(id))?;
    Some(format!("{id} ({:.1} s)", f64::from(ms(id)) / 1_000.0))
}
