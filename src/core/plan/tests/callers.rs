//! Patients who call us: what they may be told of, and what their call leaves of the plan.

use super::testing::*;
use super::worlds::{any_outcome, any_world};
use crate::domain::*;
use crate::phi::Phi;
use crate::plan::*;
use chrono::Duration;
use proptest::prelude::*;

/// On the day of the touch, its call planned.
fn planned() -> World {
    let mut world = World::with_notices();
    world.plan();
    world
}

fn told_of(world: &World) -> Option<&Outreach> {
    pending(&world.rules, &world.facts, &number("617-555-0101"), world.now)
}

#[test]
fn who_calls_is_told_of_the_visit_that_we_call_about() {
    type Story = (&'static str, Given, bool);
    let stories: [Story; 13] = [
        ("the call is planned", |_| {}, true),
        ("nothing is promised", |w| w.facts.outreaches.clear(), false),
        ("a message was left", |w| w.calls(Purpose::Reminder, Outcome::VoicemailLeft), true),
        ("confirmed, and has changed their mind", |w| w.calls(Purpose::Reminder, Outcome::Confirmed), true),
        ("it has begun", |w| w.now = at("2026-12-10 09:00"), false),
        ("it is about to begin", |w| w.now = at("2026-12-10 08:59"), true),
        ("it was cancelled, and that is to be told", |w| w.cancel("A1"), false),
        ("it is not booked", |w| w.visit().status = AppointmentStatus::Pending, false),
        ("it is at another time", |w| w.visit().start = at("2026-12-10 11:00"), false),
        ("not to be called at all", |w| w.flags().no_call = true, false),
        ("has died", |w| w.flags().deceased = true, false),
        ("only at another number", |w| w.only_number("617-555-0199"), false),
        ("somebody said that the number is wrong", |w| w.calls(Purpose::Reminder, Outcome::WrongNumber), false),
    ];
    for (name, given, want) in stories {
        let mut world = planned();
        given(&mut world);
        assert_eq!(told_of(&world).is_some(), want, "{name}");
    }
    let mut world = planned();
    world.only_number("617-555-0101");
    assert!(told_of(&world).is_some(), "the one number that may be used");
}

#[test]
fn the_nearest_visit_is_told_of_and_a_notice_before_its_reminder() {
    let mut world = planned();
    world.also_booked("A2", "2026-12-09 15:00");
    world.plan();
    assert_eq!(told_of(&world).expect("a promise").start, at("2026-12-09 15:00"));
    world.move_to("A1", "2026-12-09 08:00");
    world.later(30);
    world.plan();
    let outreach = told_of(&world).expect("a promise");
    assert_eq!((outreach.purpose, outreach.start), (Purpose::Moved, at("2026-12-09 08:00")));
}

/// The voicemail says which number to call; who calls it hears the new time again, though it was told.
#[test]
fn a_moved_visit_that_was_told_of_can_still_be_confirmed() {
    let mut world = World::with_notices();
    world.move_to("A1", "2026-12-10 14:00");
    world.later(10);
    world.calls(Purpose::Moved, Outcome::VoicemailLeft);
    world.plan();
    assert!(world.facts.changes.is_empty() || notices(&world.rules, &world.facts, world.now).is_empty(), "it was told");
    let outreach = told_of(&world).expect("a promise");
    assert_eq!((outreach.purpose, outreach.start), (Purpose::Moved, at("2026-12-10 14:00")));
    assert!(!is_true(&world.rules, &world.facts, outreach, world.now), "nothing is left to tell");
    assert!(stands_as_told(&world.rules, &world.facts, outreach));
}

#[test]
fn a_birthday_tells_patients_of_one_number_apart() {
    let born = |date: Option<&str>| {
        let mut facts = World::new().facts;
        facts.patient.birth_date = date.map(|date| Phi::new(date.parse().expect("a date")));
        facts
    };
    let both = [born(Some("1961-04-12")), born(Some("1990-05-03")), born(None)];
    let entered = |digits| Birthday::parse(digits).expect("a birthday");
    assert_eq!(recognize(&both, entered("0412")), Recognized::One(&both[0]));
    assert_eq!(recognize(&both, entered("0503")), Recognized::One(&both[1]));
    assert_eq!(recognize(&both, entered("0101")), Recognized::Nobody);
    assert_eq!(recognize(&[], entered("0412")), Recognized::Nobody);
    let twins = [born(Some("1961-04-12")), born(Some("1990-04-12"))];
    assert_eq!(recognize(&twins, entered("0412")), Recognized::Several(twins.iter().collect()));
}

/// The patient called, and it came to this.
fn calls_us(world: &mut World, outcome: Outcome) {
    let now = world.now;
    let attempt = world.attempt(1, now);
    attempt.status = if outcome == Outcome::Failed { AttemptStatus::Failed } else { AttemptStatus::Completed };
    (attempt.placed_at, attempt.ended_at, attempt.outcome) = (Some(now), Some(now), Some(outcome));
    attempt.inbound = true;
}

#[test]
fn what_the_patient_says_in_their_own_call_counts_like_in_one_of_ours() {
    for (outcome, want) in [
        (Outcome::Confirmed, "skip already_confirmed"),
        (Outcome::RescheduleRequested, "skip already_reached"),
        (Outcome::Transferred, "skip already_reached"),
        (Outcome::Heard, "skip already_reached"),
        (Outcome::OptedOut, "skip opted_out"),
        (Outcome::WrongNumber, "skip no_callable_phone"),
        (Outcome::HungUpEarly, "call 1: Mon 12-07 12:00 to Mon 12-07 19:00"),
        (Outcome::Failed, "call 1: Mon 12-07 12:00 to Mon 12-07 19:00"),
        (Outcome::Superseded, "call 1: Mon 12-07 12:00 to Mon 12-07 19:00"),
    ] {
        let mut world = World::with_notices();
        calls_us(&mut world, outcome);
        assert_eq!(world.call_in_words(), want, "{outcome:?}");
    }
}

#[test]
fn the_last_word_counts_whoever_dialled() {
    let mut world = planned();
    world.calls(Purpose::Reminder, Outcome::Confirmed);
    world.later(30);
    calls_us(&mut world, Outcome::RescheduleRequested);
    assert_eq!(world.call_in_words(), "skip already_reached");
    world.later(30);
    calls_us(&mut world, Outcome::Confirmed);
    assert_eq!(world.call_in_words(), "skip already_confirmed");
}

#[test]
fn while_the_patient_is_on_the_line_nobody_calls_them() {
    let mut world = World::with_notices();
    let now = world.now;
    let attempt = world.attempt(1, now);
    (attempt.status, attempt.placed_at, attempt.inbound) = (AttemptStatus::InProgress, Some(now), true);
    assert_eq!(world.call_in_words(), "skip capped");
    assert!(!world.facts.outreaches[0].attempts[0].counts_as_called());
    assert_eq!(world.plan(), []);
}

/// One call a day is allowed: that of the patient is none of ours.
#[test]
fn a_call_to_us_fills_no_cap_and_is_no_attempt() {
    let mut world = planned();
    calls_us(&mut world, Outcome::HungUpEarly);
    calls_us(&mut world, Outcome::Heard);
    let facts = &world.facts;
    assert!(cap_at(&world.rules.limits, facts, &number("617-555-0101"), Purpose::Reminder, BOSTON, world.now).is_none());
    let attempts = &facts.outreaches[0].attempts;
    assert_eq!(place_in_touch(&world.rules.jobs[0], attempts), (1, false), "the first of two that may ring is to come");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever was tried before: a call to us in which nothing was settled decides nothing.
    #[test]
    fn a_call_to_us_that_came_to_nothing_leaves_the_plan_as_it_was(
        mut world in any_world(),
        tried in proptest::collection::vec((any_outcome(), 0..72i64, any::<bool>()), 0..6),
        ago in 0..72i64,
        outcome in proptest::sample::select(vec![Outcome::HungUpEarly, Outcome::Failed, Outcome::NoAnswer, Outcome::Busy]),
    ) {
        let now = world.now;
        for (outcome, hours, later) in tried {
            let attempt = world.attempt(1 + u32::from(later), now - Duration::hours(hours));
            attempt.status = AttemptStatus::Completed;
            (attempt.placed_at, attempt.outcome) = (Some(now - Duration::hours(hours)), Some(outcome));
            attempt.ended_at = attempt.placed_at;
        }
        // The promise itself is one that stood before.
        world.attempt(1, now).status = AttemptStatus::Cancelled;
        let before = (world.decide(), world.reconcile().len());
        let attempt = world.attempt(1, now - Duration::hours(ago));
        (attempt.status, attempt.inbound, attempt.outcome) = (AttemptStatus::Completed, true, Some(outcome));
        (attempt.placed_at, attempt.ended_at) = (Some(attempt.due_at), Some(attempt.due_at));
        prop_assert_eq!((world.decide(), world.reconcile().len()), before);
    }
}
