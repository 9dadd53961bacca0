//! Until the next look, nothing changes by itself: whoever plans a patient only then, and when something was written, does
//! the same as whoever plans everybody at every moment.

use super::life::{attempts, dial, plan_once};
use super::properties::config;
use super::testing::*;
use super::worlds::*;
use crate::domain::*;
use crate::ids::*;
use crate::plan::*;
use chrono::{DateTime, Duration, SubsecRound, Utc};
use proptest::collection::vec;
use proptest::prelude::*;

/// What happens when it is looked again.
#[derive(Debug, Clone)]
enum Event {
    Nothing,
    /// What is due is dialled, with this outcome.
    Calls(Outcome),
    /// A call is begun and goes on; the one that went on ends.
    Live,
    /// The schedule is edited.
    Edit(Edit),
    /// A person closes what is open.
    Resolve,
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        2 => Just(Event::Nothing),
        4 => any_outcome().prop_map(Event::Calls),
        1 => Just(Event::Live),
        1 => Just(Event::Resolve),
    ];
    (any_edits(), vec(event, 4..30), any::<u64>()).prop_map(|(edits, mut events, place)| {
        for (n, (minute, edit)) in edits.into_iter().enumerate() {
            let at = (minute as u64 ^ place) as usize % (events.len() + 1);
            events.insert(if n == 0 { 0 } else { at }, Event::Edit(edit));
        }
        events
    })
}

/// Patients of whom the feed says nothing, and who were or were not here before; others were called at their number.
fn any_busy_world() -> impl Strategy<Value = World> {
    let known = (any::<bool>(), any::<bool>(), 0..30i64);
    (any_world_with_notices(), known, vec(0..8 * 24 * 60i64, 0..3)).prop_map(|(mut world, (silent, established, days), calls)| {
        world.rules.jobs[0].select.established_patients_only = established;
        if silent {
            world.facts.appointments.iter_mut().for_each(|a| a.established = None);
        }
        world.facts.appointments[0].start -= Duration::days(days);
        if let Some(to) = world.facts.patient.phones[0].number.clone() {
            let ago = |minutes: &i64| RangCall { number: to.clone(), placed_at: world.now - Duration::minutes(*minutes) };
            world.facts.other_calls = calls.iter().map(ago).collect();
        }
        world
    })
}

fn happens(world: &mut World, beginning: DateTime<Utc>, event: &Event) {
    let now = world.now;
    match event {
        Event::Nothing => {}
        Event::Calls(outcome) => {
            let all: Vec<AttemptId> = attempts(world).map(|a| a.id.clone()).collect();
            for id in &all {
                dial(world, id, *outcome);
            }
        }
        Event::Live => {
            let due = |a: &Attempt| a.status == AttemptStatus::Planned && (a.due_at..a.not_after).contains(&now);
            let all = world.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts);
            for attempt in all.filter(|a| a.status.is_live() || due(a)) {
                if attempt.status.is_live() {
                    (attempt.status, attempt.ended_at) = (AttemptStatus::Completed, Some(now));
                    attempt.outcome = Some(Outcome::NoAnswer);
                } else {
                    (attempt.status, attempt.placed_at) = (AttemptStatus::Ringing, Some(now));
                }
            }
        }
        Event::Edit(edit) => happen(world, beginning, edit),
        Event::Resolve => world.facts.work.iter_mut().for_each(|w| w.standing = WorkStanding::Done),
    }
}

/// Everything of a decision that anybody acts on. A call that may be made from now on may be made later as well.
fn essence(decision: &Decision, at: DateTime<Utc>) -> String {
    let Decision { visit, version, appointments, job, purpose, start, change, verdict, opens, .. } = decision;
    let verdict = match verdict {
        Verdict::Call(call) => {
            let call = PlannedCall { call_after: call.call_after.max(at), ..call.clone() };
            let number = call.number.as_str();
            format!("{} {} {} {:?} {number}", call.touch, call.call_after, call.call_before, call.phone)
        }
        other => format!("{other:?}"),
    };
    format!("{} {version} {appointments:?} {job:?} {purpose:?} {start} {change:?} {verdict} {opens:?}", visit.to_text())
}

/// The store loads closures until a day after their end, and calls of eight days.
fn forget(world: &mut World) {
    let now = world.now;
    world.facts.closures.retain(|c| c.closure.until + Duration::days(1) > now);
    world.facts.other_calls.retain(|call| now - call.placed_at < Duration::days(8));
}

fn nothing_changes_until_the_next_look(world: &World, next: DateTime<Utc>) {
    let decisions = world.decide();
    let left = next - world.now;
    let micro = Duration::microseconds(1);
    let moments = [world.now + micro, world.now + left / 7, world.now + left / 2, next - Duration::seconds(1), next - micro];
    for later in moments.map(|later| later.trunc_subsecs(6)).into_iter().filter(|later| world.now < *later && *later < next) {
        let mut then = World { now: later, ..world.clone() };
        forget(&mut then);
        let told = |decisions: &[Decision]| decisions.iter().map(|d| essence(d, later)).collect::<Vec<_>>();
        let now = world.now;
        assert_eq!(told(&decisions), told(&then.decide()), "from {now} to {later}, the next look being at {next}");
        assert_eq!(then.reconcile(), [], "from {now} to {later}, the next look being at {next}");
    }
}

proptest! {
    #![proptest_config(config(160))]

    #[test]
    fn time_alone_changes_nothing_before_the_next_look(
        mut world in any_busy_world(),
        events in any_events(),
        hurry in any::<bool>(),
    ) {
        let mut events = events.iter();
        let beginning = world.now;
        for _ in 0..120 {
            forget(&mut world);
            plan_once(&mut world);
            let next = next_look(&world.rules, &world.decide(), &world.facts, world.now);
            let Some(next) = next else {
                let years_later = world.now + Duration::days(700);
                nothing_changes_until_the_next_look(&world, years_later);
                break;
            };
            prop_assert!(next > world.now);
            nothing_changes_until_the_next_look(&world, next);
            world.now = if hurry { world.now + (next - world.now).min(Duration::hours(5)) } else { next };
            if let Some(event) = events.next() {
                happens(&mut world, beginning, event);
            }
        }
    }
}
