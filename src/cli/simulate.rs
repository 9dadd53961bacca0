//! `simulate`: whole hospital days in virtual time, each from a seed, with everything that can go wrong; and what must be true.

mod breaking;
mod report;

use super::output::print;
use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::clock::Clock;
use crate::simulate::{Day, DaySettings, Finding, Judged, Many, Planting, StoreKind, Sum, Switches, judge, shrink, story};
use crate::toml_file::parse_duration;
use anyhow::Context;
use clap::Args;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many days are played where nothing is said.
const USUAL: u64 = 100;
/// Progress is told this often.
const TELL: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Args)]
pub struct SimulateArguments {
    /// On so many days in a row the feed brings new visits.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=31))]
    days: u32,
    /// Patients of each of these days.
    #[arg(long, value_name = "N", default_value_t = 40)]
    patients: usize,
    /// The first seed; the others follow. Without it the system's chance gives one.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How many seeds; without it 100, or 1 where --seed is given.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// New seeds for so long, such as 3m or 8h.
    #[arg(long = "for", value_name = "DURATION", value_parser = span_given, conflicts_with = "seeds")]
    span: Option<Duration>,
    /// What may go wrong: all, none, names with commas between them, or -name for all but that.
    #[arg(long, value_name = "LIST", default_value = "all", allow_hyphen_values = true)]
    faults: String,
    /// Where the store lies: memory or file; without it one day in ten has a file.
    #[arg(long, value_name = "KIND", value_parser = store_given)]
    store: Option<StoreKind>,
    /// Plants a known fault in the engine, or each of `all` in turn: it must be caught.
    #[arg(long = "break", value_name = "NAME")]
    planted: Option<String>,
    /// The whole history of one seed.
    #[arg(long, requires = "seed", conflicts_with_all = ["span", "seeds"])]
    history: bool,
    /// What must be true, what can go wrong, and what can be broken.
    #[arg(long)]
    list: bool,
    /// Tells a failing seed as it is, without looking for a smaller one.
    #[arg(long)]
    whole: bool,
}

fn store_given(text: &str) -> Result<StoreKind, String> {
    match text {
        "memory" => Ok(StoreKind::Memory),
        "file" => Ok(StoreKind::File),
        _ => Err("want memory or file".to_string()),
    }
}

fn span_given(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text).and_then(|span| span.to_std().ok());
    span.ok_or_else(|| "want a whole number with s, m, h or d, such as 3m".to_string())
}

pub async fn run(desk: &Desk, args: SimulateArguments) -> anyhow::Result<Done> {
    if args.list {
        return report::list(desk.output);
    }
    let mischief = Switches::parse(&args.faults)?;
    let settings = DaySettings { patients: args.patients, days: args.days, mischief, store: args.store };
    // Short enough to be typed again.
    let first = args.seed.unwrap_or_else(|| desk.chance.below(1 << 32));
    let stop = Arc::new(AtomicBool::new(false));
    let (output, flag) = (desk.output, stop.clone());
    let work = tokio::task::spawn_blocking(move || match &args.planted {
        Some(name) => breaking::run(output, name, &args, first, &settings, &flag),
        None if args.history => history(first, &settings),
        None => days(output, &args, first, &settings, &flag),
    });
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done.context("the simulation panicked")?,
        stopped = asked_to_stop() => stopped?,
    }
    eprintln!("Stopping after the days that are under way.");
    stop.store(true, Ordering::Relaxed);
    work.await.context("the simulation panicked")?
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn history(seed: u64, settings: &DaySettings) -> anyhow::Result<Done> {
    let judged = judge(&Day::drawn(seed, settings), &Planting::default())?;
    print(judged.played.history.to_text().trim_end())?;
    for Finding { at, violation } in &judged.findings {
        eprintln!("{} {}: {}", at.to_rfc3339(), violation.invariant, violation.detail);
    }
    Ok(if judged.findings.is_empty() { Done::Fine } else { Done::Found })
}

/// Days one after the other until their number, or their time, is over.
fn days(
    output: super::output::Output,
    args: &SimulateArguments,
    first: u64,
    settings: &DaySettings,
    stop: &AtomicBool,
) -> anyhow::Result<Done> {
    let count = match (args.seeds, args.span, args.seed) {
        (Some(count), ..) => Some(count),
        (None, Some(_), _) => None,
        (None, None, Some(_)) => Some(1),
        (None, None, None) => Some(USUAL),
    };
    eprintln!("First seed: {first}");
    let planting = Planting::default();
    let many = Many { first, count, settings, planting: &planting, threads: threads(), stop };
    let mut progress = Progress::new();
    let sum = many.play(|sum| {
        progress.look(sum);
        let is_over = args.span.is_some_and(|span| progress.watch.elapsed() >= span);
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.tell(&sum);
    report::sum(output, &sum)?;
    sum.is_whole()?;
    let Some((seed, violation)) = sum.violations.first() else { return Ok(Done::Fine) };
    eprintln!("Seed {seed} breaks {}. Its history: callahead simulate --seed {seed} --history", violation.invariant);
    if let Some(told) = told(*seed, settings, &planting, violation.invariant, args.whole)? {
        eprintln!("{told}");
    }
    Ok(Done::Found)
}

/// A failing seed as a story, made smaller first unless it is to stay whole.
fn told(
    seed: u64,
    settings: &DaySettings,
    planting: &Planting,
    invariant: &'static str,
    is_whole: bool,
) -> anyhow::Result<Option<String>> {
    let of = |judged: &Judged| judged.findings.iter().find(|finding| finding.violation.invariant == invariant).cloned();
    let planting = &Planting { caught_by: vec![invariant], ..planting.clone() };
    let mut day = Day::drawn(seed, settings);
    if !is_whole {
        eprintln!("Looking for a smaller day that fails the same way …");
        day = shrink(&day, |smaller| judge(smaller, planting).is_ok_and(|judged| of(&judged).is_some()));
    }
    let judged = judge(&day, planting)?;
    Ok(of(&judged).map(|finding| story(&day, &judged.played.history, &finding)))
}

/// What is told while days are played.
struct Progress {
    watch: crate::clock::Stopwatch,
    told: Duration,
}

impl Progress {
    fn new() -> Progress {
        Progress { watch: Clock::system().stopwatch(), told: Duration::ZERO }
    }

    fn look(&mut self, sum: &Sum) {
        let elapsed = self.watch.elapsed();
        if elapsed >= self.told + TELL {
            self.told = elapsed;
            self.tell(sum);
        }
    }

    fn tell(&self, sum: &Sum) {
        let minutes = self.watch.elapsed().as_secs_f64() / 60.0;
        let a_minute = if minutes > 0.0 { sum.seeds as f64 / minutes } else { 0.0 };
        let (seeds, calls, faults) = (sum.seeds, sum.calls, sum.struck.total());
        let broken = sum.violations.len();
        eprintln!("{seeds} seeds, {a_minute:.0} a minute, {calls} calls, {faults} faults struck, {broken} violations");
    }
}
