//! What would be decided, nothing written: what `plan` prints. One patient after the other, so that the size of the
//! hospital does not matter.

use crate::core::plan::{Decision, PatientFacts, Rules, decide};
use crate::store::{SharedStore, StoreError};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

/// How many patients are read at once. More of them are not faster, and each holds its facts in memory.
const PAGE: u32 = 250;

/// Hands every decision at `now` to `each`, in the order of patients, visits and jobs, and stops at its first refusal.
/// Nothing is written. The store may change meanwhile: what is known about one patient is of one moment.
///
/// # Errors
/// When the store fails, or `each` does.
pub async fn preview_each<E: From<StoreError>>(
    store: &SharedStore,
    rules: &Rules,
    now: DateTime<Utc>,
    mut each: impl FnMut(Decision) -> Result<(), E>,
) -> Result<(), E> {
    // While one page is judged the next is read.
    let (sender, mut pages) = mpsc::channel(1);
    let reader = tokio::spawn(read_pages(store.clone(), now, sender));
    while let Some(page) = pages.recv().await {
        for facts in &page {
            for decision in decide(rules, facts, now) {
                each(decision)?;
            }
        }
    }
    match reader.await {
        Ok(read) => Ok(read?),
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
}

/// Every decision at `now`, all in memory: for a small hospital.
///
/// # Errors
/// When the store fails.
pub async fn preview(store: &SharedStore, rules: &Rules, now: DateTime<Utc>) -> Result<Vec<Decision>, StoreError> {
    let mut decisions = Vec::new();
    preview_each(store, rules, now, |decision| {
        decisions.push(decision);
        Ok::<(), StoreError>(())
    })
    .await?;
    Ok(decisions)
}

/// Reads page after page until nobody is left, or nobody listens any more.
async fn read_pages(store: SharedStore, now: DateTime<Utc>, pages: mpsc::Sender<Vec<PatientFacts>>) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        let patients = store.patients_to_plan(now, last.as_ref(), PAGE).await?;
        let facts = store.load_facts(&patients, now).await?;
        let Some(newest) = patients.into_iter().next_back() else { return Ok(()) };
        last = Some(newest);
        if pages.send(facts).await.is_err() {
            return Ok(());
        }
    }
}
