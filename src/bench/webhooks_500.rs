//! A thousand live calls and their webhooks, 500 a second: how long the answers take, whether all of it is in the store
//! afterwards, and how much memory the engine has held. The engine is a process of its own, as in service; it stands beside
//! a bare server that does one indexed read and one insert a request on the same kind of database, in turn with it.

use super::bare::Bare;
use super::children::Program;
use super::load::{self, Post};
use super::postgres::Server;
use super::talk::{self, Call};
use super::world::{Lines, World, client, listen};
use super::{Bench, Figure, memory, milliseconds, quantile, seed};
use crate::clock::Clock;
use crate::store::{self, SharedStore};
use anyhow::{Context, ensure};
use std::collections::VecDeque;
use std::time::Duration;

/// Webhooks a second. A debug build, whose figures say little, gets as many as it can be expected to bear.
const RATE: u32 = if cfg!(debug_assertions) { 50 } else { 500 };
/// Calls that talk at the same time.
const LIVE: usize = 1_000;
/// Connections of the carrier, for what goes before the measured time.
const CONNECTIONS: usize = 32;
const AGAINST: &str = "a bare server on the same database: one indexed read, one insert, as durable";
const SQLITE: &str = "webhooks_500_sqlite";
const POSTGRES: &str = "webhooks_500_postgres";
const MEMORY: &str = "webhooks_500_memory";
const IDLE: &str = "the same engine, idle, before the first webhook";

/// What one run has shown.
struct Run {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
    /// The most memory that the engine has held, and what it held before, in megabytes; none where nobody tells.
    memory: Option<(f64, f64)>,
}

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Vec<Figure>> {
    let sqlite = run(bench, SQLITE, None).await?;
    let mut figures = vec![figure(bench, SQLITE, &sqlite)];
    // The server needs a folder for its script alone.
    let place = World::shipped()?;
    figures.push(match Server::start(&place).await? {
        Some(server) => figure(bench, POSTGRES, &run(bench, POSTGRES, Some(&server)).await?),
        None => {
            bench.tell(&format!("{POSTGRES}: not measured, PostgreSQL is not installed here"));
            Figure::not_measured(POSTGRES, "ms", AGAINST)
        }
    });
    figures.push(match sqlite.memory {
        Some((most, idle)) => Figure::new(MEMORY, "MB", most, idle, IDLE),
        None => {
            bench.tell(&format!("{MEMORY}: not measured, only Linux tells a process's memory in /proc"));
            Figure::not_measured(MEMORY, "MB", IDLE)
        }
    });
    Ok(figures)
}

fn figure(bench: Bench<'_>, name: &'static str, run: &Run) -> Figure {
    let at = |took: &[Duration], share| milliseconds(quantile(took, share));
    bench.tell(&format!(
        "{name}: half within {:.2} ms, of the bare server's {:.2} ms; the slowest {:.1} ms, of the bare server {:.1} ms",
        at(&run.ours, 0.5),
        at(&run.theirs, 0.5),
        at(&run.ours, 1.0),
        at(&run.theirs, 1.0),
    ));
    Figure::new(name, "ms", at(&run.ours, 0.99), at(&run.theirs, 0.99), AGAINST)
}

async fn run(bench: Bench<'_>, name: &str, server: Option<&Server>) -> anyhow::Result<Run> {
    let (seconds, turns) = bench.either((2, 1), (5, 4));
    let timed = RATE as usize * seconds * turns;
    // A call has eight posts or so; when one is over, the next begins.
    let people = seed::people(LIVE + timed / 6, &[1])?;
    bench.tell(&format!("{name}: {} calls are made ready", people.len()));
    let (web, nobody) = memory::free_ports().await?;
    let world = World::write(web, nobody, Lines { calls_per_second: 1, max_calls: 1 })?;
    let url = match server {
        Some(server) => server.database("engine").await?,
        None => format!("sqlite://{}", world.file("bench.db").display()),
    };
    world.keep_at(&url)?;
    let calls = ready(&world, &url, &people).await?;

    let mut engine = Program::start(&world, &["serve"])?;
    let base = format!("http://{web}");
    memory::answers(&mut engine, &format!("{base}/healthz")).await?;
    let client = client()?;
    let bare = match server {
        Some(server) => Bare::start_on_postgres(listen().await?, &server.database("bare").await?).await?,
        None => Bare::start(listen().await?, &world.file("bare.db")).await?,
    };
    load::warm_up(&client, &format!("{base}/healthz")).await?;
    load::warm_up(&client, &bare.hello()).await?;
    let idle = cfg!(target_os = "linux").then(|| memory::memory(&engine, "VmRSS")).transpose()?;

    let mut day = Day::of(&calls, &base);
    // The calls are in the middle of their talk when time is taken, each at another point.
    let before = (0..LIVE).map(|n| day.first(n, n % 8)).collect();
    load::flat_out(&client, before, CONNECTIONS, Duration::from_secs(60)).await?;
    bench.tell(&format!(
        "{name}: {LIVE} live calls, {RATE} webhooks a second for {} s, in turn with a bare server",
        seconds * turns
    ));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        let posts = day.next(RATE as usize * seconds);
        ours.extend(load::paced(&client, &posts, RATE).await?);
        theirs.extend(load::paced(&client, &bare.posts(&posts), RATE).await?);
    }
    let memory = idle.map(|idle| Ok::<_, anyhow::Error>((memory::memory(&engine, "VmHWM")?, idle))).transpose()?;
    drop(engine);
    let store = store::open(&url).await?;
    nothing_lost(&store, &calls, &day.sent).await?;
    store.close().await;
    Ok(Run { ours, theirs, memory })
}

/// Makes the calls ready in the store, which is let go of afterwards.
async fn ready(world: &World, url: &str, people: &[seed::Person]) -> anyhow::Result<Vec<Call>> {
    let store = store::open(url).await?;
    store.migrate().await?;
    let calls = talk::request(world, &store, &world.config()?, people, Clock::system().now()).await?;
    store.close().await;
    Ok(calls)
}

/// Each event of each call stands in the store.
async fn nothing_lost(store: &SharedStore, calls: &[Call], sent: &[usize]) -> anyhow::Result<()> {
    for (call, sent) in calls.iter().zip(sent) {
        let record = store.load_call(&call.token).await?.context("a call is gone")?;
        let (kept, id) = (record.events.len(), &record.attempt.id);
        ensure!(kept == *sent, "{id}: {kept} events are in the store, {sent} webhooks were answered");
    }
    Ok(())
}

/// The posts of many calls, [`LIVE`] of them at a time.
struct Day {
    /// What each call has still to say.
    left: Vec<VecDeque<Post>>,
    /// How many posts of each call were taken.
    sent: Vec<usize>,
    /// The calls that talk.
    live: VecDeque<usize>,
    next: usize,
}

impl Day {
    fn of(calls: &[Call], base: &str) -> Day {
        let left: Vec<VecDeque<Post>> = calls.iter().enumerate().map(|(n, call)| call.posts(n, base).into()).collect();
        Day { sent: vec![0; left.len()], left, live: (0..LIVE).collect(), next: LIVE }
    }

    /// The first so many posts of a call, but never its last.
    fn first(&mut self, call: usize, count: usize) -> Vec<Post> {
        let count = count.min(self.left[call].len() - 1);
        self.sent[call] += count;
        self.left[call].drain(..count).collect()
    }

    /// The next so many posts, one of each live call in turn.
    fn next(&mut self, count: usize) -> Vec<Post> {
        let mut posts = Vec::with_capacity(count);
        while posts.len() < count {
            let Some(call) = self.live.pop_front() else { break };
            match self.left[call].pop_front() {
                Some(post) => {
                    self.sent[call] += 1;
                    posts.push(post);
                    self.live.push_back(call);
                }
                None if self.next < self.left.len() => {
                    self.live.push_back(self.next);
                    self.next += 1;
                }
                None => {}
            }
        }
        posts
    }
}
