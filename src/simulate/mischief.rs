//! Everything that can go wrong in a simulated day: one table, with a name to switch it by and a sentence.

use crate::carrier::simulator::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that goes wrong, or happens at a bad moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// One of the telephone network's own faults.
    Network(Fault),
    /// The store takes seconds.
    StoreSlow,
    /// The store has no room left.
    StoreFull,
    /// The store takes no writing.
    StoreReadOnly,
    /// A write fails, and nothing is written.
    CommitFails,
    /// A write succeeds, and is reported as failed.
    CommitUnheard,
    /// The process is killed.
    Killed,
    /// The process is killed between two commits.
    KilledAtCommit,
    /// The process is killed while it sends, before or after it took effect.
    KilledAtSend,
    /// A batch of the feed comes hours late.
    FeedLate,
    /// A batch of the feed comes again.
    FeedRepeated,
    /// An older state of a booking comes after a newer one.
    FeedOutOfOrder,
    /// A visit is cancelled at a bad moment.
    VisitCancelled,
    /// A visit is moved at a bad moment.
    VisitMoved,
    /// Somebody opts out at a bad moment.
    OptOut,
    /// The machine's clock is stepped.
    ClockStepped,
    /// The night in which the clocks change lies ahead.
    DaylightSaving,
    /// A second replica works on the same store.
    SecondReplica,
    /// Patients call our number.
    CallsIn,
}

use Mischief::*;

impl Mischief {
    /// What is not the network's own, with its name in a list and what happens.
    pub const OWN: &[(Mischief, &str, &str)] = &[
        (StoreSlow, "store-slow", "the store takes up to ten seconds for an operation"),
        (StoreFull, "store-full", "the store has no room: reading works, writing fails, for minutes"),
        (StoreReadOnly, "store-read-only", "the store takes no writing, for minutes"),
        (CommitFails, "commit-fails", "an operation of the store fails, and nothing of what it was to write is there"),
        (
            CommitUnheard,
            "commit-unheard",
            "an operation of the store is done, with everything it was to write, and reported as failed",
        ),
        (Killed, "killed", "a replica is killed at a moment of the day, and started again"),
        (KilledAtCommit, "killed-at-commit", "a replica is killed just before or after a commit"),
        (
            KilledAtSend,
            "killed-at-send",
            "a replica is killed while it asks the carrier or answers it, before or after it took effect",
        ),
        (FeedLate, "feed-late", "a batch of the feed comes hours late"),
        (FeedRepeated, "feed-repeated", "a batch of the feed comes again"),
        (FeedOutOfOrder, "feed-out-of-order", "an older state of a booking comes after a newer one"),
        (
            VisitCancelled,
            "visit-cancelled",
            "a visit is cancelled: between lease and dialling of a first or second call, while it rings, in the call, or before",
        ),
        (VisitMoved, "visit-moved", "a visit is moved at such a moment, or all visits of a patient to one day"),
        (
            OptOut,
            "opt-out",
            "a person enters an opt-out while a first or second call is leased, asked for or under way, or before",
        ),
        (ClockStepped, "clock-stepped", "the machine's clock is set forward or back by up to a minute, now and then by more"),
        (DaylightSaving, "daylight-saving", "the night in which the clocks change comes next"),
        (SecondReplica, "second-replica", "a second replica works on the same store"),
        (CallsIn, "calls-in", "patients call our number"),
    ];

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Mischief> {
        let network = Fault::TABLE.iter().map(|(fault, ..)| Network(*fault));
        network.chain(Mischief::OWN.iter().map(|(mischief, ..)| *mischief))
    }

    fn line(self) -> (&'static str, &'static str) {
        match self {
            Network(fault) => {
                Fault::TABLE.iter().find(|(known, ..)| *known == fault).map_or(("", ""), |(_, name, about)| (*name, *about))
            }
            own => Mischief::OWN.iter().find(|(known, ..)| *known == own).map_or(("", ""), |(_, name, about)| (*name, *about)),
        }
    }

    /// Its name in a list.
    pub fn name(self) -> &'static str {
        self.line().0
    }

    /// What happens.
    pub fn about(self) -> &'static str {
        self.line().1
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Mischief> {
        Mischief::all().find(|mischief| mischief.name() == name)
    }
}

/// Which kinds may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches(BTreeSet<&'static str>);

/// A text that switches nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fault; want all, none, or names with commas between them (-name switches one off): {known}", known = known())]
pub struct UnknownMischief(String);

fn known() -> String {
    Mischief::all().map(Mischief::name).collect::<Vec<_>>().join(", ")
}

impl Default for Switches {
    fn default() -> Switches {
        Switches::all()
    }
}

impl Switches {
    /// Everything may happen.
    pub fn all() -> Switches {
        Switches(Mischief::all().map(Mischief::name).collect())
    }

    /// Nothing does.
    pub fn none() -> Switches {
        Switches(BTreeSet::new())
    }

    /// Reads `all`, `none`, `webhook-twice,killed` or `all,-killed`; a list that begins with a `-name` begins with all.
    ///
    /// # Errors
    /// A name nobody knows.
    pub fn parse(text: &str) -> Result<Switches, UnknownMischief> {
        let mut switches = if text.trim_start().starts_with('-') { Switches::all() } else { Switches::none() };
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match (word, word.strip_prefix('-')) {
                ("all", _) => switches = Switches::all(),
                ("none", _) => switches = Switches::none(),
                (name, off) => {
                    let named = Mischief::named(off.unwrap_or(name)).ok_or_else(|| UnknownMischief(word.to_string()))?;
                    switches = switches.with(named, off.is_none());
                }
            }
        }
        Ok(switches)
    }

    /// The same with one kind on or off.
    #[must_use]
    pub fn with(mut self, mischief: Mischief, is_on: bool) -> Switches {
        if is_on {
            self.0.insert(mischief.name());
        } else {
            self.0.remove(mischief.name());
        }
        self
    }

    /// Whether a kind may happen.
    pub fn has(&self, mischief: Mischief) -> bool {
        self.0.contains(mischief.name())
    }

    /// Those that are on, in the table's order.
    pub fn on(&self) -> impl Iterator<Item = Mischief> {
        Mischief::all().filter(|mischief| self.has(*mischief))
    }
}

impl fmt::Display for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Switches::all() {
            return f.write_str("all");
        }
        let names: Vec<_> = self.on().map(Mischief::name).collect();
        f.write_str(if names.is_empty() { "none".to_string() } else { names.join(",") }.as_str())
    }
}

/// How often each kind struck, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Struck(BTreeMap<&'static str, u64>);

impl Struck {
    /// It struck once more.
    pub fn add(&mut self, mischief: Mischief) {
        self.add_times(mischief, 1);
    }

    /// It struck so many times more.
    pub fn add_times(&mut self, mischief: Mischief, times: u64) {
        if times > 0 {
            *self.0.entry(mischief.name()).or_default() += times;
        }
    }

    /// What struck in another day as well.
    pub fn add_all(&mut self, other: &Struck) {
        for (name, times) in &other.0 {
            *self.0.entry(name).or_default() += times;
        }
    }

    /// How often a kind struck.
    pub fn times(&self, mischief: Mischief) -> u64 {
        self.0.get(mischief.name()).copied().unwrap_or_default()
    }

    /// Altogether.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// By name.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, times)| (*name, *times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_a_sentence() {
        let all: Vec<_> = Mischief::all().collect();
        let names: BTreeSet<_> = all.iter().map(|mischief| mischief.name()).collect();
        assert_eq!(names.len(), all.len());
        for mischief in all {
            assert!(!mischief.name().is_empty() && mischief.about().len() > 10, "{mischief:?}");
            assert_eq!(Mischief::named(mischief.name()), Some(mischief));
        }
    }

    #[test]
    fn the_readme_explains_every_kind() {
        let readme = include_str!("../../README.md");
        for (_, name, about) in Mischief::OWN {
            assert!(readme.contains(&format!("| `{name}` | {about} |")), "README.md: `{name}`");
        }
    }

    #[test]
    fn a_list_switches() {
        let parse = |text| Switches::parse(text).map(|switches| switches.to_string());
        assert_eq!(parse("all").as_deref(), Ok("all"));
        assert_eq!(parse("none").as_deref(), Ok("none"));
        assert_eq!(parse("killed, webhook-twice").as_deref(), Ok("webhook-twice,killed"));
        let without = Switches::parse("-killed").expect("a list");
        assert!(!without.has(Killed) && without.has(StoreSlow));
        assert_eq!(without, Switches::parse("all,-killed").expect("a list"));
        assert!(parse("kiled").expect_err("none").to_string().starts_with("`kiled` is no fault; want all, none, or names"));
    }

    #[test]
    fn strikes_are_counted() {
        let (mut one, mut two) = (Struck::default(), Struck::default());
        one.add(Killed);
        two.add_times(Killed, 2);
        two.add_times(StoreSlow, 0);
        one.add_all(&two);
        assert_eq!((one.times(Killed), one.times(StoreSlow), one.total()), (3, 0, 3));
    }
}
