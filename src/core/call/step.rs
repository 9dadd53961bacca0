//! What the engine says next, and what it then waits for. Declarative: a webhook carrier renders it as a document.

use crate::domain::PhoneNumber;
use crate::ids::{PhraseId, SiteKey};
use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

/// One step of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Counts from 1 within the call; what answers the step names it.
    pub number: u32,
    /// What is said, in order.
    pub say: Vec<Utterance>,
    /// Said more slowly: from the second repeat of the message on.
    #[serde(default)]
    pub slow: bool,
    /// What comes after.
    pub then: Then,
}

/// What comes after the words of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
pub enum Then {
    /// Wait for one key; keys count from the first millisecond of the words.
    Gather {
        /// Seconds of silence after the words.
        timeout_s: u32,
    },
    /// Tell that the words were played to their end, and ask for more.
    Continue,
    /// Connect the patient with the desk, and tell what came of it.
    Transfer {
        /// The desk.
        to: PhoneNumber,
        /// How long it may ring there, in seconds.
        ring_s: u32,
    },
    /// Hang up.
    HangUp,
}

/// Something to say, without a language: the prompt room turns it into phrases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Utterance {
    /// A recorded phrase.
    Phrase(PhraseId),
    /// The organization's name.
    Organization,
    /// The name of a site.
    Site(SiteKey),
    /// "at" a site.
    AtSite(SiteKey),
    /// A telephone number, digit by digit.
    Number(PhoneNumber),
    /// A date with its weekday.
    Day(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// "You have N appointments", N from 2.
    Count(u32),
}
