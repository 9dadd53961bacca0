//! What a carrier is asked, kept in the webhook log: whoever asks, whatever is asked, whatever comes of it.

use crate::carrier::{
    Ask, Carrier, CarrierCall, CarrierError, Document, IncomingReply, Page, PlaceCall, Placed, PutOff, Rejected, Webhook,
    WebhookRequest,
};
use crate::clock::{Clock, Stopwatch};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use crate::store::{Direction, SharedStore, WebhookEntry};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::Arc;

tokio::task_local! {
    /// Whose call the questions of this task are about.
    static ABOUT: AttemptId;
}

/// Does `work`, whose questions to a carrier are about `attempt`.
pub(super) async fn about<F: Future>(attempt: &AttemptId, work: F) -> F::Output {
    ABOUT.scope(attempt.clone(), work).await
}

/// A carrier, with an entry of the webhook log for each request made to it. The entries identify nobody: neither numbers
/// nor URLs nor tokens stand in them.
pub struct LoggedCarrier {
    carrier: Arc<dyn Carrier>,
    store: SharedStore,
    clock: Clock,
}

/// A request under way.
struct Asked {
    method: &'static str,
    what: &'static str,
    at: DateTime<Utc>,
    watch: Stopwatch,
}

impl LoggedCarrier {
    /// `carrier`, whose requests are kept in `store`.
    pub fn new(carrier: Arc<dyn Carrier>, store: SharedStore, clock: Clock) -> LoggedCarrier {
        LoggedCarrier { carrier, store, clock }
    }

    fn ask(&self, method: &'static str, what: &'static str) -> Asked {
        Asked { method, what, at: self.clock.now(), watch: self.clock.stopwatch() }
    }

    /// Keeps what was asked and what came of it: status and verdict where it was done, `found` beside them.
    async fn keep(
        &self,
        asked: Asked,
        attempt: Option<AttemptId>,
        done: Result<(u16, &'static str), &CarrierError>,
        found: Option<String>,
    ) {
        let (status, verdict) = match &done {
            Ok(done) => *done,
            Err(CarrierError::Refused { status, .. }) => (*status, "refused"),
            Err(CarrierError::Unreachable(_)) => (0, "unreachable"),
            Err(CarrierError::Unknown(lost)) => (lost.status.unwrap_or(0), "no_answer"),
        };
        let entry = WebhookEntry {
            at: asked.at,
            direction: Direction::Out,
            carrier: self.name().to_string(),
            attempt,
            method: asked.method.to_string(),
            path: asked.what.to_string(),
            status,
            verdict: verdict.to_string(),
            duration_us: u64::try_from(asked.watch.elapsed().as_micros()).unwrap_or(u64::MAX),
            body: done.err().map(ToString::to_string).or(found).unwrap_or_default(),
        };
        if let Err(error) = self.store.log_webhooks(std::slice::from_ref(&entry)).await {
            let attempt = entry.attempt.as_ref().map(AttemptId::as_str);
            tracing::error!(attempt, %error, asked = asked.what, "the webhook log could not be written");
        }
    }

    /// Whose call has this token. Asked for after the carrier: somebody is on the line.
    async fn attempt_of(&self, token: &AttemptToken) -> Option<AttemptId> {
        let record = self.store.load_call(token).await.ok().flatten();
        record.map(|record| record.attempt.id)
    }
}

fn asked_about() -> Option<AttemptId> {
    ABOUT.try_with(Clone::clone).ok()
}

#[async_trait]
impl Carrier for LoggedCarrier {
    fn name(&self) -> &CarrierName {
        self.carrier.name()
    }

    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError> {
        let asked = self.ask("POST", "place call");
        let placed = self.carrier.place_call(call).await;
        let done = placed.as_ref().map(|_| (201, "ok"));
        self.keep(asked, Some(call.attempt.clone()), done, None).await;
        placed
    }

    async fn turn_call(&self, carrier_call_id: &str, token: &AttemptToken, step: u32) -> Result<(), CarrierError> {
        let asked = self.ask("POST", "turn call");
        let turned = self.carrier.turn_call(carrier_call_id, token, step).await;
        let attempt = self.attempt_of(token).await;
        let done = turned.as_ref().map(|()| (200, "ok"));
        self.keep(asked, attempt, done, Some(format!("step={step}"))).await;
        turned
    }

    async fn end_call(&self, carrier_call_id: &str) -> Result<(), CarrierError> {
        let asked = self.ask("POST", "end call");
        let ended = self.carrier.end_call(carrier_call_id).await;
        self.keep(asked, asked_about(), ended.as_ref().map(|()| (200, "ok")), None).await;
        ended
    }

    async fn find_calls(&self, to: &PhoneNumber, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        let asked = self.ask("GET", "find calls");
        let found = self.carrier.find_calls(to, since).await;
        let count = found.as_ref().ok().map(|calls| format!("calls={}", calls.len()));
        self.keep(asked, asked_about(), found.as_ref().map(|_| (200, "ok")), count).await;
        found
    }

    async fn fetch_call(&self, carrier_call_id: &str) -> Result<Option<CarrierCall>, CarrierError> {
        let asked = self.ask("GET", "fetch call");
        let found = self.carrier.fetch_call(carrier_call_id).await;
        let done = found.as_ref().map(|call| if call.is_some() { (200, "ok") } else { (404, "unknown_call") });
        self.keep(asked, asked_about(), done, None).await;
        found
    }

    fn receive(&self, request: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
        self.carrier.receive(request)
    }

    fn words_within(&self) -> std::time::Duration {
        self.carrier.words_within()
    }

    fn document(&self, token: &AttemptToken, page: &Page) -> Document {
        self.carrier.document(token, page)
    }

    fn ask_again(&self, token: &AttemptToken, ask: &Ask, put_off: PutOff, audio: &[String]) -> Document {
        self.carrier.ask_again(token, ask, put_off, audio)
    }

    fn answer_incoming(&self, reply: &IncomingReply<'_>) -> Document {
        self.carrier.answer_incoming(reply)
    }
}
