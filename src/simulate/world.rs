//! A whole hospital day in a process: the engine, a simulated telephone network, and a clock of their own.
//!
//! Nothing is cut short: calls are placed over HTTP, webhooks come back signed over HTTP, audio is fetched over HTTP. Only the
//! clock is special: it runs fast while somebody is on the line, and jumps to the next due call when nobody is.

use super::{Violation, violations};
use crate::app::{Engine, Listeners, Rooms, Rulings};
use crate::carrier::OwnValue;
use crate::carrier::simulator::{
    self, Dialect, FaultList, IncomingSettings, NetworkSettings, Simulator, SimulatorSettings, Tally,
};
use crate::chance::Chance;
use crate::clock::{Clock, Stopwatch};
use crate::config::Config;
use crate::core::ids::CarrierName;
use crate::core::plan::Rules;
use crate::feed::csv;
use crate::intake::ImportReport;
use crate::planner::preview;
use crate::store::{self, SharedStore};
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long, in real time, nothing may happen before a world is called stuck.
const STUCK: Duration = Duration::from_secs(60);

/// What a world is made of.
#[derive(Debug)]
pub struct WorldSettings {
    /// The hospital; its carrier `main` is the simulated network.
    pub config: Config,
    /// Its appointments, as a native CSV.
    pub appointments: String,
    /// When its clock starts.
    pub start: DateTime<Utc>,
    /// How much faster than the world the clock runs while somebody is on the line.
    pub faster: f64,
    /// Seed of everything that is left to chance.
    pub seed: u64,
    /// What goes wrong in the network.
    pub faults: FaultList,
    /// Port of the console; 0 for any free one.
    pub port: u16,
}

/// A hospital day under way.
pub struct World {
    /// The engine.
    pub engine: Engine,
    /// The telephone network.
    pub network: Simulator,
    /// What the engine remembers.
    pub store: SharedStore,
    /// The clock that both live by.
    pub clock: Clock,
    /// The rules at the start.
    pub rules: Arc<Rules>,
    rulings: Rulings,
    /// What became of the appointments.
    pub report: ImportReport,
    /// Visits that are not called about, by reason, as planned at the start.
    pub skipped: BTreeMap<String, usize>,
    carrier: CarrierName,
    // Last: it is removed when everything else is gone.
    _folder: ThrowAway,
}

impl World {
    /// Starts the network and the engine, and takes the appointments in.
    ///
    /// # Errors
    /// When a port is taken, the folder for temporary files cannot be written, or the files of the hospital have faults.
    pub async fn start(settings: WorldSettings) -> anyhow::Result<World> {
        World::start_with(settings, |_| ()).await
    }

    /// The same where the rules of the files are changed before anybody is planned.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_with(settings: WorldSettings, change: impl FnOnce(&mut Rules)) -> anyhow::Result<World> {
        let WorldSettings { mut config, appointments, start, faster, seed, faults, port } = settings;
        let clock = Clock::fast(start, faster);
        let (telephones, web, console) = (listen(0).await?, listen(0).await?, listen(port).await?);
        config.server.public_url = format!("http://{}", web.local_addr()?);
        let carrier = CarrierName::from("main");
        let account = config.carriers.get_mut(&carrier).context("the configuration has no carrier `main`")?;
        // Kinds that have no dialect of their own speak Twilio's.
        let dialect = account.kind.word.parse().unwrap_or(Dialect::Twilio);
        let at = format!("{}/carriers/{carrier}/incoming", config.server.public_url);
        let kind = NetworkSettings {
            dialect,
            signing_key: account.own.secrets("signing_key").first().cloned(),
            incoming: IncomingSettings { voice_url: Some(at.clone()), status_url: Some(format!("{at}/status")) },
            ..NetworkSettings::default()
        };
        let network = SimulatorSettings {
            account: account.account.clone(),
            auth_token: account.auth_tokens.first().cloned().context("carrier `main` has no token")?,
            clock: clock.clone(),
            seed: seed.wrapping_add(1),
            faults,
        };
        let network = simulator::serve_as(telephones, network, kind).await?;
        account.api_url = network.api_url();
        if let Some(key) = network.public_key() {
            account.own.set("public_key", OwnValue::Texts(vec![key.to_string()]));
        }
        let folder = ThrowAway::new(&Chance::from_system()?.hex(6))?;
        let store = store::open(&format!("sqlite://{}", folder.0.join("world.db").display())).await?;
        let rooms = Rooms::open(config, store.clone(), clock.clone(), Chance::seeded(seed)).await?;
        let now = clock.now();
        let mut rulings = rooms.rulings.clone();
        change(Arc::make_mut(&mut rulings.rules));
        rooms.live.board.replace(rulings.rules.clone());
        let report = take_csv_in(&rulings, &store, &appointments, now).await?;
        let rules = rulings.rules.clone();
        let mut skipped = BTreeMap::new();
        for reason in preview(&store, &rules, now).await?.iter().filter_map(|d| d.verdict.reason()) {
            *skipped.entry(reason.to_string()).or_default() += 1;
        }
        let engine = Engine::start(rooms, Listeners { web, console: Some(console) })?;
        Ok(World { engine, network, store, clock, rules, rulings, report, skipped, carrier, _folder: folder })
    }

    /// Lets a moment pass; jumps when nobody is on the line. `false` when nothing is left to do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn step(&self) -> anyhow::Result<bool> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if self.store.lines_in_use(&self.carrier).await? > 0 {
            return Ok(true);
        }
        let again_at = self.engine.planner.plan_all().await?.again_at;
        let due = self.store.next_due(&self.carrier, self.clock.now()).await?;
        match due.into_iter().chain(again_at).min() {
            // The dialler may just have taken the last one.
            None => return Ok(self.store.lines_in_use(&self.carrier).await? > 0),
            // The dialler may have begun a call meanwhile: its hours must not be jumped over.
            Some(due) if due > self.clock.now() && self.store.lines_in_use(&self.carrier).await? == 0 => {
                self.clock.advance_to(due);
                self.engine.planned.notify_waiters();
            }
            Some(_) => {}
        }
        Ok(true)
    }

    /// Lets time pass until nothing is left to do.
    ///
    /// # Errors
    /// When the store fails, or nothing has happened for a minute of real time.
    pub async fn play(&self) -> anyhow::Result<()> {
        let mut watch = Progress::new(&self.clock);
        while self.step().await? {
            watch.look(self).await?;
        }
        Ok(())
    }

    /// Takes a file of appointments in, as the schedule changes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_in(&self, appointments: &str) -> anyhow::Result<ImportReport> {
        let report = take_csv_in(&self.rulings, &self.store, appointments, self.clock.now()).await?;
        self.engine.live.nudge.all();
        Ok(report)
    }

    /// What the network has seen.
    pub fn tally(&self) -> Tally {
        self.network.tally()
    }

    /// The telephones: to let something go wrong with them, or somebody call us.
    pub fn telephones(&self) -> &Simulator {
        &self.network
    }

    /// The invariants that do not hold.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn violations(&self) -> anyhow::Result<Vec<Violation>> {
        let calls = self.store.calls(None, u32::MAX).await?;
        let tally = self.tally();
        let placed = tally.by_number().into_iter().map(|(number, times)| (number.to_string(), times)).collect();
        Ok(violations(&calls, &placed, &self.rules, self.clock.now()))
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When a web server failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.engine.stop().await?;
        self.network.stop().await;
        self.store.close().await;
        Ok(())
    }
}

/// Notices when nothing happens any more.
pub struct Progress {
    seen: (u64, usize),
    since: Stopwatch,
    clock: Clock,
}

impl Progress {
    /// From now on.
    pub fn new(clock: &Clock) -> Progress {
        Progress { seen: (0, 0), since: clock.stopwatch(), clock: clock.clone() }
    }

    /// Whether something happened since the last look.
    ///
    /// # Errors
    /// When nothing has happened for a minute of real time.
    pub async fn look(&mut self, world: &World) -> anyhow::Result<bool> {
        let ended = world.store.call_counts().await?.iter().filter(|c| c.outcome.is_some()).map(|c| c.count).sum();
        let seen = (ended, world.tally().calls.len());
        let moved = seen != self.seen;
        if moved {
            (self.seen, self.since) = (seen, self.clock.stopwatch());
        }
        ensure!(self.since.elapsed() < STUCK, "stuck: nothing has happened for {} s", STUCK.as_secs());
        Ok(moved)
    }
}

async fn take_csv_in(rulings: &Rulings, store: &SharedStore, text: &str, now: DateTime<Utc>) -> anyhow::Result<ImportReport> {
    let (feed, layout) = ("demo".into(), csv::CsvSettings::default());
    Ok(rulings.take_csv_in(store.as_ref(), &feed, &layout, text.as_bytes(), now).await?)
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; choose another --port"))
}

/// A folder that goes when the world does.
struct ThrowAway(PathBuf);

impl ThrowAway {
    fn new(name: &str) -> anyhow::Result<ThrowAway> {
        let path = std::env::temp_dir().join(format!("callahead-{name}"));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(ThrowAway(path))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a folder for temporary files could not be removed");
        }
    }
}
