//! The loop that keeps the plan true: it reads facts, asks the core who is called when, and writes what changed.
//!
//! Of several replicas one has the lease of the sweep: it keeps the [`Agenda`] of whom to look at, and when. Whoever is nudged
//! plans those patients itself, lease or not: two planners at once do no harm, because constraints of the store keep what is
//! unique unique, and so a nudge never waits for another replica.
//!
//! Never here: SQL, deciding. Start reading at [`Planner::plan`] and [`Planner::keep_up`].

mod agenda;
mod preview;

pub use agenda::Agenda;
pub use preview::{preview, preview_each};

use crate::audit::{decision_form, rules_form};
use crate::board::Board;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::{Attempt, AttemptStatus, Outreach};
use crate::core::ids::{AttemptId, OutreachId, PatientId};
use crate::core::plan::{NewAttempt, PatientFacts, PlanAction, Rules, decide, next_look, reconcile};
use crate::nudge::Stale;
use crate::store::{CloseChange, Notice, PlanCommit, RuleSet, SharedStore, ShiftAttempt, StoreError};
use crate::worklist::item;
use chrono::{DateTime, Duration, SubsecRound, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many patients are planned in one transaction. A call's webhook may have to wait for it, so it is short: a few dozen
/// milliseconds where everything is written for the first time.
const BATCH: usize = 50;
/// How many are read together.
const PAGE: u32 = 250;
/// How often everybody is looked at, whatever happened.
const EVERYBODY: Duration = Duration::hours(1);
/// How often is looked for patients whose facts somebody changed, where nobody tells.
const LOOK: Duration = Duration::milliseconds(500);
/// When an unfinished plan is looked at again.
const SOON: Duration = Duration::seconds(5);
/// How often the lease of the sweep is renewed.
const SWEEP: Duration = Duration::seconds(5);
/// The name of the lease of whoever sweeps: where somebody has it, a replica works.
pub const SWEEPER: &str = "planner";
/// After so many of its beats without a word another replica takes over.
const SWEEPER_LEASE: i32 = 4;

/// The planner of this process.
pub struct Planner {
    /// What is remembered.
    pub store: SharedStore,
    /// The hospital's rules.
    pub board: Board,
    /// The clock.
    pub clock: Clock,
    /// Names for what is planned.
    pub chance: Chance,
}

/// How often the planner looks for what nobody told it of.
#[derive(Debug, Clone)]
pub struct PlannerBeat {
    /// For patients whose facts somebody changed.
    pub look: Duration,
    /// At everybody, whatever happened.
    pub everybody: Duration,
    /// From one renewal of the lease of the sweep to the next.
    pub lease: Duration,
    /// Tells when there is something to do by itself, to whoever lets time pass.
    pub next: NextLook,
}

impl Default for PlannerBeat {
    fn default() -> PlannerBeat {
        PlannerBeat { look: LOOK, everybody: EVERYBODY, lease: SWEEP, next: NextLook::default() }
    }
}

/// When a planner has something to do by itself.
#[derive(Debug, Clone, Default)]
pub struct NextLook(Arc<AtomicI64>);

impl NextLook {
    fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_micros(), Ordering::Relaxed);
    }

    /// That moment; long past where it does not sweep.
    pub fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

/// What one run of the planner did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planned {
    /// Visits judged, per job.
    pub decisions: usize,
    /// Attempts opened, shifted or withdrawn.
    pub actions: usize,
    /// When time alone may change a decision, at the earliest.
    pub again_at: Option<DateTime<Utc>>,
}

impl Planned {
    fn add(&mut self, other: Planned) {
        self.decisions += other.decisions;
        self.actions += other.actions;
        self.again_at = earlier(self.again_at, other.again_at);
    }
}

fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}

/// When a patient must be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    at: DateTime<Utc>,
    patient: PatientId,
}

impl Planner {
    /// [`Planner::run_by`] the usual beat.
    pub async fn run(
        self: Arc<Self>,
        stale: mpsc::UnboundedReceiver<Stale>,
        planned: Arc<tokio::sync::Notify>,
        stop: CancellationToken,
    ) {
        self.run_by(PlannerBeat::default(), stale, planned, stop).await;
    }

    /// Plans whenever somebody says that a plan is stale; where it has the lease of the sweep, whoever else is to be planned,
    /// until `stop`.
    pub async fn run_by(
        self: Arc<Self>,
        beat: PlannerBeat,
        mut stale: mpsc::UnboundedReceiver<Stale>,
        planned: Arc<tokio::sync::Notify>,
        stop: CancellationToken,
    ) {
        let holder = format!("planner-{}", self.chance.hex(4));
        let mut agenda: Option<Agenda> = None;
        let mut renew = self.clock.now();
        // After a failure nothing is tried for a moment, and whoever was to be planned is planned then.
        let (mut rest, mut left) = (renew, BTreeSet::new());
        let mut touched = self.store.notices(Notice::Touched);
        loop {
            let now = self.clock.now();
            if now >= renew {
                renew = now + beat.lease;
                match self.store.hold_lease(SWEEPER, &holder, now, now + beat.lease * SWEEPER_LEASE).await {
                    Ok(true) => agenda = agenda.or_else(|| Some(Agenda::new(now, beat.everybody))),
                    Ok(false) => agenda = None,
                    Err(error) => tracing::error!(%error, "the lease of the sweep is left as it is; it is tried again"),
                }
            }
            beat.next.set(agenda.as_ref().map_or(DateTime::UNIX_EPOCH, |agenda| agenda.next(now)));
            let wake = agenda.as_ref().map_or(renew, |agenda| agenda.next(now).min(now + beat.look).min(renew));
            let wake = if left.is_empty() { wake.max(rest) } else { rest };
            let mut whom = std::mem::take(&mut left);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.clock.sleep_until(wake) => {}
                Some(heard) = stale.recv() => whom.extend([heard]),
                () = touched.next(), if agenda.is_some() && now >= rest => {}
            }
            while let Ok(more) = stale.try_recv() {
                whom.insert(more);
            }
            match self.round(agenda.as_mut(), &whom).await {
                Ok(done) if done.decisions > 0 => planned.notify_waiters(),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "planning failed; it is tried again in a moment");
                    rest = self.clock.now() + LOOK;
                    left = whom;
                }
            }
        }
        if let Err(error) = self.store.leave_lease(SWEEPER, &holder).await {
            tracing::debug!(%error, "the lease of the sweep ends by itself");
        }
    }

    /// Plans whom it heard of, and with the lease whoever is due. Without it, whoever has it is told what changed; everybody is
    /// looked at by that one alone, which hears of other rules itself, and by whoever takes the lease over from it.
    async fn round(&self, agenda: Option<&mut Agenda>, whom: &BTreeSet<Stale>) -> Result<Planned, StoreError> {
        let (all, nudged) = (whom.contains(&Stale::All), patients_of(whom));
        match agenda {
            Some(agenda) => {
                if all {
                    agenda.begin_again(self.clock.now());
                }
                self.keep_up(agenda, nudged).await
            }
            None => {
                let nudged: Vec<PatientId> = nudged.into_iter().collect();
                let done = self.plan(&nudged).await?;
                if !nudged.is_empty() {
                    self.store.touch(&nudged).await?;
                }
                Ok(done)
            }
        }
    }

    /// Plans everybody who has a visit to come or an attempt waiting.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan_all(&self) -> Result<Planned, StoreError> {
        let mut sum = Planned::default();
        let mut last = None;
        loop {
            let patients = self.store.patients_to_plan(self.clock.now(), last.as_ref(), PAGE).await?;
            let page = self.plan(&patients).await?;
            sum.add(page);
            match patients.into_iter().next_back() {
                Some(newest) => last = Some(newest),
                None => return Ok(sum),
            }
        }
    }

    /// Plans these patients.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan(&self, patients: &[PatientId]) -> Result<Planned, StoreError> {
        Ok(self.plan_and_look(patients).await?.0)
    }

    /// Plans these patients, and tells when to look at them again.
    async fn plan_and_look(&self, patients: &[PatientId]) -> Result<(Planned, Vec<Look>), StoreError> {
        let (mut sum, mut looks) = (Planned::default(), Vec::new());
        if patients.is_empty() {
            return Ok((sum, looks));
        }
        let rules = self.board.rules();
        let (id, body) = rules_form(&rules);
        let kept = RuleSet { id, body: body.into() };
        for page in patients.chunks(PAGE as usize) {
            // To the microsecond, as the store keeps it: the same decisions can be made again from there.
            let now = self.clock.now().trunc_subsecs(6);
            let mut left = self.store.load_facts(page, now).await?;
            while !left.is_empty() {
                let rest = left.split_off(left.len().min(BATCH));
                let facts = std::mem::replace(&mut left, rest);
                self.commit_all(&rules, &kept, facts, now, (&mut sum, &mut looks)).await?;
            }
        }
        Ok((sum, looks))
    }

    /// Plans some patients by what is known about them, in one transaction.
    async fn commit_all(
        &self,
        rules: &Rules,
        kept: &RuleSet,
        facts: Vec<PatientFacts>,
        now: DateTime<Utc>,
        (sum, looks): (&mut Planned, &mut Vec<Look>),
    ) -> Result<(), StoreError> {
        let mut commit = PlanCommit { at: Some(now), rules: Some(kept.clone()), ..PlanCommit::default() };
        for facts in &facts {
            let decisions = decide(rules, facts, now);
            let actions = reconcile(rules, &decisions, facts, now);
            let at = if is_unfinished(facts, &actions) { Some(now + SOON) } else { None };
            let at = earlier(at, next_look(rules, &decisions, facts, now));
            looks.extend(at.map(|at| Look { at, patient: facts.patient.id.clone() }));
            for action in actions {
                self.add(&mut commit, action, facts, now);
                sum.actions += 1;
            }
            sum.decisions += decisions.len();
            sum.again_at = earlier(sum.again_at, decisions.iter().filter_map(|decision| decision.again_at).min());
            commit.decisions.extend(decisions.iter().map(decision_form));
        }
        commit.facts = Arc::new(facts);
        self.store.commit_plan(&commit).await
    }

    fn add(&self, commit: &mut PlanCommit, action: PlanAction, facts: &PatientFacts, now: DateTime<Utc>) {
        match action {
            PlanAction::Open(new) => commit.open.push(self.named(new)),
            PlanAction::Move { attempt, dial } => commit.shift.push(ShiftAttempt {
                attempt,
                due_at: dial.due_at,
                not_after: dial.not_after,
                phone_kind: dial.phone_kind,
                phone: dial.phone,
                language: dial.language,
                carrier: dial.carrier,
            }),
            PlanAction::Withdraw { attempt, .. } => commit.withdraw.push(attempt),
            PlanAction::OpenWork(new) => {
                let known = Some(new.known.to_string());
                commit.open_work.push(item(&self.chance, new.kind, Some(&new.visit), now, Some(new.due_at), known));
            }
            PlanAction::CloseWork { kind, visit } => commit.close_work.push((kind, visit)),
            PlanAction::CloseChanges { appointments, why } => {
                let closed = facts.changes.iter().filter(|change| appointments.contains(&change.appointment));
                commit.close_changes.extend(closed.map(|change| CloseChange {
                    appointment: change.appointment.clone(),
                    last_at: change.last_at,
                    why: why.to_string(),
                }));
            }
        }
    }

    fn named(&self, new: NewAttempt) -> (Outreach, Attempt) {
        let NewAttempt { outreach: key, existing, number, dial } = new;
        let outreach = Outreach {
            id: existing.unwrap_or_else(|| OutreachId::new(format!("o-{}", self.chance.hex(8)))),
            visit: key.visit,
            version: key.version,
            purpose: key.purpose,
            touch: key.touch,
            job: key.job,
            start: key.start,
            moved_from: key.moved_from,
        };
        let id = AttemptId::new(format!("a-{}", self.chance.hex(8)));
        let attempt = Attempt::planned(id, outreach.id.clone(), number, dial);
        (outreach, attempt)
    }
}

fn patients_of(whom: &BTreeSet<Stale>) -> BTreeSet<PatientId> {
    whom.iter().filter_map(|s| if let Stale::Patient(patient) = s { Some(patient.clone()) } else { None }).collect()
}

/// Whether the plan is to be looked at in a moment: a dialler has one of the attempts and may give it back, or changes were
/// closed, after which others may have to be told.
fn is_unfinished(facts: &PatientFacts, actions: &[PlanAction]) -> bool {
    let leased = |a: &Attempt| a.status == AttemptStatus::Leased;
    facts.outreaches.iter().flat_map(|o| &o.attempts).any(leased)
        || actions.iter().any(|action| matches!(action, PlanAction::CloseChanges { .. }))
}
