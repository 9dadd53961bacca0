//! The figures of the README's performance table, measured on this machine: each stands beside a reference that the same
//! run has measured, because machines differ. Everything is on loopback, bounded, and made up; nobody is called.
//!
//! Never here: a goal that fails a run. A file is a figure (`webhooks` has two); `world` is the hospital they run in.
//! Start reading at [`run`].

mod bare;
mod children;
mod cold_start;
mod compose;
mod due_to_placed;
mod hospital;
mod load;
mod memory;
mod million;
mod pace;
mod plan;
mod postgres;
mod replicas;
mod seed;
mod talk;
mod webhooks;
mod webhooks_500;
mod world;

use crate::clock::Clock;
use serde::Serialize;
use std::time::Duration;

/// One figure with its reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// How much; `None` where this system cannot tell.
    pub value: Option<f64>,
    /// In what.
    pub unit: &'static str,
    /// The yardstick of the same run, in the same unit.
    pub reference: Option<f64>,
    /// Value by reference.
    pub ratio: Option<f64>,
    /// What the reference is, for people.
    #[serde(skip)]
    pub against: &'static str,
}

impl Figure {
    fn new(name: &'static str, unit: &'static str, value: f64, reference: f64, against: &'static str) -> Figure {
        let (value, reference) = (rounded(value), rounded(reference));
        Figure { name, value: Some(value), unit, reference: Some(reference), ratio: Some(rounded(value / reference)), against }
    }

    fn not_measured(name: &'static str, unit: &'static str, against: &'static str) -> Figure {
        Figure { name, value: None, unit, reference: None, ratio: None, against }
    }
}

/// How long a run is, and who hears how it goes on.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// About a quarter of the time, for a look.
    pub quick: bool,
    /// Only some of the figures; `None`: all of them.
    pub only: Option<Only>,
    /// Hears what is being measured, a line at a time.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// Figures that can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Those of the planner over a million bookings.
    Plan,
    /// Those of what patients hear.
    Voice,
    /// Those of a thousand live calls.
    Live,
    /// Those of several replicas on PostgreSQL, which stand in no other run.
    Replicas {
        /// For so many minutes calls fall due; none: a short run.
        minutes: Option<u32>,
    },
}

impl Bench<'_> {
    /// The first in a quick run, else the second.
    fn either<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    fn tell(&self, line: &str) {
        (self.tell)(line);
    }
}

/// Measures everything, one figure after the other.
///
/// # Errors
/// When a figure cannot be measured at all: no prompts folder, no loopback, no temporary folder.
pub async fn run(bench: Bench<'_>) -> anyhow::Result<Vec<Figure>> {
    match bench.only {
        Some(Only::Plan) => return million::measure(bench).await,
        Some(Only::Voice) => return Ok(vec![compose::measure(bench)?, cold_start::measure(bench)?]),
        Some(Only::Live) => return webhooks_500::measure(bench).await,
        Some(Only::Replicas { minutes }) => return replicas::measure(bench, minutes).await,
        None => {}
    }
    let mut figures = vec![due_to_placed::measure(bench).await?, pace::measure(bench).await?];
    figures.extend(webhooks::measure(bench).await?);
    figures.extend(webhooks_500::measure(bench).await?);
    figures.push(memory::measure(bench).await?);
    figures.push(compose::measure(bench)?);
    figures.push(cold_start::measure(bench)?);
    figures.push(plan::measure(bench)?);
    figures.extend(million::measure(bench).await?);
    Ok(figures)
}

/// Four digits are more than a run can repeat.
fn rounded(value: f64) -> f64 {
    // By way of the text, so that a rounded number also prints as one.
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// The value that `share` of all do not exceed; 0 of none.
fn quantile(all: &[Duration], share: f64) -> Duration {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// How long one doing takes: the median of `times`.
fn median_of(times: usize, mut work: impl FnMut()) -> Duration {
    let clock = Clock::system();
    let took: Vec<_> = (0..times)
        .map(|_| {
            let watch = clock.stopwatch();
            work();
            watch.elapsed()
        })
        .collect();
    quantile(&took, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let all: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&all, 0.99), Duration::from_millis(198));
        assert_eq!(quantile(&all, 0.5), Duration::from_millis(100));
        assert_eq!(quantile(&all[..1], 0.99), Duration::from_millis(200));
        assert_eq!(quantile(&[], 0.99), Duration::ZERO);
    }

    #[test]
    fn figures_have_four_digits() {
        for (value, want) in
            [(0.0, 0.0), (12_345.6, 12_350.0), (0.001_234_56, 0.001_235), (9.999_96, 10.0), (206_512_345.0, 206_500_000.0)]
        {
            assert_eq!(rounded(value).to_string(), want.to_string(), "{value}");
        }
    }
}
