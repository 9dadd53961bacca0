//! A patient, as far as calling them needs it.

use super::{Phone, PhoneNumber};
use crate::ids::{LanguageTag, PatientId};
use crate::phi::Phi;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What may be left on an answering machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoicemailPolicy {
    /// Organization, day and time, callback number, opt-out number.
    Standard,
    /// Organization and callback number only.
    Minimal,
    /// Nothing: hang up.
    None,
}

impl VoicemailPolicy {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            VoicemailPolicy::Standard => "standard",
            VoicemailPolicy::Minimal => "minimal",
            VoicemailPolicy::None => "none",
        }
    }

    /// Reads a word of a file.
    pub fn parse(word: &str) -> Option<VoicemailPolicy> {
        [VoicemailPolicy::Standard, VoicemailPolicy::Minimal, VoicemailPolicy::None]
            .into_iter()
            .find(|v| v.as_str().eq_ignore_ascii_case(word))
    }

    /// The more careful of two policies.
    pub fn stricter(self, other: VoicemailPolicy) -> VoicemailPolicy {
        use VoicemailPolicy::*;
        match (self, other) {
            (None, _) | (_, None) => None,
            (Minimal, _) | (_, Minimal) => Minimal,
            (Standard, Standard) => Standard,
        }
    }
}

/// Wishes and facts of a patient that override every job (calling-rules L-37, L-39, L-49).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PatientFlags {
    /// Opted out by a feed. (Opt-outs by key or staff stand in the suppression list.)
    pub opt_out: bool,
    /// Not to be called at all.
    pub no_call: bool,
    /// Has died.
    pub deceased: bool,
    /// Uses a text telephone or relay: longer time-outs.
    pub tty: bool,
    /// A sensitive service: generic words only.
    pub sensitive: bool,
    /// The number is a parent's or guardian's.
    pub guardian: bool,
    /// What may be left on an answering machine, where the patient said so.
    pub voicemail: Option<VoicemailPolicy>,
    /// The one number that may be used.
    pub only_number: Option<Phi<PhoneNumber>>,
    /// Where the numbers came from.
    pub consent: Option<String>,
}

impl Patient {
    /// Every number by which the patient may be called, once.
    pub fn numbers(&self) -> BTreeSet<&PhoneNumber> {
        let only = self.flags.only_number.as_ref().map(|number| number.reveal());
        self.phones.iter().filter_map(|phone| phone.number.as_ref()).chain(only).collect()
    }
}

/// A patient, as last heard from the feeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// The hospital's number of the patient.
    pub id: PatientId,
    /// First name.
    pub first_name: Option<Phi<String>>,
    /// Last name.
    pub last_name: Option<Phi<String>>,
    /// Birth date.
    pub birth_date: Option<Phi<NaiveDate>>,
    /// Numbers given, at most one of each kind, dialable or not.
    pub phones: Vec<Phone>,
    /// Preferred language; `None`: the organization's.
    pub language: Option<LanguageTag>,
    /// Wishes and facts that override every job.
    pub flags: PatientFlags,
    /// The newest `updated_at` of a row that spoke of this patient.
    pub updated_at: Option<DateTime<Utc>>,
}
