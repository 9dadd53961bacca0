//! What the simulated network has seen: the truth that tests hold the engine's records against.

use super::dialect::Direction;
use crate::core::Phi;
use crate::core::domain::PhoneNumber;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// A call's status in the carrier's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Taken, not dialled yet.
    Queued,
    /// Ringing.
    Ringing,
    /// Answered.
    InProgress,
    /// Answered and over.
    Completed,
    /// Busy.
    Busy,
    /// Rang out.
    NoAnswer,
    /// Not completed, or ended by a fault.
    Failed,
    /// Called off before an answer.
    Canceled,
}

impl Status {
    /// The carrier's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Ringing => "ringing",
            Status::InProgress => "in-progress",
            Status::Completed => "completed",
            Status::Busy => "busy",
            Status::NoAnswer => "no-answer",
            Status::Failed => "failed",
            Status::Canceled => "canceled",
        }
    }

    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        self >= Status::Completed
    }
}

/// A key that a patient pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pressed {
    /// Milliseconds since the answer.
    pub at_ms: u64,
    /// The key.
    pub key: char,
    /// Whether anybody was listening; keys outside a Gather are lost.
    pub taken: bool,
}

/// A piece of audio that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Where it was fetched; empty for spoken text.
    #[serde(skip)]
    pub audio: String,
    /// When its hearing began, in milliseconds since the answer.
    pub at_ms: u64,
    /// The first millisecond of it that was heard …
    pub from_ms: u64,
    /// … and where the hearing stopped.
    pub to_ms: u64,
    /// How long it is.
    pub length_ms: u64,
}

impl Heard {
    /// From its first word to its end?
    pub fn is_whole(&self) -> bool {
        self.from_ms == 0 && self.to_ms == self.length_ms
    }
}

/// Somebody whom a document called, beside the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dialled {
    /// Whom.
    pub number: String,
    /// How it ended: `completed`, `busy`, `no-answer`, `failed`, `canceled`.
    pub status: &'static str,
    /// When it began, in milliseconds since the answer.
    pub at_ms: u64,
    /// How long it rang.
    pub rang_ms: u64,
    /// How long they spoke.
    pub talk_ms: u64,
}

/// A request to call, as it came: what the pace is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether a call was made of it.
    pub taken: bool,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallTally {
    /// The network's id.
    pub sid: String,
    /// Who began it.
    #[serde(serialize_with = "direction")]
    pub direction: Direction,
    /// Same for calls that were asked for with the same voice address, hence for the same attempt; it gives no address away.
    pub attempt: String,
    /// Who was called.
    pub to: PhoneNumber,
    /// By whom; withheld by some who call us.
    #[serde(skip)]
    pub from: Phi<String>,
    /// How long it was to wait for its turn when it was taken, in milliseconds.
    pub queue_ms: u64,
    /// Where it stands.
    pub status: Status,
    /// The SIP status it ended with.
    pub sip: Option<u16>,
    /// The carrier's error code, where a fault of ours ended it.
    pub error_code: Option<u32>,
    /// What that fault was.
    pub error: Option<String>,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Milliseconds from answer to end.
    pub talk_ms: u64,
    /// What machine detection said.
    pub answered_by: Option<&'static str>,
    /// Keys, in order.
    pub keys: Vec<Pressed>,
    /// The keys whose webhook was answered with 2xx, in order: the engine has promised not to lose them.
    pub acknowledged: String,
    /// What came out of the receiver, in order.
    pub heard: Vec<Heard>,
    /// What an answering machine has on its tape.
    pub recorded: Vec<Heard>,
    /// Whom documents called, in order.
    pub dialled: Vec<Dialled>,
    /// Documents that were followed.
    pub documents: u32,
    /// Times that a repeated webhook was answered differently from its first.
    pub differing_repeats: u32,
    /// Callbacks that were not answered with 2xx.
    pub callbacks_failed: u32,
    /// Forged webhooks that were sent beside the true ones …
    pub forged: u32,
    /// … and those of them that were answered with 2xx.
    pub forged_believed: u32,
    /// What is odd about the request or a document and would be silent at the real carrier, such as a misspelt field.
    pub warnings: Vec<String>,
}

/// Everything since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Every call, in the order they were taken.
    pub calls: Vec<CallTally>,
    /// Requests to call that were refused.
    pub refused: u64,
    /// Every request to call, in the order they came.
    pub requests: Vec<Asked>,
}

fn direction<S: serde::Serializer>(direction: &Direction, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(direction.as_str())
}

impl Tally {
    /// How many calls were placed to each number; who calls us is not among them.
    pub fn by_number(&self) -> BTreeMap<&str, u64> {
        count(self.calls.iter().filter(|call| call.direction == Direction::Outbound).map(|call| call.to.as_str()))
    }

    /// How many calls stand where.
    pub fn by_status(&self) -> BTreeMap<&'static str, u64> {
        count(self.calls.iter().map(|call| call.status.as_str()))
    }

    /// How many calls were placed for each attempt. More than one is a patient called twice.
    pub fn by_attempt(&self) -> BTreeMap<&str, u64> {
        count(self.calls.iter().filter(|call| call.direction == Direction::Outbound).map(|call| call.attempt.as_str()))
    }

    /// The keys that nobody was listening to.
    pub fn lost_keys(&self) -> usize {
        self.calls.iter().flat_map(|call| &call.keys).filter(|key| !key.taken).count()
    }

    /// The calls to one number.
    pub fn calls_to<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a CallTally> {
        self.calls.iter().filter(move |call| call.to.as_str() == number)
    }
}

fn count<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}
