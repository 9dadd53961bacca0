//! Pending changes, grouped by the visit that they took a booking from.

use super::visits::VisitView;
use super::{PatientFacts, Rules};
use crate::domain::{Appointment, AppointmentStatus, LastKnown, PendingChange};
use crate::ids::{AppointmentId, SiteKey};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// One changed booking, as it was and as it is.
#[derive(Clone)]
pub(crate) struct Change<'a> {
    pub booking: &'a Appointment,
    /// As last announced or planned; what a notice said since then counts.
    pub old: LastKnown,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub state: State,
}

/// What became of a changed booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is as it was.
    Same,
    /// It has another time within the old visit.
    Stays,
    /// It belongs to another visit now.
    Away,
    Cancelled,
    /// Not firm yet: nothing is told, the patient goes by what they know.
    Unfirm,
    /// The patient came, or did not: there is nothing to tell.
    Over,
}

/// The changed bookings of one old visit.
pub(crate) struct Group<'a> {
    pub site: SiteKey,
    pub zone: Tz,
    pub day: NaiveDate,
    pub changes: Vec<Change<'a>>,
    /// Bookings of the visit that stood there before and still do.
    pub unchanged: Vec<&'a Appointment>,
    /// The spoken time as last announced; of what went to one of several visits, that of its first booking.
    pub old_start: DateTime<Utc>,
    /// The spoken time of the whole visit as last announced.
    pub visit_start: DateTime<Utc>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

impl<'a> Group<'a> {
    /// `changes` are of one old visit and not empty; `changed` are the bookings with changes that are not known where they are.
    pub fn of(visits: &[VisitView<'a>], changed: &[&AppointmentId], zone: Tz, mut changes: Vec<Change<'a>>) -> Option<Group<'a>> {
        changes.sort_by(|a, b| (a.old.start, &a.booking.id).cmp(&(b.old.start, &b.booking.id)));
        let first = changes.first()?;
        let (site, day) = (first.old.site.clone(), day_in(first.old.start, zone));
        let first_at = changes.iter().map(|c| c.first_at).min()?;
        let last_at = changes.iter().map(|c| c.last_at).max()?;
        let here = visits.iter().find(|v| v.day == day && *v.site == site);
        let unchanged: Vec<&Appointment> = here
            .into_iter()
            .flat_map(VisitView::booked)
            .filter(|b| !changed.contains(&&b.id) && b.booked_at <= first_at)
            .collect();
        let old_start = changes.iter().map(|c| c.old.start).chain(unchanged.iter().map(|b| b.start)).min()?;
        Some(Group { site, zone, day, changes, unchanged, old_start, visit_start: old_start, first_at, last_at })
    }

    /// Some of its changes, which are told by themselves.
    pub fn part(&self, changes: Vec<Change<'a>>) -> Option<Group<'a>> {
        let old_start = changes.iter().map(|c| c.old.start).min()?;
        let first_at = changes.iter().map(|c| c.first_at).min()?;
        let last_at = changes.iter().map(|c| c.last_at).max()?;
        let (site, unchanged) = (self.site.clone(), self.unchanged.clone());
        Some(Group { site, changes, unchanged, old_start, first_at, last_at, ..*self })
    }

    pub fn of_state(&self, state: State) -> impl Iterator<Item = &Change<'a>> {
        self.changes.iter().filter(move |c| c.state == state)
    }

    /// The whole visit as last announced.
    pub fn announced(&self) -> Vec<LastKnown> {
        let unchanged = self.unchanged.iter().map(|b| LastKnown {
            site: b.site.clone(),
            start: b.start,
            service: b.service,
            department: b.department.clone(),
        });
        self.changes.iter().map(|c| c.old.clone()).chain(unchanged).collect()
    }

    /// All of its changed bookings.
    pub fn all(&self) -> Vec<AppointmentId> {
        self.changes.iter().map(|c| c.booking.id.clone()).collect()
    }

    /// The bookings whose changes are over when the net change is told, or when there is nothing to tell.
    pub fn firm(&self) -> Vec<AppointmentId> {
        self.changes.iter().filter(|c| c.state != State::Unfirm).map(|c| c.booking.id.clone()).collect()
    }
}

/// A changed booking, and the zone of the site it was at. None where the booking is no longer this patient's, or where
/// its old site is not known to the rules.
pub(crate) fn change<'a>(
    rules: &Rules,
    facts: &'a PatientFacts,
    visits: &[VisitView],
    pending: &PendingChange,
) -> Option<(Tz, Change<'a>)> {
    let booking = facts.appointments.iter().find(|a| a.id == pending.appointment)?;
    let (old, first_at, last_at) = super::heard::as_last_heard(rules, facts, visits, pending);
    // Of the site that the patient was told last: a call goes by its hours.
    let zone = rules.zone(&old.site)?;
    let state = state_of(rules, booking, &old, zone);
    Some((zone, Change { booking, old, first_at, last_at, state }))
}

fn state_of(rules: &Rules, booking: &Appointment, old: &LastKnown, zone: Tz) -> State {
    match booking.status {
        AppointmentStatus::Cancelled => State::Cancelled,
        AppointmentStatus::Pending => State::Unfirm,
        AppointmentStatus::Arrived | AppointmentStatus::Completed | AppointmentStatus::NoShow => State::Over,
        AppointmentStatus::Booked | AppointmentStatus::Confirmed => {
            let same_site = booking.site == old.site;
            if same_site && booking.start == old.start {
                State::Same
            } else if same_site && day_in(booking.start, zone) == day_in(old.start, zone) {
                State::Stays
            } else if rules.zone(&booking.site).is_some() {
                State::Away
            } else {
                State::Unfirm
            }
        }
    }
}

pub(crate) fn day_in(moment: DateTime<Utc>, zone: Tz) -> NaiveDate {
    moment.with_timezone(&zone).date_naive()
}
