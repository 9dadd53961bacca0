//! Calls whose words the carrier could not use, one after the other: patients answer, and hear nothing. When nothing else
//! comes any more the fault is at our end (an address that nobody reaches, audio that nobody gets), and it is worse to go
//! on ringing than to wait for a person.

use super::LiveCalls;
use crate::carrier::{Ask, Carrier, Message, Received};
use crate::core::call::CallEvent;
use crate::core::domain::WorkKind;
use crate::core::ids::CarrierName;
use crate::core::link::{CarrierState, News};
use crate::store::StoreError;
use crate::worklist::item;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many calls in a row, as far as this process heard, and nothing more is placed through the carrier.
const TOO_MANY: u32 = 5;
/// How often the pause is written again when another replica wrote in between.
const TRIES: usize = 8;

/// How long after the store failed calls may end so for that reason alone: a call and its late news.
const EXCUSED: Duration = Duration::minutes(10);

/// How many calls of each carrier ended so since words were last heard.
#[derive(Debug, Default)]
pub struct Wordless {
    calls: Mutex<BTreeMap<CarrierName, u32>>,
    /// When the store last failed somebody who wanted words.
    store_failed: Mutex<Option<DateTime<Utc>>>,
}

impl Wordless {
    /// The store failed somebody who wanted words: what calls hear now says nothing about the carrier, and passes by itself.
    pub fn excuse(&self, now: DateTime<Utc>) {
        *self.store_failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn is_excused(&self, now: DateTime<Utc>) -> bool {
        let failed = *self.store_failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| now - at < EXCUSED)
    }

    /// Takes a webhook in; `true` when it tells of the call that is one too many.
    fn hears(&self, carrier: &CarrierName, message: &Message, our_fault: Option<u32>, now: DateTime<Utc>) -> bool {
        if self.is_excused(now) {
            return false;
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        match message {
            // What answers a step was asked after its words.
            Message::Ask(Ask::Key { .. } | Ask::Silence { .. } | Ask::Played { .. }) if our_fault.is_none() => {
                calls.remove(carrier);
                false
            }
            Message::News(CallEvent::Ended { .. }) if our_fault.is_some() => {
                let count = calls.entry(carrier.clone()).or_insert(0);
                *count += 1;
                *count == TOO_MANY
            }
            _ => false,
        }
    }

    fn begin_again(&self, carrier: &CarrierName) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(carrier);
    }
}

impl LiveCalls {
    /// Pauses a carrier whose calls have no words any more, until somebody has acted.
    pub(super) async fn heed_wordless(&self, carrier: &Arc<dyn Carrier>, received: &Received) {
        let name = carrier.name();
        if !self.wordless.hears(name, &received.message, received.our_fault, self.clock.now()) {
            return;
        }
        self.wordless.begin_again(name);
        tracing::error!(carrier = %name, calls = TOO_MANY, "patients hear nothing: nothing more is placed through the carrier");
        if let Err(error) = self.pause_wordless(name).await {
            tracing::error!(carrier = %name, %error, "the carrier could not be paused; the next such calls try again");
        }
    }

    async fn pause_wordless(&self, name: &CarrierName) -> Result<(), StoreError> {
        let now = self.clock.now();
        let note = format!(
            "carrier {name}: {TOO_MANY} calls in a row ended because it could not use what we answered, so patients heard nothing; \
             nothing more is placed through it. See that it reaches server.public_url, then resolve this item: one call is tried"
        );
        let item = item(&self.chance, WorkKind::CarrierFault, None, now, None, Some(note));
        if !self.store.open_work(&item).await? {
            return Ok(());
        }
        for _ in 0..TRIES {
            let row = self.store.carriers().await?.into_iter().find(|row| row.state.carrier == *name);
            let (state, revision) = row.map_or_else(|| (CarrierState::new(name.clone()), 0), |row| (row.state, row.revision));
            let Some(paused) = state.after(&News::Account { item: item.id.clone() }, now) else { return Ok(()) };
            match self.store.save_carrier(&paused, revision).await {
                Err(StoreError::Conflict) => {}
                saved => return saved,
            }
        }
        Err(StoreError::Conflict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::call::FinalStatus;

    #[test]
    fn only_calls_in_a_row_are_too_many() {
        let (wordless, main) = (Wordless::default(), CarrierName::from("main"));
        let end = Message::News(CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(1), reason: None });
        let heard = Message::Ask(Ask::Silence { step: 1 });
        let now = DateTime::UNIX_EPOCH;
        let ends = |times: u32| (0..times).map(|_| wordless.hears(&main, &end, Some(11200), now)).collect::<Vec<_>>();
        assert_eq!(ends(4), [false; 4]);
        assert!(!wordless.hears(&main, &heard, None, now), "somebody heard words: it begins again");
        assert!(!wordless.hears(&main, &end, None, now), "an end like others counts for nothing");
        assert_eq!(ends(5), [false, false, false, false, true]);
        assert!(!wordless.hears(&CarrierName::from("second"), &end, Some(11205), now), "each carrier for itself");
    }

    #[test]
    fn while_the_store_fails_no_carrier_is_blamed() {
        let (wordless, main) = (Wordless::default(), CarrierName::from("main"));
        let end = Message::News(CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(1), reason: None });
        let at = |seconds| DateTime::UNIX_EPOCH + Duration::seconds(seconds);
        let ends = |times: u32, now| (0..times).any(|_| wordless.hears(&main, &end, Some(11200), now));
        assert!(!ends(4, at(0)));
        wordless.excuse(at(1));
        assert!(!ends(20, at(600)), "its calls are still told of");
        assert!(!ends(4, at(601)), "it is counted from the beginning again");
        assert!(ends(1, at(601)));
    }
}
