//! The simulated telephone network: a program beside the engine that takes calls over HTTP and asks and tells over HTTP,
//! in the words of a Twilio-compatible carrier, and plays the patients at the other end ([`persona`]). Its clock is handed
//! in, so that a day of calls takes seconds.
//!
//! Never here: anything of the engine. What it knows of it, it has from requests and answers, as a real carrier would.
//! Start reading at [`serve`], then `call_task`.

mod api;
mod call_task;
mod callbacks;
mod callee;
mod document_reader;
mod faults;
mod fields;
mod handset;
mod line;
mod network;
mod params;
mod performer;
pub mod persona;
mod resource;
mod sound;
mod tally;
mod webhook_client;

pub use faults::{Fault, FaultList, FaultListError};
pub use handset::{Handset, Sound};
pub use tally::{CallTally, Heard, Pressed, Status, Tally};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use network::Network;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use webhook_client::WebhookClient;

/// What a simulated network is made of.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// The account that may call.
    pub account: String,
    /// Its auth token; it signs the webhooks, too.
    pub auth_token: SecretString,
    /// The network's time.
    pub clock: Clock,
    /// Seed of its ids and its faults.
    pub seed: u64,
    /// What goes wrong.
    pub faults: FaultList,
}

/// Why a network could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The listener has no address.
    #[error("the simulated network cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The HTTP client cannot be made.
    #[error("the simulated network has no HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// A simulated network that runs.
pub struct Simulator {
    network: Arc<Network>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// Starts a network on `listener`.
///
/// # Errors
/// When the listener has no address or the HTTP client cannot be made.
pub async fn serve(listener: TcpListener, settings: SimulatorSettings) -> Result<Simulator, SimulatorError> {
    let SimulatorSettings { account, auth_token, clock, seed, faults } = settings;
    let chance = Chance::seeded(seed);
    let webhooks = WebhookClient::new(auth_token.clone(), chance.clone())?;
    let network = Arc::new(Network::new(account, clock, chance, faults, webhooks));
    let address = listener.local_addr()?;
    let stopped = network.stop.clone();
    let serving = axum::serve(listener, api::router(network.clone(), &auth_token))
        .with_graceful_shutdown(async move { stopped.cancelled().await });
    let server = tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the simulated network stopped");
        }
    });
    Ok(Simulator { network, address, server })
}

impl Simulator {
    /// Where it listens: its `api_url` is `http://` and this.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes the telephone of a number into the hand: the next call to it rings there.
    pub fn take_phone(&self, number: PhoneNumber) -> Handset {
        Handset::take(self.network.clone(), number)
    }

    /// What it has seen so far.
    pub fn tally(&self) -> Tally {
        self.network.tally()
    }

    /// Waits until a call is over.
    pub async fn wait_for_end(&self, sid: &str) {
        self.network.wait_for_end(sid).await;
    }

    /// Stops: takes no more calls, drops those under way without a word, and waits until all is still.
    pub async fn stop(self) {
        self.network.stop.cancel();
        self.network.tracker.close();
        self.network.tracker.wait().await;
        // It ends by itself once its connections are closed; a panic in it has been reported already.
        let _ = self.server.await;
    }
}
