//! The net change: what several edits come to. Unless a story says otherwise: a visit at Boston on Thursday 2026-12-10 at
//! 09:00, Monday noon, edits settle for ten minutes.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::Duration;

type Story = (&'static str, Given, &'static [&'static str]);

const AT_ONCE: &str = "call 1: Mon 12-07 12:10 to Mon 12-07 21:00";

/// What becomes of edits: the notices that are told.
const EDITS: &[Story] = &[
    ("nothing", |_| {}, &[]),
    ("cancelled", |w| w.cancel("A1"), &["cancelled Thu 12-10 09:00: {at once}"]),
    ("later that day", |w| w.move_to("A1", "2026-12-10 14:00"), &["moved from Thu 12-10 09:00 to Thu 12-10 14:00: {at once}"]),
    ("another day", |w| w.move_to("A1", "2026-12-15 10:00"), &["moved from Thu 12-10 09:00 to Tue 12-15 10:00: {at once}"]),
    (
        "another site, at the same time",
        |w| w.edit("A1", |a| a.site = "denver".into()),
        &["moved from Thu 12-10 09:00 to Thu 12-10 09:00: {at once}"],
    ),
    (
        "moved and moved back",
        |w| {
            w.move_to("A1", "2026-12-15 10:00");
            w.move_to("A1", "2026-12-10 09:00");
        },
        &[],
    ),
    (
        "moved twice",
        |w| {
            w.move_to("A1", "2026-12-15 10:00");
            w.move_to("A1", "2026-12-16 11:00");
        },
        &["moved from Thu 12-10 09:00 to Wed 12-16 11:00: {at once}"],
    ),
    (
        "moved, then cancelled",
        |w| {
            w.move_to("A1", "2026-12-15 10:00");
            w.cancel("A1");
        },
        &["cancelled Thu 12-10 09:00: {at once}"],
    ),
    ("not firm any more: nothing is told until it is", |w| w.edit("A1", |a| a.status = AppointmentStatus::Pending), &[]),
    ("the patient came", |w| w.edit("A1", |a| a.status = AppointmentStatus::Arrived), &[]),
    (
        "both of two are cancelled: one call",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.cancel("A1");
            w.cancel("A2");
        },
        &["cancelled Thu 12-10 09:00: {at once}"],
    ),
    (
        "the first of two is cancelled: the visit begins later",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.cancel("A1");
        },
        &["moved from Thu 12-10 09:00 to Thu 12-10 11:00: {at once}"],
    ),
    (
        "the second of two is cancelled: it is named",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.cancel("A2");
        },
        &["cancelled Thu 12-10 11:00: {at once}"],
    ),
    (
        "only laboratory work vanished",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00").service = Service::Lab;
            w.cancel("A2");
        },
        &[],
    ),
    (
        "laboratory work vanished, and the visit begins later",
        |w| {
            w.also_booked("A2", "2026-12-10 08:00").service = Service::Lab;
            w.cancel("A2");
        },
        &["moved from Thu 12-10 08:00 to Thu 12-10 09:00: {at once}"],
    ),
    (
        "the second of two goes to another day",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.move_to("A2", "2026-12-15 10:00");
        },
        &["moved from Thu 12-10 11:00 to Tue 12-15 10:00: {at once}"],
    ),
    (
        "the second of two has another time of the day",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.move_to("A2", "2026-12-10 12:00");
        },
        &[],
    ),
    (
        "both of two go to another day: one call",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.move_to("A1", "2026-12-15 10:00");
            w.move_to("A2", "2026-12-15 08:00");
        },
        &["moved from Thu 12-10 09:00 to Tue 12-15 08:00: {at once}"],
    ),
    (
        "the second of two goes to another day, and the first to another hour: both are told, the day itself first",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.move_to("A2", "2026-12-15 10:00");
            w.move_to("A1", "2026-12-10 08:00");
        },
        &["moved from Thu 12-10 09:00 to Thu 12-10 08:00: {at once}", "moved from Thu 12-10 11:00 to Tue 12-15 10:00: {at once}"],
    ),
    (
        "the first of two goes to another day, and the second to another hour",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.move_to("A1", "2026-12-15 10:00");
            w.move_to("A2", "2026-12-10 10:00");
        },
        &["moved from Thu 12-10 09:00 to Thu 12-10 10:00: {at once}", "moved from Thu 12-10 09:00 to Tue 12-15 10:00: {at once}"],
    ),
    (
        "each of two goes to another day: both are told, and what was called off goes without saying",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.also_booked("A3", "2026-12-10 10:00");
            w.move_to("A1", "2026-12-16 10:00");
            w.move_to("A2", "2026-12-15 10:00");
            w.cancel("A3");
        },
        &["moved from Thu 12-10 10:00 to Tue 12-15 10:00: {at once}", "moved from Thu 12-10 09:00 to Wed 12-16 10:00: {at once}"],
    ),
    (
        "one of three goes to another day, and one is called off",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.also_booked("A3", "2026-12-10 10:00");
            w.move_to("A2", "2026-12-15 10:00");
            w.cancel("A3");
        },
        &["cancelled Thu 12-10 10:00: {at once}", "moved from Thu 12-10 11:00 to Tue 12-15 10:00: {at once}"],
    ),
    (
        "it joins a visit that begins earlier",
        |w| {
            w.also_booked("A2", "2026-12-15 08:00");
            w.move_to("A1", "2026-12-15 10:00");
        },
        &["moved from Thu 12-10 09:00 to Tue 12-15 08:00: {at once}"],
    ),
    (
        "it joins a visit that begins later: one call for both",
        |w| {
            w.also_booked("A2", "2026-12-15 12:00");
            w.move_to("A1", "2026-12-15 10:00");
            w.move_to("A2", "2026-12-15 13:00");
        },
        &["moved from Thu 12-10 09:00 to Tue 12-15 10:00: {at once}"],
    ),
    (
        "two visits become one: one is told as moved, the other as called off",
        |w| {
            w.also_booked("A2", "2026-12-11 09:00");
            w.move_to("A2", "2026-12-15 08:00");
            w.move_to("A1", "2026-12-15 10:00");
        },
        &["moved from Thu 12-10 09:00 to Tue 12-15 08:00: {at once}", "cancelled Fri 12-11 09:00: {at once}"],
    ),
    (
        "a visit that nobody is called about becomes one with another",
        |w| {
            w.also_booked("A2", "2026-12-09 09:00").service = Service::Infusion;
            w.move_to("A2", "2026-12-15 08:00");
            w.move_to("A1", "2026-12-15 10:00");
        },
        &["moved from Thu 12-10 09:00 to Tue 12-15 08:00: {at once}", "cancelled Wed 12-09 09:00: skip not_eligible_service"],
    ),
    (
        "one of three comes where another visit comes, and the day begins as it did",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.also_booked("A3", "2026-12-10 12:00");
            w.also_booked("A4", "2026-12-08 15:00");
            w.move_to("A2", "2026-12-15 10:00");
            w.move_to("A3", "2026-12-10 13:00");
            w.move_to("A4", "2026-12-15 08:00");
        },
        &["moved from Tue 12-08 15:00 to Tue 12-15 08:00: {at once}", "cancelled Thu 12-10 11:00: {at once}"],
    ),
    (
        "cancelled, and booked anew on the same day: it has another time",
        |w| {
            w.cancel("A1");
            w.also_booked("A2", "2026-12-10 13:00").booked_at = w.now;
        },
        &["moved from Thu 12-10 09:00 to Thu 12-10 13:00: {at once}"],
    ),
    (
        "cancelled, and booked anew at the same time",
        |w| {
            w.cancel("A1");
            w.also_booked("A2", "2026-12-10 09:00").booked_at = w.now;
        },
        &[],
    ),
    (
        "one is cancelled while the other is not firm",
        |w| {
            w.also_booked("A2", "2026-12-10 11:00");
            w.edit("A1", |a| a.status = AppointmentStatus::Pending);
            w.cancel("A2");
        },
        &["cancelled Thu 12-10 11:00: {at once}"],
    ),
];

#[test]
fn several_edits_come_to_one_notice() {
    for (name, given, want) in EDITS {
        let mut world = World::with_notices();
        given(&mut world);
        let want: Vec<String> = want.iter().map(|text| text.replace("{at once}", AT_ONCE)).collect();
        assert_eq!(world.notices_in_words(), want, "{name}");
        world.later(10);
        world.plan();
    }
}

/// Changes about which nothing is left to say are closed, each with its word.
#[test]
fn what_is_not_told_is_closed() {
    let stories: &[(&str, Given, &[&str])] = &[
        ("a change that is told waits", |w| w.cancel("A1"), &[]),
        (
            "the booking is another patient's now",
            |w| {
                w.cancel("A1");
                w.facts.appointments.clear();
            },
            &["gone"],
        ),
        ("the patient came", |w| w.edit("A1", |a| a.status = AppointmentStatus::Arrived), &["took_place"]),
        (
            "nothing that is spoken",
            |w| {
                w.also_booked("A2", "2026-12-10 11:00");
                w.move_to("A2", "2026-12-10 12:00");
            },
            &["not_spoken"],
        ),
        (
            "it is as it was, and the row still stands",
            |w| {
                w.move_to("A1", "2026-12-10 12:00");
                w.visit().start = at("2026-12-10 09:00");
            },
            &["unchanged"],
        ),
        (
            "not firm until its time has come",
            |w| {
                w.edit("A1", |a| a.status = AppointmentStatus::Pending);
                w.now = at("2026-12-10 08:50");
            },
            &["passed"],
        ),
        ("not firm: it waits", |w| w.edit("A1", |a| a.status = AppointmentStatus::Pending), &[]),
        (
            "cancelled, and its time has come",
            |w| {
                w.cancel("A1");
                w.now = at("2026-12-10 09:00");
            },
            &["passed"],
        ),
        (
            "moved after its time had come, as a missed visit is",
            |w| {
                w.now = at("2026-12-10 10:00");
                w.move_to("A1", "2026-12-17 09:00");
            },
            &["passed"],
        ),
        (
            "the old time has come, the new one has not: somebody must still tell",
            |w| {
                w.move_to("A1", "2026-12-17 09:00");
                w.now = at("2026-12-10 10:00");
            },
            &[],
        ),
        (
            "further ahead than fourteen days",
            |w| {
                *w.visit() = booking("A1", at("2026-12-21 12:01"));
                w.cancel("A1");
            },
            &["beyond_horizon"],
        ),
        (
            "fourteen days ahead",
            |w| {
                *w.visit() = booking("A1", at("2026-12-21 12:00"));
                w.cancel("A1");
            },
            &[],
        ),
        (
            "far ahead, but one of the times is near",
            |w| {
                *w.visit() = booking("A1", at("2027-02-01 09:00"));
                w.move_to("A1", "2026-12-15 09:00");
            },
            &[],
        ),
        (
            "a person told them",
            |w| {
                w.cancel("A1");
                let visit = w.first().visit;
                let opened_at = w.now + Duration::minutes(5);
                let kind = WorkKind::ChangeUnannounced;
                w.facts.work.push(WorkFacts { kind, visit, opened_at, standing: WorkStanding::Done });
            },
            &["told_by_a_person"],
        ),
        (
            "a person told them of an older change",
            |w| {
                w.cancel("A1");
                let visit = w.first().visit;
                let opened_at = w.now - Duration::minutes(5);
                let kind = WorkKind::ChangeUnannounced;
                w.facts.work.push(WorkFacts { kind, visit, opened_at, standing: WorkStanding::Done });
            },
            &[],
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::with_notices();
        given(&mut world);
        world.later(10);
        assert_eq!(world.closed(), *want, "{name}");
        if !want.is_empty() {
            assert_eq!(world.notices_in_words(), [""; 0], "{name}");
        }
        world.plan();
    }
}

#[test]
fn nothing_is_given_up_before_the_edits_have_settled() {
    let mut world = World::with_notices();
    *world.visit() = booking("A1", at("2026-12-12 09:00"));
    world.also_booked("A2", "2026-12-12 11:00");
    world.move_to("A2", "2026-12-12 12:00");
    world.later(9);
    assert_eq!(world.closed(), [""; 0]);
    world.cancel("A2");
    assert_eq!(world.notices_in_words(), ["cancelled Sat 12-12 11:00: call 1: Mon 12-07 12:19 to Mon 12-07 21:00"]);
}

#[test]
fn the_patients_own_request_is_not_told_back() {
    use Outcome::{Confirmed, Heard, RescheduleRequested};
    let stories: &[(&str, &[Outcome], bool)] = &[
        ("asked for another time", &[RescheduleRequested], true),
        ("heard it", &[Heard], false),
        ("asked, then said yes after all", &[RescheduleRequested, Confirmed], false),
        ("said yes, then asked", &[Confirmed, RescheduleRequested], true),
    ];
    for (name, calls, own) in stories {
        let mut world = World::with_notices();
        world.now = at("2026-12-09 12:00");
        for (day, outcome) in (7..).zip(*calls) {
            world.tried(1, &format!("2026-12-0{day} 10:00"), *outcome);
        }
        world.facts.work.push(WorkFacts {
            kind: WorkKind::RescheduleRequest,
            visit: world.first().visit,
            opened_at: at("2026-12-08 10:01"),
            standing: WorkStanding::Open,
        });
        world.move_to("A1", "2026-12-15 09:00");
        assert_eq!(world.closed(), if *own { vec!["own_request"] } else { vec![] }, "{name}");
        let closes = |a: &PlanAction| matches!(a, PlanAction::CloseWork { kind: WorkKind::RescheduleRequest, .. });
        assert!(world.plan().iter().any(closes), "{name}: the visit has another time, the request is settled");
    }
    // The edit came while the patient was still on the line: nobody moved it for them.
    let mut world = World::with_notices();
    world.now = at("2026-12-07 10:01");
    world.tried(1, "2026-12-07 10:00", RescheduleRequested).ended_at = Some(at("2026-12-07 10:02"));
    world.move_to("A1", "2026-12-15 09:00");
    world.later(5);
    assert_eq!(world.closed(), [""; 0]);
}
