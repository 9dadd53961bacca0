//! A chain of files to one whole script: each word, key and number from the nearest file that says it.

use super::draft::{Draft, Place, Said};
use super::file::missing_words;
use super::tables::LIMITS;
use super::{check, check_desk};
use crate::core::call::{CallScript, Key, KeyAction, Replies, ScriptLimits, Segment};
use crate::fault::Fault;
use std::collections::BTreeMap;

/// A script being put together.
pub(super) struct Whole<'a> {
    chain: &'a [&'a Draft],
    pub(super) faults: Vec<Fault>,
}

/// The keys of a script, each with the place that gives it its meaning.
pub(super) struct Keys<'a> {
    pub meanings: BTreeMap<Key, (KeyAction, &'a Place)>,
    /// Meanings that a nearer file took away or replaced, and where.
    pub lost: Vec<(KeyAction, &'a Place)>,
}

/// The script that a chain makes, the nearest file first, and what is wrong with it.
pub(super) fn whole(name: &str, chain: &[&Draft]) -> (CallScript, Vec<Fault>) {
    let mut all = Whole { chain, faults: Vec::new() };
    let opening = all.said("opening");
    let message = all.said("message");
    let message_several = all.with_its("message", "message_several").or(message);
    let menu = all.said("menu");
    let menu_again = all.with_its("menu", "menu_again");
    let keys = all.keys();
    let wrong_number = match keys.meanings.values().any(|(action, _)| *action == KeyAction::WrongNumber) {
        true => all.said("replies.wrong_number"),
        false => all.find("replies.wrong_number"),
    };
    // Words about a desk that no key leads to are never said.
    let to_desk = keys.meanings.values().any(|(action, _)| *action == KeyAction::Transfer);
    let mut of_desk = |key| to_desk.then(|| all.said(key)).flatten();
    let menu_desk = of_desk("menu_desk");
    let (connecting, desk_no_answer) = (of_desk("replies.connecting"), of_desk("replies.desk_no_answer"));
    let desk_closed = of_desk("replies.desk_closed");
    let withdrawn = all.said("replies.withdrawn");
    let confirmed = all.said("replies.confirmed");
    let confirmed_several = all.with_its("replies.confirmed", "replies.confirmed_several");
    let mut reply = |key| words(all.said(key));
    let replies = Replies {
        confirmed: words(confirmed),
        confirmed_several: words(confirmed_several.or(confirmed)),
        reschedule: reply("replies.reschedule"),
        undone: reply("replies.undone"),
        opted_out: reply("replies.opted_out"),
        wrong_number: words(wrong_number),
        connecting: words(connecting),
        desk_closed: words(desk_closed),
        desk_no_answer: words(desk_no_answer),
        no_choice: reply("replies.no_choice"),
        not_a_choice: reply("replies.not_a_choice"),
        giving_up: reply("replies.giving_up"),
        withdrawn: words(withdrawn),
        goodbye: reply("replies.goodbye"),
    };
    let limits = all.limits();
    check::opening(&mut all, opening, menu);
    check::withdrawn(&mut all, withdrawn);
    check::keys(&mut all, &keys);
    check::told(&mut all, &keys, menu, menu_again, confirmed_several);
    if to_desk {
        check_desk::told(&mut all, &keys, menu_desk);
    }
    check_desk::hours(&mut all);
    let script = CallScript {
        name: name.to_string(),
        opening: words(opening),
        message: words(message),
        message_several: words(message_several),
        menu: words(menu),
        menu_again: words(menu_again.or(menu)),
        menu_desk: words(menu_desk),
        keys: keys.meanings.into_iter().map(|(key, (action, _))| (key, action)).collect(),
        replies,
        limits,
    };
    (script, all.faults)
}

impl<'a> Whole<'a> {
    /// The file of the script itself.
    pub(super) fn own(&self) -> &'a Draft {
        self.chain[0]
    }

    /// The words of a key, where any file of the chain says them.
    pub(super) fn find(&self, key: &str) -> Option<&'a Said> {
        self.chain.iter().find_map(|draft| draft.said.get(key))
    }

    /// Every list of words that this script says, from the nearest file that says it.
    pub(super) fn every_word(&self) -> impl Iterator<Item = (&'static str, &'a Said)> + use<'a> {
        let mut said = BTreeMap::new();
        for draft in self.chain.iter().rev() {
            said.extend(draft.said.iter().map(|(key, words)| (*key, words)));
        }
        said.into_iter()
    }

    fn said(&mut self, key: &str) -> Option<&'a Said> {
        let found = self.find(key);
        if found.is_none() {
            self.missing(key, missing_words(key));
        }
        found
    }

    /// Words that belong to others (the repeats' menu to the menu): whoever says those anew does not inherit these.
    fn with_its(&self, main: &str, key: &str) -> Option<&'a Said> {
        let near = self.chain.iter().position(|draft| draft.said.contains_key(main))?;
        self.chain[..=near].iter().find_map(|draft| draft.said.get(key))
    }

    fn keys(&self) -> Keys<'a> {
        let mut keys = Keys { meanings: BTreeMap::new(), lost: Vec::new() };
        for (key, line) in self.chain.iter().rev().flat_map(|draft| &draft.keys) {
            let before = match line.action {
                Some(action) => keys.meanings.insert(*key, (action, &line.place)),
                None => keys.meanings.remove(key),
            };
            keys.lost.extend(before.map(|(action, _)| (action, &line.place)));
        }
        keys
    }

    fn limits(&mut self) -> ScriptLimits {
        let [repeats, asked_repeats, key_timeout_s, change_timeout_s, long_timeout_s] = LIMITS.map(|(key, low, high)| {
            let found = self.chain.iter().find_map(|draft| draft.limits.get(key)).copied();
            if found.is_none() {
                self.missing(key, format!("`{key}` is missing: want a whole number from {low} to {high}"));
            }
            found.unwrap_or(low)
        });
        ScriptLimits { repeats, asked_repeats, key_timeout_s, change_timeout_s, long_timeout_s }
    }

    fn missing(&mut self, key: &str, message: String) {
        let fault = match key.split_once('.') {
            Some((table, _)) => self.own().source.fault_in(table, "missing_key", message + &self.looked_in()),
            None => self.own().source.fault_of_file("missing_key", message + &self.looked_in()),
        };
        self.faults.push(fault);
    }

    /// Which files were looked through, where there is more than one.
    pub(super) fn looked_in(&self) -> String {
        let names: Vec<_> = self.chain.iter().map(|draft| draft.source.name.as_str()).collect();
        if names.len() == 1 { String::new() } else { format!(" (looked in {})", names.join(" -> ")) }
    }
}

fn words(said: Option<&Said>) -> Vec<Segment> {
    said.map(|said| said.segments.clone()).unwrap_or_default()
}
