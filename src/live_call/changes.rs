//! The schedule is read again when a call is answered: a visit that was cancelled or moved meanwhile is not announced.

use super::{LiveCallError, LiveCalls};
use crate::core::domain::{Purpose, group_visits};
use crate::core::plan::notice_of;
use crate::store::CallRecord;
use chrono::{DateTime, Utc};

impl LiveCalls {
    /// Whether what this call would say is no longer true.
    pub(super) async fn visit_changed(&self, record: &CallRecord, now: DateTime<Utc>) -> Result<bool, LiveCallError> {
        let key = &record.outreach.visit;
        let facts = self.store.load_facts(std::slice::from_ref(&key.patient), now).await?;
        let Some(facts) = facts.first() else { return Ok(true) };
        let rules = self.board.rules();
        if record.outreach.purpose != Purpose::Reminder {
            return Ok(notice_of(&rules, facts, &record.outreach, now).is_none());
        }
        let start = record.outreach.start;
        if facts.closures.iter().any(|it| it.closure.covers(&key.site, start)) {
            return Ok(true);
        }
        let visits = group_visits(&facts.appointments, |site| rules.zone(site));
        let still_so = visits
            .iter()
            .find(|visit| visit.key == *key)
            .is_some_and(|visit| visit.booked().next().is_some_and(|first| first.start == start));
        Ok(!still_so)
    }
}
