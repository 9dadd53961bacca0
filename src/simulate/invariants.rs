//! What must be true after a run, whatever happened in it. Each invariant has a name and a sentence.

use crate::core::domain::{AttemptStatus, Outcome};
use crate::core::plan::Rules;
use crate::store::CallLine;
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// Where, without identifying anybody.
    pub detail: String,
}

/// Holds the engine's record of calls against the carrier's own account (calls placed to each number, by E.164) and
/// against the rules. What patients dialled themselves binds us to no hours and no caps.
pub fn violations(
    calls: &[CallLine],
    placed_by_carrier: &BTreeMap<String, u64>,
    rules: &Rules,
    end: DateTime<Utc>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let ours: Vec<&CallLine> = calls.iter().filter(|call| !call.attempt.inbound).collect();
    placed_once(&ours, placed_by_carrier, &mut found);
    inside_hours(&ours, rules, &mut found);
    under_caps(&ours, rules, &mut found);
    nothing_after_opt_out(calls, &ours, &mut found);
    every_call_ended(calls, end, &mut found);
    found
}

fn broken(found: &mut Vec<Violation>, invariant: &'static str, detail: String) {
    found.push(Violation { invariant, detail });
}

/// The carrier placed exactly the calls that the engine has on record: none twice, none lost.
fn placed_once(calls: &[&CallLine], placed_by_carrier: &BTreeMap<String, u64>, found: &mut Vec<Violation>) {
    let mut ours: BTreeMap<&str, u64> = BTreeMap::new();
    for call in calls.iter().filter(|c| c.attempt.carrier_call_id.is_some()) {
        *ours.entry(call.attempt.phone.as_str()).or_default() += 1;
    }
    for (number, placed) in placed_by_carrier {
        let known = ours.get(number.as_str()).copied().unwrap_or_default();
        if known != *placed {
            broken(found, "placed_once", format!("the carrier placed {placed} calls to a number, the record has {known}"));
        }
    }
}

/// No call was placed outside the hard hours of the site's zone.
fn inside_hours(calls: &[&CallLine], rules: &Rules, found: &mut Vec<Violation>) {
    for call in calls {
        let (Some(placed), Some(zone)) = (call.attempt.placed_at, rules.zone(&call.outreach.visit.site)) else { continue };
        let local = placed.with_timezone(&zone);
        let minute = (local.hour() * 60 + local.minute()) as u16;
        if minute < rules.limits.earliest.minutes() || minute >= rules.limits.latest.minutes() {
            broken(found, "inside_hours", format!("call {} was placed at {} local time", call.attempt.id, local.format("%H:%M")));
        }
    }
}

/// No number rang more often on one day than the cap allows.
fn under_caps(calls: &[&CallLine], rules: &Rules, found: &mut Vec<Violation>) {
    let mut rang: BTreeMap<(&str, NaiveDate), u32> = BTreeMap::new();
    for call in calls.iter().filter(|c| c.attempt.counts_as_called()) {
        let (Some(placed), Some(zone)) = (call.attempt.placed_at, rules.zone(&call.outreach.visit.site)) else { continue };
        *rang.entry((call.attempt.phone.as_str(), placed.with_timezone(&zone).date_naive())).or_default() += 1;
    }
    for ((_, day), times) in rang {
        if times > rules.limits.per_day {
            broken(found, "under_caps", format!("a number rang {times} times on {day}"));
        }
    }
}

/// After key 9 no number is called again, and no visit of that patient.
fn nothing_after_opt_out(calls: &[CallLine], ours: &[&CallLine], found: &mut Vec<Violation>) {
    for out in calls.iter().filter(|c| c.opted_out) {
        let later = ours.iter().filter(|c| {
            let same = c.attempt.phone == out.attempt.phone || c.outreach.visit.patient == out.outreach.visit.patient;
            same && c.attempt.placed_at > out.attempt.ended_at
        });
        for call in later {
            broken(
                found,
                "nothing_after_opt_out",
                format!("call {} came after the opt-out in call {}", call.attempt.id, out.attempt.id),
            );
        }
    }
}

/// Every call has ended with an outcome, and every key that was pressed decided it.
fn every_call_ended(calls: &[CallLine], end: DateTime<Utc>, found: &mut Vec<Violation>) {
    for call in calls {
        let attempt = &call.attempt;
        if attempt.status != AttemptStatus::Cancelled
            && attempt.placed_at.is_some_and(|at| at <= end)
            && attempt.outcome.is_none()
        {
            broken(found, "every_call_ended", format!("call {} is {} at the end", attempt.id, attempt.status.as_str()));
        }
        let last_choice = attempt.keys.chars().rev().find(|key| matches!(key, '1' | '2' | '*'));
        let wanted = match last_choice {
            Some('1') => Some(Outcome::Confirmed),
            Some('2') => Some(Outcome::RescheduleRequested),
            _ => None,
        };
        if wanted.is_some() && attempt.outcome.is_some() && attempt.outcome != wanted {
            broken(found, "keys_decide", format!("call {} ended otherwise than its last choice says", attempt.id));
        }
    }
}
