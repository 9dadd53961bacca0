//! The one place that reads the clock. Everything else is handed `now`, or a [`Clock`] to ask and to wait on, so that the
//! same code runs a day in real time, a week in seconds, or a moment that a person names with `--at`.

use chrono::{DateTime, Duration, Utc};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::watch;

/// A clock: the system's, one that runs fast and can jump, one of virtual time, or one that stands still.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    Fixed(DateTime<Utc>),
    Fast(Arc<Fast>),
    Virtual(Arc<Virtual>),
}

/// Tokio's own time, which a runtime with paused time moves on when every task waits, as a time of day. Whoever sleeps does
/// so by the time that passes, as by the system's clock: a step of the time of day wakes nobody and keeps nobody asleep.
#[derive(Debug)]
struct Virtual {
    start: DateTime<Utc>,
    began: tokio::time::Instant,
    /// By how much the time of day was stepped since.
    stepped_us: AtomicI64,
}

#[derive(Debug)]
struct Fast {
    factor: f64,
    /// The virtual time at a real instant; both move when the clock jumps.
    base: Mutex<(DateTime<Utc>, Instant)>,
    jumped: watch::Sender<()>,
}

impl Clock {
    /// The time of day.
    pub fn system() -> Clock {
        Clock(Kind::System)
    }

    /// A clock that stands still at `at`: for one run of a command under `--at`.
    pub fn fixed(at: DateTime<Utc>) -> Clock {
        Clock(Kind::Fixed(at))
    }

    /// A clock that shows `start` now and runs `factor` times as fast as the world; it can be advanced.
    pub fn fast(start: DateTime<Utc>, factor: f64) -> Clock {
        Clock(Kind::Fast(Arc::new(Fast { factor, base: Mutex::new((start, Instant::now())), jumped: watch::channel(()).0 })))
    }

    /// A clock that shows `start` now and goes by the time of the tokio runtime it is made in: by virtual time where that
    /// is paused.
    pub fn of_runtime(start: DateTime<Utc>) -> Clock {
        Clock(Kind::Virtual(Arc::new(Virtual { start, began: tokio::time::Instant::now(), stepped_us: AtomicI64::new(0) })))
    }

    /// The moment it is.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => Utc::now(),
            Kind::Fixed(at) => *at,
            Kind::Fast(fast) => fast.now(),
            Kind::Virtual(it) => it.now(),
        }
    }

    /// Waits until `at` by this clock; returns at once when it is past. A clock that stands still never gets there.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Kind::System => tokio::time::sleep((at - Utc::now()).to_std().unwrap_or_default()).await,
            Kind::Fixed(now) if *now >= at => {}
            Kind::Fixed(_) => std::future::pending().await,
            Kind::Fast(fast) => fast.sleep_until(at).await,
            Kind::Virtual(it) => tokio::time::sleep((at - it.now()).to_std().unwrap_or_default()).await,
        }
    }

    /// Waits for a span of this clock's time.
    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now() + span).await;
    }

    /// Moves a fast clock forward to `at`; never backward, and not at all for the other kinds.
    pub fn advance_to(&self, at: DateTime<Utc>) {
        if let Kind::Fast(fast) = &self.0 {
            fast.advance_to(at);
        }
    }

    /// Steps the time of day of a virtual clock, forward or back, as an administrator or NTP does; not at all for the other
    /// kinds.
    pub fn step(&self, by: Duration) {
        if let Kind::Virtual(it) = &self.0 {
            it.stepped_us.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
        }
    }

    /// Starts a stopwatch, for durations in logs and measurements: of real time, and of virtual time where tokio's is paused.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(tokio::time::Instant::now())
    }
}

impl Virtual {
    fn now(&self) -> DateTime<Utc> {
        let passed = Duration::from_std(self.began.elapsed()).unwrap_or(Duration::MAX);
        self.start + passed + Duration::microseconds(self.stepped_us.load(Ordering::Relaxed))
    }
}

impl Fast {
    fn now(&self) -> DateTime<Utc> {
        let (start, since) = *self.lock();
        start + self.stretched(since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (DateTime<Utc>, Instant)> {
        // The guarded pair is plain data, whole at every moment: a panic elsewhere cannot have broken it.
        self.base.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn stretched(&self, since: Instant) -> Duration {
        Duration::microseconds((since.elapsed().as_micros() as f64 * self.factor) as i64)
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        let mut jumped = self.jumped.subscribe();
        loop {
            let left = (at - self.now()).num_microseconds().unwrap_or(i64::MAX);
            if left <= 0 {
                return;
            }
            let real = std::time::Duration::from_micros((left as f64 / self.factor).ceil() as u64);
            tokio::select! {
                biased;
                _ = jumped.changed() => {}
                () = tokio::time::sleep(real) => {}
            }
        }
    }

    fn advance_to(&self, at: DateTime<Utc>) {
        let mut base = self.lock();
        let now = base.0 + self.stretched(base.1);
        *base = (now.max(at), Instant::now());
        drop(base);
        self.jumped.send_replace(());
    }
}

/// Time since it was started, whatever the time of day was set to meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    /// How long it has run.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fast_clock_wakes_its_sleepers_when_it_jumps() {
        let start: DateTime<Utc> = "2026-11-27T15:00:00Z".parse().expect("a time");
        let clock = Clock::fast(start, 1.0);
        let later = start + Duration::hours(10);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(later).await }
        });
        clock.advance_to(later);
        sleeper.await.expect("the sleeper wakes");
        assert!(clock.now() >= later);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stepped_clock_neither_wakes_sleepers_nor_keeps_them_asleep() {
        let start: DateTime<Utc> = "2026-11-27T15:00:00Z".parse().expect("a time");
        let clock = Clock::of_runtime(start);
        let watch = clock.stopwatch();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::seconds(60)).await }
        });
        tokio::task::yield_now().await;
        for by in [3_600, -7_200] {
            clock.step(Duration::seconds(by));
        }
        assert_eq!(clock.now(), start - Duration::hours(1));
        sleeper.await.expect("the sleeper wakes");
        assert_eq!(watch.elapsed(), std::time::Duration::from_secs(60), "to the millisecond, in no time");
        assert_eq!(clock.now(), start - Duration::hours(1) + Duration::seconds(60));
    }

    #[test]
    fn a_clock_never_goes_back() {
        let start: DateTime<Utc> = "2026-11-27T15:00:00Z".parse().expect("a time");
        let clock = Clock::fast(start, 1.0);
        clock.advance_to(start - Duration::hours(1));
        assert!(clock.now() >= start);
    }
}
