//! `simulate --break`: known faults are planted in the engine, and each must be caught.

use super::super::Done;
use super::super::output::{Output, table};
use super::{SimulateArguments, report, threads, told};
use crate::simulate::{DaySettings, Many, PLANTED, Planted, Sum};
use anyhow::bail;
use serde::Serialize;
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
}

/// Plants one fault, or all in turn. One that is named ends as any violation does: with exit status 1 and its story. Of all,
/// exit status 1 says that one was not caught.
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
    if name != "all" {
        let Some(planted) = Planted::named(name) else {
            let known: Vec<_> = PLANTED.iter().map(|planted| planted.name).collect();
            bail!("--break {name}: want all, or one of {}", known.join(", "));
        };
        let sum = catch(planted, first, most, settings, stop)?;
        report::sum(output, &sum)?;
        let Some((seed, violation)) = sum.violations.first() else {
            eprintln!("{name} was not caught within {} seeds.", sum.seeds);
            return Ok(Done::Fine);
        };
        eprintln!("{name} was caught by seed {seed}.");
        if let Some(told) = told(*seed, settings, &planted.planting(), violation.invariant, args.whole)? {
            eprintln!("{told}");
        }
        return Ok(Done::Found);
    }
    let mut all = Vec::new();
    for planted in PLANTED {
        let sum = catch(planted, first, most, settings, stop)?;
        let caught = sum.violations.first();
        let seeds = caught.map(|(seed, _)| seed.wrapping_sub(first) + 1);
        eprintln!("{}: {}", planted.name, seeds.map_or("not caught".to_string(), |seeds| format!("seed {seeds}")));
        all.push(Caught {
            name: planted.name,
            seeds,
            seed: caught.map(|(seed, _)| *seed),
            invariant: caught.map(|(_, violation)| violation.invariant),
            detail: caught.map(|(_, violation)| violation.detail.clone()),
        });
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let cells = |caught: &Caught| {
        let seeds = caught.seeds.map_or("not caught".to_string(), |seeds| seeds.to_string());
        vec![caught.name.to_string(), seeds, caught.invariant.unwrap_or_default().to_string()]
    };
    output.value(&all, || table(&["planted fault", "seeds needed", "caught by"], all.iter().map(cells)))?;
    Ok(if all.iter().all(|caught| caught.seeds.is_some()) { Done::Fine } else { Done::Found })
}

/// Plays days with the fault planted until one catches it.
fn catch(planted: &Planted, first: u64, most: u64, settings: &DaySettings, stop: &AtomicBool) -> anyhow::Result<Sum> {
    let (planting, caught) = (planted.planting(), AtomicBool::new(stop.load(Ordering::Relaxed)));
    let many = Many { first, count: Some(most), settings, planting: &planting, threads: threads(), stop: &caught };
    many.play(|sum| match sum.violations.is_empty() && !stop.load(Ordering::Relaxed) {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    })
}
