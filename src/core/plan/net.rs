//! The net change of a visit: several edits come to one notice, or to none (hospital-feeds, section 4.2).

use super::decision::Announced;
use super::groups::{Change, Group, State, day_in};
use super::notice::Notice;
use super::version::notice_version;
use super::visits::VisitView;
use super::{PatientFacts, Rules, closures};
use crate::domain::{AppointmentStatus, LastKnown, Purpose, VisitKey};
use crate::ids::{AppointmentId, SiteKey};
use chrono::{DateTime, NaiveDate, Utc};

/// What the changes of one old visit come to.
pub(crate) enum Net {
    /// One notice.
    Tell(Box<Notice>),
    /// The visit's own change is told with another visit that moves into it.
    Along,
    /// Nothing that is spoken has changed; the word says why.
    Nothing(&'static str),
    /// The schedule is not firm yet, or a closure of the day says it all.
    Wait,
}

pub(crate) struct Nets<'a> {
    pub rules: &'a Rules,
    pub facts: &'a PatientFacts,
    pub visits: &'a [VisitView<'a>],
    pub now: DateTime<Utc>,
}

/// What is left of an old visit.
struct Rest {
    /// The first booked start.
    booked: Option<DateTime<Utc>>,
    /// The first start, as last announced, of what is not firm.
    unfirm: Option<DateTime<Utc>>,
    /// Something of it took place, or was missed.
    over: bool,
}

impl Rest {
    fn is_nothing(&self) -> bool {
        self.booked.is_none() && self.unfirm.is_none() && !self.over
    }
}

impl<'a> Nets<'a> {
    /// The booking that leads a visit away: the earliest one that belongs to another visit now. Where something is left of
    /// the old visit, only one of a service that a job tells.
    pub fn leader<'g>(&self, group: &'g Group<'a>) -> Option<&'g Change<'a>> {
        let anything = self.rest(group).is_nothing();
        let away = group.of_state(State::Away).filter(|c| self.target(c).is_some());
        away.filter(|c| anything || self.is_told(Purpose::Moved, &c.old)).min_by_key(|c| (c.booking.start, &c.booking.id))
    }

    /// The visit to which a booking belongs now.
    pub fn target(&self, change: &Change) -> Option<&'a VisitView<'a>> {
        let zone = self.rules.zone(&change.booking.site)?;
        self.visit((&change.booking.site, day_in(change.booking.start, zone)))
    }

    /// What a visit's changes are told as: what goes to each other visit by itself, and what becomes of the rest of the day. Where
    /// nothing is left of it, what was called off is said with the first of them.
    pub fn parts(&self, group: Group<'a>) -> Vec<Group<'a>> {
        let anything = self.rest(&group).is_nothing();
        let goes = |change: &Change<'a>| {
            let is_told = anything || self.is_told(Purpose::Moved, &change.old);
            let visit = self.target(change).filter(|_| change.state == State::Away && is_told)?;
            Some((visit.start, visit.site, visit.day))
        };
        let mut targets: Vec<_> = group.changes.iter().filter_map(goes).collect();
        targets.sort_unstable();
        targets.dedup();
        let stays = group.changes.iter().any(|change| goes(change).is_none());
        if targets.is_empty() || (targets.len() == 1 && (anything || !stays)) {
            return vec![group];
        }
        let of = |wanted: Option<&(DateTime<Utc>, &SiteKey, NaiveDate)>| {
            let is_of = |change: &&Change<'a>| match (goes(change), wanted) {
                (Some(place), Some(wanted)) => place == *wanted,
                (None, Some(wanted)) => anything && targets.first() == Some(wanted),
                (place, None) => place.is_none() && !anything,
            };
            group.part(group.changes.iter().filter(is_of).cloned().collect())
        };
        // The day itself comes first: it is the sooner one, and the patient is still expected there.
        let mut rest = of(None);
        if let Some(rest) = &mut rest {
            rest.old_start = group.visit_start;
        }
        rest.into_iter().chain(targets.iter().filter_map(|target| of(Some(target)))).collect()
    }

    /// `leader`: unless another old visit moves into the same new one first. `taken`: another one moves into this one.
    pub fn net(&self, group: &Group<'a>, leader: Option<&Change<'a>>, taken: bool) -> Net {
        if group.of_state(State::Unfirm).count() == group.changes.len() {
            return Net::Wait;
        }
        let rest = self.rest(group);
        let vanished = || group.changes.iter().filter(|c| matches!(c.state, State::Cancelled | State::Away));
        if let Some((leader, visit)) = leader.and_then(|leader| Some((leader, self.target(leader)?))) {
            let (old, about) = match rest.is_nothing() {
                true => (group.old_start, group.announced()),
                false => (leader.old.start, vec![leader.old.clone()]),
            };
            return self.moved(group, visit, old, about);
        }
        if rest.is_nothing() {
            let all: Vec<&Change> = vanished().collect();
            return match all.is_empty() {
                true => Net::Nothing(nothing(group)),
                false => self.cancelled(group, &all, group.old_start, group.announced()),
            };
        }
        let here = self.visit((&group.site, group.day));
        let closed = here.is_some_and(|visit| closures::covering(self.facts, visit).is_some());
        if let (Some(start), Some(visit)) = (rest.booked, here)
            && start != group.visit_start
            && group.changes.iter().any(|c| matches!(c.state, State::Cancelled | State::Away | State::Stays))
        {
            match rest.unfirm {
                Some(unfirm) if unfirm == group.visit_start => {}
                Some(unfirm) if unfirm < start => return Net::Wait,
                _ if closed => return Net::Wait,
                _ if taken => return Net::Along,
                _ => return self.moved(group, visit, group.visit_start, group.announced()),
            }
        }
        // Nobody is told that a time is off at which they are still expected: the booking was replaced, or doubled.
        let expected = |start| here.is_some_and(|visit| visit.booked().any(|b| b.start == start));
        let told = vanished().filter(|c| self.is_told(Purpose::Cancelled, &c.old) && !expected(c.old.start));
        let told: Vec<&Change> = told.collect();
        match told.first() {
            Some(_) if closed => Net::Wait,
            Some(first) => self.cancelled(group, &told, first.old.start, told.iter().map(|c| c.old.clone()).collect()),
            None => Net::Nothing(nothing(group)),
        }
    }

    fn rest(&self, group: &Group) -> Rest {
        use AppointmentStatus::{Arrived, Completed, NoShow};
        let here = self.visit((&group.site, group.day));
        Rest {
            booked: here.and_then(|v| v.booked().map(|b| b.start).min()),
            unfirm: group.of_state(State::Unfirm).map(|c| c.old.start).min(),
            over: here.is_some_and(|v| v.all().any(|b| matches!(b.status, Arrived | Completed | NoShow))),
        }
    }

    fn visit(&self, (site, day): (&SiteKey, NaiveDate)) -> Option<&'a VisitView<'a>> {
        self.visits.iter().find(|v| v.day == day && v.site == site)
    }

    /// Whether any job of the purpose tells about this service.
    fn is_told(&self, purpose: Purpose, old: &LastKnown) -> bool {
        self.rules.jobs_for(purpose).any(|job| job.select.takes(old.service))
    }

    /// The same of any of several.
    pub fn is_any_told(&self, purpose: Purpose, old: &[LastKnown]) -> bool {
        old.iter().any(|old| self.is_told(purpose, old))
    }

    /// The old visit.
    pub fn key(&self, group: &Group) -> VisitKey {
        VisitKey { patient: self.facts.patient.id.clone(), site: group.site.clone(), day: group.day }
    }

    fn moved(&self, group: &Group, visit: &VisitView, old: DateTime<Utc>, about: Vec<LastKnown>) -> Net {
        let notice = Notice {
            visit: visit.key(),
            purpose: Purpose::Moved,
            version: 0,
            start: visit.start,
            zone: visit.zone,
            appointments: visit.spoken_ids(),
            ..self.draft(group, old, about)
        };
        self.numbered(notice)
    }

    fn cancelled(&self, group: &Group, vanished: &[&Change], start: DateTime<Utc>, about: Vec<LastKnown>) -> Net {
        let appointments: Vec<AppointmentId> = vanished.iter().map(|c| c.booking.id.clone()).collect();
        self.numbered(Notice { appointments, ..self.draft(group, start, about) })
    }

    /// A notice that the old visit does not take place at `old`.
    fn draft(&self, group: &Group, old: DateTime<Utc>, about: Vec<LastKnown>) -> Notice {
        Notice {
            visit: self.key(group),
            purpose: Purpose::Cancelled,
            version: 0,
            start: old,
            zone: group.zone,
            old: Announced { site: group.site.clone(), start: old, zone: group.zone },
            delayed: false,
            closure: None,
            position: None,
            appointments: Vec::new(),
            changes: group.firm(),
            about,
            first_at: group.first_at,
            last_at: group.last_at,
        }
    }

    fn numbered(&self, mut notice: Notice) -> Net {
        notice.version = notice_version(self.facts, &notice);
        Net::Tell(Box::new(notice))
    }
}

fn nothing(group: &Group) -> &'static str {
    let all = |state: State| group.changes.iter().all(|c| c.state == state);
    if all(State::Same) {
        "unchanged"
    } else if group.of_state(State::Over).next().is_some() {
        "took_place"
    } else {
        "not_spoken"
    }
}
