//! Two visits that become one: what is told of each. A visit at Boston on Thursday 2026-12-10 at 09:00; Monday noon.

use super::testing::*;
use super::told::{open_items, reminder};
use crate::domain::*;
use crate::plan::*;

/// What is to be told, without how.
fn to_tell(world: &World) -> Vec<String> {
    let words = world.notices_in_words().into_iter();
    words.map(|told| told.split(": ").next().expect("what").to_string()).collect()
}

/// Thursday's exam and Friday's go to Tuesday.
fn two_that_become_one() -> World {
    let mut world = World::with_notices();
    world.rules.limits.per_day = 9;
    world.also_booked("A2", "2026-12-11 10:00");
    world.move_to("A1", "2026-12-15 10:00");
    world.move_to("A2", "2026-12-15 14:00");
    world.later(10);
    world.plan();
    world
}

const FRIDAY_IS_OFF: &str = "cancelled Fri 12-11 10:00";

/// Whoever has heard that one goes there is still to hear of the other.
#[test]
fn of_two_visits_that_become_one_both_are_told() {
    use Outcome::{Confirmed, Heard, HungUpEarly, NoAnswer};
    let two = two_that_become_one();
    let moved = "moved from Thu 12-10 09:00 to Tue 12-15 10:00";
    assert_eq!(to_tell(&two), [moved, FRIDAY_IS_OFF]);

    let mut one = two.clone();
    one.calls(Purpose::Moved, Confirmed);
    one.later(1);
    one.plan();
    assert_eq!(to_tell(&one), [FRIDAY_IS_OFF]);
    let confirmed = (1, "skip already_confirmed".to_string());
    assert_eq!(reminder(&one, "2026-12-15"), confirmed, "and Tuesday stays confirmed");
    let mut world = one.clone();
    world.calls(Purpose::Cancelled, Heard);
    world.later(1);
    world.plan();
    assert_eq!((to_tell(&world), world.facts.changes.len(), open_items(&world)), (vec![], 0, vec![]));
    assert_eq!(reminder(&world, "2026-12-15"), confirmed);

    // It is heard first.
    let mut world = two;
    world.calls(Purpose::Cancelled, Heard);
    world.later(1);
    world.plan();
    assert_eq!(to_tell(&world), [moved]);
    world.calls(Purpose::Moved, Heard);
    world.later(1);
    world.plan();
    assert_eq!((to_tell(&world), world.facts.changes.len(), open_items(&world)), (vec![], 0, vec![]));

    // Nobody answers: a person must.
    let mut world = one.clone();
    world.calls(Purpose::Cancelled, NoAnswer);
    world.now = at("2026-12-11 09:00");
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced]);

    // A key that comes late takes back what was said of the first. What is heard of the second says nothing of it.
    let mut world = one;
    let call = world.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).find(|a| a.outcome == Some(Confirmed));
    call.expect("the call").outcome = Some(HungUpEarly);
    world.plan();
    assert_eq!(to_tell(&world), ["moved from Fri 12-11 10:00 to Tue 12-15 10:00"]);
    world.calls(Purpose::Moved, Heard);
    world.later(1);
    world.plan();
    assert_eq!((to_tell(&world), open_items(&world)), (vec![], vec![WorkKind::ChangeUnannounced]));
}

/// What happens on Tuesday after it was told of the first, and before it was told of the second.
#[test]
fn the_second_is_off_as_long_as_what_was_told_of_the_first_is_so() {
    type Change = fn(&mut World);
    let tuesday_is_told = |also: Change| {
        let mut world = World::with_notices();
        world.rules.limits.per_day = 9;
        world.also_booked("A2", "2026-12-11 10:00");
        also(&mut world);
        world.later(10);
        world.calls(Purpose::Moved, Outcome::Confirmed);
        world.later(1);
        world.plan();
        assert_eq!(to_tell(&world), [FRIDAY_IS_OFF]);
        world
    };
    let first_begins: Change = |w| {
        w.move_to("A1", "2026-12-15 10:00");
        w.move_to("A2", "2026-12-15 14:00");
    };
    let second_begins: Change = |w| {
        w.move_to("A1", "2026-12-15 14:00");
        w.move_to("A2", "2026-12-15 10:00");
    };
    let another_begins: Change = |w| {
        w.also_booked("A3", "2026-12-15 08:00");
        w.move_to("A1", "2026-12-15 10:00");
        w.move_to("A2", "2026-12-15 14:00");
    };
    let stories: &[(&str, Change, Change, &[&str])] = &[
        (
            "it begins earlier by the second",
            first_begins,
            |w| w.move_to("A2", "2026-12-15 09:00"),
            &["moved from Fri 12-11 10:00 to Tue 12-15 09:00"],
        ),
        (
            "it begins earlier by the first",
            first_begins,
            |w| w.move_to("A1", "2026-12-15 09:00"),
            &["moved from Fri 12-11 10:00 to Tue 12-15 09:00"],
        ),
        (
            "the first goes on, and what was told is the second's",
            second_begins,
            |w| w.move_to("A1", "2026-12-16 09:00"),
            &["moved from Fri 12-11 10:00 to Tue 12-15 10:00", "moved from Tue 12-15 14:00 to Wed 12-16 09:00"],
        ),
        (
            "what was told is the second's, and it has another time",
            second_begins,
            |w| w.move_to("A2", "2026-12-15 15:00"),
            &["moved from Fri 12-11 10:00 to Tue 12-15 14:00"],
        ),
        ("what was told is the second's, and it is off", second_begins, |w| w.cancel("A2"), &[FRIDAY_IS_OFF]),
        ("an hour that was never spoken", second_begins, |w| w.move_to("A1", "2026-12-15 15:00"), &[FRIDAY_IS_OFF]),
        (
            "what it began with is called off",
            another_begins,
            |w| w.cancel("A3"),
            &["moved from Fri 12-11 10:00 to Tue 12-15 10:00"],
        ),
        (
            "the second goes on",
            first_begins,
            |w| w.move_to("A2", "2026-12-16 09:00"),
            &["moved from Fri 12-11 10:00 to Wed 12-16 09:00"],
        ),
        ("the second stays where it was", first_begins, |w| w.move_to("A2", "2026-12-11 10:00"), &[]),
    ];
    for (what, also, then, want) in stories {
        let mut world = tuesday_is_told(*also);
        then(&mut world);
        world.later(10);
        world.plan();
        assert_eq!(to_tell(&world), *want, "{what}");
    }
}

/// Of an infusion nobody is told where it went, and it does not keep anybody from being told of the exam beside it.
#[test]
fn what_no_job_tells_stands_before_nothing() {
    // Friday's is an infusion, and joins Thursday's exam.
    let infusion = |world: &mut World| world.also_booked("A2", "2026-12-11 10:00").service = Service::Infusion;
    for (then, want) in [
        (("A1", "2026-12-15 09:00"), "moved from Tue 12-15 10:00 to Tue 12-15 09:00"),
        (("A2", "2026-12-15 08:00"), "moved from Tue 12-15 10:00 to Tue 12-15 08:00"),
    ] {
        let mut world = World::with_notices();
        world.rules.limits.per_day = 9;
        infusion(&mut world);
        world.move_to("A1", "2026-12-15 10:00");
        world.move_to("A2", "2026-12-15 14:00");
        world.later(10);
        world.calls(Purpose::Moved, Outcome::Confirmed);
        world.later(1);
        world.plan();
        assert_eq!((to_tell(&world), world.facts.changes.len()), (vec![], 0));
        world.move_to(then.0, then.1);
        world.later(10);
        assert_eq!(to_tell(&world), [want]);
    }

    // Where it joins an exam that stands there, and that begins at another hour then.
    let mut world = World::with_notices();
    infusion(&mut world);
    world.move_to("A2", "2026-12-10 14:00");
    world.later(10);
    world.plan();
    world.move_to("A1", "2026-12-10 08:00");
    world.later(10);
    assert_eq!(to_tell(&world), ["moved from Thu 12-10 09:00 to Thu 12-10 08:00"]);
    world.calls(Purpose::Moved, Outcome::Heard);
    world.later(1);
    world.plan();
    assert_eq!((to_tell(&world), world.facts.changes.len()), (vec![], 0));
}

/// Another booking of Friday is not firm, and is called off when it was heard that the second is.
#[test]
fn who_has_heard_that_one_is_off_hears_of_another_of_the_day() {
    let mut world = two_that_become_one();
    world.also_booked("A3", "2026-12-11 15:00");
    world.edit("A3", |a| a.status = AppointmentStatus::Pending);
    world.plan();
    world.calls(Purpose::Cancelled, Outcome::Heard);
    world.later(1);
    world.plan();
    world.cancel("A3");
    world.later(10);
    world.plan();
    let moved = "moved from Thu 12-10 09:00 to Tue 12-15 10:00";
    assert_eq!(to_tell(&world), [moved, "cancelled Fri 12-11 15:00"]);
}

/// Nobody is to be called, so that both are on the worklist.
#[test]
fn of_two_visits_that_become_one_a_person_tells_both() {
    let mut world = two_that_become_one();
    world.flags().no_call = true;
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced; 2]);
    world.later(60);
    for left in [1, 0] {
        let open = |w: &&mut WorkFacts| w.standing == WorkStanding::Open;
        // Tuesday's first.
        let last = world.facts.work.iter_mut().filter(open).max_by_key(|w| w.visit.day);
        last.expect("an item").standing = WorkStanding::Done;
        world.plan();
        assert_eq!((open_items(&world).len(), world.facts.changes.len()), (left, left));
    }
}

/// Nobody answers about Tuesday, which a person tells; Friday is still to be told by a call, now or when the cap lifts.
#[test]
fn what_a_person_tells_of_one_says_nothing_of_the_other() {
    for per_day in [1, 9] {
        let mut world = two_that_become_one();
        world.rules.limits.per_day = per_day;
        world.notice_job(Purpose::Moved).attempts.max = 1;
        world.calls(Purpose::Moved, Outcome::NoAnswer);
        world.later(1);
        world.plan();
        assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced]);
        world.later(1);
        world.facts.work[0].standing = WorkStanding::Done;
        world.plan();
        assert_eq!(to_tell(&world), [FRIDAY_IS_OFF], "{per_day} a day");
    }
}

/// A move that is being told goes on, whichever other visit comes there as well.
#[test]
fn a_move_that_is_promised_stays_the_one_that_is_told() {
    use Outcome::{Heard, NoAnswer};
    let mut world = World::with_notices();
    world.rules.limits.per_day = 9;
    world.also_booked("A2", "2026-12-11 10:00");
    world.move_to("A2", "2026-12-15 10:00");
    world.later(10);
    world.calls(Purpose::Moved, NoAnswer);
    world.later(1);
    world.move_to("A1", "2026-12-15 14:00");
    world.later(29 * 60);
    assert_eq!(to_tell(&world), ["cancelled Thu 12-10 09:00", "moved from Fri 12-11 10:00 to Tue 12-15 10:00"]);
    let mut back = world.clone();
    world.calls(Purpose::Moved, Heard);
    world.later(1);
    world.plan();
    assert_eq!(to_tell(&world), ["cancelled Thu 12-10 09:00"]);

    // It goes back, and the other one is told as moved, by calls of its own.
    back.move_to("A2", "2026-12-11 10:00");
    back.later(10);
    assert_eq!(to_tell(&back), ["moved from Thu 12-10 09:00 to Tue 12-15 14:00"]);
    back.calls(Purpose::Moved, Heard);
    back.later(1);
    back.plan();
    assert_eq!((to_tell(&back), back.facts.changes.len(), open_items(&back)), (vec![], 0, vec![]));
}

/// The patient asked for another time of the first: it is over at once, and the second is told as what it is.
#[test]
fn where_the_first_of_two_goes_without_saying_the_second_leads() {
    let mut world = World::with_notices();
    world.tried(1, "2026-12-07 10:00", Outcome::RescheduleRequested);
    world.also_booked("A2", "2026-12-11 10:00");
    world.now = at("2026-12-07 13:00");
    world.move_to("A1", "2026-12-15 10:00");
    world.move_to("A2", "2026-12-15 14:00");
    world.later(10);
    assert_eq!(world.closed(), ["own_request"]);
    world.plan();
    assert_eq!(to_tell(&world), ["moved from Fri 12-11 10:00 to Tue 12-15 10:00"]);
}
