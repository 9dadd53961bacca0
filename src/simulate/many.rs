//! Many days, one after the other on every core, and what came of all of them.

use super::day::{Day, DaySettings};
use super::invariants::Violation;
use super::judged::{Judged, judge};
use super::mischief::Struck;
use super::stage::Planting;
use anyhow::{anyhow, bail};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

/// What came of many days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// Days that were played.
    pub seeds: u64,
    /// Calls that the carrier made.
    pub calls: u64,
    /// What went wrong in them, by kind.
    pub struck: Struck,
    /// What came of the calls on record.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// What was broken, by seed.
    pub violations: Vec<(u64, Violation)>,
    /// The first seed that could not be played, and why.
    pub unplayed: Option<(u64, String)>,
}

impl Sum {
    /// # Errors
    /// When a day could not be played; the error names its seed.
    pub fn is_whole(&self) -> anyhow::Result<()> {
        match &self.unplayed {
            Some((seed, why)) => bail!("seed {seed} cannot be played: {why}"),
            None => Ok(()),
        }
    }

    fn add(&mut self, seed: u64, judged: &Judged) {
        self.seeds += 1;
        self.calls += judged.calls;
        self.struck.add_all(&judged.played.struck);
        for (outcome, times) in &judged.outcomes {
            *self.outcomes.entry(outcome).or_default() += times;
        }
        self.violations.extend(judged.violations().into_iter().map(|violation| (seed, violation)));
    }
}

/// Which days are played.
pub struct Many<'a> {
    /// The first seed; the others follow.
    pub first: u64,
    /// How many; none for as many as there is time.
    pub count: Option<u64>,
    /// What each is drawn from.
    pub settings: &'a DaySettings,
    /// What is planted in the engine.
    pub planting: &'a Planting,
    /// On how many threads.
    pub threads: usize,
    /// Fires when no further day is to be begun.
    pub stop: &'a AtomicBool,
}

impl Many<'_> {
    /// Plays them. `look` sees the sum after each day, and may end it. Whatever order the threads are done in, violations
    /// are told in the order of the seeds. After a day that cannot be played no further one is begun.
    pub fn play(&self, mut look: impl FnMut(&Sum) -> ControlFlow<()>) -> Sum {
        let next = AtomicU64::new(0);
        let mut sum = Sum::default();
        let (tell, told) = mpsc::channel();
        // A day's threads take turns: on one core the one wakes the other in half the time.
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        thread::scope(|scope| {
            for place in 0..self.threads.max(1) {
                let (tell, next) = (tell.clone(), &next);
                let core = cores.get(place % cores.len().max(1)).copied();
                scope.spawn(move || {
                    // Where the system refuses, days only take longer.
                    core.map(core_affinity::set_for_current);
                    while !self.stop.load(Ordering::Relaxed) {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        if self.count.is_some_and(|count| place >= count) {
                            return;
                        }
                        let seed = self.first.wrapping_add(place);
                        let played = catch_unwind(AssertUnwindSafe(|| judge(&Day::drawn(seed, self.settings), self.planting)));
                        let judged = played.unwrap_or_else(|_| Err(anyhow!("what plays it panicked")));
                        if tell.send((seed, judged)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(tell);
            // Gone with this closure, however it ends: then the threads end as well.
            let told = told;
            while let Ok((seed, judged)) = told.recv() {
                let goes_on = match judged {
                    Ok(judged) => {
                        sum.add(seed, &judged);
                        look(&sum).is_continue()
                    }
                    Err(error) => {
                        sum.unplayed.get_or_insert((seed, format!("{error:#}")));
                        false
                    }
                };
                if !goes_on {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
        });
        sum.violations.sort_by_key(|(seed, _)| *seed);
        sum
    }
}
