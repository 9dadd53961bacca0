//! How fast new calls are asked for.

use crate::clock::Clock;
use chrono::{DateTime, Duration, Utc};
use std::sync::{Mutex, PoisonError};

/// Spaces new calls evenly: at most `rate` a second.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<DateTime<Utc>>>,
}

impl Pace {
    /// `rate` calls a second, more than 0.
    pub fn new(rate: f64) -> Pace {
        Pace { gap: Duration::microseconds((1_000_000.0 / rate.max(0.001)) as i64), next: Mutex::new(None) }
    }

    /// How many attempts are worth leasing at once: what can be placed within about a second, at least one.
    pub fn batch(&self) -> u32 {
        (1_000_000 / self.gap.num_microseconds().unwrap_or(i64::MAX).max(1)).clamp(1, 1000) as u32
    }

    /// Waits until a turn has come, and leaves it to whoever takes it.
    pub async fn ready(&self, clock: &Clock) {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = next {
            clock.sleep_until(turn).await;
        }
    }

    /// Takes this call's turn, and waits for it.
    pub async fn wait(&self, clock: &Clock) {
        let turn = self.take(clock.now());
        clock.sleep_until(turn).await;
    }

    /// The moment of the next turn, which is then taken.
    fn take(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |at| at.max(now));
        *next = Some(turn + self.gap);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spaced_and_a_pause_is_not_made_up_for() {
        let pace = Pace::new(4.0);
        let at = |ms: i64| DateTime::from_timestamp_millis(1_800_000_000_000 + ms).expect("a moment");
        let turns: Vec<_> = [0, 0, 10, 2000, 2000].into_iter().map(|ms| pace.take(at(ms))).collect();
        assert_eq!(turns, [0, 250, 500, 2000, 2250].map(at));
        assert_eq!(pace.batch(), 4);
        assert_eq!([0.01, 1.5, 1000.0].map(|rate| Pace::new(rate).batch()), [1, 1, 1000]);
    }
}
