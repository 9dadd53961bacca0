//! One call in progress: a webhook comes in, the call is loaded and replayed, the core says what follows, all of it is
//! saved in one transaction, and the step is rendered as the carrier's document.
//!
//! Never here: planning, SQL, a carrier's words. Start reading at [`LiveCalls::webhook`].

mod changes;
mod follow_up;
mod incoming;
mod kept;
mod noted;
mod strange;
mod take;
mod turn;
mod voice;
mod webhook;
mod wordless;

pub use incoming::{Briefs, Reception};
pub use kept::Kept;
pub use noted::Unfit;
pub use voice::{Audio, Speech, Voice, VoiceSettings};
pub use wordless::Wordless;

use crate::board::Board;
use crate::carrier::{Carrier, Document};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::call::CallEvent;
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use crate::nudge::Nudge;
use crate::prompt;
use crate::store::{SharedStore, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use take::Came;

/// The carriers by name.
pub type Carriers = BTreeMap<CarrierName, Arc<dyn Carrier>>;

/// All calls in progress, of any carrier.
pub struct LiveCalls {
    /// What is remembered.
    pub store: SharedStore,
    /// Who places calls.
    pub carriers: Carriers,
    /// What is said, and how it sounds.
    pub voice: Arc<Voice>,
    /// The hospital's rules.
    pub board: Board,
    /// The clock.
    pub clock: Clock,
    /// Names for worklist items.
    pub chance: Chance,
    /// Tells the planner whose plan is stale.
    pub nudge: Nudge,
    /// For calls to our number.
    pub reception: Reception,
    /// Audio that the store keeps already.
    pub kept: Kept,
    /// Calls whose words the carrier could not use.
    pub wordless: Wordless,
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
    /// What is wrong, for the log, where something is. Nothing of what was sent stands in it.
    pub why: Option<String>,
}

impl Answer {
    /// An answer without a document.
    pub fn plain(status: u16, verdict: &'static str) -> Answer {
        Answer { status, document: None, verdict, attempt: None, logged: false, why: None }
    }

    fn because(self, why: impl Into<String>) -> Answer {
        Answer { why: Some(why.into()), ..self }
    }

    fn with(document: Document, verdict: &'static str) -> Answer {
        Answer { document: Some(document), ..Answer::plain(200, verdict) }
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

impl LiveCalls {
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
        let came = Came { event: event.clone(), put_off: None, entry: None };
        self.take_event(token, came, carrier_call_id).await.map(drop)
    }

    /// Keeps in the store what the apology and "one moment, please" are made of, so that every replica can play them;
    /// `false` where it could not, which is logged: this process plays them all the same.
    pub async fn keep_announcements(&self) -> bool {
        match self.store.keep_audio(&self.voice.announced()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "apology and one-moment are not kept: other replicas may not be able to play them");
                false
            }
        }
    }
}
