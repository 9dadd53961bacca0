//! What the feed has said so far: the newest state of every booking, kept by the published rule and not by intake's.

use super::row::FeedLine;
use crate::core::domain::{Outreach, PhoneNumber, Purpose, VisitKey};
use crate::core::ids::SiteKey;
use crate::core::plan::Rules;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// One booking as it was last said to be.
#[derive(Debug, Clone)]
struct Booking {
    patient: String,
    site: String,
    start: DateTime<Utc>,
    service: String,
    is_booked: bool,
    updated: Option<DateTime<Utc>>,
    /// When it ever began, by what was said of it.
    starts: BTreeSet<DateTime<Utc>>,
}

impl Booking {
    /// Whether it ever began on a day.
    fn was_on(&self, day: NaiveDate, zone: Tz) -> bool {
        self.starts.iter().any(|start| start.with_timezone(&zone).date_naive() == day)
    }

    /// The visit to which it belongs.
    fn visit(&self, rules: &Rules) -> Option<VisitKey> {
        let site = SiteKey::from(self.site.as_str());
        let day = self.start.with_timezone(&rules.zone(&site)?).date_naive();
        Some(VisitKey { patient: self.patient.as_str().into(), site, day })
    }

    /// Only infusion, radiation therapy or laboratory: what the hospital publishes that it makes no reminder of. One that says
    /// nothing may be anything.
    fn is_never_reminded(&self) -> bool {
        matches!(self.service.as_str(), "infusion" | "radiation_therapy" | "lab" | "other")
    }
}

/// What is known of a patient.
#[derive(Debug, Default)]
struct OfPatient {
    /// How often the feed spoke of them.
    said: u64,
    /// Every number of theirs that it ever named.
    numbers: BTreeSet<PhoneNumber>,
}

/// All bookings by their ids, and all patients.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    bookings: BTreeMap<String, Booking>,
    patients: BTreeMap<String, OfPatient>,
}

impl Schedule {
    /// Rows that were committed, in their order; who opts out in them. The newest edit wins, of equals the later line.
    pub fn take_in(&mut self, lines: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        for line in lines {
            let row = FeedLine::read(line);
            let Some(start) = row.start() else { continue };
            let patient = self.patients.entry(row.patient().to_string()).or_default();
            patient.said += 1;
            patient.numbers.extend(row.phones());
            if row.opts_out() {
                out.push(row.patient().to_string());
            }
            let updated = row.updated();
            let known = self.bookings.get(row.appointment());
            let newest = known.and_then(|known| known.updated);
            if newest.zip(updated).is_some_and(|(newest, updated)| updated < newest) {
                continue;
            }
            let mut starts = known.map(|known| known.starts.clone()).unwrap_or_default();
            starts.insert(start);
            let booking = Booking {
                patient: row.patient().to_string(),
                site: row.site().to_string(),
                start,
                service: row.service().to_string(),
                is_booked: matches!(row.status(), "booked" | "confirmed"),
                updated,
                starts,
            };
            self.bookings.insert(row.appointment().to_string(), booking);
        }
        out
    }

    /// The numbers that the feed has named of a patient.
    pub fn numbers_of(&self, patient: &str) -> impl Iterator<Item = &PhoneNumber> {
        self.patients.get(patient).into_iter().flat_map(|known| &known.numbers)
    }

    /// How often the feed has spoken of a patient.
    pub fn said_of(&self, patient: &str) -> u64 {
        self.patients.get(patient).map_or(0, |known| known.said)
    }

    /// What is booked for a visit, earliest first.
    fn booked(&self, rules: &Rules, visit: &VisitKey) -> Vec<&Booking> {
        let Some(zone) = rules.zone(&visit.site) else { return Vec::new() };
        let of_visit = |booking: &&Booking| {
            let day = booking.start.with_timezone(&zone).date_naive();
            booking.is_booked
                && (booking.patient.as_str(), booking.site.as_str(), day)
                    == (visit.patient.as_str(), visit.site.as_str(), visit.day)
        };
        let mut booked: Vec<_> = self.bookings.values().filter(of_visit).collect();
        booked.sort_unstable_by_key(|booking| booking.start);
        booked
    }

    /// Why a promise is not true any more; none where it is.
    pub fn speaks_against(&self, rules: &Rules, outreach: &Outreach) -> Option<String> {
        let booked = self.booked(rules, &outreach.visit);
        let when = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match outreach.purpose {
            Purpose::Cancelled => booked
                .iter()
                .any(|booking| booking.start == outreach.start)
                .then(|| format!("the visit at {} is booked", when(outreach.start))),
            // A closure is told of whatever the feed says of the visit.
            Purpose::Closure => None,
            Purpose::Reminder | Purpose::Moved => match booked.first() {
                None => Some("nothing is booked for the visit".to_string()),
                Some(first) if first.start != outreach.start => {
                    Some(format!("the visit begins at {}, not at {}", when(first.start), when(outreach.start)))
                }
                Some(_) if outreach.purpose == Purpose::Reminder && booked.iter().all(|booking| booking.is_never_reminded()) => {
                    Some("nothing that patients are reminded of is booked for the visit".to_string())
                }
                Some(_) => None,
            },
        }
    }

    /// The last moment of a promise, by the machine's clock: from then on nobody calls about it. That of a moved visit counts
    /// from the earlier of its new start and the old one; of several that it may have had on the old day, from the latest,
    /// because which of them the patient knew is the engine's to say.
    pub fn last_moment(&self, rules: &Rules, outreach: &Outreach) -> Option<DateTime<Utc>> {
        let job = rules.jobs.iter().find(|job| job.name == outreach.job)?;
        let old = outreach.moved_from.as_ref().and_then(|old| {
            let zone = rules.zone(&old.site)?;
            let of_patient = self.bookings.values().filter(|booking| booking.patient == old.patient.as_str());
            let starts = of_patient.flat_map(|booking| &booking.starts);
            let on_the_day = |start: &&DateTime<Utc>| start.with_timezone(&zone).date_naive() == old.day;
            starts.filter(on_the_day).filter(|start| **start != outreach.start).max().copied()
        });
        Some(old.map_or(outreach.start, |old| old.min(outreach.start)) - job.when.no_later_than)
    }

    /// The visits to which what was booked for one belongs by now.
    pub fn moved_to(&self, rules: &Rules, visit: &VisitKey) -> Vec<VisitKey> {
        let booked = self.ever_on(rules, visit).filter(|booking| booking.is_booked);
        booked.filter_map(|booking| booking.visit(rules)).filter(|other| other != visit).collect()
    }

    /// The patient's bookings that ever began on a visit's day.
    fn ever_on<'a>(&'a self, rules: &Rules, visit: &'a VisitKey) -> impl Iterator<Item = &'a Booking> {
        let zone = rules.zone(&visit.site);
        let of_patient = self.bookings.values().filter(|booking| booking.patient == visit.patient.as_str());
        of_patient.filter(move |booking| zone.is_some_and(|zone| booking.was_on(visit.day, zone)))
    }

    /// Whether of a move nothing is left to tell, though the visit begins when it says: what had come to it from the other day
    /// went back, or what had made anybody tell of it went elsewhere, which is told by itself. What was called off is not.
    pub fn is_no_move(&self, rules: &Rules, outreach: &Outreach) -> bool {
        let booked = self.booked(rules, &outreach.visit);
        let came_from =
            |old: &VisitKey| rules.zone(&old.site).is_some_and(|zone| booked.iter().any(|booking| booking.was_on(old.day, zone)));
        if outreach.moved_from.as_ref().is_some_and(|old| *old != outreach.visit && !came_from(old)) {
            return true;
        }
        let old = outreach.moved_from.as_ref().unwrap_or(&outreach.visit);
        let was_called_off = self.ever_on(rules, old).any(|booking| !booking.is_booked && !booking.is_never_reminded());
        !was_called_off && booked.iter().all(|booking| booking.is_never_reminded())
    }

    /// When a visit begins, as it is booked.
    pub fn begins_at(&self, rules: &Rules, visit: &VisitKey) -> Option<DateTime<Utc>> {
        self.booked(rules, visit).first().map(|booking| booking.start)
    }

    /// Whether something is booked for a visit, and nothing that patients are called about.
    pub fn is_never_called_about(&self, rules: &Rules, visit: &VisitKey) -> bool {
        let booked = self.booked(rules, visit);
        !booked.is_empty() && booked.iter().all(|booking| booking.is_never_reminded())
    }

    /// The visits to which belongs by now what was called off.
    pub fn stands_on(&self, rules: &Rules, outreach: &Outreach) -> impl Iterator<Item = VisitKey> {
        let of_visit =
            |booking: &&Booking| booking.patient == outreach.visit.patient.as_str() && booking.starts.contains(&outreach.start);
        let booked = self.bookings.values().filter(of_visit).filter(|booking| booking.is_booked);
        booked.filter_map(|booking| booking.visit(rules))
    }
}
