//! What goes wrong in the simulated network, and how often.

use crate::chance::Chance;
use std::fmt;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A call is taken, and the answer that says so is lost.
    LostAnswer,
    /// A call is refused with 429; none exists.
    TooManyRequests,
    /// A webhook comes twice, with the same idempotency token.
    WebhookTwice,
    /// A webhook comes late.
    WebhookLate,
}

impl Fault {
    /// Every fault with its name in a list.
    pub const NAMES: [(Fault, &'static str); 4] = [
        (Fault::LostAnswer, "lost-answer"),
        (Fault::TooManyRequests, "too-many-requests"),
        (Fault::WebhookTwice, "webhook-twice"),
        (Fault::WebhookLate, "webhook-late"),
    ];
}

/// How often each fault happens. Empty: everything works.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultList(Vec<(Fault, f64)>);

/// Why a text is no list of faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultListError {
    /// A name nobody knows.
    #[error("`{0}` is no fault; known are {known}", known = names())]
    Unknown(String),
    /// A rate that is none.
    #[error("{0}: want NAME:RATE with a rate from 0 to 1, such as lost-answer:0.05")]
    Rate(String),
}

fn names() -> String {
    Fault::NAMES.map(|(_, name)| name).join(", ")
}

impl FaultList {
    /// Reads `lost-answer:0.05,webhook-twice:0.1`; an empty text means none.
    ///
    /// # Errors
    /// An unknown name, or a rate outside 0 to 1.
    pub fn parse(text: &str) -> Result<FaultList, FaultListError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let read = entries.map(|entry| {
            let (name, rate) = entry.split_once(':').unwrap_or((entry, ""));
            let known = Fault::NAMES.iter().find(|(_, known)| *known == name.trim());
            let (fault, _) = known.ok_or_else(|| FaultListError::Unknown(name.trim().to_string()))?;
            let rate = rate.trim().parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
            Ok((*fault, rate.ok_or_else(|| FaultListError::Rate(entry.to_string()))?))
        });
        read.collect::<Result<_, _>>().map(FaultList)
    }

    /// Whether a fault happens this time.
    pub fn strikes(&self, fault: Fault, chance: &Chance) -> bool {
        const PARTS: u64 = 1_000_000;
        let rate = self.0.iter().rev().find(|(listed, _)| *listed == fault).map_or(0.0, |(_, rate)| *rate);
        // Chance is asked only where it matters, so that a fault that is not listed does not change the others' draws.
        rate > 0.0 && (chance.below(PARTS) as f64) < rate * PARTS as f64
    }
}

impl fmt::Display for FaultList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (fault, rate)) in self.0.iter().enumerate() {
            let name = Fault::NAMES.iter().find(|(known, _)| known == fault).map_or("", |(_, name)| name);
            write!(f, "{}{name}:{rate}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_and_prints() {
        let text = "lost-answer:0.05,webhook-twice:1";
        assert_eq!(FaultList::parse(text).expect("a list").to_string(), text);
        assert_eq!(FaultList::parse(" "), Ok(FaultList::default()));
        for (bad, want) in [
            ("lost-anwser:0.1", "`lost-anwser` is no fault; known are lost-answer, "),
            ("lost-answer:2", "lost-answer:2: want NAME:RATE"),
            ("lost-answer", "lost-answer: want NAME:RATE"),
        ] {
            let error = FaultList::parse(bad).expect_err("no list").to_string();
            assert!(error.starts_with(want), "{error}");
        }
    }

    #[test]
    fn rates_are_kept_and_seeded() {
        let faults = FaultList::parse("lost-answer:0.25,webhook-twice:1").expect("a list");
        let struck = |seed| {
            let chance = Chance::seeded(seed);
            (0..1000).map(|_| faults.strikes(Fault::LostAnswer, &chance)).collect::<Vec<_>>()
        };
        assert_eq!(struck(1), struck(1));
        let count = struck(1).iter().filter(|hit| **hit).count();
        assert!((200..300).contains(&count), "{count}");
        let chance = Chance::seeded(1);
        assert!(faults.strikes(Fault::WebhookTwice, &chance));
        assert!(!faults.strikes(Fault::WebhookLate, &chance));
    }
}
