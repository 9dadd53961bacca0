//! What must be true, whatever happens: each invariant with a name and a sentence, and the arithmetic that tells.
//!
//! Of a whole simulated day the [`Ledger`](super::Ledger) knows the truth and judges by it; [`violations`] holds the
//! engine's own record against the carrier's account, which is all that other worlds have.

pub(super) mod hours;
pub(super) mod keys;
mod record;

pub use record::violations;

use serde::Serialize;

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// Where, without identifying anybody.
    pub detail: String,
}

impl Violation {
    /// An invariant of the table, and where it is broken.
    pub fn new(invariant: &'static str, detail: impl Into<String>) -> Violation {
        Violation { invariant, detail: detail.into() }
    }

    /// What was expected.
    pub fn expected(&self) -> &'static str {
        TABLE.iter().find(|(name, _)| *name == self.invariant).map_or("", |(_, sentence)| *sentence)
    }
}

/// At most one call an attempt.
pub const PLACED_ONCE: &str = "placed_once";
/// The engine knows every call.
pub const KNOWN_TO_US: &str = "known_to_us";
/// One live call a number.
pub const ONE_CALL_A_NUMBER: &str = "one_call_a_number";
/// Inside the hours.
pub const INSIDE_HOURS: &str = "inside_hours";
/// Under the caps.
pub const UNDER_CAPS: &str = "under_caps";
/// Nothing after an opt-out.
pub const NOTHING_AFTER_OPT_OUT: &str = "nothing_after_opt_out";
/// Nobody about a visit that is none.
pub const NOT_WITHDRAWN: &str = "not_withdrawn";
/// Who has answered is asked no more.
pub const ANSWERED_ONCE: &str = "answered_once";
/// The carrier's pace.
pub const PACE_KEPT: &str = "pace_kept";
/// The carrier's lines.
pub const LINES_KEPT: &str = "lines_kept";
/// No key is lost.
pub const KEYS_KEPT: &str = "keys_kept";
/// The keys decide.
pub const KEYS_DECIDE: &str = "keys_decide";
/// The same webhook, the same answer.
pub const SAME_ANSWER: &str = "same_answer";
/// Nothing forged is believed.
pub const FORGED_REFUSED: &str = "forged_refused";
/// Every call ends.
pub const EVERY_CALL_ENDED: &str = "every_call_ended";
/// Every promise ends.
pub const EVERY_OUTREACH_ENDS: &str = "every_outreach_ends";
/// Whoever must be called is.
pub const NOBODY_FORGOTTEN: &str = "nobody_forgotten";
/// Voicemails are whole.
pub const VOICEMAIL_WHOLE: &str = "voicemail_whole";
/// Decisions replay.
pub const DECISIONS_REPLAY: &str = "decisions_replay";
/// The log is whole.
pub const LOG_WHOLE: &str = "log_whole";

/// Nothing panics.
pub const NOTHING_PANICS: &str = "nothing_panics";
/// The day comes to its end.
pub const COMES_TO_REST: &str = "comes_to_rest";

/// Every invariant: its name, and what must be true. What is allowed all the same stands there with its reason.
pub const TABLE: &[(&str, &str)] = &[
    (PLACED_ONCE, "The carrier makes at most one call of an attempt."),
    (KNOWN_TO_US, "Every call that the carrier made to a patient is of an attempt on record, and to that attempt's number."),
    (
        ONE_CALL_A_NUMBER,
        "No number has two calls of ours at one time, by the carrier's own account. Who calls us while we call them is not asked to wait.",
    ),
    (
        INSIDE_HOURS,
        "A call begins inside its job's days and hours, before its last moment, and inside the hard hours in the site's zone and in \
         every zone of the number's area code, by the machine's clock: no program knows that the clock of its machine is wrong.",
    ),
    (
        UNDER_CAPS,
        "No patient and no number gets more calls that rang, or ring, on the site's local day or in any 168 hours than the limits \
         allow; of reminders, less what is kept free for notices. The week may be short of a minute: a call counts from the moment \
         for which it is asked for, and waits for its turn.",
    ),
    (
        NOTHING_AFTER_OPT_OUT,
        "Once an opt-out is committed, or key 9 was answered, no call to that patient or number is committed to be asked for. One that \
         was committed before may still ring: nobody can take a request back that is on its way.",
    ),
    (
        NOT_WITHDRAWN,
        "Nobody is called about a visit that the feed had withdrawn, moved or booked again when the call was committed to be asked for. \
         What changes after that is not announced any more, but the telephone may ring.",
    ),
    (
        ANSWERED_ONCE,
        "Who has chosen 1 or 2 in a call, ours or their own, is not called again about the same visit at the same time, as long as the feed \
         says nothing new about them.",
    ),
    (
        PACE_KEPT,
        "In any W seconds the carrier is asked for at most ceil(rate x W) + 1 calls, all replicas together. Seconds in which the clock \
         is stepped are not counted.",
    ),
    (LINES_KEPT, "No more calls of ours are up at the carrier than it has lines, all replicas together."),
    (
        KEYS_KEPT,
        "Every key whose webhook was answered with words is in the record, where it was pressed, however late it came, and none \
         that nobody pressed. One that was \
         answered with \"one moment\" or the apology was never said to be taken.",
    ),
    (KEYS_DECIDE, "A call that is over has the outcome that its keys give it by the script."),
    (
        SAME_ANSWER,
        "A webhook that comes again is answered with the same words. What is said where another address failed is no such answer: it \
         goes on from wherever the call is; and a call to our number is looked at once it is a patient's.",
    ),
    (FORGED_REFUSED, "No webhook that the carrier did not sign is answered with success."),
    (EVERY_CALL_ENDED, "Every call that was asked for has an outcome when its time is over, and no attempt waits any more."),
    (
        EVERY_OUTREACH_ENDS,
        "Every promise ends by its last moment: in a call that says what was promised, on the worklist, or void because the visit is \
         gone, has another time, or another day that is told, was told of as it stands by now, is none of a move any more, or the \
         patient opted out. A message on a machine alone is a person's to follow; a moved visit's last moment counts from the earlier \
         of its two starts.",
    ),
    (
        NOBODY_FORGOTTEN,
        "Who must be called by what the feed alone says is promised a call about it, or is on the worklist for it: whoever has been here \
         before, has a telephone of their own, did not opt out, and has one visit of an exam or radiology that is booked, or one \
         booking of such that was cancelled or moved once, no further ahead than changes are told, and not after asking for that, with \
         four callable hours left. Of others, and of the reminder of a moved visit, this says nothing.",
    ),
    (
        NOTHING_PANICS,
        "No task of the engine, the network or the stage panics on the thread that plays the day, whoever would have noticed.",
    ),
    (
        COMES_TO_REST,
        "A day comes to its end: after 800,000 operations of the store (20,000 a patient, of 40 or more) it is given up.",
    ),
    (
        VOICEMAIL_WHOLE,
        "Every voicemail that counts as left is on the machine's tape from its first word to its last, or was heard so by a person who \
         was taken for a machine: the voicemail itself, and no other words.",
    ),
    (DECISIONS_REPLAY, "Every stored decision, made again from what is stored beside it, comes out the same."),
    (
        LOG_WHOLE,
        "The webhook log holds every entry that was committed with what it caused, and every answer to a step; on a day on which no \
         store fails or is slow and no replica dies, every message, repeated, refused and forged ones too.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_invariant_has_a_name_of_its_own_and_a_sentence() {
        let names: BTreeSet<_> = TABLE.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), TABLE.len());
        assert!(TABLE.iter().all(|(_, sentence)| sentence.ends_with('.') && sentence.len() > 20));
        let readme = include_str!("../../../README.md");
        for (name, sentence) in TABLE {
            assert!(readme.contains(&format!("| `{name}` | {sentence} |")), "README.md: `{name}`");
        }
        assert!(Violation::new(PLACED_ONCE, "x").expected().starts_with("The carrier makes"));
    }
}
