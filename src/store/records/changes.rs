//! What is different and not told yet, why a site is closed, and where numbers came from.

use crate::core::domain::{Closure, LastKnown, PendingChange, PhoneNumber};
use crate::core::ids::{AppointmentId, FeedName, PatientId};
use chrono::{DateTime, Utc};

/// What a batch makes of the pending change of one booking. Its time is that of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeNote {
    /// Which booking.
    pub appointment: AppointmentId,
    /// Whose it is now.
    pub patient: PatientId,
    /// What happened.
    pub edit: ChangeEdit,
}

/// How an edit touches what is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeEdit {
    /// The first one that is not told yet: what the booking was before. Refused where one is pending already.
    First(LastKnown),
    /// One more, also one that makes it what it was: the patient may be hearing of the last one at this moment, so that the
    /// planner alone says when nothing is left to tell. Refused where none is pending.
    Another,
}

/// A pending change that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseChange {
    /// Of which booking.
    pub appointment: AppointmentId,
    /// Its `last_at` when this was decided. An edit that came since then is not told: it stays pending.
    pub last_at: DateTime<Utc>,
    /// Why, in a word: `told`, `void` …
    pub why: String,
}

/// A change with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecord {
    /// The change.
    pub change: PendingChange,
    /// When it was closed and why; none while it is pending.
    pub closed: Option<(DateTime<Utc>, String)>,
}

/// A closure as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureRecord {
    /// What is closed.
    pub closure: Closure,
    /// Why, in the words of who declared it.
    pub reason: String,
    /// How many visits it covered when it was declared.
    pub visits: u64,
    /// When it was withdrawn; none while it is in force.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// Where a number came from: calling it rests on this (calling-rules L-02).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consent {
    /// Whose number.
    pub patient: PatientId,
    /// The number.
    pub phone: PhoneNumber,
    /// Where it came from, as the feed says it; `feed NAME` where it says nothing.
    pub source: String,
    /// When it was first told so.
    pub at: DateTime<Utc>,
    /// Which feed told it.
    pub feed: FeedName,
}
