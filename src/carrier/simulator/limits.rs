//! What the account may do: calls a second, calls that wait, calls at one time (carriers.md, section 1). Above its pace
//! calls wait for their turn; they are not refused.

use chrono::{DateTime, Duration, Utc};

/// An account's limits; none where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// How many calls are dialled in a second.
    pub calls_per_second: Option<f64>,
    /// How many calls may wait for that.
    pub queue: Option<u32>,
    /// How many calls there may be at one time.
    pub lines: Option<u32>,
}

/// Nothing waits for longer than a day.
const LONGEST_WAIT: Duration = Duration::hours(24);

/// When the next call is dialled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    next: Option<DateTime<Utc>>,
}

impl Pace {
    /// Takes a call's turn: how long it waits. `None`: the queue is full.
    pub fn take(&mut self, limits: &Limits, now: DateTime<Utc>) -> Option<Duration> {
        let Some(rate) = limits.calls_per_second.filter(|rate| *rate > 0.0) else {
            return Some(Duration::zero());
        };
        let turn = self.next.map_or(now, |next| next.max(now));
        let wait = turn - now;
        let waiting = (wait.num_microseconds().unwrap_or(i64::MAX) as f64 * rate / 1_000_000.0).ceil();
        if wait > LONGEST_WAIT || limits.queue.is_some_and(|most| waiting > f64::from(most)) {
            return None;
        }
        self.next = Some(turn + Duration::microseconds((1_000_000.0 / rate) as i64));
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(limits: Limits, calls: usize) -> Vec<Option<i64>> {
        let (mut pace, now) = (Pace::default(), "2026-11-27T15:00:00Z".parse().expect("a time"));
        (0..calls).map(|_| pace.take(&limits, now).map(|wait| wait.num_milliseconds())).collect()
    }

    #[test]
    fn calls_above_the_pace_wait() {
        assert_eq!(waits(Limits::default(), 2), [Some(0), Some(0)]);
        let two = Limits { calls_per_second: Some(2.0), ..Limits::default() };
        assert_eq!(waits(two, 4), [Some(0), Some(500), Some(1000), Some(1500)]);
        let short = Limits { queue: Some(2), ..two };
        assert_eq!(waits(short, 5), [Some(0), Some(500), Some(1000), None, None]);
        let slow = Limits { calls_per_second: Some(1.0 / 86_400.0), ..Limits::default() };
        assert_eq!(waits(slow, 3), [Some(0), Some(86_400_000), None], "nothing waits for longer than a day");
    }

    #[test]
    fn time_frees_the_queue() {
        let limits = Limits { calls_per_second: Some(1.0), queue: Some(1), lines: None };
        let (mut pace, now): (_, DateTime<Utc>) = (Pace::default(), "2026-11-27T15:00:00Z".parse().expect("a time"));
        assert!(pace.take(&limits, now).is_some() && pace.take(&limits, now).is_some());
        assert_eq!(pace.take(&limits, now), None);
        assert_eq!(pace.take(&limits, now + Duration::seconds(5)), Some(Duration::zero()));
    }
}
