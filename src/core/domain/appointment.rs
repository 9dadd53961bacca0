//! One booking in the hospital's schedule.

use crate::ids::{AppointmentId, FeedName, PatientId, SiteKey};
use crate::phi::Phi;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What kind of service is booked: the coarse class that eligibility is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A clinic visit with a provider.
    Exam,
    /// Diagnostic imaging.
    Radiology,
    /// Chemotherapy, hydration, an injection chair.
    Infusion,
    /// A treatment fraction or simulation of radiation therapy.
    RadiationTherapy,
    /// Laboratory work.
    Lab,
    /// Known, and none of the above.
    Other,
    /// Nobody knows: never called about, shown to a person.
    Unknown,
}

impl Service {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Exam => "exam",
            Service::Radiology => "radiology",
            Service::Infusion => "infusion",
            Service::RadiationTherapy => "radiation_therapy",
            Service::Lab => "lab",
            Service::Other => "other",
            Service::Unknown => "unknown",
        }
    }

    /// Reads a word of the native CSV (`unknown` is no word a file may say).
    pub fn parse(word: &str) -> Option<Service> {
        [Service::Exam, Service::Radiology, Service::Infusion, Service::RadiationTherapy, Service::Lab, Service::Other]
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(word))
    }
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppointmentStatus {
    /// Booked; the patient has not answered.
    Booked,
    /// Booked, and the patient already said yes.
    Confirmed,
    /// Not firm yet.
    Pending,
    /// Called off.
    Cancelled,
    /// The patient is there.
    Arrived,
    /// It took place.
    Completed,
    /// The patient did not come.
    NoShow,
}

impl AppointmentStatus {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            AppointmentStatus::Booked => "booked",
            AppointmentStatus::Confirmed => "confirmed",
            AppointmentStatus::Pending => "pending",
            AppointmentStatus::Cancelled => "cancelled",
            AppointmentStatus::Arrived => "arrived",
            AppointmentStatus::Completed => "completed",
            AppointmentStatus::NoShow => "noshow",
        }
    }

    /// Reads a word of the native CSV.
    pub fn parse(word: &str) -> Option<AppointmentStatus> {
        use AppointmentStatus::*;
        [Booked, Confirmed, Pending, Cancelled, Arrived, Completed, NoShow]
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether the patient is expected: booked or confirmed.
    pub fn is_booked(self) -> bool {
        matches!(self, AppointmentStatus::Booked | AppointmentStatus::Confirmed)
    }
}

/// One booking, as last heard from its feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// The feed's own id.
    pub id: AppointmentId,
    /// Whose booking it is.
    pub patient: PatientId,
    /// Where.
    pub site: SiteKey,
    /// The department's key or name, as the feed says it: part of the reason for the visit, so private.
    pub department: Option<Phi<String>>,
    /// When the patient must be there.
    pub start: DateTime<Utc>,
    /// How long, where known.
    pub duration_minutes: Option<u32>,
    /// The class it was given.
    pub service: Service,
    /// Whether the classification rules gave it, not the feed.
    #[serde(default)]
    pub service_by_rule: bool,
    /// The feed's own word for it: the reason for the visit, so private.
    pub visit_type: Option<Phi<String>>,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// Whether the feed calls the patient established (`Some(false)`: a first visit).
    pub established: Option<bool>,
    /// When it was booked; the moment it was first seen where the feed does not say.
    pub booked_at: DateTime<Utc>,
    /// The feed's own time of the last edit.
    pub updated_at: Option<DateTime<Utc>>,
    /// Which feed it came from.
    pub feed: FeedName,
}
