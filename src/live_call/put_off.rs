//! Whoever is put off with "one moment, please" hears nothing of the message meanwhile: their call must know, or it would count as
//! heard by its length (`core::call`). The store is in trouble just then, so it is told as soon as it takes it.

use super::webhook::TRIES;
use super::{LiveCallError, LiveCalls};
use crate::carrier::Ask;
use crate::core::call::CallEvent;
use crate::core::ids::AttemptToken;
use chrono::Duration;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// For so long it is tried, and so long after a try comes the next.
const TRIED_FOR: Duration = Duration::minutes(5);
const AGAIN_AFTER: Duration = Duration::seconds(10);

/// One is told at a time: whoever is on the line needs the store more.
#[derive(Debug)]
pub struct PutOffs(Semaphore);

impl Default for PutOffs {
    fn default() -> PutOffs {
        PutOffs(Semaphore::new(1))
    }
}

impl LiveCalls {
    /// That a caller was put off, after so long a wait: for the `tries` + 1st time, the last of which is the apology.
    pub(super) fn put_off(&self, ask: &Ask, tries: u32, waited: Duration) -> CallEvent {
        let step = match *ask {
            Ask::Answered { .. } => 0,
            Ask::Fallback { failed, .. } => failed.unwrap_or_default(),
            Ask::Key { step, .. } | Ask::Silence { step } | Ask::Played { step } => step,
            Ask::Transferred { step, .. } | Ask::Turned { step } => step,
        };
        let (one_moment_ms, apology_ms) = self.voice.announcements_ms();
        let said_ms = if tries < TRIES { one_moment_ms } else { apology_ms };
        let waited_ms = u32::try_from(waited.num_milliseconds().max(0)).unwrap_or_default();
        CallEvent::PutOff { step, tries, ms: waited_ms.saturating_add(said_ms) }
    }

    /// Tells the call. Where the store takes nothing for too long, the length of the call decides alone.
    pub(super) async fn note_put_off(self: Arc<Self>, token: AttemptToken, event: CallEvent) {
        let until = self.clock.now() + TRIED_FOR;
        while self.clock.now() < until {
            let told = match self.put_offs.0.acquire().await {
                Ok(_turn) => self.take_event(&token, &event, None, None).await,
                Err(_) => return,
            };
            if !matches!(told, Err(LiveCallError::Store(_))) {
                return;
            }
            self.clock.sleep(AGAIN_AFTER).await;
        }
        tracing::warn!("it could not be kept that a caller was put off");
    }
}
