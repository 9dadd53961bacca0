//! What the lines can carry in an hour, and what has to wait for the next.

use crate::config::{CarrierConfig, Config};
use crate::core::domain::Purpose;
use crate::core::ids::CarrierName;
use crate::core::plan::{Decision, Job, PlannedCall};
use chrono::{DateTime, Duration, DurationRound, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// How long a call is taken to hold its line: half a minute of ringing and listening on the average of answered and
/// unanswered calls, and some air. An assumption, for the overview alone.
pub const ASSUMED_CALL: Duration = Duration::seconds(45);

/// How many calls an hour each carrier can make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines(BTreeMap<CarrierName, u64>);

impl Lines {
    /// Of the carriers that the jobs call with: the lesser of what their lines carry, each call taken to hold one for
    /// [`ASSUMED_CALL`], and of what may be begun in an hour.
    pub fn of(config: &Config, jobs: &[Job]) -> Lines {
        let an_hour = |carrier: &CarrierConfig| {
            let carried = u64::from(carrier.max_calls) * 3600 / ASSUMED_CALL.num_seconds().unsigned_abs();
            carried.min((carrier.calls_per_second * 3600.0) as u64)
        };
        let used = |name: &CarrierName| jobs.iter().any(|job| job.enabled && job.call.carrier == *name);
        Lines(config.carriers.iter().filter(|(name, _)| used(name)).map(|(name, c)| (name.clone(), an_hour(c))).collect())
    }

    /// With so many calls an hour.
    pub fn with(carriers: impl IntoIterator<Item = (CarrierName, u64)>) -> Lines {
        Lines(carriers.into_iter().collect())
    }

    /// Calls an hour of all carriers together.
    pub fn in_an_hour(&self) -> u64 {
        self.0.values().sum()
    }
}

/// One hour by the clock of one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// By whose clock.
    pub zone: Tz,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// Reminders whose window opens in it.
    pub reminders: u64,
    /// Notices whose window opens in it.
    pub notices: u64,
    /// Calls that the lines carry in it, those that waited included.
    pub placed: u64,
    /// Calls that wait for the next hour.
    pub waiting: u64,
    /// Calls whose window ends before a line is free: they are planned for another day, or a person must act.
    pub late: u64,
}

/// Calls by the hour in which their window opens.
#[derive(Debug, Clone, Default)]
pub(super) struct Load(BTreeMap<DateTime<Utc>, BTreeMap<Window, Due>>);

/// Windows that are alike. Zones are told apart by name, since they have no order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    carrier: CarrierName,
    until: DateTime<Utc>,
    zone: &'static str,
}

#[derive(Debug, Clone, Copy, Default)]
struct Due {
    reminders: u64,
    notices: u64,
}

impl Load {
    pub(super) fn add(&mut self, decision: &Decision, call: &PlannedCall) {
        let window = Window { carrier: call.carrier.clone(), until: call.call_before, zone: decision.zone.name() };
        let due = self.0.entry(hour_of(call.call_after)).or_default().entry(window).or_default();
        match decision.purpose {
            Purpose::Reminder => due.reminders += 1,
            _ => due.notices += 1,
        }
    }

    /// Hour after hour: what is due joins what waited, what ends first goes first, as far as the lines suffice.
    pub(super) fn over(&self, lines: &Lines, now: DateTime<Utc>) -> Vec<Hour> {
        let mut rows: BTreeMap<(DateTime<Utc>, &str), Hour> = BTreeMap::new();
        let mut queues: BTreeMap<&CarrierName, BTreeMap<(DateTime<Utc>, &'static str), u64>> = BTreeMap::new();
        let mut due = self.0.iter().peekable();
        let mut next = due.peek().map(|(hour, _)| **hour);
        while let Some(start) = next {
            let end = start + Duration::hours(1);
            let row_of = |rows: &mut BTreeMap<_, _>, zone| *rows.entry((start, zone)).or_insert_with(|| Hour::empty(zone, start));
            if let Some((_, opening)) = due.next_if(|(hour, _)| **hour == start) {
                for (window, due) in opening {
                    let mut row = row_of(&mut rows, window.zone);
                    row.reminders += due.reminders;
                    row.notices += due.notices;
                    rows.insert((start, window.zone), row);
                    let waits = queues.entry(&window.carrier).or_default().entry((window.until, window.zone)).or_default();
                    *waits += due.reminders + due.notices;
                }
            }
            for (carrier, queue) in &mut queues {
                let whole = lines.0.get(*carrier).copied().unwrap_or(0);
                let left_of_hour = (end - now.clamp(start, end)).num_seconds().unsigned_abs();
                let mut free = whole * left_of_hour / 3600;
                for ((until, zone), waits) in queue.iter_mut() {
                    let mut row = row_of(&mut rows, zone);
                    let placed = free.min(*waits);
                    (free, *waits, row.placed) = (free - placed, *waits - placed, row.placed + placed);
                    if *until <= end {
                        row.late += std::mem::take(waits);
                    }
                    row.waiting += *waits;
                    rows.insert((start, *zone), row);
                }
                queue.retain(|_, waits| *waits > 0);
            }
            queues.retain(|_, queue| !queue.is_empty());
            next = if queues.is_empty() { due.peek().map(|(hour, _)| **hour) } else { Some(end) };
        }
        rows.into_values().collect()
    }
}

impl Hour {
    fn empty(zone: &str, start: DateTime<Utc>) -> Hour {
        // The names come from zones: every one of them reads back.
        let zone = zone.parse().unwrap_or(Tz::UTC);
        Hour { zone, start, reminders: 0, notices: 0, placed: 0, waiting: 0, late: 0 }
    }

    /// Calls whose window opens in it.
    pub fn due(&self) -> u64 {
        self.reminders + self.notices
    }
}

/// The hour of Greenwich in which a moment falls. Zones whose hours begin at another minute show that minute.
fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(Duration::hours(1)).unwrap_or(at)
}
