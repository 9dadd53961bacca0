//! Stored bookings held against a list of classification rules: which would be of another class, and making them so.
//! Bookings whose feed named the class itself are never touched.
//!
//! Never here: SQL, rules of its own. Start reading at [`compare`].

use crate::core::domain::{Appointment, Service, VisitKey};
use crate::core::ids::AppointmentId;
use crate::core::plan::Rules;
use crate::services::{Classifier, RulePlace};
use crate::store::{Reclassify, SharedStore, StoreError};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// How many bookings are read, and written, at once.
const PAGE: u32 = 500;

/// A booking that is of another class by a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which booking.
    pub appointment: Appointment,
    /// The class by the list.
    pub to: Service,
    /// The rule that says so; none where no rule knows it.
    pub rule: Option<RulePlace>,
}

impl Changed {
    /// The visit that the booking is part of.
    pub fn visit(&self, rules: &Rules) -> VisitKey {
        let zone = rules.zone(&self.appointment.site).unwrap_or(Tz::UTC);
        let day = self.appointment.start.with_timezone(&zone).date_naive();
        VisitKey { patient: self.appointment.patient.clone(), site: self.appointment.site.clone(), day }
    }
}

/// Hands every booking from `now` on whose class is another by this list to `each`, in order of start. Nothing is written.
///
/// # Errors
/// When the store fails.
pub async fn compare(
    store: &SharedStore,
    list: &Classifier,
    now: DateTime<Utc>,
    mut each: impl FnMut(Changed),
) -> Result<(), StoreError> {
    let mut place = beginning(now);
    while let Some((last, changed)) = page(store, list, &place).await? {
        changed.into_iter().for_each(&mut each);
        place = last;
    }
    Ok(())
}

/// Gives every booking from `now` on the class that it has by this list; returns how many changed. Whoever plans must look
/// again at all of them.
///
/// # Errors
/// When the store fails under way; what was written before stays, and doing it again does the rest.
pub async fn apply(store: &SharedStore, list: &Classifier, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let (mut place, mut count) = (beginning(now), 0);
    while let Some((last, changed)) = page(store, list, &place).await? {
        let orders: Vec<_> = changed
            .into_iter()
            .map(|c| Reclassify { appointment: c.appointment.id, from: c.appointment.service, to: c.to })
            .collect();
        if !orders.is_empty() {
            count += store.reclassify(&orders).await?;
        }
        place = last;
    }
    Ok(count)
}

/// A place in the order of start and id.
type Place = (DateTime<Utc>, AppointmentId);

/// The place before every booking that starts at `now` or later.
fn beginning(now: DateTime<Utc>) -> Place {
    (now - Duration::microseconds(1), AppointmentId::new("\u{10ffff}"))
}

/// The changes among the next bookings, and the place of the last of these; none where there are no more.
async fn page(store: &SharedStore, list: &Classifier, place: &Place) -> Result<Option<(Place, Vec<Changed>)>, StoreError> {
    let bookings = store.classed_by_rule((place.0, &place.1), PAGE).await?;
    let last = bookings.last().map(|last| (last.start, last.id.clone()));
    Ok(last.map(|last| (last, bookings.into_iter().filter_map(|booking| judged(list, booking)).collect())))
}

fn judged(list: &Classifier, appointment: Appointment) -> Option<Changed> {
    let words = appointment.visit_type.as_ref().map_or("", |words| words.reveal().as_str());
    let department = appointment.department.as_ref().map(|department| department.reveal().as_str());
    let (to, rule) = list.judge(None, words, department, None, appointment.feed.as_str());
    (to != appointment.service).then_some(Changed { appointment, to, rule })
}
