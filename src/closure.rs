//! Declaring that a site is closed, or opens late: what is asked is checked, everybody concerned gets a turn in order of visit
//! time, and whoever declares hears beforehand how many are told by telephone, by when, and who cannot be.
//!
//! Never here: SQL, deciding. Start reading at [`plan`]; who is concerned, and when, the core says.

mod request;

pub use request::{Refusal, Request};

use crate::core::domain::{Closure, Purpose, VisitKey};
use crate::core::ids::{ClosureId, JobName, PatientId};
use crate::core::plan::{ClosureFacts, Decision, PatientFacts, Rules, Verdict, decide, notices};
use crate::store::{SharedStore, StoreError};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// How many patients are read at once.
const BATCH: usize = 250;

/// Why a closure cannot be declared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It makes no sense, or nobody would be told.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A closure, and what follows from declaring it now.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What is declared.
    pub closure: Closure,
    /// The visits that it concerns, in the order in which they are told.
    pub visits: Vec<(VisitKey, u32)>,
    /// The job that tells them.
    pub job: JobName,
    /// How many it tells in an hour.
    pub per_hour: u32,
    /// How many are told by telephone, as things stand.
    pub by_telephone: usize,
    /// When the first and the last of these may be called.
    pub calls: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Why the others are not, in the words of decisions, with how many.
    pub not_by_telephone: BTreeMap<&'static str, usize>,
}

/// What declaring a closure at `now` would do. Nothing is written.
///
/// # Errors
/// When it is refused, or the store fails.
pub async fn plan(
    store: &SharedStore,
    rules: &Rules,
    request: &Request,
    id: ClosureId,
    now: DateTime<Utc>,
) -> Result<Planned, Error> {
    let closure = request.closure(rules, id, now)?;
    let job = request.job(rules)?;
    let same = |other: &Closure| {
        (&other.site, other.from, other.until, other.delay_to) == (&closure.site, closure.from, closure.until, closure.delay_to)
    };
    if store.closures(false).await?.iter().any(|record| same(&record.closure)) {
        return Err(Refusal::Declared.into());
    }
    let bookings = store.bookings_between(&closure.site, closure.from, closure.until).await?;
    let patients: Vec<PatientId> = bookings.into_iter().map(|b| b.patient).collect::<BTreeSet<_>>().into_iter().collect();
    let mut concerned: Vec<(DateTime<Utc>, VisitKey)> = Vec::new();
    for batch in patients.chunks(BATCH) {
        for mut facts in store.load_facts(batch, now).await? {
            facts.closures.push(ClosureFacts { closure: closure.clone(), position: None });
            let of_this = notices(rules, &facts, now).into_iter().filter(|notice| notice.closure.as_ref() == Some(&closure.id));
            concerned.extend(of_this.map(|notice| (notice.old.start, notice.visit)));
        }
    }
    concerned.sort();
    let visits: Vec<(VisitKey, u32)> = concerned.into_iter().map(|(_, visit)| visit).zip(0..).collect();
    let (name, per_hour) = (job.name.clone(), job.when.per_hour);
    let mut planned =
        Planned { closure, visits, job: name, per_hour, by_telephone: 0, calls: None, not_by_telephone: BTreeMap::new() };
    let turns: BTreeMap<&PatientId, (&VisitKey, u32)> = planned.visits.iter().map(|(v, turn)| (&v.patient, (v, *turn))).collect();
    let called: Vec<PatientId> = turns.keys().map(|patient| (*patient).clone()).collect();
    let mut told = Vec::new();
    for batch in called.chunks(BATCH) {
        for mut facts in store.load_facts(batch, now).await? {
            let Some((visit, turn)) = turns.get(&facts.patient.id) else { continue };
            facts.closures.push(ClosureFacts { closure: planned.closure.clone(), position: Some(*turn) });
            told.push(way(rules, &facts, visit, now));
        }
    }
    told.into_iter().for_each(|way| planned.add(way));
    Ok(planned)
}

/// Writes a closure with everybody's turn. The planner calls them when it looks next.
///
/// # Errors
/// When the store fails.
pub async fn declare(store: &SharedStore, planned: &Planned, reason: &str) -> Result<(), StoreError> {
    store.declare_closure(&planned.closure, reason, &planned.visits).await
}

/// When a visit is called about, or why it is not.
fn way(rules: &Rules, facts: &PatientFacts, visit: &VisitKey, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    let decisions = decide(rules, facts, now);
    let mut of_visit = decisions.iter().filter(|d| d.purpose == Purpose::Closure && d.visit == *visit);
    let call = |d: &Decision| if let Verdict::Call(call) = &d.verdict { Some(call.call_after) } else { None };
    let calls = of_visit.clone().filter_map(call).min();
    // A job that is for others says nothing about why this visit is not told.
    let reasons = of_visit.clone().filter_map(|d| d.verdict.reason());
    let telling = reasons.max_by_key(|reason| !matches!(*reason, "job_disabled" | "site_or_department_excluded"));
    calls.ok_or_else(|| telling.or_else(|| of_visit.next().and_then(|d| d.verdict.reason())).unwrap_or("no_job"))
}

impl Planned {
    fn add(&mut self, way: Result<DateTime<Utc>, &'static str>) {
        match way {
            Ok(at) => {
                self.by_telephone += 1;
                self.calls = Some(self.calls.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            }
            Err(reason) => *self.not_by_telephone.entry(reason).or_default() += 1,
        }
    }
}
