//! Bookings by their class.

use crate::core::domain::Service;
use crate::core::ids::{AppointmentId, FeedName};
use crate::core::phi::Phi;
use chrono::{DateTime, Utc};

/// Another class for a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reclassify {
    /// Which booking.
    pub appointment: AppointmentId,
    /// The class that it must still have.
    pub from: Service,
    /// The one it gets.
    pub to: Service,
}

/// Bookings that no rule knows, counted by what their feed says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownService {
    /// The feed's word for the visit.
    pub visit_type: Option<Phi<String>>,
    /// The department.
    pub department: Option<Phi<String>>,
    /// Which feed.
    pub feed: FeedName,
    /// How many bookings.
    pub appointments: u64,
    /// When the first of them starts.
    pub first: DateTime<Utc>,
}
