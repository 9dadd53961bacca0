//! The stage on which a day is played: planner, dialler, live calls, web routes, store and telephone network, all real, in
//! virtual time on one thread. The same day gives the same history to the byte.
//!
//! One day is one tokio runtime with paused time: it moves on when every task waits. What would race for real does not: the
//! store's operations run to their end one by one ([`super::guarded`]), requests and webhooks stay in the process
//! ([`ways`]), and everything drawn is drawn from the seed. Start reading at [`play`].

mod happen;
mod hospital;
mod lodging;
mod scene;
mod still;
mod waiting;
mod watch;
mod ways;

pub use scene::{Life, Scene, Witness};

use super::day::{Day, Happening, When};
use super::history::{Actor, History, Seen};
use super::memo::Memo;
use super::mischief::{Mischief, Struck};
use super::replica::{Makings, Replica};
use crate::carrier::simulator::{self, Fault, IncomingSettings, NetworkSettings, Simulator, SimulatorSettings, Tally};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::ids::CarrierName;
use crate::core::plan::Rules;
use crate::store::{self, SharedStore};
use crate::wire::Passage;
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use hospital::{CARRIER, PUBLIC_URL, hospital};
use lodging::Lodging;
pub(in crate::simulate) use lodging::home;
use scene::Order;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use waiting::Waiting;
use watch::watcher;
use ways::{ToCarrier, ToReplicas};

/// How long a replica that cannot start waits until it tries again.
const START_AGAIN: Duration = Duration::seconds(5);
/// How long everything goes on undisturbed after the last visit: what is under way comes to its end.
const SETTLING: Duration = Duration::hours(2);

/// Operations of the store a patient at which a day that never rests is given up. No day that was played without a planted fault
/// came to it. One of fewer patients may take as many, so that a day stays what it is when it is made smaller.
const MOST_A_PATIENT: u64 = 20_000;
const FEW_PATIENTS: usize = 40;

/// What stands between two parts.
type Between<T> = Arc<dyn Fn(Arc<T>) -> Arc<T> + Send + Sync>;

/// A fault that is planted in the engine, at its seams.
#[derive(Default, Clone)]
pub struct Planting {
    /// Stands between the engine and its store.
    pub store: Option<Arc<dyn Fn(SharedStore) -> SharedStore + Send + Sync>>,
    /// Changes the rules that the engine goes by.
    pub rules: Option<fn(&mut Rules)>,
    /// Changes the rules that the diallers alone go by.
    pub dial_rules: Option<fn(&mut Rules)>,
    /// Stands between the engine and the carrier.
    pub to_carrier: Option<Between<dyn Passage>>,
    /// Whoever sends a webhook is believed.
    pub trusting: bool,
    /// The day is over as soon as one of these invariants is broken: some faults would keep it going for ever.
    pub caught_by: Vec<&'static str>,
    /// The day is given up after so many operations of the store; none: after as many as its patients may take.
    pub gives_up_after: Option<u64>,
}

/// A day that was played.
pub struct Played {
    /// Everything that happened.
    pub history: History,
    /// What went wrong, by kind.
    pub struck: Struck,
    /// What the carrier has seen.
    pub tally: Tally,
    /// The rules of the day.
    pub rules: Arc<Rules>,
    /// The store as it was left.
    pub store: SharedStore,
    /// How many operations of the store there were, and whether the day was given up because of them.
    pub operations: (u64, bool),
    /// Removes the store's file when nobody needs it any more.
    _lodging: Lodging,
}

/// The rules of a day.
///
/// # Errors
/// When the files of the hospital have faults.
pub fn hospital_rules(day: &Day) -> anyhow::Result<Arc<Rules>> {
    Ok(hospital(day)?.1.rulings.rules.clone())
}

/// Plays a day to its end. `witness` hears of everything as it happens, and may end it early.
///
/// # Errors
/// When the files of the hospital have faults, or no store can be opened.
pub fn play(day: &Day, planting: &Planting, witness: Option<Witness>) -> anyhow::Result<Played> {
    let home = home()?;
    let (config, files) = hospital(day)?;
    let lodging = Lodging::make(day.store)?;
    let store = home.block_on(store::open(&lodging.url()))?;
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let rules = files.rulings.rules.clone();
    let ended = runtime.block_on(async {
        let (orders, ordered) = mpsc::unbounded_channel();
        let waiting = Waiting::of(day);
        let by_patients = MOST_A_PATIENT * day.people.len().max(FEW_PATIENTS) as u64;
        let most = planting.gives_up_after.unwrap_or(by_patients);
        let clocks = (Clock::of_runtime(day.start), Clock::of_runtime(day.start));
        let scene = Arc::new(Scene::new(clocks, (mixed(day.seed, 1), most), day.rates.clone(), waiting, orders, witness));
        let to_replicas = Arc::new(ToReplicas::default());
        to_replicas.open(scene.clone());
        let account = config.carriers.get(&CarrierName::from(CARRIER)).context("there is no carrier")?;
        let settings = SimulatorSettings {
            account: account.account.clone(),
            auth_token: account.auth_tokens.first().cloned().context("the carrier has no token")?,
            clock: scene.clock.clone(),
            seed: mixed(day.seed, 2),
            faults: day.rates.network.clone(),
        };
        let at = format!("{PUBLIC_URL}/carriers/{CARRIER}/incoming");
        let incoming = IncomingSettings { voice_url: Some(at.clone()), status_url: Some(format!("{at}/status")) };
        let kind = NetworkSettings { incoming, ..NetworkSettings::default() };
        if planting.trusting {
            to_replicas.trust(settings.auth_token.clone());
        }
        let (network, api) = simulator::within(settings, kind, to_replicas.clone())?;
        network.watch(watcher(&scene));
        let api = planting.to_carrier.as_ref().map_or(api.clone(), |plant| plant(api.clone()));
        let way = Arc::new(OnceLock::new());
        let _ = way.set(api);
        let planted = planting.store.as_ref().map_or(store.clone(), |plant| plant(store.clone()));
        let makings = Makings {
            config,
            files,
            store: planted,
            home,
            scene: scene.clone(),
            memo: Arc::new(if planting.store.is_some() { Memo::off() } else { Memo::default() }),
            beats: still::beats(),
            rules: planting.rules,
            dial_rules: planting.dial_rules,
        };
        let mut stage = Stage {
            day,
            scene: scene.clone(),
            network,
            makings,
            way,
            to_replicas,
            store: store.clone(),
            lives: vec![0; day.replicas],
            replicas: Arc::default(),
            agenda: BTreeMap::new(),
            count: 0,
            healed: false,
            still: still::Still::default(),
        };
        stage.run(ordered).await?;
        let (history, mut struck) = scene.end();
        for (name, times) in stage.network.struck() {
            if let Some(mischief) = Mischief::named(name) {
                struck.add_times(mischief, times);
            }
        }
        anyhow::Ok((history, struck, stage.network.tally(), scene.operations()))
    });
    let (history, struck, tally, operations) = ended?;
    Ok(Played { history, struck, tally, rules, store, operations, _lodging: lodging })
}

/// Seeds of parts of a day, which know nothing of each other.
fn mixed(seed: u64, part: u64) -> u64 {
    // SplitMix64.
    let mut mixed = seed.wrapping_add(part.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What is on the stage's own agenda.
enum Todo {
    Happen(usize),
    CarrierUp,
    AccountTaken,
    StoreWell,
    Start(usize),
    Resolve,
}

struct Stage<'d> {
    day: &'d Day,
    scene: Arc<Scene>,
    network: Simulator,
    makings: Makings,
    way: Arc<OnceLock<Arc<dyn Passage>>>,
    to_replicas: Arc<ToReplicas>,
    /// The store itself, without a guard.
    store: SharedStore,
    /// How many lives each replica has had.
    lives: Vec<u32>,
    replicas: Arc<Mutex<Vec<Replica>>>,
    agenda: BTreeMap<(DateTime<Utc>, u64), Todo>,
    count: u64,
    healed: bool,
    still: still::Still,
}

impl Stage<'_> {
    fn plan(&mut self, at: DateTime<Utc>, todo: Todo) {
        self.count += 1;
        self.agenda.insert((at, self.count), todo);
    }

    fn now(&self) -> DateTime<Utc> {
        self.scene.clock.now()
    }

    async fn run(&mut self, mut ordered: mpsc::UnboundedReceiver<Order>) -> anyhow::Result<()> {
        let start = self.now();
        for (place, (when, _)) in self.day.happenings.iter().enumerate() {
            if let When::At(at) = when {
                self.plan(*at, Todo::Happen(place));
            }
        }
        // What holds for the whole day counts once.
        if self.day.clocks_change() {
            self.scene.strike(Mischief::DaylightSaving);
        }
        if self.day.replicas > 1 {
            self.scene.strike(Mischief::SecondReplica);
        }
        for which in 0..self.day.replicas {
            self.plan(start, Todo::Start(which));
        }
        let end = self.day.end().max(start);
        loop {
            while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.scene.clock.now()) {
                let todo = entry.remove();
                self.attend(todo);
            }
            let now = self.now();
            if now >= end && !self.healed {
                self.heal();
            }
            if now >= end + SETTLING {
                return Ok(());
            }
            let next = self.agenda.first_key_value().map_or(end + SETTLING, |((at, _), _)| *at);
            let next = if self.healed { next } else { next.min(end) };
            let look = now + still::STRIDE;
            let came = tokio::select! {
                biased;
                Some(order) = ordered.recv() => Some(order),
                () = self.scene.clock.sleep_until(look.min(next)) => None,
            };
            match came {
                Some(Order::Happen(place, tell)) => self.happen(place, Some(tell)),
                Some(Order::End) => return Ok(()),
                Some(Order::Restart(which, away)) => {
                    let at = self.now() + away;
                    self.plan(at, Todo::Start(which));
                }
                None => self.skip(next).await?,
            }
        }
    }

    fn attend(&mut self, todo: Todo) {
        match todo {
            Todo::Happen(place) => self.happen(place, None),
            Todo::CarrierUp => {
                self.network.set_down(false);
                self.scene.see(Seen::CarrierDown(false));
            }
            Todo::AccountTaken => {
                self.network.set_account_refused(false);
                self.scene.see(Seen::AccountRefused(false));
            }
            Todo::StoreWell => self.scene.set_trouble(None),
            Todo::Start(which) => self.start(which),
            Todo::Resolve => self.resolve(),
        }
    }

    /// Starts a life of a replica, beside everything else.
    fn start(&mut self, which: usize) {
        self.lives[which] += 1;
        let life = Life::new(Actor::Replica(which, self.lives[which]));
        let to_carrier = ToCarrier { scene: self.scene.clone(), life: life.clone(), api: self.way.clone() };
        let chance = Chance::seeded(mixed(self.day.seed, 1_000 * (which as u64 + 1) + u64::from(self.lives[which])));
        let (makings, scene, to_replicas) = (self.makings.clone(), self.scene.clone(), self.to_replicas.clone());
        let replicas = self.replicas.clone();
        scene.see(Seen::Started(life.actor));
        tokio::spawn(async move {
            match Replica::start(makings, life.clone(), Arc::new(to_carrier), chance).await {
                Ok(replica) => {
                    to_replicas.add(life, replica.works.web.clone());
                    let mut replicas = replicas.lock().unwrap_or_else(PoisonError::into_inner);
                    replicas.retain(|other| !other.life.dead.is_cancelled());
                    replicas.push(replica);
                }
                // As a service manager does.
                Err(_) => scene.kill_for(&life, "it cannot start", START_AGAIN),
            }
        });
    }

    /// After the last visit nothing goes wrong any more.
    fn heal(&mut self) {
        self.healed = true;
        self.agenda.retain(|_, todo| !matches!(todo, Todo::Happen(_)));
        let is_on = |name| self.network.faults().lists(name);
        let (down, refused) = (is_on(Fault::Down), is_on(Fault::AccountRefused));
        self.network.set_faults(Default::default());
        self.scene.heal();
        if down {
            self.scene.see(Seen::CarrierDown(false));
        }
        if refused {
            self.scene.see(Seen::AccountRefused(false));
        }
    }

    fn happen(&mut self, place: usize, tell: Option<oneshot::Sender<()>>) {
        let (_, happening) = &self.day.happenings[place];
        let day = self.day;
        match happening {
            Happening::Feed(batch) => happen::feed(self, day, batch, tell),
            other => {
                happen::other(self, other);
                // Whoever waited may have died meanwhile.
                tell.map(|tell| tell.send(()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
