//! Which visits are judged, by which job, about whom and on which telephone.

use super::testing::*;
use crate::domain::*;

#[test]
fn every_job_gives_every_visit_one_decision_and_notices_none() {
    let mut world = World::new();
    world.facts.appointments.push(booking("A2", at("2027-03-01 10:00")));
    world.facts.appointments.push(booking("past", at("2026-11-19 11:59")));
    world.facts.appointments.push(booking("right now", at("2026-11-19 12:00")));
    let mut off = job();
    off.name = "off".into();
    off.enabled = false;
    let mut notice = job();
    notice.name = "moved".into();
    notice.purpose = Purpose::Moved;
    world.rules.jobs.extend([off, notice]);
    let told: Vec<String> = world
        .decide()
        .iter()
        .map(|d| format!("{} {} {}", d.visit.day, d.job.as_ref().expect("a job"), d.verdict.word()))
        .collect();
    let want = [
        "2026-12-10 exam-and-radiology call",
        "2026-12-10 off skip",
        "2027-03-01 exam-and-radiology call",
        "2027-03-01 off skip",
    ];
    assert_eq!(told, want);
    world.rules.jobs.retain(|j| j.purpose == Purpose::Moved);
    assert_eq!(world.decide(), []);
}

#[test]
fn the_spoken_time_is_the_first_booked_one() {
    let mut world = World::new();
    let mut early = booking("A0", at("2026-12-10 07:30"));
    early.status = AppointmentStatus::Cancelled;
    world.facts.appointments.push(early);
    world.facts.appointments.push(booking("A2", at("2026-12-10 14:00")));
    let decision = world.first();
    assert_eq!(decision.start, at("2026-12-10 09:00"));
    assert_eq!(decision.appointments, ["A1".into(), "A2".into()]);

    for appointment in &mut world.facts.appointments {
        appointment.status = AppointmentStatus::Cancelled;
    }
    let decision = world.first();
    assert_eq!(decision.start, at("2026-12-10 07:30"));
    assert_eq!(decision.appointments, ["A0".into(), "A1".into(), "A2".into()]);
}

#[test]
fn established_by_row_by_visit_or_by_the_past() {
    let stories: &[(&str, Given, bool)] = &[
        (
            "another row says so, even a cancelled one",
            |w| {
                w.visit().established = Some(false);
                let mut other = booking("A0", at("2027-01-05 09:00"));
                other.status = AppointmentStatus::Cancelled;
                w.facts.appointments.push(other);
            },
            true,
        ),
        (
            "an earlier visit took place, whatever a row says",
            |w| {
                w.visit().established = Some(false);
                earlier(w, "2026-10-01 09:00", AppointmentStatus::Completed);
            },
            true,
        ),
        (
            "an earlier booking of the same visit is no earlier visit",
            |w| {
                w.visit().established = None;
                earlier(w, "2026-12-10 08:00", AppointmentStatus::Arrived);
            },
            false,
        ),
        (
            "a visit at another site this morning is an earlier visit",
            |w| {
                w.visit().established = None;
                earlier(w, "2026-12-10 07:00", AppointmentStatus::Arrived).site = "denver".into();
            },
            true,
        ),
        (
            "rows are silent, an earlier visit has passed",
            |w| {
                w.visit().established = None;
                earlier(w, "2026-10-01 09:00", AppointmentStatus::Booked);
            },
            true,
        ),
        (
            "rows are silent, an earlier visit was missed",
            |w| {
                w.visit().established = None;
                earlier(w, "2026-10-01 09:00", AppointmentStatus::NoShow);
            },
            false,
        ),
        (
            "rows are silent, the earlier visit is still to come",
            |w| {
                w.visit().established = None;
                earlier(w, "2026-12-01 09:00", AppointmentStatus::Booked);
            },
            false,
        ),
        (
            "a row speaks, an earlier visit has only passed",
            |w| {
                w.visit().established = Some(false);
                earlier(w, "2026-10-01 09:00", AppointmentStatus::Booked);
            },
            false,
        ),
        (
            "the job does not ask",
            |w| {
                w.visit().established = Some(false);
                w.job().select.established_patients_only = false;
            },
            true,
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::new();
        given(&mut world);
        let about_it =
            world.decide().into_iter().find(|d| d.visit.site.as_str() == "boston" && d.visit.day.to_string() == "2026-12-10");
        let reason = about_it.expect("a decision").verdict.reason();
        assert_eq!(reason != Some("first_visit"), *want, "{name}: {reason:?}");
    }
}

fn earlier<'a>(world: &'a mut World, start: &str, status: AppointmentStatus) -> &'a mut Appointment {
    let mut appointment = booking("A0", at(start));
    appointment.established = None;
    appointment.status = status;
    world.facts.appointments.push(appointment);
    world.facts.appointments.last_mut().expect("just pushed")
}

/// A call about a visit in October, answered by somebody else.
fn said_to_be_wrong<'a>(world: &'a mut World, called: &str) -> &'a mut Attempt {
    let mut other = world.clone();
    other.visit().start = at("2026-10-15 09:00");
    let attempt = other.tried(1, "2026-10-12 10:00", Outcome::WrongNumber);
    attempt.phone = number(called);
    world.facts.outreaches.extend(other.facts.outreaches);
    world.facts.outreaches.last_mut().and_then(|o| o.attempts.last_mut()).expect("just pushed")
}

#[test]
fn a_number_that_is_somebody_elses_is_never_called_about_this_patient_again() {
    let mut world = World::new();
    said_to_be_wrong(&mut world, "6175550101");
    // It is the only one: a person must find another.
    assert_eq!(in_words(&world.first()), "review bad_phone");
    world.only_number("6175550101");
    assert_eq!(in_words(&world.first()), "review bad_phone");
    // The feed has another one now.
    let mut world = World::new();
    said_to_be_wrong(&mut world, "6175550101");
    world.phones(&[(PhoneKind::Home, "6175550102")]);
    assert!(in_words(&world.first()).starts_with("call 1"));
    // A visit in which it was said is over, also for another number (interfaces, section 5).
    let mut world = World::new();
    world.now = at("2026-12-08 12:00");
    world.tried(1, "2026-12-07 10:00", Outcome::WrongNumber);
    world.phones(&[(PhoneKind::Home, "6175550101"), (PhoneKind::Mobile, "6175550102")]);
    assert_eq!(in_words(&world.first()), "skip no_callable_phone");
}

#[test]
fn telephones_in_the_jobs_order() {
    use PhoneKind::*;
    let stories: &[(&str, Given, PhoneKind)] = &[
        ("the first of the job", |w| w.phones(&[(Work, "6175550103"), (Home, "6175550101")]), Home),
        ("an unreadable one is passed over", |w| w.phones(&[(Home, "x"), (Mobile, "6175550102")]), Mobile),
        (
            "a denied one is passed over",
            |w| {
                w.rules.limits.deny = vec!["617-555-0101".to_string()];
                w.phones(&[(Home, "6175550101"), (Mobile, "6175550102")]);
            },
            Mobile,
        ),
        (
            "one that opted out is passed over",
            |w| {
                w.facts.opted_out_numbers.insert(number("6175550101"));
                w.phones(&[(Home, "6175550101"), (Mobile, "6175550102")]);
            },
            Mobile,
        ),
        (
            "one that was said to be somebody else's in a call about another visit is passed over",
            |w| {
                said_to_be_wrong(w, "6175550101");
                w.phones(&[(Home, "6175550101"), (Mobile, "6175550102")]);
            },
            Mobile,
        ),
        (
            "one that the carrier called invalid then is tried again for another visit",
            |w| {
                let attempt = said_to_be_wrong(w, "6175550101");
                (attempt.outcome, attempt.end_reason) = (Some(Outcome::Failed), Some(EndReason::BadNumber));
                w.phones(&[(Home, "6175550101"), (Mobile, "6175550102")]);
            },
            Home,
        ),
        (
            "the one number that may be used, whatever the job says",
            |w| {
                w.job().call.phones = vec![Home];
                w.phones(&[(Home, "6175550101"), (Work, "6175550103")]);
                w.only_number("6175550103");
            },
            Work,
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::new();
        given(&mut world);
        assert_eq!(world.call().phone, *want, "{name}");
    }
}

#[test]
fn a_new_spoken_time_is_a_new_version() {
    let mut world = World::new();
    world.tried(1, "2026-12-07 10:00", Outcome::Confirmed);
    world.now = at("2026-12-08 12:00");
    assert_eq!((world.first().version, world.call_in_words().as_str()), (1, "skip already_confirmed"));
    world.visit().start = at("2026-12-10 14:00");
    assert_eq!((world.first().version, world.call_in_words().as_str()), (2, "call 1: Tue 12-08 12:00 to Tue 12-08 19:00"));
    world.now = at("2026-12-07 12:00");
    assert_eq!(world.call_in_words(), "skip capped", "calls about the old time count under the caps");
}

#[test]
fn details_name_nobody() {
    let mut world = World::new();
    world.visit().department = Some("Thoracic".to_string().into());
    world.visit().visit_type = Some("CT CHEST".to_string().into());
    let text = format!("{:?}", world.first().rules);
    for private in ["MRN1001", "0101", "Thoracic", "CT CHEST"] {
        assert!(!text.contains(private), "{private}");
    }
}
