//! The engine's own record, held against the carrier's account and the rules.

use super::hours::outside_hard_hours;
use super::{
    EVERY_CALL_ENDED, INSIDE_HOURS, KEYS_DECIDE, NOTHING_AFTER_OPT_OUT, PLACED_ONCE, UNDER_CAPS, Violation, keys::decided,
};
use crate::core::domain::AttemptStatus;
use crate::core::plan::Rules;
use crate::store::CallLine;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

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
    found.push(Violation::new(invariant, detail));
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
            broken(found, PLACED_ONCE, format!("the carrier placed {placed} calls to a number, the record has {known}"));
        }
    }
}

/// No call was placed outside the hard hours of the site's zone.
fn inside_hours(calls: &[&CallLine], rules: &Rules, found: &mut Vec<Violation>) {
    for call in calls {
        let (Some(placed), Some(zone)) = (call.attempt.placed_at, rules.zone(&call.outreach.visit.site)) else { continue };
        if let Some(outside) = outside_hard_hours(rules, zone, placed) {
            broken(found, INSIDE_HOURS, format!("call {} was placed {outside}", call.attempt.id));
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
            broken(found, UNDER_CAPS, format!("a number rang {times} times on {day}"));
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
                NOTHING_AFTER_OPT_OUT,
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
            broken(found, EVERY_CALL_ENDED, format!("call {} is {} at the end", attempt.id, attempt.status.as_str()));
        }
        let outcome = attempt.outcome.filter(|outcome| !decided(&attempt.keys).allows(*outcome));
        if let Some(outcome) = outcome {
            let (id, keys) = (&attempt.id, &attempt.keys);
            broken(found, KEYS_DECIDE, format!("call {id} ended as {} with keys {keys:?}", outcome.as_str()));
        }
    }
}
