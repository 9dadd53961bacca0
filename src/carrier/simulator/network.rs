//! The simulated network as a whole: the calls it has taken, and what every call shares.

use super::call_task;
use super::faults::{Fault, FaultList};
use super::handset::Sound;
use super::params::{Address, ApiFault, CallRequest};
use super::persona;
use super::tally::{CallTally, Status, Tally};
use super::webhook_client::{Answer, WebhookClient};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use chrono::Duration;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An order to a call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Go on with this document.
    Turn(Address),
    /// End it (`Status=completed`), or call it off before an answer.
    End,
    /// The hand that holds the telephone picks it up.
    PickUp,
    /// It presses a key.
    Press(char),
    /// It puts it down.
    PutDown,
}

/// The network.
pub struct Network {
    /// Whose it is.
    pub account: String,
    /// Its time.
    pub clock: Clock,
    /// Its randomness.
    pub chance: Chance,
    /// What goes wrong.
    pub faults: FaultList,
    /// How it asks the engine.
    pub webhooks: WebhookClient,
    /// Its tasks.
    pub tracker: TaskTracker,
    /// Fires when it stops.
    pub stop: CancellationToken,
    /// Rises whenever a call is over.
    over: watch::Sender<u64>,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    tally: Tally,
    places: HashMap<String, usize>,
    controls: HashMap<String, mpsc::UnboundedSender<Control>>,
    /// Telephones in somebody's hand, by number.
    handsets: HashMap<String, Connected>,
}

struct Connected {
    sounds: mpsc::UnboundedSender<Sound>,
    /// The call that rings or talks there.
    call: Option<String>,
}

impl Network {
    /// A network without calls.
    pub fn new(account: String, clock: Clock, chance: Chance, faults: FaultList, webhooks: WebhookClient) -> Network {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        Network { account, clock, chance, faults, webhooks, tracker, stop, over: watch::channel(0).0, calls: Mutex::default() }
    }

    /// Takes a call and starts it.
    pub fn take(self: &Arc<Network>, request: CallRequest) -> CallTally {
        let sid = format!("CA{}", self.chance.hex(16));
        let call = CallTally {
            sid: sid.clone(),
            attempt: attempt_of(&request),
            to: request.to.clone(),
            from: request.from.clone(),
            status: Status::Queued,
            sip: None,
            error_code: None,
            error: None,
            created_at: self.clock.now(),
            answered_at: None,
            ended_at: None,
            talk_ms: 0,
            answered_by: None,
            keys: Vec::new(),
            acknowledged: String::new(),
            heard: Vec::new(),
            recorded: Vec::new(),
            documents: 0,
            differing_repeats: 0,
            callbacks_failed: 0,
            warnings: request.warnings.clone(),
        };
        let (order, orders) = mpsc::unbounded_channel();
        let mut calls = self.calls();
        let place = calls.tally.calls.len();
        calls.tally.calls.push(call.clone());
        calls.places.insert(sid.clone(), place);
        calls.controls.insert(sid.clone(), order);
        let in_hand = calls.handsets.get_mut(call.to.as_str()).map(|handset| handset.call = Some(sid.clone())).is_some();
        drop(calls);
        let persona = if in_hand { persona::IN_HAND } else { persona::of(call.to.as_str()) };
        let network = self.clone();
        self.spawn(async move {
            call_task::run(network.clone(), sid.clone(), request, persona, orders).await;
            network.calls().controls.remove(&sid);
            network.over.send_modify(|over| *over += 1);
        });
        call
    }

    /// Runs something beside everything else; it is dropped when the network stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! { () = work => {}, () = stop.cancelled() => {} }
        })
    }

    /// Counts a refused request.
    pub fn refuse(&self) {
        self.calls().tally.refused += 1;
    }

    /// One call.
    pub fn call(&self, sid: &str) -> Option<CallTally> {
        let calls = self.calls();
        calls.places.get(sid).map(|place| calls.tally.calls[*place].clone())
    }

    /// Everything so far.
    pub fn tally(&self) -> Tally {
        self.calls().tally.clone()
    }

    /// Waits until a call is over; returns at once for one that is not known.
    pub async fn wait_for_end(&self, sid: &str) {
        let mut over = self.over.subscribe();
        while self.calls().controls.contains_key(sid) {
            // The sender is part of the network: it cannot be gone.
            let _ = over.changed().await;
        }
    }

    /// Calls that `wanted` picks.
    pub fn calls_where(&self, wanted: impl Fn(&CallTally) -> bool) -> Vec<CallTally> {
        self.calls().tally.calls.iter().filter(|call| wanted(call)).cloned().collect()
    }

    /// Writes something into a call's record.
    pub fn note(&self, sid: &str, write: impl FnOnce(&mut CallTally)) {
        let mut calls = self.calls();
        if let Some(place) = calls.places.get(sid).copied() {
            write(&mut calls.tally.calls[place]);
        }
    }

    /// Gives an order to a call under way.
    ///
    /// # Errors
    /// 21220 when it is over, or not answered yet where that is needed.
    pub fn order(&self, sid: &str, control: Control) -> Result<(), ApiFault> {
        let calls = self.calls();
        let status = calls.places.get(sid).map(|place| calls.tally.calls[*place].status);
        let fits = match control {
            Control::Turn(_) => status == Some(Status::InProgress),
            _ => status.is_some_and(|status| !status.is_final()),
        };
        let sent = fits && calls.controls.get(sid).is_some_and(|order| order.send(control).is_ok());
        sent.then_some(()).ok_or_else(|| ApiFault::new(400, 21220, "Call is not in-progress. Cannot redirect."))
    }

    /// Sends a webhook of a call, with the faults that strike webhooks. A repeat has the token of the first, and its
    /// answer is the one that counts.
    pub async fn deliver(&self, sid: &str, to: &Address, fields: &[(String, String)]) -> Result<Answer, String> {
        let token = self.webhooks.idempotency_token();
        let first = self.webhooks.send(to, fields, &token).await;
        if !self.faults.strikes(Fault::WebhookTwice, &self.chance) {
            return first;
        }
        let second = self.webhooks.send(to, fields, &token).await;
        if let (Ok(first), Ok(second)) = (&first, &second)
            && first != second
        {
            self.note(sid, |call| call.differing_repeats += 1);
        }
        second.or(first)
    }

    /// How late a webhook is.
    pub fn lateness(&self, most_s: u64) -> Option<Duration> {
        let late = self.faults.strikes(Fault::WebhookLate, &self.chance);
        late.then(|| Duration::milliseconds(self.chance.below(most_s * 1000) as i64))
    }

    /// Puts the telephone of a number into somebody's hand.
    pub fn connect_handset(&self, number: &PhoneNumber) -> mpsc::UnboundedReceiver<Sound> {
        let (sounds, heard) = mpsc::unbounded_channel();
        self.calls().handsets.insert(number.as_str().to_string(), Connected { sounds, call: None });
        heard
    }

    /// Takes it out of the hand again.
    pub fn disconnect_handset(&self, number: &PhoneNumber) {
        self.calls().handsets.remove(number.as_str());
    }

    /// Does with the call of a telephone in the hand what the hand does; nothing where there is none.
    pub fn order_handset(&self, number: &PhoneNumber, control: Control) {
        let calls = self.calls();
        let call = calls.handsets.get(number.as_str()).and_then(|handset| handset.call.as_ref());
        if let Some(order) = call.and_then(|sid| calls.controls.get(sid)) {
            // A call that has just ended takes no more.
            let _ = order.send(control);
        }
    }

    /// Lets a telephone in the hand sound, if this call is with one.
    pub fn sound(&self, sid: &str, number: &PhoneNumber, sound: Sound) {
        if let Some(handset) = self.calls().handsets.get(number.as_str())
            && handset.call.as_deref() == Some(sid)
        {
            // Nobody listens any more: it sounds unheard.
            let _ = handset.sounds.send(sound);
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // A panic in one call's task leaves plain data behind.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for the address that names the attempt without giving it away.
fn attempt_of(request: &CallRequest) -> String {
    let digest = Sha256::digest(request.url.url.as_str());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
