//! Whom the planner looks at next: nobody is planned again for nothing.
//!
//! Once everybody is looked at, page by page. From then on a patient is planned when somebody says that their plan is stale
//! (a nudge), when somebody wrote what is known about them (the store's queue, whatever process wrote), and when time alone
//! may change what is to be done. Everybody is looked at again now and then, in case something was written past all that.

use super::{Look, Planned, Planner};
use crate::core::ids::PatientId;
use crate::store::StoreError;
use chrono::{DateTime, Duration, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// How many are planned in one round beside a page of the pass: others who are nudged wait for it.
const ROUND: usize = 1_000;
/// Entries of the store's queue in one round.
const TOUCHED: u32 = 1_000;
/// A page of a pass is followed by as much rest as it took, and no more than this: calls want the same store.
const LONGEST_REST: Duration = Duration::seconds(1);

/// Whom to look at and when.
#[derive(Debug)]
pub struct Agenda {
    /// A patient may stand there more than once: looking too often does no harm.
    looks: BinaryHeap<Reverse<Look>>,
    /// Those from before the pass that is under way.
    before: BinaryHeap<Reverse<Look>>,
    /// The last one of the pass so far; none while no pass is under way.
    pass: Option<Option<PatientId>>,
    /// Not before this moment comes its next page.
    page_at: DateTime<Utc>,
    next_pass: DateTime<Utc>,
    every: Duration,
    /// Nobody was looked at yet.
    is_new: bool,
}

impl Agenda {
    /// Everybody is to be looked at now, and again whenever so much time has passed, whatever happened.
    pub fn new(now: DateTime<Utc>, every: Duration) -> Agenda {
        let (looks, before) = (BinaryHeap::new(), BinaryHeap::new());
        Agenda { looks, before, pass: Some(None), page_at: now, next_pass: now + every, every, is_new: true }
    }

    /// Everybody is to be looked at, from the beginning: other rules are in force.
    pub fn begin_again(&mut self, now: DateTime<Utc>) {
        self.before.append(&mut self.looks);
        self.pass = Some(None);
        self.next_pass = now + self.every;
    }

    /// When there is something to do by itself: soon while a pass is under way.
    pub fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.pass.is_some() {
            // So far ahead it is only where somebody set the clock back.
            return if self.page_at > now + LONGEST_REST { now } else { self.page_at.max(now) };
        }
        let first = |looks: &BinaryHeap<Reverse<Look>>| looks.peek().map(|look| look.0.at);
        first(&self.looks).into_iter().chain(first(&self.before)).fold(self.next_pass, DateTime::min)
    }

    /// Adds those whose time has come.
    fn take_due(&mut self, now: DateTime<Utc>, whom: &mut BTreeSet<PatientId>) {
        for looks in [&mut self.before, &mut self.looks] {
            while whom.len() < ROUND
                && let Some(look) = looks.peek()
                && look.0.at <= now
            {
                whom.extend(looks.pop().map(|look| look.0.patient));
            }
        }
    }

    fn keep(&mut self, looks: Vec<Look>) {
        self.looks.extend(looks.into_iter().map(Reverse));
    }
}

impl Planner {
    /// One round: plans the `nudged`, those whose facts somebody changed, those whose time has come, and a page of everybody
    /// while a pass is under way.
    ///
    /// # Errors
    /// When the store fails; nobody is lost then, the next round takes them.
    pub async fn keep_up(&self, agenda: &mut Agenda, nudged: BTreeSet<PatientId>) -> Result<Planned, StoreError> {
        let now = self.clock.now();
        if agenda.is_new {
            // Whoever stands in the queue by now is looked at with everybody.
            self.store.forget_touched(i64::MAX).await?;
            agenda.is_new = false;
        }
        if agenda.pass.is_none() && now >= agenda.next_pass {
            agenda.begin_again(now);
        }
        let mut whom = nudged;
        let done = self.plan_the_due(agenda, now, &mut whom).await;
        if done.is_err() {
            agenda.keep(whom.into_iter().map(|patient| Look { at: now, patient }).collect());
        }
        let mut sum = done?;
        if let Some(last) = agenda.pass.clone().filter(|_| agenda.next(now) <= now) {
            let began = self.clock.now();
            let page = self.store.patients_to_plan(now, last.as_ref(), super::PAGE).await?;
            let (planned, looks) = self.plan_and_look(&page).await?;
            sum.add(planned);
            agenda.keep(looks);
            agenda.pass = page.into_iter().next_back().map(Some);
            let ended = self.clock.now();
            agenda.page_at = ended + (ended - began).clamp(Duration::zero(), LONGEST_REST);
            if agenda.pass.is_none() {
                agenda.before = BinaryHeap::new();
            }
        }
        Ok(sum)
    }

    async fn plan_the_due(
        &self,
        agenda: &mut Agenda,
        now: DateTime<Utc>,
        whom: &mut BTreeSet<PatientId>,
    ) -> Result<Planned, StoreError> {
        agenda.take_due(now, whom);
        let touched = self.store.touched(TOUCHED).await?;
        whom.extend(touched.patients);
        let patients: Vec<PatientId> = whom.iter().cloned().collect();
        let (planned, looks) = self.plan_and_look(&patients).await?;
        agenda.keep(looks);
        if touched.upto > 0 {
            self.store.forget_touched(touched.upto).await?;
        }
        Ok(planned)
    }
}
