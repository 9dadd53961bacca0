//! The figures of a run of several replicas.

use super::account::{Stretch, WINDOWS, allowed_within, broken_limit, most_within, spread};
use super::{BARE_RATE, Bench, Figure, Run, SITES};
use anyhow::{bail, ensure};
use chrono::{DateTime, Duration, Utc};

const HALF: &str = "replicas_due_to_placed_p50";
const LATE: &str = "replicas_due_to_placed_p99";
const WORST: &str = "replicas_due_to_placed_max";
const PACE: &str = "replicas_pace";
const SECOND: &str = "replicas_most_in_a_second";
const AT_ONCE: &str = "replicas_most_lines";
const SMALL: &str = "replicas_small_sites_p99";
const MEMORY: &str = "replicas_memory";
const PROCESSORS: &str = "replicas_processors";
const TRANSACTIONS: &str = "replicas_transactions_a_call";
const LOG: &str = "replicas_log_a_call";
const DISK: &str = "replicas_disk_a_call";
const BARE: &str = "a bare lease and insert on the same server, meanwhile";

/// The figures where nothing can be measured.
pub fn nothing() -> Vec<Figure> {
    [
        (HALF, "ms", BARE),
        (LATE, "ms", BARE),
        (WORST, "ms", BARE),
        (PACE, "calls/s", "the allowed pace"),
        (SECOND, "calls", "what is allowed in any second"),
        (AT_ONCE, "calls", "the lines"),
        (SMALL, "ms", "the wait at the site that floods"),
        (MEMORY, "MB", "the same replica at its start"),
        (PROCESSORS, "processors", "those of PostgreSQL"),
        (TRANSACTIONS, "transactions", "the bare lease and insert"),
        (LOG, "kB", "the database's growth"),
        (DISK, "kB", "the write-ahead log"),
    ]
    .map(|(name, unit, against)| Figure::not_measured(name, unit, against))
    .into()
}

/// The figures of a run.
///
/// # Errors
/// When somebody was not called, at whichever site, or twice; when a limit was not kept.
pub fn figures(bench: Bench<'_>, run: &Run) -> anyhow::Result<Vec<Figure>> {
    let (tally, size) = (&run.tally, &run.size);
    let (made, twice) = tally.made(&run.expected);
    ensure!(twice == 0, "{twice} patients were called twice");
    ensure!(made == run.expected.len(), "{made} of {} calls were placed", run.expected.len());

    tell_windows(bench, run);
    if let Some(broken) = broken_limit(tally, &run.asked, size.allowed, size.lines) {
        bail!(broken);
    }

    let (ours, bare) = (spread(&tally.waits(&run.expected, Stretch::Steady, |_| true)), spread(&run.bare));
    let named = [HALF, LATE, WORST].into_iter().zip(ours.into_iter().zip(bare));
    let mut figures: Vec<_> = named.map(|(name, (ours, bare))| Figure::new(name, "ms", ours, bare, BARE)).collect();

    let mut arrived = flooded(run);
    let pace = (arrived.len() as f64 - 1.0) / span(&arrived).as_seconds_f64();
    figures.push(Figure::new(PACE, "calls/s", pace, size.allowed.into(), "the allowed pace"));
    let second = most_within(&mut arrived, Duration::seconds(1)) as f64;
    let allowed = allowed_within(size.allowed, Duration::seconds(1)) as f64;
    figures.push(Figure::new(SECOND, "calls", second, allowed, "what is allowed in any second"));
    figures.push(Figure::new(AT_ONCE, "calls", tally.most_at_once() as f64, size.lines as f64, "the lines"));

    let waits = |site: usize| spread(&tally.waits(&run.expected, Stretch::Flood, |s| s == site));
    for (site, (name, _)) in SITES.iter().enumerate() {
        let [half, late, worst] = waits(site);
        bench.tell(&format!(
            "replicas: while one site floods, {name}: half {half:.0} ms, p99 {late:.0} ms, at most {worst:.0} ms"
        ));
    }
    let small = spread(&tally.waits(&run.expected, Stretch::Flood, |site| site > 0))[1];
    figures.push(Figure::new(SMALL, "ms", small, waits(0)[1], "the wait at the site that floods"));
    figures.extend(costs(bench, run));
    Ok(figures)
}

/// When the calls of the flood arrived, in any order.
fn flooded(run: &Run) -> Vec<DateTime<Utc>> {
    let of_flood = |to: &str| run.expected.get(to).is_some_and(|e| e.stretch == Stretch::Flood);
    run.tally.calls.iter().filter(|call| of_flood(&call.to)).map(|call| call.created_at).collect()
}

fn span(moments: &[DateTime<Utc>]) -> Duration {
    moments.iter().max().zip(moments.iter().min()).map_or(Duration::zero(), |(last, first)| *last - *first)
}

/// Any window of the whole run, by when each request began and by when it arrived: what lies between the two is the machine's.
fn tell_windows(bench: Bench<'_>, run: &Run) {
    let mut asked = run.asked.clone();
    let mut arrived: Vec<_> = run.tally.calls.iter().map(|call| call.created_at).collect();
    for ms in WINDOWS {
        let window = Duration::milliseconds(ms);
        bench.tell(&format!(
            "replicas: in any {ms} ms at most {} requests began and {} arrived; {} are allowed",
            most_within(&mut asked, window),
            most_within(&mut arrived, window),
            allowed_within(run.size.allowed, window)
        ));
    }
}

fn costs(bench: Bench<'_>, run: &Run) -> Vec<Figure> {
    let [before, after] = run.used;
    let seconds = f64::from(run.size.steady_s);
    let calls = f64::from(run.size.rate) * seconds;
    let memory = run.memory.as_ref().map(|(idle, most)| {
        bench.tell(&format!("replicas: at first they held {idle:.0?} MB, at most {most:.0?} MB"));
        let largest = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
        Figure::new(MEMORY, "MB", largest(most), largest(idle), "the same replica at its start")
    });
    let processors = after.ours.zip(before.ours).zip(after.server.zip(before.server));
    let processors = processors.map(|((ours, ours_before), (theirs, theirs_before))| {
        let of_server = (theirs - theirs_before) / seconds;
        Figure::new(PROCESSORS, "processors", (ours - ours_before) / seconds, of_server, "those of PostgreSQL")
    });
    // The yardstick's rows are in a database of their own, but the log is the server's.
    let rows = f64::from(BARE_RATE) * seconds;
    let transactions = (after.transactions - before.transactions) as f64 / calls;
    let log = (after.log - before.log) as f64 / (calls + rows) / 1e3;
    let disk = (after.size - before.size) as f64 / calls / 1e3;
    vec![
        memory.unwrap_or(Figure::not_measured(MEMORY, "MB", "the same replica at its start")),
        processors.unwrap_or(Figure::not_measured(PROCESSORS, "processors", "those of PostgreSQL")),
        Figure::new(TRANSACTIONS, "transactions", transactions, 1.0, "the bare lease and insert"),
        Figure::new(LOG, "kB", log, disk, "the database's growth"),
        Figure::new(DISK, "kB", disk, log, "the write-ahead log"),
    ]
}
