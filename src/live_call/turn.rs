//! A live call is turned to another step: nobody asked for it, so the carrier must be told. While it is not, a machine
//! records the live message. But a second turn that takes effect starts the voicemail anew on the tape: it is tried again
//! only where the carrier surely, or most likely, did nothing, and never because an answer was lost.

use crate::carrier::{Carrier, CarrierError, Lost, Refusal};
use crate::clock::Clock;
use crate::core::ids::{AttemptId, AttemptToken};
use chrono::Duration;
use std::sync::Arc;

/// When it is tried, counted from the first time, in milliseconds of the call. Later it would cut into what is being
/// recorded; and the next time the carrier asks, it gets the step all the same.
const AT_MS: [i64; 3] = [0, 900, 1_900];
/// A try is the last when it took until then.
const UNTIL_MS: i64 = 3_000;

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
    /// Tells the carrier, up to three times within three seconds. That the call is over already is no trouble. Where the
    /// answer is lost the call was most likely turned: if not, the next time the carrier asks, it gets the step.
    pub async fn until_done(self, clock: Clock) {
        let attempt = self.attempt.as_str();
        let Some(call_id) = &self.call_id else {
            tracing::warn!(attempt, "a live call cannot be turned: the carrier never told its id");
            return;
        };
        let first = clock.now();
        for at in AT_MS {
            clock.sleep_until(first + Duration::milliseconds(at)).await;
            let error = match self.carrier.turn_call(call_id, &self.token, self.step).await {
                Ok(()) | Err(CarrierError::Refused { why: Refusal::NotLive, .. }) => return,
                Err(error) => error,
            };
            tracing::warn!(attempt, %error, "it is not known that the live call was turned to the voicemail");
            let is_lost = matches!(error, CarrierError::Unknown(Lost { status: None, .. }));
            if is_lost || clock.now() > first + Duration::milliseconds(UNTIL_MS) {
                return;
            }
        }
    }
}
