//! What a crash, a lost answer or a silent carrier left behind. Nothing is redialled blind: the carrier is asked, or
//! the longest possible call is waited out.

use super::Dialer;
use crate::carrier::{CarrierCall, CarrierError};
use crate::core::call::{CallEvent, FinalStatus};
use crate::core::domain::{AttemptStatus, EndReason};
use crate::core::ids::{AttemptId, AttemptToken};
use crate::live_call::LiveCallError;
use crate::store::LiveCall;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often the carrier is asked for a call that it may never have made, spread over a minute.
const QUESTIONS: u32 = 3;
/// Time between two questions.
const BETWEEN: Duration = Duration::seconds(20);
/// How long after its longest possible end a silent call is asked about.
const GRACE: Duration = Duration::seconds(15);
/// How much earlier than our own note of the request a call may be dated by the carrier's clock.
const SKEW: Duration = Duration::seconds(30);

/// How often the carrier was asked about an attempt, and when last.
#[derive(Debug, Default)]
pub struct Questions(Mutex<BTreeMap<AttemptId, (u32, DateTime<Utc>)>>);

impl Questions {
    /// Whether it is time to ask again; counts the question that is then asked, and says which it is.
    fn due(&self, attempt: &AttemptId, now: DateTime<Utc>) -> Option<u32> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = asked.entry(attempt.clone()).or_insert((0, now - BETWEEN));
        if now - entry.1 < BETWEEN {
            return None;
        }
        *entry = (entry.0 + 1, now);
        Some(entry.0)
    }

    fn forget(&self, attempt: &AttemptId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(attempt);
    }
}

impl Dialer {
    /// One round: leases that ended, requests without an answer, calls that fell silent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rescue(&self) -> Result<(), LiveCallError> {
        let now = self.clock().now();
        let freed = self.live.store.expire_leases(now).await?;
        if freed > 0 {
            tracing::info!(freed, "attempts of a dialler that is gone are planned again");
        }
        for call in self.live.store.live_calls().await? {
            if call.attempt.carrier != *self.carrier.name() {
                continue;
            }
            let asking = matches!(call.attempt.status, AttemptStatus::Requesting | AttemptStatus::Unknown);
            if asking && call.lease_until <= now {
                self.reconcile(&call, now).await?;
            } else if !asking && call.deadline + GRACE <= now {
                self.ask_about_silent(&call, now).await?;
            }
        }
        Ok(())
    }

    /// The carrier was asked for a call and its answer is not known: does the call exist?
    async fn reconcile(&self, call: &LiveCall, now: DateTime<Utc>) -> Result<(), LiveCallError> {
        let id = &call.attempt.id;
        let Some(question) = self.questions.due(id, now) else { return Ok(()) };
        let Some(record) = self.live.store.load_call_by_id(id).await? else { return Ok(()) };
        let since = call.attempt.placed_at.unwrap_or(now) - SKEW;
        match self.carrier.find_calls(&call.attempt.phone, since).await {
            Ok(found) => {
                let ours = found.into_iter().find(|c| c.started_at.is_none_or(|at| at >= since));
                match ours {
                    Some(found) => {
                        tracing::info!(attempt = %id, "the carrier knows the call");
                        self.questions.forget(id);
                        self.live.report(&record.token, &CallEvent::Accepted, Some(found.id.clone())).await?;
                        self.settle_if_over(&record.token, &found).await
                    }
                    None if question >= QUESTIONS => {
                        tracing::info!(attempt = %id, "the carrier, asked three times, does not know the call: it was never placed");
                        self.questions.forget(id);
                        self.end(&record.token, FinalStatus::Failed, EndReason::NeverPlaced).await
                    }
                    None => Ok(()),
                }
            }
            Err(error) => self.wait_out(call, &record.token, &error, now).await,
        }
    }

    /// A call that should be over by now, of which nothing was heard.
    async fn ask_about_silent(&self, call: &LiveCall, now: DateTime<Utc>) -> Result<(), LiveCallError> {
        let id = &call.attempt.id;
        if self.questions.due(id, now).is_none() {
            return Ok(());
        }
        let Some(record) = self.live.store.load_call_by_id(id).await? else { return Ok(()) };
        let Some(call_id) = &call.attempt.carrier_call_id else {
            return self.end(&record.token, FinalStatus::Failed, EndReason::Unknown).await;
        };
        match self.carrier.fetch_call(call_id).await {
            Ok(Some(found)) if found.ended.is_some() => {
                self.questions.forget(id);
                self.settle_if_over(&record.token, &found).await
            }
            Ok(_) => self.wait_out(call, &record.token, &CarrierError::Unknown("the call is said to last".into()), now).await,
            Err(error) => self.wait_out(call, &record.token, &error, now).await,
        }
    }

    async fn settle_if_over(&self, token: &AttemptToken, found: &CarrierCall) -> Result<(), LiveCallError> {
        let Some(status) = found.ended else { return Ok(()) };
        self.live
            .report(token, &CallEvent::Ended { status, talk_seconds: found.talk_seconds, reason: None }, Some(found.id.clone()))
            .await
    }

    /// The carrier gives no answer: after the longest possible call the attempt's fate stays unknown.
    async fn wait_out(
        &self,
        call: &LiveCall,
        token: &AttemptToken,
        error: &CarrierError,
        now: DateTime<Utc>,
    ) -> Result<(), LiveCallError> {
        let id = &call.attempt.id;
        if now < call.deadline + GRACE + BETWEEN {
            tracing::warn!(attempt = %id, %error, "the carrier cannot say what became of a call; it is asked again");
            return Ok(());
        }
        tracing::error!(attempt = %id, %error, "the fate of a call stays unknown");
        self.questions.forget(id);
        self.end(token, FinalStatus::Failed, EndReason::Unknown).await
    }

    async fn end(&self, token: &AttemptToken, status: FinalStatus, reason: EndReason) -> Result<(), LiveCallError> {
        self.live.report(token, &CallEvent::Ended { status, talk_seconds: None, reason: Some(reason) }, None).await
    }
}
