//! What must be so by a moment, and is looked at soon after it: that a promise has come to its end, and a call too.
//!
//! A moment counts by the machine's clock, which the engine goes by. It is looked at [`MARGIN`] later, and no earlier than that
//! after the last trouble: nobody is judged while the store or the carrier is down or no replica lives.

use super::promises::Key;
use crate::core::ids::AttemptId;
use crate::simulate::history::{Actor, Seen};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

/// What the engine may need until it has noticed that a time is over. The longest way: the replica with the planner's sweep dies
/// and another one takes over (four beats of its lease, 80 s as the stage sets them), operations that fail or take ten seconds
/// each (5 s until the planner tries again), and of a call the rescue's grace, its rounds and its three questions (two minutes).
pub(super) const MARGIN: Duration = Duration::minutes(5);

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Call(AttemptId),
    Promise(Key),
}

/// What is to be looked at, and whether this is a time to do so.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    waiting: BTreeSet<(DateTime<Utc>, Due)>,
    alive: BTreeSet<Actor>,
    is_store_down: bool,
    is_carrier_down: bool,
    /// By true time: when something last went wrong, or came right.
    disturbed: Option<DateTime<Utc>>,
}

impl Deadlines {
    /// Something is to be so by a moment.
    pub fn by(&mut self, moment: DateTime<Utc>, due: Due) {
        self.waiting.insert((moment + MARGIN, due));
    }

    /// Trouble that begins or ends at a moment of true time.
    pub fn see(&mut self, at: DateTime<Utc>, seen: &Seen) {
        match seen {
            Seen::Started(actor) => drop(self.alive.insert(*actor)),
            Seen::Killed(actor, _) => drop(self.alive.remove(actor)),
            Seen::StoreTrouble(trouble) => self.is_store_down = trouble.is_some(),
            Seen::CarrierDown(is_down) => self.is_carrier_down = *is_down,
            Seen::ClockStepped { .. } => {}
            _ => return,
        }
        self.disturbed = Some(at);
    }

    /// The next one whose time is over at a moment of true time, `now` by the machine's clock.
    pub fn next_over(&mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Due> {
        let is_over = self.waiting.first().is_some_and(|(moment, _)| *moment <= now);
        let is_down = self.is_store_down || self.is_carrier_down || self.alive.is_empty();
        if !is_over || is_down || self.disturbed.is_some_and(|disturbed| at < disturbed + MARGIN) {
            return None;
        }
        self.waiting.pop_first().map(|(_, due)| due)
    }
}
