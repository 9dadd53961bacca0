//! Whoever is put off with "one moment, please" hears nothing of the message meanwhile: their call must know, or it would count as
//! heard by its length (`core::call`). The store is in trouble just then, so it is told as soon as it takes it.

use super::webhook::TRIES;
use super::{LiveCallError, LiveCalls};
use crate::carrier::Ask;
use crate::core::call::CallEvent;
use crate::core::ids::AttemptToken;
use chrono::Duration;
use std::sync::Arc;

/// How often it is told, and in what time again.
const TOLD: u32 = 12;
const AGAIN_AFTER: Duration = Duration::seconds(10);

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

    /// Tells the call, for two minutes; where the store takes nothing for longer, the length of the call decides alone.
    pub(super) async fn note_put_off(self: Arc<Self>, token: AttemptToken, event: CallEvent) {
        for _ in 0..TOLD {
            match self.take_event(&token, &event, None, None).await {
                Err(LiveCallError::Store(_)) => self.clock.sleep(AGAIN_AFTER).await,
                _ => return,
            }
        }
        tracing::warn!("it could not be kept that a caller was put off");
    }
}
