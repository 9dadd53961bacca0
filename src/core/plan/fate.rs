//! Whether a net change is (still) to be told, and why not.

use super::groups::{Change, Group, change};
use super::net::{Net, Nets, Place};
use super::notice::{Notice, settled_at};
use super::visits::{VisitView, visits_of};
use super::work::told_by_a_person;
use super::{PatientFacts, PlanAction, Rules, closures, heard};
use crate::domain::{Purpose, VisitKey};
use crate::ids::AppointmentId;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// What is done about changes.
pub(crate) enum Fate {
    /// They are told.
    Tell(Box<Notice>),
    /// There is nothing (more) to tell: the word says why.
    Close { appointments: Vec<AppointmentId>, why: &'static str },
}

/// The changes about which there is nothing (more) to tell.
pub(crate) fn closed(rules: &Rules, facts: &PatientFacts, now: DateTime<Utc>) -> Vec<PlanAction> {
    if facts.changes.is_empty() {
        return Vec::new();
    }
    let fates = judge(rules, facts, &visits_of(rules, facts), now).into_iter();
    let close = |fate| if let Fate::Close { appointments, why } = fate { Some((appointments, why)) } else { None };
    fates.filter_map(close).map(|(appointments, why)| PlanAction::CloseChanges { appointments, why }).collect()
}

/// Judges all pending changes of the patient, grouped by old visit.
pub(crate) fn judge(rules: &Rules, facts: &PatientFacts, visits: &[VisitView], now: DateTime<Utc>) -> Vec<Fate> {
    if facts.changes.is_empty() {
        return Vec::new();
    }
    let nets = Nets { rules, facts, visits, now };
    let mut fates = Vec::new();
    let is_gone = |id: &AppointmentId| !facts.appointments.iter().any(|a| a.id == *id);
    let gone: Vec<_> = facts.changes.iter().map(|c| &c.appointment).filter(|id| is_gone(id)).cloned().collect();
    if !gone.is_empty() {
        fates.push(Fate::Close { appointments: gone, why: "gone" });
    }
    let mut open: Vec<(Tz, Change)> = facts.changes.iter().filter_map(|c| change(rules, facts, visits, c)).collect();
    // What was told goes. What came after that call is then judged for itself.
    loop {
        let judged = nets.judge(&open);
        let is_told = |fate: &Fate| matches!(fate, Fate::Close { why: "told", .. });
        let done: Vec<AppointmentId> = judged
            .iter()
            .filter(|fate| is_told(fate))
            .flat_map(|fate| if let Fate::Close { appointments, .. } = fate { appointments.clone() } else { Vec::new() })
            .collect();
        if done.is_empty() {
            fates.extend(judged);
            return fates;
        }
        fates.extend(judged.into_iter().filter(is_told));
        open.retain(|(_, change)| !done.contains(&change.booking.id));
    }
}

impl<'a> Nets<'a> {
    fn judge(&self, open: &[(Tz, Change<'a>)]) -> Vec<Fate> {
        let groups: Vec<Group> = self.groups(open).into_iter().flat_map(|group| self.parts(group)).collect();
        // Two visits that move into one: the earlier is told as moved, the other as called off.
        let mut taken: Vec<Place> = Vec::new();
        let leaders: Vec<Option<&Change>> = groups
            .iter()
            .map(|group| {
                let leader = self.leader(group)?;
                let place = self.target(leader).map(|v| (v.site.clone(), v.day))?;
                let first = !taken.contains(&place);
                taken.push(place);
                first.then_some(leader)
            })
            .collect();
        let mut notices: Vec<(&Group, Notice)> = Vec::new();
        let mut along: Vec<&Group> = Vec::new();
        let mut fates = Vec::new();
        for (group, leader) in groups.iter().zip(leaders) {
            match self.net(group, leader, taken.contains(&(group.site.clone(), group.day))) {
                Net::Tell(notice) => notices.push((group, *notice)),
                Net::Along => along.push(group),
                Net::Nothing(why) if self.is_settled(group) => fates.push(Fate::Close { appointments: group.firm(), why }),
                Net::Wait if self.has_passed(group) => fates.push(Fate::Close { appointments: group.all(), why: "passed" }),
                Net::Nothing(_) | Net::Wait => {}
            }
        }
        // One notice for each visit and purpose: what else there is to say comes after it.
        let mut given: Vec<(VisitKey, Purpose)> = Vec::new();
        for (group, mut notice) in notices {
            let told = (notice.visit.clone(), notice.purpose);
            if given.contains(&told) {
                continue;
            }
            given.push(told);
            if notice.purpose == Purpose::Moved {
                let same = |other: &&&Group| other.site == notice.visit.site && other.day == notice.visit.day;
                let more: Vec<AppointmentId> = along.iter().filter(same).flat_map(|other| other.firm()).collect();
                notice.changes.extend(more);
            }
            fates.extend(self.fate(group, notice, open));
        }
        fates
    }

    /// In the order of the old visits.
    fn groups(&self, open: &[(Tz, Change<'a>)]) -> Vec<Group<'a>> {
        let place = |(zone, change): &(Tz, Change)| (change.old.start.with_timezone(zone).date_naive(), change.old.site.clone());
        let mut places: Vec<_> = open.iter().map(place).collect();
        places.sort_unstable();
        places.dedup();
        let of = |wanted: &_| {
            let here: Vec<&(Tz, Change)> = open.iter().filter(|one| place(one) == *wanted).collect();
            Group::of(self.visits, self.facts, here.first()?.0, here.iter().map(|(_, change)| change.clone()).collect())
        };
        places.iter().filter_map(of).collect()
    }

    fn fate(&self, group: &Group, notice: Notice, open: &[(Tz, Change)]) -> Option<Fate> {
        let close = |appointments: Vec<AppointmentId>, why| Some(Fate::Close { appointments, why });
        let told = heard::told_at(self.facts, &notice.visit, notice.purpose, notice.version, notice.first_at);
        if let Some(told) = told {
            let before = |id: &&AppointmentId| open.iter().any(|(_, c)| c.booking.id == **id && c.first_at <= told);
            return close(notice.changes.iter().filter(before).cloned().collect(), "told");
        }
        if let Some(why) = self.why_not(group, &notice) {
            return close(notice.changes, why);
        }
        if self.is_beyond_horizon(&notice) {
            return self.is_settled(group).then_some(Fate::Close { appointments: notice.changes, why: "beyond_horizon" });
        }
        Some(Fate::Tell(Box::new(notice)))
    }

    fn why_not(&self, group: &Group, notice: &Notice) -> Option<&'static str> {
        let old = VisitKey { patient: self.facts.patient.id.clone(), site: group.site.clone(), day: group.day };
        if notice.start <= self.now || notice.earlier() <= notice.first_at {
            Some("passed")
        } else if told_by_a_person(self.facts, &notice.visit, notice.first_at) {
            Some("told_by_a_person")
        } else if heard::asked_for_it(self.facts, &old, group.visit_start, notice.first_at) {
            Some("own_request")
        } else if closures::was_told(self.facts, &old, notice) {
            Some("closure_told")
        } else {
            None
        }
    }

    /// Whether every time that is concerned has come: what waits for a firm word then waits for nothing.
    fn has_passed(&self, group: &Group) -> bool {
        group.old_start <= self.now && group.changes.iter().all(|c| c.old.start.max(c.booking.start) <= self.now)
    }

    /// Whether the change is further ahead than every job tells. Without a job nobody has said how far ahead that is.
    fn is_beyond_horizon(&self, notice: &Notice) -> bool {
        let mut jobs = self.rules.jobs_for(notice.purpose).peekable();
        jobs.peek().is_some() && !jobs.any(|job| notice.is_within(&job.when))
    }

    /// Until edits have settled, nothing is given up: the next one may make it worth telling.
    fn is_settled(&self, group: &Group) -> bool {
        let notices = self.rules.jobs.iter().filter(|job| job.purpose != Purpose::Reminder);
        let settle = notices.map(|job| job.when.settle).max().unwrap_or(Duration::zero());
        self.now >= settled_at(group.first_at, group.last_at, settle)
    }
}
