//! Changes that are taken back, before they were told or after. A visit at Boston on Thursday 2026-12-10 at 09:00; Monday noon.

use super::testing::*;
use super::told::{open_items, reminder};
use crate::domain::*;
use crate::plan::*;

#[test]
fn only_a_message_was_left_and_a_person_should_try_while_it_is_true() {
    let mut world = World::with_notices();
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Cancelled, Outcome::VoicemailLeft);
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::Unreached]);
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.plan();
    assert_eq!(open_items(&world), []);
}

#[test]
fn cancelled_told_and_booked_again_is_asked_about_again() {
    let mut world = World::with_notices();
    world.tried(1, "2026-11-30 10:00", Outcome::Confirmed);
    world.now = at("2026-12-08 09:00");
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Cancelled, Outcome::Heard);
    world.plan();
    world.now = at("2026-12-09 10:00");
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    assert_eq!(reminder(&world, "2026-12-10"), (2, "call 1: Wed 12-09 10:00 to Wed 12-09 19:00".to_string()));
    assert_eq!(world.notices_in_words(), [""; 0], "the reminder says it");
    world.plan();

    // And cancelled again: another notice.
    world.later(10);
    world.cancel("A1");
    world.rules.limits.per_day = 2;
    world.later(10);
    world.calls(Purpose::Cancelled, Outcome::Heard);
    let told: Vec<u32> =
        world.facts.outreaches.iter().filter(|o| o.outreach.purpose == Purpose::Cancelled).map(|o| o.outreach.version).collect();
    assert_eq!(told, [1, 2]);
}

#[test]
fn cancelled_in_vain_and_booked_again_keeps_its_answer() {
    let mut world = World::with_notices();
    world.tried(1, "2026-12-07 10:00", Outcome::Confirmed);
    world.now = at("2026-12-08 09:00");
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Cancelled, Outcome::NoAnswer);
    world.plan();
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.plan();
    assert_eq!(reminder(&world, "2026-12-10"), (1, "skip already_confirmed".to_string()));
}

/// Moved, the notice is planned, and moved back before anybody heard of it: (called about the new time with, version and
/// decision about the visit as it was).
#[test]
fn moved_and_moved_back_keeps_the_answer() {
    let confirmed = (1, "skip already_confirmed");
    let asked_anew = (3, "call 1: Wed 12-09 10:00 to Wed 12-09 19:00");
    for (called, want) in [
        (None, confirmed),
        (Some(Outcome::NoAnswer), confirmed),
        (Some(Outcome::Busy), confirmed),
        (Some(Outcome::HungUpEarly), asked_anew),
        (Some(Outcome::Superseded), asked_anew),
    ] {
        let mut world = World::with_notices();
        world.rules.limits.per_week = 7;
        world.tried(1, "2026-12-07 10:00", Outcome::Confirmed);
        world.now = at("2026-12-08 10:00");
        world.move_to("A1", "2026-12-10 14:00");
        world.plan();
        if let Some(outcome) = called {
            world.later(10);
            world.calls(Purpose::Moved, outcome);
        }
        world.later(3);
        world.move_to("A1", "2026-12-10 09:00");
        world.now = at("2026-12-09 10:00");
        world.plan();
        let (version, words) = reminder(&world, "2026-12-10");
        assert_eq!((version, words.as_str()), want, "{called:?}");

        // Cancelled, told, and booked again: the version is one that nothing was promised under.
        world.cancel("A1");
        world.later(10);
        world.calls(Purpose::Cancelled, Outcome::Heard);
        world.plan();
        world.edit("A1", |a| a.status = AppointmentStatus::Booked);
        world.plan();
        assert_eq!(reminder(&world, "2026-12-10").0, 3, "{called:?}");
    }
}

/// A visit that the patient thinks cancelled stands again. Where the reminder says so, nobody else need.
#[test]
fn cancelled_told_and_booked_again_too_late_for_a_reminder_is_work_for_a_person() {
    let stories: &[(&str, &str, Given, &[WorkKind])] = &[
        ("in time for the reminder", "2026-12-08 12:00", |_| {}, &[]),
        ("too late for it", "2026-12-09 22:00", |_| {}, &[WorkKind::ChangeUnannounced]),
        (
            "another booking, made with the patient since",
            "2026-12-09 22:00",
            |w| {
                w.cancel("A1");
                w.also_booked("A2", "2026-12-10 09:00").booked_at = at("2026-12-09 15:00");
            },
            &[],
        ),
    ];
    for (name, now, given, want) in stories {
        let mut world = World::with_notices();
        world.cancel("A1");
        world.later(10);
        world.calls(Purpose::Cancelled, Outcome::Heard);
        world.plan();
        world.now = at(now);
        world.edit("A1", |a| a.status = AppointmentStatus::Booked);
        given(&mut world);
        world.plan();
        assert_eq!(open_items(&world), *want, "{name}");
        if !want.is_empty() {
            world.facts.work[0].standing = WorkStanding::Done;
            assert_eq!(world.plan(), [], "{name}: a person told them");
        }
    }
}

/// The first of two bookings of a day is cancelled, the patient hears that the visit begins later, and then it is booked again.
#[test]
fn who_heard_of_a_later_start_that_holds_no_more_is_called_or_a_persons_to_call() {
    let mut world = World::with_notices();
    world.now = at("2026-12-09 12:00");
    world.also_booked("A2", "2026-12-10 10:00");
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Heard);
    world.plan();
    assert_eq!(open_items(&world), []);
    world.later(90);
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.plan();
    world.now = at("2026-12-09 19:00");
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced], "no reminder comes any more");

    // Where a reminder comes in time, it says so.
    let mut world = World::with_notices();
    world.also_booked("A2", "2026-12-10 10:00");
    world.cancel("A1");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Heard);
    world.plan();
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.plan();
    assert_eq!(open_items(&world), []);
    assert_eq!(reminder(&world, "2026-12-10").1, "skip capped");
    world.now = at("2026-12-08 12:30");
    assert_eq!(reminder(&world, "2026-12-10").1, "call 1: Tue 12-08 12:30 to Tue 12-08 19:00");
}

/// The day's call was spent on a change that nobody heard of, and that was taken back.
#[test]
fn a_reminder_that_a_change_taken_back_left_no_time_for_is_a_persons() {
    let mut world = World::with_notices();
    world.now = at("2026-12-09 11:00");
    world.job().when.days_before = vec![1];
    world.also_booked("A2", "2026-12-10 10:00");
    world.plan();
    world.cancel("A1");
    world.later(60);
    world.calls(Purpose::Moved, Outcome::NoAnswer);
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced]);
    world.now = at("2026-12-09 16:00");
    world.edit("A1", |a| a.status = AppointmentStatus::Booked);
    world.plan();
    assert_eq!(open_items(&world), [], "there is no change any more");
    world.now = at("2026-12-09 19:00");
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::Unreached], "and no time to say what holds");
}

/// What changed counts as told, and the change is over. Then a key comes that was pressed in that call and took the answer back.
/// Of another time on the same day the reminder will tell; on the old day of another one the patient may come.
#[test]
fn a_notice_whose_answer_is_taken_back_when_it_was_over_is_a_persons() {
    for (moved_to, items) in [
        (Some("2026-12-10 14:00"), vec![]),
        (Some("2026-12-15 10:00"), vec![WorkKind::ChangeUnannounced]),
        (None, vec![WorkKind::ChangeUnannounced]),
    ] {
        let mut world = World::with_notices();
        match moved_to {
            Some(start) => world.move_to("A1", start),
            None => world.cancel("A1"),
        }
        world.later(10);
        world.calls(if moved_to.is_some() { Purpose::Moved } else { Purpose::Cancelled }, Outcome::Confirmed);
        world.plan();
        assert_eq!((world.facts.changes.len(), open_items(&world)), (0, vec![]), "it is told");
        let notice = world.facts.outreaches.iter_mut().find(|o| o.outreach.purpose != Purpose::Reminder).expect("a notice");
        let call = notice.attempts.last_mut().expect("a call");
        (call.outcome, call.keys) = (Some(Outcome::HungUpEarly), "1*".into());
        world.plan();
        assert_eq!(open_items(&world), items, "{moved_to:?}");
        // Somebody hears of it in another call, or it is over.
        let notice = world.facts.outreaches.iter_mut().find(|o| o.outreach.purpose != Purpose::Reminder).expect("a notice");
        notice.attempts.last_mut().expect("a call").outcome = Some(Outcome::Heard);
        world.plan();
        assert_eq!(open_items(&world), [], "{moved_to:?}");
    }
}
