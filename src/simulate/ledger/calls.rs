//! The calls at the carrier, from the first to the last, and what they must never be.

use super::super::invariants::{
    INSIDE_HOURS, KNOWN_TO_US, LINES_KEPT, ONE_CALL_A_NUMBER, PACE_KEPT, PLACED_ONCE, UNDER_CAPS, Violation, hours,
};
use super::{Known, Terms};
use crate::carrier::simulator::{CallChange, CallNews, Direction, Status};
use crate::core::domain::{Outreach, PhoneNumber, Purpose};
use crate::core::ids::AttemptId;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Requests further back than this are not counted any more: no pace is so slow that they matter.
const LOOKED_BACK: usize = 100;

/// What a week may be short of: from a call's being planned for now to its commit, and from that to its turn.
const MOMENT: Duration = Duration::minutes(1);

/// A call of ours at the carrier.
#[derive(Debug, Clone)]
pub(super) struct AtCarrier {
    pub attempt: Option<AttemptId>,
    pub number: PhoneNumber,
    /// When it was made, by the machine's clock.
    pub made_at: DateTime<Utc>,
    pub status: Status,
    has_rung: bool,
}

/// A span in words, how many calls it may hold, and which calls are in it.
type Cap<'a> = (&'a str, u32, &'a dyn Fn(&AtCarrier) -> bool);

impl AtCarrier {
    /// Whether it counts under the caps: it rang, or may do so yet. Busy and failed never rang, whatever was reported on the
    /// way.
    fn counts(&self) -> bool {
        match self.status {
            Status::Completed | Status::NoAnswer => true,
            Status::Canceled => self.has_rung,
            Status::Busy | Status::Failed => false,
            _ => true,
        }
    }
}

/// Every call, by the carrier's id.
#[derive(Debug, Default)]
pub(super) struct Calls {
    of_ours: BTreeMap<String, AtCarrier>,
    /// When the carrier was asked, by true time, since the clock was stepped last.
    asked: Vec<DateTime<Utc>>,
}

impl Calls {
    pub fn made(&self) -> u64 {
        self.of_ours.len() as u64
    }

    pub fn ours(&self) -> impl Iterator<Item = (&String, &AtCarrier)> {
        self.of_ours.iter()
    }

    pub fn clock_stepped(&mut self) {
        self.asked.clear();
    }

    /// The carrier was asked for a call.
    pub fn asked(&mut self, terms: &Terms, at: DateTime<Utc>) -> Vec<Violation> {
        self.asked.push(at);
        if self.asked.len() > LOOKED_BACK {
            self.asked.remove(0);
        }
        for (back, first) in self.asked.iter().rev().enumerate() {
            let span = (at - *first).num_milliseconds() as f64 / 1000.0;
            let most = (terms.calls_per_second * span).ceil() as usize + 1;
            if back + 1 > most {
                let detail = format!("{} calls were asked for within {span} s, {most} are allowed", back + 1);
                return vec![Violation::new(PACE_KEPT, detail)];
            }
        }
        Vec::new()
    }

    /// Something happens to a call of an attempt, where it is one of ours, to a number. `now` is by the machine's clock.
    pub fn see(
        &mut self,
        terms: &Terms,
        attempts: &BTreeMap<AttemptId, Known>,
        news: &CallNews,
        (attempt, number): (Option<&AttemptId>, &PhoneNumber),
        now: DateTime<Utc>,
    ) -> Vec<Violation> {
        match &news.what {
            CallChange::Taken { direction: Direction::Outbound, .. } => {}
            CallChange::Status(status) => {
                // Calls to our number are none of these.
                if let Some(known) = self.of_ours.get_mut(&news.sid) {
                    known.status = known.status.max(*status);
                    known.has_rung |= *status == Status::Ringing;
                }
                return Vec::new();
            }
            _ => return Vec::new(),
        }
        let new = AtCarrier {
            attempt: attempt.cloned(),
            number: number.clone(),
            made_at: now,
            status: Status::Queued,
            has_rung: false,
        };
        let mut found = self.beside_others(terms, &new);
        match attempt.and_then(|attempt| Some((attempt, attempts.get(attempt)?))) {
            None => found.push(Violation::new(KNOWN_TO_US, format!("call {} at the carrier is of no attempt of ours", news.sid))),
            Some(of) => self.of_attempt(terms, attempts, of, &new, &mut found),
        }
        self.of_ours.insert(news.sid.clone(), new);
        found
    }

    fn live(&self) -> impl Iterator<Item = &AtCarrier> {
        self.of_ours.values().filter(|call| !call.status.is_final())
    }

    fn beside_others(&self, terms: &Terms, new: &AtCarrier) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.live().any(|call| call.number == new.number) {
            let detail = format!("a second call to …{} was made while one was up", new.number.last_four());
            found.push(Violation::new(ONE_CALL_A_NUMBER, detail));
        }
        let up = self.live().count() + 1;
        if up > terms.lines as usize {
            found.push(Violation::new(LINES_KEPT, format!("{up} calls are up on {} lines", terms.lines)));
        }
        found
    }

    fn of_attempt(
        &self,
        terms: &Terms,
        attempts: &BTreeMap<AttemptId, Known>,
        (attempt, known): (&AttemptId, &Known),
        new: &AtCarrier,
        found: &mut Vec<Violation>,
    ) {
        if self.of_ours.values().any(|call| call.attempt.as_ref() == Some(attempt)) {
            found.push(Violation::new(PLACED_ONCE, format!("a second call was made of attempt {attempt}")));
        }
        if known.number != new.number || known.asked_at.is_none() {
            let detail = format!("the call of attempt {attempt} was never committed to be asked for, or is to another number");
            found.push(Violation::new(KNOWN_TO_US, detail));
        }
        found.extend(known.wrongly.iter().cloned());
        if let Some(outside) = hours::outside(&terms.rules, &known.outreach, &new.number, new.made_at, known.last_moment) {
            found.push(Violation::new(INSIDE_HOURS, format!("call {attempt} was made {outside}")));
        }
        self.caps(terms, attempts, (attempt, known), new, found);
    }

    fn caps(
        &self,
        terms: &Terms,
        attempts: &BTreeMap<AttemptId, Known>,
        (attempt, known): (&AttemptId, &Known),
        new: &AtCarrier,
        found: &mut Vec<Violation>,
    ) {
        let Some(zone) = terms.rules.zone(&known.outreach.visit.site) else { return };
        let limits = &terms.rules.limits;
        let when =
            |call: &AtCarrier| call.attempt.as_ref().and_then(|attempt| attempts.get(attempt)?.asked_at).unwrap_or(call.made_at);
        let now = known.asked_at.unwrap_or(new.made_at);
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let on_day = |call: &AtCarrier| day(when(call)) == day(now);
        let in_week = |call: &AtCarrier| when(call) > now - Duration::hours(168) + MOMENT;
        let reserve = if known.outreach.purpose == Purpose::Reminder { limits.notice_reserve } else { 0 };
        let counts: [Cap<'_>; 2] =
            [("on one day", limits.per_day, &on_day), ("in 168 hours", limits.per_week.saturating_sub(reserve), &in_week)];
        let of_patient = |call: &AtCarrier| {
            let other = call.attempt.as_ref().and_then(|attempt| attempts.get(attempt));
            other.is_some_and(|other| same_patient(&other.outreach, &known.outreach))
        };
        for (span, limit, is_in) in counts {
            let made = |of: &dyn Fn(&AtCarrier) -> bool| {
                self.of_ours.values().filter(|call| call.counts() && is_in(call) && of(call)).count() + 1
            };
            let (patient, number) = (made(&of_patient), made(&|call| call.number == new.number));
            for (whose, times) in [("a patient", patient), ("a number", number)] {
                if times > limit as usize {
                    let detail = format!("with call {attempt} {whose} gets {times} calls {span}, {limit} are allowed");
                    found.push(Violation::new(UNDER_CAPS, detail));
                }
            }
        }
    }
}

fn same_patient(one: &Outreach, other: &Outreach) -> bool {
    one.visit.patient == other.visit.patient
}
