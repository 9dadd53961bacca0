//! Several replicas on one PostgreSQL: four `serve` processes of this program behind one address, the simulated network as a
//! process, hundreds of thousands of attempts that wait, and calls that fall due at a pace. First fewer than are allowed:
//! how long after its moment is a call asked for? Then far more at one site: is the pace kept and never exceeded, and who
//! waits? Then long calls: are the lines kept? All by the carrier's own account, on loopback; nobody real is called.
//!
//! Start reading at [`measure`].

mod account;
mod bare_leases;
mod crowd;
mod effort;
mod proxy;
mod report;

use super::children::Program;
use super::memory::{answers, memory};
use super::postgres::Server;
use super::world::{ACCOUNT, Lines, TOKEN, World, client, listen};
use super::{Bench, Figure};
use crate::clock::Clock;
use account::{Expected, Tally};
use anyhow::{Context, ensure};
use bare_leases::BareLeases;
use chrono::{DateTime, Duration, Utc};
use crowd::{Crowd, Moments};
use effort::Used;
use proxy::Proxy;
use sqlx::{Connection, PgConnection};
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The sites, each with its share of everything in percent. The first is the one that floods.
const SITES: [(&str, usize); 6] = [("boston", 60), ("nashua", 20), ("lowell", 10), ("quincy", 6), ("salem", 3), ("wells", 1)];
/// Processes that serve.
const REPLICAS: usize = 4;
/// The yardstick takes so many rows a second, beside everything else.
const BARE_RATE: u32 = 20;
/// From the last row that is written to the first call, for the processes to start.
const LEAD: Duration = Duration::seconds(15);
/// How many rows of calls can be written in a second, at least.
const ROWS_A_SECOND: usize = if cfg!(debug_assertions) { 1_000 } else { 4_000 };
/// How much longer than it must a stretch may take.
const PATIENCE: Duration = Duration::seconds(60);

/// How big a run is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Attempts that wait for other days.
    waiting: usize,
    /// Calls that fall due in a second …
    rate: u32,
    /// … for so many seconds.
    steady_s: u32,
    /// Calls that may be begun in a second.
    allowed: u32,
    /// For so many seconds one site has more due than that.
    flood_s: u32,
    /// Calls a second of each other site meanwhile.
    trickle: u32,
    /// Calls at once.
    lines: usize,
}

impl Size {
    fn of(bench: Bench<'_>, minutes: Option<u32>) -> Size {
        // A debug build bears a tenth.
        let (rate, allowed, trickle, lines) = if cfg!(debug_assertions) { (10, 15, 1, 60) } else { (100, 150, 4, 1_000) };
        let (waiting, steady_s, flood_s) = match minutes {
            Some(minutes) => (500_000, minutes * 60, (minutes * 12).max(15)),
            None => bench.either((2_000, 5, 5), (100_000, 30, 15)),
        };
        let waiting = if cfg!(debug_assertions) { waiting / 10 } else { waiting };
        Size { waiting, rate, steady_s, allowed, flood_s, trickle, lines }
    }

    /// How many calls are made.
    fn calls(&self) -> usize {
        (self.rate * self.steady_s + self.allowed * self.flood_s) as usize + self.lines * 3 / 2
    }
}

/// What a run has shown.
struct Run {
    size: Size,
    tally: Tally,
    expected: HashMap<String, Expected>,
    /// When each request to the carrier began, as the store has it.
    asked: Vec<DateTime<Utc>>,
    /// How long the yardstick's rows took.
    bare: Vec<std::time::Duration>,
    /// What was used before the steady stretch and after it.
    used: [Used; 2],
    /// The memory of each replica at first, and the most that each has held, in megabytes.
    memory: Option<(Vec<f64>, Vec<f64>)>,
}

/// Measures the replicas; `minutes`: so long calls fall due at a steady pace, with 500,000 attempts waiting.
pub async fn measure(bench: Bench<'_>, minutes: Option<u32>) -> anyhow::Result<Vec<Figure>> {
    // The server needs a folder for its script alone.
    let place = World::shipped()?;
    let Some(server) = Server::start(&place).await? else {
        bench.tell("replicas: not measured, PostgreSQL is not installed here");
        return Ok(report::nothing());
    };
    let run = run(bench, &server, Size::of(bench, minutes)).await?;
    report::figures(bench, &run)
}

async fn run(bench: Bench<'_>, server: &Server, size: Size) -> anyhow::Result<Run> {
    let (front, held) = (listen().await?, Held::new().await?);
    let (telephones, ports) = held.addresses()?;
    let lines = Lines { calls_per_second: size.allowed, max_calls: u32::try_from(size.lines)? };
    let mut world = World::write(front.local_addr()?, telephones, lines)?;
    world.add_sites(&SITES[1..].iter().map(|(name, _)| *name).collect::<Vec<_>>())?;
    let url = server.database("engine").await?;
    world.keep_at(&url)?;
    let clock = Clock::system();

    bench.tell(&format!("replicas: {} attempts that wait are written", size.waiting));
    let watch = clock.stopwatch();
    let mut crowd = Crowd::open(&world, &url).await?;
    crowd.wait(size.waiting).await?;
    let bare = BareLeases::make(&server.database("bare").await?, size.waiting).await?;
    let lead = LEAD + Duration::seconds((size.calls() / ROWS_A_SECOND) as i64);
    let moments = Moments::from(clock.now() + lead, &size);
    bench.tell(&format!("replicas: … in {:.0} s; {} calls are written", watch.elapsed().as_secs_f64(), size.calls()));
    let expected = crowd.fall_due(&size, &moments).await?;
    let templates = crowd.close().await?;

    drop(held);
    let all_lines = size.lines.to_string();
    let mut network = Program::start(&world, &["carrier-simulator", "--listen", &telephones.to_string(), "--lines", &all_lines])?;
    answers(&mut network, &format!("http://{telephones}/faults")).await?;
    let mut replicas = Vec::new();
    for port in &ports {
        replicas.push(Program::start_with(&world, &["serve"], &[("CALLAHEAD_SERVER__LISTEN", &port.to_string())])?);
    }
    for (replica, port) in replicas.iter_mut().zip(&ports) {
        answers(replica, &format!("http://{port}/healthz")).await?;
    }
    let _proxy = Proxy::start(front, ports);
    let idle = replicas.iter().map(|replica| memory(replica, "VmRSS")).collect::<anyhow::Result<_>>().ok();
    ensure!(clock.now() < moments.steady, "this machine is too slow: the first calls were due before the replicas ran");

    let mut plain = PgConnection::connect(&url).await?;
    clock.sleep_until(moments.steady).await;
    bench.tell(&format!("replicas: {} calls fall due a second, {} are allowed; {}", size.rate, size.allowed, load_average()));
    let before = Used::now(&replicas, server, &mut plain).await?;
    let none = Duration::zero();
    let bare = bare.take(BARE_RATE, std::time::Duration::from_secs(size.steady_s.into())).await?;
    until_placed(&mut plain, &mut replicas, moments.steady + Duration::seconds(size.steady_s.into()), none, &clock).await?;
    let used = [before, Used::now(&replicas, server, &mut plain).await?];
    bench.tell(&format!("replicas: {} has far more due than are allowed; {}", SITES[0].0, load_average()));
    until_placed(&mut plain, &mut replicas, moments.flood + Duration::seconds(size.flood_s.into()), none, &clock).await?;
    bench.tell(&format!("replicas: long calls on {} lines; {}", size.lines, load_average()));
    until_placed(&mut plain, &mut replicas, moments.lines, PATIENCE, &clock).await?;

    let most = replicas.iter().map(|replica| memory(replica, "VmHWM")).collect::<anyhow::Result<_>>().ok();
    let asked: Vec<(i64,)> =
        sqlx::query_as("SELECT at FROM webhook_log WHERE direction = 'out' AND path = 'place call' AND attempt LIKE 'a-P%'")
            .fetch_all(&mut plain)
            .await?;
    let asked = asked.into_iter().filter_map(|(at,)| DateTime::from_timestamp_micros(at)).collect();
    let answer = client()?.get(format!("http://{telephones}/tally")).basic_auth(ACCOUNT, Some(TOKEN)).send().await?;
    let mut tally: Tally = serde_json::from_slice(&answer.bytes().await?)?;
    tally.calls.retain(|call| !templates.contains(&call.to));
    Ok(Run { size, tally, expected, asked, bare, used, memory: idle.zip(most) })
}

/// Ports for the programs, kept until they start: what is free may be somebody's connection a moment later.
struct Held(Vec<TcpListener>);

impl Held {
    async fn new() -> anyhow::Result<Held> {
        let mut all = Vec::new();
        for _ in 0..=REPLICAS {
            all.push(listen().await?);
        }
        Ok(Held(all))
    }

    /// That of the network, and those of the replicas.
    fn addresses(&self) -> anyhow::Result<(SocketAddr, Vec<SocketAddr>)> {
        let mut all: Vec<SocketAddr> = self.0.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        Ok((all.pop().context("a port")?, all))
    }
}

/// Waits until everything is placed that is due by a moment, or `later` by so much: what is given back, because no turn came in
/// time on a busy machine, is due half a minute later than it was.
async fn until_placed(
    plain: &mut PgConnection,
    replicas: &mut [Program],
    moment: DateTime<Utc>,
    later: Duration,
    clock: &Clock,
) -> anyhow::Result<()> {
    clock.sleep_until(moment).await;
    loop {
        let left: i64 = sqlx::query_scalar(
            // One that is asked for may come back: the carrier had no line for it yet.
            "SELECT COUNT(*) FROM attempts
             WHERE (status = 'planned' AND route = 'main' AND due_at <= $1) OR status IN ('leased', 'requesting')",
        )
        .bind((moment + later).timestamp_micros())
        .fetch_one(&mut *plain)
        .await?;
        if left == 0 {
            return Ok(());
        }
        for replica in replicas.iter_mut() {
            ensure!(replica.runs(), "a replica has ended: {}", replica.last_words());
        }
        ensure!(clock.now() < moment + later + PATIENCE, "{left} calls were not placed a minute after their time");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

/// How busy the machine is, as it tells.
fn load_average() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().filter(|one| !one.is_empty()).map_or(String::new(), |one| format!("load average {one}"))
}
