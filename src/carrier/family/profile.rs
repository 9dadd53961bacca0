//! What differs from one carrier of the family to the next, as data: each leaf folder holds one of these.

use super::addresses::Overrides;
use super::resource::Fault;
use crate::carrier::Refusal;
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A carrier's profile.
pub struct Profile {
    /// The path of its API between the configured address and `Accounts`.
    pub root: &'static [&'static str],
    /// What ends the path of its resources.
    pub suffix: &'static str,
    /// How our requests say who we are.
    pub login: LoginKind,
    /// The statuses that say that a call was created. Another 2xx says nothing we know: the call may exist.
    pub created: &'static [u16],
    /// How a request for a call is written. Changes of a live call are forms with all of them.
    pub create_body: BodyKind,
    /// How the list of status events is written.
    pub events: Events,
    /// What the method of `Url` is called when a call is created.
    pub url_method: &'static str,
    /// Whether it takes `FallbackMethod`.
    pub fallback_method: bool,
    /// Seconds it may be asked to let a telephone ring; what lies outside is brought inside.
    pub ring_s: RangeInclusive<u32>,
    /// Seconds a call may be limited to; `None` where it has no such field, so that we end a call that outlasts its limit.
    pub time_limit_s: Option<RangeInclusive<u32>>,
    /// The unit of `MachineDetectionTimeout`.
    pub detection_timeout: Unit,
    /// Fields of its own that go with machine detection.
    pub with_detection: &'static [(&'static str, Value)],
    /// How many calls a page of its list is to hold.
    pub page_size: &'static str,
    /// Its own retry settings, in the addresses it is given.
    pub overrides: Overrides,
    /// How long it waits for the answer of a voice webhook in all: our words leave well before ([`Carrier::words_within`]).
    ///
    /// [`Carrier::words_within`]: crate::carrier::Carrier::words_within
    pub patience: Duration,
    /// What its refusals mean.
    pub refusal: fn(&Fault) -> Refusal,
}

/// How our requests say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// A user's name and a secret.
    Basic,
    /// A key.
    Bearer,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// The field once for each.
    Repeated,
    /// One field, with blanks between.
    Joined,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Number(u32),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// As a form has it.
    pub fn in_form(&self) -> String {
        match self {
            Value::Text(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
        }
    }

    /// As JSON has it.
    pub fn in_json(&self) -> serde_json::Value {
        match self {
            Value::Text(text) => text.as_ref().into(),
            Value::Number(number) => (*number).into(),
            Value::Flag(flag) => (*flag).into(),
        }
    }
}
