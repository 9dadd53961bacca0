//! What patients heard, and what follows from it. A visit at Boston on Thursday 2026-12-10 at 09:00; Monday noon.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;

pub(super) fn open_items(world: &World) -> Vec<WorkKind> {
    world.facts.work.iter().filter(|w| w.standing == WorkStanding::Open).map(|w| w.kind).collect()
}

/// The reminder about a day: its version and decision.
pub(super) fn reminder(world: &World, day: &str) -> (u32, String) {
    let found = world.decide().into_iter().find(|d| d.purpose == Purpose::Reminder && d.visit.day.to_string() == day);
    let found = found.expect("a decision");
    (found.version, in_words(&found))
}

/// What came of the one call about a cancelled visit, and what is left to do: (outcome, changes left, open items).
#[test]
fn what_came_of_the_call() {
    use Outcome::*;
    let stories: &[(Outcome, usize, &[WorkKind])] = &[
        (Confirmed, 0, &[]),
        (Heard, 0, &[]),
        (RescheduleRequested, 0, &[]),
        (Transferred, 0, &[]),
        (OptedOut, 0, &[]),
        (VoicemailLeft, 0, &[WorkKind::Unreached]),
        (WrongNumber, 1, &[WorkKind::ChangeUnannounced]),
        (VoicemailIncomplete, 1, &[]),
        (MachineNoMessage, 1, &[]),
        (HungUpEarly, 1, &[]),
        (NoAnswer, 1, &[]),
        (Busy, 1, &[]),
        (Failed, 1, &[]),
        (Superseded, 1, &[]),
    ];
    for (outcome, left, items) in stories {
        let mut world = World::with_notices();
        world.cancel("A1");
        world.later(10);
        world.calls(Purpose::Cancelled, *outcome);
        world.later(1);
        world.plan();
        assert_eq!((world.facts.changes.len(), open_items(&world)), (*left, items.to_vec()), "{}", outcome.as_str());
    }
    assert_eq!(stories.len(), Outcome::ALL.len());
}

#[test]
fn key_1_on_a_moved_visit_confirms_the_new_time_and_voids_the_old_answer() {
    let mut world = World::with_notices();
    world.tried(1, "2026-12-07 10:00", Outcome::Confirmed);
    assert_eq!(reminder(&world, "2026-12-10"), (1, "skip already_confirmed".to_string()));

    world.now = at("2026-12-08 10:00");
    world.move_to("A1", "2026-12-10 14:00");
    assert_eq!(reminder(&world, "2026-12-10"), (2, "skip capped".to_string()), "the old answer is void");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Confirmed);
    world.plan();
    assert_eq!(reminder(&world, "2026-12-10"), (2, "skip already_confirmed".to_string()));
    assert_eq!(world.notices_in_words(), [""; 0]);
}

/// A visit went to another site, which was told, and is called off there: the hours are those of that site.
#[test]
fn what_was_told_last_says_whose_hours_they_are() {
    let mut world = World::with_notices();
    world.edit("A1", |a| (a.site, a.start) = ("denver".into(), in_zone("2026-12-11 11:00", chrono_tz::America::Denver)));
    world.later(10);
    world.calls(Purpose::Moved, Outcome::RescheduleRequested);
    world.later(1);
    world.cancel("A1");
    world.now = at("2026-12-08 05:00");
    let told = world.decide().into_iter().find(|d| d.purpose == Purpose::Cancelled).expect("a notice");
    let Verdict::Call(call) = told.verdict else { panic!("{:?}", told.verdict) };
    assert_eq!((told.visit.site.as_str(), told.zone), ("denver", chrono_tz::America::Denver));
    assert_eq!(call.call_after, in_zone("2026-12-08 08:00", chrono_tz::America::Denver), "at Boston it is ten by then");
}

/// Two bookings of a day go different ways: who has heard of the one is still to hear of the other.
#[test]
fn what_was_not_said_is_still_to_be_told() {
    let mut world = World::with_notices();
    world.also_booked("A2", "2026-12-10 11:00");
    world.move_to("A2", "2026-12-15 10:00");
    world.later(10);
    // It is put off, and meanwhile the first one is moved as well, to an earlier hour.
    world.calls(Purpose::Moved, Outcome::NoAnswer);
    world.move_to("A1", "2026-12-10 08:00");
    world.later(24 * 60);
    let about = |world: &World, day: &str| {
        let there = |o: &&OutreachFacts| o.outreach.visit.day.to_string() == day && o.outreach.purpose == Purpose::Moved;
        world.facts.outreaches.iter().filter(there).count()
    };
    world.plan();
    assert_eq!((about(&world, "2026-12-10"), about(&world, "2026-12-15")), (1, 1));
    // The other day is told: this one is still to be.
    world.hears("2026-12-15", Outcome::Heard);
    world.plan();
    assert_eq!(world.facts.changes.iter().map(|c| c.appointment.as_str()).collect::<Vec<_>>(), ["A1"]);
    let left = world.notices_in_words();
    assert!(left[0].starts_with("moved from Thu 12-10 09:00 to Thu 12-10 08:00") && left.len() == 1, "{left:?}");
    // No hour is left for it.
    world.now = at("2026-12-10 07:00");
    world.plan();
    assert_eq!(open_items(&world), [WorkKind::ChangeUnannounced]);
}

/// Thursday's exam is called off, and before anybody has heard of it Friday's comes there: who hears only that would come for
/// both.
#[test]
fn what_was_called_off_in_vain_where_another_visit_comes_is_a_persons_to_tell() {
    use Outcome::{Confirmed, Heard, NoAnswer};
    for (comes_at, before, after, want) in [
        ("2026-12-10 08:00", NoAnswer, Confirmed, &[WorkKind::ChangeUnannounced][..]),
        ("2026-12-10 14:00", NoAnswer, Confirmed, &[WorkKind::ChangeUnannounced]),
        ("2026-12-10 09:00", NoAnswer, Confirmed, &[]),
        ("2026-12-10 08:00", Heard, Confirmed, &[]),
        ("2026-12-10 08:00", NoAnswer, NoAnswer, &[]),
    ] {
        let mut world = World::with_notices();
        world.rules.limits.per_day = 3;
        world.also_booked("A2", "2026-12-11 10:00");
        world.cancel("A1");
        world.later(10);
        world.calls(Purpose::Cancelled, before);
        world.plan();
        world.move_to("A2", comes_at);
        world.later(24 * 60);
        world.calls(Purpose::Moved, after);
        world.plan();
        assert_eq!(open_items(&world), want, "{comes_at}, {before:?}, {after:?}");
        if !want.is_empty() {
            // Until it stands again.
            world.edit("A1", |a| a.status = AppointmentStatus::Booked);
            world.plan();
            assert_eq!(open_items(&world), [], "{comes_at}");
        }
    }
}

#[test]
fn a_confirmed_visit_that_another_joins_is_asked_about_again() {
    // The visit of Tuesday begins at 08:00 and was confirmed; Thursday's joins it at ten: the start stays, the answer to the
    // notice counts from now on.
    let mut world = World::with_notices();
    world.facts.appointments.insert(0, booking("A0", at("2026-12-15 08:00")));
    world.tried(1, "2026-12-06 10:00", Outcome::Confirmed);
    world.move_to("A1", "2026-12-15 10:00");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::RescheduleRequested);
    world.plan();
    assert_eq!(reminder(&world, "2026-12-15"), (1, "skip already_reached".to_string()));

    // A third one joins: it is told for itself.
    world.also_booked("A3", "2026-12-16 08:00");
    world.now = at("2026-12-08 10:00");
    world.move_to("A3", "2026-12-15 12:00");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Confirmed);
    world.plan();
    assert_eq!(world.notices_in_words(), [""; 0]);
    assert_eq!(reminder(&world, "2026-12-15"), (2, "skip already_confirmed".to_string()));
}

/// The schedule is edited between the call and the plan that closes what it told.
#[test]
fn an_edit_after_the_call_is_told_against_what_the_call_said() {
    let after_the_call = || {
        let mut world = World::with_notices();
        world.rules.limits.per_day = 2;
        world.move_to("A1", "2026-12-15 10:00");
        world.later(10);
        world.calls(Purpose::Moved, Outcome::Heard);
        world.later(1);
        world
    };
    let stories: &[(&str, Given, &[&str])] = &[
        ("the same time after all", |w| w.edit("A1", |a| a.status = AppointmentStatus::Confirmed), &[]),
        (
            "another time",
            |w| w.move_to("A1", "2026-12-16 10:00"),
            &["moved from Tue 12-15 10:00 to Wed 12-16 10:00: call 1: Mon 12-07 12:21 to Mon 12-07 21:00"],
        ),
        (
            "another time of that day",
            |w| w.move_to("A1", "2026-12-15 11:00"),
            &["moved from Tue 12-15 10:00 to Tue 12-15 11:00: call 1: Mon 12-07 12:21 to Mon 12-07 21:00"],
        ),
        (
            "back to where it was first",
            |w| w.move_to("A1", "2026-12-10 09:00"),
            &["moved from Tue 12-15 10:00 to Thu 12-10 09:00: call 1: Mon 12-07 12:21 to Mon 12-07 21:00"],
        ),
        ("cancelled", |w| w.cancel("A1"), &["cancelled Tue 12-15 10:00: call 1: Mon 12-07 12:21 to Mon 12-07 21:00"]),
    ];
    for (name, given, want) in stories {
        let mut world = after_the_call();
        given(&mut world);
        assert_eq!(world.notices_in_words(), *want, "{name}");
        world.plan();
    }
}

/// A call that is answered when its visit has just changed says "our office will call you". Somebody must.
#[test]
fn a_call_that_was_promised_is_made() {
    let stories: &[(&str, Given, &[WorkKind])] = &[
        ("a notice tells the change", |w| w.move_to("A1", "2026-12-10 15:00"), &[]),
        ("it is as it was, and the reminder says so", |w| w.move_to("A1", "2026-12-10 09:00"), &[]),
        (
            "it is as it was, and there is no reminder",
            |w| {
                w.move_to("A1", "2026-12-10 09:00");
                w.job().enabled = false;
            },
            &[WorkKind::ChangeUnannounced],
        ),
        (
            "it is beyond every horizon now",
            |w| {
                for job in &mut w.rules.jobs {
                    job.when.horizon = chrono::Duration::hours(1);
                }
                w.move_to("A1", "2027-01-20 09:00");
            },
            &[WorkKind::ChangeUnannounced],
        ),
        (
            "nobody answered",
            |w| {
                w.move_to("A1", "2026-12-10 09:00");
                w.job().enabled = false;
                w.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).for_each(|a| a.answered_at = None);
            },
            &[],
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::with_notices();
        world.rules.limits.per_week = 7;
        world.move_to("A1", "2026-12-10 14:00");
        world.later(10);
        world.calls(Purpose::Moved, Outcome::Superseded);
        given(&mut world);
        world.later(10);
        world.plan();
        assert_eq!(open_items(&world), *want, "{name}");
    }
}

/// The clinic moves two visits, one is told, and it moves both again.
#[test]
fn what_was_said_of_one_visit_is_not_what_another_goes_by() {
    let mut world = World::with_notices();
    world.also_booked("A2", "2026-12-11 09:00");
    world.move_to("A1", "2026-12-15 10:00");
    world.move_to("A2", "2026-12-16 10:00");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Heard);
    world.plan();
    assert_eq!(world.notices_in_words(), ["moved from Fri 12-11 09:00 to Wed 12-16 10:00: skip capped"]);
    world.later(60);
    world.move_to("A1", "2026-12-17 10:00");
    world.move_to("A2", "2026-12-18 10:00");
    let both = [
        "moved from Fri 12-11 09:00 to Fri 12-18 10:00: skip capped",
        "moved from Tue 12-15 10:00 to Thu 12-17 10:00: skip capped",
    ];
    assert_eq!(world.notices_in_words(), both);
}

#[test]
fn a_call_about_it_holds_everything_else_back() {
    let mut world = World::with_notices();
    world.rules.limits.per_day = 5;
    world.move_to("A1", "2026-12-15 10:00");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::Heard);
    let attempt = world.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).next_back().expect("a call");
    (attempt.status, attempt.outcome, attempt.ended_at) = (AttemptStatus::InProgress, None, None);
    let outreach = world.facts.outreaches.last().expect("a notice").outreach.clone();
    assert!(notice_of(&world.rules, &world.facts, &outreach, world.now).is_some(), "still true: it may be said");

    world.move_to("A1", "2026-12-16 10:00");
    assert_eq!(world.notices_in_words(), ["moved from Thu 12-10 09:00 to Wed 12-16 10:00: skip capped"]);
    assert_eq!(notice_of(&world.rules, &world.facts, &outreach, world.now), None, "what it would say is not true any more");
}

#[test]
fn the_last_look_before_a_notice_is_dialled() {
    let mut world = World::with_notices();
    world.move_to("A1", "2026-12-10 14:00");
    world.later(10);
    world.plan();
    let look = |world: &World| {
        let o = world.facts.outreaches.iter().find(|o| o.outreach.purpose == Purpose::Moved).expect("a notice");
        may_dial(&world.rules, &world.facts, &o.outreach, &o.attempts[0], world.now).map(|_| ())
    };
    assert_eq!(look(&world), Ok(()));
    let stories: &[(&str, Given, &str)] = &[
        ("moved back", |w| w.move_to("A1", "2026-12-10 09:00"), "change_gone"),
        ("moved on", |w| w.move_to("A1", "2026-12-10 15:00"), "replanned"),
        ("cancelled", |w| w.cancel("A1"), "change_gone"),
        ("edited again, and not settled", |w| w.edit("A1", |a| a.status = AppointmentStatus::Confirmed), "not_open"),
        ("opted out", |w| w.facts.opted_out = true, "opted_out"),
    ];
    for (name, given, want) in stories {
        let mut world = world.clone();
        given(&mut world);
        assert_eq!(look(&world), Err(*want), "{name}");
        let withdrawn = world.plan().iter().any(|a| matches!(a, PlanAction::Withdraw { .. }));
        assert_eq!(withdrawn, *want != "not_open", "{name}: what is withdrawn at once");
    }
}
