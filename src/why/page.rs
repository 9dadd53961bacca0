//! A plan in pages: so many patients at a time.

use crate::core::plan::{Rules, decide};
use crate::store::{SharedStore, StoreError};
use crate::views::DecisionView;
use chrono::{DateTime, Utc};

/// How many ids are passed over at once.
const STRIDE: u32 = 5_000;

/// A page of a plan.
#[derive(Debug, Clone)]
pub struct PlanPage {
    /// The decisions, in the order of `plan`.
    pub decisions: Vec<DecisionView>,
    /// How many patients stand before the next page; none after the last one. It names nobody, so that it may stand in an
    /// address.
    pub next: Option<u32>,
}

/// The decisions at `now` about `patients` patients, the first `after` left out. Nothing is written.
///
/// # Errors
/// When the store fails.
pub async fn plan_page(
    store: &SharedStore,
    rules: &Rules,
    now: DateTime<Utc>,
    after: u32,
    patients: u32,
) -> Result<PlanPage, StoreError> {
    let (mut last, mut passed) = (None, 0);
    while passed < after {
        let ids = store.patients_to_plan(now, last.as_ref(), (after - passed).min(STRIDE)).await?;
        let Some(newest) = ids.last() else { return Ok(PlanPage { decisions: Vec::new(), next: None }) };
        (last, passed) = (Some(newest.clone()), passed + ids.len() as u32);
    }
    let ids = store.patients_to_plan(now, last.as_ref(), patients).await?;
    let facts = store.load_facts(&ids, now).await?;
    let decisions = facts.iter().flat_map(|facts| decide(rules, facts, now)).map(|d| DecisionView::of(&d)).collect();
    let next = (ids.len() == patients as usize).then_some(after.saturating_add(patients));
    Ok(PlanPage { decisions, next })
}
