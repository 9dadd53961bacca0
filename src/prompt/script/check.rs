//! What the law and the machine ask of a script's words and keys (calling-rules; the rule stands in each message).

use super::draft::Said;
use super::file::ACTIONS;
use super::whole::{Keys, Whole};
use crate::core::call::{Key, KeyAction, Segment, Slot, keys_told};
use crate::fault::Fault;

/// Who calls comes first, and how to stop these calls right after it; at the end with the keys only where the hospital has
/// recorded consent to these very calls. (How long it takes until then is measured where the recordings are known.)
pub(super) fn opening(all: &mut Whole, opening: Option<&Said>, menu: Option<&Said>) {
    let (Some(opening), Some(menu)) = (spoken(opening), spoken(menu)) else { return };
    all.faults.extend(who_calls_first("opening", opening));
    let number = opening.segments.iter().position(|segment| *segment == Segment::Slot(Slot::CallbackNumber));
    let right_after = number.and_then(|at| opening.segments.get(at + 1));
    if right_after.is_some_and(offers_opt_out) {
        return;
    }
    if !menu.segments.last().is_some_and(offers_opt_out) {
        let message = "the way to stop these calls is not offered: want a phrase such as say/opt-out right after \
                       {callback_number} (L-08), or, with recorded consent, at the end of the menu";
        all.faults.push(opening.fault("opt_out_not_offered", message));
    } else if !all.own().consent_recorded {
        let message = "the way to stop these calls is offered at the end only: that wants recorded consent (L-08). Say \
                       consent_recorded = true in this very script where the hospital has it, or offer it right after \
                       {callback_number}";
        all.faults.push(menu.fault("opt_out_at_the_end", message));
    }
}

fn offers_opt_out(segment: &Segment) -> bool {
    matches!(segment, Segment::Phrase(id) if id.as_str().contains("opt-out"))
}

/// Key 9 is said in every call, so it must do what is said; and an action without a key can never happen.
pub(super) fn keys(all: &mut Whole, keys: &Keys) {
    let own = all.own();
    let fault = |at: Option<&super::draft::Place>, code, message: String| match at {
        Some(place) => place.fault(code, message),
        None => own.source.fault_in("keys", code, message),
    };
    let lost = |action| keys.lost.iter().rev().find(|(lost, _)| *lost == action).map(|(_, place)| *place);
    let nine = Key::new('9').and_then(|key| keys.meanings.get(&key));
    if nine.map(|(action, _)| *action) != Some(KeyAction::OptOut) {
        let at = nine.map(|(_, place)| *place).or_else(|| lost(KeyAction::OptOut));
        let message = "key 9 must stop all automated calls: want 9 = \"opt_out\" (L-08, L-17)".to_string();
        all.faults.push(fault(at, "key_9", message + &all.looked_in()));
    }
    for (name, action) in ACTIONS {
        let is_needed = !matches!(action, KeyAction::OptOut | KeyAction::WrongNumber | KeyAction::Transfer);
        if is_needed && !keys.meanings.values().any(|(meaning, _)| *meaning == action) {
            let message = format!("no key means `{name}`: want one, such as {}", usual(action));
            all.faults.push(fault(lost(action), "missing_action", message + &all.looked_in()));
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
        KeyAction::Transfer => "0 = \"transfer\"",
    }
}

/// The words that may tell of keys; those about the desk are said in some calls only ([`check_desk`](super::check_desk)).
const PARTS: [&str; 14] = [
    "opening",
    "menu",
    "menu_again",
    "replies.confirmed",
    "replies.confirmed_several",
    "replies.reschedule",
    "replies.undone",
    "replies.opted_out",
    "replies.wrong_number",
    "replies.no_choice",
    "replies.not_a_choice",
    "replies.giving_up",
    "replies.withdrawn",
    "replies.goodbye",
];

/// The keys that are told by the name of a phrase are those that mean something, and the other way round.
pub(super) fn told(
    all: &mut Whole,
    keys: &Keys,
    menu: Option<&Said>,
    menu_again: Option<&Said>,
    confirmed_several: Option<&Said>,
) {
    for part in PARTS {
        let said = match part {
            "menu_again" => menu_again,
            "replies.confirmed_several" => confirmed_several,
            _ => all.find(part),
        };
        only_keys_that_work(all, keys, said, false);
    }
    for (part, said) in [("menu", menu), ("menu_again", menu_again)] {
        let Some(said) = spoken(said) else { continue };
        for action in [KeyAction::Confirm, KeyAction::Reschedule, KeyAction::Repeat] {
            untold(all, keys, action, part, &[said]);
        }
    }
    if let Some(menu) = spoken(menu) {
        let again = spoken(menu_again);
        untold(all, keys, KeyAction::WrongNumber, "menu_again", &again.into_iter().chain([menu]).collect::<Vec<_>>());
    }
}

/// A fault for each phrase that tells of a key that does nothing, or does something in other calls only.
pub(super) fn only_keys_that_work(all: &mut Whole, keys: &Keys, said: Option<&Said>, has_desk: bool) {
    for (phrase, place) in said.into_iter().flat_map(Said::phrases) {
        for key in keys_told(phrase) {
            let (why, advice) = match keys.meanings.get(&key) {
                None => ("means nothing", "give it a meaning under [keys], or say another phrase"),
                Some((KeyAction::Transfer, _)) if !has_desk => ("works in calls with a desk only", "say it in `menu_desk`"),
                Some(_) => continue,
            };
            let of_script = in_script(all, &place.source.name);
            let message = format!("`{phrase}` tells of key {key}, which {why}{of_script}: {advice}");
            all.faults.push(place.fault("key_without_meaning", message));
        }
    }
}

/// A fault where none of these words tells of a key with this action.
pub(super) fn untold(all: &mut Whole, keys: &Keys, action: KeyAction, part: &str, said: &[&Said]) {
    let means: Vec<Key> = keys.meanings.iter().filter(|(_, (meaning, _))| *meaning == action).map(|(key, _)| *key).collect();
    let (Some(key), Some(place)) = (means.first(), said.first()) else { return };
    let told = said.iter().flat_map(|said| said.phrases());
    if told.flat_map(|(phrase, _)| keys_told(phrase).collect::<Vec<_>>()).any(|key| means.contains(&key)) {
        return;
    }
    let name = ACTIONS.iter().find(|(_, known)| *known == action).map_or("", |(name, _)| name);
    let ending = if key.as_char() == '*' { "star".to_string() } else { key.to_string() };
    let message = format!(
        "{part}: nobody is told of key {key}, which means `{name}`{}: want a phrase whose name ends in -{ending}",
        in_script(all, &place.source.name)
    );
    all.faults.push(place.fault("untold_key", message));
}

/// Names the script where the words stand in another one's file.
fn in_script(all: &Whole, said_in: &str) -> String {
    let own = &all.own().source.name;
    if own == said_in { String::new() } else { format!(" in the script {own}") }
}

/// It may be the first thing that is said, and what it was about is no longer true.
pub(super) fn withdrawn(all: &mut Whole, said: Option<&Said>) {
    let Some(said) = spoken(said) else { return };
    all.faults.extend(who_calls_first("replies.withdrawn", said));
    let allowed = [Slot::Organization, Slot::CallbackNumber];
    all.faults.extend(only("replies.withdrawn", said, &allowed, "the visit has changed"));
}

/// Anybody may hear it.
pub(super) fn voicemail(name: &str, said: &Said) -> Vec<Fault> {
    use Slot::*;
    let Some(said) = spoken(Some(said)) else { return Vec::new() };
    let mut faults: Vec<_> = who_calls_first("message", said).into_iter().collect();
    if !said.segments.contains(&Segment::Slot(OptOutNumber)) {
        faults.push(said.fault("opt_out_not_offered", "message: a voicemail says the {opt_out_number} (L-15)"));
    }
    let minimal = [Organization, CallbackNumber, OptOutNumber];
    let standard = [Organization, CallbackNumber, OptOutNumber, Day, Time];
    let allowed: &[Slot] = if name == "voicemail-minimal" { &minimal } else { &standard };
    faults.extend(only("message", said, allowed, "a stranger may hear a voicemail (L-35)"));
    faults
}

/// It is said where no call is known.
pub(super) fn announcement(said: &Said) -> Vec<Fault> {
    where_no_call_is_known("message", said)
}

/// Nothing of any call is said.
pub(super) fn where_no_call_is_known(key: &str, said: &Said) -> Vec<Fault> {
    only(key, said, &[Slot::Organization, Slot::CallbackNumber], "no call is known here").collect()
}

/// The organization and then its number come before any other fact, after one phrase at most (L-04, L-12). How soon is
/// measured where the recordings are known.
fn who_calls_first(key: &str, said: &Said) -> Option<Fault> {
    let places = said.segments.iter().filter_map(|segment| match segment {
        Segment::Slot(slot) => Some(*slot),
        Segment::Phrase(_) => None,
    });
    let late = said.segments.iter().take_while(|segment| matches!(segment, Segment::Phrase(_))).count() > 1;
    let message = || {
        format!(
            "{key}: {{organization}} and then {{callback_number}} come first (L-04): one phrase at most, such as say/hello, \
             stands before, and phrases alone between"
        )
    };
    let in_order = places.take(2).eq([Slot::Organization, Slot::CallbackNumber]);
    (late || !in_order).then(|| said.fault("who_calls_first", message()))
}

fn only<'a>(key: &'a str, said: &'a Said, allowed: &'a [Slot], why: &'a str) -> impl Iterator<Item = Fault> + 'a {
    Slot::NAMES
        .into_iter()
        .filter(|(slot, _)| said.segments.contains(&Segment::Slot(*slot)) && !allowed.contains(slot))
        .map(move |(_, name)| said.fault("place_not_allowed", format!("{key}: {{{name}}} is not said here: {why}")))
}

/// Words in which something can be looked for: where there are none, or none that can be read, that was told.
fn spoken(said: Option<&Said>) -> Option<&Said> {
    said.filter(|said| !said.segments.is_empty())
}
