//! What a simulated day holds: who is called, what the feed says and when, and what goes wrong. Pure: everything follows
//! from the seed.
//!
//! Every kind of mischief draws from a chance of its own, so that switching one off leaves the others as they were.

mod draw;
mod people;
mod rows;
mod trouble;

pub use people::Person;
pub use rows::{Batch, Row, Updated};

use super::mischief::Switches;
use crate::carrier::simulator::FaultList;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// What a day is drawn from, beside its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySettings {
    /// How many patients.
    pub patients: usize,
    /// On how many days in a row the feed brings new visits; each has so many patients.
    pub days: u32,
    /// What may go wrong.
    pub mischief: Switches,
    /// Where the store lies; nothing: one day in ten in a file, as drawn.
    pub store: Option<StoreKind>,
}

/// Where the store of a day lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory.
    Memory,
    /// In a file, with the writer's task, its log and readers beside it.
    File,
}

impl Default for DaySettings {
    fn default() -> DaySettings {
        DaySettings { patients: 40, days: 1, mischief: Switches::all(), store: None }
    }
}

/// One simulated day, with what must be lived around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// What it was drawn from.
    pub seed: u64,
    /// When it begins, by true time: early in the morning of the eastern site.
    pub start: DateTime<Utc>,
    /// The sites, by their keys in the configuration (`boston`, `denver`), with the zone each has on this day.
    pub sites: Vec<(&'static str, Tz)>,
    /// The patients.
    pub people: Vec<Person>,
    /// What happens, in no order.
    pub happenings: Vec<(When, Happening)>,
    /// How many replicas work.
    pub replicas: usize,
    /// Where the store lies.
    pub store: StoreKind,
    /// The number of the department's desk, where key 0 leads; its last two digits say what happens there (`persona::desk`).
    pub desk: &'static str,
    /// The carrier's lines.
    pub lines: u32,
    /// The carrier's pace.
    pub calls_per_second: f64,
    /// How often what goes wrong.
    pub rates: Rates,
}

/// When something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// At a moment of true time.
    At(DateTime<Utc>),
    /// When a call of this patient gets there.
    On {
        /// Whose call.
        patient: String,
        /// Where it gets.
        moment: Moment,
        /// Which of the patient's calls that get there: the first is 1.
        nth: u32,
    },
}

/// Where a call gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// A dialler has it; nothing was asked.
    Leased,
    /// It is committed as requesting; the carrier was not asked yet.
    Requesting,
    /// It rings.
    Ringing,
    /// Somebody or something answered.
    Answered,
    /// The first key was pressed.
    Keyed,
}

impl Moment {
    /// Every one.
    pub const ALL: [Moment; 5] = [Moment::Leased, Moment::Requesting, Moment::Ringing, Moment::Answered, Moment::Keyed];
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A batch of the feed; it is handed in again until the store has taken it.
    Feed(Batch),
    /// A person enters the opt-out of a patient (of the patient alone, no number).
    OptOut(String),
    /// A patient calls our number and does this (`carrier::simulator::CallerScript`).
    CallsIn {
        /// Who.
        patient: String,
        /// What they do.
        script: String,
    },
    /// The machine's clock is set forward, or back.
    StepClock(Duration),
    /// The carrier answers no request.
    CarrierDown(Duration),
    /// The carrier refuses the account.
    AccountRefused(Duration),
    /// The store is in trouble.
    Store(StoreTrouble, Duration),
    /// A replica is killed, and started again after so long.
    Kill {
        /// Which, from 0.
        replica: usize,
        /// How long it stays away.
        away: Duration,
    },
}

/// What is wrong with a store for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreTrouble {
    /// Every operation takes up to ten seconds.
    Slow,
    /// What writes fails: no room.
    Full,
    /// What writes fails: read-only.
    ReadOnly,
    /// Everything fails.
    Failing,
}

/// How often what goes wrong: the network's own list, and per operation of the store or per message, from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rates {
    /// The telephone network's faults.
    pub network: FaultList,
    /// A slow operation of the store.
    pub store_slow: f64,
    /// An operation that fails and has written nothing.
    pub commit_fails: f64,
    /// An operation that is done and reported as failed.
    pub commit_unheard: f64,
    /// Death at an operation of the store, half of them before and half after it.
    pub killed_at_commit: f64,
    /// Death at a request to the carrier or an answer to it, half before and half after it took effect.
    pub killed_at_send: f64,
}

impl Day {
    /// Draws the day of a seed.
    pub fn drawn(seed: u64, settings: &DaySettings) -> Day {
        draw::day(seed, settings)
    }

    /// The patient of an id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// The zone of a site.
    pub fn zone(&self, site: &str) -> Option<Tz> {
        self.sites.iter().find(|(key, _)| *key == site).map(|(_, zone)| *zone)
    }

    /// A batch as the feed sends it at a moment: a native CSV.
    pub fn csv(&self, batch: &Batch, now: DateTime<Utc>) -> String {
        rows::csv(self, batch, now)
    }

    /// Every row that any batch holds.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        let batches = self.happenings.iter().filter_map(|(_, happening)| match happening {
            Happening::Feed(batch) => Some(batch),
            _ => None,
        });
        batches.flat_map(|batch| &batch.rows)
    }

    /// Whether the clocks of a site change in one of the next two nights.
    pub fn clocks_change(&self) -> bool {
        self.sites.iter().any(|(_, zone)| draw::clocks_change(*zone, self.start))
    }

    /// After this moment nobody can be called any more: the last visit has begun.
    pub fn end(&self) -> DateTime<Utc> {
        self.rows().map(|row| row.start).max().unwrap_or(self.start).max(self.start) + Duration::hours(2)
    }
}

#[cfg(test)]
mod tests;
