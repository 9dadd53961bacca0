//! When a notice is given: settling, hours by the clock, and the caps. Stories begin as in `notices`.

use super::notices::{cancelled, notice, with_a_cancelled_visit};
use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::Duration;

const UNANNOUNCED: Option<WorkKind> = Some(WorkKind::ChangeUnannounced);

/// When a call may be made: (name, given, the notice).
#[test]
fn edits_settle_but_never_past_the_last_callable_moment() {
    let stories: &[(&str, Given, &str)] = &[
        ("ten minutes after the edit", |w| w.cancel("A1"), "call 1: Mon 12-07 12:10 to Mon 12-07 21:00"),
        (
            "ten minutes after the last one",
            |w| {
                w.move_to("A1", "2026-12-11 09:00");
                w.later(9);
                w.cancel("A1");
            },
            "call 1: Mon 12-07 12:19 to Mon 12-07 21:00",
        ),
        (
            "an hour after the first, however often it is edited",
            |w| {
                for minute in 0..12 {
                    w.move_to("A1", &format!("2026-12-11 09:{minute:02}"));
                    w.later(5);
                }
                w.cancel("A1");
            },
            "call 1: Mon 12-07 13:00 to Mon 12-07 21:00",
        ),
        (
            "settled already",
            |w| {
                w.cancel("A1");
                w.later(45);
            },
            "call 1: Mon 12-07 12:45 to Mon 12-07 21:00",
        ),
        (
            "in the evening: the next morning",
            |w| {
                w.now = at("2026-12-07 20:55");
                w.cancel("A1");
            },
            "call 1: Tue 12-08 08:00 to Tue 12-08 21:00",
        ),
        (
            "in the last evening: at once, the morning would be too late",
            |w| {
                w.now = at("2026-12-09 20:55");
                w.cancel("A1");
            },
            "call 1: Wed 12-09 20:55 to Wed 12-09 21:00",
        ),
        (
            "minutes before the last callable moment: at once",
            |w| {
                *w.visit() = booking("A1", at("2026-12-10 14:00"));
                w.now = at("2026-12-10 12:55");
                w.cancel("A1");
            },
            "call 1: Thu 12-10 12:55 to Thu 12-10 13:00",
        ),
        (
            "the earlier of two times counts: put back",
            |w| {
                w.now = at("2026-12-10 07:30");
                w.move_to("A1", "2026-12-10 14:00");
            },
            "skip too_late",
        ),
        (
            "the earlier of two times counts: brought forward",
            |w| {
                w.now = at("2026-12-08 12:00");
                w.move_to("A1", "2026-12-08 15:00");
            },
            "call 1: Tue 12-08 12:10 to Tue 12-08 14:00",
        ),
        (
            "the new site's clock: ten there is noon in Boston",
            |w| {
                w.notice_job(Purpose::Moved).when.from = clock("10:00");
                w.now = at("2026-12-08 09:00");
                w.edit("A1", |a| a.site = "denver".into());
            },
            "call 1: Tue 12-08 12:00 to Tue 12-08 21:00",
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::with_notices();
        given(&mut world);
        assert_eq!(in_words(&notice(&world)), *want, "{name}");
    }
}

#[test]
fn clocks_that_change_are_the_sites() {
    let stories: &[(&str, &str, &str, &str)] = &[
        // (name, learned at, visit, the call)
        (
            "spring: the morning after has its hours",
            "2026-03-07 20:58",
            "2026-03-10 09:00",
            "call 1: Sun 03-08 08:00 to Sun 03-08 21:00",
        ),
        (
            "spring: an hour before is an hour that passed",
            "2026-03-07 23:30",
            "2026-03-08 10:00",
            "call 1: Sun 03-08 08:00 to Sun 03-08 09:00",
        ),
        ("autumn: the morning after", "2026-10-31 20:58", "2026-11-03 09:00", "call 1: Sun 11-01 08:00 to Sun 11-01 21:00"),
        (
            "autumn: settling in the doubled hour",
            "2026-11-01 01:55",
            "2026-11-01 12:00",
            "call 1: Sun 11-01 08:00 to Sun 11-01 11:00",
        ),
    ];
    for (name, now, start, want) in stories {
        let mut world = World::with_notices();
        *world.visit() = booking("A1", at(start));
        world.now = at(now);
        world.cancel("A1");
        assert_eq!(in_words(&notice(&world)), *want, "{name}");
    }
    // Twelve elapsed hours across the change in spring are eleven by the clock.
    let mut world = World::with_notices();
    *world.visit() = booking("A1", at("2026-03-08 09:30"));
    cancelled(&mut world).when.no_later_than = Duration::hours(12);
    world.now = at("2026-03-07 12:00");
    world.cancel("A1");
    assert_eq!(in_words(&notice(&world)), "call 1: Sat 03-07 12:10 to Sat 03-07 20:30");
}

#[test]
fn the_week_of_calls_opens_an_item_only_when_it_lifts_too_late() {
    let mut world = with_a_cancelled_visit();
    world.rules.limits.per_week = 2;
    let called = |placed: &str| RangCall { number: number("6175550101"), placed_at: at(placed) };
    world.facts.other_calls = vec![called("2026-12-01 15:00"), called("2026-12-04 15:00")];
    let decision = notice(&world);
    assert_eq!((in_words(&decision).as_str(), decision.opens), ("skip capped", None));
    assert_eq!(decision.again_at, Some(at("2026-12-07 21:00")), "then the next day's hours are judged");
    let lifts = World { now: at("2026-12-08 12:00"), ..world.clone() };
    assert_eq!(notice(&lifts).again_at, Some(at("2026-12-08 15:00")), "168 hours after the first of them");

    // The first is a day later: it lifts on Wednesday evening, in time; two days later: on Thursday after the visit.
    world.facts.other_calls[0] = called("2026-12-02 20:59");
    assert_eq!(notice(&world).opens, None);
    world.facts.other_calls[0] = called("2026-12-03 08:30");
    assert_eq!(notice(&world).opens, UNANNOUNCED);

    // The day's cap lifts at midnight, with an hour left in the morning; then the week's may hold.
    world.now = at("2026-12-09 12:00");
    world.facts.other_calls = vec![called("2026-12-02 20:00"), called("2026-12-09 10:00")];
    world.facts.changes[0].last_at = world.now;
    cancelled(&mut world).when.no_later_than = Duration::zero();
    let decision = notice(&world);
    assert_eq!((in_words(&decision).as_str(), decision.opens), ("skip capped", None));
    world.rules.limits.per_week = 1;
    let decision = notice(&world);
    assert_eq!((in_words(&decision).as_str(), decision.opens), ("skip capped", UNANNOUNCED));
}

#[test]
fn a_capped_notice_is_given_the_next_day() {
    let mut world = with_a_cancelled_visit();
    world.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at("2026-12-07 09:00") });
    world.later(10);
    world.plan();
    let again = notice(&world).again_at.expect("another day");
    assert_eq!(again, at("2026-12-07 21:00"), "the hours of the day are over");
    world.now = again;
    assert_eq!(in_words(&notice(&world)), "call 1: Tue 12-08 08:00 to Tue 12-08 21:00");
}
