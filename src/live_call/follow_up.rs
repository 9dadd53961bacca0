//! What a person must do after a call.

use super::LiveCalls;
use crate::core::call::Standing;
use crate::core::domain::{EndReason, Outcome, WorkItem, WorkKind};
use crate::store::CallRecord;
use crate::worklist::item;
use chrono::{DateTime, Utc};

impl LiveCalls {
    /// The items that follow from how a call stands (interfaces, section 5); the store opens each once a visit. That a
    /// number is wrong is somebody's to look at from the moment it is said, and whatever was chosen before.
    pub(super) fn work_after(&self, record: &CallRecord, standing: &Standing, now: DateTime<Utc>) -> Vec<WorkItem> {
        let no_number = standing.outcome == Some(Outcome::Failed) && standing.end_reason == Some(EndReason::BadNumber);
        let kinds = [
            (standing.outcome == Some(Outcome::RescheduleRequested)).then_some(WorkKind::RescheduleRequest),
            (standing.wrong_number || no_number).then_some(WorkKind::WrongNumber),
        ];
        let outreach = &record.outreach;
        let open = |kind| item(&self.chance, kind, Some(&outreach.visit), now, Some(outreach.start), None);
        kinds.into_iter().flatten().map(open).collect()
    }
}
