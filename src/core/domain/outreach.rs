//! A promise to reach one patient about one visit for one purpose.

use super::VisitKey;
use crate::ids::{JobName, OutreachId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a patient is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An appointment is near.
    Reminder,
    /// An appointment was called off.
    Cancelled,
    /// An appointment has another time.
    Moved,
    /// A site is closed or opens late.
    Closure,
}

impl Purpose {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Reminder => "reminder",
            Purpose::Cancelled => "cancelled",
            Purpose::Moved => "moved",
            Purpose::Closure => "closure",
        }
    }

    /// Reads a word of a file.
    pub fn parse(word: &str) -> Option<Purpose> {
        [Purpose::Reminder, Purpose::Cancelled, Purpose::Moved, Purpose::Closure].into_iter().find(|p| p.as_str() == word)
    }
}

/// One promise. The store keeps (visit, version, purpose, touch) unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outreach {
    /// Its name.
    pub id: OutreachId,
    /// Which visit.
    pub visit: VisitKey,
    /// Rises from 1 when the spoken time of the visit changes.
    pub version: u32,
    /// Why.
    pub purpose: Purpose,
    /// The first, second … planned contact, from 1.
    pub touch: u32,
    /// The job that made it.
    pub job: JobName,
    /// The start that is spoken.
    pub start: DateTime<Utc>,
    /// Of a notice that a visit moved: the visit as the patient knew it until then.
    #[serde(default)]
    pub moved_from: Option<VisitKey>,
}
