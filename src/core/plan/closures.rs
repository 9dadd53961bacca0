//! Closures of a site: whose visit does not take place, or begins later, and who was told so.

use super::decision::Announced;
use super::heard;
use super::notice::Notice;
use super::version::notice_version;
use super::visits::VisitView;
use super::work::told_by_a_person;
use super::{ClosureFacts, PatientFacts};
use crate::domain::{Appointment, LastKnown, Purpose, VisitKey};
use chrono::{DateTime, Utc};

/// The closure that holds for a visit: the newest one into which its spoken start falls; where there is none, the newest
/// that is no late opening and into which another of its bookings falls.
pub(crate) fn of_visit<'a>(facts: &'a PatientFacts, visit: &VisitView) -> Option<&'a ClosureFacts> {
    let falls = |c: &&ClosureFacts| c.closure.delay_to.is_none() && visit.booked().any(|b| c.closure.covers(visit.site, b.start));
    let newest = |c: &&ClosureFacts| (c.closure.declared_at, c.closure.id.clone());
    covering(facts, visit).or_else(|| facts.closures.iter().filter(falls).max_by_key(newest))
}

/// The closure into which the spoken start of a visit falls: there is nothing to remind of.
pub(crate) fn covering<'a>(facts: &'a PatientFacts, visit: &VisitView) -> Option<&'a ClosureFacts> {
    if facts.closures.is_empty() {
        return None;
    }
    let covers = |c: &&ClosureFacts| c.closure.covers(visit.site, visit.start);
    facts.closures.iter().filter(covers).max_by_key(|c| (c.closure.declared_at, &c.closure.id))
}

/// One notice for every booked visit to come that falls into a closure, until the patient was told.
pub(crate) fn notices(facts: &PatientFacts, visits: &[VisitView], now: DateTime<Utc>) -> Vec<Notice> {
    if facts.closures.is_empty() {
        return Vec::new();
    }
    let to_come = visits.iter().filter(|v| v.start > now && v.booked().next().is_some());
    to_come.filter_map(|visit| Some(notice(facts, visit, of_visit(facts, visit)?))).filter(|n| !is_told(facts, n)).collect()
}

fn notice(facts: &PatientFacts, visit: &VisitView, of: &ClosureFacts) -> Notice {
    let closure = &of.closure;
    let fallen: Vec<&Appointment> = visit.booked().filter(|b| closure.covers(visit.site, b.start)).collect();
    let old_start = fallen.iter().map(|b| b.start).min().unwrap_or(visit.start);
    let last_known = |b: &&Appointment| LastKnown {
        site: b.site.clone(),
        start: b.start,
        service: b.service,
        department: b.department.clone(),
    };
    let mut notice = Notice {
        visit: visit.key(),
        purpose: Purpose::Closure,
        version: 0,
        start: closure.delay_to.unwrap_or(old_start),
        zone: visit.zone,
        old: Announced { site: visit.site.clone(), start: old_start, zone: visit.zone },
        delayed: closure.delay_to.is_some(),
        closure: Some(closure.id.clone()),
        position: of.position,
        appointments: visit.spoken_ids(),
        changes: Vec::new(),
        about: fallen.iter().map(last_known).collect(),
        first_at: closure.declared_at,
        last_at: closure.declared_at,
    };
    notice.version = notice_version(facts, &notice);
    notice
}

fn is_told(facts: &PatientFacts, notice: &Notice) -> bool {
    heard::told_at(facts, &notice.visit, notice.purpose, notice.version, notice.first_at).is_some()
        || told_by_a_person(facts, &notice.visit, notice.first_at)
}

/// Whether the notice of a closure has said already what `notice` would say of the visit `old`: that it does not take
/// place, or that it begins later.
pub(crate) fn was_told(facts: &PatientFacts, old: &VisitKey, notice: &Notice) -> bool {
    let same_visit = notice.visit == *old;
    let told = heard::about(facts, old, Purpose::Closure).filter_map(|o| Some((o, heard::last_reached(o)?.0)));
    let last = told.max_by_key(|(_, at)| *at);
    same_visit && last.is_some_and(|(o, at)| o.outreach.start == notice.start && !heard_since(facts, old, at))
}

/// When the patient was told of a closure that holds no more, and has heard nothing about the visit since: they think that
/// it does not take place, or begins later.
pub(crate) fn reopened(facts: &PatientFacts, visit: &VisitView) -> Option<DateTime<Utc>> {
    let key = visit.key();
    let told = heard::about(facts, &key, Purpose::Closure).filter_map(heard::last_reached).map(|(at, _)| at).max()?;
    let stands = of_visit(facts, visit).is_none() && visit.booked().next().is_some();
    (stands && !heard_since(facts, &key, told)).then_some(told)
}

/// Whether another call about the visit reached the patient later.
fn heard_since(facts: &PatientFacts, visit: &VisitKey, told: DateTime<Utc>) -> bool {
    let others = facts.outreaches.iter().filter(|o| o.outreach.purpose != Purpose::Closure && o.outreach.visit == *visit);
    others.filter_map(heard::last_reached).any(|(at, _)| at > told)
}
