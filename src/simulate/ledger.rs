//! The ledger knows the truth of a simulated day: it goes by what was fed and what the carrier did, and never by the engine's
//! own reasons. It is told of everything that happens, and says which invariant is broken, and where.
//!
//! Of the store it takes when something was committed, which is what "before" and "after" mean here; and at the end what the
//! record says, which it holds against what it knows. Start reading at [`Ledger::see`]; the invariants stand in
//! [`super::invariants::TABLE`].

mod answers;
mod calls;
mod committed;
mod deadlines;
mod end;
mod promises;
mod roll;
mod row;
mod schedule;
mod timely;

pub use end::Held;
pub(super) use row::FeedLine;

use super::history::{Act, Actor, Done, Seen, StoreSeen};
use super::invariants::{ANSWERED_ONCE, NOT_WITHDRAWN, NOTHING_AFTER_OPT_OUT, Violation, keys::decided};
use crate::core::domain::{Outreach, PhoneNumber, Purpose};
use crate::core::ids::AttemptId;
use crate::core::plan::Rules;
use crate::store::{IncomingVerdict, Join, Leased, OptOut, RequestVerdict};
use answers::{Answers, Webhook};
use calls::Calls;
use chrono::{DateTime, Duration, Utc};
use committed::Committed;
use deadlines::{Deadlines, Due};
use promises::Promises;
use roll::Roll;
use schedule::Schedule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the ledger judges by, beside what it sees.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What the hospital decided.
    pub rules: Arc<Rules>,
    /// The carrier's lines.
    pub lines: u32,
    /// The carrier's pace, in calls a second.
    pub calls_per_second: f64,
}

/// An attempt, as far as the store committed something about it.
#[derive(Debug, Clone)]
struct Known {
    outreach: Outreach,
    number: PhoneNumber,
    /// From then on nobody is called about it, by what the feed had said when it was committed to be asked for.
    last_moment: DateTime<Utc>,
    /// When it was committed to be asked for, by the machine's clock.
    asked_at: Option<DateTime<Utc>>,
    /// How often the feed had spoken of the patient then, or when a call to our number became one of theirs.
    said: u64,
    /// Why it should not have been, by what was known then.
    wrongly: Vec<Violation>,
}

impl Known {
    /// One that nobody has asked for.
    fn new(outreach: &Outreach, number: &PhoneNumber) -> Known {
        let (outreach, number) = (outreach.clone(), number.clone());
        Known { outreach, number, last_moment: DateTime::<Utc>::MAX_UTC, asked_at: None, said: 0, wrongly: Vec::new() }
    }
}

/// The truth of a day.
#[derive(Debug)]
pub struct Ledger {
    terms: Terms,
    /// The machine's clock less true time.
    ahead: Duration,
    schedule: Schedule,
    roll: Roll,
    attempts: BTreeMap<AttemptId, Known>,
    opted_out: OptedOut,
    calls: Calls,
    promises: Promises,
    deadlines: Deadlines,
    committed: Committed,
    answers: Answers,
    /// Stores failed or replicas died: what is only noted down may be missing.
    has_trouble: bool,
}

/// Who is not called any more.
#[derive(Debug, Default)]
struct OptedOut {
    patients: BTreeSet<String>,
    numbers: BTreeSet<PhoneNumber>,
}

impl OptedOut {
    fn holds(&self, patient: &str, number: &PhoneNumber) -> bool {
        self.patients.contains(patient) || self.numbers.contains(number)
    }

    fn add(&mut self, out: &OptOut) {
        self.patients.extend(out.patient.iter().map(|patient| patient.as_str().to_string()));
        self.numbers.extend(out.phone.clone());
    }
}

impl Ledger {
    /// A day on which nothing has happened yet.
    pub fn new(terms: Terms) -> Ledger {
        Ledger {
            terms,
            ahead: Duration::zero(),
            schedule: Schedule::default(),
            roll: Roll::default(),
            attempts: BTreeMap::new(),
            opted_out: OptedOut::default(),
            calls: Calls::default(),
            promises: Promises::default(),
            deadlines: Deadlines::default(),
            committed: Committed::default(),
            answers: Answers::default(),
            has_trouble: false,
        }
    }

    /// Something happened at a moment of true time; what it breaks, and what is not so whose time was over by then.
    pub fn see(&mut self, at: DateTime<Utc>, seen: &Seen) -> Vec<Violation> {
        let mut found = self.overdue(at);
        self.deadlines.see(at, seen);
        found.extend(self.seen(at, seen));
        found
    }

    fn seen(&mut self, at: DateTime<Utc>, seen: &Seen) -> Vec<Violation> {
        match seen {
            Seen::ClockStepped { ahead, .. } => {
                self.ahead = *ahead;
                self.calls.clock_stepped();
            }
            Seen::Store(seen) => return self.store(at, seen),
            Seen::Asked { to: Some(_), .. } => return self.calls.asked(&self.terms, at),
            Seen::Call { news, attempt, number } => {
                let mut found = self.committed.call(news, attempt.as_ref(), number);
                found.extend(self.calls.see(&self.terms, &self.attempts, news, (attempt.as_ref(), number), at + self.ahead));
                return found;
            }
            Seen::Webhook { what, attempt, body, status, reply, .. } => {
                let webhook = Webhook::read(what, body, *status.as_ref().unwrap_or(&0), *reply);
                return self.webhook(attempt.as_ref(), &webhook);
            }
            Seen::Killed(..) | Seen::StoreTrouble(Some(_)) => self.has_trouble = true,
            _ => {}
        }
        Vec::new()
    }

    fn store(&mut self, at: DateTime<Utc>, seen: &StoreSeen) -> Vec<Violation> {
        self.has_trouble |= matches!(seen.done, Done::Failed | Done::Refused | Done::Unheard) && seen.actor != Actor::Feed;
        let Some(act) = seen.what.as_deref().filter(|_| seen.done.is_done()) else { return Vec::new() };
        let now = at + self.ahead;
        match act {
            Act::Leased(all) => all.iter().for_each(|leased| self.leased(leased, now)),
            Act::Planned(plan) => {
                self.promises.opened(&plan.open, now);
                for opened in &plan.open {
                    self.look_at_its_end(&opened.promise, now);
                }
                self.promises.work_opened(&plan.open_work);
                self.promises.work_closed(&plan.close_work, now);
            }
            Act::Work(item, _) => self.promises.work_opened(std::slice::from_ref(item)),
            Act::Requested(order, RequestVerdict::Granted) => {
                self.requesting(at, &order.attempt);
                self.promises.requested(&order.attempt, now, order.deadline);
                self.deadlines.by(order.deadline, Due::Call(order.attempt.clone()));
            }
            Act::GivenBack(attempt, _) => self.promises.given_back(attempt),
            Act::TakenIn(intake) => {
                self.opted_out.patients.extend(self.schedule.take_in(&intake.raw));
                self.roll.take_in(&intake.raw, now);
                intake.opt_outs.iter().for_each(|out| self.opted_out.add(out));
            }
            Act::Call(commit) => {
                commit.opt_out.iter().for_each(|out| self.opted_out.add(out));
                self.promises.work_opened(&commit.open_work);
                self.promises.work_closed(&commit.close_work, now);
                self.promises.came_of(&commit.attempt, commit.standing.outcome);
                return self.committed.see(commit);
            }
            Act::Incoming(commit, IncomingVerdict::Done) => {
                commit.opt_out.iter().for_each(|out| self.opted_out.add(out));
                self.promises.work_opened(&commit.open_work);
                if let Some(join) = &commit.join {
                    self.promises.joined(join, now);
                    self.joined(join);
                    self.deadlines.by(join.deadline, Due::Call(join.attempt.id.clone()));
                }
            }
            Act::OptOut(out) => self.opted_out.add(out),
            _ => {}
        }
        Vec::new()
    }

    fn leased(&mut self, leased: &Leased, now: DateTime<Utc>) {
        self.promises.leased(leased, now);
        let known = Known::new(&leased.outreach, &leased.attempt.phone);
        self.attempts.insert(leased.attempt.id.clone(), known);
    }

    /// A call to our number has become one of a promise: nobody asked for it, and what is chosen in it counts.
    fn joined(&mut self, join: &Join) {
        let Some(outreach) = self.promises.promised_as(&join.attempt.outreach) else { return };
        let said = self.schedule.said_of(join.patient.as_str());
        let known = Known { said, ..Known::new(outreach, &join.attempt.phone) };
        self.attempts.insert(join.attempt.id.clone(), known);
    }

    /// What was known when a call was committed to be asked for decides whether it may be made.
    fn requesting(&mut self, at: DateTime<Utc>, attempt: &AttemptId) {
        let Some(known) = self.attempts.get(attempt) else { return };
        let outreach = &known.outreach;
        let patient = outreach.visit.patient.as_str();
        let said = self.schedule.said_of(patient);
        let mut wrongly = Vec::new();
        if self.opted_out.holds(patient, &known.number) {
            let detail = format!("call {attempt} was committed to be asked for after the opt-out");
            wrongly.push(Violation::new(NOTHING_AFTER_OPT_OUT, detail));
        }
        if let Some(why) = self.schedule.speaks_against(&self.terms.rules, outreach) {
            let about = outreach.purpose.as_str();
            let detail = format!("call {attempt} ({about}) was committed to be asked for, but {why}");
            wrongly.push(Violation::new(NOT_WITHDRAWN, detail));
        }
        let asks = |of: &Outreach| matches!(of.purpose, Purpose::Reminder | Purpose::Moved);
        let same = |of: &Outreach| asks(of) && asks(outreach) && (&of.visit, of.start) == (&outreach.visit, outreach.start);
        let mut others = self.attempts.iter().filter(|(_, other)| same(&other.outreach) && other.said == said);
        // What was pressed after a choice may have taken it back, and be on record though nobody heard that it is.
        let keys = |id| [self.answers.keys_of(id), self.committed.kept(id).to_string()];
        let stands = |id| keys(id).into_iter().all(|keys| decided(&keys).chooses());
        if let Some((other, _)) = others.find(|(id, _)| stands(id)) {
            let detail = format!("call {attempt} was committed to be asked for, though the choice in call {other} stands");
            wrongly.push(Violation::new(ANSWERED_ONCE, detail));
        }
        if let Some(known) = self.attempts.get_mut(attempt) {
            let last_moment = self.schedule.last_moment(&self.terms.rules, &known.outreach).unwrap_or(known.last_moment);
            *known = Known { asked_at: Some(at + self.ahead), last_moment, said, wrongly, ..known.clone() };
        }
    }

    fn webhook(&mut self, attempt: Option<&AttemptId>, webhook: &Webhook<'_>) -> Vec<Violation> {
        // A 9 that was answered with words counts from then on, whatever the store says.
        if webhook.is_heard() && webhook.key() == Some('9') {
            let known = attempt.and_then(|attempt| self.attempts.get(attempt));
            if let Some(known) = known {
                self.opted_out.patients.insert(known.outreach.visit.patient.as_str().to_string());
                self.opted_out.numbers.insert(known.number.clone());
            }
        }
        let mut found = self.answers.see(attempt, webhook);
        if let Some(attempt) = attempt.filter(|_| webhook.is_heard() && webhook.key().is_some()) {
            found.extend(self.committed.promised(attempt, &self.answers.keys_of(attempt)));
        }
        found
    }

    /// How many calls the carrier made for us.
    pub fn calls_made(&self) -> u64 {
        self.calls.made()
    }
}

#[cfg(test)]
mod tests;
