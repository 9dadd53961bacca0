//! `simulate`: whole hospital days in virtual time, each from a seed, with everything that can go wrong; and what must be true.

use super::output::print;
use super::{Desk, Done};
use crate::simulate::{Day, DaySettings, Many, Planting, Switches, judge};
use clap::Args;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

/// How many days are played where nothing is said.
const USUAL: u64 = 50;

#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// On so many days in a row the feed brings new visits.
    #[arg(long, value_name = "N", default_value_t = 1)]
    days: u32,
    /// Patients of each of these days.
    #[arg(long, value_name = "N", default_value_t = 40)]
    patients: usize,
    /// The first seed; the others follow. Without it the system's chance gives one.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// What may go wrong: all, none, names with commas between them, -name for all but that.
    #[arg(long, value_name = "LIST", default_value = "all", allow_hyphen_values = true)]
    faults: String,
    /// The whole history of one seed.
    #[arg(long)]
    history: bool,
}

pub async fn run(desk: &Desk, args: SimulateArguments) -> anyhow::Result<Done> {
    let mischief = Switches::parse(&args.faults)?;
    let settings = DaySettings { patients: args.patients, days: args.days, mischief };
    let first = args.seed.map_or_else(|| desk.chance.below(u64::from(u32::MAX)), |seed| seed);
    if args.history {
        let day = Day::drawn(first, &settings);
        let judged = tokio::task::block_in_place(|| std::thread::scope(|scope| scope.spawn(|| judge(&day, &Planting::default())).join()));
        let judged = judged.map_err(|_| anyhow::anyhow!("the day panicked"))??;
        print(&judged.played.history.to_text())?;
        for finding in &judged.findings {
            eprintln!("{} {} {}", finding.at, finding.violation.invariant, finding.violation.detail);
        }
        return Ok(Done::Fine);
    }
    let count = args.seeds.unwrap_or(USUAL);
    let stop = AtomicBool::new(false);
    let many = Many { first, count: Some(count), settings: &settings, planting: &Planting::default(), threads: 2, stop: &stop };
    let sum = many.play(|sum| {
        eprintln!("{} seeds, {} calls, {} faults, {} violations", sum.seeds, sum.calls, sum.struck.total(), sum.violations.len());
        ControlFlow::Continue(())
    })?;
    for (seed, violation) in &sum.violations {
        println!("{seed} {} {}", violation.invariant, violation.detail);
    }
    println!("{:?} {:?}", sum.outcomes, sum.struck);
    Ok(if sum.violations.is_empty() { Done::Fine } else { Done::Found })
}
