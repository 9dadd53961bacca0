//! The simulated patients: who answers which number, and what they do. The table is that of the telephone laboratory,
//! as data; the last two digits of a number choose the line.

use std::time::Duration;

/// How one telephone behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persona {
    /// Last two digits of the number.
    pub digits: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// What becomes of the call before an answer.
    pub arrival: Arrival,
    /// What happens after an answer.
    pub manner: Manner,
}

/// What becomes of a call before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Rings for so long, then is answered.
    Answered(Duration),
    /// Busy: 486.
    Busy,
    /// Rings until the caller gives up.
    NeverAnswered,
    /// The network refuses after a while, with a SIP status.
    Failed {
        /// SIP status.
        sip: u16,
        /// After so long.
        after: Duration,
    },
}

/// What an answered telephone does. Moments count from the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A person who presses keys at their moments and then stays.
    Presses(&'static [(Duration, char)]),
    /// A person who says nothing at all.
    Silent,
    /// A person who hangs up.
    HangsUp(Duration),
    /// A person who hears the message to its end and presses a key a little later.
    Listens {
        /// So long after the last word.
        wait: Duration,
        /// The key.
        key: char,
    },
    /// Somebody's hand decides ([`super::Handset`]).
    ByHand,
    /// Somebody who called us: their script decides ([`super::CallerScript`]).
    Scripted,
    /// A person whom machine detection takes for something else, who presses keys at their moments and then stays.
    Mistaken {
        /// The keys.
        keys: &'static [(Duration, char)],
        /// What detection says …
        heard_as: &'static str,
        /// … and when.
        after: Duration,
    },
    /// A fax.
    Fax,
    /// An answering machine.
    Machine {
        /// How long its greeting is.
        greeting: Duration,
        /// Whether it takes a message after a beep; else it hangs up.
        takes_message: bool,
        /// How long a message it takes.
        tape: Duration,
    },
}

/// People stay on the line so long after their last action.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// A machine's beep.
pub const BEEP: Duration = Duration::from_millis(500);
/// A machine stops recording after so much silence …
pub const MACHINE_SILENCE: Duration = Duration::from_secs(4);
/// … and in any case after so long.
pub const MACHINE_TAPE: Duration = Duration::from_secs(60);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const SOON: Arrival = Arrival::Answered(ms(1_000));
const NOBODY: Manner = Manner::Silent;

const fn person(digits: &'static str, about: &'static str, manner: Manner) -> Persona {
    Persona { digits, about, arrival: SOON, manner }
}

const fn unanswered(digits: &'static str, about: &'static str, arrival: Arrival) -> Persona {
    Persona { digits, about, arrival, manner: NOBODY }
}

const fn machine(digits: &'static str, about: &'static str, greeting_ms: u64, takes_message: bool) -> Persona {
    person(digits, about, Manner::Machine { greeting: ms(greeting_ms), takes_message, tape: MACHINE_TAPE })
}

/// Every telephone that is special; all others are like 09. Those from 91 on are the simulated network's alone. Two keys in
/// a row stand as far apart as two tones of the laboratory's phones (160 ms and a pause of 250 ms).
pub const TABLE: &[Persona] = &[
    person("01", "presses 1", Manner::Presses(&[(ms(3_000), '1')])),
    person("02", "presses 2", Manner::Presses(&[(ms(3_000), '2')])),
    person("03", "presses 3", Manner::Presses(&[(ms(3_000), '3')])),
    person("04", "presses 7, which is no choice", Manner::Presses(&[(ms(3_000), '7')])),
    person("05", "presses 7, then 1", Manner::Presses(&[(ms(3_000), '7'), (ms(9_000), '1')])),
    person("06", "says and presses nothing", Manner::Silent),
    person("07", "presses 1 at once, into the message", Manner::Presses(&[(ms(600), '1')])),
    person("08", "hangs up", Manner::HangsUp(ms(2_000))),
    person("09", "hears it all, then presses 1", Manner::Listens { wait: ms(2_000), key: '1' }),
    machine("10", "answering machine", 9_000, true),
    machine("11", "answering machine with another beep", 9_000, true),
    machine("12", "machine that takes no message", 6_000, false),
    unanswered("13", "busy", Arrival::Busy),
    unanswered("14", "nobody answers", Arrival::NeverAnswered),
    unanswered("15", "refused", Arrival::Failed { sip: 403, after: ms(500) }),
    unanswered("16", "network congestion", Arrival::Failed { sip: 503, after: ms(500) }),
    unanswered("17", "unknown number", Arrival::Failed { sip: 404, after: ms(500) }),
    Persona {
        digits: "18",
        about: "answers late, then presses 1",
        arrival: Arrival::Answered(ms(4_000)),
        manner: Manner::Presses(&[(ms(3_000), '1')]),
    },
    person("19", "presses star", Manner::Presses(&[(ms(3_000), '*')])),
    person("20", "presses 1 twice in a row", Manner::Presses(&[(ms(3_000), '1'), (ms(3_410), '1')])),
    unanswered("21", "not reachable now", Arrival::Failed { sip: 480, after: ms(500) }),
    unanswered("22", "intercept tones, then unknown number", Arrival::Failed { sip: 404, after: ms(2_000) }),
    person("23", "presses 1 late", Manner::Presses(&[(ms(12_000), '1')])),
    person("24", "echoes what it hears", Manner::Presses(&[])),
    person("25", "stays for half a minute", Manner::HangsUp(ms(30_000))),
    person("26", "presses 9", Manner::Presses(&[(ms(3_000), '9')])),
    person("27", "presses 0", Manner::Presses(&[(ms(3_000), '0')])),
    person("91", "a fax", Manner::Fax),
    person(
        "92",
        "a machine with two seconds of tape left",
        Manner::Machine { greeting: ms(5_000), takes_message: true, tape: ms(2_000) },
    ),
    person(
        "94",
        "presses 1, and is taken for a machine after that",
        Manner::Mistaken { keys: &[(ms(3_000), '1')], heard_as: "machine_end_other", after: ms(6_000) },
    ),
    person(
        "95",
        "is taken for a machine, and presses 1 after that",
        Manner::Mistaken { keys: &[(ms(6_000), '1')], heard_as: "machine_end_other", after: ms(3_000) },
    ),
    person("98", "presses 0, and 1 some time later", Manner::Presses(&[(ms(3_000), '0'), (ms(50_000), '1')])),
    person("96", "presses 7, and 7 again in the repeat", Manner::Presses(&[(ms(3_000), '7'), (ms(9_000), '7')])),
    person("97", "presses 1, then star, then 2", Manner::Presses(&[(ms(3_000), '1'), (ms(8_000), '*'), (ms(14_000), '2')])),
];

/// The desk of a department, when a document dials it: the table of patients for who does not answer; all others answer
/// and speak for a while.
pub fn desk(number: &str) -> (Arrival, Duration) {
    let arrival = match of(number).arrival {
        arrival @ (Arrival::Busy | Arrival::NeverAnswered | Arrival::Failed { .. }) => arrival,
        Arrival::Answered(_) => SOON,
    };
    (arrival, DESK_TALK)
}

/// How long a desk speaks with a patient.
pub const DESK_TALK: Duration = Duration::from_secs(20);

/// A telephone in somebody's hand: rings until it is picked up.
pub const IN_HAND: &Persona =
    &Persona { digits: "", about: "in somebody's hand", arrival: Arrival::NeverAnswered, manner: Manner::ByHand };

/// The telephone of a number.
pub fn of(number: &str) -> &'static Persona {
    let like = |digits: &str| TABLE.iter().find(|persona| digits.ends_with(persona.digits));
    like(number).or_else(|| like("09")).expect("09 is in the table")
}

impl Persona {
    /// What machine detection hears: after so long, this word; `None` where the call is over before.
    /// `until_end` asks for the end of a machine's greeting (`DetectMessageEnd`).
    pub fn detected(&self, until_end: bool) -> Option<(Duration, &'static str)> {
        match self.manner {
            // Nobody speaks: five seconds of silence (MachineDetectionSilenceTimeout).
            Manner::Silent => Some((ms(5_000), "unknown")),
            // A hello of 0.7 s and 1.2 s of silence after it (MachineDetectionSpeechEndThreshold).
            Manner::Presses(_) | Manner::HangsUp(_) | Manner::Listens { .. } | Manner::ByHand | Manner::Scripted => {
                Some((ms(1_900), "human"))
            }
            Manner::Mistaken { heard_as, after, .. } => Some((after, heard_as)),
            Manner::Fax => Some((ms(3_000), "fax")),
            // Somebody who speaks for longer than 2.4 s is a machine (MachineDetectionSpeechThreshold).
            Manner::Machine { .. } if !until_end => Some((ms(2_400), "machine_start")),
            Manner::Machine { greeting, takes_message: true, .. } => Some((greeting + BEEP, "machine_end_beep")),
            Manner::Machine { takes_message: false, .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_the_rest_are_listeners() {
        for n in 1..=27 {
            let digits = format!("{n:02}");
            assert_eq!(of(&format!("+161755501{digits}")).digits, digits);
        }
        for (number, answers) in
            [("+16175550113", false), ("+16175550114", false), ("+16175550120", true), ("+16175550199", true)]
        {
            assert_eq!(matches!(desk(number).0, Arrival::Answered(_)), answers, "{number}");
        }
        for number in ["+16175550100", "+16175550128", "+16175550199"] {
            assert_eq!(of(number).digits, "09");
        }
        assert_eq!(TABLE.len(), 34);
    }
}
