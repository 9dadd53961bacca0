//! The tables of a file as TOML has them: which keys there are.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use toml::Spanned;

/// The limits with what they may be.
pub(super) const LIMITS: [(&str, u32, u32); 5] = [
    ("limits.repeats", 0, 3),
    ("limits.asked_repeats", 1, 10),
    ("limits.key_timeout_s", 2, 60),
    ("limits.change_timeout_s", 2, 60),
    ("limits.long_timeout_s", 2, 60),
];

/// A list of words, where there is one.
pub(super) type Words = Option<Vec<Spanned<String>>>;

#[derive(Deserialize)]
pub(super) struct Head {
    pub kind: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallFile {
    #[allow(dead_code, reason = "read with the head")]
    kind: IgnoredAny,
    pub extends: Option<Spanned<String>>,
    pub consent_recorded: Option<Spanned<bool>>,
    pub opening: Words,
    pub message: Words,
    pub message_several: Words,
    pub menu: Words,
    pub menu_again: Words,
    pub menu_desk: Words,
    #[serde(default)]
    pub keys: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub replies: RepliesTable,
    #[serde(default)]
    pub limits: LimitsTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RepliesTable {
    confirmed: Words,
    confirmed_several: Words,
    reschedule: Words,
    undone: Words,
    opted_out: Words,
    wrong_number: Words,
    connecting: Words,
    desk_closed: Words,
    desk_no_answer: Words,
    no_choice: Words,
    not_a_choice: Words,
    giving_up: Words,
    withdrawn: Words,
    goodbye: Words,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsTable {
    repeats: Option<Spanned<u32>>,
    asked_repeats: Option<Spanned<u32>>,
    key_timeout_s: Option<Spanned<u32>>,
    change_timeout_s: Option<Spanned<u32>>,
    long_timeout_s: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageFile {
    #[allow(dead_code, reason = "read with the head")]
    kind: IgnoredAny,
    pub extends: Option<Spanned<String>>,
    pub message: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomingFile {
    #[allow(dead_code, reason = "read with the head")]
    kind: IgnoredAny,
    pub extends: Option<Spanned<String>>,
    pub welcome: Words,
    pub birthday: Words,
    pub wrong: Words,
    pub office: Words,
    pub office_withheld: Words,
    pub opted_out: Words,
    pub goodbye: Words,
    #[serde(default)]
    pub limits: IncomingLimits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomingLimits {
    pub key_timeout_s: Option<Spanned<u32>>,
    pub long_timeout_s: Option<Spanned<u32>>,
}

impl CallFile {
    /// Every list of words by its key.
    pub fn words(self) -> [(&'static str, Words); 20] {
        let replies = self.replies;
        [
            ("opening", self.opening),
            ("message", self.message),
            ("message_several", self.message_several),
            ("menu", self.menu),
            ("menu_again", self.menu_again),
            ("menu_desk", self.menu_desk),
            ("replies.confirmed", replies.confirmed),
            ("replies.confirmed_several", replies.confirmed_several),
            ("replies.reschedule", replies.reschedule),
            ("replies.undone", replies.undone),
            ("replies.opted_out", replies.opted_out),
            ("replies.wrong_number", replies.wrong_number),
            ("replies.connecting", replies.connecting),
            ("replies.desk_closed", replies.desk_closed),
            ("replies.desk_no_answer", replies.desk_no_answer),
            ("replies.no_choice", replies.no_choice),
            ("replies.not_a_choice", replies.not_a_choice),
            ("replies.giving_up", replies.giving_up),
            ("replies.withdrawn", replies.withdrawn),
            ("replies.goodbye", replies.goodbye),
        ]
    }

    /// Every limit that is given.
    pub fn numbers(&mut self) -> impl Iterator<Item = ((&'static str, u32, u32), Spanned<u32>)> + use<> {
        let limits = std::mem::take(&mut self.limits);
        let given = [limits.repeats, limits.asked_repeats, limits.key_timeout_s, limits.change_timeout_s, limits.long_timeout_s];
        LIMITS.into_iter().zip(given).filter_map(|(limit, number)| Some((limit, number?)))
    }
}
