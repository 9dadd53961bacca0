//! Whether and when a notice is given. Unless a story says otherwise: a visit at Boston on Thursday 2026-12-10 at 09:00 is
//! cancelled on Monday at noon; notices are given every day from 08:00 to 21:00, until an hour before.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::{Duration, Weekday};

type Story = (&'static str, Given, &'static str, Option<WorkKind>);

const UNANNOUNCED: Option<WorkKind> = Some(WorkKind::ChangeUnannounced);

/// Every reason in its order, with the item that it opens.
const REASONS: &[Story] = &[
    ("a cancelled visit is told", |_| {}, "call 1: Mon 12-07 12:10 to Mon 12-07 21:00", None),
    ("the job is off", |w| cancelled(w).enabled = false, "skip job_disabled", None),
    (
        "the job is for another site",
        |w| cancelled(w).select.sites = vec!["denver".into()],
        "skip site_or_department_excluded",
        None,
    ),
    (
        "the job is for another department",
        |w| cancelled(w).select.departments = vec!["Imaging".to_string()],
        "skip site_or_department_excluded",
        None,
    ),
    (
        "the department as last announced counts",
        |w| {
            cancelled(w).select.departments = vec!["Imaging".to_string()];
            w.facts.changes[0].old.department = Some("IMAGING".to_string().into());
        },
        "call 1: Mon 12-07 12:10 to Mon 12-07 21:00",
        None,
    ),
    ("only infusion", |w| w.facts.changes[0].old.service = Service::Infusion, "skip not_eligible_service", None),
    ("only something unclassified", |w| w.facts.changes[0].old.service = Service::Unknown, "skip not_eligible_service", None),
    ("has died", |w| w.flags().deceased = true, "skip deceased", None),
    ("not to be called", |w| w.flags().no_call = true, "skip no_call_flag", UNANNOUNCED),
    ("opted out by the feed", |w| w.flags().opt_out = true, "skip opted_out", UNANNOUNCED),
    ("on the suppression list", |w| w.facts.opted_out = true, "skip opted_out", UNANNOUNCED),
    (
        "the only number opted out",
        |w| {
            w.facts.opted_out_numbers.insert(number("6175550101"));
        },
        "skip opted_out",
        UNANNOUNCED,
    ),
    ("no number", |w| w.phones(&[]), "skip no_callable_phone", UNANNOUNCED),
    (
        "a reminder found that it is not the patient's number",
        |w| {
            w.tried(1, "2026-12-07 10:00", Outcome::WrongNumber);
        },
        "skip no_callable_phone",
        UNANNOUNCED,
    ),
    ("an unreadable number", |w| w.phones(&[(PhoneKind::Home, "555-01")]), "review bad_phone", UNANNOUNCED),
    ("no pack for the language", |w| w.facts.patient.language = Some("vi".into()), "review unknown_language", UNANNOUNCED),
    (
        "no hours in common",
        |w| {
            cancelled(w).when.until = clock("12:00");
            w.phones(&[(PhoneKind::Home, "808-555-0101")]);
        },
        "review no_common_hours",
        UNANNOUNCED,
    ),
    (
        "called today: tomorrow is in time",
        |w| w.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at("2026-12-07 09:00") }),
        "skip capped",
        None,
    ),
    (
        "called today, and tomorrow is too late",
        |w| {
            w.now = at("2026-12-09 12:00");
            w.facts.changes[0].first_at = w.now;
            w.facts.changes[0].last_at = w.now;
            w.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at("2026-12-09 09:00") });
            *cancelled(w) = Job {
                when: WhenRules { from: clock("09:00"), ..notice_job(Purpose::Cancelled).when },
                ..notice_job(Purpose::Cancelled)
            };
        },
        "skip capped",
        UNANNOUNCED,
    ),
    ("no call is ever allowed", |w| w.rules.limits.per_day = 0, "skip capped", UNANNOUNCED),
    (
        "a call about the visit is under way",
        |w| w.attempt(1, at("2026-12-07 12:00")).status = AttemptStatus::Ringing,
        "skip capped",
        None,
    ),
    (
        "rang twice in vain",
        |w| {
            w.later(10);
            w.calls(Purpose::Cancelled, Outcome::NoAnswer);
            w.now = at("2026-12-08 16:00");
            w.calls(Purpose::Cancelled, Outcome::HungUpEarly);
        },
        "skip attempts_exhausted",
        UNANNOUNCED,
    ),
    (
        "nothing was left on the machine, twice",
        |w| {
            w.later(10);
            w.calls(Purpose::Cancelled, Outcome::MachineNoMessage);
            w.now = at("2026-12-08 16:00");
            w.calls(Purpose::Cancelled, Outcome::MachineNoMessage);
        },
        "skip attempts_exhausted",
        UNANNOUNCED,
    ),
    ("an hour before", |w| w.now = at("2026-12-10 08:00"), "skip too_late", UNANNOUNCED),
    (
        "no window is left: not before nine, and from eight on it is too late",
        |w| {
            cancelled(w).when.from = clock("09:00");
            w.now = at("2026-12-09 21:00");
        },
        "skip too_late",
        UNANNOUNCED,
    ),
    ("no day is callable any more", |w| cancelled(w).when.weekdays = vec![Weekday::Sat], "skip too_late", UNANNOUNCED),
];

pub(super) fn cancelled(world: &mut World) -> &mut Job {
    world.notice_job(Purpose::Cancelled)
}

pub(super) fn with_a_cancelled_visit() -> World {
    let mut world = World::with_notices();
    world.cancel("A1");
    world
}

pub(super) fn notice(world: &World) -> Decision {
    let mut notices = world.decide().into_iter().filter(|d| d.purpose != Purpose::Reminder);
    let one = notices.next().expect("a decision about a notice");
    assert_eq!(notices.next(), None, "one notice, one job");
    one
}

#[test]
fn every_reason_has_its_story() {
    for (name, given, want, opens) in REASONS {
        let mut world = with_a_cancelled_visit();
        given(&mut world);
        let decision = notice(&world);
        assert_eq!((in_words(&decision).as_str(), decision.opens), (*want, *opens), "{name}");
        assert_eq!(decision.due_at(), at("2026-12-10 09:00"), "{name}");
        let (last, before) = decision.rules.split_last().expect("rules");
        let called = matches!(decision.verdict, Verdict::Call(_));
        assert_eq!(last.verdict, if called { RuleVerdict::Pass } else { RuleVerdict::Fail }, "{name}");
        assert!(before.iter().all(|rule| rule.verdict == RuleVerdict::Pass), "{name}");
        let items: Vec<_> = world
            .plan()
            .into_iter()
            .filter_map(|a| if let PlanAction::OpenWork(item) = a { Some(item.kind) } else { None })
            .collect();
        assert_eq!(items.contains(&WorkKind::ChangeUnannounced), opens.is_some(), "{name}: {items:?}");
    }
    let told: Vec<&str> = REASONS.iter().map(|story| story.2.split(' ').nth(1).expect("a word")).collect();
    for word in NOTICE_REASONS {
        assert!(told.contains(&word), "{word} has no story");
    }
}

/// Interfaces, section 4: the order of reasons of a notice.
const NOTICE_REASONS: [&str; 13] = [
    "job_disabled",
    "site_or_department_excluded",
    "not_eligible_service",
    "deceased",
    "no_call_flag",
    "opted_out",
    "no_callable_phone",
    "bad_phone",
    "unknown_language",
    "no_common_hours",
    "capped",
    "attempts_exhausted",
    "too_late",
];

/// Each step brings the next earlier reason on top of all later ones: the first that applies must win.
#[test]
fn the_first_reason_in_order_wins() {
    let mut world = with_a_cancelled_visit();
    world.now = at("2026-12-10 08:30");
    let steps: &[(Given, &str)] = &[
        (|_| {}, "too_late"),
        (
            |w| {
                cancelled(w).when.until = clock("12:00");
                w.phones(&[(PhoneKind::Home, "808-555-0101")]);
            },
            "no_common_hours",
        ),
        (|w| w.facts.patient.language = Some("vi".into()), "unknown_language"),
        (|w| w.phones(&[(PhoneKind::Home, "x")]), "bad_phone"),
        (|w| w.phones(&[]), "no_callable_phone"),
        (|w| w.facts.opted_out = true, "opted_out"),
        (|w| w.flags().no_call = true, "no_call_flag"),
        (|w| w.flags().deceased = true, "deceased"),
        (|w| w.facts.changes[0].old.service = Service::Lab, "not_eligible_service"),
        (|w| cancelled(w).select.sites = vec!["denver".into()], "site_or_department_excluded"),
        (|w| cancelled(w).enabled = false, "job_disabled"),
    ];
    for (step, want) in steps {
        step(&mut world);
        assert_eq!(notice(&world).verdict.reason(), Some(*want));
    }
}

#[test]
fn what_a_call_cannot_say_in_time_stays_with_a_person_until_it_is_settled() {
    let open = |world: &World| world.facts.work.iter().filter(|w| w.standing == WorkStanding::Open).count();
    let mut world = with_a_cancelled_visit();
    world.phones(&[]);
    let item = world.plan().into_iter().find_map(|a| if let PlanAction::OpenWork(item) = a { Some(item) } else { None });
    let item = item.expect("an item");
    let want = (WorkKind::ChangeUnannounced, at("2026-12-10 09:00"), "no_callable_phone");
    assert_eq!((item.kind, item.due_at, item.known), want);
    assert_eq!(open(&world), 1);

    // The patient has a number again, and then again none: the item closes, and comes up again.
    world.later(30);
    world.phones(&[(PhoneKind::Home, "617-555-0101")]);
    world.plan();
    assert_eq!(open(&world), 0);
    world.later(30);
    world.phones(&[]);
    world.plan();
    assert_eq!(open(&world), 1);

    // Booked again as it was.
    let mut back = world.clone();
    back.edit("A1", |a| a.status = AppointmentStatus::Booked);
    back.plan();
    assert_eq!(open(&back), 0);

    // Nobody told the patient: the visit's time comes, and the item stays to be seen.
    let mut late = world.clone();
    late.now = at("2026-12-10 09:00");
    late.plan();
    assert_eq!((open(&late), late.facts.changes.len()), (1, 0));

    // A person did. Another change later is another item.
    world.facts.work.iter_mut().for_each(|w| w.standing = WorkStanding::Done);
    world.plan();
    assert_eq!(world.facts.changes, []);
    world.later(60);
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.later(60);
    world.cancel("A1");
    world.plan();
    assert_eq!(open(&world), 1);
}

#[test]
fn an_opt_out_of_reminders_alone_stops_no_notice() {
    let mut world = with_a_cancelled_visit();
    world.also_booked("A2", "2026-12-12 09:00");
    world.rules.limits.opt_out_scope = OptOutScope::Reminders;
    world.facts.opted_out = true;
    world.flags().opt_out = true;
    world.facts.opted_out_numbers.insert(number("6175550101"));
    assert_eq!(in_words(&notice(&world)), "call 1: Mon 12-07 12:10 to Mon 12-07 21:00");
    let reminder = world.decide().into_iter().find(|d| d.visit.day.to_string() == "2026-12-12").expect("a reminder");
    assert_eq!(in_words(&reminder), "skip opted_out");
}

#[test]
fn a_no_answer_is_tried_the_next_day_in_another_part_of_it() {
    let mut world = World::with_notices();
    world.now = at("2026-12-07 10:00");
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Cancelled, Outcome::Busy);
    assert_eq!(in_words(&notice(&world)), "call 1: Mon 12-07 10:25 to Mon 12-07 21:00");
    world.later(15);
    world.calls(Purpose::Cancelled, Outcome::NoAnswer);
    assert_eq!(in_words(&notice(&world)), "call 1: Tue 12-08 16:00 to Tue 12-08 21:00");
}

#[test]
fn a_narrower_job_overrides_one_for_all() {
    let mut world = with_a_cancelled_visit();
    world.facts.changes[0].old.department = Some("Imaging".to_string().into());
    world.visit().department = Some("Imaging".to_string().into());
    world.also_booked("A2", "2026-12-12 09:00").department = Some("imaging".to_string().into());
    for purpose in [Purpose::Reminder, Purpose::Cancelled] {
        let mut of_site = Job { purpose, ..notice_job(Purpose::Cancelled) };
        of_site.name = format!("{}-site", purpose.as_str()).as_str().into();
        of_site.select.sites = vec!["boston".into()];
        let mut of_department = of_site.clone();
        of_department.name = format!("{}-department", purpose.as_str()).as_str().into();
        (of_department.select.sites, of_department.select.departments) = (vec![], vec!["Imaging".to_string()]);
        world.rules.jobs.extend([of_site, of_department]);
    }
    let about = |world: &World, purpose: Purpose| -> Vec<(String, &'static str)> {
        let all = world
            .decide()
            .into_iter()
            .filter(|d| d.purpose == purpose && (purpose != Purpose::Reminder || d.visit.day.to_string() == "2026-12-12"));
        all.map(|d| (d.job.expect("a job").to_string(), d.verdict.reason().unwrap_or("call"))).collect()
    };
    let gives_up = "site_or_department_excluded";
    let job = |name: &str, reason| (name.to_string(), reason);
    assert_eq!(
        about(&world, Purpose::Cancelled),
        [job("cancelled", gives_up), job("cancelled-site", gives_up), job("cancelled-department", "call")]
    );
    assert_eq!(
        about(&world, Purpose::Reminder),
        [job("exam-and-radiology", gives_up), job("reminder-site", gives_up), job("reminder-department", "call")]
    );

    // One that is off, or for other services, overrides nothing.
    for job in world.rules.jobs.iter_mut().filter(|job| !job.select.departments.is_empty()) {
        job.enabled = false;
    }
    for job in world.rules.jobs.iter_mut().filter(|job| !job.select.sites.is_empty()) {
        job.select.services = vec![Service::Lab];
    }
    assert_eq!(about(&world, Purpose::Cancelled)[0], job("cancelled", "call"));
    assert_eq!(about(&world, Purpose::Reminder)[0], job("exam-and-radiology", "call"));
}

#[test]
fn two_jobs_for_one_notice_make_one_call_and_open_no_item_while_one_can_tell() {
    let mut world = with_a_cancelled_visit();
    let mut second = notice_job(Purpose::Cancelled);
    second.name = "second".into();
    world.rules.jobs.push(second);
    cancelled(&mut world).call.phones = vec![PhoneKind::Work];
    world.later(10);
    let actions = world.plan();
    let opened: Vec<_> =
        actions.iter().filter(|a| matches!(a, PlanAction::Open(new) if new.outreach.purpose == Purpose::Cancelled)).collect();
    assert!(matches!(opened[..], [PlanAction::Open(new)] if new.outreach.job.as_str() == "second"), "{actions:?}");
    assert!(!actions.iter().any(|a| matches!(a, PlanAction::OpenWork(_))), "{actions:?}");
    // It waits for a cap, and can tell tomorrow.
    world.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: world.now });
    let actions = world.plan();
    assert!(!actions.iter().any(|a| matches!(a, PlanAction::OpenWork(_))), "{actions:?}");
}

#[test]
fn a_job_that_looks_less_far_ahead_does_not_list_the_visit() {
    let mut world = with_a_cancelled_visit();
    let mut near = notice_job(Purpose::Cancelled);
    near.name = "near".into();
    near.when.horizon = Duration::days(1);
    world.rules.jobs.push(near);
    assert_eq!(notice(&world).job, Some("cancelled".into()));
}

#[test]
fn reminders_wait_for_notices() {
    // The visit moves within its day while its own reminder is due.
    let mut world = World::with_notices();
    world.move_to("A1", "2026-12-10 14:00");
    assert_eq!((world.first().version, world.call_in_words().as_str()), (1, "skip capped"));
    let caps = world.first().rules.pop().expect("rules");
    assert_eq!(caps.detail, "a notice about this visit goes first");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Heard);
    world.plan();
    world.now = at("2026-12-08 12:00");
    assert_eq!(world.call_in_words(), "call 1: Tue 12-08 12:00 to Tue 12-08 19:00", "then it is the reminder's turn");

    // Another visit is cancelled: the one call of the day is the notice's.
    let mut world = World::with_notices();
    world.also_booked("A2", "2026-12-12 09:00");
    world.cancel("A2");
    assert_eq!(world.call_in_words(), "skip capped");
    assert_eq!(world.first().again_at, Some(at("2026-12-07 19:00")), "its hours of the day are over");
    world.rules.limits.per_day = 2;
    assert_eq!(world.call_in_words(), "call 1: Mon 12-07 12:00 to Mon 12-07 19:00", "two a day leave room for both");

    // The last call of the week is the notice's, too, though it is given tomorrow and nothing is kept free for notices.
    world.rules.limits = Limits { notice_reserve: 0, ..limits() };
    cancelled(&mut world).when.weekdays = vec![chrono::Weekday::Tue];
    world.tried(1, "2026-12-03 12:00", Outcome::Superseded);
    assert_eq!(world.call_in_words(), "call 1: Mon 12-07 12:00 to Mon 12-07 19:00", "there is room for both");
    world.tried(1, "2026-12-04 12:00", Outcome::Superseded);
    assert_eq!(world.call_in_words(), "skip capped");
}
