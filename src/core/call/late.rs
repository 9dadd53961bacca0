//! Webhooks that come late: keys in the order in which they were pressed, and what is said where an address failed.

use super::machine::{Call, Given, Kind, Reaction};
use super::outcome::Choice;
use super::{Key, KeyAction, TransferResult};

/// How often what was said is said once more; then the number to call, and the end.
const MOST_FALLBACKS: usize = 8;

/// A key that was pressed.
#[derive(Debug, Clone, Copy)]
struct Pressed {
    step: u32,
    key: Key,
    meaning: Option<KeyAction>,
    /// Whether it takes a choice back by the script, also where there was none by then.
    takes_back: bool,
}

/// The keys of a call. Steps are given one after the other: a key that answers an earlier step was pressed earlier, whenever
/// it is heard of.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Vec<Pressed>);

impl Keys {
    /// Takes a key with its meaning; whether none is known that was pressed after it.
    pub fn press(&mut self, step: u32, key: Key, meaning: Option<KeyAction>, takes_back: bool) -> bool {
        let place = self.0.partition_point(|pressed| pressed.step <= step);
        self.0.insert(place, Pressed { step, key, meaning, takes_back });
        place + 1 == self.0.len()
    }

    /// Whether a key is known that was pressed after those of a step.
    pub fn any_after(&self, step: u32) -> bool {
        self.0.last().is_some_and(|pressed| pressed.step > step)
    }

    /// Whether something was chosen or taken back after a step.
    fn chosen_after(&self, step: u32) -> bool {
        let chooses = |meaning| matches!(meaning, KeyAction::Confirm | KeyAction::Reschedule | KeyAction::Undo);
        let of = |pressed: &Pressed| pressed.takes_back || pressed.meaning.is_some_and(chooses);
        self.0.iter().any(|pressed| pressed.step > step && of(pressed))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which they were pressed.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|pressed| pressed.key.as_char()).collect()
    }
}

impl Call {
    /// A key that was pressed before others which were heard of first: what was chosen since stands, and nobody waits for an
    /// answer. That no more calls are wanted and that the number is wrong counts whenever it comes.
    pub(super) fn pressed_earlier(&mut self, step: u32, meaning: Option<KeyAction>) -> Reaction {
        let mut opt_out = false;
        let is_last_word = !self.facts.keys.chosen_after(step);
        match meaning {
            Some(KeyAction::OptOut) => opt_out = !std::mem::replace(&mut self.facts.opted_out, true),
            Some(KeyAction::WrongNumber) => self.facts.wrong_number = true,
            Some(KeyAction::Confirm) if is_last_word => self.facts.choice = Some(Choice::Confirm),
            Some(KeyAction::Reschedule) if is_last_word => self.facts.choice = Some(Choice::Reschedule),
            Some(KeyAction::Undo) if is_last_word => self.facts.choice = None,
            Some(KeyAction::Transfer) if is_last_word => self.facts.desk.missed(),
            _ => {}
        }
        Reaction { opt_out, ..self.same_again() }
    }

    /// Whether the carrier has given up asking what follows a step: what is said in answer is heard by nobody.
    pub(super) fn is_given_up(&self, step: u32) -> bool {
        self.given.iter().skip(step as usize).any(|given| given.again)
    }

    /// The answer to the last step did not arrive, and it is said once more, as a step of its own. Where an earlier one failed,
    /// what followed it is said: nobody has heard that yet. A desk that was dialled is not dialled once more; what came of it
    /// may still be told.
    pub(super) fn once_more(&mut self, failed: u32) -> Reaction {
        let Some(last) = self.given.last() else { return self.same_again() };
        let (kind, mut step) = (last.kind, last.step.clone());
        // No address of a step that was never given can have failed.
        if failed > step.number {
            return self.same_again();
        }
        if kind == Kind::Desk {
            return self.desk_result(step.number, TransferResult::Failed);
        }
        if failed != step.number {
            return self.same_again();
        }
        let is_end = matches!(kind, Kind::End(_));
        if !is_end && self.given.iter().filter(|given| given.again).count() >= MOST_FALLBACKS {
            return self.finish();
        }
        step.number += 1;
        self.given.push(Given { step, kind, answered: false, again: true });
        self.same_again()
    }
}
