//! `bench`: the figures of the README's performance table on this machine, each with its reference.

use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::bench::{self, Bench, Figure, Only};
use anyhow::bail;
use clap::Args;

#[derive(Debug, Args)]
pub struct BenchArguments {
    /// A short run, for a look: its figures scatter.
    #[arg(long)]
    quick: bool,
    /// Only the figures of the planner over a million bookings.
    #[arg(long)]
    plan: bool,
    /// Only the figures of what patients hear.
    #[arg(long, conflicts_with = "plan")]
    voice: bool,
    /// Only the figures of a thousand live calls.
    #[arg(long, conflicts_with_all = ["plan", "voice"])]
    live: bool,
    /// Only the figures of four replicas on one PostgreSQL, which no other run has: two minutes.
    #[arg(long, conflicts_with_all = ["plan", "voice", "live"])]
    replicas: bool,
    /// For so many minutes 100 calls a second fall due, and 500,000 attempts wait.
    #[arg(long, value_name = "N", requires = "replicas", value_parser = clap::value_parser!(u32).range(1..=120))]
    minutes: Option<u32>,
}

pub async fn run(desk: &Desk, args: BenchArguments) -> anyhow::Result<Done> {
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: its figures say little. Measure with `cargo run --release -- bench`.");
    }
    let only = match args {
        BenchArguments { plan: true, .. } => Some(Only::Plan),
        BenchArguments { voice: true, .. } => Some(Only::Voice),
        BenchArguments { live: true, .. } => Some(Only::Live),
        BenchArguments { replicas: true, minutes, .. } => Some(Only::Replicas { minutes }),
        _ => None,
    };
    let bench = Bench { quick: args.quick, only, tell: &|line| eprintln!("{line}") };
    let figures = tokio::select! {
        figures = bench::run(bench) => figures?,
        // Dropping the run ends its processes and removes its folders.
        stopped = asked_to_stop() => {
            stopped?;
            bail!("stopped before the end: no figures");
        }
    };
    let head = ["figure", "value", "unit", "reference", "ratio", "the reference is"];
    desk.output.rows(&figures, &head, "", |figure: &Figure| {
        let number = |number: Option<f64>| number.map_or("not measured".to_string(), |n| n.to_string());
        vec![
            figure.name.to_string(),
            number(figure.value),
            figure.unit.to_string(),
            number(figure.reference),
            number(figure.ratio),
            figure.against.to_string(),
        ]
    })?;
    Ok(Done::Fine)
}
