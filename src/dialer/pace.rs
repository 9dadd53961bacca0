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

    /// How many attempts are worth leasing at once: what can be placed within about five seconds, at least one.
    pub fn batch(&self) -> u32 {
        (5_000_000 / self.gap.num_microseconds().unwrap_or(i64::MAX).max(1)).clamp(1, 1000) as u32
    }

    /// Waits for this call's turn.
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
        assert_eq!(pace.batch(), 20);
        assert_eq!(Pace::new(0.1).batch(), 1);
    }
}
