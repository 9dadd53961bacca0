//! What a person must do after a call.

use super::LiveCalls;
use crate::core::call::Standing;
use crate::core::domain::{EndReason, Outcome, WorkItem, WorkKind};
use crate::store::CallRecord;
use crate::worklist::item;
use chrono::{DateTime, Utc};

impl LiveCalls {
    /// The items that follow from how a call stands (interfaces, section 5); the store opens each once a visit.
    pub(super) fn work_after(&self, record: &CallRecord, standing: &Standing, now: DateTime<Utc>) -> Vec<WorkItem> {
        let kind = match (standing.outcome, standing.end_reason) {
            (Some(Outcome::RescheduleRequested), _) => WorkKind::RescheduleRequest,
            (Some(Outcome::WrongNumber), _) | (Some(Outcome::Failed), Some(EndReason::BadNumber)) => WorkKind::WrongNumber,
            _ => return Vec::new(),
        };
        let outreach = &record.outreach;
        vec![item(&self.chance, kind, Some(&outreach.visit), now, Some(outreach.start), None)]
    }
}
