//! What patients heard in calls, as far as it decides what they must still be told.

use super::version::{called_at, result, tries};
use super::visits::VisitView;
use super::{OutreachFacts, PatientFacts};
use crate::domain::{Attempt, LastKnown, Outcome, PendingChange, Purpose, VisitKey};
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

/// The old state of a changed booking, with the times of its first and last edit that are not told yet. Where a notice
/// reached the patient while the change was pending, and the schedule was edited again after that call was placed, the
/// patient goes by what that notice said.
pub(crate) fn as_last_heard(
    facts: &PatientFacts,
    visits: &[VisitView],
    pending: &PendingChange,
) -> (LastKnown, DateTime<Utc>, DateTime<Utc>) {
    let no_longer_true = |o: &&OutreachFacts| {
        let now_there = visits.iter().find(|v| v.is(&o.outreach.visit) && v.booked().next().is_some());
        now_there.is_none_or(|v| v.start != o.outreach.start)
    };
    let heard = facts
        .outreaches
        .iter()
        .filter(|o| o.outreach.purpose == Purpose::Moved)
        .filter_map(|o| Some((o, last_reached(o)?.0)))
        .filter(|(_, at)| (pending.first_at..=pending.last_at).contains(at))
        .filter(|(o, _)| no_longer_true(o))
        .max_by_key(|(_, at)| *at);
    match heard {
        None => (pending.old.clone(), pending.first_at, pending.last_at),
        Some((o, at)) => {
            let old = LastKnown { site: o.outreach.visit.site.clone(), start: o.outreach.start, ..pending.old.clone() };
            (old, at, pending.last_at)
        }
    }
}
