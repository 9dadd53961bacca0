//! What a crash, a lost answer or a silent carrier left behind. Nothing is redialled blind: the carrier is asked, or
//! the longest possible call is waited out.

use super::{Dialer, asked};
use crate::carrier::{CarrierCall, CarrierError};
use crate::core::call::{CallEvent, FinalStatus};
use crate::core::domain::{AttemptStatus, EndReason};
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use crate::live_call::LiveCallError;
use crate::store::{CallRecord, LiveCall, StoreError};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;

/// How often the carrier must say that it knows no call that it may never have made.
const QUESTIONS: u32 = 3;
/// From the end of its lease, when it is asked first, to the last of these questions, at least.
const OVER: Duration = Duration::seconds(60);
/// Time between two of them.
const BETWEEN: Duration = Duration::seconds(30);
/// The same where that time is over: whoever asked before has died, and each that dies would hold a number and a line for another
/// minute.
const SOON: Duration = Duration::seconds(5);
/// Time between two questions about a call that should be over: it is to be settled within a minute.
const AGAIN: Duration = Duration::seconds(20);
/// How long after its longest possible end a silent call is asked about.
const GRACE: Duration = Duration::seconds(15);
/// How much earlier than our own note of the request a call may be dated by the carrier's clock: a machine's clock may be
/// ahead until it is set, by minutes, or by the hour by which summer time was forgotten. Calls that are known as other attempts'
/// are left out anyhow; that one of nobody's is taken for ours does less harm than that ours is missed, and the patient called
/// again.
pub(super) const SKEW: Duration = Duration::hours(2);

/// How many calls are asked about at once, so that one slow answer does not hold the others up.
const AT_ONCE: usize = 8;

/// What the carrier was asked about an attempt.
#[derive(Debug, Clone, Copy)]
struct Asked {
    last: DateTime<Utc>,
    /// How often it said that it knows no such call.
    denied: u32,
}

/// What the carrier was asked about attempts, by this process.
#[derive(Debug, Default)]
pub struct Questions(Mutex<BTreeMap<AttemptId, Asked>>);

impl Questions {
    fn asked(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time to ask again; notes that it is asked then.
    fn are_due(&self, call: &LiveCall, now: DateTime<Utc>) -> bool {
        let late = if now < call.deadline { BETWEEN } else { AGAIN };
        let between = if is_overdue(call, now) { SOON } else { late };
        let mut asked = self.asked();
        let before = asked.get(&call.attempt.id).copied();
        if before.is_some_and(|before| now - before.last < between) {
            return false;
        }
        asked.insert(call.attempt.id.clone(), Asked { last: now, denied: before.map_or(0, |before| before.denied) });
        true
    }

    /// The carrier, asked just now, does not know the call. Whether that was said often and late enough: it was never placed.
    fn deny(&self, call: &LiveCall, now: DateTime<Utc>) -> bool {
        let mut asked = self.asked();
        let Some(asked) = asked.get_mut(&call.attempt.id) else { return false };
        asked.denied += 1;
        asked.denied >= QUESTIONS && is_overdue(call, now)
    }

    fn forget(&self, attempt: &AttemptId) {
        self.asked().remove(attempt);
    }

    /// Forgets what is settled: calls that were heard of by webhook meanwhile.
    fn keep_only(&self, live: &[LiveCall]) {
        let live: BTreeSet<_> = live.iter().map(|call| &call.attempt.id).collect();
        self.asked().retain(|attempt, _| live.contains(attempt));
    }
}

impl Dialer {
    /// One round: leases that ended, requests without an answer, calls that fell silent. Each call stands for itself:
    /// trouble with one is logged and does not keep the others waiting.
    ///
    /// # Errors
    /// When the store cannot say which calls there are.
    pub async fn rescue(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = self.clock().now();
        let freed = self.live.store.expire_leases(now).await?;
        if freed > 0 {
            tracing::info!(freed, "attempts of a dialler that is gone are planned again");
        }
        let live = self.live.store.live_calls().await?;
        self.questions.keep_only(&live);
        let mut under_way = JoinSet::new();
        for call in live {
            if !self.answers_for(&call.attempt.carrier) || !is_due(&call, now) {
                continue;
            }
            if under_way.len() >= AT_ONCE {
                told(under_way.join_next().await);
            }
            let dialer = self.clone();
            under_way.spawn(async move { dialer.rescue_one(&call).await });
        }
        while let Some(done) = under_way.join_next().await {
            told(Some(done));
        }
        Ok(())
    }

    /// Whether calls of this carrier are this dialler's to rescue: its own, and, for the first dialler, those of carriers
    /// that nobody dials with any more.
    fn answers_for(&self, carrier: &CarrierName) -> bool {
        let carriers = &self.live.carriers;
        carrier == self.carrier.name() || (!carriers.contains_key(carrier) && carriers.keys().next() == Some(self.carrier.name()))
    }

    #[tracing::instrument(skip_all, fields(attempt = %call.attempt.id, carrier = %call.attempt.carrier))]
    async fn rescue_one(&self, call: &LiveCall) {
        let id = &call.attempt.id;
        let Err(error) = asked::about(id, self.ask_about(call)).await else { return };
        let lost = matches!(error, LiveCallError::NoCarrier(_) | LiveCallError::NoScript(_) | LiveCallError::Unspeakable(_));
        if !lost || self.clock().now() < call.deadline + GRACE + AGAIN {
            tracing::error!(%error, "a call could not be rescued; it is tried again");
            return;
        }
        match self.abandon(id).await {
            Ok(()) => {
                self.questions.forget(id);
                tracing::error!(%error, "the fate of a call stays unknown; its number and its line are free");
            }
            Err(fault) => tracing::error!(%error, %fault, "a call could not be given up; it is tried again"),
        }
    }

    async fn ask_about(&self, call: &LiveCall) -> Result<(), LiveCallError> {
        if call.attempt.carrier != *self.carrier.name() {
            return self.wait_for_the_end(call);
        }
        let now = self.clock().now();
        if is_asked_for(call) { self.reconcile(call, now).await } else { self.ask_about_silent(call, now).await }
    }

    /// A call of a carrier that is not configured any more can be waited for, and not asked about.
    fn wait_for_the_end(&self, call: &LiveCall) -> Result<(), LiveCallError> {
        if self.clock().now() < call.deadline + GRACE + AGAIN {
            return Ok(());
        }
        Err(LiveCallError::NoCarrier(call.attempt.carrier.clone()))
    }

    /// The carrier was asked for a call and its answer is not known: does the call exist?
    async fn reconcile(&self, call: &LiveCall, now: DateTime<Utc>) -> Result<(), LiveCallError> {
        let id = &call.attempt.id;
        if !self.questions.are_due(call, now) {
            return Ok(());
        }
        let Some(record) = self.live.store.load_call_by_id(id).await? else { return Ok(()) };
        match self.find_ours(call, call.attempt.placed_at.unwrap_or(now)).await? {
            Ok(Some(found)) => {
                tracing::info!("the carrier knows the call");
                self.questions.forget(id);
                self.live.report(&record.token, &CallEvent::Accepted, Some(found.id.clone())).await?;
                self.settle_if_over(&record.token, &found).await
            }
            Ok(None) if self.questions.deny(call, now) => {
                self.questions.forget(id);
                if self.was_heard_of(id).await? {
                    return Ok(());
                }
                tracing::info!("the carrier, asked three times, does not know the call: it was never placed");
                self.end(&record.token, FinalStatus::Failed, EndReason::NeverPlaced).await
            }
            Ok(None) => Ok(()),
            Err(error) => self.wait_out(call, &record.token, &error, now).await,
        }
    }

    /// Our call to this number, if there is one since about the moment of the request that is not known as another attempt's.
    /// Where there are several, the one that was begun nearest to it.
    async fn find_ours(
        &self,
        call: &LiveCall,
        requested_at: DateTime<Utc>,
    ) -> Result<Result<Option<CarrierCall>, CarrierError>, LiveCallError> {
        let since = requested_at - SKEW;
        let found = match self.carrier.find_calls(&call.attempt.phone, since).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let ids: Vec<String> = found.iter().map(|c| c.id.clone()).collect();
        let others = self.live.store.calls_of_others(&call.attempt.id, &call.attempt.phone, &ids).await?;
        let is_free = |c: &CarrierCall| !others.contains(&c.id) && c.started_at.is_none_or(|at| at >= since);
        let distance = |c: &CarrierCall| c.started_at.map_or(Duration::MAX, |at| (at - requested_at).abs());
        Ok(Ok(found.into_iter().filter(is_free).min_by_key(distance)))
    }

    /// Whether a webhook told of the call while the carrier was asked: then it exists, whatever the list says.
    async fn was_heard_of(&self, id: &AttemptId) -> Result<bool, LiveCallError> {
        let record = self.live.store.load_call_by_id(id).await?;
        Ok(record.is_none_or(|record| !record.events.is_empty() || record.attempt.carrier_call_id.is_some()))
    }

    /// A call that should be over by now, of which nothing was heard.
    async fn ask_about_silent(&self, call: &LiveCall, now: DateTime<Utc>) -> Result<(), LiveCallError> {
        let id = &call.attempt.id;
        if !self.questions.are_due(call, now) {
            return Ok(());
        }
        let Some(record) = self.live.store.load_call_by_id(id).await? else { return Ok(()) };
        let fetched = match &call.attempt.carrier_call_id {
            Some(call_id) => self.carrier.fetch_call(call_id).await,
            // Its answer held no id, and no webhook told it: it stands in the list of calls.
            None => self.find_ours(call, call.attempt.placed_at.unwrap_or(now)).await?,
        };
        match fetched {
            Ok(Some(found)) if found.ended.is_some() => {
                self.questions.forget(id);
                self.settle_if_over(&record.token, &found).await
            }
            Ok(found) => {
                // Not every carrier keeps the limit of a call (SignalWire knows none): then it is ended here, and its end is
                // heard of like any other. But only a call that a webhook told of is surely ours: what stands in a list alone
                // may be somebody else's talk. And one that never asked for its words has ended by itself.
                if let Some(found) = found.as_ref().filter(|_| is_told_of(&record)) {
                    match self.carrier.end_call(&found.id).await {
                        Ok(()) => tracing::warn!("the call outlasts its limit: the carrier was told to end it"),
                        Err(error) => tracing::warn!(%error, "the call outlasts its limit and could not be ended"),
                    }
                }
                self.wait_out(call, &record.token, &CarrierError::Unknown("the call is said to last".into()), now).await
            }
            Err(error) => self.wait_out(call, &record.token, &error, now).await,
        }
    }

    pub(super) async fn settle_if_over(&self, token: &AttemptToken, found: &CarrierCall) -> Result<(), LiveCallError> {
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
        if now < call.deadline + GRACE + AGAIN {
            tracing::warn!(%error, "the carrier cannot say what became of a call; it is asked again");
            return Ok(());
        }
        tracing::error!(%error, "the fate of a call stays unknown");
        self.questions.forget(&call.attempt.id);
        self.end(token, FinalStatus::Failed, EndReason::Unknown).await
    }

    async fn end(&self, token: &AttemptToken, status: FinalStatus, reason: EndReason) -> Result<(), LiveCallError> {
        self.live.report(token, &CallEvent::Ended { status, talk_seconds: None, reason: Some(reason) }, None).await
    }
}

/// Whether a webhook told of the call: more was heard than that the carrier took it, which its list can say as well.
fn is_told_of(record: &CallRecord) -> bool {
    record.attempt.carrier_call_id.is_some() && record.events.iter().any(|it| it.event != CallEvent::Accepted)
}

/// Whether the carrier's answer to the request for this call is what is missing.
fn is_asked_for(call: &LiveCall) -> bool {
    matches!(call.attempt.status, AttemptStatus::Requesting | AttemptStatus::Unknown)
}

/// Whether whoever began to ask about a request when its lease ended should know by now.
fn is_overdue(call: &LiveCall, now: DateTime<Utc>) -> bool {
    is_asked_for(call) && now >= call.lease_until + OVER
}

fn is_due(call: &LiveCall, now: DateTime<Utc>) -> bool {
    if is_asked_for(call) { call.lease_until <= now } else { call.deadline + GRACE <= now }
}

/// A task that panicked was told of by the panic itself; the round goes on.
fn told(done: Option<Result<(), tokio::task::JoinError>>) {
    if let Some(Err(error)) = done {
        tracing::error!(%error, "the rescue of a call broke off; it is tried again");
    }
}
