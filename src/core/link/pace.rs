//! How fast new calls are begun. A carrier's time is cut into turns, one every `1 / rate` seconds. Whoever dials reserves
//! a stretch of turns in the store ([`begin_stretch`]), so that no two replicas have the same one, and begins at most one call
//! in each, at its moment or less than one turn later.
//!
//! That is what makes the pace exact: the calls of any `W` seconds belong to turns of `W` seconds and less than one turn
//! before, of which there are at most `ceil(rate * W) + 1`. Whoever wakes later than that has missed the turn and takes the
//! next one; nothing is made up for, so a process that stood still does not burst.

use chrono::{DateTime, Duration, Utc};
use std::collections::VecDeque;

/// How late in a turn a call may still begin, in tenths of it.
const LATEST_TENTHS: i64 = 9;

/// A rate as the time from one turn to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    gap: Duration,
}

impl Pace {
    /// `rate` calls a second, more than 0. The gap is rounded up to the microsecond: never faster than the rate.
    pub fn new(rate: f64) -> Pace {
        Pace { gap: Duration::microseconds((1_000_000.0 / rate.max(0.001)).ceil() as i64) }
    }

    /// From one turn to the next.
    pub fn gap(self) -> Duration {
        self.gap
    }

    /// How many turns begin in `from..=until`.
    pub fn turns_between(self, from: DateTime<Utc>, until: DateTime<Utc>) -> u32 {
        if from > until {
            return 0;
        }
        u32::try_from(micros(until - from) / micros(self.gap) + 1).unwrap_or(u32::MAX)
    }

    /// How many turns fill `span`, at least one.
    pub fn turns_in(self, span: Duration) -> u32 {
        u32::try_from((micros(span) + micros(self.gap) - 1) / micros(self.gap)).unwrap_or(u32::MAX).max(1)
    }

    /// The length of so many turns.
    pub fn length(self, turns: u32) -> Duration {
        Duration::microseconds(micros(self.gap).saturating_mul(i64::from(turns)))
    }
}

/// Nobody reserves turns that far ahead: what is written so was written by a clock that went wrong, and counts as nothing.
pub const NEVER_SO_FAR: Duration = Duration::hours(1);

/// When a stretch that is reserved now begins: at once, or when the last one reserved by anybody ends.
pub fn begin_stretch(now: DateTime<Utc>, next_send_at: DateTime<Utc>) -> DateTime<Utc> {
    if next_send_at > now + NEVER_SO_FAR { now } else { now.max(next_send_at) }
}

/// Whether a call may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now: the turn is taken.
    Now,
    /// Not before this moment; ask again then.
    At(DateTime<Utc>),
    /// No turn is left: reserve more.
    Reserve,
}

/// The turns that one process has reserved and not used.
#[derive(Debug, Clone)]
pub struct Turns {
    pace: Pace,
    /// The next turn of each stretch, and how many it holds.
    stretches: VecDeque<(DateTime<Utc>, u32)>,
}

impl Turns {
    /// None yet.
    pub fn new(pace: Pace) -> Turns {
        Turns { pace, stretches: VecDeque::new() }
    }

    /// Adds a stretch of `count` turns from `from` on; it begins after those that are held.
    pub fn add(&mut self, from: DateTime<Utc>, count: u32) {
        if count > 0 {
            self.stretches.push_back((from, count));
        }
    }

    /// Takes the turn that has come, if one has.
    pub fn take(&mut self, now: DateTime<Utc>) -> Turn {
        self.drop_missed(now);
        let Some((next, left)) = self.stretches.front_mut() else { return Turn::Reserve };
        if *next > now {
            return Turn::At(*next);
        }
        *next += self.pace.gap;
        *left -= 1;
        Turn::Now
    }

    /// How many turns are left that can still be used.
    pub fn left(&mut self, now: DateTime<Utc>) -> u32 {
        self.drop_missed(now);
        self.stretches.iter().fold(0, |sum, (_, left)| sum.saturating_add(*left))
    }

    /// How many of them have come by `until`.
    pub fn left_by(&mut self, now: DateTime<Utc>, until: DateTime<Utc>) -> u32 {
        self.drop_missed(now);
        let come = self.stretches.iter().map(|(next, left)| self.pace.turns_between(*next, until).min(*left));
        come.fold(0, u32::saturating_add)
    }

    fn drop_missed(&mut self, now: DateTime<Utc>) {
        let gap = micros(self.pace.gap);
        while let Some((next, left)) = self.stretches.front_mut() {
            // The first turn that has not been missed: next + n * gap + latest >= now.
            let late = micros(now - *next) - gap * LATEST_TENTHS / 10;
            let missed = if late <= 0 { 0 } else { (late + gap - 1) / gap };
            let missed = u32::try_from(missed).unwrap_or(u32::MAX).min(*left);
            *next += self.pace.length(missed);
            *left -= missed;
            if *left > 0 {
                return;
            }
            self.stretches.pop_front();
        }
    }
}

fn micros(span: Duration) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(us: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_800_000_000_000_000 + us).expect("a moment")
    }

    #[test]
    fn turns_are_spaced_and_a_pause_is_not_made_up_for() {
        let mut turns = Turns::new(Pace::new(4.0));
        assert_eq!(turns.take(at(0)), Turn::Reserve);
        turns.add(at(0), 8);
        assert_eq!((turns.take(at(0)), turns.take(at(0))), (Turn::Now, Turn::At(at(250_000))));
        assert_eq!((turns.take(at(475_000)), turns.left(at(475_000))), (Turn::Now, 6), "the last moment of the second turn");
        assert_eq!(turns.take(at(475_000)), Turn::At(at(500_000)));
        let by = |ms: i64| turns.clone().left_by(at(475_000), at(ms * 1_000));
        assert_eq!([475, 500, 1_499, 1_500, 9_000].map(by), [0, 1, 4, 5, 6], "those that come later are left out");
        // A second later three turns are missed, and one call begins.
        assert_eq!((turns.take(at(1_475_001)), turns.left(at(1_475_001))), (Turn::At(at(1_500_000)), 2));
        assert_eq!((turns.left(at(9_000_000)), turns.take(at(9_000_000))), (0, Turn::Reserve));
    }

    #[test]
    fn spans_hold_so_many_turns() {
        for (rate, gap_us, in_a_second) in [(0.01, 100_000_000, 1), (0.7, 1_428_572, 1), (3.0, 333_334, 3), (1000.0, 1_000, 1000)]
        {
            let pace = Pace::new(rate);
            assert_eq!((micros(pace.gap()), pace.turns_in(Duration::seconds(1))), (gap_us, in_a_second), "{rate}");
        }
        let pace = Pace::new(4.0);
        assert_eq!([-1, 0, 249_999, 250_000].map(|us| pace.turns_between(at(0), at(us))), [0, 1, 1, 2]);
    }

    /// A process that has calls waiting: when each is ready, and how late it wakes.
    #[derive(Debug, Clone)]
    struct Process {
        calls: Vec<(i64, i64)>,
        /// Turns that it reserves at once.
        batch: u32,
    }

    fn processes(gap: i64) -> impl Strategy<Value = Vec<Process>> {
        // Most wake in time, some a few turns late, some stood still.
        let late = prop_oneof![6 => 0..gap / 4 + 1, 3 => 0..gap * 3, 1 => 0..gap * 60];
        let process = (prop::collection::vec((0..gap * 40, late), 1..60), 1u32..50);
        prop::collection::vec(process.prop_map(|(calls, batch)| Process { calls, batch }), 1..4)
    }

    /// Every process on its own, one call after the other as they stand in line; the reservations in the order of time.
    fn sends(pace: Pace, processes: &[Process]) -> Vec<i64> {
        struct Running {
            now: i64,
            turns: Turns,
            calls: VecDeque<(i64, i64)>,
            batch: u32,
        }
        let mut running: Vec<_> = processes
            .iter()
            .map(|p| {
                let mut calls = p.calls.clone();
                calls.sort_unstable();
                Running { now: calls[0].0, turns: Turns::new(pace), calls: calls.into(), batch: p.batch }
            })
            .collect();
        let (mut next_send_at, mut sent) = (at(0), Vec::new());
        while let Some(p) = running.iter_mut().filter(|p| !p.calls.is_empty()).min_by_key(|p| p.now) {
            let (ready, late) = p.calls[0];
            p.now = p.now.max(ready);
            match p.turns.take(at(p.now)) {
                Turn::Now => {
                    sent.push(p.now);
                    p.calls.pop_front();
                }
                Turn::At(turn) => {
                    p.now = micros(turn - at(0)) + late;
                    // The next time this call wakes in time, so that the story ends.
                    p.calls[0].1 = 0;
                }
                Turn::Reserve => {
                    let from = begin_stretch(at(p.now), next_send_at);
                    next_send_at = from + pace.length(p.batch);
                    p.turns.add(from, p.batch);
                }
            }
        }
        sent.sort_unstable();
        sent
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_rate_and_one(
            (rate, processes) in (0.01f64..1000.0).prop_flat_map(|rate| (Just(rate), processes(micros(Pace::new(rate).gap())))),
        ) {
            let sent = sends(Pace::new(rate), &processes);
            prop_assert_eq!(sent.len(), processes.iter().map(|p| p.calls.len()).sum::<usize>());
            for (first, from) in sent.iter().enumerate() {
                for (last, until) in sent.iter().enumerate().skip(first) {
                    let window = (until - from) as f64 / 1_000_000.0;
                    let allowed = (rate * window).ceil() as usize + 1;
                    prop_assert!(last - first < allowed, "{} calls in {window} s at {rate}/s", last - first + 1);
                }
            }
        }

        #[test]
        fn work_that_is_due_keeps_the_rate(rate in 0.01f64..1000.0, batch in 1u32..50, late in prop::collection::vec(0i64..8, 400)) {
            let pace = Pace::new(rate);
            let gap = micros(pace.gap());
            let calls = late.iter().map(|tenths| (0, gap * tenths / 10)).collect();
            let sent = sends(pace, &[Process { calls, batch }]);
            let took = (sent[399] - sent[0]) as f64 / 1_000_000.0;
            prop_assert!(399.0 / took >= 0.95 * rate, "{} of {rate}", 399.0 / took);
        }
    }
}
