//! A patient's bookings seen as visits, without copying them.

use super::{PatientFacts, Rules};
use crate::domain::{Appointment, VisitKey};
use crate::ids::{AppointmentId, PatientId, SiteKey};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// The bookings of one patient at one site on one local day.
pub(crate) struct VisitView<'a> {
    pub patient: &'a PatientId,
    pub site: &'a SiteKey,
    pub zone: Tz,
    pub day: NaiveDate,
    /// The spoken time: start of the first booked booking, or of the first of all where nothing is booked.
    pub start: DateTime<Utc>,
    /// All bookings, earliest first; never empty.
    appointments: Vec<&'a Appointment>,
}

impl<'a> VisitView<'a> {
    /// The bookings for which the patient is expected.
    pub fn booked(&self) -> impl Iterator<Item = &'a Appointment> + '_ {
        self.appointments.iter().copied().filter(|a| a.status.is_booked())
    }

    /// All bookings, earliest first.
    pub fn all(&self) -> impl Iterator<Item = &'a Appointment> + '_ {
        self.appointments.iter().copied()
    }

    /// Whether a booking belongs to this visit.
    pub fn holds(&self, appointment: &Appointment) -> bool {
        appointment.site == *self.site && appointment.start.with_timezone(&self.zone).date_naive() == self.day
    }

    /// The booked bookings, or all where nothing is booked.
    pub fn spoken_of(&self) -> impl Iterator<Item = &'a Appointment> + '_ {
        let any_booked = self.booked().next().is_some();
        self.appointments.iter().copied().filter(move |a| !any_booked || a.status.is_booked())
    }

    pub fn spoken_ids(&self) -> Vec<AppointmentId> {
        self.spoken_of().map(|a| a.id.clone()).collect()
    }

    pub fn key(&self) -> VisitKey {
        VisitKey { patient: self.patient.clone(), site: self.site.clone(), day: self.day }
    }

    pub fn is(&self, key: &VisitKey) -> bool {
        key.day == self.day && key.site == *self.site && key.patient == *self.patient
    }
}

/// The visits of a patient in order of site and day; bookings at a site that the rules do not know are left out.
pub(crate) fn visits_of<'a>(rules: &Rules, facts: &'a PatientFacts) -> Vec<VisitView<'a>> {
    let mut visits: Vec<VisitView> = Vec::with_capacity(facts.appointments.len());
    let mut placed: Vec<(&Appointment, Tz, NaiveDate)> = facts
        .appointments
        .iter()
        .filter_map(|a| rules.zone(&a.site).map(|zone| (a, zone, a.start.with_timezone(&zone).date_naive())))
        .collect();
    placed
        .sort_unstable_by(|(a, _, day_a), (b, _, day_b)| (&a.site, day_a, a.start, &a.id).cmp(&(&b.site, day_b, b.start, &b.id)));
    for (appointment, zone, day) in placed {
        match visits.last_mut() {
            Some(visit) if visit.day == day && *visit.site == appointment.site => visit.appointments.push(appointment),
            _ => visits.push(VisitView {
                patient: &facts.patient.id,
                site: &appointment.site,
                zone,
                day,
                start: appointment.start,
                appointments: vec![appointment],
            }),
        }
    }
    for visit in &mut visits {
        let first_booked = visit.booked().next().map(|a| a.start);
        visit.start = first_booked.unwrap_or(visit.start);
    }
    visits
}
