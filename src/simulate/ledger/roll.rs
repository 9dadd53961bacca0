//! Who must be called, by the feed alone: everybody whose story is plain enough that nothing speaks against it. A promise that
//! was never made has no end that could be missing; here it is missed.
//!
//! Plain is: one visit, a telephone of their own, here before, no opt-out, time enough to call in hours of the job that is for
//! it; and of the visit nothing was ever said but that it is booked, or, of a single booking, once that it is cancelled or begins
//! at another time. Of anybody else this says nothing, nor of the reminder of a visit that was moved.

use super::super::invariants::{NOBODY_FORGOTTEN, Violation, hours};
use super::end::Held;
use super::row::FeedLine;
use super::{Ledger, OptedOut};
use crate::core::domain::{Outcome, PhoneNumber, Purpose, WorkItem, WorkKind};
use crate::core::plan::{Job, OutreachFacts, Rules};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Callable time that must have been left for a call to be wanted: no replica is dead, no store in trouble for longer.
const TIME_ENOUGH: Duration = Duration::hours(4);
/// Moments are looked at so far apart.
const STEP: Duration = Duration::minutes(15);

/// What the feed once said of a booking, and when it was taken in.
#[derive(Debug, Clone)]
struct State {
    at: DateTime<Utc>,
    start: DateTime<Utc>,
    site: String,
    status: String,
    service: String,
    updated: Option<DateTime<Utc>>,
}

impl State {
    fn says_the_same(&self, other: &State) -> bool {
        (self.start, &self.site, &self.status, &self.service) == (other.start, &other.site, &other.status, &other.service)
    }

    fn is_for_exam_or_radiology(&self) -> bool {
        matches!(self.service.as_str(), "exam" | "radiology")
    }
}

/// Everything that the feed ever said of a patient.
#[derive(Debug, Default)]
struct Person {
    phones: BTreeSet<PhoneNumber>,
    /// The one that is dialled first.
    first_phone: Option<PhoneNumber>,
    is_established: bool,
    bookings: BTreeMap<String, Vec<State>>,
}

/// What a patient must be called for.
struct Owed<'a> {
    purpose: Purpose,
    site: &'a str,
    /// The visit's, of a change the old one.
    day: NaiveDate,
    /// Between these moments there must be time to call.
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Everybody of whom the feed has spoken.
#[derive(Debug, Default)]
pub(super) struct Roll(BTreeMap<String, Person>);

impl Roll {
    /// Rows that were committed at a moment of the machine's clock, in their order.
    pub fn take_in(&mut self, lines: &[String], at: DateTime<Utc>) {
        for row in lines.iter().map(|line| FeedLine::read(line)) {
            let Some(start) = row.start() else { continue };
            let person = self.0.entry(row.patient().to_string()).or_default();
            person.first_phone = person.first_phone.take().or_else(|| row.phones().next());
            person.phones.extend(row.phones());
            person.is_established = row.is_established();
            let state = State {
                at,
                start,
                site: row.site().to_string(),
                status: row.status().to_string(),
                service: row.service().to_string(),
                updated: row.updated(),
            };
            let said = person.bookings.entry(row.appointment().to_string()).or_default();
            match said.last_mut() {
                Some(last) if last.updated.zip(state.updated).is_some_and(|(last, this)| this < last) => {}
                // Said once more, it is younger than what was edited meanwhile and comes later.
                Some(last) if last.says_the_same(&state) => last.updated = last.updated.max(state.updated),
                _ => said.push(state),
            }
        }
    }

    fn has_own_telephone(&self, patient: &str, person: &Person) -> bool {
        let others = self.0.iter().filter(|(other, _)| *other != patient);
        !person.phones.is_empty() && others.flat_map(|(_, other)| &other.phones).all(|phone| !person.phones.contains(phone))
    }
}

impl Person {
    /// What they must be called for, where their story is plain.
    fn owed(&self, rules: &Rules) -> Option<Owed<'_>> {
        let all: Vec<&Vec<State>> = self.bookings.values().collect();
        match all.as_slice() {
            [said] if said.len() == 2 => changed(rules, &said[0], &said[1]),
            said if said.iter().all(|said| said.len() == 1) => {
                let booked: Vec<&State> = said.iter().map(|said| &said[0]).collect();
                reminded(rules, &booked)
            }
            _ => None,
        }
    }
}

fn job(rules: &Rules, purpose: Purpose) -> Option<&Job> {
    rules.jobs.iter().find(|job| job.purpose == purpose && job.enabled)
}

/// A reminder: everything is booked, on one day at one site, and an exam or radiology is among it.
fn reminded<'a>(rules: &Rules, booked: &[&'a State]) -> Option<Owed<'a>> {
    let first = *booked.iter().min_by_key(|state| state.start)?;
    let zone = rules.zone(&first.site.as_str().into())?;
    let day = |state: &State| (state.site.clone(), state.start.with_timezone(&zone).date_naive());
    let is_plain = booked.iter().all(|state| state.status == "booked" && day(state) == day(first));
    if !is_plain || !booked.iter().any(|state| state.is_for_exam_or_radiology()) {
        return None;
    }
    let ahead = u64::from(*job(rules, Purpose::Reminder)?.when.days_before.first()?);
    let opens = (day(first).1 - Days::new(ahead)).and_hms_opt(0, 0, 0)?.and_local_timezone(zone).earliest()?;
    let known = booked.iter().map(|state| state.at).max()?;
    Some(Owed {
        purpose: Purpose::Reminder,
        site: &first.site,
        day: day(first).1,
        from: known.max(opens.to_utc()),
        until: first.start,
    })
}

/// A notice: what was booked is cancelled, or has another time or place.
fn changed<'a>(rules: &Rules, old: &'a State, new: &State) -> Option<Owed<'a>> {
    let purpose = match new.status.as_str() {
        "cancelled" => Purpose::Cancelled,
        "booked" => Purpose::Moved,
        _ => return None,
    };
    let is_plain = old.status == "booked" && old.is_for_exam_or_radiology() && old.service == new.service;
    let day = old.start.with_timezone(&rules.zone(&old.site.as_str().into())?).date_naive();
    is_plain.then(|| Owed { purpose, site: &old.site, day, from: new.at, until: old.start.min(new.start) })
}

impl Owed<'_> {
    /// Whether there was time to call: not in one moment only, and not only when something was being mended.
    fn had_time(&self, rules: &Rules, number: &PhoneNumber) -> bool {
        let Some(job) = job(rules, self.purpose) else { return false };
        let Some(zone) = rules.zone(&self.site.into()) else { return false };
        let last = self.until - job.when.no_later_than;
        if self.purpose != Purpose::Reminder && self.until - self.from > job.when.horizon {
            return false;
        }
        let moments = std::iter::successors(Some(self.from), |at| Some(*at + STEP)).take_while(|at| *at < last);
        let callable = moments.filter(|at| hours::outside_of_job(rules, job, zone, number, *at).is_none()).count();
        STEP * callable as i32 >= TIME_ENOUGH
    }

    /// Whether something that was promised, or what the patient answered to it, leaves nothing to ask for.
    fn is_kept_by(&self, kept: &OutreachFacts) -> bool {
        let asked_for_another_time = || kept.attempts.iter().any(|attempt| attempt.outcome == Some(Outcome::RescheduleRequested));
        match self.purpose {
            Purpose::Reminder => matches!(kept.outreach.purpose, Purpose::Reminder | Purpose::Moved),
            // Who asked for a change is not told of it.
            purpose => kept.outreach.purpose == purpose || asked_for_another_time(),
        }
    }

    /// Whether an item of the worklist gives it to a person.
    fn is_work(&self, item: &WorkItem) -> bool {
        match self.purpose {
            Purpose::Reminder => {
                item.visit.as_ref().is_some_and(|visit| (visit.site.as_str(), visit.day) == (self.site, self.day))
            }
            _ => item.kind == WorkKind::ChangeUnannounced,
        }
    }
}

impl Ledger {
    /// Whoever must be called was promised a call, or is a person's work.
    pub(super) fn nobody_is_forgotten(&self, held: &Held, found: &mut Vec<Violation>) {
        let rules = &self.terms.rules;
        let is_out = |out: &OptedOut, patient: &str, person: &Person| person.phones.iter().any(|phone| out.holds(patient, phone));
        for (patient, person) in &self.roll.0 {
            let (Some(owed), Some(number)) = (person.owed(rules), &person.first_phone) else { continue };
            let is_plain = person.is_established
                && !is_out(&self.opted_out, patient, person)
                && self.roll.has_own_telephone(patient, person)
                && owed.had_time(rules, number);
            if !is_plain {
                continue;
            }
            let of_patient = held.facts.iter().filter(|facts| facts.patient.id.as_str() == patient);
            let is_promised = of_patient.flat_map(|facts| &facts.outreaches).any(|kept| owed.is_kept_by(kept));
            let is_theirs = |item: &WorkItem| item.patient.as_ref().is_some_and(|of| of.as_str() == patient);
            if !is_promised && !held.worklist.iter().any(|item| is_theirs(item) && owed.is_work(item)) {
                let detail = format!("{} of {patient}: never promised, and no work item", owed.purpose.as_str());
                found.push(Violation::new(NOBODY_FORGOTTEN, detail));
            }
        }
    }
}
