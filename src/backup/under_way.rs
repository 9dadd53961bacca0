//! Calls that were under way when a back-up was made. They end at the carrier while the store knows nothing of it: what became of
//! the call is asked for there, and what the patient said in it only the patient knows.

use crate::chance::Chance;
use crate::core::domain::WorkKind;
use crate::store::{Store, StoreError};
use crate::worklist::item;
use chrono::{DateTime, Utc};

const NOTE: &str = "under way when the back-up was made from which the store was restored: an answer or an opt-out given in that call \
                    after that is lost; ask the patient, unless the carrier says that nobody answered (`callahead calls`)";

/// Opens an item `answer_lost` for each call that a store which is just restored holds to be under way; says how many there are.
///
/// It is done before anything serves that store: whether a webhook that comes late, the carrier's list of calls or nothing at all
/// ends such a call, somebody asks. Done twice, it opens nothing more.
///
/// # Errors
/// When the store fails.
pub async fn ask_about_calls_under_way(store: &dyn Store, chance: &Chance, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut count = 0;
    for call in store.live_calls().await? {
        let Some(record) = store.load_call_by_id(&call.attempt.id).await? else { continue };
        let promise = record.outreach;
        let note = Some(NOTE.to_string());
        store.open_work(&item(chance, WorkKind::AnswerLost, Some(&promise.visit), now, Some(promise.start), note)).await?;
        count += 1;
    }
    Ok(count)
}
