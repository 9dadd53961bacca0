//! The rules that judge the bookings and the patient, in the order in which they stand here. Those that take facts alone
//! hold for notices too.

use super::decide::Case;
use super::established::{Established, established};
use super::phone::PhoneChoice;
use super::trail::{Refusal, Trail};
use super::{PatientFacts, Review, Rules, Skip, closures};
use crate::domain::{Appointment, AppointmentStatus, Outcome, PhoneKind, PhoneNumber};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

type Pass<T = ()> = Result<T, Refusal>;

/// Something is booked, and takes place as far as anybody knows.
pub(crate) fn booked(case: &Case, trail: &mut Trail) -> Pass {
    if let Some(closed) = closures::covering(case.facts, case.visit) {
        let late = closed.closure.delay_to.is_some();
        let detail = if late { "the site opens late that day" } else { "the site is closed then" };
        return Err(trail.skip("booked", detail, Skip::NotBooked));
    }
    match case.visit.booked().count() {
        0 => {
            let statuses: BTreeSet<&str> = case.visit.spoken_of().map(|a| a.status.as_str()).collect();
            let detail = statuses.into_iter().collect::<Vec<_>>().join(", ");
            Err(trail.skip("booked", detail, Skip::NotBooked))
        }
        1 => {
            trail.pass("booked", "1 booked");
            Ok(())
        }
        several => {
            trail.pass("booked", format!("{several} booked"));
            Ok(())
        }
    }
}

pub(crate) fn deceased(facts: &PatientFacts, trail: &mut Trail) -> Pass {
    if facts.patient.flags.deceased {
        return Err(trail.skip("deceased", "the patient has died", Skip::Deceased));
    }
    trail.pass("deceased", "no");
    Ok(())
}

pub(crate) fn no_call(facts: &PatientFacts, trail: &mut Trail) -> Pass {
    if facts.patient.flags.no_call {
        return Err(trail.skip("no_call", "the patient is not to be called", Skip::NoCallFlag));
    }
    trail.pass("no_call", "no");
    Ok(())
}

/// The patient, or every number that could be dialled (calling-rules L-09, L-20). Both scopes hold for reminders.
pub(crate) fn opted_out(facts: &PatientFacts, phone: PhoneChoice, settled: Option<Outcome>, trail: &mut Trail) -> Pass {
    let detail = if facts.opted_out {
        "the patient is on the suppression list"
    } else if facts.patient.flags.opt_out {
        "the feed says that the patient opted out"
    } else if settled == Some(Outcome::OptedOut) {
        "the patient opted out in a call about this visit"
    } else if phone == PhoneChoice::OptedOut {
        "every number that can be dialled is on the suppression list"
    } else {
        trail.pass("opt_out", "no");
        return Ok(());
    };
    Err(trail.skip("opt_out", detail, Skip::OptedOut))
}

pub(crate) fn established_patient(case: &Case, trail: &mut Trail) -> Pass {
    if !case.job.select.established_patients_only {
        trail.pass("established", "the job does not ask");
        return Ok(());
    }
    let found = established(case.facts, case.visit, case.now);
    if let Established::No { passes_at } = found {
        // An earlier visit counts from the first moment after its start.
        let again_at = passes_at.and_then(|start| start.checked_add_signed(Duration::seconds(1)));
        return Err(trail.skip("established", found.detail(), Skip::FirstVisit).until(again_at));
    }
    trail.pass("established", found.detail());
    Ok(())
}

/// Every booked booking is confirmed, or the patient confirmed this version of the visit by telephone.
pub(crate) fn confirmed(case: &Case, settled: Option<Outcome>, trail: &mut Trail) -> Pass {
    if settled == Some(Outcome::Confirmed) {
        return Err(trail.skip("confirmed", "confirmed in a call", Skip::AlreadyConfirmed));
    }
    if case.visit.booked().all(|a| a.status == AppointmentStatus::Confirmed) {
        return Err(trail.skip("confirmed", "every booked appointment is confirmed", Skip::AlreadyConfirmed));
    }
    trail.pass("confirmed", "not yet");
    Ok(())
}

/// A number to dial. One that turned out not to be the patient's, or to be no number, ends the visit's calls; a person
/// has the `wrong_number` item.
pub(crate) fn callable_phone<'a>(
    phone: PhoneChoice<'a>,
    settled: Option<Outcome>,
    trail: &mut Trail,
) -> Pass<(PhoneKind, &'a PhoneNumber)> {
    if settled == Some(Outcome::WrongNumber) {
        return Err(trail.skip("phone", "the number called was not the patient's", Skip::NoCallablePhone));
    }
    match phone {
        PhoneChoice::Found(kind, number) => {
            trail.pass("phone", kind.as_str());
            Ok((kind, number))
        }
        PhoneChoice::NoneGiven => Err(trail.skip("phone", "no number of the job's kinds is given", Skip::NoCallablePhone)),
        PhoneChoice::NoneDialable | PhoneChoice::OptedOut => {
            Err(trail.review("phone", "numbers are given, none can be dialled", Review::BadPhone))
        }
    }
}

pub(crate) fn language(rules: &Rules, facts: &PatientFacts, trail: &mut Trail) -> Pass {
    let wanted = facts.patient.language.as_ref();
    match rules.pack_for(wanted) {
        Some(_) => {
            trail.pass("language", if wanted.is_some() { "the patient's" } else { "the organization's" });
            Ok(())
        }
        None => Err(trail.review("language", "no pack speaks the patient's language", Review::UnknownLanguage)),
    }
}

/// No booked booking of the patient at another site overlaps one of this visit.
pub(crate) fn conflicting_times(case: &Case, trail: &mut Trail) -> Pass {
    let elsewhere = || case.facts.appointments.iter().filter(|a| a.status.is_booked() && a.site != *case.visit.site);
    if let Some(other) = case.visit.booked().find_map(|here| elsewhere().find(|other| overlap(here, other))) {
        let detail = format!("also booked at the site {} at that time", other.site);
        return Err(trail.review("conflicting_times", detail, Review::ConflictingTimes));
    }
    trail.pass("conflicting_times", "none");
    Ok(())
}

/// Half-open spans; a booking whose length nobody knows counts as its first minute.
fn overlap(a: &Appointment, b: &Appointment) -> bool {
    let end = |x: &Appointment| -> DateTime<Utc> {
        let minutes = i64::from(x.duration_minutes.unwrap_or(1).max(1));
        x.start.checked_add_signed(Duration::minutes(minutes)).unwrap_or(x.start)
    };
    a.start < end(b) && b.start < end(a)
}

/// Booked at least `minimum_notice` before the start, by the earliest booking.
pub(crate) fn notice(case: &Case, trail: &mut Trail) -> Pass {
    let Some(booked_at) = case.visit.booked().map(|a| a.booked_at).min() else { return Ok(()) };
    if case.visit.start - booked_at < case.job.select.minimum_notice {
        let detail = format!("booked {} minutes before the start", (case.visit.start - booked_at).num_minutes());
        return Err(trail.skip("notice", detail, Skip::TooShortNotice));
    }
    trail.pass("notice", "booked early enough");
    Ok(())
}
