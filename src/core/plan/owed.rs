//! What patients go by that is not so, where no notice tells them: a person must, unless a call does.

use super::heard::{self, last_reached};
use super::version::{called_at, tries};
use super::visits::VisitView;
use super::work::{is_true, told_by_a_person};
use super::{Decision, NewWorkItem, PatientFacts, Skip, Verdict, closures};
use crate::domain::{AnsweredBy, Attempt, Outcome, Outreach, Purpose, VisitKey, WorkKind};
use chrono::{DateTime, Utc};

/// What decides about it.
pub(crate) struct Owed<'a> {
    pub decisions: &'a [Decision],
    pub facts: &'a PatientFacts,
    /// No change stays pending.
    pub all_told: bool,
}

/// What is owed at `now`.
pub(crate) fn items(owed: &Owed, visits: &[VisitView], now: DateTime<Utc>) -> Vec<NewWorkItem> {
    let mut items: Vec<NewWorkItem> = Vec::new();
    for visit in visits.iter().filter(|v| v.start > now) {
        items.extend(owed.reopened(visit).or_else(|| owed.booked_again(visit)));
    }
    items.extend(owed.promised(visits, now));
    items.extend(owed.taken_back(visits, now));
    items.extend(owed.joined(visits, now));
    items
}

/// Whether the patient was told that their visit has changed, and that the office will call.
pub(crate) fn was_promised(attempt: &Attempt) -> bool {
    let machine = matches!(attempt.answered_by, Some(AnsweredBy::MachineEnd | AnsweredBy::MachineStart | AnsweredBy::Fax));
    attempt.outcome == Some(Outcome::Superseded) && attempt.answered_at.is_some() && !machine
}

impl Owed<'_> {
    /// A visit that the patient thinks called off or put back, because a closure was told that holds no more.
    fn reopened(&self, visit: &VisitView) -> Option<NewWorkItem> {
        let told = closures::reopened(self.facts, visit)?;
        let key = visit.key();
        (!self.is_noticed(&key)).then(|| self.item(key, visit.start, told, "reopened"))?
    }

    /// A visit that stands again, as it was, after its patient was told that it is cancelled, or that it begins at another time. A
    /// booking that was made since is known to them: somebody made it with them.
    fn booked_again(&self, visit: &VisitView) -> Option<NewWorkItem> {
        let key = visit.key();
        let of_visit = || self.facts.outreaches.iter().filter(|o| o.outreach.visit == key);
        let notices = of_visit().filter(|o| matches!(o.outreach.purpose, Purpose::Cancelled | Purpose::Moved));
        let (o, told) = notices.filter_map(|o| Some((o, last_reached(o)?.0))).max_by_key(|(_, at)| *at)?;
        let stands = visit.booked().any(|b| {
            let is_untold = match o.outreach.purpose {
                Purpose::Cancelled => b.start == o.outreach.start,
                _ => b.start == visit.start && b.start != o.outreach.start,
            };
            is_untold && b.booked_at <= told
        });
        let others = of_visit().filter(|o| o.outreach.purpose != Purpose::Cancelled);
        let heard_since = others.filter_map(last_reached).any(|(at, _)| at > told);
        let silent = stands && !heard_since && !self.is_noticed(&key) && !self.is_called_about(&key);
        silent.then(|| self.item(key, visit.start, told, "booked_again"))?
    }

    /// A call that was answered when its visit had just changed: it said that the office will call. Where nothing is left
    /// to tell by a notice, nobody else would.
    fn promised(&self, visits: &[VisitView], now: DateTime<Utc>) -> Option<NewWorkItem> {
        if !self.all_told || self.decisions.iter().any(|d| d.change.is_some()) {
            return None;
        }
        let calls = self.facts.outreaches.iter().flat_map(|o| o.attempts.iter().map(move |attempt| (&o.outreach, attempt)));
        let last = calls.filter(|(_, attempt)| was_promised(attempt)).max_by_key(|(_, attempt)| called_at(attempt));
        let (outreach, attempt) = last?;
        let (key, at) = (outreach.visit.clone(), called_at(attempt));
        let about_it = |o: &&super::OutreachFacts| o.outreach.visit == key || o.outreach.purpose != Purpose::Reminder;
        let heard_since =
            self.facts.outreaches.iter().filter(about_it).filter_map(heard::last_reached).any(|(then, _)| then > at);
        let booked = visits.iter().find(|v| v.is(&key) && v.booked().next().is_some());
        let start = booked.map_or(outreach.start, |visit| visit.start);
        let silent = start > now && !heard_since && !self.is_called_about(&key);
        silent.then(|| self.item(key, start, at, "call_promised"))?
    }

    /// A notice that counted as told until a key came late that took the choice back, or a verdict of detection: the change is
    /// over, and nobody else would tell it. A person must, while it is true.
    fn taken_back(&self, visits: &[VisitView], now: DateTime<Utc>) -> Vec<NewWorkItem> {
        if !self.all_told {
            return Vec::new();
        }
        // A closure is no change that is over, and is told again.
        let of_change = |o: &Outreach| matches!(o.purpose, Purpose::Cancelled | Purpose::Moved) && o.start > now;
        let notices = self.facts.outreaches.iter().filter(|o| of_change(&o.outreach) && is_true(self.facts, visits, &o.outreach));
        let owed = notices.filter_map(|o| {
            let last = tries(&o.attempts).filter(|attempt| attempt.answered_at.is_some()).max_by_key(|a| called_at(a))?;
            let (key, at) = (&o.outreach.visit, called_at(last));
            // Whoever heard that another visit comes there has not heard of this one.
            let comes_there = |other: &Outreach| other.moved_from.as_ref().is_some_and(|old| old != key);
            let is_its_own = o.outreach.purpose == Purpose::Moved && !comes_there(&o.outreach);
            let is_of_another = |other: &Outreach| comes_there(other) && other.moved_from != o.outreach.moved_from && !is_its_own;
            let about_it = |other: &&super::OutreachFacts| other.outreach.visit == *key && !is_of_another(&other.outreach);
            let others = self.facts.outreaches.iter().filter(about_it);
            let heard = last_reached(o).is_some() || others.filter_map(last_reached).any(|(then, _)| then >= at);
            // A reminder of another day comes when the patient may have been to the old one.
            let is_same_day = o.outreach.moved_from.as_ref().is_none_or(|old| old == key);
            let is_called = is_same_day && self.is_called_about(key);
            let silent = !heard && !is_called && !self.is_noticed(key);
            silent.then(|| self.item(key.clone(), o.outreach.start, at, "taken_back"))?
        });
        owed.collect()
    }

    /// A visit that was called off, and nobody had heard it when another day's came there. That one's move is what is told of the
    /// day, and the patient would come for what is off as well.
    fn joined(&self, visits: &[VisitView], now: DateTime<Utc>) -> Vec<NewWorkItem> {
        if !self.all_told {
            return Vec::new();
        }
        let is_off = |o: &Outreach| o.purpose == Purpose::Cancelled && o.start > now && is_true(self.facts, visits, o);
        let owed = self.facts.outreaches.iter().filter(|o| is_off(&o.outreach) && last_reached(o).is_none()).filter_map(|o| {
            let Outreach { visit: key, version, .. } = &o.outreach;
            let is_last = heard::about(self.facts, key, Purpose::Cancelled).all(|other| other.outreach.version <= *version);
            let comes_there = |m: &&super::OutreachFacts| m.outreach.moved_from.as_ref().is_some_and(|old| old != key);
            let moves = heard::about(self.facts, key, Purpose::Moved).filter(comes_there);
            let (at, _) = moves.filter_map(last_reached).max_by_key(|(at, _)| *at)?;
            let silent = is_last && !self.is_noticed(key);
            silent.then(|| self.item(key.clone(), o.outreach.start, at, "joined"))?
        });
        owed.collect()
    }

    fn is_noticed(&self, visit: &VisitKey) -> bool {
        self.decisions.iter().any(|d| d.change.is_some() && d.visit == *visit)
    }

    /// Whether a reminder says how things are, now or when a cap lifts.
    fn is_called_about(&self, visit: &VisitKey) -> bool {
        let of_visit = self.decisions.iter().filter(|d| d.visit == *visit);
        of_visit.map(|d| &d.verdict).any(|verdict| matches!(verdict, Verdict::Call(_) | Verdict::Skip(Skip::Capped)))
    }

    fn item(&self, visit: VisitKey, due_at: DateTime<Utc>, since: DateTime<Utc>, known: &'static str) -> Option<NewWorkItem> {
        let told = told_by_a_person(self.facts, &visit, since);
        (!told).then_some(NewWorkItem { kind: WorkKind::ChangeUnannounced, visit, due_at, known })
    }
}
