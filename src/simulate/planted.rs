//! Known faults, planted in the engine at its seams: the test of the test. Each must be caught.
//!
//! Most stand between the engine and its store (`meddling`), some between it and the carrier, some are rules that were
//! loosened behind its back. The engine itself has no place for them.

mod blind;
mod meddling;

use super::invariants::{
    ANSWERED_ONCE, DECISIONS_REPLAY, EVERY_CALL_ENDED, EVERY_OUTREACH_ENDS, FORGED_REFUSED, INSIDE_HOURS, KEYS_DECIDE, KEYS_KEPT,
    KNOWN_TO_US, LINES_KEPT, LOG_WHOLE, NOBODY_FORGOTTEN, NOT_WITHDRAWN, NOTHING_AFTER_OPT_OUT, NOTHING_PANICS,
    ONE_CALL_A_NUMBER, PACE_KEPT, PLACED_ONCE, SAME_ANSWER, UNDER_CAPS, VOICEMAIL_WHOLE, Violation,
};
use super::stage::Planting;
use crate::core::plan::{Clock24, Rules};
use crate::store::SharedStore;
use crate::wire::Passage;
use blind::Blind;
use meddling::{Meddling, Twist};
use std::sync::Arc;

/// A known fault.
#[derive(Debug, Clone, Copy)]
pub struct Planted {
    /// What `--break` calls it.
    pub name: &'static str,
    /// What is wrong.
    pub about: &'static str,
    /// The invariants that must catch it, each by itself.
    pub by: &'static [&'static str],
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Store(Twist),
    Rules(fn(&mut Rules)),
    /// The diallers' rules, and what the store does otherwise.
    Dial(fn(&mut Rules), Twist),
    Carrier(Blind),
    Trusting,
}

const fn store(name: &'static str, about: &'static str, twist: Twist, by: &'static [&'static str]) -> Planted {
    Planted { name, about, by, how: How::Store(twist) }
}

/// All of them.
pub const PLANTED: &[Planted] = &[
    Planted { name: "forget-hours", about: "planner and dialler check no hours", by: &[INSIDE_HOURS], how: How::Rules(no_hours) },
    Planted {
        name: "forget-number-zone",
        about: "the hours of the number's area code are not checked",
        by: &[INSIDE_HOURS],
        how: How::Rules(no_number_zone),
    },
    Planted { name: "forget-caps", about: "planner and dialler check no caps", by: &[UNDER_CAPS], how: How::Rules(no_caps) },
    Planted {
        name: "window-unchecked-at-dial",
        about: "calls are leased hours before their time, and the dialler does not check the window",
        by: &[INSIDE_HOURS],
        how: How::Dial(no_hours, Twist::LeaseEarly),
    },
    store(
        "forget-dedupe",
        "what was promised and tried is forgotten: the same promise is made again",
        Twist::NoDedupe,
        &[ANSWERED_ONCE],
    ),
    store("answer-anew", "a webhook that comes again is answered with another document", Twist::AnswerAnew, &[SAME_ANSWER]),
    store(
        "redial-unknown",
        "a call whose fate is unknown is dialled again when its lease ends",
        Twist::RedialUnknown,
        &[PLACED_ONCE],
    ),
    store(
        "forget-opt-out",
        "neither the facts nor the transaction before dialling know of opt-outs",
        Twist::NoOptOuts,
        &[NOTHING_AFTER_OPT_OUT],
    ),
    store("lose-key-9", "key 9 is answered, and opts nobody out", Twist::NineUnheard, &[NOTHING_AFTER_OPT_OUT, KEYS_DECIDE]),
    store("lose-key", "a key is answered before it is committed, and the commit is lost", Twist::KeyLost, &[KEYS_KEPT]),
    store("misread-keys", "`completed` overwrites what a key said", Twist::CompletedWins, &[KEYS_DECIDE]),
    store("half-voicemail", "a voicemail that was cut short counts as left", Twist::HalfVoicemail, &[VOICEMAIL_WHOLE]),
    store("stale-facts", "facts are kept for an hour: a withdrawn visit is not noticed", Twist::StaleFacts, &[NOT_WITHDRAWN]),
    store(
        "forget-notices",
        "a notice counts as told as soon as it is promised: nobody is called, nobody asked to",
        Twist::NoticesTold,
        &[EVERY_OUTREACH_ENDS],
    ),
    store("overlook-patients", "what one patient in ten is promised is not kept", Twist::SomeUnplanned, &[NOBODY_FORGOTTEN]),
    store("overlook-changes", "neither planner nor dialler sees that a booking changed", Twist::NoChanges, &[NOBODY_FORGOTTEN]),
    store("forget-lines", "the lines in use are not counted", Twist::NoLines, &[LINES_KEPT]),
    store("forget-pace", "turns are not reserved: every replica takes its own", Twist::NoPace, &[PACE_KEPT]),
    store("forget-live-calls", "nobody asks what became of a call that fell silent", Twist::NoRescue, &[EVERY_CALL_ENDED]),
    store("lose-work", "worklist items are not opened", Twist::NoWork, &[EVERY_OUTREACH_ENDS]),
    store("alter-decisions", "a stored decision is not the one that was made", Twist::OtherDecisions, &[DECISIONS_REPLAY]),
    store("drop-log", "webhooks are taken in without an entry in the log", Twist::NoLog, &[LOG_WHOLE]),
    Planted {
        name: "ask-twice",
        about: "a request to call that has no answer is sent again",
        by: &[PLACED_ONCE],
        how: How::Carrier(Blind::AskTwice),
    },
    Planted {
        name: "blind-list",
        about: "the carrier's list of calls is taken for empty: a call that exists counts as never placed",
        by: &[KNOWN_TO_US, UNDER_CAPS, ONE_CALL_A_NUMBER],
        how: How::Carrier(Blind::EmptyList),
    },
    Planted {
        name: "panic-when-refused",
        about: "what asks for a call panics where the carrier refuses it",
        by: &[NOTHING_PANICS],
        how: How::Carrier(Blind::Refusals),
    },
    Planted { name: "trust-forged", about: "a webhook's signature is not checked", by: &[FORGED_REFUSED], how: How::Trusting },
];

impl Planted {
    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Planted> {
        PLANTED.iter().find(|planted| planted.name == name)
    }

    /// Whether what was broken is what must catch it.
    pub fn is_caught_by(&self, violation: &Violation) -> bool {
        self.by.contains(&violation.invariant)
    }

    /// As it is planted.
    pub fn planting(&self) -> Planting {
        let mut planting = Planting { caught_by: self.by.to_vec(), ..Planting::default() };
        match self.how {
            How::Store(twist) => planting.store = Some(meddling(twist)),
            How::Dial(change, twist) => {
                planting.dial_rules = Some(change);
                planting.store = Some(meddling(twist));
            }
            How::Rules(change) => planting.rules = Some(change),
            How::Carrier(blind) => {
                planting.to_carrier = Some(Arc::new(move |way: Arc<dyn Passage>| blind.before(way)));
            }
            How::Trusting => planting.trusting = true,
        }
        planting
    }
}

fn meddling(twist: Twist) -> Arc<dyn Fn(SharedStore) -> SharedStore + Send + Sync> {
    Arc::new(move |store| Arc::new(Meddling::new(store, twist)))
}

fn no_hours(rules: &mut Rules) {
    (rules.limits.earliest, rules.limits.latest) = (Clock24::START, Clock24::END);
    for job in &mut rules.jobs {
        (job.when.from, job.when.until) = (Clock24::START, Clock24::END);
    }
    no_number_zone(rules);
}

fn no_number_zone(rules: &mut Rules) {
    rules.zones_of_number = |_| &[];
}

fn no_caps(rules: &mut Rules) {
    (rules.limits.per_day, rules.limits.per_week, rules.limits.notice_reserve) = (99, 99, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::invariants::TABLE;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = PLANTED.iter().map(|planted| planted.name).collect();
        assert_eq!(names.len(), PLANTED.len());
        let readme = include_str!("../../README.md");
        for Planted { name, about, .. } in PLANTED {
            assert!(readme.contains(&format!("| `{name}` | {about} |")), "README.md: `{name}`");
        }
        let known = |name: &&str| TABLE.iter().any(|(invariant, _)| invariant == name);
        assert!(PLANTED.iter().all(|planted| !planted.by.is_empty() && planted.by.iter().all(known)));
        assert!(PLANTED.iter().all(|planted| Planted::named(planted.name).is_some_and(|it| it.about == planted.about)));
    }
}
