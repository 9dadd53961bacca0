//! A big hospital, made up by counting: the same one every time. One visit in ten is nobody's to call; some patients share
//! a telephone, were here before, or were called already.

use crate::core::domain::{
    Appointment, AppointmentStatus, Attempt, AttemptStatus, Dial, Outcome, Outreach, Patient, PatientFlags, Phone, PhoneKind,
    PhoneNumber, Purpose, Service, VisitKey,
};
use crate::core::ids::{AppointmentId, AttemptId, OutreachId, PatientId, SiteKey};
use crate::core::phi::Phi;
use crate::core::plan::{OutreachFacts, PatientFacts};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::BTreeSet;

/// Five patients have eight visits to come between them.
const VISITS_OF_FIVE: usize = 8;

/// The hospital at a moment.
pub struct Hospital {
    /// How many patients it has.
    pub patients: usize,
    /// When it is looked at.
    pub now: DateTime<Utc>,
    sites: Vec<SiteKey>,
}

/// What is known about one patient.
pub struct Known {
    /// The patient.
    pub patient: Patient,
    /// Bookings to come, and of one patient in four one of the past.
    pub appointments: Vec<Appointment>,
    /// A call that was made or is planned, about the first visit.
    pub call: Option<(Outreach, Attempt)>,
    /// Whether the suppression list holds the patient.
    pub opted_out: bool,
}

impl Hospital {
    /// With so many visits to come and two and a half times as many bookings, at these sites.
    pub fn with_visits(visits: usize, now: DateTime<Utc>, sites: Vec<SiteKey>) -> Hospital {
        Hospital { patients: visits * 5 / VISITS_OF_FIVE, now, sites }
    }

    /// The `place`-th patient in an order of no meaning: neither that of the ids, nor of time.
    pub fn scattered(&self, place: usize) -> usize {
        // A step without a common divisor visits everybody once.
        const STEP: usize = 104_729;
        place * STEP % self.patients
    }

    /// Everything about patient `n`.
    pub fn known(&self, n: usize) -> Known {
        let id = PatientId::new(format!("MRN{n:07}"));
        let mut appointments = Vec::with_capacity(6);
        let before = n / 5 * VISITS_OF_FIVE + [0, 1, 2, 4, 6][n % 5];
        let visits = if n % 5 < 2 { 1 } else { 2 };
        for visit in before..before + visits {
            self.book(&id, visit, n, &mut appointments);
        }
        let established = (!n.is_multiple_of(4)).then_some(true);
        appointments.iter_mut().for_each(|a| a.established = established);
        let first = appointments[0].start;
        if n.is_multiple_of(4) {
            let mut past = appointments[0].clone();
            past.id = AppointmentId::new(format!("{}-0", past.id));
            (past.start, past.status) = (self.now - Duration::days(30 + (n % 300) as i64), AppointmentStatus::Completed);
            appointments.push(past);
        }
        let call = self.call(n, &id, appointments[0].site.clone(), first);
        Known { patient: patient(n, id), appointments, call, opted_out: n % 50 == 7 }
    }

    /// The same as the planner gets it.
    pub fn facts(&self, n: usize) -> PatientFacts {
        let Known { patient, mut appointments, call, opted_out } = self.known(n);
        appointments.sort_by_key(|a| a.start);
        PatientFacts {
            patient,
            appointments,
            outreaches: call.into_iter().map(|(outreach, a)| OutreachFacts { outreach, attempts: vec![a] }).collect(),
            opted_out,
            opted_out_numbers: BTreeSet::new(),
            other_calls: Vec::new(),
            work: Vec::new(),
            changes: Vec::new(),
            closures: Vec::new(),
            stamp: 0,
        }
    }

    /// Two or three bookings in a row, between tomorrow and two months ahead.
    fn book(&self, patient: &PatientId, visit: usize, n: usize, appointments: &mut Vec<Appointment>) {
        let noon = self.now.date_naive().and_hms_opt(14, 0, 0).map_or(self.now, |noon| noon.and_utc());
        let start = noon + Duration::days(1 + (visit * 7 % 60) as i64) + Duration::minutes((visit % 24 * 15) as i64);
        for place in 0..2 + visit % 2 {
            let service = match (visit + place) % 5 {
                0 | 1 => Service::Exam,
                2 => Service::Radiology,
                3 => Service::Infusion,
                _ => Service::Lab,
            };
            appointments.push(Appointment {
                id: AppointmentId::new(format!("A{visit:07}-{place}")),
                patient: patient.clone(),
                site: self.sites[visit % self.sites.len()].clone(),
                department: Some(Phi::new(format!("Department {}", visit % 30))),
                start: start + Duration::minutes(60 * place as i64),
                duration_minutes: Some(30),
                service,
                service_by_rule: n.is_multiple_of(3),
                visit_type: Some(Phi::new(format!("Visit type {}", (visit + place) % 90))),
                status: if n % 40 == 3 { AppointmentStatus::Cancelled } else { AppointmentStatus::Booked },
                established: None,
                booked_at: self.now - Duration::days(20 + (visit % 60) as i64),
                updated_at: Some(self.now - Duration::days((visit % 20) as i64)),
                feed: "bench".into(),
            });
        }
    }

    /// One patient in twenty was called yesterday in vain, one in twenty has a call planned.
    fn call(&self, n: usize, patient: &PatientId, site: SiteKey, start: DateTime<Utc>) -> Option<(Outreach, Attempt)> {
        let made = match n % 20 {
            6 => true,
            12 => false,
            _ => return None,
        };
        let outreach = Outreach {
            id: OutreachId::new(format!("o-{n}")),
            visit: VisitKey { patient: patient.clone(), site, day: start.date_naive() },
            version: 1,
            purpose: Purpose::Reminder,
            touch: 1,
            job: "exam-and-radiology".into(),
            start,
            moved_from: None,
        };
        let placed_at = self.now - Duration::hours(20);
        let attempt = Attempt {
            status: if made { AttemptStatus::Completed } else { AttemptStatus::Planned },
            carrier_call_id: made.then(|| format!("CA{n}")),
            placed_at: made.then_some(placed_at),
            ended_at: made.then_some(placed_at + Duration::seconds(30)),
            outcome: made.then_some(Outcome::NoAnswer),
            ..Attempt::planned(
                AttemptId::new(format!("a-{n}")),
                outreach.id.clone(),
                1,
                Dial {
                    due_at: if made { placed_at } else { start - Duration::days(3) },
                    not_after: start - Duration::hours(12),
                    phone_kind: PhoneKind::Home,
                    phone: number(n)?,
                    language: "en-US".into(),
                    carrier: "main".into(),
                },
            )
        };
        Some((outreach, attempt))
    }
}

fn patient(n: usize, id: PatientId) -> Patient {
    let home = number(n).map(|number| Phone::read(PhoneKind::Home, number.as_str()));
    let mobile =
        (n.is_multiple_of(2)).then(|| Phone::read(PhoneKind::Mobile, &format!("312-{:03}-{:04}", 200 + n / 10_000, n % 10_000)));
    let phones = if n.is_multiple_of(40) { Vec::new() } else { home.into_iter().chain(mobile).collect() };
    Patient {
        id,
        first_name: Some(Phi::new(format!("First{}", n % 900))),
        last_name: Some(Phi::new(format!("Last{}", n % 7_000))),
        birth_date: NaiveDate::from_ymd_opt(1930 + (n % 80) as i32, 1 + (n % 12) as u32, 1 + (n % 28) as u32).map(Phi::new),
        phones,
        language: n.is_multiple_of(9).then(|| "es-US".into()),
        flags: PatientFlags { no_call: n % 40 == 1, consent: Some("registration".to_string()), ..PatientFlags::default() },
        updated_at: None,
    }
}

/// The number of patient `n`; one in a hundred has that of the patient before.
fn number(n: usize) -> Option<PhoneNumber> {
    let n = if n % 100 == 1 { n - 1 } else { n };
    PhoneNumber::parse(&format!("+1617{:07}", 2_000_000 + n)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_big_as_it_says() {
        let now: DateTime<Utc> = "2026-11-25T15:00:00Z".parse().expect("a moment");
        let hospital = Hospital::with_visits(4_000, now, vec!["boston".into(), "denver".into()]);
        let all: Vec<_> = (0..hospital.patients).map(|n| hospital.known(hospital.scattered(n))).collect();
        let to_come: Vec<_> = all.iter().flat_map(|known| &known.appointments).filter(|a| a.start > now).collect();
        let ids: BTreeSet<_> = to_come.iter().map(|a| a.id.as_str()).collect();
        let visits: BTreeSet<_> = to_come.iter().map(|a| (&a.patient, &a.site, a.start.date_naive())).collect();
        assert_eq!((ids.len(), visits.len(), all.len()), (10_000, 4_000, 2_500));
    }
}
