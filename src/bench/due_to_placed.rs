//! How long after its moment a due call reaches the carrier while lines are free: the engine with its planner, dialler and
//! web server, the simulated network, the system's clock, a SQLite file. The day's calls would all fall due when the
//! window opens; here they fall due one after the other, so that the pace of calls hides nothing.

use super::world::{ACCOUNT, Lines, TOKEN, World, client, listen};
use super::{Bench, Figure, milliseconds, quantile, seed};
use crate::app::{Engine, Listeners};
use crate::carrier::simulator::{self, FaultList, Simulator, SimulatorSettings};
use crate::clock::Clock;
use anyhow::ensure;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use std::collections::HashMap;

/// A call falls due every so many milliseconds.
const EVERY_MS: i64 = 50;
/// From the promise to the first due call: longer than the dialler's look for work that nobody told it of.
const LEAD: Duration = Duration::milliseconds(800);
/// How long after the last call's moment is waited for it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Presses 1, is silent, hangs up, is busy, has an answering machine.
const BEHAVIOURS: [u32; 5] = [1, 6, 8, 13, 10];

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    let count = bench.either(24, 240);
    bench.tell(&format!("due_to_placed_p99: {count} calls fall due, one every {EVERY_MS} ms"));
    let clock = Clock::system();
    let (telephones, web) = (listen().await?, listen().await?);
    let lines = Lines { calls_per_second: 200, max_calls: 1000 };
    let world = World::write(web.local_addr()?, telephones.local_addr()?, lines)?;
    let settings = SimulatorSettings {
        account: ACCOUNT.to_string(),
        auth_token: SecretString::from(TOKEN),
        clock: clock.clone(),
        seed: 1,
        faults: FaultList::default(),
    };
    let network = simulator::serve(telephones, settings).await?;
    let rooms = world.rooms().await?;
    let store = rooms.store.clone();
    let engine = Engine::start(rooms, Listeners { web, console: None })?;
    // The first plan finds nobody; whether it is seen to be over does not matter, it is short.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(500), engine.planned.notified()).await;

    let people = seed::people(count, &BEHAVIOURS)?;
    let first = clock.now() + LEAD;
    let due = |n: usize| first + Duration::milliseconds(EVERY_MS * n as i64);
    // Promised before they are booked: the planner sees a booking at once, and would call about it now.
    seed::promise(&world, store.as_ref(), &people, clock.now(), due).await?;
    seed::book(&world, store.as_ref(), &people, clock.now()).await?;

    // The same machine at the same time, with nothing of ours in between.
    let bare = tokio::spawn(round_trips(network.address(), clock.clone(), first, count));
    let moments: HashMap<String, DateTime<Utc>> =
        people.iter().enumerate().map(|(n, p)| (p.number.as_str().to_string(), due(n))).collect();
    clock.sleep_until(due(count)).await;
    let lateness = lateness_of_all(&network, &moments, &clock).await;
    let bare = bare.await??;
    engine.stop().await?;
    network.stop().await;
    let lateness = lateness?;
    let half = milliseconds(quantile(&lateness, 0.5));
    bench.tell(&format!("due_to_placed_p99: half of the calls arrived within {half:.1} ms"));
    let value = milliseconds(quantile(&lateness, 0.99));
    let reference = milliseconds(quantile(&bare, 0.99));
    Ok(Figure::new("due_to_placed_p99", "ms", value, reference, "p99 of a bare HTTP round trip to the same carrier"))
}

/// How late each call arrived at the network, when all have.
async fn lateness_of_all(
    network: &Simulator,
    due: &HashMap<String, DateTime<Utc>>,
    clock: &Clock,
) -> anyhow::Result<Vec<std::time::Duration>> {
    let watch = clock.stopwatch();
    loop {
        let calls = network.tally().calls;
        let late: Vec<_> = calls.iter().filter_map(|c| (c.created_at - *due.get(c.to.as_str())?).to_std().ok()).collect();
        if late.len() >= due.len() {
            return Ok(late);
        }
        ensure!(watch.elapsed() < PATIENCE, "only {} of {} due calls were placed", late.len(), due.len());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Asks the network for a call that it does not know, again and again while the calls fall due.
async fn round_trips(
    address: std::net::SocketAddr,
    clock: Clock,
    first: DateTime<Utc>,
    count: usize,
) -> anyhow::Result<Vec<std::time::Duration>> {
    let client = client()?;
    let url = format!("http://{address}/2010-04-01/Accounts/{ACCOUNT}/Calls/CAunknown.json");
    let mut took = Vec::with_capacity(count);
    for n in 0..count {
        // Between two calls, so that neither waits for the other.
        clock.sleep_until(first + Duration::milliseconds(EVERY_MS * n as i64 + EVERY_MS / 2)).await;
        let watch = clock.stopwatch();
        client.get(&url).basic_auth(ACCOUNT, Some(TOKEN)).send().await?.bytes().await?;
        took.push(watch.elapsed());
    }
    Ok(took)
}
