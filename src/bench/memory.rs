//! The most memory that the engine's process has held after 1,000 calls at once: `serve` and `carrier-simulator` as
//! processes of their own. The reference is the same engine with nothing to do.

use super::children::Program;
use super::world::{ACCOUNT, Lines, TOKEN, World, client, listen};
use super::{Bench, Figure, seed};
use crate::clock::Clock;
use anyhow::{Context, ensure};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

const NAME: &str = "memory_1000_calls";
const AGAINST: &str = "the same engine, idle, before the first call";
const CALLS: u64 = 1_000;
/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(250);

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    if !cfg!(target_os = "linux") {
        bench.tell(&format!("{NAME}: not measured, only Linux tells a process's memory in /proc"));
        return Ok(Figure::not_measured(NAME, "MB", AGAINST));
    }
    bench.tell(&format!("{NAME}: {CALLS} calls to people who say nothing"));
    let (web, telephones) = free_ports().await?;
    let world = World::write(web, telephones, Lines { calls_per_second: 200, max_calls: CALLS as u32 })?;
    let idle = idle_memory(&world, web).await?;

    std::fs::write(world.file("day.csv"), day(&world)?)?;
    Program::run(&world, &["import", "day.csv"])?;
    let mut network = Program::start(&world, &["carrier-simulator", "--listen", &telephones.to_string()])?;
    answers(&mut network, &format!("http://{telephones}/tally")).await?;
    let mut engine = Program::start(&world, &["serve"])?;
    answers(&mut engine, &format!("http://{web}/healthz")).await?;
    let most = most_live(bench, &mut engine, telephones).await?;
    let peak = memory(&engine, "VmHWM")?;
    bench.tell(&format!("{NAME}: {most} calls were live at once"));
    Ok(Figure::new(NAME, "MB", peak, idle, AGAINST))
}

/// Two ports that were free a moment ago.
pub async fn free_ports() -> anyhow::Result<(SocketAddr, SocketAddr)> {
    let (one, other) = (listen().await?, listen().await?);
    Ok((one.local_addr()?, other.local_addr()?))
}

/// An engine without patients would have its first call a moment after they came; so it is another process that is idle.
async fn idle_memory(world: &World, web: SocketAddr) -> anyhow::Result<f64> {
    let mut engine = Program::start(world, &["serve"])?;
    answers(&mut engine, &format!("http://{web}/healthz")).await?;
    tokio::time::sleep(LOOK * 2).await;
    memory(&engine, "VmRSS")
}

/// Everybody has a visit tomorrow, and a telephone whose owner says and presses nothing (06).
fn day(world: &World) -> anyhow::Result<String> {
    let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service\n");
    let start = world.local_start.format("%Y-%m-%dT%H:%M");
    for (n, person) in seed::people(CALLS as usize, &[6])?.iter().enumerate() {
        writeln!(csv, "A{n},P{n},{},{start},boston,exam", person.number.as_str())?;
    }
    Ok(csv)
}

/// Waits until a program answers anything.
pub async fn answers(program: &mut Program, url: &str) -> anyhow::Result<()> {
    let (client, watch) = (client()?, Clock::system().stopwatch());
    while client.get(url).send().await.is_err() {
        let waiting = program.runs() && watch.elapsed() < PATIENCE;
        ensure!(waiting, "a program that the benchmark needs does not answer: {}", program.last_words());
        tokio::time::sleep(LOOK / 5).await;
    }
    Ok(())
}

/// Waits until all calls are live, and a little longer; gives how many were at most.
async fn most_live(bench: Bench<'_>, engine: &mut Program, telephones: SocketAddr) -> anyhow::Result<u64> {
    let (client, watch) = (client()?, Clock::system().stopwatch());
    let patience = Duration::from_secs(bench.either(5, 45));
    let mut most = 0;
    while most < CALLS && watch.elapsed() < patience {
        ensure!(engine.runs(), "the engine ended while its calls were live");
        tokio::time::sleep(LOOK).await;
        let answer = client.get(format!("http://{telephones}/tally")).basic_auth(ACCOUNT, Some(TOKEN)).send().await?;
        let tally: serde_json::Value = serde_json::from_slice(&answer.bytes().await?)?;
        let by = |status: &str| tally["by_status"][status].as_u64().unwrap_or_default();
        most = most.max(by("queued") + by("ringing") + by("in-progress"));
    }
    // Their webhooks go on: what the last ones cost belongs to it.
    tokio::time::sleep(Duration::from_secs(bench.either(1, 4))).await;
    Ok(most)
}

/// A line of `/proc/PID/status` in megabytes.
pub fn memory(program: &Program, line: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).context("a process's memory")?;
    let found = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':')?.trim().strip_suffix(" kB"));
    let kib: f64 = found.with_context(|| format!("/proc tells no {line}"))?.trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}
