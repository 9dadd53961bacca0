//! What people must do about a patient's visits: items that are opened, and those that the schedule has settled.

use super::groups::day_in;
use super::heard::last_reached;
use super::version::{called_at, result, tries};
use super::visits::{VisitView, visits_of};
use super::{Decision, NewWorkItem, PatientFacts, PlanAction, Rules, Skip, Verdict, WorkStanding, closures, owed, owed::Owed};
use crate::domain::{Outcome, Outreach, Purpose, VisitKey, WorkKind};
use chrono::{DateTime, Utc};

/// The items that the planner opens and closes by itself.
const OURS: [WorkKind; 3] = [WorkKind::Review, WorkKind::Unreached, WorkKind::ChangeUnannounced];

/// What is to be opened and closed. `all_told`: no change stays pending.
pub(crate) fn work(
    rules: &Rules,
    decisions: &[Decision],
    facts: &PatientFacts,
    all_told: bool,
    now: DateTime<Utc>,
) -> Vec<PlanAction> {
    let has_notices = facts.outreaches.iter().any(|o| o.outreach.purpose != Purpose::Reminder);
    let has_open = facts.work.iter().any(|w| w.standing == WorkStanding::Open);
    let mut wanted = by_decisions(decisions);
    let has_promises = facts.outreaches.iter().flat_map(|o| &o.attempts).any(owed::was_promised);
    if !has_notices && !has_promises && !has_open && wanted.is_empty() {
        return Vec::new();
    }
    let visits = visits_of(rules, facts);
    if has_notices {
        wanted.extend(messages_left(facts, &visits, now));
    }
    if has_notices || has_promises {
        wanted.extend(owed::items(&Owed { decisions, facts, all_told }, &visits, now));
    }
    let mut actions = Vec::new();
    for item in wanted.iter().enumerate().filter(|(i, item)| !wanted[..*i].iter().any(|w| same(w, item))).map(|(_, item)| item) {
        let known = || facts.work.iter().filter(|w| w.kind == item.kind && w.visit == item.visit);
        let is_open = known().any(|w| w.standing == WorkStanding::Open);
        // What a person closed stays closed, but a later change is another one.
        let is_done = known().any(|w| w.standing == WorkStanding::Done) && item.kind != WorkKind::ChangeUnannounced;
        if !is_open && !is_done {
            actions.push(PlanAction::OpenWork(item.clone()));
        }
    }
    if has_open {
        let open = facts.work.iter().filter(|w| w.standing == WorkStanding::Open);
        let settled = open.filter(|w| !wanted.iter().any(|item| (item.kind, &item.visit) == (w.kind, &w.visit)));
        for w in settled.filter(|w| is_settled(rules, facts, &visits, w.kind, &w.visit, now)) {
            actions.push(PlanAction::CloseWork { kind: w.kind, visit: w.visit.clone() });
        }
    }
    actions
}

fn same(a: &NewWorkItem, b: &NewWorkItem) -> bool {
    (a.kind, &a.visit) == (b.kind, &b.visit)
}

/// Items that decisions ask for. What one job cannot tell may be told by another, now or when a cap lifts.
fn by_decisions(decisions: &[Decision]) -> Vec<NewWorkItem> {
    let calls = |d: &Decision| match d.verdict {
        Verdict::Call(_) => true,
        Verdict::Skip(Skip::Capped) => d.opens.is_none(),
        _ => false,
    };
    let called = |d: &Decision| {
        let same = |other: &&Decision| (other.purpose, &other.visit) == (d.purpose, &d.visit);
        decisions.iter().filter(same).any(calls)
    };
    decisions
        .iter()
        .filter_map(|d| Some((d, d.opens?, d.verdict.reason()?)))
        .filter(|(d, kind, _)| *kind != WorkKind::ChangeUnannounced || !called(d))
        .map(|(d, kind, reason)| NewWorkItem { kind, visit: d.visit.clone(), due_at: d.due_at(), known: known(kind, reason) })
        .collect()
}

/// What a person should read: the reason of the decision, but "already reached" says little of somebody who is unreached.
fn known(kind: WorkKind, reason: &'static str) -> &'static str {
    if kind == WorkKind::Unreached && reason == Skip::AlreadyReached.as_str() { "voicemail_left" } else { reason }
}

/// Notices of which only a message on a machine came to the patient, while they are still true and nothing was heard
/// since: a person should try (interfaces, section 5, the table of outcomes).
fn messages_left<'a>(
    facts: &'a PatientFacts,
    visits: &'a [VisitView],
    now: DateTime<Utc>,
) -> impl Iterator<Item = NewWorkItem> + 'a {
    let notices = facts.outreaches.iter().filter(|o| o.outreach.purpose != Purpose::Reminder);
    notices.filter_map(move |o| {
        let (left, Outcome::VoicemailLeft) = last_reached(o)? else { return None };
        let outreach = &o.outreach;
        let of_visit = facts.outreaches.iter().filter(|other| other.outreach.visit == outreach.visit);
        let heard_since = of_visit.filter_map(last_reached).any(|(at, outcome)| at >= left && outcome != Outcome::VoicemailLeft);
        (is_true(facts, visits, outreach) && !heard_since && outreach.start > now).then(|| NewWorkItem {
            kind: WorkKind::Unreached,
            visit: outreach.visit.clone(),
            due_at: outreach.start,
            known: "voicemail_left",
        })
    })
}

/// Whether what a call was to say is still so.
pub(crate) fn is_true(facts: &PatientFacts, visits: &[VisitView], outreach: &Outreach) -> bool {
    let visit = visits.iter().find(|v| v.is(&outreach.visit));
    let booked_at_that_time = visit.is_some_and(|v| v.booked().any(|b| b.start == outreach.start));
    match outreach.purpose {
        Purpose::Cancelled => !booked_at_that_time,
        Purpose::Closure => visit.is_some_and(|v| v.booked().next().is_some() && closures::of_visit(facts, v).is_some()),
        _ => booked_at_that_time && visit.is_some_and(|v| v.start == outreach.start),
    }
}

/// Whether the schedule shows that an open item, for which nothing asks any more, is settled.
fn is_settled(
    rules: &Rules,
    facts: &PatientFacts,
    visits: &[VisitView],
    kind: WorkKind,
    key: &VisitKey,
    now: DateTime<Utc>,
) -> bool {
    let Some(zone) = rules.zone(&key.site) else { return false };
    let visit = visits.iter().find(|v| v.is(key));
    let nothing_booked = visit.is_none_or(|v| v.booked().next().is_none());
    let to_come = visit.map_or(key.day >= day_in(now, zone), |v| v.start > now);
    match kind {
        // Nobody told the patient in time: that stays to be seen.
        WorkKind::ChangeUnannounced => to_come,
        _ if OURS.contains(&kind) => to_come || nothing_booked,
        WorkKind::RescheduleRequest => request_is_settled(facts, visit, key, nothing_booked),
        _ => false,
    }
}

/// A request is settled when the visit is gone or has another time, or when the patient said yes to it later. One about a
/// visit that was called off asks for a new visit: it is settled when the old one stands again.
fn request_is_settled(facts: &PatientFacts, visit: Option<&VisitView>, key: &VisitKey, nothing_booked: bool) -> bool {
    let calls = || {
        let of_visit = facts.outreaches.iter().filter(|o| o.outreach.visit == *key);
        of_visit.flat_map(|o| tries(&o.attempts).map(move |attempt| (&o.outreach, attempt)))
    };
    let request = calls().filter(|(_, a)| result(a) == Outcome::RescheduleRequested).max_by_key(|(_, a)| called_at(a));
    let Some((about, asked)) = request else { return nothing_booked };
    let confirmed_later = calls().any(|(_, a)| result(a) == Outcome::Confirmed && called_at(a) > called_at(asked));
    let other_start = visit.is_some_and(|v| v.start != about.start);
    confirmed_later
        || match about.purpose {
            Purpose::Cancelled => !nothing_booked && !other_start,
            Purpose::Closure => nothing_booked,
            Purpose::Reminder | Purpose::Moved => nothing_booked || other_start,
        }
}

/// Whether something is known to have been told by a person: its item was opened after the change, and closed by one.
pub(crate) fn told_by_a_person(facts: &PatientFacts, visit: &VisitKey, since: DateTime<Utc>) -> bool {
    let done = |w: &&super::WorkFacts| (w.kind, w.standing) == (WorkKind::ChangeUnannounced, WorkStanding::Done);
    facts.work.iter().filter(done).any(|w| w.visit == *visit && w.opened_at >= since)
}
