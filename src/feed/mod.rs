//! Outside bytes to [`AppointmentChange`]s and refused rows: CSV first, HL7 and FHIR beside it.
//!
//! A feed only reads. It keeps every good row, refuses the others one by one with a reason in words, and never repeats a
//! private value in a reason. Never here: the store, and any decision about what a change means for a call.
//! Start reading at [`csv::read`].

pub mod csv;

use crate::core::Phi;
use crate::core::domain::{AppointmentChange, Service};
use crate::core::ids::{FeedName, PatientId, SiteKey};
use chrono_tz::Tz;

/// What a feed must know of the hospital to read a row.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The feed's name, kept with every change.
    pub feed: &'a FeedName,
    /// The zone of a site; `None` for one that is not configured.
    pub zone_of: &'a (dyn Fn(&SiteKey) -> Option<Tz> + Sync),
    /// The configured sites, for suggestions.
    pub sites: &'a [SiteKey],
    /// The class of a visit type and a department by the classification rules.
    pub classify: &'a (dyn Fn(Option<&str>, Option<&str>) -> Service + Sync),
}

/// A file or message, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Every row in the order of the file, good and refused.
    pub rows: Vec<Row>,
    /// What was noticed about the file as a whole, with the line it stands on.
    pub noticed: Vec<(u64, String)>,
}

/// One row or message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// First physical line in its file (a header is line 1).
    pub line: u64,
    /// Its text as it came, decoded.
    pub raw: Phi<String>,
    /// What it says, or why it says nothing that can be used.
    pub content: Result<Understood, Refused>,
}

/// A row that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// What it says.
    pub change: AppointmentChange,
    /// What is missing or left out, in words, without a private value.
    pub noticed: Vec<String>,
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why, in words: the column and what was expected, never the value.
    pub reason: String,
    /// The patient who opts out in this row all the same: an opt-out counts on any row (interfaces, section 6).
    pub opts_out: Option<PatientId>,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Refused { reason, opts_out: None }
    }
}
