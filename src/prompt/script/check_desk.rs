//! What is asked of the words about a desk: they are said only in calls that have one.

use super::check::{only_keys_that_work, untold};
use super::draft::Said;
use super::whole::{Keys, Whole};
use crate::core::call::{KeyAction, Segment, Slot};

/// Where the places for the desk's hours are filled.
const CLOSED: &str = "replies.desk_closed";

/// The key is told of, and every other key that these words tell of works.
pub(super) fn told(all: &mut Whole, keys: &Keys, menu_desk: Option<&Said>) {
    for part in ["replies.connecting", CLOSED, "replies.desk_no_answer"] {
        let said = all.find(part);
        only_keys_that_work(all, keys, said, true);
    }
    only_keys_that_work(all, keys, menu_desk, true);
    if let Some(said) = menu_desk.filter(|said| !said.segments.is_empty()) {
        untold(all, keys, KeyAction::Transfer, "menu_desk", &[said]);
    }
}

/// When the desk opens is known in one answer only; elsewhere the place would stay empty.
pub(super) fn hours(all: &mut Whole) {
    for (key, said) in all.every_word().filter(|(key, _)| *key != CLOSED) {
        for (slot, name) in [(Slot::DeskDay, "desk_day"), (Slot::DeskTime, "desk_time")] {
            if said.segments.contains(&Segment::Slot(slot)) {
                let message = format!("{key}: {{{name}}} is not said here: when the desk opens is told in {CLOSED} alone");
                all.faults.push(said.fault("place_not_allowed", message));
            }
        }
    }
}
