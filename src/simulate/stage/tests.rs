//! The promise of the stage: a seed is a history.

use super::*;
use crate::core::ids::AttemptId;
use crate::simulate::day::Moment;
use crate::simulate::day::{DaySettings, StoreKind};
use crate::simulate::history::Act;
use crate::simulate::judge;
use crate::simulate::mischief::Switches;
use crate::store::RequestVerdict;
use std::collections::BTreeSet;

fn played(seed: u64, settings: &DaySettings) -> Played {
    play(&Day::drawn(seed, settings), &Planting::default(), None).expect("a day")
}

fn plain() -> DaySettings {
    DaySettings { mischief: Switches::none(), ..DaySettings::default() }
}

/// Where two texts part, for people.
fn parting(one: &str, two: &str) -> Option<String> {
    if one == two {
        return None;
    }
    let differ = one.lines().zip(two.lines()).enumerate().find(|(_, (one, two))| one != two);
    Some(differ.map_or("one goes on".to_string(), |(line, (one, two))| format!("line {line}:\n{one}\n{two}")))
}

#[test]
fn a_plain_day_is_the_same_whenever_it_is_played() {
    let (one, again, other) = (played(1, &plain()), played(1, &plain()), played(2, &plain()));
    let text = one.history.to_text();
    assert_eq!(parting(&text, &again.history.to_text()), None);
    assert_ne!(text, other.history.to_text());
    assert!(one.tally.calls.len() > 20, "{} calls", one.tally.calls.len());
}

#[test]
fn whatever_goes_wrong_a_seed_is_a_history() {
    let settings = DaySettings { patients: 10, ..DaySettings::default() };
    let (mut lives, mut struck) = (0, Struck::default());
    for seed in 1..=4 {
        let (one, again) = (played(seed, &settings), played(seed, &settings));
        assert_eq!(parting(&one.history.to_text(), &again.history.to_text()), None, "seed {seed}");
        lives += one.history.iter().filter(|(_, seen)| matches!(seen, Seen::Started(_))).count();
        struck.add_all(&one.struck);
    }
    assert!(lives > 10, "replicas died and came back: {lives} lives");
    assert!(struck.by_name().count() > 10, "{struck:?}");
}

#[test]
fn a_day_in_a_file_is_the_same_whenever_it_is_played_and_the_same_as_in_memory() {
    for mischief in [Switches::none(), Switches::all()] {
        let of = |store| DaySettings { patients: 8, mischief: mischief.clone(), store: Some(store), ..DaySettings::default() };
        let text = |store| played(3, &of(store)).history.to_text();
        let one = text(StoreKind::File);
        assert_eq!(parting(&one, &text(StoreKind::File)), None);
        assert_eq!(parting(&one, &text(StoreKind::Memory)), None);
    }
}

/// Which calls of a patient are leased and asked for, and when an opt-out is in the record, in order.
fn steps(history: &History, patient: &str) -> Vec<(&'static str, Option<AttemptId>)> {
    let mut steps: Vec<(&'static str, Option<AttemptId>)> = Vec::new();
    let mut ours = Vec::new();
    for (_, seen) in history.iter() {
        let Seen::Store(store) = seen else { continue };
        match store.what.as_deref() {
            Some(Act::Leased(leased)) => {
                for one in leased.iter().filter(|one| one.outreach.visit.patient.as_str() == patient) {
                    ours.push(one.attempt.id.clone());
                    steps.push(("leased", Some(one.attempt.id.clone())));
                }
            }
            Some(Act::Requested(order, RequestVerdict::Granted)) if ours.contains(&order.attempt) => {
                steps.push(("asked for", Some(order.attempt.clone())));
            }
            Some(Act::OptOut(out)) if out.patient.as_ref().is_some_and(|it| it.as_str() == patient) => {
                steps.push(("opted out", None))
            }
            _ => {}
        }
    }
    steps
}

#[test]
fn opt_outs_come_while_a_second_attempt_is_leased() {
    let mut day = Day::drawn(1, &DaySettings { patients: 15, ..plain() });
    let without = play(&day, &Planting::default(), None).expect("a day").history;
    let calls = |patient: &str| steps(&without, patient).iter().filter(|(what, _)| *what == "asked for").count();
    let twice: Vec<_> = day.people.iter().map(|person| person.id.clone()).filter(|id| calls(id) >= 2).collect();
    let when = |patient: &String| When::On { patient: patient.clone(), moment: Moment::Leased, nth: 2 };
    day.happenings.extend(twice.iter().map(|patient| (when(patient), Happening::OptOut(patient.clone()))));
    let played = play(&day, &Planting::default(), None).expect("a day");
    let mut in_between = 0;
    for patient in &twice {
        let steps = steps(&played.history, patient);
        let out = steps.iter().position(|(what, _)| *what == "opted out").expect("an opt-out");
        let leased: BTreeSet<_> = steps[..out].iter().filter(|(what, _)| *what == "leased").map(|(_, call)| call).collect();
        assert_eq!(leased.len(), 2, "{steps:?}");
        assert_eq!(steps.len(), out + 1, "nobody is called after it: {steps:?}");
        in_between += usize::from(steps[out - 1].0 == "leased");
    }
    assert_eq!(played.struck.times(Mischief::OptOut), twice.len() as u64);
    assert!(in_between > 0, "none of {} before the carrier was asked", twice.len());
}

/// Days with everything that goes wrong, and where something did not come up on them, days with it alone.
#[test]
fn every_kind_strikes_on_some_day() {
    let mut struck = Struck::default();
    for seed in 1..=4 {
        struck.add_all(&played(seed, &DaySettings { patients: 12, ..DaySettings::default() }).struck);
    }
    let missing: Vec<Mischief> = Mischief::all().filter(|mischief| struck.times(*mischief) == 0).collect();
    assert!(missing.len() < Mischief::all().count() / 2, "{missing:?}");
    for mischief in missing {
        let of = |mischief| DaySettings { patients: 25, mischief, ..DaySettings::default() };
        let (alone, nothing) = (of(Switches::none().with(mischief, true)), of(Switches::none()));
        // Where nothing was drawn, nothing need be played.
        let is_drawn = |seed: &u64| Day::drawn(*seed, &alone) != Day::drawn(*seed, &nothing);
        let strikes = |seed: &u64| played(*seed, &alone).struck.times(mischief) > 0;
        let mut days = (1..).filter(is_drawn).take(6);
        assert!(days.any(|seed| strikes(&seed)), "{} strikes on none of 6 days", mischief.name());
    }
}

#[test]
fn key_0_reaches_the_desk() {
    let dialled = |seed, desk| {
        let judged = judge(&Day { desk, ..Day::drawn(seed, &plain()) }, &Planting::default()).expect("a day");
        assert_eq!(judged.findings, [], "seed {seed}");
        judged.played.tally.calls.into_iter().flat_map(|call| call.dialled).next()
    };
    let (answers, busy, nobody) = ("+16175550020", "+16175550013", "+16175550014");
    let (seed, first) = (1..=6).find_map(|seed| Some((seed, dialled(seed, answers)?))).expect("somebody who presses 0");
    assert_eq!((first.number.as_str(), first.status), (answers, "completed"));
    let others = [busy, nobody].map(|desk| dialled(seed, desk).map(|desk| desk.status));
    assert_eq!(others, [Some("busy"), Some("no-answer")]);
}

#[tokio::test]
async fn after_too_many_operations_the_day_is_over() {
    let day = Day::drawn(1, &DaySettings { patients: 1, ..DaySettings::default() });
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let clocks = (Clock::of_runtime(day.start), Clock::of_runtime(day.start));
    let scene = Scene::new(clocks, (1, 3), day.rates.clone(), Waiting::of(&day), orders, None);
    scene.works();
    scene.works();
    assert!(scene.operations() == (2, false) && ordered.try_recv().is_err());
    scene.works();
    assert!(scene.operations() == (3, true) && matches!(ordered.try_recv(), Ok(Order::End)));
    scene.works();
    assert!(ordered.try_recv().is_err(), "it is told once");
}
