//! What is different about a booked visit and not told yet: changes of its bookings, and closures of its site.

use super::Service;
use crate::ids::{AppointmentId, ClosureId, SiteKey};
use crate::phi::Phi;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One booking that is different from what its patient was last told, or was going to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    /// Which booking. What it is now stands among the bookings.
    pub appointment: AppointmentId,
    /// What it was.
    pub old: LastKnown,
    /// When the first edit was taken in that is not told yet.
    pub first_at: DateTime<Utc>,
    /// When the last one was.
    pub last_at: DateTime<Utc>,
}

/// A booking as it was last announced or planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastKnown {
    /// Where.
    pub site: SiteKey,
    /// When.
    pub start: DateTime<Utc>,
    /// The class.
    pub service: Service,
    /// The department.
    pub department: Option<Phi<String>>,
}

/// A site that is closed, or opens late, for a span of one local day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Its name.
    pub id: ClosureId,
    /// Which site.
    pub site: SiteKey,
    /// The local day.
    pub day: NaiveDate,
    /// From then on: a visit that starts from here on does not take place. Midnight for a whole day.
    pub from: DateTime<Utc>,
    /// Until then, exclusive.
    pub until: DateTime<Utc>,
    /// A late opening: everybody of that span comes at this time instead.
    pub delay_to: Option<DateTime<Utc>>,
    /// When it was declared.
    pub declared_at: DateTime<Utc>,
}

impl Closure {
    /// Whether a visit at `site` that starts at `start` falls into it.
    pub fn covers(&self, site: &SiteKey, start: DateTime<Utc>) -> bool {
        *site == self.site && (self.from..self.until).contains(&start)
    }
}
