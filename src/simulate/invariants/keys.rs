//! What keys come to by the shipped scripts: 1 and 2 choose, star takes back, 9 opts out, 7 says that the number is wrong.

use crate::core::domain::Outcome;

/// What the keys of a call decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) struct Decided {
    /// The choice that stands at the end.
    choice: Option<Outcome>,
    /// Key 9 was pressed.
    pub opted_out: bool,
    /// Key 7 was pressed where it must have been told before: after a repeat.
    wrong_number: bool,
    /// Key 7 was pressed where nobody can tell from the keys alone whether it was told.
    maybe_wrong: bool,
}

/// Follows keys in their order. After 9 the call ends, and nothing is chosen any more unless it came late: then what was pressed
/// meanwhile counts as well.
pub(in crate::simulate) fn decided(keys: &str) -> Decided {
    let mut all = Decided { choice: None, opted_out: false, wrong_number: false, maybe_wrong: false };
    let mut repeated = false;
    for key in keys.chars().filter(|key| !key.is_whitespace()) {
        match key {
            '1' => all.choice = Some(Outcome::Confirmed),
            '2' => all.choice = Some(Outcome::RescheduleRequested),
            '*' if all.choice.is_some() => {
                // The menu follows as it was: nothing is repeated.
                all.choice = None;
                continue;
            }
            '9' => all.opted_out = true,
            '7' if repeated => all.wrong_number = true,
            '7' => all.maybe_wrong = true,
            _ => {}
        }
        // What means nothing, or asks for it, is followed by the menu in its longer form, which tells key 7.
        repeated |= !matches!(key, '1' | '2' | '9');
    }
    all
}

impl Decided {
    /// The same where nobody can tell whether key 7 was told.
    pub fn untold(self) -> Decided {
        Decided { maybe_wrong: self.maybe_wrong || self.wrong_number, wrong_number: false, ..self }
    }

    /// Whether a choice stands.
    pub fn chooses(&self) -> bool {
        self.choice.is_some() && !self.wrong_number
    }

    /// Whether a call with these keys may end so.
    pub fn allows(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::WrongNumber => self.wrong_number || self.maybe_wrong,
            _ if self.wrong_number => false,
            outcome => match self.choice {
                Some(choice) => outcome == choice,
                None if self.opted_out => outcome == Outcome::OptedOut,
                None => !matches!(outcome, Outcome::Confirmed | Outcome::RescheduleRequested | Outcome::OptedOut),
            },
        }
    }
}

/// Whether the keys of `some` stand in `all`, in this order, with others between them.
pub(in crate::simulate) fn are_among(some: &str, all: &str) -> bool {
    let mut left = all.chars();
    some.chars().all(|key| left.any(|other| other == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_choice_decides() {
        for (keys, outcome, may) in [
            ("1", Outcome::Confirmed, true),
            ("12", Outcome::Confirmed, false),
            ("1*2", Outcome::RescheduleRequested, true),
            ("1*", Outcome::Confirmed, false),
            ("1*", Outcome::Heard, true),
            ("", Outcome::VoicemailLeft, true),
            ("", Outcome::Confirmed, false),
            ("19", Outcome::Confirmed, true),
            ("9", Outcome::OptedOut, true),
            ("9", Outcome::Heard, false),
            ("7", Outcome::Heard, true),
            ("7", Outcome::WrongNumber, true),
            ("77", Outcome::WrongNumber, true),
            ("77", Outcome::Heard, false),
            ("71", Outcome::Confirmed, true),
            ("91", Outcome::Confirmed, true),
            ("91", Outcome::OptedOut, false),
        ] {
            assert_eq!(decided(keys).allows(outcome), may, "{keys} {outcome:?}");
        }
    }

    #[test]
    fn keys_stand_among_others_in_their_order() {
        for (some, all, are) in [("12", "192", true), ("12", "21", false), ("", "", true), ("1", "", false), ("11", "1", false)] {
            assert_eq!(are_among(some, all), are, "{some} in {all}");
        }
    }
}
