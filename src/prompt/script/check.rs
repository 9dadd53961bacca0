//! What the law and the machine ask of a script's words and keys (calling-rules; the rule stands in each message).

use super::file::{ACTIONS, Reader, Said};
use crate::core::call::{Key, KeyAction, Segment, Slot};
use std::collections::BTreeMap;

/// Who calls comes first, and how to stop these calls right after it, or at the end with the keys.
pub(super) fn opening(reader: &mut Reader, opening: &Said, menu: &Said) {
    if opening.segments.is_empty() || menu.segments.is_empty() {
        return;
    }
    who_calls_first(reader, "opening", opening);
    let number = opening.segments.iter().position(|segment| *segment == Segment::Slot(Slot::CallbackNumber));
    let right_after = number.and_then(|at| opening.segments.get(at + 1));
    if !right_after.is_some_and(offers_opt_out) && !menu.segments.last().is_some_and(offers_opt_out) {
        let message = "the way to stop these calls is not offered: want a phrase such as say/opt-out right after \
                       {callback_number} (L-08), or, with recorded consent, at the end of the menu";
        reader.fault_at(opening.byte, "opt_out_not_offered", message);
    }
}

fn offers_opt_out(segment: &Segment) -> bool {
    matches!(segment, Segment::Phrase(id) if id.as_str().contains("opt-out"))
}

/// Key 9 is said in every call, so it must do what is said; and an action without a key can never happen.
pub(super) fn keys(reader: &mut Reader, keys: &BTreeMap<Key, KeyAction>) {
    let nine = Key::new('9').and_then(|key| keys.get(&key));
    if nine != Some(&KeyAction::OptOut) {
        reader.fault_in_keys("key_9", "key 9 must stop all automated calls: want 9 = \"opt_out\" (L-08, L-17)");
    }
    for (name, action) in ACTIONS {
        if !matches!(action, KeyAction::OptOut | KeyAction::WrongNumber) && !keys.values().any(|a| *a == action) {
            reader.fault_in_keys("missing_action", format!("no key means `{name}`: want one, such as {}", usual(action)));
        }
    }
}

fn usual(action: KeyAction) -> &'static str {
    match action {
        KeyAction::Confirm => "1 = \"confirm\"",
        KeyAction::Reschedule => "2 = \"reschedule\"",
        KeyAction::Repeat => "3 = \"repeat\"",
        KeyAction::OptOut => "9 = \"opt_out\"",
        KeyAction::Undo => "\"*\" = \"undo\"",
        KeyAction::WrongNumber => "7 = \"wrong_number\"",
    }
}

/// It may be the first thing that is said, and what it was about is no longer true.
pub(super) fn withdrawn(reader: &mut Reader, said: &Said) {
    if said.segments.is_empty() {
        return;
    }
    who_calls_first(reader, "replies.withdrawn", said);
    only(reader, "replies.withdrawn", said, &[Slot::Organization, Slot::CallbackNumber], "the visit has changed");
}

/// Anybody may hear it.
pub(super) fn voicemail(reader: &mut Reader, name: &str, said: &Said) {
    use Slot::*;
    if said.segments.is_empty() {
        return;
    }
    who_calls_first(reader, "message", said);
    if !said.segments.contains(&Segment::Slot(OptOutNumber)) {
        reader.fault_at(said.byte, "opt_out_not_offered", "message: a voicemail says the {opt_out_number} (L-15)");
    }
    let minimal = [Organization, CallbackNumber, OptOutNumber];
    let standard = [Organization, CallbackNumber, OptOutNumber, Day, Time];
    let allowed: &[Slot] = if name == "voicemail-minimal" { &minimal } else { &standard };
    only(reader, "message", said, allowed, "a stranger may hear a voicemail (L-35)");
}

/// It is said where no call is known.
pub(super) fn announcement(reader: &mut Reader, said: &Said) {
    only(reader, "message", said, &[Slot::Organization, Slot::CallbackNumber], "an announcement knows no call");
}

/// The organization and then its number come before any other fact (L-04, L-12).
fn who_calls_first(reader: &mut Reader, key: &str, said: &Said) {
    let places = said.segments.iter().filter_map(|segment| match segment {
        Segment::Slot(slot) => Some(*slot),
        Segment::Phrase(_) => None,
    });
    if !places.take(2).eq([Slot::Organization, Slot::CallbackNumber]) {
        let message = format!("{key}: {{organization}} and then {{callback_number}} come first (L-04)");
        reader.fault_at(said.byte, "who_calls_first", message);
    }
}

fn only(reader: &mut Reader, key: &str, said: &Said, allowed: &[Slot], why: &str) {
    for (slot, name) in Slot::NAMES {
        if said.segments.contains(&Segment::Slot(slot)) && !allowed.contains(&slot) {
            reader.fault_at(said.byte, "place_not_allowed", format!("{key}: {{{name}}} is not said here: {why}"));
        }
    }
}
