//! A telephone in somebody's hand instead of a simulated patient's: it rings until it is picked up, tells what would be
//! heard, and takes keys from whoever holds it.

use super::network::{Control, Network};
use super::tally::Status;
use crate::core::call::Key;
use crate::core::domain::PhoneNumber;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// What a telephone in the hand does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// It rings.
    Rings,
    /// This begins to be heard.
    Begins {
        /// Where the audio came from.
        audio: String,
        /// Its length in milliseconds.
        length_ms: u64,
    },
    /// What was heard stops: at its end, or cut by a key.
    Stops,
    /// The call is over.
    Over(Status),
}

/// A telephone in the hand. When it is dropped its number is a simulated patient's again.
pub struct Handset {
    network: Arc<Network>,
    number: PhoneNumber,
    sounds: UnboundedReceiver<Sound>,
}

impl Handset {
    pub(super) fn take(network: Arc<Network>, number: PhoneNumber) -> Handset {
        let sounds = network.connect_handset(&number);
        Handset { network, number, sounds }
    }

    /// Waits for the next sound; `None` when another hand has taken the number.
    pub async fn listen(&mut self) -> Option<Sound> {
        self.sounds.recv().await
    }

    /// Picks up while it rings.
    pub fn pick_up(&self) {
        self.network.order_handset(&self.number, Control::PickUp);
    }

    /// Presses a key.
    pub fn press(&self, key: Key) {
        self.network.order_handset(&self.number, Control::Press(key.as_char()));
    }

    /// Hangs up, or refuses while it rings.
    pub fn hang_up(&self) {
        self.network.order_handset(&self.number, Control::PutDown);
    }
}

impl Drop for Handset {
    fn drop(&mut self) {
        self.hang_up();
        self.network.disconnect_handset(&self.number);
    }
}
