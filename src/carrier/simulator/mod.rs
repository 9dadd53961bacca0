//! The simulated telephone network: a program beside the engine that takes calls over HTTP and asks and tells over HTTP,
//! in the words of Twilio, SignalWire or Telnyx ([`Dialect`]), and plays the patients at the other end ([`persona`]). Its clock
//! is handed in, so that a day of calls takes seconds.
//!
//! Never here: anything of the engine. What it knows of it, it has from requests and answers, as a real carrier would.
//! Start reading at [`serve`], then `call_task`.

mod admin;
mod api;
mod asking;
mod attributes;
mod call_list;
mod call_task;
mod callbacks;
mod callee;
mod connect;
mod delivery;
mod dialect;
mod document;
mod document_reader;
mod faults;
mod handset;
mod incoming;
mod limits;
mod line;
mod network;
mod news;
mod params;
mod performer;
pub mod persona;
mod refusing;
mod script;
mod server;
mod sound;
mod tally;
mod webhook_client;
mod within;

pub use dialect::{Dialect, Direction, SignerError, UnknownDialect};
pub use faults::{Fault, FaultList, FaultListError};
pub use handset::{Handset, Sound};
pub use incoming::{IncomingCall, IncomingError, IncomingSettings};
pub use limits::Limits;
pub use news::{CallChange, CallNews, Watcher};
pub use script::{CallerScript, NoScript};
pub use tally::{Asked, CallTally, Dialled, Heard, Pressed, Status, Tally};
pub use within::within;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use crate::wire::Passage;
use axum::Router;
use dialect::Signer;
use network::{Network, Parts};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
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

/// Whose words a network speaks and what it allows. What nothing is said of is Twilio without limits.
#[derive(Debug, Clone, Default)]
pub struct NetworkSettings {
    /// Whose words it speaks.
    pub dialect: Dialect,
    /// What it signs with, where that is not the token (SignalWire), or base64 of 32 secret bytes (Telnyx).
    pub signing_key: Option<SecretString>,
    /// What the account may do.
    pub limits: Limits,
    /// What is done with calls to the account's numbers.
    pub incoming: IncomingSettings,
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
    /// It cannot sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// A simulated network that runs.
pub struct Simulator {
    network: Arc<Network>,
    public_key: Option<String>,
    listener: Option<(SocketAddr, JoinHandle<()>)>,
}

/// Starts a network on `listener` that speaks Twilio's words and has no limits.
///
/// # Errors
/// When the listener has no address or the HTTP client cannot be made.
pub async fn serve(listener: TcpListener, settings: SimulatorSettings) -> Result<Simulator, SimulatorError> {
    serve_as(listener, settings, NetworkSettings::default()).await
}

/// Starts a network on `listener`.
///
/// # Errors
/// When the listener has no address, the HTTP client cannot be made, or the signing key is none.
pub async fn serve_as(
    listener: TcpListener,
    settings: SimulatorSettings,
    kind: NetworkSettings,
) -> Result<Simulator, SimulatorError> {
    let (network, router, public_key) = made(settings, kind, None)?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(server::run(listener, router, network.clone()));
    Ok(Simulator { network, public_key, listener: Some((address, server)) })
}

/// A network, its API, and the key its webhooks are checked with.
fn made(
    settings: SimulatorSettings,
    kind: NetworkSettings,
    engine: Option<Arc<dyn Passage>>,
) -> Result<(Arc<Network>, Router, Option<String>), SimulatorError> {
    let SimulatorSettings { account, auth_token, clock, seed, faults } = settings;
    let NetworkSettings { dialect, signing_key, limits, incoming } = kind;
    let chance = Chance::seeded(seed);
    let signer = Signer::new(dialect, &auth_token, signing_key.as_ref())?;
    let public_key = signer.public_key();
    let webhooks = WebhookClient::new(dialect, signer, clock.clone(), chance.clone(), engine)?;
    let network = Arc::new(Network::new(Parts { dialect, account, limits, clock, chance, faults, incoming, webhooks }));
    let router = api::router(network.clone(), &auth_token);
    Ok((network, router, public_key))
}

impl Simulator {
    /// Where it listens; no address at all for one that has no listener.
    pub fn address(&self) -> SocketAddr {
        self.listener.as_ref().map_or((Ipv4Addr::UNSPECIFIED, 0).into(), |(address, _)| *address)
    }

    /// What a client calls `api_url`.
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.address(), self.network.dialect.api_path())
    }

    /// Telnyx: the key its webhooks are checked with, in base64.
    pub fn public_key(&self) -> Option<&str> {
        self.public_key.as_deref()
    }

    /// Lets other things go wrong from now on.
    pub fn set_faults(&self, faults: FaultList) {
        self.network.set_faults(faults);
    }

    /// What goes wrong.
    pub fn faults(&self) -> FaultList {
        self.network.faults()
    }

    /// Takes the network down, or up again: meanwhile no request is answered, and calls under way go on.
    pub fn set_down(&self, is_down: bool) {
        self.set_faults(self.network.faults().with(Fault::Down, if is_down { 1.0 } else { 0.0 }));
    }

    /// Refuses the account whatever it asks for from now on, or takes it again.
    pub fn set_account_refused(&self, is_refused: bool) {
        self.set_faults(self.network.faults().with(Fault::AccountRefused, if is_refused { 1.0 } else { 0.0 }));
    }

    /// Says what is done with calls to the account's numbers from now on.
    pub fn set_incoming(&self, incoming: IncomingSettings) {
        self.network.set_incoming(incoming);
    }

    /// Lets somebody call one of the account's numbers; gives the call's id.
    ///
    /// # Errors
    /// When the network was not told where to ask what to say.
    pub fn call_in(&self, call: IncomingCall) -> Result<String, IncomingError> {
        incoming::begin(&self.network, &self.network.incoming(), call)
    }

    /// Takes the telephone of a number into the hand: the next call to it rings there.
    pub fn take_phone(&self, number: PhoneNumber) -> Handset {
        Handset::take(self.network.clone(), number)
    }

    /// What it has seen so far.
    pub fn tally(&self) -> Tally {
        self.network.tally()
    }

    /// Tells somebody of everything that happens to calls from now on.
    pub fn watch(&self, watcher: Watcher) {
        self.network.watched.set(watcher);
    }

    /// How often each fault struck, by its name.
    pub fn struck(&self) -> BTreeMap<&'static str, u64> {
        self.network.struck()
    }

    /// Whether nothing is under way: no call, and no webhook that is late.
    pub fn is_still(&self) -> bool {
        self.network.tracker.is_empty()
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
        if let Some((_, server)) = self.listener {
            let _ = server.await;
        }
    }
}
