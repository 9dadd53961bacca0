//! A live call is turned to another step: nobody asked for it, so the carrier must be told. While it is not, a machine
//! records the live message. Turning twice is no harm: the step is said from its first word.

use crate::carrier::{Carrier, CarrierError, Refusal};
use crate::clock::Clock;
use crate::core::ids::{AttemptId, AttemptToken};
use chrono::Duration;
use std::sync::Arc;

/// When it is tried, counted from the first time, in milliseconds of the call. Later it would cut into what is being
/// recorded; and the next time the carrier asks, it gets the step all the same.
const AT_MS: [i64; 3] = [0, 900, 1_900];
/// How long one try may keep the next one waiting. It goes on meanwhile, and its answer is logged.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(900);

/// A live call and where it is to be turned.
pub(super) struct Turn {
    pub carrier: Arc<dyn Carrier>,
    /// The carrier's id of the call, where one is known.
    pub call_id: Option<String>,
    pub token: AttemptToken,
    pub attempt: AttemptId,
    pub step: u32,
}

impl Turn {
    /// Tells the carrier, up to three times within three seconds. That the call is over already is no trouble.
    pub async fn until_done(self, clock: Clock) {
        let attempt = self.attempt.as_str();
        let Some(call_id) = &self.call_id else {
            tracing::warn!(attempt, "a live call cannot be turned: the carrier never told its id");
            return;
        };
        let first = clock.now();
        for at in AT_MS {
            clock.sleep_until(first + Duration::milliseconds(at)).await;
            let (carrier, call_id, token, step) = (self.carrier.clone(), call_id.clone(), self.token.clone(), self.step);
            let turning = tokio::spawn(async move { carrier.turn_call(&call_id, &token, step).await });
            let why = match tokio::time::timeout(PATIENCE, turning).await {
                Ok(Ok(Ok(()) | Err(CarrierError::Refused { why: Refusal::NotLive, .. }))) => return,
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer yet".to_string(),
            };
            tracing::warn!(attempt, why, "the live call was not turned to the voicemail");
        }
    }
}
