//! What happens to a call, in words of no carrier.

use super::{Key, KeyAction};
use crate::domain::{AnsweredBy, Desk, EndReason, LocalMoment, PhoneNumber, Purpose, VoicemailPolicy};
use crate::ids::{LanguageTag, SiteKey};
use serde::{Deserialize, Serialize};

/// What one call is about: fixed when the call is placed, kept with the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Why we call.
    pub purpose: Purpose,
    /// Name of the call script.
    pub script: String,
    /// The language of the call.
    pub language: LanguageTag,
    /// Day and time that are spoken, by the site's clock.
    pub start: LocalMoment,
    /// The old day and time of a moved visit.
    pub old_start: Option<LocalMoment>,
    /// Where.
    pub site: SiteKey,
    /// How many appointments that day holds, at least 1.
    pub appointments: u32,
    /// The number to call back.
    pub callback_number: PhoneNumber,
    /// The toll-free number to opt out.
    pub opt_out_number: PhoneNumber,
    /// What is left if a machine answers this attempt.
    pub voicemail: VoicemailPolicy,
    /// How long the message takes until the menu waits, in milliseconds: decides between heard and hung up early.
    pub message_ms: u32,
    /// How long the call had lasted when this began, in milliseconds: what was said at the gate to a patient who called us. The
    /// carrier counts it with the rest.
    #[serde(default)]
    pub before_ms: u32,
    /// Longer time-outs for a text telephone or relay (calling-rules L-49).
    pub long_timeouts: bool,
    /// The number is a parent's or guardian's: they are told of a patient in their care.
    #[serde(default)]
    pub guardian: bool,
    /// Where the key for it leads; `None` where the call is not to be transferred. Then the key means nothing, and the
    /// menu does not tell of it.
    #[serde(default)]
    pub desk: Option<Desk>,
}

/// Something that happened. `step` is the number of the step that it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallEvent {
    /// The carrier took the call.
    Accepted,
    /// The telephone rings.
    Ringing,
    /// The carrier reports that the call was answered, without asking for words (a status).
    PickedUp,
    /// It was answered, and the carrier asks what to say. Answers step 0.
    Answered {
        /// Who or what, where detection ran before.
        answered_by: Option<AnsweredBy>,
    },
    /// A key was pressed while `step` was gathering.
    Key {
        /// The step it answers.
        step: u32,
        /// The key.
        key: Key,
    },
    /// A key that was pressed, with what it meant when it was taken: what is kept of a [`CallEvent::Key`]. Scripts that
    /// give the key another meaning later do not change what the patient answered.
    Meant {
        /// The step it answers.
        step: u32,
        /// The key.
        key: Key,
        /// What it did; `None` where it did nothing.
        meaning: Option<KeyAction>,
    },
    /// The key time-out of `step` passed.
    Silence {
        /// The step it answers.
        step: u32,
    },
    /// What `step` had to say was played to its end, and the carrier asks for more.
    Played {
        /// The step it answers.
        step: u32,
    },
    /// The call was connected with the desk, or was to be, and the desk's part of it is over. Answers its step.
    Transferred {
        /// The step that dialled.
        step: u32,
        /// What came of it.
        result: TransferResult,
    },
    /// Detection beside the live call has its verdict.
    Detected {
        /// Who or what answered.
        answered_by: AnsweredBy,
    },
    /// An address of the call failed, and the carrier asks what is to be said now: the step that was given last, once more and
    /// as a step of its own. So a key that answers it is known from one that was pressed before and is still on its way.
    Fallback {
        /// The step that the request was to answer which failed: the carrier asks once for each.
        failed: u32,
    },
    /// The answer to `step` was put off: "one moment, please" was heard instead, and nothing of what we had to say. Of several
    /// for one step the longest counts, which holds the others.
    PutOff {
        /// The step whose answer had to wait; 0 for the first words.
        step: u32,
        /// How long altogether, in milliseconds of the call.
        ms: u32,
    },
    /// The visit was withdrawn or its spoken facts changed since the call was placed.
    VisitChanged,
    /// The carrier says the call is over, or refused to place it.
    Ended {
        /// How.
        status: FinalStatus,
        /// Seconds from answer to end, where the carrier says so.
        talk_seconds: Option<u32>,
        /// More about a failure, where known.
        reason: Option<EndReason>,
    },
    /// Something that a newer program wrote down and this one does not know: it changes nothing here. Programs of two versions
    /// work on one store while replicas are replaced one by one.
    #[serde(other)]
    Unknown,
}

/// What came of connecting a patient with a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferResult {
    /// They talked.
    Connected,
    /// The desk was busy.
    Busy,
    /// Nobody at the desk answered.
    NoAnswer,
    /// It could not be dialled.
    Failed,
}

impl TransferResult {
    /// The word used in addresses and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            TransferResult::Connected => "connected",
            TransferResult::Busy => "busy",
            TransferResult::NoAnswer => "no_answer",
            TransferResult::Failed => "failed",
        }
    }

    /// Reads such a word.
    pub fn parse(word: &str) -> Option<TransferResult> {
        use TransferResult::{Busy, Connected, Failed, NoAnswer};
        [Connected, Busy, NoAnswer, Failed].into_iter().find(|result| result.as_str() == word)
    }
}

/// How a carrier says a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalStatus {
    /// It was answered, and is over.
    Completed,
    /// Busy.
    Busy,
    /// It rang out.
    NoAnswer,
    /// It could not be completed.
    Failed,
    /// It was cancelled before an answer.
    Cancelled,
}
