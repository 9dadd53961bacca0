//! Somebody calls our number: which visit they may be told of, once they have shown who they are.

use super::notice::notice_of;
use super::phone::was_said_to_be_wrong;
use super::{PatientFacts, Rules};
use crate::domain::{Birthday, Outreach, PhoneNumber, Purpose, group_visits};
use chrono::{DateTime, Utc};

/// Who has the birthday that somebody entered.
#[derive(Debug, PartialEq)]
pub enum Recognized<'f> {
    /// Nobody.
    Nobody,
    /// One patient.
    One(&'f PatientFacts),
    /// Several: they cannot be told apart.
    Several(Vec<&'f PatientFacts>),
}

/// Which of the patients who have a number was born on that day.
pub fn recognize(patients: &[PatientFacts], entered: Birthday) -> Recognized<'_> {
    let born_then = |facts: &&PatientFacts| facts.patient.birth_date.as_ref().is_some_and(|date| entered.is_of(*date.reveal()));
    let found: Vec<_> = patients.iter().filter(born_then).collect();
    match found.as_slice() {
        [] => Recognized::Nobody,
        [one] => Recognized::One(one),
        _ => Recognized::Several(found),
    }
}

/// What the patient may be told of when somebody calls from `caller`: the promise about the nearest visit to come of which
/// we have called or shall call, while what it says is true. None where the patient is to be told nothing by telephone, or
/// nothing at this number (calling-rules L-37), or where it was said not to be theirs.
pub fn pending<'f>(rules: &Rules, facts: &'f PatientFacts, caller: &PhoneNumber, now: DateTime<Utc>) -> Option<&'f Outreach> {
    let flags = &facts.patient.flags;
    let elsewhere = flags.only_number.as_ref().is_some_and(|only| only.reveal() != caller);
    if flags.deceased || flags.no_call || elsewhere || was_said_to_be_wrong(caller, facts) {
        return None;
    }
    let to_come = facts.outreaches.iter().map(|o| &o.outreach).filter(|outreach| outreach.start > now);
    let still_true = to_come.filter(|outreach| is_true(rules, facts, outreach, now) || stands_as_told(rules, facts, outreach));
    // Of one visit a notice goes before the reminder; then what was promised last.
    let turn = |outreach: &&Outreach| (outreach.start, outreach.purpose == Purpose::Reminder);
    let newer = |outreach: &Outreach| (outreach.version, outreach.touch);
    still_true.min_by(|a, b| turn(a).cmp(&turn(b)).then(newer(b).cmp(&newer(a))))
}

/// Whether what a call about `outreach` says is true, and in the case of a notice not told yet: asked when the call is
/// answered.
pub fn is_true(rules: &Rules, facts: &PatientFacts, outreach: &Outreach, now: DateTime<Utc>) -> bool {
    match outreach.purpose {
        Purpose::Reminder => stands(rules, facts, outreach),
        Purpose::Cancelled | Purpose::Moved | Purpose::Closure => notice_of(rules, facts, outreach, now).is_some(),
    }
}

/// Whether a visit was moved to where it is now: who heard so may call and confirm it.
pub fn stands_as_told(rules: &Rules, facts: &PatientFacts, outreach: &Outreach) -> bool {
    outreach.purpose == Purpose::Moved && stands(rules, facts, outreach)
}

/// Whether the visit is booked, begins when the outreach says, and falls into no closure.
fn stands(rules: &Rules, facts: &PatientFacts, outreach: &Outreach) -> bool {
    let (key, start) = (&outreach.visit, outreach.start);
    if facts.closures.iter().any(|it| it.closure.covers(&key.site, start)) {
        return false;
    }
    let visits = group_visits(&facts.appointments, |site| rules.zone(site));
    let visit = visits.iter().find(|visit| visit.key == *key);
    visit.and_then(|visit| visit.booked().next()).is_some_and(|first| first.start == start)
}
