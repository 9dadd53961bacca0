//! One telephone call.

use super::{AnsweredBy, EndReason, Outcome, PhoneKind, PhoneNumber};
use crate::ids::{AttemptId, CarrierName, LanguageTag, OutreachId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where an attempt stands. The order of the variants is the order of rank: a late, lower word never takes back a
/// higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Waiting for its time.
    Planned,
    /// A dialler has it; the carrier has not been asked.
    Leased,
    /// The carrier is being asked: from here on a call may exist.
    Requesting,
    /// Nobody knows whether a call exists.
    Unknown,
    /// The carrier has taken it.
    Accepted,
    /// The telephone rings.
    Ringing,
    /// Somebody or something answered.
    InProgress,
    /// It ended after an answer, or rang out.
    Completed,
    /// It ended without ringing.
    Failed,
    /// It was withdrawn before it was placed.
    Cancelled,
}

impl AttemptStatus {
    /// The word used in outputs and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptStatus::Planned => "planned",
            AttemptStatus::Leased => "leased",
            AttemptStatus::Requesting => "requesting",
            AttemptStatus::Unknown => "unknown",
            AttemptStatus::Accepted => "accepted",
            AttemptStatus::Ringing => "ringing",
            AttemptStatus::InProgress => "in_progress",
            AttemptStatus::Completed => "completed",
            AttemptStatus::Failed => "failed",
            AttemptStatus::Cancelled => "cancelled",
        }
    }

    /// Reads a word of the store.
    pub fn parse(word: &str) -> Option<AttemptStatus> {
        use AttemptStatus::*;
        [Planned, Leased, Requesting, Unknown, Accepted, Ringing, InProgress, Completed, Failed, Cancelled]
            .into_iter()
            .find(|s| s.as_str() == word)
    }

    /// Whether a call exists or may exist.
    pub fn is_live(self) -> bool {
        (AttemptStatus::Requesting..=AttemptStatus::InProgress).contains(&self)
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        self >= AttemptStatus::Completed
    }
}

/// When, where and how a call is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Not before.
    pub due_at: DateTime<Utc>,
    /// Not at or after.
    pub not_after: DateTime<Utc>,
    /// Which of the patient's telephones.
    pub phone_kind: PhoneKind,
    /// The number to dial.
    pub phone: PhoneNumber,
    /// The language of the call.
    pub language: LanguageTag,
    /// Who places it.
    pub carrier: CarrierName,
}

/// One telephone call, planned, under way or over: one of ours, or one that the patient made to our number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its name in logs and outputs.
    pub id: AttemptId,
    /// The promise it serves.
    pub outreach: OutreachId,
    /// Counts within the outreach, from 1.
    pub number: u32,
    /// Where it stands.
    pub status: AttemptStatus,
    /// Not before.
    pub due_at: DateTime<Utc>,
    /// Not at or after.
    pub not_after: DateTime<Utc>,
    /// Which of the patient's telephones.
    pub phone_kind: PhoneKind,
    /// The number to dial.
    pub phone: PhoneNumber,
    /// The language of the call.
    pub language: LanguageTag,
    /// Who places it.
    pub carrier: CarrierName,
    /// The carrier's own id, once known.
    pub carrier_call_id: Option<String>,
    /// When the carrier was asked.
    pub placed_at: Option<DateTime<Utc>>,
    /// When somebody or something answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who or what answered.
    pub answered_by: Option<AnsweredBy>,
    /// Seconds between answer and end.
    pub heard_seconds: Option<u32>,
    /// Every key that was pressed, in order.
    pub keys: String,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// What ended it.
    pub end_reason: Option<EndReason>,
    /// The patient called our number. Such a call says and settles what one of ours would, and counts as none that we made.
    #[serde(default)]
    pub inbound: bool,
}

impl Attempt {
    /// A call that is to be placed: nothing has come of it yet.
    pub fn planned(id: AttemptId, outreach: OutreachId, number: u32, dial: Dial) -> Attempt {
        let Dial { due_at, not_after, phone_kind, phone, language, carrier } = dial;
        Attempt {
            id,
            outreach,
            number,
            status: AttemptStatus::Planned,
            due_at,
            not_after,
            phone_kind,
            phone,
            language,
            carrier,
            carrier_call_id: None,
            placed_at: None,
            answered_at: None,
            ended_at: None,
            answered_by: None,
            heard_seconds: None,
            keys: String::new(),
            outcome: None,
            end_reason: None,
            inbound: false,
        }
    }

    /// Whether this counts as a call made: it rang (final status completed or no-answer), is live, or its fate is
    /// unknown (calling-rules L-05, L-11). What the patient dialled is no call of ours.
    pub fn counts_as_called(&self) -> bool {
        let rang = || self.status.is_final() && self.outcome.is_some_and(|o| o.rang(self.end_reason));
        !self.inbound && (self.status.is_live() || rang())
    }
}
