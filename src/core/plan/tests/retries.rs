//! What follows calls: retries, later touches, caps, voicemail.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::Duration;

/// Calls made, each with its moment in 2026.
type Calls = &'static [(&'static str, Outcome)];

/// What follows the calls of a touch: (calls made, moment of planning, decision).
#[test]
fn the_way_on_after_a_call() {
    use Outcome::*;
    let stories: &[(&str, Calls, &str, &str)] = &[
        (
            "a morning no-answer is tried in the later part of the next day",
            &[("12-07 10:00", NoAnswer)],
            "12-07 11:00",
            "call 1: Tue 12-08 16:00 to Tue 12-08 19:00",
        ),
        ("12:59 is still morning", &[("12-07 12:59", NoAnswer)], "12-07 13:00", "call 1: Tue 12-08 16:00 to Tue 12-08 19:00"),
        (
            "13:00 is afternoon: from the window's opening",
            &[("12-07 13:00", NoAnswer)],
            "12-07 14:00",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "the next day, the time not yet come",
            &[("12-07 10:00", NoAnswer)],
            "12-08 11:00",
            "call 1: Tue 12-08 16:00 to Tue 12-08 19:00",
        ),
        ("the next day, open now", &[("12-07 10:00", NoAnswer)], "12-08 17:00", "call 1: Tue 12-08 17:00 to Tue 12-08 19:00"),
        (
            "hung up early: another day, the whole window",
            &[("12-07 10:00", HungUpEarly)],
            "12-07 11:00",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "a cut voicemail: another day",
            &[("12-07 10:00", VoicemailIncomplete)],
            "12-07 11:00",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "a machine, no message yet: another day",
            &[("12-07 10:00", MachineNoMessage)],
            "12-07 11:00",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "a machine again on the last attempt",
            &[("12-07 10:00", MachineNoMessage), ("12-08 10:00", MachineNoMessage)],
            "12-08 11:00",
            "skip attempts_exhausted",
        ),
        (
            "busy: a quarter of an hour later",
            &[("12-07 10:00", Busy)],
            "12-07 10:01",
            "call 1: Mon 12-07 10:15 to Mon 12-07 19:00",
        ),
        ("failed: half an hour later", &[("12-07 10:00", Failed)], "12-07 10:01", "call 1: Mon 12-07 10:30 to Mon 12-07 19:00"),
        (
            "busy twice: a last redial",
            &[("12-07 10:00", Busy), ("12-07 10:15", Busy)],
            "12-07 10:16",
            "call 1: Mon 12-07 10:30 to Mon 12-07 19:00",
        ),
        (
            "busy three times: the next day",
            &[("12-07 10:00", Busy), ("12-07 10:15", Busy), ("12-07 10:30", Busy)],
            "12-07 10:31",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "busy at the end of the window: the next day",
            &[("12-07 18:50", Busy)],
            "12-07 18:51",
            "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
        ),
        (
            "a third day of busy is redialled",
            &[("12-07 10:00", Busy), ("12-08 10:00", Busy), ("12-09 10:00", Busy)],
            "12-09 10:01",
            "call 1: Wed 12-09 10:15 to Wed 12-09 19:00",
        ),
        (
            "a third day of busy is the last",
            &[("12-07 10:00", Busy), ("12-08 10:00", Busy), ("12-09 10:00", Busy), ("12-09 10:15", Busy), ("12-09 10:30", Busy)],
            "12-09 10:31",
            "skip attempts_exhausted",
        ),
        (
            "busy, then no answer: one rang",
            &[("12-07 10:00", Busy), ("12-07 10:15", NoAnswer)],
            "12-07 11:00",
            "call 1: Tue 12-08 16:00 to Tue 12-08 19:00",
        ),
        ("superseded: planned anew, though the cap holds today", &[("12-07 10:00", Superseded)], "12-07 11:00", "skip capped"),
        ("superseded: planned anew", &[("12-07 10:00", Superseded)], "12-08 11:00", "call 1: Tue 12-08 11:00 to Tue 12-08 19:00"),
        ("one no-answer and no time left", &[("12-09 10:00", NoAnswer)], "12-09 11:00", "skip too_late"),
    ];
    for (name, calls, now, want) in stories {
        let mut world = World::new();
        world.now = at(&format!("2026-{now}"));
        for (placed, outcome) in *calls {
            world.tried(1, &format!("2026-{placed}"), *outcome);
        }
        assert_eq!(world.call_in_words(), *want, "{name}");
    }
}

#[test]
fn three_days_of_redials_are_the_last_even_when_the_window_has_closed() {
    let mut world = World::new();
    *world.visit() = booking("A1", at("2026-12-12 09:00"));
    world.job().when.days_before = vec![5];
    for day in ["07", "08", "09"] {
        world.tried(1, &format!("2026-12-{day} 18:50"), Outcome::Busy);
    }
    world.now = at("2026-12-09 18:51");
    assert_eq!(world.call_in_words(), "skip attempts_exhausted");
}

#[test]
fn an_unknown_fate_counts_as_rung_and_refusals_do_not() {
    for (end_reason, want) in [
        (EndReason::Unknown, "call 1: Tue 12-08 10:00 to Tue 12-08 19:00"),
        (EndReason::Refused, "call 1: Mon 12-07 10:30 to Mon 12-07 19:00"),
        (EndReason::NeverPlaced, "call 1: Mon 12-07 10:30 to Mon 12-07 19:00"),
        (EndReason::CarrierFault, "call 1: Mon 12-07 10:30 to Mon 12-07 19:00"),
    ] {
        let mut world = World::new();
        world.now = at("2026-12-07 10:05");
        world.tried(1, "2026-12-07 10:00", Outcome::Failed).end_reason = Some(end_reason);
        assert_eq!(world.call_in_words(), want, "{}", end_reason.as_str());
    }
}

/// A person has the item about the number; another number of the patient is called, and the same one only where they have a
/// text telephone, which sounds like a fax.
#[test]
fn a_fax_is_called_no_more() {
    let faxed = |change: fn(&mut World)| {
        let mut world = World::new();
        world.now = at("2026-12-07 10:05");
        world.tried(1, "2026-12-07 10:00", Outcome::Failed).end_reason = Some(EndReason::Fax);
        change(&mut world);
        let decision = world.first();
        (in_words(&decision), decision.opens)
    };
    assert_eq!(faxed(|_| ()), ("skip no_callable_phone".to_string(), None));
    let again = ("call 1: Tue 12-08 10:00 to Tue 12-08 19:00".to_string(), None);
    assert_eq!(faxed(|world| world.facts.patient.flags.tty = true), again);
    let other = |world: &mut World| {
        world.facts.patient.phones[0].number = PhoneNumber::parse("+16175550199").ok();
    };
    assert_eq!(faxed(other), again);
    // About another visit it was never called: that the only number cannot be is somebody's to see.
    assert_eq!(
        faxed(|world| {
            let day = &mut world.facts.outreaches[0].outreach.visit.day;
            *day = day.pred_opt().expect("a day");
        })
        .0,
        "review bad_phone"
    );
}

#[test]
fn later_touches_go_on_and_only_the_last_opens_an_item() {
    let stories: &[(&str, Outcome, &str, Option<WorkKind>)] = &[
        ("heard in the first touch", Outcome::Heard, "2026-12-08 12:00", None),
        ("left in the first touch", Outcome::VoicemailLeft, "2026-12-08 12:00", None),
        ("left in the last touch", Outcome::VoicemailLeft, "2026-12-09 12:00", Some(WorkKind::Unreached)),
        ("heard in the last touch", Outcome::Heard, "2026-12-09 12:00", None),
    ];
    for (name, outcome, now, opens) in stories {
        let mut world = World::new();
        world.job().when.days_before = vec![3, 1];
        let touch = if *now < "2026-12-09" { 1 } else { 2 };
        world.tried(touch, if touch == 1 { "2026-12-07 10:00" } else { "2026-12-09 10:00" }, *outcome);
        world.now = at(now);
        let decision = world.first();
        assert_eq!((in_words(&decision).as_str(), decision.opens), ("skip already_reached", *opens), "{name}");
        if touch == 1 {
            assert_eq!(decision.again_at, Some(at("2026-12-09 10:00")), "{name}");
            world.now = at("2026-12-09 10:00");
            assert_eq!(world.call_in_words(), "call 2: Wed 12-09 10:00 to Wed 12-09 19:00", "{name}");
        }
    }
}

#[test]
fn nobody_reached_opens_an_item() {
    let stories: &[(&str, Calls, &str, Option<WorkKind>)] = &[
        (
            "exhausted",
            &[("12-07 10:00", Outcome::NoAnswer), ("12-08 16:00", Outcome::HungUpEarly)],
            "12-08 17:00",
            Some(WorkKind::Unreached),
        ),
        ("tried once, then too late", &[("12-09 10:00", Outcome::NoAnswer)], "12-09 20:00", Some(WorkKind::Unreached)),
        ("never tried", &[], "12-09 20:00", None),
    ];
    for (name, calls, now, opens) in stories {
        let mut world = World::new();
        for (placed, outcome) in *calls {
            world.tried(1, &format!("2026-{placed}"), *outcome);
        }
        world.now = at(&format!("2026-{now}"));
        assert_eq!(world.first().opens, *opens, "{name}");
    }
}

/// The carrier was away all day, or another patient at the same number was called: nobody heard anything, and nobody would
/// know.
#[test]
fn a_call_that_was_promised_and_never_made_opens_an_item() {
    let mut world = World::new();
    world.tried(1, "2026-12-09 10:00", Outcome::NoAnswer);
    world.facts.outreaches[0].attempts.clear();
    for (now, opens) in [("2026-12-09 18:00", None), ("2026-12-09 20:00", Some(WorkKind::Unreached))] {
        world.now = at(now);
        assert_eq!(world.first().opens, opens, "{now}");
    }
}

#[test]
fn voicemail_is_the_strictest_wish_on_its_attempt() {
    use LeaveVoicemail::{First, Last};
    use VoicemailPolicy::{Minimal, None as Nothing, Standard};
    type Row = (LeaveVoicemail, VoicemailPolicy, Option<VoicemailPolicy>, bool, (u32, bool), VoicemailPolicy);
    let rows: &[Row] = &[
        (First, Standard, None, false, (1, false), Standard),
        (First, Standard, None, false, (2, true), Nothing),
        (Last, Standard, None, false, (1, false), Nothing),
        (Last, Standard, None, false, (2, true), Standard),
        (First, Standard, Some(Minimal), false, (1, true), Minimal),
        (First, Minimal, Some(Standard), false, (1, true), Minimal),
        (First, Nothing, Some(Standard), false, (1, true), Nothing),
        (First, Standard, None, true, (1, true), Nothing),
        (First, Standard, Some(Standard), true, (1, true), Minimal),
    ];
    for (row, (leave, of_job, of_patient, sensitive, (attempt, is_last), want)) in rows.iter().enumerate() {
        let mut world = World::new();
        world.flags().voicemail = *of_patient;
        world.flags().sensitive = *sensitive;
        world.job().call.voicemail = *of_job;
        world.job().call.leave_voicemail = *leave;
        assert_eq!(voicemail_for(&world.rules.jobs[0], &world.facts.patient, *attempt, *is_last), *want, "row {row}");
    }
}

#[test]
fn a_busy_signal_does_not_take_the_voicemails_turn() {
    let mut world = World::new();
    assert_eq!(place_in_touch(&world.rules.jobs[0], &[]), (1, false));
    world.tried(1, "2026-12-07 10:00", Outcome::Busy);
    assert_eq!(place_in_touch(&world.rules.jobs[0], &world.facts.outreaches[0].attempts), (1, false));
    world.tried(1, "2026-12-07 10:15", Outcome::NoAnswer);
    assert_eq!(place_in_touch(&world.rules.jobs[0], &world.facts.outreaches[0].attempts), (2, true));
}

#[test]
fn caps_by_day_week_number_and_reserve() {
    let last_moment = at("2026-12-09 21:00");
    let called = |world: &mut World, placed: &str| {
        world.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at(placed) });
    };
    let stories: &[(&str, &[&str], &str)] = &[
        ("one call this week", &["2026-12-05 12:00"], "call"),
        ("two this week: the third is kept for notices", &["2026-12-04 12:00", "2026-12-05 12:00"], "capped"),
        ("two, one of them 168 hours ago", &["2026-11-30 12:00", "2026-12-05 12:00"], "call"),
        ("two, one of them a second less", &["2026-11-30 12:01", "2026-12-05 12:00"], "capped"),
        ("late yesterday", &["2026-12-06 23:59"], "call"),
        ("early today", &["2026-12-07 00:00"], "capped"),
    ];
    for (name, calls, want) in stories {
        let mut world = World::new();
        world.now = at("2026-12-07 12:00");
        calls.iter().for_each(|placed| called(&mut world, placed));
        let decision = world.first();
        assert_eq!(decision.verdict.reason().unwrap_or("call"), *want, "{name}");
        // It is judged again when the hours of a day are over, and when the cap lifts.
        while let Some(again) =
            world.first().again_at.filter(|again| world.first().verdict.word() != "call" && *again < last_moment)
        {
            world.now = again;
        }
        let lifts = calls.iter().any(|placed| at(placed) + Duration::hours(168) < last_moment) || *name == "early today";
        assert!(world.first().verdict.word() == "call" || !lifts, "{name}: still capped at {}", world.now);
    }
    let mut world = World::new();
    world.now = at("2026-12-07 12:00");
    world.facts.other_calls.push(RangCall { number: number("6175550199"), placed_at: at("2026-12-07 10:00") });
    assert_eq!(world.first().verdict.word(), "call", "another number");
    world.rules.limits.per_week = 1;
    assert_eq!(world.first().verdict.reason(), Some("capped"), "all of it is reserve");
    assert_eq!(world.first().again_at, Some(at("2026-12-07 19:00")));
    let notice = cap_at(&world.rules.limits, &world.facts, &number("6175550101"), Purpose::Moved, BOSTON, world.now);
    assert_eq!(notice, None, "notices may use the reserve");
}

#[test]
fn two_jobs_that_want_the_same_touch_do_not_add_up() {
    let mut world = World::new();
    world.job().attempts.max = 1;
    let mut patient_job = job();
    patient_job.name = "more-patient".into();
    patient_job.attempts.max = 5;
    world.rules.jobs.push(patient_job);
    world.tried(1, "2026-12-07 10:00", Outcome::NoAnswer);
    world.now = at("2026-12-08 17:00");
    let reasons: Vec<_> = world.decide().iter().map(|d| d.verdict.reason()).collect();
    assert_eq!(reasons, [Some("attempts_exhausted"); 2]);
}

/// The planner and the transaction that begins a call count alike, to the microsecond in which moments are kept.
#[test]
fn a_call_counts_for_less_than_168_hours_wherever_it_is_counted() {
    let mut world = World::new();
    world.rules.limits.per_week = 2;
    let (now, number) = (at("2026-12-07 12:00"), number("6175550101"));
    for (ago, counts) in [
        (Duration::hours(168) + Duration::microseconds(1), false),
        (Duration::hours(168), false),
        (Duration::hours(168) - Duration::microseconds(1), true),
    ] {
        world.facts.other_calls = vec![RangCall { number: number.clone(), placed_at: now - ago }];
        let (limits, purpose) = (&world.rules.limits, Purpose::Reminder);
        assert_eq!(cap_at(limits, &world.facts, &number, purpose, BOSTON, now).is_some(), counts, "the planner, {ago}");
        let [_, (since, allowed)] = counted_since(limits, purpose, BOSTON, now);
        let made = world.facts.other_calls.iter().filter(|call| call.placed_at >= since).count();
        assert_eq!(made >= allowed as usize, counts, "the transaction, {ago}");
    }
}

/// Whoever makes a call plans on when it is over. It may die just then.
#[test]
fn a_call_under_way_is_looked_at_when_its_time_is_over() {
    let mut world = World::new();
    let (due, now) = (world.now, world.now);
    let attempt = world.attempt(1, due);
    attempt.status = AttemptStatus::InProgress;
    let until = attempt.not_after;
    let decision = world.first();
    assert_eq!(in_words(&decision), "skip capped");
    assert!(until > now && decision.again_at.is_some_and(|at| at <= until), "{:?}", decision.again_at);
}
