//! What goes wrong in the simulated network, and how often.

use crate::chance::Chance;
use std::fmt;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A call is taken, and the answer that says so is lost.
    LostAnswer,
    /// A request to call is lost before it is taken: no call, no answer.
    LostRequest,
    /// The connection is reset while a call is asked for; half of them exist.
    ConnectionReset,
    /// 500, 502 or 503, and no call.
    ErrorBefore,
    /// 500, 502 or 503, and the call exists.
    ErrorAfter,
    /// A call is taken, and the answer comes up to 30 seconds later.
    SlowAnswer,
    /// A call is refused with 429; none exists.
    TooManyRequests,
    /// A call is refused because the queue is full; none exists.
    QueueFull,
    /// A number cannot be called: every call to it is refused with 400 and the same code, as long as this is switched on.
    NumberRefused,
    /// A call is refused with a code that stands in no list; none exists.
    StrangeRefusal,
    /// The account is refused, whatever is asked: 401 or 403.
    AccountRefused,
    /// A live call cannot be turned to another document.
    TurnRefused,
    /// No request is answered; calls under way go on.
    Down,
    /// A webhook comes twice, with the same idempotency token.
    WebhookTwice,
    /// A webhook comes late: a question up to 3 seconds, news up to a minute.
    WebhookLate,
    /// A question is never delivered: the call goes on by the fallback address, or ends.
    QuestionLost,
    /// A question is answered, and the answer is lost: likewise.
    AnswerLost,
    /// A question comes 20 seconds to 15 minutes late, when nobody waits for its answer any more: likewise.
    QuestionLate,
    /// Beside a webhook comes a forged one: unsigned, wrongly signed, or with a token nobody has.
    WebhookForged,
    /// Before a webhook comes one that breaks off in the middle of its body.
    WebhookTruncated,
    /// A status callback is never sent.
    StatusLost,
    /// A status callback comes 1 to 15 minutes late.
    StatusDelayed,
    /// A status callback comes after the one that follows it.
    StatusReordered,
    /// The last status callback is never sent.
    FinalLost,
    /// The last status callback is sent twice, as two.
    FinalTwice,
    /// Audio cannot be fetched.
    AudioFails,
}

impl Fault {
    /// Every fault, with its name in a list and what happens.
    pub const TABLE: &[(Fault, &str, &str)] = &[
        (Fault::LostAnswer, "lost-answer", "a call is taken, and the answer that says so is lost"),
        (Fault::LostRequest, "lost-request", "a request to call is lost before it is taken: no call, no answer"),
        (Fault::ConnectionReset, "connection-reset", "the connection is reset while a call is asked for; half of them exist"),
        (Fault::ErrorBefore, "error-before", "500, 502 or 503, and no call"),
        (Fault::ErrorAfter, "error-after", "500, 502 or 503, and the call exists"),
        (Fault::SlowAnswer, "slow-answer", "a call is taken, and the answer comes up to 30 seconds later"),
        (Fault::TooManyRequests, "too-many-requests", "a call is refused with 429; none exists"),
        (Fault::QueueFull, "queue-full", "a call is refused because the queue is full; none exists"),
        (
            Fault::NumberRefused,
            "number-refused",
            "a number cannot be called: each call to it is refused with 400 and the same code; the rate is that of numbers",
        ),
        (Fault::StrangeRefusal, "strange-refusal", "a call is refused with 400 and a code that stands in no list; none exists"),
        (Fault::AccountRefused, "account-refused", "the account is refused, whatever is asked: 401 or 403"),
        (Fault::TurnRefused, "turn-refused", "a live call cannot be turned to another document"),
        (Fault::Down, "down", "no request is answered; calls under way go on"),
        (Fault::WebhookTwice, "webhook-twice", "a webhook comes twice, with the same idempotency token"),
        (Fault::WebhookLate, "webhook-late", "a webhook comes late: a question up to 3 seconds, news up to a minute"),
        (
            Fault::QuestionLost,
            "question-lost",
            "a question of a call is never delivered: the call goes on by the fallback address, or ends",
        ),
        (
            Fault::AnswerLost,
            "answer-lost",
            "a question is answered, and the answer is lost: the call goes on by the fallback address, or ends",
        ),
        (
            Fault::QuestionLate,
            "question-late",
            "a question comes 20 seconds to 15 minutes late: the call goes on by the fallback address, or ends",
        ),
        (
            Fault::WebhookForged,
            "webhook-forged",
            "beside a webhook comes a forged one: unsigned, wrongly signed, or with a token nobody has",
        ),
        (Fault::WebhookTruncated, "webhook-truncated", "before a webhook comes one that breaks off in the middle of its body"),
        (Fault::StatusLost, "status-lost", "a status callback is never sent"),
        (Fault::StatusDelayed, "status-delayed", "a status callback comes 1 to 15 minutes late"),
        (Fault::StatusReordered, "status-reordered", "a status callback comes after the one that follows it"),
        (Fault::FinalLost, "final-lost", "the last status callback is never sent"),
        (Fault::FinalTwice, "final-twice", "the last status callback is sent twice, as two"),
        (Fault::AudioFails, "audio-fails", "audio cannot be fetched"),
    ];

    /// Its name in a list.
    pub fn name(self) -> &'static str {
        Fault::TABLE.iter().find(|(fault, ..)| *fault == self).map_or("", |(_, name, _)| name)
    }
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
    let names: Vec<&str> = Fault::TABLE.iter().map(|(_, name, _)| *name).collect();
    names.join(", ")
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
            let known = Fault::TABLE.iter().find(|(_, known, _)| *known == name.trim());
            let (fault, ..) = known.ok_or_else(|| FaultListError::Unknown(name.trim().to_string()))?;
            let rate = rate.trim().parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
            Ok((*fault, rate.ok_or_else(|| FaultListError::Rate(entry.to_string()))?))
        });
        read.collect::<Result<_, _>>().map(FaultList)
    }

    /// The same list with one fault's rate set; 0 takes it out.
    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> FaultList {
        self.0.retain(|(listed, _)| *listed != fault);
        if rate > 0.0 {
            self.0.push((fault, rate.min(1.0)));
        }
        self
    }

    /// Whether a fault can happen at all.
    pub fn lists(&self, fault: Fault) -> bool {
        self.0.iter().any(|(listed, _)| *listed == fault)
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
            write!(f, "{}{}:{rate}", if at > 0 { "," } else { "" }, fault.name())?;
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
    fn the_readme_explains_every_fault() {
        let readme = include_str!("../../../README.md");
        for (_, name, about) in Fault::TABLE {
            assert!(readme.contains(&format!("| `{name}` | {about} |")), "README.md: `{name}`");
        }
    }

    #[test]
    fn one_fault_is_switched_on_and_off() {
        let list = FaultList::parse("lost-answer:0.5").expect("a list").with(Fault::Down, 1.0);
        assert_eq!(list.to_string(), "lost-answer:0.5,down:1");
        assert_eq!(list.with(Fault::Down, 0.0).to_string(), "lost-answer:0.5");
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
