//! What a webhook leaves behind beside what it did: its entry in the webhook log, and a line in the log where something is
//! not as it should be. Nothing that a stranger sent stands in either: no name, no path, no method of their own choice.

use super::{Answer, LiveCalls};
use crate::carrier::{WebhookRequest, masked};
use crate::clock::Stopwatch;
use crate::core::ids::{AttemptId, CarrierName};
use crate::store::{Direction, WebhookEntry};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// How long an answer waits for its entry in the webhook log, or a worklist item. Both are written all the same.
const NOTES_WITHIN: Duration = Duration::from_millis(500);
/// What stands in the log where somebody named a carrier that we do not have.
const NOBODY: &str = "unknown";
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/// A request that never became a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit {
    /// HTTP status.
    pub status: u16,
    /// The word of the webhook log.
    pub verdict: &'static str,
    /// For people.
    pub why: &'static str,
}

impl LiveCalls {
    /// Notes a request that is refused before anybody reads it.
    pub async fn refuse(&self, carrier: &str, method: &str, at: DateTime<Utc>, watch: &Stopwatch, unfit: Unfit) {
        let entry = self.entry(carrier, method, "", at);
        self.note(entry, &Answer::plain(unfit.status, unfit.verdict).because(unfit.why), watch).await;
    }

    /// The entry of a request, before anything is known of it.
    pub(super) fn entry_of(&self, carrier: &str, request: &WebhookRequest<'_>) -> WebhookEntry {
        self.entry(carrier, request.method, request.path, request.now)
    }

    fn entry(&self, carrier: &str, method: &str, path: &str, at: DateTime<Utc>) -> WebhookEntry {
        let is_ours = self.carriers.contains_key(&CarrierName::from(carrier));
        WebhookEntry {
            at,
            direction: Direction::In,
            carrier: if is_ours { carrier } else { NOBODY }.to_string(),
            attempt: None,
            method: METHODS.iter().find(|known| known.eq_ignore_ascii_case(method)).unwrap_or(&"other").to_string(),
            path: masked(path),
            status: 0,
            verdict: String::new(),
            duration_us: 0,
            body: String::new(),
        }
    }

    /// Keeps what was answered, where that is not committed already with what it caused.
    pub(super) async fn note(&self, mut entry: WebhookEntry, answer: &Answer, watch: &Stopwatch) {
        self.tell(&entry, answer);
        if answer.logged {
            return;
        }
        entry.attempt.clone_from(&answer.attempt);
        entry.status = answer.status;
        entry.verdict = answer.verdict.to_string();
        entry.duration_us = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(why) = answer.why.as_ref().filter(|_| entry.body.is_empty()) {
            entry.body.clone_from(why);
        }
        let store = self.store.clone();
        soon(async move {
            if let Err(error) = store.log_webhooks(std::slice::from_ref(&entry)).await {
                tracing::error!(%error, verdict = entry.verdict, "the webhook log could not be written");
            }
        })
        .await;
    }

    /// One line for what is not as it should be; none for the rest, of which there are thousands.
    fn tell(&self, entry: &WebhookEntry, answer: &Answer) {
        let (carrier, attempt) = (entry.carrier.as_str(), answer.attempt.as_ref().map(AttemptId::as_str));
        let (status, verdict, why) = (answer.status, answer.verdict, answer.why.as_deref());
        match verdict {
            "ok" | "late" | "turned" | "fallback" => {}
            "duplicate" => tracing::info!(carrier, attempt, status, verdict, "a webhook came again and changed nothing"),
            "one_moment" | "trouble" => {
                tracing::error!(carrier, attempt, status, verdict, why, "a webhook could not be taken in");
            }
            _ => tracing::warn!(carrier, attempt, status, verdict, why, "a webhook was refused and changed nothing"),
        }
    }
}

/// Does a note in a task of its own and waits for it a little: it is written also when the answer leaves first.
pub(super) async fn soon(note: impl Future<Output = ()> + Send + 'static) {
    let _ = tokio::time::timeout(NOTES_WITHIN, tokio::spawn(note)).await;
}
