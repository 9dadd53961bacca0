//! How fast webhooks are answered, over HTTP and durably: at 200 a second, and how many a second at most. The calls stand
//! in the store as they do after the carrier was asked; then come the carrier's signed posts of whole calls.

use super::bare::Bare;
use super::load::{self, Post};
use super::world::{Lines, World, client, listen};
use super::{Bench, Figure, milliseconds, quantile, seed, talk};
use crate::app::{Engine, Listeners};

const RATE: u32 = 200;
const CONNECTIONS: usize = 32;
/// So many calls talk at the same time: one call's posts come a quarter of a second apart.
const AT_ONCE: usize = 50;
const AGAINST: &str = "a bare server: one indexed read, one insert, as durable";

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<[Figure; 2]> {
    let seconds = bench.either(2, 10);
    let span = std::time::Duration::from_secs(bench.either(1, 4));
    let people = seed::people(bench.either(400, 5_000), &[1])?;
    bench.tell(&format!("webhook_p99, webhook_max_rate: {} calls are made ready", people.len()));
    let (web, nobody) = (listen().await?, listen().await?);
    let lines = Lines { calls_per_second: 1, max_calls: 1 };
    let world = World::write(web.local_addr()?, nobody.local_addr()?, lines)?;
    let base = format!("http://{}", web.local_addr()?);
    let rooms = world.rooms().await?;
    let calls = talk::request(&world, &rooms.store, &rooms.config, &people, rooms.clock.now()).await?;
    let mut series: Vec<Vec<Post>> = calls.iter().enumerate().map(|(n, call)| call.posts(n, &base)).collect();
    let paced = interleaved(&mut series, RATE as usize * seconds);
    let client = client()?;

    let engine = Engine::start(rooms, Listeners { web, console: None })?;
    let bare = Bare::start(listen().await?, &world.file("bare.db")).await?;
    load::warm_up(&client, &format!("{base}/healthz")).await?;
    load::warm_up(&client, &bare.hello()).await?;
    bench.tell(&format!("webhook_p99: {RATE} a second for {seconds} s, second by second in turn with a bare server"));
    // In turn, so that whatever else the machine does meets both.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for second in paced.chunks(RATE as usize) {
        ours.extend(load::paced(&client, second, RATE).await?);
        theirs.extend(load::paced(&client, &bare.posts(second), RATE).await?);
    }
    bench.tell(&format!(
        "webhook_max_rate: {CONNECTIONS} connections for {} s, then the same for the bare server",
        span.as_secs()
    ));
    let rate = load::flat_out(&client, series.clone(), CONNECTIONS, span).await?;
    engine.stop().await?;
    let series = series.iter().map(|posts| bare.posts(posts)).collect();
    let bare_rate = load::flat_out(&client, series, CONNECTIONS, span).await?;
    let half = |took: &[std::time::Duration]| milliseconds(quantile(took, 0.5));
    bench.tell(&format!("webhook_p99: half within {:.2} ms, of the bare server's {:.2} ms", half(&ours), half(&theirs)));
    let p99 = |took: &[std::time::Duration]| milliseconds(quantile(took, 0.99));
    Ok([
        Figure::new("webhook_p99", "ms", p99(&ours), p99(&theirs), AGAINST),
        Figure::new("webhook_max_rate", "/s", rate, bare_rate, AGAINST),
    ])
}

/// The first so many posts of calls that talk at the same time; the series of those calls are taken away.
fn interleaved(series: &mut Vec<Vec<Post>>, count: usize) -> Vec<Post> {
    let mut posts = Vec::with_capacity(count);
    while posts.len() < count && !series.is_empty() {
        let talking: Vec<_> = series.drain(..AT_ONCE.min(series.len())).collect();
        let longest = talking.iter().map(Vec::len).max().unwrap_or_default();
        for place in 0..longest {
            posts.extend(talking.iter().filter_map(|call| call.get(place).cloned()));
        }
    }
    posts.truncate(count);
    posts
}
