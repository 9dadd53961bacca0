//! Whether a net change is (still) to be told, and why not.

use super::groups::{Change, Group, State, change};
use super::heard::last_reached;
use super::net::{Net, Nets};
use super::notice::{Notice, settled_at};
use super::visits::{VisitView, visits_of};
use super::work::told_by_a_person;
use super::{PatientFacts, PlanAction, Rules, WorkFacts, closures, heard};
use crate::domain::{Purpose, VisitKey, WorkKind};
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
    // What is over goes. What is left is then judged for itself, as the next plan would.
    loop {
        let judged = nets.judge(&open);
        let is_over = |fate: &Fate, id| matches!(fate, Fate::Close { appointments, .. } if appointments.contains(id));
        let before = open.len();
        open.retain(|(_, change)| !judged.iter().any(|fate| is_over(fate, &change.booking.id)));
        if open.len() == before {
            fates.extend(judged);
            return fates;
        }
        fates.extend(judged.into_iter().filter(|fate| matches!(fate, Fate::Close { .. })));
    }
}

impl<'a> Nets<'a> {
    fn judge(&self, open: &[(Tz, Change<'a>)]) -> Vec<Fate> {
        let parts = |known: &[&AppointmentId]| -> Vec<Group<'a>> {
            self.groups(open, known).into_iter().flat_map(|group| self.parts(group)).collect()
        };
        let all = parts(&[]);
        let is_known = |group: &&Group| self.is_heard_there(group, open) || self.is_told_there(group, open);
        let away = |group: &Group<'a>| group.of_state(State::Away).map(|c| &c.booking.id).collect::<Vec<_>>();
        let known: Vec<&AppointmentId> = all.iter().filter(is_known).flat_map(away).collect();
        let groups = if known.is_empty() { all } else { parts(&known) };
        let leaders = self.leaders(&groups, &known);
        // What no job tells stands before nothing that one tells.
        let told = groups.iter().zip(&leaders).filter(|(group, _)| self.is_any_told(Purpose::Moved, &group.announced()));
        let taken: Vec<VisitKey> = told.filter_map(|(_, leader)| self.target(leader.as_ref()?)).map(VisitView::key).collect();
        let mut notices: Vec<(&Group, Notice)> = Vec::new();
        let mut along: Vec<&Group> = Vec::new();
        let mut fates = Vec::new();
        for (group, leader) in groups.iter().zip(leaders) {
            let is_known = group.of_state(State::Away).any(|c| known.contains(&&c.booking.id));
            let is_told = |purpose| self.is_any_told(purpose, &group.announced());
            if is_known && !is_told(Purpose::Moved) && !is_told(Purpose::Cancelled) {
                fates.push(Fate::Close { appointments: group.firm(), why: "not_spoken" });
                continue;
            }
            match self.net(group, leader, taken.contains(&self.key(group))) {
                Net::Tell(notice) => notices.push((group, *notice)),
                Net::Along => along.push(group),
                Net::Nothing(why) if self.is_settled(group) => fates.push(Fate::Close { appointments: group.firm(), why }),
                Net::Wait if self.has_passed(group) => fates.push(Fate::Close { appointments: group.all(), why: "passed" }),
                Net::Nothing(_) | Net::Wait => {}
            }
        }
        // One notice for each visit and purpose: what else there is to say comes after it.
        notices.sort_by_key(|(_, notice)| !self.is_any_told(notice.purpose, &notice.about));
        let mut given: Vec<(VisitKey, Purpose)> = Vec::new();
        for (group, mut notice) in notices {
            let told = (notice.visit.clone(), notice.purpose);
            if given.contains(&told) {
                continue;
            }
            given.push(told);
            if notice.purpose == Purpose::Moved {
                let same = along.iter().filter(|other| self.key(other) == notice.visit);
                let more: Vec<AppointmentId> = same.flat_map(|other| other.firm()).collect();
                notice.changes.extend(more);
            }
            fates.extend(self.fate(group, notice, open));
        }
        fates
    }

    /// The bookings that lead a visit away, one for each place. Two visits that move into one: the first is told as moved, the
    /// other as called off. The first is the one that was promised last, or the earliest, of those that a job tells.
    fn leaders<'g>(&self, groups: &'g [Group<'a>], known: &[&AppointmentId]) -> Vec<Option<&'g Change<'a>>> {
        let goes = |group: &'g Group<'a>| {
            let leader = self.leader(group).filter(|leader| !known.contains(&&leader.booking.id))?;
            Some((leader, self.target(leader)?.key()))
        };
        let going: Vec<Option<(&Change, VisitKey)>> = groups.iter().map(goes).collect();
        let leads = |i: usize| {
            let (leader, to) = going[i].as_ref()?;
            let into = |other: &usize| going[*other].as_ref().is_some_and(|(_, there)| there == to);
            let promised = heard::promised_from(self.facts, to);
            let rank = |other: &usize| {
                let group = &groups[*other];
                (!self.is_any_told(Purpose::Moved, &group.announced()), promised != Some(&self.key(group)), *other)
            };
            let first = (0..groups.len()).filter(into).min_by_key(rank);
            (first == Some(i)).then_some(*leader)
        };
        (0..groups.len()).map(leads).collect()
    }

    /// Whether the patient has heard when the visit begins to which another one goes, in calls that told of other changes: of
    /// this one they are told that it is off.
    fn is_heard_there(&self, group: &Group, open: &[(Tz, Change)]) -> bool {
        let Some(to) = self.goes_where_more_is(group, open) else { return false };
        let there = to.key();
        let moves = heard::about(self.facts, &there, Purpose::Moved);
        let since = moves.filter_map(|o| Some((last_reached(o)?.0, &o.outreach))).filter(|(at, _)| *at >= group.first_at);
        let told: Vec<_> = since.collect();
        let last = told.iter().max_by_key(|(at, _)| *at);
        last.is_some_and(|(_, told)| told.start == to.start)
            && !told.iter().any(|(_, told)| told.moved_from.as_ref() == Some(&self.key(group)))
    }

    /// Whether a person told them of that visit, where a call was to tell of another one that goes there, or where this one is on
    /// the worklist by itself.
    fn is_told_there(&self, group: &Group, open: &[(Tz, Change)]) -> bool {
        let Some(to) = self.goes_where_more_is(group, open) else { return false };
        let (own, there) = (self.key(group), to.key());
        let is_listed =
            |w: &WorkFacts| (w.kind, &w.visit) == (WorkKind::ChangeUnannounced, &own) && w.opened_at >= group.first_at;
        let is_another = heard::promised_from(self.facts, &there).is_some_and(|old| *old != own);
        told_by_a_person(self.facts, &there, group.first_at) && (is_another || self.facts.work.iter().any(is_listed))
    }

    /// The visit to which another one goes, where something is booked that did not just come.
    fn goes_where_more_is(&self, group: &Group, open: &[(Tz, Change)]) -> Option<&'a VisitView<'a>> {
        let comes = |id: &AppointmentId| open.iter().any(|(_, c)| c.booking.id == *id && c.state == State::Away);
        let to = self.target(self.leader(group)?)?;
        to.booked().any(|booking| !comes(&booking.id)).then_some(to)
    }

    /// The old visits, in their order. `known`: bookings that the patient knows where they are.
    fn groups(&self, open: &[(Tz, Change<'a>)], known: &[&AppointmentId]) -> Vec<Group<'a>> {
        let place = |(zone, change): &(Tz, Change)| (change.old.start.with_timezone(zone).date_naive(), change.old.site.clone());
        let mut places: Vec<_> = open.iter().map(place).collect();
        places.sort_unstable();
        places.dedup();
        let changed: Vec<&AppointmentId> = open.iter().map(|(_, c)| &c.booking.id).filter(|id| !known.contains(id)).collect();
        let of = |wanted: &_| {
            let here: Vec<&(Tz, Change)> = open.iter().filter(|one| place(one) == *wanted).collect();
            Group::of(self.visits, &changed, here.first()?.0, here.iter().map(|(_, change)| change.clone()).collect())
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
        let old = self.key(group);
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
