//! The end of a call that cannot be taken further in the ordinary way: its carrier is not configured any more, or its call
//! script is gone.

use super::Dialer;
use crate::core::call::{Call, CallEvent, FinalStatus};
use crate::core::domain::{Attempt, AttemptStatus, EndReason, Outcome};
use crate::core::ids::AttemptId;
use crate::store::{CallCommit, CallRecord, StoreError, StoredEvent, StoredStanding};
use chrono::{DateTime, Utc};

impl Dialer {
    /// Ends a call of which nothing more can be learnt, so that its number and its line are free. What was heard of it stays.
    ///
    /// # Errors
    /// When the store fails, or something was heard of the call meanwhile.
    pub(super) async fn abandon(&self, id: &AttemptId) -> Result<(), StoreError> {
        let Some(record) = self.live.store.load_call_by_id(id).await? else { return Ok(()) };
        let now = self.clock().now();
        let event = CallEvent::Ended { status: FinalStatus::Failed, talk_seconds: None, reason: Some(EndReason::Unknown) };
        let commit = CallCommit {
            attempt: id.clone(),
            after_events: record.events.len(),
            standing: self.standing_after(&record, &event, now),
            events: vec![StoredEvent { at: now, event, key: Some("ended".to_string()), reply: None }],
            carrier_call_id: None,
            opt_out: None,
            open_work: Vec::new(),
            close_work: Vec::new(),
            audio: Vec::new(),
            log: None,
        };
        self.live.store.commit_call(&commit).await?;
        self.live.nudge.patient(record.outreach.visit.patient);
        Ok(())
    }

    fn standing_after(&self, record: &CallRecord, event: &CallEvent, now: DateTime<Utc>) -> StoredStanding {
        let speech = self.live.voice.of_call(record.attempt.placed_at, &record.brief);
        let Some(scripts) = speech.scripts.for_call(&record.brief.script, &record.brief.site) else {
            return as_it_stood(&record.attempt, now);
        };
        let mut call = Call::replay(record.brief.clone(), scripts, record.events.iter().map(|e| (&e.event, e.at)));
        call.handle(event, now);
        let standing = call.standing();
        StoredStanding {
            status: standing.status,
            answered_at: standing.answered_at,
            ended_at: standing.ended_at,
            answered_by: standing.answered_by,
            heard_seconds: standing.heard_seconds,
            keys: standing.keys,
            outcome: standing.outcome,
            end_reason: standing.end_reason,
        }
    }
}

/// Without its script a call cannot be replayed: it ends as it stood.
fn as_it_stood(attempt: &Attempt, now: DateTime<Utc>) -> StoredStanding {
    StoredStanding {
        status: if attempt.answered_at.is_some() { AttemptStatus::Completed } else { AttemptStatus::Failed },
        answered_at: attempt.answered_at,
        ended_at: Some(now),
        answered_by: attempt.answered_by,
        heard_seconds: attempt.heard_seconds,
        keys: attempt.keys.clone(),
        outcome: attempt.outcome.or(Some(Outcome::Failed)),
        end_reason: attempt.end_reason.or(Some(EndReason::Unknown)),
    }
}
