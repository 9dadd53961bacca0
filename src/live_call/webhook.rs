//! From a webhook to its answer: who asks, whether they may, and what they hear when something is wrong.

use super::take::{Taken, turned_key};
use super::{Answer, LiveCallError, LiveCalls};
use crate::carrier::{Ask, Carrier, Document, Message, Received, Rejected, Webhook, WebhookRequest};
use crate::core::call::CallEvent;
use crate::core::domain::WorkKind;
use crate::core::ids::{AttemptToken, CarrierName};
use crate::store::{Direction, WebhookEntry};
use crate::worklist::item;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody on the line waits for words before they hear "one moment, please": the strictest carrier hangs up on
/// us after five seconds (carriers.md, section 7).
const WORDS_WITHIN: Duration = Duration::from_secs(3);
/// How often the same is asked again in such a moment; then the apology ends the call.
const TRIES: u32 = 3;
/// How long an answer waits for its entry in the webhook log, or a worklist item. Both are written all the same.
const NOTES_WITHIN: Duration = Duration::from_millis(500);

impl LiveCalls {
    /// Takes one webhook of the named carrier in, and says what to answer. What is answered is committed, the entry of the
    /// webhook log included; the rest of the log is written here too.
    pub async fn webhook(self: &Arc<Self>, name: &str, request: &WebhookRequest<'_>) -> Answer {
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
            let store = self.store.clone();
            soon(async move {
                if let Err(error) = store.log_webhooks(std::slice::from_ref(&entry)).await {
                    tracing::error!(%error, verdict = entry.verdict, "the webhook log could not be written");
                }
            })
            .await;
        }
        answer
    }

    async fn judge(self: &Arc<Self>, name: &str, request: &WebhookRequest<'_>, entry: &mut WebhookEntry) -> Answer {
        let Some(carrier) = self.carriers.get(&CarrierName::from(name)) else { return Answer::plain(404, "unknown_carrier") };
        let received = match carrier.receive(request) {
            Ok(Webhook::OfAttempt(received)) => received,
            // No carrier of ours reads such a request yet.
            Ok(Webhook::Incoming(_)) => return Answer::plain(404, "unknown_path"),
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
        // In a task of its own: what was begun is done, also when the answer does not wait for it any more.
        let (live, asker, message, log) = (self.clone(), carrier.clone(), received.clone(), entry.clone());
        let work = tokio::spawn(async move { live.take(&asker, &message, log).await });
        let taken = tokio::time::timeout(WORDS_WITHIN, work).await;
        match (taken, &received.message) {
            (Ok(Ok(Ok(Some(taken)))), message) => {
                let logged = matches!(taken.verdict, "ok" | "late");
                let status = if matches!(message, Message::Ask(_)) { 200 } else { 204 };
                Answer { status, document: taken.document, verdict: taken.verdict, attempt: Some(taken.attempt), logged }
            }
            (Ok(Ok(Ok(None))), Message::Ask(_)) => self.stranger(carrier, &received.token).await,
            (Ok(Ok(Ok(None))), Message::News(_)) => Answer::plain(404, "unknown_attempt"),
            (trouble, message) => {
                match trouble {
                    Ok(Ok(Err(error))) => tracing::error!(%error, carrier = name, "a webhook could not be taken in"),
                    Ok(Err(error)) => tracing::error!(%error, carrier = name, "a webhook's task failed"),
                    _ => tracing::error!(carrier = name, "a webhook is not taken in yet: the store is slow"),
                }
                match message {
                    Message::Ask(ask) => self.in_trouble(carrier, &received, ask),
                    Message::News(_) => Answer::plain(503, "trouble"),
                }
            }
        }
    }

    /// We cannot answer now (law 7): "one moment, please", and the same is asked again; a key travels in the address until
    /// it can be committed. After the last try the apology, and nothing is said as done.
    fn in_trouble(&self, carrier: &Arc<dyn Carrier>, received: &Received, ask: &Ask) -> Answer {
        if received.tries >= TRIES {
            return Answer::with(self.apology(carrier, &received.token), "trouble");
        }
        let document = carrier.ask_again(&received.token, ask, received.tries + 1, &self.voice.one_moment());
        Answer::with(document, "one_moment")
    }

    /// A person is on the line of a call nobody knows: they hear the apology, and a person on our side must look.
    async fn stranger(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> Answer {
        let note =
            format!("carrier {} asked what to say in a call that is not ours; the person heard the apology", carrier.name());
        let item = item(&self.chance, WorkKind::CarrierFault, None, self.clock.now(), None, Some(note));
        let store = self.store.clone();
        soon(async move {
            if let Err(error) = store.open_work(&item).await {
                tracing::error!(%error, "a worklist item could not be opened");
            }
        })
        .await;
        Answer::with(self.apology(carrier, token), "unknown_attempt")
    }

    fn apology(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> Document {
        carrier.document(token, &self.voice.apology())
    }

    async fn take(
        &self,
        carrier: &Arc<dyn Carrier>,
        received: &Received,
        entry: WebhookEntry,
    ) -> Result<Option<Taken>, LiveCallError> {
        let event = match &received.message {
            Message::News(event) => event.clone(),
            Message::Ask(ask) => match *ask {
                Ask::Answered { answered_by } => CallEvent::Answered { answered_by },
                Ask::Key { step, key } => CallEvent::Key { step, key },
                Ask::Silence { step } => CallEvent::Silence { step },
                Ask::Played { step } => CallEvent::Played { step },
                Ask::Transferred { step, result } => CallEvent::Transferred { step, result },
                Ask::Turned { step } => return self.turned(carrier, received, step).await,
            },
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

    pub(super) fn content_type(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken) -> &'static str {
        self.apology(carrier, token).content_type
    }
}

/// Does a note in a task of its own and waits for it a little: it is written also when the answer leaves first.
async fn soon(note: impl Future<Output = ()> + Send + 'static) {
    let _ = tokio::time::timeout(NOTES_WITHIN, tokio::spawn(note)).await;
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
}
