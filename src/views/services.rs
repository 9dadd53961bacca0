//! What the classification rules make of bookings. The words of a visit type are shown: they are what is classified.

use super::moment;
use crate::core::plan::Rules;
use crate::store::UnknownService;
use chrono_tz::Tz;
use serde::Serialize;

/// Bookings that no rule knows, by what their feed says.
#[derive(Debug, Clone, Serialize)]
pub struct UnknownServiceView {
    /// The feed's word for the visit.
    pub visit_type: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// Which feed.
    pub feed: String,
    /// How many bookings.
    pub appointments: u64,
    /// When the first of them starts.
    pub first: String,
}

impl UnknownServiceView {
    /// The view of one kind.
    pub fn of(kind: &UnknownService, rules: &Rules) -> UnknownServiceView {
        let zones: Vec<Tz> = rules.sites.values().map(|site| site.zone).collect();
        let one = zones.first().copied().filter(|first| zones.iter().all(|zone| zone == first));
        UnknownServiceView {
            visit_type: kind.visit_type.as_ref().map(|words| words.reveal().clone()),
            department: kind.department.as_ref().map(|words| words.reveal().clone()),
            feed: kind.feed.to_string(),
            appointments: kind.appointments,
            first: moment(kind.first, one.unwrap_or(Tz::UTC)),
        }
    }
}
