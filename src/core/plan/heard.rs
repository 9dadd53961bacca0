//! What patients heard in calls, as far as it decides what they must still be told.

use super::groups::day_in;
use super::version::{called_at, result, tries};
use super::visits::VisitView;
use super::{OutreachFacts, PatientFacts, Rules};
use crate::domain::{Attempt, LastKnown, Outcome, Outreach, PendingChange, Purpose, VisitKey};
use chrono::{DateTime, Utc};

/// Whether the message of a call reached the patient. A machine on which nothing was left was not told anything.
pub(crate) fn reached(outcome: Outcome) -> bool {
    use Outcome::{Confirmed, Heard, OptedOut, RescheduleRequested, Transferred, VoicemailLeft};
    matches!(outcome, Heard | VoicemailLeft | Confirmed | RescheduleRequested | Transferred | OptedOut)
}

/// The last call of an outreach that reached the patient: when, and with what outcome.
pub(crate) fn last_reached(o: &OutreachFacts) -> Option<(DateTime<Utc>, Outcome)> {
    tries(&o.attempts).map(|a| (called_at(a), result(a))).filter(|(_, outcome)| reached(*outcome)).max_by_key(|(at, _)| *at)
}

/// Calls about one visit for one purpose.
pub(crate) fn about<'a>(facts: &'a PatientFacts, visit: &VisitKey, purpose: Purpose) -> impl Iterator<Item = &'a OutreachFacts> {
    facts.outreaches.iter().filter(move |o| o.outreach.purpose == purpose && o.outreach.visit == *visit)
}

/// From where a visit comes, by the last promise to tell that it was moved.
pub(crate) fn promised_from<'a>(facts: &'a PatientFacts, visit: &VisitKey) -> Option<&'a VisitKey> {
    about(facts, visit, Purpose::Moved).max_by_key(|o| o.outreach.version)?.outreach.moved_from.as_ref()
}

/// When the patient last heard this version of a notice, in a call placed at `since` or later.
pub(crate) fn told_at(
    facts: &PatientFacts,
    visit: &VisitKey,
    purpose: Purpose,
    version: u32,
    since: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    about(facts, visit, purpose)
        .filter(|o| o.outreach.version == version)
        .filter_map(last_reached)
        .map(|(at, _)| at)
        .filter(|at| *at >= since)
        .max()
}

/// Whether the patient asked for another time, in the last call about the visit in which they said what they want, and
/// before the change was made: the change is what they asked for. A request about another start is one about an older
/// version of the visit.
pub(crate) fn asked_for_it(facts: &PatientFacts, visit: &VisitKey, start: DateTime<Utc>, changed_at: DateTime<Utc>) -> bool {
    let about_it = facts
        .outreaches
        .iter()
        .filter(|o| o.outreach.visit == *visit && (o.outreach.start == start || o.outreach.purpose == Purpose::Closure));
    let choices = about_it.flat_map(|o| tries(&o.attempts)).filter(|a| result(a).settles_visit() && ended_at(a) < changed_at);
    choices.max_by_key(|a| called_at(a)).is_some_and(|last| result(last) == Outcome::RescheduleRequested)
}

fn ended_at(attempt: &Attempt) -> DateTime<Utc> {
    attempt.ended_at.unwrap_or_else(|| called_at(attempt))
}

/// The old state of a changed booking, with the times of its first and last edit that are not told yet. Where notices
/// about its visit reached the patient while the change was pending, and the schedule was edited again after the last of
/// those calls was placed, the patient goes by what that one said.
pub(crate) fn as_last_heard(
    rules: &Rules,
    facts: &PatientFacts,
    visits: &[VisitView],
    pending: &PendingChange,
) -> (LastKnown, DateTime<Utc>, DateTime<Utc>) {
    let moved = facts.outreaches.iter().filter(|o| o.outreach.purpose == Purpose::Moved);
    let mut heard: Vec<_> = moved
        .filter_map(|o| Some((last_reached(o)?.0, &o.outreach)))
        .filter(|(at, _)| (pending.first_at..=pending.last_at).contains(at))
        .collect();
    heard.sort_by_key(|(at, _)| *at);
    let mut known = vec![(pending.first_at, pending.old.clone())];
    let mut said = Vec::new();
    for (at, outreach) in heard {
        if let Some((_, old)) = known.last()
            && speaks_of(rules, outreach, old)
        {
            let next = LastKnown { site: outreach.visit.site.clone(), start: outreach.start, ..old.clone() };
            known.push((at, next));
            said.push(outreach);
        }
    }
    let is_true = |outreach: &Outreach| {
        let there = visits.iter().find(|v| v.is(&outreach.visit) && v.booked().next().is_some());
        there.is_some_and(|v| v.start == outreach.start)
    };
    while said.pop().is_some_and(is_true) {
        known.pop();
    }
    let (first_at, old) = known.pop().unwrap_or((pending.first_at, pending.old.clone()));
    (old, first_at, pending.last_at)
}

/// Whether a notice is about the visit to which a booking belonged: it moved from there, or began at another time.
fn speaks_of(rules: &Rules, outreach: &Outreach, old: &LastKnown) -> bool {
    let day = rules.zone(&old.site).map(|zone| day_in(old.start, zone));
    let about = outreach.moved_from.iter().chain([&outreach.visit]);
    about.filter(|visit| visit.site == old.site).any(|visit| Some(visit.day) == day)
}
