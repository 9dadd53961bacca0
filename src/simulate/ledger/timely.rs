//! What is looked at when its time is over: promises by their last moment, calls by the end of the longest they may last.

use super::Ledger;
use super::deadlines::{Due, MARGIN};
use super::promises::{Promise, key};
use crate::core::domain::{Outreach, Purpose, VisitKey};
use crate::core::ids::AttemptId;
use crate::simulate::invariants::{EVERY_CALL_ENDED, EVERY_OUTREACH_ENDS, Violation};
use chrono::{DateTime, SecondsFormat, Utc};

impl Ledger {
    /// A promise is looked at after its last moment; one that is made later than that, soon.
    pub(super) fn look_at_its_end(&mut self, outreach: &Outreach, now: DateTime<Utc>) {
        if let Some(last) = self.schedule.last_moment(&self.terms.rules, outreach) {
            self.deadlines.by(last.max(now), Due::Promise(key(outreach)));
        }
    }

    /// What is not so whose time was over at a moment of true time.
    pub(super) fn overdue(&mut self, at: DateTime<Utc>) -> Vec<Violation> {
        let now = at + self.ahead;
        let mut found = Vec::new();
        while let Some(due) = self.deadlines.next_over(at, now) {
            found.extend(match due {
                Due::Call(attempt) => self.call_is_over(&attempt, now),
                Due::Promise(key) => match self.promises.named(&key).cloned() {
                    Some(promise) => self.promise_is_over(promise, now),
                    None => None,
                },
            });
        }
        found
    }

    fn call_is_over(&self, attempt: &AttemptId, now: DateTime<Utc>) -> Option<Violation> {
        // One that was given back and asked for again is looked at later.
        let deadline = self.promises.under_way(attempt).filter(|deadline| *deadline + MARGIN <= now)?;
        let until = deadline.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some(Violation::new(EVERY_CALL_ENDED, format!("call {attempt} lasted until {until} at most, and has no outcome yet")))
    }

    fn promise_is_over(&mut self, promise: Promise, now: DateTime<Utc>) -> Option<Violation> {
        let outreach = &promise.outreach;
        // Whoever is just called may hear it in that call.
        let called = self.promises.patient_is_called(&outreach.visit).filter(|deadline| *deadline + MARGIN > now);
        let last = self.schedule.last_moment(&self.terms.rules, outreach)?;
        if let Some(later) = called.or(Some(last).filter(|last| *last + MARGIN > now)) {
            self.deadlines.by(later, Due::Promise(key(outreach)));
            return None;
        }
        let moved_to = self.schedule.moved_to(&self.terms.rules, &outreach.visit);
        if self.promises.has_ended(&promise, &moved_to) {
            return None;
        }
        if self.is_void(outreach) {
            // Until the visit is over it may come back, and is a person's to tell then.
            match outreach.start + MARGIN > now {
                true => self.deadlines.by(outreach.start, Due::Promise(key(outreach))),
                false => self.promises.lapse(key(outreach)),
            }
            return None;
        }
        let (about, visit) = (outreach.purpose.as_str(), outreach.visit.to_text());
        let last = last.to_rfc3339_opts(SecondsFormat::Secs, true);
        let detail = format!("{about} of {visit}: by its last moment, {last}, it has neither an outcome nor a work item");
        Some(Violation::new(EVERY_OUTREACH_ENDS, detail))
    }

    /// Whether nothing is promised any more: by what the feed said last, or because the patient opted out.
    pub(super) fn is_void(&self, outreach: &Outreach) -> bool {
        let patient = outreach.visit.patient.as_str();
        let out = self.opted_out.patients.contains(patient)
            || self.schedule.numbers_of(patient).any(|number| self.opted_out.numbers.contains(number));
        let (rules, visit) = (&self.terms.rules, &outreach.visit);
        let heard_since = |purpose| self.promises.heard_since(outreach, purpose);
        let moved = match outreach.purpose {
            // Whoever heard at what other time of the day the visit begins by now knows how it stands. Who heard that a visit of
            // another day comes there would come for this one as well.
            Purpose::Cancelled => {
                let begins = self.schedule.begins_at(rules, visit);
                let is_same_day = |told: &Outreach| told.moved_from.as_ref().is_none_or(|old| old == visit);
                let is_told = |told: &Outreach| Some(told.start) == begins && is_same_day(told);
                // What is on another day by now is told as moved from this one.
                let is_moved =
                    |to: VisitKey| to == *visit || self.promises.is_promised(visit, &to, self.schedule.begins_at(rules, &to));
                self.schedule.stands_on(rules, outreach).any(is_moved) || heard_since(Purpose::Moved).any(is_told)
            }
            // Where nothing is left there that patients are called about, it is told that it was called off instead.
            Purpose::Moved => {
                let is_off =
                    self.schedule.is_never_called_about(rules, visit) && heard_since(Purpose::Cancelled).next().is_some();
                self.schedule.is_no_move(rules, outreach) || is_off
            }
            Purpose::Reminder | Purpose::Closure => false,
        };
        out || moved || self.schedule.speaks_against(&self.terms.rules, outreach).is_some()
    }
}
