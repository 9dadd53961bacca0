//! What a call says and which keys it takes: data (`prompts/scripts/*.toml`), parsed into types that cannot be
//! incomplete.

use crate::ids::PhraseId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A key of a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Key(char);

impl Key {
    /// `0` to `9`, `*`, `#`, and the rare `A` to `D`.
    pub fn new(c: char) -> Option<Key> {
        matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Key(c))
    }

    /// The character on the key.
    pub fn as_char(self) -> char {
        self.0
    }
}

impl TryFrom<char> for Key {
    type Error = String;

    fn try_from(c: char) -> Result<Key, String> {
        Key::new(c).ok_or_else(|| format!("{c:?} is no key of a telephone: want 0 to 9, * or #"))
    }
}

impl From<Key> for char {
    fn from(key: Key) -> char {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAction {
    /// The patient confirms.
    Confirm,
    /// The patient asks for another time.
    Reschedule,
    /// Say it again.
    Repeat,
    /// No more automated calls.
    OptOut,
    /// Take the choice back.
    Undo,
    /// The patient wants to speak with the desk. Counts in calls that have one ([`Brief::desk`](super::Brief::desk)).
    Transfer,
    /// This number is not the patient's. Counts from the step on that tells of the key ([`keys_told`](super::keys_told)).
    WrongNumber,
}

/// Part of a sentence: a recorded phrase, or a place that the call's facts fill.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A recorded phrase.
    Phrase(PhraseId),
    /// Filled from the brief.
    Slot(Slot),
}

/// A place that the call's facts fill; in a script file `{organization}`, `{callback_number}` …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The organization's name.
    Organization,
    /// The number to call back.
    CallbackNumber,
    /// The toll-free number to opt out.
    OptOutNumber,
    /// The day of the visit.
    Day,
    /// The time of the visit.
    Time,
    /// The day it was on before.
    OldDay,
    /// The time it was at before.
    OldTime,
    /// The site's name.
    Site,
    /// "at" the site.
    AtSite,
    /// "You have N appointments".
    Count,
    /// The day on which the desk opens next.
    DeskDay,
    /// The time at which the desk opens next.
    DeskTime,
}

impl Slot {
    /// Every slot with its name in a script file.
    pub const NAMES: [(Slot, &'static str); 12] = [
        (Slot::Organization, "organization"),
        (Slot::CallbackNumber, "callback_number"),
        (Slot::OptOutNumber, "opt_out_number"),
        (Slot::Day, "day"),
        (Slot::Time, "time"),
        (Slot::OldDay, "old_day"),
        (Slot::OldTime, "old_time"),
        (Slot::Site, "site"),
        (Slot::AtSite, "at_site"),
        (Slot::Count, "count"),
        (Slot::DeskDay, "desk_day"),
        (Slot::DeskTime, "desk_time"),
    ];
}

/// The call script of a site that opens late: a closure with words of its own. No job names it.
pub const DELAY: &str = "delay";

/// A call that a person answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallScript {
    /// Its name.
    pub name: String,
    /// Who calls, from which number, how to stop these calls: first in the first playing.
    pub opening: Vec<Segment>,
    /// What is told when the day holds one appointment.
    pub message: Vec<Segment>,
    /// What is told when the day holds several.
    pub message_several: Vec<Segment>,
    /// The keys, in words, at the first playing.
    pub menu: Vec<Segment>,
    /// The keys, in words, at every repeat: here is time for the rarer ones.
    pub menu_again: Vec<Segment>,
    /// That there is a desk, in words: after either menu in calls that have one. Empty where no key leads there.
    pub menu_desk: Vec<Segment>,
    /// What each key means.
    pub keys: BTreeMap<Key, KeyAction>,
    /// What follows a key, silence, or the end.
    pub replies: Replies,
    /// Repeats and time-outs.
    pub limits: ScriptLimits,
}

/// What follows a key, silence, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replies {
    /// Read-back of key 1, without the goodbye: the goodbye follows when no other key came.
    pub confirmed: Vec<Segment>,
    /// The same where the day holds several appointments.
    pub confirmed_several: Vec<Segment>,
    /// Read-back of key 2, likewise.
    pub reschedule: Vec<Segment>,
    /// After star: the choice is taken back; the menu follows.
    pub undone: Vec<Segment>,
    /// After 9; the call ends.
    pub opted_out: Vec<Segment>,
    /// After the key that says that the number is not the patient's; the call ends. Empty where no key means it.
    pub wrong_number: Vec<Segment>,
    /// Before the desk is dialled. Empty, like the next two, where no key leads there.
    pub connecting: Vec<Segment>,
    /// The desk is closed, and when it opens; the menu follows.
    pub desk_closed: Vec<Segment>,
    /// Nobody at the desk took the call; the menu follows.
    pub desk_no_answer: Vec<Segment>,
    /// After silence; the menu follows.
    pub no_choice: Vec<Segment>,
    /// After another key; the menu follows.
    pub not_a_choice: Vec<Segment>,
    /// After the last repeat; the call ends.
    pub giving_up: Vec<Segment>,
    /// The visit changed meanwhile; the call ends.
    pub withdrawn: Vec<Segment>,
    /// The last word after a choice that stands.
    pub goodbye: Vec<Segment>,
}

/// Repeats and time-outs of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptLimits {
    /// How often the message is said again after silence or a wrong key.
    pub repeats: u32,
    /// How often key 3 may ask for it again; and, counted apart, how often a choice may be changed or taken back, and how
    /// often the desk may be asked for.
    pub asked_repeats: u32,
    /// Seconds to wait for a key after the message.
    pub key_timeout_s: u32,
    /// Seconds to wait for another key after a read-back.
    pub change_timeout_s: u32,
    /// Seconds to wait for a key, after the message and after a read-back, where the patient uses a text telephone or a
    /// relay (calling-rules L-49).
    pub long_timeout_s: u32,
}

impl ScriptLimits {
    /// More steps than any call with this script can take, whatever the patient does: one first playing; the repeats
    /// after silence or a wrong key; the repeats that were asked for; the first choice and its changes; two for each time
    /// that the desk was asked for (dialling it, and the menu after it); and eight for what ends a call (a wrong number, an
    /// opt-out, the last words, the empty step after them) or turns it to a voicemail or a hang-up.
    pub fn most_steps(&self) -> u32 {
        1 + self.repeats + self.asked_repeats + (1 + self.asked_repeats) + 2 * self.asked_repeats + 8
    }
}

/// What is left on an answering machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicemailScript {
    /// Its name: `voicemail`, `voicemail-minimal`, or that of one call script: `voicemail-cancelled`.
    pub name: String,
    /// The message.
    pub message: Vec<Segment>,
}

/// A sentence that needs no call: the apology when something is wrong, "one moment, please".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its name.
    pub name: String,
    /// The words; of the places only `{organization}` and `{callback_number}`.
    pub message: Vec<Segment>,
}

/// The scripts of one call: for a person, and for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripts {
    /// For a person.
    pub call: CallScript,
    /// For a machine, in full, where the script has no voicemail of its own: "you have an appointment".
    pub voicemail: VoicemailScript,
    /// For a machine, in full, in words of this script's own (`voicemail-cancelled`).
    pub own_voicemail: Option<VoicemailScript>,
    /// For a machine, organization and number only.
    pub voicemail_minimal: VoicemailScript,
}
