//! `demo`: the whole engine on a throw-away store, with the sample hospital and simulated telephones, in fast time.
//!
//! The telephone network is simulated, but nothing is cut short: calls are placed over HTTP, webhooks come back signed over
//! HTTP, audio is fetched over HTTP. Only the clock is our own: it runs fast while somebody is on the line, and jumps to the
//! next due call when nobody is.

mod patient;
mod report;

use super::import::take_in;
use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::app::{Engine, Rooms, languages};
use crate::carrier::simulator::{self, FaultList, Simulator, SimulatorSettings};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::ids::CarrierName;
use crate::feed::csv;
use crate::simulate::violations;
use crate::store;
use crate::store::SharedStore;
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use report::{Report, Summary};
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;

/// The sample hospital: a native CSV, read by the same importer as any other.
const SAMPLE: &str = include_str!("../../demo/appointments.csv");
/// When the demo's clock starts: the day before Thanksgiving, so that a holiday and a Sunday lie ahead.
const STARTS: &str = "2026-11-25T08:00:00-05:00";
/// How much faster than the world the clock runs while somebody is on the line.
const FASTER: f64 = 60.0;
/// How long, in real time, nothing may happen before the demo is called stuck.
const STUCK: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Runs to the end, prints the summary as JSON, and exits.
    #[arg(long)]
    headless: bool,
    /// Only the first N patients of the sample.
    #[arg(long, value_name = "N")]
    patients: Option<usize>,
    /// Seed of everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Port of the console and the webhooks; any free one when absent.
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
}

pub async fn run(_: &Desk, args: DemoArguments) -> anyhow::Result<Done> {
    let interactive = !args.headless && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let world = World::start(&args).await?;
    let mut report = Report::new(!args.headless);
    if !args.headless {
        eprintln!("A sample hospital with simulated telephones: nobody real is called. Console: http://{}", world.engine.address);
    }
    world.play(&mut report).await?;
    let summary = world.summary().await?;
    if args.headless {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        report.end(&summary, &world.store, &world.engine.live.rules).await?;
    }
    let broken = !summary.violations.is_empty();
    if interactive {
        patient::offer(&world.engine.live, world.clock.now()).await?;
        eprintln!("The console stays open at http://{} until you press Ctrl-C.", world.engine.address);
        asked_to_stop().await?;
    }
    world.stop().await?;
    Ok(if broken { Done::Found } else { Done::Fine })
}

/// The engine, the telephone network, and what they share: the clock.
struct World {
    engine: Engine,
    network: Simulator,
    store: SharedStore,
    clock: Clock,
    carrier: CarrierName,
    skipped: std::collections::BTreeMap<String, usize>,
    _folder: ThrowAway,
}

impl World {
    async fn start(args: &DemoArguments) -> anyhow::Result<World> {
        let start: DateTime<Utc> = STARTS.parse().context("the demo's start")?;
        let clock = Clock::fast(start, FASTER);
        let chance = Chance::seeded(args.seed);
        let telephones = listen(0).await?;
        let web = listen(args.port).await?;
        let mut config = Config::defaults();
        config.server.public_url = format!("http://{}", web.local_addr()?);
        let carrier = CarrierName::from("main");
        let settings = config.carriers.get_mut(&carrier).context("the default configuration has a carrier `main`")?;
        settings.api_url = format!("http://{}", telephones.local_addr()?);
        let network = SimulatorSettings {
            account: settings.account.clone(),
            auth_token: settings.auth_tokens.first().cloned().context("the default carrier has a token")?,
            clock: clock.clone(),
            seed: args.seed.wrapping_add(1),
            faults: FaultList::default(),
        };
        let network = simulator::serve(telephones, network).await?;
        let folder = ThrowAway::new(&Chance::from_system()?.hex(6))?;
        let store = store::open(&format!("sqlite://{}", folder.0.join("demo.db").display())).await?;
        let rooms = Rooms::open(config, store.clone(), clock.clone(), chance).await?;
        take_sample_in(&rooms, args.patients).await?;
        let skipped = report::skipped(&store, &rooms.rulings.rules, clock.now()).await?;
        let engine = Engine::start(rooms, web)?;
        Ok(World { engine, network, store, clock, carrier, skipped, _folder: folder })
    }

    /// Lets time pass until nothing is left to do: fast while calls are live, by jumps while none is.
    async fn play(&self, report: &mut Report) -> anyhow::Result<()> {
        let mut quiet_since = self.clock.stopwatch();
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if report.show_new(&self.store, &self.engine.live.rules).await? {
                quiet_since = self.clock.stopwatch();
            }
            ensure!(quiet_since.elapsed() < STUCK, "the demo is stuck: nothing has happened for {} s", STUCK.as_secs());
            if self.store.lines_in_use(&self.carrier).await? > 0 {
                continue;
            }
            self.engine.planner.plan_all().await?;
            match self.store.next_due(&self.carrier).await? {
                None => return Ok(()),
                Some(due) if due > self.clock.now() => {
                    self.clock.advance_to(due);
                    self.engine.planned.notify_waiters();
                }
                Some(_) => {}
            }
        }
    }

    async fn summary(&self) -> anyhow::Result<Summary> {
        let calls = self.store.calls(None, u32::MAX).await?;
        let tally = self.network.tally();
        let placed = tally.by_number().into_iter().map(|(number, times)| (number.to_string(), times)).collect();
        let violations = violations(&calls, &placed, &self.engine.live.rules, self.clock.now());
        Ok(Summary::of(&calls, self.skipped.clone(), self.store.worklist(false).await?.len(), violations))
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.engine.stop().await?;
        self.network.stop().await;
        Ok(())
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; choose another --port"))
}

/// Reads the sample through the importer.
async fn take_sample_in(rooms: &Rooms, patients: Option<usize>) -> anyhow::Result<()> {
    let text = first_patients(SAMPLE, patients);
    let now = rooms.clock.now();
    let report =
        take_in(&rooms.store, &rooms.rulings, &"demo".into(), &csv::CsvSettings::default(), text.as_bytes(), now).await?;
    eprintln!(
        "{} rows of demo/appointments.csv: {} new, {} cancelled, {} refused, {} noticed. Languages: {}.",
        report.read,
        report.new,
        report.cancelled,
        report.refused.len(),
        report.noticed.len(),
        languages(&rooms.config).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

/// The header and the rows of the first N patients, in the order in which they appear.
fn first_patients(text: &str, patients: Option<usize>) -> String {
    let Some(wanted) = patients else { return text.to_string() };
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let column = header.split(',').position(|name| name == "patient_id").unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    let mut kept = vec![header];
    for line in lines {
        let patient = line.split(',').nth(column).unwrap_or_default();
        if !seen.contains(&patient) {
            if seen.len() == wanted {
                continue;
            }
            seen.push(patient);
        }
        kept.push(line);
    }
    kept.join("\n") + "\n"
}

/// A folder that goes when the demo does.
struct ThrowAway(std::path::PathBuf);

impl ThrowAway {
    fn new(name: &str) -> anyhow::Result<ThrowAway> {
        let path = std::env::temp_dir().join(format!("callahead-demo-{name}"));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(ThrowAway(path))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the demo's folder could not be removed");
        }
    }
}
