//! What goes into the store and comes out of it.

mod changes;
mod incoming;
mod lists;
mod lost;
mod opt_outs;
mod replay;
mod services;

pub use changes::{ChangeEdit, ChangeNote, ChangeRecord, CloseChange, ClosureRecord, Consent};
pub use incoming::{Caller, IncomingCall, IncomingCommit, IncomingKey, IncomingVerdict, Join, NewIncoming};
pub use lists::{CallCount, CallLine, CallQuery, Direction, WebhookEntry, WebhookQuery};
pub use lost::LostTime;
pub use opt_outs::{OptIn, OptOut, OptOutRecord};
pub use replay::{Replay, ReplayQuery, RuleSet};
pub use services::{Reclassify, UnknownService};

use crate::core::call::{Brief, CallEvent};
use crate::core::domain::{
    AnsweredBy, Appointment, Attempt, AttemptStatus, EndReason, Outcome, Outreach, Patient, PendingChange, PhoneKind,
    PhoneNumber, VisitKey, WorkItem, WorkKind,
};
use crate::core::ids::{AttemptId, AttemptToken, CarrierName, FeedName, JobName, LanguageTag, PatientId, SiteKey};
use crate::core::link::CarrierState;
use crate::core::phi::Phi;
use crate::core::plan::PatientFacts;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// A stored thing with its revision: 0 is "not stored", each write raises it by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised<T> {
    /// The thing.
    pub value: T,
    /// Its revision when it was read, or the one it must still have when it is written.
    pub revision: i64,
}

/// What intake must know before it decides.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// The bookings asked for that are stored.
    pub appointments: Vec<Revised<Appointment>>,
    /// The patients asked for that are stored.
    pub patients: Vec<Revised<Patient>>,
    /// What is pending about the bookings asked for.
    pub changes: Vec<PendingChange>,
    /// Where the numbers of the patients asked for are known to come from.
    pub consents: Vec<Consent>,
}

/// One batch of a feed, decided.
#[derive(Debug, Clone, PartialEq)]
pub struct IntakeBatch {
    /// Which feed.
    pub feed: FeedName,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The raw rows or messages, kept as they came.
    pub raw: Vec<RawInput>,
    /// Bookings to write, each with the revision it must still have (0: none yet).
    pub appointments: Vec<Revised<Appointment>>,
    /// Patients to write, likewise.
    pub patients: Vec<Revised<Patient>>,
    /// Visits whose planned attempts are withdrawn, because what they would say is no longer true.
    pub withdraw: Vec<VisitKey>,
    /// Opt-outs the feed brought.
    pub opt_outs: Vec<OptOut>,
    /// What becomes of pending changes.
    pub changes: Vec<ChangeNote>,
    /// Where numbers came from; what is on record already is left alone.
    pub consents: Vec<Consent>,
    /// The sites a live feed spoke of in this batch: it is not silent. None for what is taken in by hand.
    pub heard: Option<Vec<SiteKey>>,
}

/// One row or message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawInput {
    /// First physical line in its file.
    pub line: u64,
    /// Its text.
    pub text: Phi<String>,
    /// Why it was refused, where it was.
    pub refused: Option<String>,
}

/// What the planner decided, to be written in one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanCommit {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// New attempts, each with the outreach it serves. Where (visit, version, purpose, touch) exists already, the stored
    /// outreach is used and the attempt joins it.
    pub open: Vec<(Outreach, Attempt)>,
    /// Planned attempts that get another time or number.
    pub shift: Vec<ShiftAttempt>,
    /// Planned attempts that are not to be made (they become cancelled, end reason withdrawn).
    pub withdraw: Vec<AttemptId>,
    /// Worklist items to open, unless one of the kind is open for the visit.
    pub open_work: Vec<WorkItem>,
    /// Items the schedule has settled: every open item of this kind about this visit is closed.
    pub close_work: Vec<(WorkKind, VisitKey)>,
    /// Pending changes that are over, unless they were edited since then.
    pub close_changes: Vec<CloseChange>,
    /// Decisions, kept when they differ from the last one of the same visit and job.
    pub decisions: Vec<StoredDecision>,
    /// What they were made from. It is kept for a patient (without names and birth date) where one of the patient's
    /// decisions is kept, and the rules are given.
    pub facts: Arc<Vec<PatientFacts>>,
    /// The rules they were made by.
    pub rules: Option<RuleSet>,
}

/// The first entries of the queue of patients whose facts changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// The number of the last of these entries; 0 where there is none.
    pub upto: i64,
    /// Whose facts changed, each once.
    pub patients: Vec<PatientId>,
}

/// Another time, number, language or carrier for a planned attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftAttempt {
    /// Which.
    pub attempt: AttemptId,
    /// Not before.
    pub due_at: DateTime<Utc>,
    /// Not at or after.
    pub not_after: DateTime<Utc>,
    /// Which telephone.
    pub phone_kind: PhoneKind,
    /// Its number.
    pub phone: PhoneNumber,
    /// The language of the call.
    pub language: LanguageTag,
    /// Who places it.
    pub carrier: CarrierName,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// Which visit.
    pub visit: VisitKey,
    /// Which job; empty where there is none.
    pub job: JobName,
    /// What decides whether it differs from the last one: the verdict, its reason, version and touch.
    pub essence: String,
    /// The decision with its reasons, as JSON.
    pub body: String,
}

/// A dialler's wish for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Who places the calls.
    pub carrier: CarrierName,
    /// Now.
    pub now: DateTime<Utc>,
    /// Until when they are its own.
    pub until: DateTime<Utc>,
    /// The dialler's name, new at every start.
    pub holder: String,
    /// At most so many.
    pub limit: u32,
    /// The carrier's lines: those in use, leased or live, count against them, whoever uses them.
    pub max_lines: u32,
    /// Sites whose visits are not called about now, because their feed is silent.
    pub skip_sites: Vec<SiteKey>,
}

/// How a carrier stands, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct CarrierRow {
    /// How it stands.
    pub state: CarrierState,
    /// What it must still be when it is written ([`super::Store::save_carrier`]).
    pub revision: i64,
    /// When the first turn begins that nobody has reserved.
    pub next_send_at: DateTime<Utc>,
}

/// A dialler's wish for turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnWish {
    /// Of which carrier.
    pub carrier: CarrierName,
    /// Now.
    pub now: DateTime<Utc>,
    /// From one turn to the next.
    pub gap: Duration,
    /// How many.
    pub count: u32,
    /// The first one must not be later than this.
    pub latest: DateTime<Utc>,
}

/// An attempt that a dialler holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    /// The attempt, status leased.
    pub attempt: Attempt,
    /// The promise it serves.
    pub outreach: Outreach,
}

/// Everything that must hold, and be written, when the carrier is about to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestOrder {
    /// Which attempt; it must be leased by `holder`.
    pub attempt: AttemptId,
    /// Who holds it.
    pub holder: String,
    /// Now: becomes `placed_at`.
    pub now: DateTime<Utc>,
    /// Until when the answer of the carrier must be known; afterwards the attempt's fate counts as unknown.
    pub lease_until: DateTime<Utc>,
    /// When the call is over at the latest.
    pub deadline: DateTime<Utc>,
    /// Its secret.
    pub token: AttemptToken,
    /// What it is about.
    pub brief: Brief,
    /// At most so many calls that count since each moment, per patient and per number, this one not included.
    pub caps: Vec<Cap>,
    /// Whether an opt-out of the patient or the number forbids the call.
    pub respect_opt_outs: bool,
    /// The stamp of the facts that the call was judged by ([`PatientFacts::stamp`]): it must still be the same. None: not
    /// asked.
    pub stamp: Option<i64>,
}

/// A cap, as arithmetic: fewer than `limit` calls that count may have been placed at or after `since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// From when calls are counted.
    pub since: DateTime<Utc>,
    /// The cap.
    pub limit: u32,
}

/// Whether the carrier may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestVerdict {
    /// It is committed as requesting: ask.
    Granted,
    /// The lease was lost.
    LeaseLost,
    /// Another call to the number is live.
    NumberInUse,
    /// A cap is full.
    Capped,
    /// The patient or the number opted out.
    OptedOut,
    /// Something about the patient changed since the facts were read: read them again.
    Stale,
}

/// What becomes of a leased attempt that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBack {
    /// Planned again, not before this moment.
    Later(DateTime<Utc>),
    /// Cancelled (end reason withdrawn): the planner plans anew.
    Cancel,
}

/// An attempt whose call exists or may exist.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveCall {
    /// The attempt.
    pub attempt: Attempt,
    /// Until when the carrier's answer must be known.
    pub lease_until: DateTime<Utc>,
    /// When the call is over at the latest.
    pub deadline: DateTime<Utc>,
}

/// A call with its whole history.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The attempt.
    pub attempt: Attempt,
    /// The promise it serves.
    pub outreach: Outreach,
    /// Its secret.
    pub token: AttemptToken,
    /// What it is about.
    pub brief: Brief,
    /// What happened, in order of arrival.
    pub events: Vec<StoredEvent>,
    /// When the call is over at the latest.
    pub deadline: DateTime<Utc>,
}

/// Something that happened, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// What.
    pub event: CallEvent,
    /// What makes a repeat of it recognizable, such as `step:3`; unique within the call.
    pub key: Option<String>,
    /// The document that was answered: a repeat gets the same.
    pub reply: Option<String>,
}

/// What follows from new events of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallCommit {
    /// Which call.
    pub attempt: AttemptId,
    /// How many events the decision was based on.
    pub after_events: usize,
    /// The new events.
    pub events: Vec<StoredEvent>,
    /// How the call stands now.
    pub standing: StoredStanding,
    /// The carrier's own id, when it became known.
    pub carrier_call_id: Option<String>,
    /// An opt-out by key.
    pub opt_out: Option<OptOut>,
    /// Worklist items to open, unless one of the kind is open for the visit.
    pub open_work: Vec<WorkItem>,
    /// Worklist items to close: by what was said later they are settled.
    pub close_work: Vec<(WorkKind, VisitKey)>,
    /// Audio ids and what they stand for; known ones are left alone.
    pub audio: Vec<(String, String)>,
    /// The entry of the webhook log that belongs to it.
    pub log: Option<WebhookEntry>,
}

/// How a call stands: what the attempt's row shows.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredStanding {
    /// Where it stands.
    pub status: AttemptStatus,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who or what answered.
    pub answered_by: Option<AnsweredBy>,
    /// Seconds between answer and end.
    pub heard_seconds: Option<u32>,
    /// Every key, in order.
    pub keys: String,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// What ended it.
    pub end_reason: Option<EndReason>,
}
