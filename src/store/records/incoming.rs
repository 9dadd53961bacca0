//! Calls to our number, in and out of the store.

use super::{Cap, OptOut, WebhookEntry};
use crate::core::call::{Brief, IncomingTalk};
use crate::core::domain::{Attempt, PhoneNumber, WorkItem};
use crate::core::ids::{AttemptId, AttemptToken, CarrierName, LanguageTag, PatientId};
use chrono::{DateTime, Utc};

/// By what an incoming call is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncomingKey {
    /// Its own secret.
    Token(AttemptToken),
    /// The carrier's id of it.
    Carrier(CarrierName, String),
}

/// A call to our number.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingCall {
    /// Its own secret.
    pub token: AttemptToken,
    /// Through which carrier it came.
    pub carrier: CarrierName,
    /// The carrier's id of it.
    pub carrier_call_id: String,
    /// The number that calls; none where it is withheld.
    pub caller: Option<PhoneNumber>,
    /// When it came.
    pub at: DateTime<Utc>,
    /// In which language it is answered.
    pub language: LanguageTag,
    /// How far the talk has come.
    pub talk: IncomingTalk,
    /// What it became, once a patient was recognized.
    pub attempt: Option<(AttemptId, AttemptToken)>,
    /// When it was over, as far as the carrier told.
    pub ended_at: Option<DateTime<Utc>>,
    /// What was answered when each step was answered, in their order; 0 is the first request.
    pub replies: Vec<(u32, String)>,
}

/// A call that has just come, and what it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIncoming {
    /// The call, without replies.
    pub call: IncomingCall,
    /// The document that was answered to the first request.
    pub reply: String,
    /// Audio ids and what they stand for; known ones are left alone.
    pub audio: Vec<(String, String)>,
    /// The entry of the webhook log that belongs to it.
    pub log: Option<WebhookEntry>,
    /// Calls that came before and joined no attempt are forgotten, a few at a time: they hold strangers' numbers.
    pub forget_before: DateTime<Utc>,
}

/// The answer to a step of an incoming call, and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingCommit {
    /// Which call.
    pub token: AttemptToken,
    /// The step that is answered. It must be the last one that was given.
    pub step: u32,
    /// How the talk stands now.
    pub talk: IncomingTalk,
    /// The document that is answered: a repeat gets the same.
    pub reply: String,
    /// Where a birthday was entered: fewer than `limit` wrong ones may have been entered since then from this
    /// number, or from all numbers of one of its patients.
    pub guess: Option<Cap>,
    /// The call goes on as this attempt.
    pub join: Option<Box<Join>>,
    /// An opt-out by key.
    pub opt_out: Option<OptOut>,
    /// Worklist items to open, unless one of the kind is open about the same.
    pub open_work: Vec<WorkItem>,
    /// Audio ids and what they stand for; known ones are left alone.
    pub audio: Vec<(String, String)>,
    /// The entry of the webhook log that belongs to it.
    pub log: Option<WebhookEntry>,
}

/// An incoming call that becomes an attempt of a promise. Whatever attempt of that promise is planned or leased is
/// withdrawn: the patient is on the line.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The attempt, in progress. Its number is given by the store.
    pub attempt: Attempt,
    /// Whose promise it is.
    pub patient: PatientId,
    /// Its secret.
    pub token: AttemptToken,
    /// What it is about.
    pub brief: Brief,
    /// When the call is over at the latest.
    pub deadline: DateTime<Utc>,
}

/// Whether the answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncomingVerdict {
    /// It is committed.
    Done,
    /// Nothing was written: a call to this number, or to this patient, is live, or this one is over.
    InUse,
    /// Nothing was written: too many wrong birthdays were entered.
    TooManyGuesses,
}

/// What is known of a number that calls us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// Whose number it is, in the store's order of ids.
    pub patients: Vec<PatientId>,
    /// How many wrong birthdays were entered in calls from it, or from all numbers of one of its patients, where those are more.
    pub wrong: u32,
}
