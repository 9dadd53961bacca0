//! A day, played and judged.

use super::day::Day;
use super::history::Seen;
use super::invariants::{COMES_TO_REST, NOTHING_PANICS, Violation};
use super::ledger::{Held, Ledger, Terms};
use super::panics;
use super::stage::{Planting, Played, home, hospital_rules, play};
use crate::audit;
use crate::core::ids::PatientId;
use crate::store::{StoreError, WebhookQuery};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// A violation, and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// By true time; the end of the day for what its end shows.
    pub at: DateTime<Utc>,
    /// What is broken.
    pub violation: Violation,
}

/// A day that was played, with what it broke.
pub struct Judged {
    /// What was played.
    pub played: Played,
    /// What it broke, in order; last what only its end shows.
    pub findings: Vec<Finding>,
    /// How many calls the carrier made for us.
    pub calls: u64,
    /// What came of the calls on record.
    pub outcomes: BTreeMap<&'static str, u64>,
}

impl Judged {
    /// What it broke.
    pub fn violations(&self) -> Vec<Violation> {
        self.findings.iter().map(|finding| finding.violation.clone()).collect()
    }
}

/// Plays a day with a fault planted, or none, and judges it step by step and at its end.
///
/// # Errors
/// When it cannot be played, or its store cannot be read.
pub fn judge(day: &Day, planting: &Planting) -> anyhow::Result<Judged> {
    let terms = Terms { rules: hospital_rules(day)?, lines: day.lines, calls_per_second: day.calls_per_second };
    let (ledger, caught_by) = (Ledger::new(terms), planting.caught_by.clone());
    let judging = Arc::new(Mutex::new(Judging { ledger, caught_by, findings: Vec::new(), is_over: false }));
    let witness = judging.clone();
    let hears = move |at: DateTime<Utc>, seen: &Seen| witness.lock().unwrap_or_else(PoisonError::into_inner).see(at, seen);
    let (played, panics) = panics::watched(|| play(day, planting, Some(Box::new(hears))));
    let played = played?;
    let held = held(day, &played)?;
    let mut judging = judging.lock().unwrap_or_else(PoisonError::into_inner);
    let mut findings = std::mem::take(&mut judging.findings);
    let at = played.history.iter().last().map_or(day.end(), |(at, _)| *at);
    let panicked = panics.into_iter().map(|place| Violation::new(NOTHING_PANICS, place));
    let (operations, too_many) = played.operations;
    let goes_on = || Violation::new(COMES_TO_REST, format!("after {operations} operations of the store everything goes on"));
    // The end of a day shows nothing where it did not come to its end.
    let ended = if judging.is_over || too_many { Vec::new() } else { judging.ledger.end(&held) };
    findings.extend(panicked.chain(too_many.then(goes_on)).chain(ended).map(|violation| Finding { at, violation }));
    let calls = judging.ledger.calls_made();
    drop(judging);
    Ok(Judged { played, findings, calls, outcomes: outcomes(&held) })
}

/// What is known while a day is played.
struct Judging {
    ledger: Ledger,
    findings: Vec<Finding>,
    /// The day is over as soon as one of these is broken.
    caught_by: Vec<&'static str>,
    is_over: bool,
}

impl Judging {
    fn see(&mut self, at: DateTime<Utc>, seen: &Seen) -> ControlFlow<()> {
        if self.is_over {
            return ControlFlow::Continue(());
        }
        let found = self.ledger.see(at, seen);
        self.is_over = found.iter().any(|violation| self.caught_by.contains(&violation.invariant));
        self.findings.extend(found.into_iter().map(|violation| Finding { at, violation }));
        if self.is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn outcomes(held: &Held) -> BTreeMap<&'static str, u64> {
    let outreaches = held.facts.iter().flat_map(|facts| &facts.outreaches);
    let placed = outreaches.flat_map(|kept| &kept.attempts).filter(|attempt| attempt.placed_at.is_some());
    let mut outcomes = BTreeMap::new();
    for outcome in placed.filter_map(|attempt| attempt.outcome) {
        *outcomes.entry(outcome.as_str()).or_default() += 1;
    }
    outcomes
}

/// What the store holds when the day is over.
fn held(day: &Day, played: &Played) -> anyhow::Result<Held> {
    let patients: Vec<PatientId> = day.people.iter().map(|person| PatientId::new(person.id.clone())).collect();
    let store = &played.store;
    let read = async {
        let replayed = audit::replay(store, &played.rules, None, u64::MAX).await?;
        let facts = store.load_facts(&patients, day.end()).await?;
        let worklist = store.worklist(true, u32::MAX).await?;
        let query = WebhookQuery { limit: u32::MAX, ..WebhookQuery::default() };
        let log = store.webhooks(&query).await?.into_iter().map(|(_, entry)| entry).collect();
        store.close().await;
        Ok::<_, StoreError>((facts, worklist, log, replayed))
    };
    let (facts, worklist, log, replayed) = home()?.block_on(read)?;
    Ok(Held { facts, worklist, log, replayed, tally: played.tally.clone() })
}
