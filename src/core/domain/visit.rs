//! A visit: what a patient experiences as one trip to the hospital.

use super::Appointment;
use crate::ids::{PatientId, SiteKey};
use crate::phi::REDACTED;
use chrono::{NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Which visit: one patient at one site on one local day. Its text form is `MRN1001/boston/2026-12-01`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VisitKey {
    /// Who.
    pub patient: PatientId,
    /// Where.
    pub site: SiteKey,
    /// The local date at the site.
    pub day: NaiveDate,
}

impl VisitKey {
    /// The text form, for stores and outputs. It holds the patient's id: never for a log.
    pub fn to_text(&self) -> String {
        format!("{}/{}/{}", self.patient.as_str(), self.site, self.day)
    }

    /// Reads the text form; the patient's id may itself hold slashes.
    pub fn parse(text: &str) -> Option<VisitKey> {
        let mut parts = text.rsplitn(3, '/');
        let day = parts.next()?.parse().ok()?;
        let site = SiteKey::new(parts.next()?);
        let patient = PatientId::new(parts.next()?);
        Some(VisitKey { patient, site, day })
    }
}

impl fmt::Debug for VisitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{REDACTED}/{}/{}", self.site, self.day)
    }
}

impl TryFrom<String> for VisitKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        VisitKey::parse(&text).ok_or_else(|| "want patient/site/YYYY-MM-DD".to_string())
    }
}

impl From<VisitKey> for String {
    fn from(key: VisitKey) -> String {
        key.to_text()
    }
}

/// All bookings of one visit, in order of time, whatever their status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Which visit.
    pub key: VisitKey,
    /// Its bookings, earliest first; never empty.
    pub appointments: Vec<Appointment>,
}

impl Visit {
    /// The bookings for which the patient is expected.
    pub fn booked(&self) -> impl Iterator<Item = &Appointment> {
        self.appointments.iter().filter(|a| a.status.is_booked())
    }

    /// The bookings that are spoken of: the booked ones, or all where nothing is booked.
    pub fn spoken_of(&self) -> Vec<&Appointment> {
        let booked: Vec<_> = self.booked().collect();
        if booked.is_empty() { self.appointments.iter().collect() } else { booked }
    }

    /// When the patient must be there: the start of the first booking that is spoken of.
    pub fn start(&self) -> chrono::DateTime<Utc> {
        self.spoken_of()[0].start
    }
}

/// Groups the bookings of patients into visits, ordered by key. `zone_of` gives a site's zone; bookings at a site it
/// does not know are left out.
pub fn group_visits<'a>(
    appointments: impl IntoIterator<Item = &'a Appointment>,
    zone_of: impl Fn(&SiteKey) -> Option<Tz>,
) -> Vec<Visit> {
    let mut visits: BTreeMap<VisitKey, Vec<Appointment>> = BTreeMap::new();
    for appointment in appointments {
        let Some(zone) = zone_of(&appointment.site) else { continue };
        let key = VisitKey {
            patient: appointment.patient.clone(),
            site: appointment.site.clone(),
            day: appointment.start.with_timezone(&zone).date_naive(),
        };
        visits.entry(key).or_default().push(appointment.clone());
    }
    visits
        .into_iter()
        .map(|(key, mut appointments)| {
            appointments.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
            Visit { key, appointments }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_print_without_the_patient() {
        let key = VisitKey::parse("MRN/1001/boston/2026-12-01").expect("a key");
        assert_eq!(key.patient.as_str(), "MRN/1001");
        assert_eq!(key.to_text(), "MRN/1001/boston/2026-12-01");
        assert_eq!(format!("{key:?}"), "[redacted]/boston/2026-12-01");
        assert!(VisitKey::parse("boston/2026-12-01").is_none());
    }
}
