//! From a webhook to its answer: who asks, whether they may, and what they hear when something is wrong.

use super::noted::soon;
use super::strange::{Strange, is_of};
use super::take::{Came, DUPLICATE, Taken, turned_key};
use super::{Answer, LiveCallError, LiveCalls};
use crate::carrier::{Ask, Carrier, Document, Message, PutOff, Received, Rejected, Webhook, WebhookRequest};
use crate::clock::Stopwatch;
use crate::core::call::{CallEvent, Step, Then, TransferResult};
use crate::core::domain::{AnsweredBy, EndReason, WorkKind};
use crate::core::ids::{AttemptToken, CarrierName};
use crate::prompt::Listener;
use crate::store::WebhookEntry;
use crate::worklist::item;
use std::sync::Arc;

/// How often the same is asked again in a moment in which we cannot answer; then the apology ends the call.
pub(super) const TRIES: u32 = 3;
/// When it is tried to write down how long an answer was waited for, in seconds from one try to the next.
const WRITTEN_AFTER_S: [i64; 3] = [0, 5, 30];
/// The word of the webhook log for words that are given again where an address failed.
const FALLBACK: &str = "fallback";

impl LiveCalls {
    /// Takes one webhook of the named carrier in, and says what to answer. What is answered is committed, the entry of the
    /// webhook log included; the rest of the log is written here too.
    pub async fn webhook(self: &Arc<Self>, name: &str, request: &WebhookRequest<'_>) -> Answer {
        let watch = self.clock.stopwatch();
        let mut entry = self.entry_of(name, request);
        let answer = self.judge(name, request, &mut entry, &watch).await;
        self.note(entry, &answer, &watch).await;
        answer
    }

    async fn judge(
        self: &Arc<Self>,
        name: &str,
        request: &WebhookRequest<'_>,
        entry: &mut WebhookEntry,
        watch: &Stopwatch,
    ) -> Answer {
        let Some(carrier) = self.carriers.get(&CarrierName::from(name)) else {
            return Answer::plain(404, "unknown_carrier").because("no carrier has the name that stands in its address");
        };
        let received = match carrier.receive(request) {
            Ok(Webhook::OfAttempt(received)) => {
                self.tell_our_fault(carrier, received.our_fault).await;
                self.heed_wordless(carrier, &received).await;
                received
            }
            Ok(Webhook::Incoming(incoming)) => {
                self.tell_our_fault(carrier, incoming.our_fault).await;
                entry.body.clone_from(&incoming.summary);
                return self.incoming(carrier, &incoming, entry.clone()).await;
            }
            Err(Rejected::BadSignature(why)) => return Answer::plain(403, "bad_signature").because(why),
            Err(Rejected::Malformed(what)) => return Answer::plain(400, "malformed").because(what),
            Err(Rejected::NotFound) => return Answer::plain(404, "unknown_path").because("its address is none of ours"),
        };
        entry.body.clone_from(&received.summary);
        // In a task of its own: what was begun is done, also when the answer does not wait for it any more.
        let (live, asker, message, log) = (self.clone(), carrier.clone(), received.clone(), entry.clone());
        let work = tokio::spawn(async move { live.take(&asker, &message, log).await });
        let taken = tokio::time::timeout(carrier.words_within(), work).await;
        let why = match taken {
            Ok(Ok(Ok(Ok(taken)))) => {
                // Where the answer was there, it does not wait until it is written how long it was waited for.
                if let (DUPLICATE | FALLBACK, Some(waited)) = (taken.verdict, received.waited()) {
                    self.keep_wait(&received.token, waited);
                }
                return taken.answer(matches!(received.message, Message::Ask(_)));
            }
            Ok(Ok(Ok(Err(strange)))) => return self.stranger(carrier, &received, &strange).await,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store is slow".to_string(),
        };
        match &received.message {
            Message::Ask(ask) => self.in_trouble(carrier, &received, ask, watch).because(why),
            Message::News(_) => Answer::plain(503, "trouble").because(why),
        }
    }

    /// We cannot answer now (law 7): "one moment, please", and the same is asked again; a key travels in the address until
    /// it can be committed, and so does how long nothing was said of what is to be heard. After the last try the apology, and
    /// nothing is said as done.
    fn in_trouble(self: &Arc<Self>, carrier: &Arc<dyn Carrier>, received: &Received, ask: &Ask, watch: &Stopwatch) -> Answer {
        self.wordless.excuse(self.clock.now());
        let PutOff { tries, ms } = received.put_off;
        let ms = ms.saturating_add(u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX));
        if tries >= TRIES {
            let ms = ms.saturating_add(self.voice.apology_ms());
            if let Some(step) = ask.waits_at() {
                self.keep_wait(&received.token, CallEvent::PutOff { step, ms });
            }
            return Answer::with(self.apology(carrier, &received.token), "trouble");
        }
        let (audio, spoken_ms) = self.voice.one_moment();
        let put_off = PutOff { tries: tries + 1, ms: ms.saturating_add(spoken_ms) };
        let document = carrier.ask_again(&received.token, ask, put_off, &audio);
        Answer::with(document, "one_moment")
    }

    /// Writes down, beside an answer, how long it was waited for.
    fn keep_wait(self: &Arc<Self>, token: &AttemptToken, waited: CallEvent) {
        let (live, token) = (self.clone(), token.clone());
        tokio::spawn(async move {
            for pause in WRITTEN_AFTER_S {
                live.clock.sleep(chrono::Duration::seconds(pause)).await;
                match live.report(&token, &waited, None).await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, "it is not on record how long an answer was waited for"),
                }
            }
        });
    }

    /// A webhook of no call of ours.
    async fn stranger(&self, carrier: &Arc<dyn Carrier>, received: &Received, strange: &Strange) -> Answer {
        match received.message {
            Message::News(_) => {
                let refused = Answer::plain(strange.status(), strange.verdict()).because(strange.why());
                Answer { attempt: strange.attempt(), ..refused }
            }
            Message::Ask(_) => self.stranger_on_the_line(carrier, &received.token, strange).await,
        }
    }

    /// A person is on the line of no call of ours: they hear the apology, and a person on our side must look.
    pub(super) async fn stranger_on_the_line(
        &self,
        carrier: &Arc<dyn Carrier>,
        token: &AttemptToken,
        strange: &Strange,
    ) -> Answer {
        let name = carrier.name();
        let note = format!("carrier {name} asked what to say in a call that is not ours; the person heard the apology");
        self.open_fault(note).await;
        let answer = Answer::with(self.apology(carrier, token), strange.verdict()).because(strange.why());
        Answer { attempt: strange.attempt(), ..answer }
    }

    /// The carrier could not use what we answered: somebody must look, and more webhooks that say so are one item.
    async fn tell_our_fault(&self, carrier: &Arc<dyn Carrier>, code: Option<u32>) {
        let (Some(code), name) = (code, carrier.name()) else { return };
        tracing::error!(carrier = %name, code, "the carrier could not use what we answered");
        let note = format!("carrier {name} could not use what we answered: look error {code} up in its dictionary of errors");
        self.open_fault(note).await;
    }

    async fn open_fault(&self, note: String) {
        let item = item(&self.chance, WorkKind::CarrierFault, None, self.clock.now(), None, Some(note));
        let store = self.store.clone();
        soon(async move {
            if let Err(error) = store.open_work(&item).await {
                tracing::error!(%error, "a worklist item could not be opened");
            }
        })
        .await;
    }

    fn apology(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> Document {
        carrier.document(token, &self.voice.apology())
    }

    async fn take(
        &self,
        carrier: &Arc<dyn Carrier>,
        received: &Received,
        entry: WebhookEntry,
    ) -> Result<Result<Taken, Strange>, LiveCallError> {
        let put_off = received.waited();
        let event = match &received.message {
            Message::News(event) => event.clone(),
            Message::Ask(ask) => match *ask {
                Ask::Answered { answered_by } => CallEvent::Answered { answered_by },
                Ask::Key { step, key } => CallEvent::Key { step, key },
                Ask::Silence { step } => CallEvent::Silence { step },
                Ask::Played { step } => CallEvent::Played { step },
                Ask::Transferred { step, result } => CallEvent::Transferred { step, result },
                Ask::Fallback { answered_by, failed } => {
                    let id = received.carrier_call_id.clone();
                    let lost = Lost { token: &received.token, id, answered_by, failed, put_off };
                    return self.fallback(carrier, lost, entry).await;
                }
                Ask::Turned { step } => return self.turned(carrier, received, step).await,
            },
        };
        let is_refused = matches!(event, CallEvent::Ended { reason: Some(EndReason::Refused), .. });
        let came = Came { event, put_off, entry: Some(entry) };
        let taken = self.take_event(&received.token, came, received.carrier_call_id.clone()).await?;
        if taken.is_ok() && is_refused {
            self.may_not_call(carrier).await;
        }
        Ok(taken)
    }

    /// The carrier took a call and refused it afterwards: our account may not call such numbers, and somebody must act.
    async fn may_not_call(&self, carrier: &Arc<dyn Carrier>) {
        let name = carrier.name();
        let note = format!(
            "carrier {name}: the account may not call some numbers (13225, 13227): see to its countries and its business profile"
        );
        tracing::error!("{note}");
        let item = item(&self.chance, WorkKind::CarrierFault, None, self.clock.now(), None, Some(note));
        if let Err(error) = self.store.open_work(&item).await {
            tracing::error!(%error, "a worklist item could not be opened");
        }
    }

    /// The document of a step that the live call was turned to: committed before the carrier was asked to turn it.
    async fn turned(
        &self,
        carrier: &Arc<dyn Carrier>,
        received: &Received,
        step: u32,
    ) -> Result<Result<Taken, Strange>, LiveCallError> {
        let Some(record) = self.store.load_call(&received.token).await? else { return Ok(Err(Strange::NoAttempt)) };
        if let Err(strange) = is_of(&record, carrier.name().as_str(), received.carrier_call_id.as_deref()) {
            return Ok(Err(strange));
        }
        let key = turned_key(step);
        let stored = record.events.iter().find(|e| e.key.as_deref() == Some(&key)).and_then(|e| e.reply.clone());
        let (document, verdict) = match stored {
            Some(body) => (Document { content_type: self.content_type(carrier, &received.token), body }, "turned"),
            None => (self.apology(carrier, &received.token), "out_of_step"),
        };
        Ok(Ok(Taken { attempt: record.attempt.id, document: Some(document), verdict }))
    }

    /// An address failed, and the carrier asks for what is to be said now: whatever the patient has answered by then is
    /// kept, and the call goes on from there. A desk that was dialled is not dialled once more. What is said again is a step of
    /// its own where the carrier says which address failed, so that two deliveries of its question are one.
    pub(super) async fn fallback(
        &self,
        carrier: &Arc<dyn Carrier>,
        Lost { token, id, answered_by, failed, put_off }: Lost<'_>,
        entry: WebhookEntry,
    ) -> Result<Result<Taken, Strange>, LiveCallError> {
        let Some(record) = self.store.load_call(token).await? else { return Ok(Err(Strange::NoAttempt)) };
        if let Err(strange) = is_of(&record, carrier.name().as_str(), id.as_deref()) {
            return Ok(Err(strange));
        }
        let (call, speech) = self.replayed(&record)?;
        let event = match (call.current(), failed) {
            (None, _) => CallEvent::Answered { answered_by },
            (Some(Step { then: Then::Transfer { .. }, .. }), Some(failed)) => CallEvent::Fallback { failed },
            (Some(Step { number: step, then: Then::Transfer { .. }, .. }), None) => {
                CallEvent::Transferred { step: *step, result: TransferResult::Failed }
            }
            (Some(step), Some(failed)) if step.number == failed => CallEvent::Fallback { failed },
            (Some(step), _) => {
                let (page, _) = self.voice.page(&speech, &Listener::of(&record.brief), step)?;
                let document = Some(carrier.document(token, &page));
                return Ok(Ok(Taken { attempt: record.attempt.id.clone(), document, verdict: FALLBACK }));
            }
        };
        self.take_event(token, Came { event, put_off, entry: Some(entry) }, id).await
    }

    pub(super) fn content_type(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> &'static str {
        self.apology(carrier, token).content_type
    }
}

/// A question that the carrier asks because the answer to another one did not arrive.
pub(super) struct Lost<'a> {
    pub token: &'a AttemptToken,
    pub id: Option<String>,
    pub answered_by: Option<AnsweredBy>,
    /// The step that the other one was to answer, where the carrier says which it was.
    pub failed: Option<u32>,
    /// That this question, too, had to wait for its answer.
    pub put_off: Option<CallEvent>,
}

impl Received {
    /// That the one on the line waited for this answer, where they did.
    fn waited(&self) -> Option<CallEvent> {
        let Message::Ask(ask) = &self.message else { return None };
        let step = ask.waits_at().filter(|_| self.put_off.ms > 0)?;
        Some(CallEvent::PutOff { step, ms: self.put_off.ms })
    }
}

impl Ask {
    /// The step whose answer is waited for.
    fn waits_at(&self) -> Option<u32> {
        match *self {
            Ask::Answered { .. } => Some(0),
            // Not every carrier says which address failed.
            Ask::Fallback { failed, .. } => Some(failed.unwrap_or(0)),
            Ask::Key { step, .. } | Ask::Silence { step } | Ask::Played { step } | Ask::Transferred { step, .. } => Some(step),
            // The step before it was cut short.
            Ask::Turned { .. } => None,
        }
    }
}

impl Taken {
    pub(super) fn answer(self, is_question: bool) -> Answer {
        let status = if is_question { 200 } else { 204 };
        let why = (self.verdict == "out_of_step").then(|| "it answers a step that was not given".to_string());
        // What changed something was committed with its entry.
        let logged = matches!(self.verdict, "ok" | "late");
        Answer { status, document: self.document, verdict: self.verdict, attempt: Some(self.attempt), logged, why }
    }
}
