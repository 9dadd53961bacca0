//! How much of the allowed pace is kept while work is due: the engine with its planner, dialler and web server, the simulated
//! network, the system's clock, a SQLite file. All calls fall due at once; they may be begun at 50 a second.

use super::world::{ACCOUNT, Lines, TOKEN, World, listen};
use super::{Bench, Figure, seed};
use crate::app::{Engine, Listeners};
use crate::carrier::simulator::{self, FaultList, SimulatorSettings};
use crate::clock::Clock;
use anyhow::ensure;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;

/// New calls a second.
const RATE: u32 = 50;
/// From the promise to the moment when all fall due.
const LEAD: Duration = Duration::milliseconds(800);
/// How long is waited for the last call beyond the time that the pace allows for all.
const PATIENCE: Duration = Duration::seconds(30);
/// Busy, and gone at once.
const BEHAVIOURS: [u32; 1] = [13];

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    let seconds = bench.either(4, 20);
    let count = (RATE * seconds) as usize;
    bench.tell(&format!("pace_50: {count} calls are due at once, {RATE} may be begun in a second"));
    let clock = Clock::system();
    let (telephones, web) = (listen().await?, listen().await?);
    let world = World::write(web.local_addr()?, telephones.local_addr()?, Lines { calls_per_second: RATE, max_calls: 1000 })?;
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
    let _ = tokio::time::timeout(std::time::Duration::from_millis(500), engine.planned.notified()).await;

    let people = seed::people(count, &BEHAVIOURS)?;
    let due = clock.now() + LEAD;
    seed::promise(&world, store.as_ref(), &people, clock.now(), |_| due).await?;
    seed::book(&world, store.as_ref(), &people, clock.now()).await?;
    let latest = due + Duration::seconds(i64::from(seconds)) + PATIENCE;
    while network.tally().calls.len() < count && clock.now() < latest {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let arrived: Vec<_> = network.tally().calls.iter().map(|call| call.created_at).collect();
    engine.stop().await?;
    network.stop().await;
    let value = rate_of(&arrived).unwrap_or_default();
    bench.tell(&format!("pace_50: {:.1} % of the allowed pace were kept", 100.0 * value / f64::from(RATE)));
    ensure!(arrived.len() == count, "only {} of {count} due calls were placed", arrived.len());
    Ok(Figure::new("pace_50", "calls/s", value, f64::from(RATE), "the allowed pace, of which 95 % are to be kept"))
}

/// Calls a second from the first arrival to the last.
fn rate_of(arrived: &[DateTime<Utc>]) -> Option<f64> {
    let took = *arrived.iter().max()? - *arrived.iter().min()?;
    let seconds = took.num_microseconds().filter(|took| *took > 0)? as f64 / 1_000_000.0;
    Some((arrived.len() - 1) as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_the_gaps() {
        let at = |ms| DateTime::from_timestamp_millis(ms).expect("a moment");
        assert_eq!(rate_of(&[at(20), at(0), at(60), at(40)]), Some(50.0));
        assert_eq!((rate_of(&[]), rate_of(&[at(1)])), (None, None));
    }
}
