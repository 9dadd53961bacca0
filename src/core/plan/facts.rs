//! What is known about one patient at the moment of planning.

use crate::domain::{Appointment, Attempt, Closure, Outreach, Patient, PendingChange, PhoneNumber, VisitKey, WorkKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One patient with everything that decides about calling them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatientFacts {
    /// The patient.
    pub patient: Patient,
    /// All their known bookings, past ones too.
    pub appointments: Vec<Appointment>,
    /// What was promised and tried so far.
    pub outreaches: Vec<OutreachFacts>,
    /// Whether the suppression list holds the patient.
    pub opted_out: bool,
    /// Those of the patient's numbers that the suppression list holds.
    pub opted_out_numbers: BTreeSet<PhoneNumber>,
    /// Calls of the last eight days that count as made to any of the patient's numbers about *other* patients. (The
    /// patient's own calls stand in `outreaches`.)
    pub other_calls: Vec<RangCall>,
    /// Worklist items about the patient's visits that were ever opened, closed ones too.
    pub work: Vec<WorkFacts>,
    /// Bookings that are different from what the patient was last told or was going to be told.
    pub changes: Vec<PendingChange>,
    /// Closures in force at a site and time at which the patient has a booking.
    pub closures: Vec<ClosureFacts>,
    /// A number that changes whenever a feed changed something about the patient, or what is pending or closed for them: who
    /// read the facts can tell later whether they still hold. It decides nothing.
    #[serde(default)]
    pub stamp: i64,
}

/// A worklist item, as far as planning needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkFacts {
    /// Why it was opened.
    pub kind: WorkKind,
    /// About which visit.
    pub visit: VisitKey,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// Where it stands.
    pub standing: WorkStanding,
}

/// Where a worklist item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkStanding {
    /// It waits for a person, or a person has it.
    Open,
    /// A person closed it.
    Done,
    /// It closed by itself: what it asked for is settled, and may come up again.
    Settled,
}

/// A closure with the turn of one patient's notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosureFacts {
    /// What is closed.
    pub closure: Closure,
    /// The place of this patient's visit among all that it covers, in order of visit time, from 0; none for a visit that
    /// was booked after the closure was declared.
    pub position: Option<u32>,
}

/// An outreach with its attempts, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutreachFacts {
    /// The promise.
    pub outreach: Outreach,
    /// Its attempts, first to last.
    pub attempts: Vec<Attempt>,
}

/// A call that counts under the caps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangCall {
    /// The number that rang.
    pub number: PhoneNumber,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}
