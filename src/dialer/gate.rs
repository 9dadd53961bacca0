//! The gate that every call passes at the moment it is asked for, one after the other: each takes a turn of the carrier's,
//! of those that this process has reserved in the store ([`crate::core::link::Turns`]).

use super::Dialer;
use crate::core::link::{Pace, Standing, Turn, Turns, begin_stretch};
use crate::store::{Leased, RequestOrder, StoreError, TurnWish};
use chrono::{DateTime, Duration, Utc};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far ahead turns are looked for when calls are leased: what is leased waits about so long, and longer only where other
/// replicas have reserved the turns meanwhile.
const AHEAD: Duration = Duration::seconds(1);
/// The shortest stretch that is reserved, so that a turn of it is still to come when the reservation is on the disk.
const STRETCH: Duration = Duration::milliseconds(100);
/// The longest one, which a store that is very slow needs.
const LONGEST_STRETCH: Duration = Duration::seconds(30);
/// How long is waited where others have reserved everything near.
const CROWDED: Duration = Duration::milliseconds(250);
/// Turns shorter than this are finer than the timer that would wake us: their last moments are waited for awake.
const FINE: Duration = Duration::milliseconds(5);
/// How early that begins.
const AWAKE: Duration = Duration::milliseconds(2);
/// After so long it is looked again whether a call may be made: an opt-out or a feed may have come. Longer than what is leased in
/// time waits ([`AHEAD`]), because nobody else takes a turn meanwhile.
const FRESH: Duration = Duration::seconds(3);
/// The most that is leased at once.
const MOST: u32 = 1_000;

/// A call that waits for its turn.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    /// The attempt, and what was committed of it.
    pub leased: &'a Leased,
    pub order: &'a RequestOrder,
    /// Until when it may be made.
    pub latest: DateTime<Utc>,
    /// It is the one call by which is found out whether the carrier takes calls again.
    pub trial: bool,
    /// When it was last looked whether it may be made.
    pub known_at: DateTime<Utc>,
}

/// How a call came to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// It has its turn, now.
    Turn,
    /// No turn comes in time, or nothing is placed through the carrier any more.
    NoTurn,
    /// It may not be made any more, as it stands.
    Stale,
}

/// Where calls wait for their turn.
#[derive(Debug)]
pub struct Gate {
    pace: Pace,
    /// Held by whoever is next.
    next: tokio::sync::Mutex<()>,
    turns: Mutex<Turns>,
    waiting: Arc<AtomicU32>,
}

/// A call that is leased and has not passed the gate.
#[derive(Debug)]
pub struct Waiting(Arc<AtomicU32>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// A gate for `rate` calls a second.
    pub fn new(rate: f64) -> Gate {
        let pace = Pace::new(rate);
        Gate { pace, next: tokio::sync::Mutex::default(), turns: Mutex::new(Turns::new(pace)), waiting: Arc::default() }
    }

    /// How many more calls can be placed within about a second, beside those that wait already, when nobody has reserved
    /// the turns from `next_send_at` on. Turns that are held and come later count for nothing here.
    pub(super) fn room(&self, now: DateTime<Utc>, next_send_at: DateTime<Utc>) -> u32 {
        let until = now + AHEAD;
        let to_come = self.pace.turns_between(begin_stretch(now, next_send_at), until);
        let turns = self.turns().left_by(now, until).saturating_add(to_come);
        turns.saturating_sub(self.waiting.load(Ordering::Relaxed)).min(MOST)
    }

    /// Counts a call that waits from now on.
    pub(super) fn queue(&self) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self.waiting.clone())
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Plain data, whole at every moment: a panic elsewhere cannot have broken it.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dialer {
    /// Reserves turns for all calls that wait and have none; `stretch` is the shortest time to be reserved. `false` where
    /// others have reserved everything near.
    async fn reserve(&self, stretch: Duration) -> Result<bool, StoreError> {
        let now = self.clock().now();
        let missing = self.gate.waiting.load(Ordering::Relaxed).saturating_sub(self.gate.turns().left(now));
        let count = missing.max(self.gate.pace.turns_in(stretch));
        let wish =
            TurnWish { carrier: self.carrier.name().clone(), now, gap: self.gate.pace.gap(), count, latest: now + AHEAD + AHEAD };
        let from = self.live.store.take_turns(&wish).await?;
        if let Some(from) = from {
            self.gate.turns().add(from, count);
        }
        Ok(from.is_some())
    }

    /// Sees to it that the calls that wait have turns.
    pub(super) async fn reserve_for_waiting(&self) -> Result<(), StoreError> {
        let left = self.gate.turns().left(self.clock().now());
        if left < self.gate.waiting.load(Ordering::Relaxed) {
            self.reserve(STRETCH).await?;
        }
        Ok(())
    }

    /// Waits for a turn and takes it, where one comes in time and the carrier takes calls. What was known a while ago of whether
    /// the call may be made is looked at again before.
    pub(super) async fn pass_gate(&self, pass: Pass<'_>) -> Result<Passed, StoreError> {
        let Pass { leased, order, latest, trial, mut known_at } = pass;
        let _next = self.gate.next.lock().await;
        let mut stretch = STRETCH;
        loop {
            let now = self.clock().now();
            if now >= latest || (!trial && self.link.standing(now) != Standing::Free) {
                return Ok(Passed::NoTurn);
            }
            if now - known_at > FRESH {
                if !self.may_still(order, leased).await? {
                    return Ok(Passed::Stale);
                }
                known_at = self.clock().now();
                continue;
            }
            let turn = self.gate.turns().take(now);
            match turn {
                Turn::Now => return Ok(Passed::Turn),
                Turn::At(at) if at >= latest => return Ok(Passed::NoTurn),
                Turn::At(at) => self.sleep_until_turn(at).await,
                Turn::Reserve => {
                    if !self.reserve(stretch).await? {
                        self.clock().sleep(CROWDED).await;
                    }
                    stretch = (stretch + stretch).min(LONGEST_STRETCH);
                }
            }
        }
    }

    async fn sleep_until_turn(&self, at: DateTime<Utc>) {
        if self.gate.pace.gap() >= FINE {
            return self.clock().sleep_until(at).await;
        }
        self.clock().sleep_until(at - AWAKE).await;
        while self.clock().now() < at {
            tokio::task::yield_now().await;
        }
    }
}
