//! The schedule is read again when a call is answered: a visit that was cancelled or moved meanwhile is not announced.

use super::{LiveCallError, LiveCalls};
use crate::core::plan::{is_true, stands_as_told};
use crate::store::CallRecord;
use chrono::{DateTime, Utc};

impl LiveCalls {
    /// Whether what this call would say is no longer true.
    pub(super) async fn visit_changed(&self, record: &CallRecord, now: DateTime<Utc>) -> Result<bool, LiveCallError> {
        let key = &record.outreach.visit;
        let facts = self.store.load_facts(std::slice::from_ref(&key.patient), now).await?;
        let Some(facts) = facts.first() else { return Ok(true) };
        let rules = self.board.rules();
        let outreach = &record.outreach;
        // Who calls us may have heard of it before.
        let is_so = is_true(&rules, facts, outreach, now) || (record.attempt.inbound && stands_as_told(&rules, facts, outreach));
        Ok(!is_so)
    }
}
