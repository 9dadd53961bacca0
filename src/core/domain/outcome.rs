//! What came of a call.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word used in outputs and the store.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }
    };
}

words! {
    /// What came of one call (interfaces, section 5).
    Outcome {
        /// Key 1 stood at the end.
        Confirmed = "confirmed",
        /// Key 2 stood at the end.
        RescheduleRequested = "reschedule_requested",
        /// The message played once to its end; no choice stands.
        Heard = "heard",
        /// Key 9, and no choice stands.
        OptedOut = "opted_out",
        /// Somebody said that the number is not the patient's (key 7 in the shipped scripts), whatever was chosen before.
        WrongNumber = "wrong_number",
        /// Connected to a person.
        Transferred = "transferred",
        /// The voicemail was played to its end.
        VoicemailLeft = "voicemail_left",
        /// The voicemail was cut short.
        VoicemailIncomplete = "voicemail_incomplete",
        /// A machine answered and no message was to be left.
        MachineNoMessage = "machine_no_message",
        /// Hung up before the message had played once.
        HungUpEarly = "hung_up_early",
        /// It rang out.
        NoAnswer = "no_answer",
        /// Busy.
        Busy = "busy",
        /// It could not be completed.
        Failed = "failed",
        /// The visit changed or was withdrawn meanwhile.
        Superseded = "superseded",
    }
}

words! {
    /// What ended a call, beyond its outcome.
    EndReason {
        /// The patient hung up.
        HungUp = "hung_up",
        /// The script came to its end.
        ScriptEnd = "script_end",
        /// No choice after the last repeat.
        NoChoice = "no_choice",
        /// The longest possible call was over.
        Deadline = "deadline",
        /// Rang out.
        NoAnswer = "no_answer",
        /// Busy.
        Busy = "busy",
        /// The carrier or the network could not complete it.
        CarrierFault = "carrier_fault",
        /// The carrier refused to place it; no call exists.
        Refused = "refused",
        /// A fax machine.
        Fax = "fax",
        /// The carrier cannot reach the number today; on one later day it may.
        Unreachable = "unreachable",
        /// The carrier calls the number invalid or unreachable for good.
        BadNumber = "bad_number",
        /// Its fate stayed unknown after the longest possible call.
        Unknown = "unknown",
        /// The carrier, asked over a minute, said three times that it does not know the call.
        NeverPlaced = "never_placed",
        /// The visit changed or was withdrawn.
        VisitChanged = "visit_changed",
        /// Withdrawn before it was placed.
        Withdrawn = "withdrawn",
        /// A machine answered.
        Machine = "machine",
    }
}

words! {
    /// Who or what answered.
    AnsweredBy {
        /// A person.
        Human = "human",
        /// A machine whose greeting is over: leave the message now.
        MachineEnd = "machine_end",
        /// A machine whose greeting is still on.
        MachineStart = "machine_start",
        /// A fax machine.
        Fax = "fax",
        /// Could be either.
        Unknown = "unknown",
    }
}

impl Outcome {
    /// Whether the telephone rang, so that the call counts under the caps. Busy and failed never rang, whatever was
    /// reported on the way, but a call whose fate stayed unknown counts.
    pub fn rang(self, end_reason: Option<EndReason>) -> bool {
        match self {
            Outcome::Busy => false,
            Outcome::Failed => matches!(end_reason, Some(EndReason::Unknown | EndReason::Fax)),
            Outcome::Superseded => end_reason != Some(EndReason::Withdrawn),
            _ => true,
        }
    }

    /// Whether the patient said what they want: nothing more is asked about this visit.
    pub fn settles_visit(self) -> bool {
        matches!(
            self,
            Outcome::Confirmed | Outcome::OptedOut | Outcome::Transferred | Outcome::RescheduleRequested | Outcome::WrongNumber
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
        }
        assert_eq!(serde_json::to_string(&Outcome::VoicemailLeft).expect("a word"), "\"voicemail_left\"");
    }

    #[test]
    fn busy_and_failed_never_rang_but_an_unknown_fate_counts() {
        assert!(!Outcome::Busy.rang(Some(EndReason::Busy)));
        assert!(!Outcome::Failed.rang(Some(EndReason::CarrierFault)));
        assert!(Outcome::Failed.rang(Some(EndReason::Unknown)));
        assert!(Outcome::NoAnswer.rang(Some(EndReason::NoAnswer)));
    }
}
