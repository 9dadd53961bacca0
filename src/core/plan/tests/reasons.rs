//! One story for every reason, and the order of the reasons.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;

type Story = (&'static str, Given, &'static str);

const REASONS: &[Story] = &[
    ("a plain visit is called about", |_| {}, "call 1: Mon 12-07 10:00 to Mon 12-07 19:00"),
    ("there is no job", |w| w.rules.jobs.clear(), "skip no_job"),
    ("the job is off", |w| w.job().enabled = false, "skip job_disabled"),
    ("the job is for another site", |w| w.job().select.sites = vec!["denver".into()], "skip site_or_department_excluded"),
    (
        "the job is for its department, whatever the case",
        |w| {
            w.job().select.departments = vec!["Head and Neck".to_string()];
            w.visit().department = Some("HEAD AND NECK".to_string().into());
        },
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    (
        "the job is for another department",
        |w| {
            w.job().select.departments = vec!["Imaging".to_string()];
            w.visit().department = Some("Thoracic".to_string().into());
        },
        "skip site_or_department_excluded",
    ),
    (
        "only a cancelled booking is in the department",
        |w| {
            w.job().select.departments = vec!["Imaging".to_string()];
            let mut cancelled = booking("A2", at("2026-12-10 11:00"));
            cancelled.department = Some("Imaging".to_string().into());
            cancelled.status = AppointmentStatus::Cancelled;
            w.facts.appointments.push(cancelled);
        },
        "skip site_or_department_excluded",
    ),
    ("cancelled", |w| w.visit().status = AppointmentStatus::Cancelled, "skip not_booked"),
    ("not firm yet", |w| w.visit().status = AppointmentStatus::Pending, "skip not_booked"),
    ("only infusion", |w| w.visit().service = Service::Infusion, "skip not_eligible_service"),
    (
        "infusion, and something unclassified",
        |w| {
            w.visit().service = Service::Infusion;
            let mut unclear = booking("A2", at("2026-12-10 11:00"));
            unclear.service = Service::Unknown;
            w.facts.appointments.push(unclear);
        },
        "review unknown_service",
    ),
    (
        "infusion and an exam: one call",
        |w| {
            w.visit().service = Service::Infusion;
            w.facts.appointments.push(booking("A2", at("2026-12-10 11:00")));
        },
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    ("has died", |w| w.flags().deceased = true, "skip deceased"),
    ("not to be called", |w| w.flags().no_call = true, "skip no_call_flag"),
    ("opted out by the feed", |w| w.flags().opt_out = true, "skip opted_out"),
    ("on the suppression list", |w| w.facts.opted_out = true, "skip opted_out"),
    (
        "opted out in a call",
        |w| {
            w.now = at("2026-12-07 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::OptedOut);
        },
        "skip opted_out",
    ),
    (
        "the only number opted out",
        |w| {
            w.facts.opted_out_numbers.insert(number("6175550101"));
        },
        "skip opted_out",
    ),
    ("a first visit, by the feed", |w| w.visit().established = Some(false), "skip first_visit"),
    ("a first visit, as far as anybody knows", |w| w.visit().established = None, "skip first_visit"),
    ("confirmed by the feed", |w| w.visit().status = AppointmentStatus::Confirmed, "skip already_confirmed"),
    (
        "one of two is confirmed",
        |w| {
            w.visit().status = AppointmentStatus::Confirmed;
            w.facts.appointments.push(booking("A2", at("2026-12-10 11:00")));
        },
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    (
        "confirmed in a call",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::Confirmed);
        },
        "skip already_confirmed",
    ),
    (
        "heard",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::Heard);
        },
        "skip already_reached",
    ),
    (
        "asked to reschedule",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::RescheduleRequested);
        },
        "skip already_reached",
    ),
    (
        "connected to a person",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::Transferred);
        },
        "skip already_reached",
    ),
    (
        "a message was left",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::VoicemailLeft);
        },
        "skip already_reached",
    ),
    ("no number", |w| w.phones(&[]), "skip no_callable_phone"),
    ("no number of the job's kinds", |w| w.job().call.phones = vec![PhoneKind::Mobile], "skip no_callable_phone"),
    (
        "not the patient's number",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::WrongNumber);
        },
        "skip no_callable_phone",
    ),
    (
        "the carrier says that it is no number",
        |w| {
            w.now = at("2026-12-08 12:00");
            w.tried(1, "2026-12-07 10:00", Outcome::Failed).end_reason = Some(EndReason::BadNumber);
        },
        "skip no_callable_phone",
    ),
    ("an unreadable number", |w| w.phones(&[(PhoneKind::Home, "555-01")]), "review bad_phone"),
    ("a number abroad", |w| w.phones(&[(PhoneKind::Home, "+34 912 345 678")]), "review bad_phone"),
    ("a number on the deny list", |w| w.rules.limits.deny = vec!["+1617555".to_string()], "review bad_phone"),
    ("no pack for the language", |w| w.facts.patient.language = Some("vi".into()), "review unknown_language"),
    (
        "two places at one time",
        |w| {
            let mut elsewhere = booking("A2", at("2026-12-10 09:15"));
            elsewhere.site = "denver".into();
            w.facts.appointments.push(elsewhere);
        },
        "review conflicting_times",
    ),
    (
        "no hours in common",
        |w| {
            w.job().when.until = clock("12:00");
            w.phones(&[(PhoneKind::Home, "808-555-0101")]);
        },
        "review no_common_hours",
    ),
    (
        "booked yesterday",
        |w| {
            w.now = at("2026-12-09 12:00");
            w.visit().booked_at = at("2026-12-09 11:00");
        },
        "skip too_short_notice",
    ),
    (
        "called today about something else",
        |w| {
            w.now = at("2026-12-07 12:00");
            w.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at("2026-12-07 09:00") });
        },
        "skip capped",
    ),
    (
        "a call is under way",
        |w| {
            w.now = at("2026-12-07 12:00");
            w.attempt(1, at("2026-12-07 12:00")).status = AttemptStatus::Ringing;
        },
        "skip capped",
    ),
    (
        "rang twice in vain",
        |w| {
            w.now = at("2026-12-08 18:00");
            w.tried(1, "2026-12-07 10:00", Outcome::NoAnswer);
            w.tried(1, "2026-12-08 16:00", Outcome::NoAnswer);
        },
        "skip attempts_exhausted",
    ),
    ("twelve hours before", |w| w.now = at("2026-12-09 21:00"), "skip too_late"),
    ("no window is left", |w| w.now = at("2026-12-09 19:00"), "skip too_late"),
];

#[test]
fn every_reason_has_its_story() {
    for (name, given, want) in REASONS {
        let mut world = World::new();
        given(&mut world);
        let decision = world.first();
        assert_eq!(in_words(&decision), *want, "{name}");
        let verdicts: Vec<_> = decision.rules.iter().map(|r| r.verdict).collect();
        let (last, before) = verdicts.split_last().expect("rules");
        let called = matches!(decision.verdict, Verdict::Call(_));
        assert_eq!(*last, if called { RuleVerdict::Pass } else { RuleVerdict::Fail }, "{name}");
        assert!(before.iter().all(|v| *v == RuleVerdict::Pass), "{name}");
    }
    let told: Vec<&str> = REASONS.iter().map(|story| story.2.split(' ').nth(1).expect("a word")).collect();
    for word in SKIPS.iter().map(|s| s.as_str()).chain(REVIEWS.iter().map(|r| r.as_str())) {
        assert!(told.contains(&word), "{word} has no story");
    }
}

const SKIPS: [Skip; 16] = [
    Skip::NoJob,
    Skip::JobDisabled,
    Skip::SiteOrDepartmentExcluded,
    Skip::NotBooked,
    Skip::NotEligibleService,
    Skip::Deceased,
    Skip::NoCallFlag,
    Skip::OptedOut,
    Skip::FirstVisit,
    Skip::AlreadyConfirmed,
    Skip::AlreadyReached,
    Skip::NoCallablePhone,
    Skip::TooShortNotice,
    Skip::Capped,
    Skip::AttemptsExhausted,
    Skip::TooLate,
];

const REVIEWS: [Review; 5] =
    [Review::UnknownService, Review::BadPhone, Review::UnknownLanguage, Review::ConflictingTimes, Review::NoCommonHours];

/// Each step brings the next earlier reason on top of all later ones: the first that applies must win.
#[test]
fn the_first_reason_in_order_wins() {
    let mut world = World::new();
    world.now = at("2026-12-09 21:30");
    let steps: &[(Given, &str)] = &[
        (|_| {}, "too_late"),
        (|w| w.visit().booked_at = at("2026-12-09 20:00"), "too_short_notice"),
        (
            |w| {
                w.job().when.until = clock("12:00");
                w.phones(&[(PhoneKind::Home, "808-555-0101")]);
            },
            "no_common_hours",
        ),
        (
            |w| {
                let mut elsewhere = booking("Z", at("2026-12-10 09:15"));
                elsewhere.site = "denver".into();
                w.facts.appointments.push(elsewhere);
            },
            "conflicting_times",
        ),
        (|w| w.facts.patient.language = Some("vi".into()), "unknown_language"),
        (|w| w.phones(&[(PhoneKind::Home, "x")]), "bad_phone"),
        (
            |w| {
                w.tried(1, "2026-12-08 12:00", Outcome::RescheduleRequested);
            },
            "already_reached",
        ),
        (|w| w.facts.appointments.iter_mut().for_each(|a| a.status = AppointmentStatus::Confirmed), "already_confirmed"),
        (|w| w.facts.appointments.iter_mut().for_each(|a| a.established = None), "first_visit"),
        (|w| w.facts.opted_out = true, "opted_out"),
        (|w| w.flags().no_call = true, "no_call_flag"),
        (|w| w.flags().deceased = true, "deceased"),
        (|w| w.visit().service = Service::Unknown, "unknown_service"),
        (|w| w.visit().service = Service::Lab, "not_eligible_service"),
        (|w| w.visit().status = AppointmentStatus::Cancelled, "not_booked"),
        (|w| w.job().select.sites = vec!["denver".into()], "site_or_department_excluded"),
        (|w| w.job().enabled = false, "job_disabled"),
        (|w| w.rules.jobs.clear(), "no_job"),
    ];
    for (step, want) in steps {
        step(&mut world);
        assert_eq!(world.first().verdict.reason(), Some(*want));
    }
}
