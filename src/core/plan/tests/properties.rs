//! What holds for any visits, zones, jobs and histories.

use super::life::*;
use super::testing::*;
use super::worlds::*;
use crate::domain::*;
use crate::plan::*;
use chrono::{Duration, NaiveTime};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases every time, so that a build fails for what changed in it.
pub(super) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn decisions_keep_hours_and_caps_and_leave_no_visit_out(
        mut world in any_world(),
        calls in vec(0..12 * 24 * 60i64, 0..4),
    ) {
        let to = world.facts.patient.phones[0].number.clone().expect("a number");
        world.facts.other_calls =
            calls.iter().map(|ago| RangCall { number: to.clone(), placed_at: world.now - Duration::minutes(*ago) }).collect();
        check_decisions(&world);
        plan_and_settle(&mut world, &[]);
    }

    #[test]
    fn replanning_after_any_change_settles(mut world in any_world(), then in any_world(), minutes in 0..5 * 24 * 60i64) {
        plan_and_settle(&mut world, &[]);
        let start = world.now;
        // Other bookings, other jobs, other hours, some time later.
        for appointment in &then.facts.appointments {
            let mut moved = appointment.clone();
            moved.start = start + (appointment.start - then.now);
            world.facts.appointments.retain(|a| a.id != moved.id);
            world.facts.appointments.push(moved);
        }
        world.rules = then.rules;
        world.now += Duration::minutes(minutes);
        plan_and_settle(&mut world, &[]);
        check_decisions(&world);
    }

    #[test]
    fn the_earliest_window_is_open_whatever_the_clocks_do(day in 0..360i64, site in 0..SITES.len(), hour in 0..24u16) {
        // A window of one hour anywhere in the day, all hours allowed: its local time is the one asked for, or does not
        // exist on that day.
        let mut world = World::new();
        let zone = SITES[site].1;
        world.rules.sites.insert("here".into(), SiteRules { zone });
        world.phones(&[(PhoneKind::Home, "800-555-0101")]);
        (world.rules.limits.earliest, world.rules.limits.latest) = (Clock24::START, Clock24::END);
        world.job().when.weekdays = WEEK.to_vec();
        world.job().when.holidays = Holidays::None;
        world.job().when.days_before = vec![1];
        world.job().when.no_later_than = Duration::zero();
        world.job().when.from = Clock24::new(hour, 0).expect("a time of day");
        world.job().when.until = Clock24::new(hour + 1, 0).expect("a time of day");
        let visit_day = at(YEAR).date_naive() + Duration::days(day + 2);
        let noon = resolve_local(visit_day.and_hms_opt(12, 0, 0).expect("noon"), zone);
        *world.visit() = booking("A1", noon);
        world.visit().site = "here".into();
        world.now = noon - Duration::days(5);
        let call = world.call();
        let local = call.call_after.with_timezone(&zone).naive_local();
        prop_assert_eq!(local.time(), NaiveTime::from_hms_opt(hour.into(), 0, 0).expect("a time of day"));
        let back = (visit_day - local.date()).num_days();
        prop_assert!(back == 1 || (back == 2 && hour == 2), "{} days before", back);
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn weeks_of_calls_never_break_a_cap_a_window_or_a_limit(
        mut world in any_world(),
        outcomes in vec(any_outcome(), 1..12),
    ) {
        live(&mut world, &[], &outcomes);
        check_history(&world);
    }
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn notices_keep_hours_and_caps_and_say_what_is_so(
        mut world in any_world_with_notices(),
        edits in any_edits(),
        calls in vec(0..12 * 24 * 60i64, 0..4),
        minutes in 0..5 * 24 * 60i64,
    ) {
        let to = world.facts.patient.phones[0].number.clone().expect("a number");
        world.facts.other_calls =
            calls.iter().map(|ago| RangCall { number: to.clone(), placed_at: world.now - Duration::minutes(*ago) }).collect();
        let beginning = world.now;
        plan_and_settle(&mut world, &[]);
        for (_, edit) in &edits {
            happen(&mut world, beginning, edit);
            check_decisions(&world);
            world.now += Duration::minutes(1);
        }
        plan_and_settle(&mut world, &[]);
        world.now += Duration::minutes(minutes);
        check_decisions(&world);
        plan_and_settle(&mut world, &[]);
    }

    #[test]
    fn neither_a_restart_nor_a_clock_that_was_wrong_changes_the_plan(
        mut world in any_world_with_notices(),
        edits in any_edits(),
        hours in vec(-72..72i64, 0..4),
    ) {
        let beginning = world.now;
        for (_, edit) in edits.iter().take(3) {
            happen(&mut world, beginning, edit);
        }
        // Nothing is given up by a clock that runs ahead: that would be known for good.
        let mut fresh = world.clone();
        plan_once(&mut fresh);
        for ahead in &hours {
            world.now = beginning + Duration::hours(*ahead);
            let kept = (world.facts.changes.clone(), world.facts.work.clone());
            plan_once(&mut world);
            (world.facts.changes, world.facts.work) = kept;
        }
        world.now = beginning;
        let stored = serde_json::to_string(&world.facts).expect("facts");
        world.facts = serde_json::from_str(&stored).expect("the same facts");
        plan_once(&mut world);
        prop_assert_eq!(planned(&world), planned(&fresh));
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn weeks_of_edits_and_calls_never_break_a_cap_a_window_or_a_limit(
        mut world in any_world_with_notices(),
        edits in any_edits(),
        outcomes in vec(any_outcome(), 1..12),
    ) {
        live(&mut world, &edits, &outcomes);
        check_history(&world);
    }

    #[test]
    fn planning_every_minute_of_a_day_makes_the_same_calls_as_planning_when_it_is_time(
        mut world in any_world_with_notices(),
        edits in any_edits(),
        outcomes in vec(any_outcome(), 1..12),
    ) {
        let beginning = world.now;
        for (_, edit) in edits.iter().take(3) {
            happen(&mut world, beginning, edit);
        }
        let all_day = a_day(world.clone(), &outcomes, |_, _| true);
        let in_time = a_day(world, &outcomes, |now, again| again.is_some_and(|again| again <= now));
        prop_assert_eq!(all_day, in_time);
    }
}
