//! The simulated network as a whole: the calls it has taken, and what every call shares.

use super::call_task::{self, Party};
use super::dialect::{ApiFault, Dialect, Direction};
use super::faults::{Fault, FaultList};
use super::handset::Sound;
use super::incoming::IncomingSettings;
use super::limits::{Limits, Pace};
use super::news::{CallChange, Watched};
use super::params::{CallRequest, Start};
use super::persona;
use super::refusing::Refused;
use super::script::CallerScript;
use super::tally::{Asked, CallTally, Status, Tally};
use super::webhook_client::WebhookClient;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use chrono::Duration;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An order to a call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Go on with this document.
    Turn(Start),
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
    /// Whose words it speaks.
    pub dialect: Dialect,
    /// Whose it is.
    pub account: String,
    /// What the account may do.
    pub limits: Limits,
    /// Its time.
    pub clock: Clock,
    /// Its randomness.
    pub chance: Chance,
    /// How it asks the engine.
    pub webhooks: WebhookClient,
    /// Its tasks.
    pub tracker: TaskTracker,
    /// Fires when it stops.
    pub stop: CancellationToken,
    /// What goes wrong.
    faults: RwLock<FaultList>,
    /// What is done with calls to the account's numbers.
    incoming: RwLock<IncomingSettings>,
    /// Rises whenever a call is over.
    over: watch::Sender<u64>,
    /// Hears of what happens to calls.
    pub watched: Watched,
    /// Which numbers cannot be called.
    pub refused: Refused,
    struck: Mutex<BTreeMap<&'static str, u64>>,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    tally: Tally,
    pace: Pace,
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

/// What a network is made of.
pub struct Parts {
    /// Whose words it speaks.
    pub dialect: Dialect,
    /// Whose it is.
    pub account: String,
    /// What the account may do.
    pub limits: Limits,
    /// Its time.
    pub clock: Clock,
    /// Its randomness.
    pub chance: Chance,
    /// What goes wrong.
    pub faults: FaultList,
    /// What is done with calls to the account's numbers.
    pub incoming: IncomingSettings,
    /// How it asks the engine.
    pub webhooks: WebhookClient,
}

impl Network {
    /// A network without calls.
    pub fn new(parts: Parts) -> Network {
        let Parts { dialect, account, limits, clock, chance, faults, incoming, webhooks } = parts;
        Network {
            dialect,
            account,
            limits,
            clock,
            chance,
            webhooks,
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            faults: RwLock::new(faults),
            incoming: RwLock::new(incoming),
            over: watch::channel(0).0,
            watched: Watched::default(),
            refused: Refused::default(),
            struck: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    /// Takes a call and starts it, in its turn.
    ///
    /// # Errors
    /// 22005 when the queue is full, 10004 when all lines are in use.
    pub fn take(self: &Arc<Network>, request: CallRequest) -> Result<CallTally, ApiFault> {
        let mut calls = self.calls();
        let in_use = calls.controls.len();
        let over = self.limits.lines.is_some_and(|most| in_use >= most as usize);
        // Telnyx takes such a call and lets it fail.
        if over && self.dialect != Dialect::Telnyx {
            return Err(ApiFault::new(400, 10004, "Call concurrency limit exceeded"));
        }
        let wait = calls.pace.take(&self.limits, self.clock.now()).ok_or_else(queue_full)?;
        let call = self.enter(&mut calls, &request, wait.num_milliseconds().unsigned_abs());
        let in_hand = calls.handsets.get_mut(call.0.to.as_str()).map(|handset| handset.call = Some(call.0.sid.clone())).is_some();
        drop(calls);
        let persona = if in_hand { persona::IN_HAND } else { persona::of(call.0.to.as_str()) };
        let party = if over { Party::NoLine } else { Party::Called(persona) };
        Ok(self.begin(call, request, party))
    }

    /// Lets somebody call one of the account's numbers.
    pub fn call_in(self: &Arc<Network>, request: CallRequest, script: CallerScript) -> CallTally {
        let call = self.enter(&mut self.calls(), &request, 0);
        self.begin(call, request, Party::Caller(script))
    }

    fn enter(&self, calls: &mut Calls, request: &CallRequest, queue_ms: u64) -> (CallTally, mpsc::UnboundedReceiver<Control>) {
        let sid = self.dialect.call_id(&self.chance);
        let call = CallTally {
            sid: sid.clone(),
            direction: request.direction,
            attempt: attempt_of(request),
            to: request.to.clone(),
            from: request.from.clone().into(),
            queue_ms,
            status: if request.direction == Direction::Inbound { Status::Ringing } else { Status::Queued },
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
            dialled: Vec::new(),
            documents: 0,
            differing_repeats: 0,
            callbacks_failed: 0,
            forged: 0,
            forged_believed: 0,
            warnings: request.warnings.clone(),
        };
        let (order, orders) = mpsc::unbounded_channel();
        let place = calls.tally.calls.len();
        calls.tally.calls.push(call.clone());
        calls.places.insert(sid.clone(), place);
        calls.controls.insert(sid, order);
        (call, orders)
    }

    fn begin(
        self: &Arc<Network>,
        (call, orders): (CallTally, mpsc::UnboundedReceiver<Control>),
        request: CallRequest,
        party: Party,
    ) -> CallTally {
        let voice = if let Start::At(address) = &request.start { Some(address.url.to_string()) } else { None };
        let taken = CallChange::Taken { direction: call.direction, to: call.to.clone(), voice };
        self.watched.tell(&call.sid, vec![taken]);
        let (network, told) = (self.clone(), call.clone());
        self.spawn(async move {
            call_task::run(network.clone(), &told, request, party, orders).await;
            network.calls().controls.remove(&told.sid);
            network.over.send_modify(|over| *over += 1);
        });
        call
    }

    /// Runs something beside everything else; it is dropped when the network stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! { biased; () = stop.cancelled() => {}, () = work => {} }
        })
    }

    /// Notes a request to call.
    pub fn asked(&self, taken: bool) {
        let at = self.clock.now();
        let mut calls = self.calls();
        calls.tally.refused += u64::from(!taken);
        calls.tally.requests.push(Asked { at, taken });
    }

    /// Whether a fault happens this time.
    pub fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.faults.read().unwrap_or_else(PoisonError::into_inner).strikes(fault, &self.chance);
        if strikes {
            self.struck_by(fault);
        }
        strikes
    }

    /// Counts a fault that happens.
    pub fn struck_by(&self, fault: Fault) {
        *self.struck.lock().unwrap_or_else(PoisonError::into_inner).entry(fault.name()).or_default() += 1;
    }

    /// How often each fault happened, by its name.
    pub fn struck(&self) -> BTreeMap<&'static str, u64> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What goes wrong.
    pub fn faults(&self) -> FaultList {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is done with calls to the account's numbers.
    pub fn incoming(&self) -> IncomingSettings {
        self.incoming.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets something else be done with them from now on.
    pub fn set_incoming(&self, incoming: IncomingSettings) {
        *self.incoming.write().unwrap_or_else(PoisonError::into_inner) = incoming;
    }

    /// Lets other things go wrong from now on.
    pub fn set_faults(&self, faults: FaultList) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
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
        let Some(place) = calls.places.get(sid).copied() else { return };
        let call = &mut calls.tally.calls[place];
        let before = self.watched.before(call);
        write(call);
        let changes = self.watched.changes(before, call);
        drop(calls);
        self.watched.tell(sid, changes);
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

    /// How late a webhook is.
    pub fn lateness(&self, most_s: u64) -> Option<Duration> {
        let late = self.strikes(Fault::WebhookLate);
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

/// The refusal of a call that would wait for too long.
pub fn queue_full() -> ApiFault {
    ApiFault::new(400, 22005, "Call Queue Full")
}

/// Stands for the address that names the attempt without giving it away.
fn attempt_of(request: &CallRequest) -> String {
    let digest = match &request.start {
        Start::At(address) => Sha256::digest(address.url.as_str()),
        Start::Document(document) => Sha256::digest(document),
    };
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
