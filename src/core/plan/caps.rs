//! How many calls a patient and a number take (calling-rules L-05, L-11). The dialler asks again just before dialling.

use super::version::called_at;
use super::{Limits, PatientFacts};
use crate::domain::{AttemptStatus, PhoneNumber, Purpose, resolve_local};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use chrono_tz::Tz;
use std::fmt;

/// A cap that the calls made so far fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapReached {
    /// Which.
    pub cap: Cap,
    /// Whose calls fill it.
    pub whose: CapOwner,
    /// Calls made in its span.
    pub made: usize,
    /// How many are allowed, less what is kept free for notices.
    pub limit: usize,
    /// When it lifts, if no further call is made; never where nothing is allowed at all.
    pub lifts_at: Option<DateTime<Utc>>,
}

/// The spans of the caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// A local day of the site.
    PerDay,
    /// Any 168 hours.
    PerWeek,
}

/// Whose calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapOwner {
    /// The patient's, on all numbers.
    Patient,
    /// The number's, about all patients.
    Number,
}

impl fmt::Display for CapReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cap = match self.cap {
            Cap::PerDay => "per_day",
            Cap::PerWeek => "per_week",
        };
        let whose = match self.whose {
            CapOwner::Patient => "the patient",
            CapOwner::Number => "the number",
        };
        write!(f, "{cap}: {} made to {whose}, {} allowed", self.made, self.limit)
    }
}

/// The cap that forbids a call to `number` at the moment `at`, if any. The day is the local date in `zone`, the site's.
///
/// Of `per_week`, `notice_reserve` stays free when a reminder has been made: reminders stop at the difference, whatever
/// the calls were for that fill it.
pub fn cap_at(
    limits: &Limits,
    facts: &PatientFacts,
    number: &PhoneNumber,
    purpose: Purpose,
    zone: Tz,
    at: DateTime<Utc>,
) -> Option<CapReached> {
    cap_beside(limits, facts, number, purpose, zone, at, &[])
}

/// As [`cap_at()`], with calls to the patient that are promised already and go first: they fill their day, and what is left
/// of the week beside what stays free for them anyhow.
pub(crate) fn cap_beside(
    limits: &Limits,
    facts: &PatientFacts,
    number: &PhoneNumber,
    purpose: Purpose,
    zone: Tz,
    at: DateTime<Utc>,
    promised: &[DateTime<Utc>],
) -> Option<CapReached> {
    let week = Duration::hours(168);
    let near = |call: DateTime<Utc>| (at - call).abs() < week;
    let mut to_patient = Vec::new();
    let mut to_number = Vec::new();
    for attempt in facts.outreaches.iter().flat_map(|o| &o.attempts) {
        let call = called_at(attempt);
        if attempt.status != AttemptStatus::Cancelled && attempt.counts_as_called() && near(call) {
            to_patient.push(call);
            if attempt.phone == *number {
                to_number.push(call);
            }
        }
    }
    to_number.extend(facts.other_calls.iter().filter(|c| c.number == *number && near(c.placed_at)).map(|c| c.placed_at));
    let reserve = if purpose == Purpose::Reminder { limits.notice_reserve } else { 0 };
    let per_week = limits.per_week.saturating_sub(reserve) as usize;
    let per_day = limits.per_day as usize;
    let day = at.with_timezone(&zone).date_naive();
    let next_day = day.succ_opt().map(|next| resolve_local(next.and_time(NaiveTime::MIN), zone));

    for (whose, calls) in [(CapOwner::Patient, &mut to_patient), (CapOwner::Number, &mut to_number)] {
        let of_day = |call: &&DateTime<Utc>| call.with_timezone(&zone).date_naive() == day;
        let promised: &[_] = if whose == CapOwner::Patient { promised } else { &[] };
        let made = calls.iter().filter(of_day).count() + promised.iter().filter(of_day).count();
        if made >= per_day {
            let lifts_at = next_day.filter(|_| per_day > 0);
            return Some(CapReached { cap: Cap::PerDay, whose, made, limit: per_day, lifts_at });
        }
        let made = calls.len();
        let kept = promised.iter().filter(|call| near(**call)).count();
        let limit = per_week.min((limits.per_week as usize).saturating_sub(kept));
        if made >= limit {
            calls.sort_unstable();
            let lifts_at = calls.get(made - limit).map(|call| *call + week);
            return Some(CapReached { cap: Cap::PerWeek, whose, made, limit, lifts_at });
        }
    }
    None
}

/// The caps as arithmetic for the transaction that begins a call at `at`: since when calls are counted, that moment
/// included, and how many may have been made to the patient and to the number. A call exactly 168 hours ago counts no more;
/// moments are kept to the microsecond.
pub fn counted_since(limits: &Limits, purpose: Purpose, zone: Tz, at: DateTime<Utc>) -> [(DateTime<Utc>, u32); 2] {
    let midnight = at.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN);
    let reserve = if purpose == Purpose::Reminder { limits.notice_reserve } else { 0 };
    let week = at - Duration::hours(168) + Duration::microseconds(1);
    [(resolve_local(midnight, zone), limits.per_day), (week, limits.per_week.saturating_sub(reserve))]
}
