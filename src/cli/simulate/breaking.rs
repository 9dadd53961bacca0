//! `simulate --break`: known faults are planted in the engine, and each must be caught.

use super::super::Done;
use super::super::output::{Output, table};
use super::{SimulateArguments, report, threads, told};
use crate::simulate::{DaySettings, Many, PLANTED, Planted, Sum};
use anyhow::bail;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Within so many seeds each must be caught.
const ENOUGH: u64 = 200;

/// What became of a planted fault.
#[derive(Debug, Serialize)]
struct Caught {
    #[serde(rename = "break")]
    name: &'static str,
    /// How many seeds it took, the one that caught it among them; none where none did.
    seeds: Option<u64>,
    seed: Option<u64>,
    invariant: Option<&'static str>,
    detail: Option<String>,
    /// What else was broken until then. It counts as no catch.
    beside: BTreeSet<&'static str>,
}

impl Caught {
    fn of(planted: &Planted, first: u64, sum: &Sum) -> Caught {
        let caught = sum.violations.iter().find(|(_, violation)| planted.is_caught_by(violation));
        let others = sum.violations.iter().filter(|(_, violation)| !planted.is_caught_by(violation));
        Caught {
            name: planted.name,
            seeds: caught.map(|(seed, _)| seed.wrapping_sub(first) + 1),
            seed: caught.map(|(seed, _)| *seed),
            invariant: caught.map(|(_, violation)| violation.invariant),
            detail: caught.map(|(_, violation)| violation.detail.clone()),
            beside: others.map(|(_, violation)| violation.invariant).collect(),
        }
    }

    fn told(&self, planted: &Planted, played: u64) -> String {
        let beside = self.beside.iter().copied().collect::<Vec<_>>().join(", ");
        let beside = if beside.is_empty() { beside } else { format!("; broken beside it: {beside}") };
        match self.seed.zip(self.invariant) {
            Some((seed, invariant)) => format!("{} was caught by seed {seed}: {invariant}{beside}.", self.name),
            None => format!("{} was not caught by {} within {played} seeds{beside}.", self.name, planted.by.join(" or ")),
        }
    }
}

/// Plants one fault, or all in turn. It is the test of the test: exit status 1 says that one was not caught by an invariant that
/// must catch it, whatever else was broken. Of one that is named and caught the story follows.
pub fn run(
    output: Output,
    name: &str,
    args: &SimulateArguments,
    first: u64,
    settings: &DaySettings,
    stop: &AtomicBool,
) -> anyhow::Result<Done> {
    let most = args.seeds.unwrap_or(ENOUGH);
    eprintln!("First seed: {first}");
    let ended = |is_caught| if is_caught { Done::Fine } else { Done::Found };
    if name != "all" {
        let Some(planted) = Planted::named(name) else {
            let known: Vec<_> = PLANTED.iter().map(|planted| planted.name).collect();
            bail!("--break {name}: want all, or one of {}", known.join(", "));
        };
        let sum = catch(planted, first, most, settings, stop)?;
        report::sum(output, &sum)?;
        let caught = Caught::of(planted, first, &sum);
        eprintln!("{}", caught.told(planted, sum.seeds));
        if let Some((seed, invariant)) = caught.seed.zip(caught.invariant)
            && let Some(told) = told(seed, settings, &planted.planting(), invariant, args.whole)?
        {
            eprintln!("{told}");
        }
        return Ok(ended(caught.seed.is_some()));
    }
    let mut all = Vec::new();
    for planted in PLANTED {
        let sum = catch(planted, first, most, settings, stop)?;
        let caught = Caught::of(planted, first, &sum);
        eprintln!("{}", caught.told(planted, sum.seeds));
        all.push(caught);
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let cells = |caught: &Caught| {
        let seeds = caught.seeds.map_or("not caught".to_string(), |seeds| seeds.to_string());
        let beside = caught.beside.iter().copied().collect::<Vec<_>>().join(", ");
        vec![caught.name.to_string(), seeds, caught.invariant.unwrap_or_default().to_string(), beside]
    };
    output.value(&all, || table(&["planted fault", "seeds needed", "caught by", "broken beside it"], all.iter().map(cells)))?;
    Ok(ended(all.iter().all(|caught| caught.seeds.is_some())))
}

/// Plays days with the fault planted until one is caught by what must catch it.
fn catch(planted: &Planted, first: u64, most: u64, settings: &DaySettings, stop: &AtomicBool) -> anyhow::Result<Sum> {
    let (planting, caught) = (planted.planting(), AtomicBool::new(stop.load(Ordering::Relaxed)));
    let many = Many { first, count: Some(most), settings, planting: &planting, threads: threads(), stop: &caught };
    let sum = many.play(|sum| {
        let is_caught = sum.violations.iter().any(|(_, violation)| planted.is_caught_by(violation));
        if is_caught || stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    sum.is_whole()?;
    Ok(sum)
}
