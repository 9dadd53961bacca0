//! Whether a patient has been here before (interfaces, section 4, rule of time 5).

use super::PatientFacts;
use super::visits::VisitView;
use crate::domain::AppointmentStatus;
use chrono::{DateTime, Utc};

/// Why a visit is, or is not, one of an established patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Established {
    /// A row of the feed says so.
    ByFeed,
    /// An earlier visit is known to have taken place.
    ByVisit,
    /// No row says anything, and an earlier visit has passed that was not cancelled or missed.
    ByPassedVisit,
    /// None of these; `passes_at`: when the next earlier visit that would count has begun.
    No { passes_at: Option<DateTime<Utc>> },
}

impl Established {
    pub fn detail(self) -> &'static str {
        match self {
            Established::ByFeed => "the feed says that the patient is established",
            Established::ByVisit => "an earlier visit took place",
            Established::ByPassedVisit => "an earlier visit has passed that was not cancelled or missed",
            Established::No { .. } => "no earlier visit is known",
        }
    }
}

/// Judges one visit by all rows of its patient.
pub(crate) fn established(facts: &PatientFacts, visit: &VisitView, now: DateTime<Utc>) -> Established {
    use AppointmentStatus::{Arrived, Cancelled, Completed, NoShow};
    if facts.appointments.iter().any(|a| a.established == Some(true)) {
        return Established::ByFeed;
    }
    let feed_is_silent = facts.appointments.iter().all(|a| a.established.is_none());
    let mut passed = false;
    let mut passes_at = None;
    for earlier in facts.appointments.iter().filter(|a| a.start < visit.start && !visit.holds(a)) {
        match earlier.status {
            Arrived | Completed => return Established::ByVisit,
            Cancelled | NoShow => {}
            _ if !feed_is_silent => {}
            _ if earlier.start < now => passed = true,
            _ => passes_at = passes_at.min(Some(earlier.start)).or(Some(earlier.start)),
        }
    }
    if passed { Established::ByPassedVisit } else { Established::No { passes_at } }
}
