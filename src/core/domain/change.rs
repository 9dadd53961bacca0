//! What a feed says about one booking and its patient.

use super::{AppointmentStatus, Phone, PhoneNumber, Service, VoicemailPolicy};
use crate::ids::{AppointmentId, FeedName, LanguageTag, PatientId, SiteKey};
use crate::phi::Phi;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One message or row of a feed, understood. What an empty field means: it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentChange {
    /// The booking it speaks of.
    pub appointment: AppointmentId,
    /// Whose booking it is.
    pub patient: PatientId,
    /// Where.
    pub site: SiteKey,
    /// The department as the feed says it.
    pub department: Option<Phi<String>>,
    /// When the patient must be there.
    pub start: DateTime<Utc>,
    /// How long.
    pub duration_minutes: Option<u32>,
    /// The class, already derived by the classification rules where the feed names none.
    pub service: Service,
    /// Whether the classification rules gave it, not the feed.
    #[serde(default)]
    pub service_by_rule: bool,
    /// The feed's own word for the visit.
    pub visit_type: Option<Phi<String>>,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// Whether the feed calls the patient established.
    pub established: Option<bool>,
    /// When it was booked.
    pub booked_at: Option<DateTime<Utc>>,
    /// When the feed last edited it: the newest wins, equal or absent on either side the later arrival.
    pub updated_at: Option<DateTime<Utc>>,
    /// Which feed said it.
    pub feed: FeedName,
    /// First physical line of the row or message in its file (the header is line 1).
    pub line: u64,
    /// What it says about the patient.
    pub about_patient: PatientChange,
}

/// What a row says about its patient; `None` and empty say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PatientChange {
    /// First name.
    pub first_name: Option<Phi<String>>,
    /// Last name.
    pub last_name: Option<Phi<String>>,
    /// Birth date.
    pub birth_date: Option<Phi<NaiveDate>>,
    /// Numbers given in this row, readable or not; a kind that is not named keeps its number.
    pub phones: Vec<Phone>,
    /// Preferred language.
    pub language: Option<LanguageTag>,
    /// `Some(true)` opts the patient out; `Some(false)` undoes nothing.
    pub opt_out: Option<bool>,
    /// Not to be called at all.
    pub no_call: Option<bool>,
    /// Has died.
    pub deceased: Option<bool>,
    /// Uses a text telephone or relay.
    pub tty: Option<bool>,
    /// A sensitive service: generic words only.
    pub sensitive: Option<bool>,
    /// The number is a parent's or guardian's.
    pub guardian: Option<bool>,
    /// What may be left on an answering machine.
    pub voicemail: Option<VoicemailPolicy>,
    /// The one number that may be used.
    pub only_number: Option<Phi<PhoneNumber>>,
    /// Where the number came from.
    pub consent: Option<String>,
}

/// What became of one change when it was taken in (the counts of the import report).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// A booking not seen before.
    New,
    /// A known booking, different now.
    Changed,
    /// Nothing new, or older than what is known.
    Same,
    /// Called off now (also when first seen as cancelled).
    Cancelled,
}
