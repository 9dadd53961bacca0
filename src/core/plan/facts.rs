//! What is known about one patient at the moment of planning.

use crate::domain::{Appointment, Attempt, Outreach, Patient, PhoneNumber, VisitKey, WorkKind};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// One patient with everything that decides about calling them.
#[derive(Debug, Clone, PartialEq)]
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
    /// Worklist items about the patient's visits that were ever opened, closed ones too: none is opened twice.
    pub work: BTreeSet<(WorkKind, VisitKey)>,
}

/// An outreach with its attempts, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct OutreachFacts {
    /// The promise.
    pub outreach: Outreach,
    /// Its attempts, first to last.
    pub attempts: Vec<Attempt>,
}

/// A call that counts under the caps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangCall {
    /// The number that rang.
    pub number: PhoneNumber,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}
