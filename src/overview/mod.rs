//! What a scheduling office sees of a plan: how many calls a day and an hour, whether the lines suffice, and how many visits
//! are not called about and why. Decisions are taken in one by one and none is kept, so that the size of the hospital does not
//! matter.
//!
//! Never here: deciding, printing, a patient. Start reading at [`Overview::add`]; `lines.rs` has what the lines can carry.

mod lines;
mod promised;

pub use lines::{ASSUMED_CALL, Hour, Lines};
pub use promised::Promised;

use crate::core::domain::{Purpose, VisitKey};
use crate::core::ids::{JobName, PatientId};
use crate::core::plan::{Decision, Review, Skip, Verdict};
use chrono::{DateTime, NaiveDate, Utc};
use lines::Load;
use std::collections::{BTreeMap, BTreeSet};

/// A plan, folded.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// How many visits were judged.
    pub visits: usize,
    /// How many of them are called about.
    pub called: usize,
    /// How many calls each job makes, with the first and the last day of them.
    pub calls: BTreeMap<(Purpose, JobName), Calls>,
    /// How many calls each job would make if a job before it did not.
    pub made_by_another: BTreeMap<(Purpose, JobName), usize>,
    /// How many decisions of each job are no call.
    pub refusals: BTreeMap<Refused, usize>,
    load: Load,
    promised: Promised,
    /// Whom the last decision was about, with their visits so far and whether each is called about.
    last: Option<(PatientId, BTreeMap<VisitKey, bool>)>,
}

/// The calls of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// How many.
    pub count: usize,
    /// The first day of calls, by the clock of its site.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

/// Decisions that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Whose.
    pub job: Option<JobName>,
    /// Why.
    pub why: WhyNot,
}

/// Why there is no call. The skips stand before the reviews, each in the order in which they are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// Nobody need look.
    Skip(Skip),
    /// A person must look.
    Review(Review),
}

impl Overview {
    /// Takes a decision in. Those about one patient come one after the other, as the planner gives them.
    pub fn add(&mut self, decision: &Decision) {
        let calls = match &decision.verdict {
            Verdict::Call(call) => {
                if self.promised.is_first(decision) {
                    self.load.add(decision, call);
                    self.count_call(decision, call.call_after.with_timezone(&decision.zone).date_naive());
                } else if let Some(job) = &decision.job {
                    *self.made_by_another.entry((decision.purpose, job.clone())).or_default() += 1;
                }
                true
            }
            Verdict::Skip(skip) => self.refuse(decision, WhyNot::Skip(*skip)),
            Verdict::Review(review) => self.refuse(decision, WhyNot::Review(*review)),
        };
        self.count_visit(decision, calls);
    }

    /// What happens hour by hour, seen from `now`, with these lines: in order of time.
    pub fn hours(&self, lines: &Lines, now: DateTime<Utc>) -> Vec<Hour> {
        self.load.over(lines, now)
    }

    /// The jobs that refused anything, in order.
    pub fn refusing_jobs(&self) -> BTreeSet<Option<&JobName>> {
        self.refusals.keys().map(|refused| refused.job.as_ref()).collect()
    }

    fn count_call(&mut self, decision: &Decision, day: NaiveDate) {
        let Some(job) = &decision.job else { return };
        let fresh = Calls { count: 0, first: day, last: day };
        let calls = self.calls.entry((decision.purpose, job.clone())).or_insert(fresh);
        *calls = Calls { count: calls.count + 1, first: calls.first.min(day), last: calls.last.max(day) };
    }

    fn refuse(&mut self, decision: &Decision, why: WhyNot) -> bool {
        *self.refusals.entry(Refused { job: decision.job.clone(), why }).or_default() += 1;
        false
    }

    /// A visit's notices come after the reminders of all visits of its patient.
    fn count_visit(&mut self, decision: &Decision, calls: bool) {
        let patient = &decision.visit.patient;
        if self.last.as_ref().is_none_or(|(last, _)| last != patient) {
            self.last = Some((patient.clone(), BTreeMap::new()));
        }
        let Some((_, visits)) = &mut self.last else { return };
        let called = visits.entry(decision.visit.clone()).or_insert_with(|| {
            self.visits += 1;
            false
        });
        self.called += usize::from(calls && !*called);
        *called |= calls;
    }
}
