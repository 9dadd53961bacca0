//! One call in progress: a webhook comes in, the call is loaded and replayed, the core says what follows, all of it is
//! saved in one transaction, and the step is rendered as the carrier's document.
//!
//! Never here: planning, SQL, a carrier's words. Start reading at [`LiveCalls::webhook`].

mod changes;
mod follow_up;
mod voice;

pub use voice::Voice;

use crate::carrier::{Ask, Carrier, Document, Message, Received, Rejected, WebhookRequest};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::call::{Call, CallEvent, Reaction, Standing};
use crate::core::domain::WorkKind;
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use crate::core::plan::Rules;
use crate::nudge::Nudge;
use crate::prompt;
use crate::prompt::script::ScriptSet;
use crate::store::{
    CallCommit, CallRecord, Direction, OptOut, SharedStore, StoreError, StoredEvent, StoredStanding, WebhookEntry,
};
use crate::worklist::item;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a decision is made again when another replica wrote in between.
const TRIES: usize = 8;

/// The carriers by name.
pub type Carriers = BTreeMap<CarrierName, Arc<dyn Carrier>>;

/// All calls in progress, of any carrier.
pub struct LiveCalls {
    /// What is remembered.
    pub store: SharedStore,
    /// Who places calls.
    pub carriers: Carriers,
    /// What is said.
    pub scripts: Arc<ScriptSet>,
    /// How it sounds.
    pub voice: Arc<Voice>,
    /// The hospital's rules.
    pub rules: Arc<Rules>,
    /// The clock.
    pub clock: Clock,
    /// Names for worklist items.
    pub chance: Chance,
    /// Tells the planner whose plan is stale.
    pub nudge: Nudge,
}

/// What a webhook is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The document, where there is one.
    pub document: Option<Document>,
    /// The word of the webhook log.
    pub verdict: &'static str,
    /// Whose webhook it was, where known.
    pub attempt: Option<AttemptId>,
    /// Whether the log entry is committed already, with what it caused.
    pub logged: bool,
}

impl Answer {
    /// An answer without a document.
    pub fn plain(status: u16, verdict: &'static str) -> Answer {
        Answer { status, document: None, verdict, attempt: None, logged: false }
    }

    fn with(document: Document, verdict: &'static str) -> Answer {
        Answer { status: 200, document: Some(document), verdict, attempt: None, logged: false }
    }
}

/// Why an event could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum LiveCallError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The call's script is not there any more.
    #[error("call script `{0}` is not loaded; restore its file under prompts/scripts")]
    NoScript(String),
    /// The call's carrier is not configured any more.
    #[error("carrier `{0}` is not configured; restore it under [carriers]")]
    NoCarrier(CarrierName),
    /// The language pack lacks a phrase.
    #[error(transparent)]
    Unspeakable(#[from] prompt::Error),
}

/// A document, where a step asks for one, and the audio it names with what each id stands for.
type Rendered = (Option<Document>, Vec<(String, String)>);

/// What an event led to.
struct Taken {
    attempt: AttemptId,
    document: Option<Document>,
    verdict: &'static str,
}

impl LiveCalls {
    /// Takes one webhook of the named carrier in, and says what to answer. What is answered is committed, the entry of the
    /// webhook log included; the rest of the log is written here too.
    pub async fn webhook(&self, name: &str, request: &WebhookRequest<'_>) -> Answer {
        let watch = self.clock.stopwatch();
        let mut entry = WebhookEntry {
            at: request.now,
            direction: Direction::In,
            carrier: name.to_string(),
            attempt: None,
            method: request.method.to_string(),
            path: masked(request.path),
            status: 0,
            verdict: String::new(),
            duration_us: 0,
            body: String::new(),
        };
        let answer = self.judge(name, request, &mut entry).await;
        if !answer.logged {
            entry.attempt = answer.attempt.clone();
            entry.status = answer.status;
            entry.verdict = answer.verdict.to_string();
            entry.duration_us = watch.elapsed().as_micros() as u64;
            if let Err(error) = self.store.log_webhooks(std::slice::from_ref(&entry)).await {
                tracing::error!(%error, verdict = entry.verdict, "the webhook log could not be written");
            }
        }
        answer
    }

    async fn judge(&self, name: &str, request: &WebhookRequest<'_>, entry: &mut WebhookEntry) -> Answer {
        let Some(carrier) = self.carriers.get(&CarrierName::from(name)) else { return Answer::plain(404, "unknown_carrier") };
        let received = match carrier.receive(request) {
            Ok(received) => received,
            Err(Rejected::BadSignature(why)) => {
                tracing::warn!(carrier = name, why, "a webhook's signature does not hold");
                return Answer::plain(403, "bad_signature");
            }
            Err(Rejected::Malformed(what)) => {
                tracing::warn!(carrier = name, what, "a webhook cannot be understood");
                return Answer::plain(400, "malformed");
            }
            Err(Rejected::NotFound) => return Answer::plain(404, "unknown_path"),
        };
        entry.body.clone_from(&received.summary);
        let is_ask = matches!(received.message, Message::Ask(_));
        let taken = match received.message.clone() {
            Message::Ask(ask) => self.answer(carrier, &received, &ask, entry).await,
            Message::News(event) => self.take_event(&received.token, &event, received.carrier_call_id.clone(), Some(entry)).await,
        };
        match taken {
            Ok(Some(taken)) => {
                let logged = matches!(taken.verdict, "ok" | "late");
                let status = if is_ask { 200 } else { 204 };
                Answer { status, document: taken.document, verdict: taken.verdict, attempt: Some(taken.attempt), logged }
            }
            Ok(None) if is_ask => self.stranger(carrier, &received.token).await,
            Ok(None) => Answer::plain(404, "unknown_attempt"),
            Err(error) => {
                tracing::error!(%error, carrier = name, "a webhook could not be taken in");
                if is_ask {
                    Answer::with(self.apology(carrier, &received.token), "trouble")
                } else {
                    Answer::plain(503, "trouble")
                }
            }
        }
    }

    /// A person is on the line of a call nobody knows: they hear the apology, and a person on our side must look.
    async fn stranger(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> Answer {
        let note =
            format!("carrier {} asked what to say in a call that is not ours; the person heard the apology", carrier.name());
        let item = item(&self.chance, WorkKind::CarrierFault, None, self.clock.now(), None, Some(note));
        if let Err(error) = self.store.open_work(&item).await {
            tracing::error!(%error, "a worklist item could not be opened");
        }
        Answer::with(self.apology(carrier, token), "unknown_attempt")
    }

    fn apology(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> Document {
        carrier.document(token, &self.voice.apology())
    }

    async fn answer(
        &self,
        carrier: &Arc<dyn Carrier>,
        received: &Received,
        ask: &Ask,
        entry: &mut WebhookEntry,
    ) -> Result<Option<Taken>, LiveCallError> {
        let event = match *ask {
            Ask::Answered { answered_by } => CallEvent::Answered { answered_by },
            Ask::Key { step, key } => CallEvent::Key { step, key },
            Ask::Silence { step } => CallEvent::Silence { step },
            Ask::Played { step } => CallEvent::Played { step },
            Ask::Turned { step } => return self.turned(carrier, received, step).await,
        };
        self.take_event(&received.token, &event, received.carrier_call_id.clone(), Some(entry)).await
    }

    /// The document of a step that the live call was turned to: committed before the carrier was asked to turn it.
    async fn turned(&self, carrier: &Arc<dyn Carrier>, received: &Received, step: u32) -> Result<Option<Taken>, LiveCallError> {
        let Some(record) = self.store.load_call(&received.token).await? else { return Ok(None) };
        let key = turned_key(step);
        let stored = record.events.iter().find(|e| e.key.as_deref() == Some(&key)).and_then(|e| e.reply.clone());
        let document = match stored {
            Some(body) => Document { content_type: self.content_type(carrier, &received.token), body },
            None => self.apology(carrier, &received.token),
        };
        Ok(Some(Taken { attempt: record.attempt.id, document: Some(document), verdict: "turned" }))
    }

    fn content_type(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> &'static str {
        self.apology(carrier, token).content_type
    }

    /// Takes an event in that did not come by webhook: the carrier's answer to a request, or what reconciliation found.
    ///
    /// # Errors
    /// When the store fails or the call cannot be replayed.
    pub async fn report(
        &self,
        token: &AttemptToken,
        event: &CallEvent,
        carrier_call_id: Option<String>,
    ) -> Result<(), LiveCallError> {
        self.take_event(token, event, carrier_call_id, None).await.map(drop)
    }

    /// Load, decide, save; again when somebody else saved in between.
    async fn take_event(
        &self,
        token: &AttemptToken,
        event: &CallEvent,
        carrier_call_id: Option<String>,
        mut entry: Option<&mut WebhookEntry>,
    ) -> Result<Option<Taken>, LiveCallError> {
        let watch = self.clock.stopwatch();
        for _ in 0..TRIES {
            let Some(record) = self.store.load_call(token).await? else { return Ok(None) };
            let log = entry.as_deref_mut().map(|entry| {
                entry.attempt = Some(record.attempt.id.clone());
                entry.duration_us = watch.elapsed().as_micros() as u64;
                entry.clone()
            });
            match self.take_once(&record, event, carrier_call_id.clone(), log).await {
                Err(LiveCallError::Store(StoreError::Conflict)) => tokio::task::yield_now().await,
                taken => return taken.map(Some),
            }
        }
        Err(LiveCallError::Store(StoreError::Conflict))
    }

    async fn take_once(
        &self,
        record: &CallRecord,
        event: &CallEvent,
        carrier_call_id: Option<String>,
        log: Option<WebhookEntry>,
    ) -> Result<Taken, LiveCallError> {
        let carrier =
            self.carriers.get(&record.attempt.carrier).ok_or_else(|| LiveCallError::NoCarrier(record.attempt.carrier.clone()))?;
        let id = record.attempt.id.clone();
        let key = event_key(event);
        if let Some(known) = record.events.iter().find(|e| e.key == key && key.is_some()) {
            let document =
                known.reply.clone().map(|body| Document { content_type: self.content_type(carrier, &record.token), body });
            return Ok(Taken { attempt: id, document, verdict: "duplicate" });
        }
        let script = &record.brief.script;
        let scripts = self.scripts.for_call(script).ok_or_else(|| LiveCallError::NoScript(script.clone()))?;
        let mut call = Call::replay(record.brief.clone(), scripts, record.events.iter().map(|e| (&e.event, e.at)));
        let was_ended = call.standing().ended_at.is_some();
        let now = self.clock.now();
        let mut events = Vec::new();
        if matches!(event, CallEvent::Answered { .. }) && self.visit_changed(record, now).await? {
            call.handle(&CallEvent::VisitChanged, now);
            events.push(StoredEvent { at: now, event: CallEvent::VisitChanged, key: Some("visit_changed".into()), reply: None });
        }
        let reaction = call.handle(event, now);
        let (document, audio) = self.render(carrier, record, &reaction)?;
        let key = match (&reaction.step, reaction.push) {
            (Some(step), true) => Some(turned_key(step.number)),
            _ => key,
        };
        events.push(StoredEvent { at: now, event: event.clone(), key, reply: document.as_ref().map(|d| d.body.clone()) });
        let standing = call.standing();
        let verdict = if was_ended { "late" } else { "ok" };
        let commit = CallCommit {
            attempt: id.clone(),
            after_events: record.events.len(),
            events,
            open_work: self.work_after(record, &standing, now),
            opt_out: reaction.opt_out.then(|| OptOut {
                patient: Some(record.outreach.visit.patient.clone()),
                phone: Some(record.attempt.phone.clone()),
                at: now,
                how: "key 9".to_string(),
            }),
            standing: stored(&standing),
            carrier_call_id,
            audio,
            log: log.map(|mut entry| {
                entry.status = if document.is_some() && !reaction.push { 200 } else { 204 };
                entry.verdict = verdict.to_string();
                entry
            }),
        };
        self.store.commit_call(&commit).await?;
        self.after_commit(carrier, record, &commit, &reaction, was_ended);
        Ok(Taken { attempt: id, document: if reaction.push { None } else { document }, verdict })
    }

    /// What need not be in the transaction: turning the live call, and telling the planner.
    fn after_commit(
        &self,
        carrier: &Arc<dyn Carrier>,
        record: &CallRecord,
        commit: &CallCommit,
        reaction: &Reaction,
        was_ended: bool,
    ) {
        let call_id = commit.carrier_call_id.clone().or_else(|| record.attempt.carrier_call_id.clone());
        if let (Some(step), true, Some(call_id)) = (&reaction.step, reaction.push, call_id) {
            let (carrier, token, attempt, number) =
                (carrier.clone(), record.token.clone(), record.attempt.id.clone(), step.number);
            tokio::spawn(async move {
                if let Err(error) = carrier.turn_call(&call_id, &token, number).await {
                    tracing::warn!(%attempt, %error, "the live call could not be turned to the voicemail");
                }
            });
        }
        if commit.standing.ended_at.is_some() || commit.opt_out.is_some() {
            self.nudge.patient(record.outreach.visit.patient.clone());
        }
        if commit.standing.ended_at.is_some() && !was_ended {
            let outcome = commit.standing.outcome.map(|o| o.as_str());
            tracing::info!(attempt = %record.attempt.id, outcome, keys = commit.standing.keys, "call over");
        }
    }

    fn render(&self, carrier: &Arc<dyn Carrier>, record: &CallRecord, reaction: &Reaction) -> Result<Rendered, LiveCallError> {
        let Some(step) = &reaction.step else { return Ok((None, Vec::new())) };
        let (page, audio) = self.voice.page(&record.brief.language, step)?;
        Ok((Some(carrier.document(&record.token, &page)), audio))
    }
}

fn stored(standing: &Standing) -> StoredStanding {
    StoredStanding {
        status: standing.status,
        answered_at: standing.answered_at,
        ended_at: standing.ended_at,
        answered_by: standing.answered_by,
        heard_seconds: standing.heard_seconds,
        keys: standing.keys.clone(),
        outcome: standing.outcome,
        end_reason: standing.end_reason,
    }
}

/// What makes a repeat of an event recognizable. What answers a step answers it once, whatever it says.
fn event_key(event: &CallEvent) -> Option<String> {
    Some(match event {
        CallEvent::Answered { .. } => "step:0".to_string(),
        CallEvent::Key { step, .. } | CallEvent::Silence { step } | CallEvent::Played { step } => format!("step:{step}"),
        CallEvent::Accepted => "accepted".to_string(),
        CallEvent::Ringing => "ringing".to_string(),
        CallEvent::PickedUp => "picked_up".to_string(),
        CallEvent::Detected { .. } => "detected".to_string(),
        CallEvent::VisitChanged => "visit_changed".to_string(),
        CallEvent::Ended { .. } => "ended".to_string(),
    })
}

fn turned_key(step: u32) -> String {
    format!("turned:{step}")
}

/// A webhook's path with the attempt's token masked: tokens are never logged.
fn masked(path: &str) -> String {
    path.split('/')
        .map(|part| if part.len() >= 24 && part.bytes().all(|b| b.is_ascii_hexdigit()) { "{token}" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_in_paths() {
        assert_eq!(masked("voice/0123456789abcdef0123456789abcdef/1/key"), "voice/{token}/1/key");
        assert_eq!(masked("status/short"), "status/short");
    }

    #[test]
    fn a_key_and_silence_answer_the_same_step() {
        assert_eq!(event_key(&CallEvent::Silence { step: 2 }), event_key(&CallEvent::Played { step: 2 }));
    }
}
