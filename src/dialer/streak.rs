//! Refusals in a row: each alone says little, so many of them that it is our account, not the calls.
//!
//! Each process counts for itself; the pause that follows is everybody's.

use crate::carrier::Refusal;
use crate::core::domain::PhoneNumber;
use crate::core::ids::AttemptId;
use std::collections::BTreeSet;

/// So many different attempts, or numbers, without a call placed between.
const TOO_MANY: usize = 3;

/// What was refused since the last call that was placed.
#[derive(Debug, Default)]
pub(super) struct Streak {
    /// Attempts that were refused for a reason nobody knows.
    strange: BTreeSet<AttemptId>,
    /// Numbers that we may not call.
    blocked: BTreeSet<PhoneNumber>,
}

impl Streak {
    /// A call was placed.
    pub fn clear(&mut self) {
        *self = Streak::default();
    }

    /// What a refusal is about, those before it considered. `tries_the_account`: it answers the one call by which is found out
    /// whether our account is taken again.
    pub fn weigh(&mut self, why: Refusal, attempt: &AttemptId, to: &PhoneNumber, tries_the_account: bool) -> Refusal {
        match why {
            Refusal::Other => {
                self.strange.insert(attempt.clone());
                if tries_the_account || self.strange.len() >= TOO_MANY { Refusal::Account } else { why }
            }
            Refusal::Blocked => {
                // Somebody has looked: should it be these numbers after all, the others must get their turn.
                if tries_the_account {
                    self.blocked.clear();
                }
                self.blocked.insert(to.clone());
                if self.blocked.len() >= TOO_MANY { Refusal::Account } else { why }
            }
            _ => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (what is refused and whose, one letter each; what each counts as).
    #[test]
    fn three_in_a_row_are_the_accounts() {
        for (story, counts_as) in [
            ("Oa Ob Oc Od", "O O A A"),
            ("Oa Oa Oa", "O O O"),
            ("Oa Ob . Oc Od Oe", "O O O O A"),
            ("Ba Bb Bc", "B B A"),
            ("Ba Ba Ba", "B B B"),
            ("Ba Bb . Bc", "B B B"),
            ("Oa Ba Ob Bb", "O B O B"),
            // The one call that is tried once somebody has acted.
            ("Oa!", "A"),
            ("Ba Bb Bc Bc! Bd Be", "B B A B B A"),
        ] {
            let mut streak = Streak::default();
            let mut got = Vec::new();
            for one in story.split(' ') {
                let Some((kind, whose)) = one.split_at_checked(1).filter(|(kind, _)| *kind != ".") else {
                    streak.clear();
                    continue;
                };
                let why = if kind == "O" { Refusal::Other } else { Refusal::Blocked };
                let digit = whose.bytes().next().map_or(0, |letter| letter - b'a');
                let to = PhoneNumber::parse(&format!("+1617555010{digit}")).expect("a number");
                got.push(match streak.weigh(why, &AttemptId::new(whose), &to, one.ends_with('!')) {
                    Refusal::Account => "A",
                    Refusal::Other => "O",
                    _ => "B",
                });
            }
            assert_eq!(got.join(" "), counts_as, "{story}");
        }
    }
}
