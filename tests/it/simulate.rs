//! Simulated days: a seed is a history, everything that must be true is true, and a planted fault is caught.

use crate::support::process::Program;
use callahead::simulate::{Day, DaySettings, Judged, Mischief, Planted, Planting, Switches, judge, shrink, story};
use serde_json::Value;
use std::path::Path;

/// Small days: many of them are played here, unoptimized.
fn small() -> DaySettings {
    DaySettings { patients: 12, ..DaySettings::default() }
}

fn played(seed: u64, settings: &DaySettings, planting: &Planting) -> Judged {
    judge(&Day::drawn(seed, settings), planting).expect("a day is played")
}

#[test]
fn what_must_be_true_is_true_on_bad_days() {
    let mut struck = 0;
    for seed in 1..=6 {
        let judged = played(seed, &small(), &Planting::default());
        assert_eq!(judged.violations(), [], "seed {seed}");
        assert!(judged.calls > 0, "seed {seed}");
        struck += judged.played.struck.total();
    }
    assert!(struck > 50, "{struck} faults in six days");
}

#[test]
fn a_day_that_does_not_come_to_rest_is_given_up() {
    let operations = played(3, &small(), &Planting::default()).played.operations.0;
    let broken = |after: u64| {
        let judged = played(3, &small(), &Planting { gives_up_after: Some(after), ..Planting::default() });
        judged.violations().iter().map(|violation| violation.invariant).collect::<Vec<_>>()
    };
    assert_eq!(broken(operations / 2), ["comes_to_rest"], "and its end is not judged");
    assert_eq!(broken(operations + 1), [""; 0]);
}

#[test]
fn a_seed_is_a_history() {
    let text = |seed| played(seed, &small(), &Planting::default()).played.history.to_text();
    let (one, again) = (text(7), text(7));
    let differ = one.lines().zip(again.lines()).find(|(one, again)| one != again);
    assert!(one == again, "the same seed went another way: {differ:?}");
    assert_ne!(one, text(8));
}

/// Faults that show on almost any day. How many seeds each of the others needs, `simulate --break all` tells.
const PLAIN_FAULTS: &[&str] = &[
    "forget-hours",
    "forget-number-zone",
    "forget-caps",
    "redial-unknown",
    "forget-opt-out",
    "lose-key",
    "misread-keys",
    "half-voicemail",
    "stale-facts",
    "forget-notices",
    "overlook-patients",
    "overlook-changes",
    "forget-lines",
    "forget-pace",
];

/// Days as they are in service, for what shows only where many are called at once.
fn crowded() -> DaySettings {
    DaySettings { patients: 40, ..DaySettings::default() }
}

#[test]
fn a_planted_fault_is_caught() {
    for name in PLAIN_FAULTS {
        let planted = Planted::named(name).expect("a planted fault");
        let is_caught = |judged: Judged| judged.violations().iter().any(|violation| planted.is_caught_by(violation));
        let days = (1..=20).map(|seed| (seed, small())).chain((1..=12).map(|seed| (seed, crowded())));
        let caught = days.into_iter().find(|(seed, settings)| is_caught(played(*seed, settings, &planted.planting())));
        assert!(caught.is_some(), "{name} goes unnoticed by {:?} on 32 days", planted.by);
    }
}

#[test]
fn a_day_is_over_as_soon_as_its_fault_is_caught() {
    let planting = Planted::named("forget-hours").expect("it is planted").planting();
    let settings = DaySettings { patients: 4, ..small() };
    let is_caught = |judged: &Judged| judged.violations().iter().any(|violation| violation.invariant == "inside_hours");
    let caught = (1..50).map(|seed| (seed, played(seed, &settings, &planting)));
    let (seed, caught) = caught.into_iter().find(|(_, judged)| is_caught(judged)).expect("a day that is caught");
    let whole = played(seed, &settings, &Planting { caught_by: Vec::new(), ..planting });
    assert_eq!(caught.findings[..], whole.findings[..caught.findings.len()], "nothing is said of what its end would show");
    let last = |judged: &Judged| judged.played.history.iter().last().map(|(at, _)| *at).expect("something happened");
    let found = caught.findings.last().expect("it was caught").at;
    assert!(found <= last(&caught) && last(&caught) < last(&whole), "{found}: {} and {}", last(&caught), last(&whole));
}

#[test]
fn a_failing_day_is_told_as_a_short_story() {
    let settings = DaySettings { patients: 4, mischief: Switches::none().with(Mischief::SecondReplica, true), ..small() };
    let planting = Planted::named("forget-hours").expect("it is planted").planting();
    let fails = |day: &Day| judge(day, &planting).expect("a day is played").findings.into_iter().next();
    let seed = (1..50).find(|seed| fails(&Day::drawn(*seed, &settings)).is_some()).expect("a seed that fails");
    let small = shrink(&Day::drawn(seed, &settings), |day| fails(day).is_some());
    assert_eq!((small.people.len(), small.replicas), (1, 1), "one patient is enough");
    let judged = judge(&small, &planting).expect("a day is played");
    let finding = &judged.findings[0];
    let told = story(&small, &judged.played.history, finding);
    let patient = &small.people[0];
    for part in [patient.id.as_str(), "leases", "asks the carrier", "Broken: inside_hours", "Expected: A call begins inside"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let number = patient.phone().expect("a telephone");
    assert!(!told.contains(number.as_str()) && told.contains(&format!("…{}", number.last_four())), "{told}");
    assert!(told.lines().count() < 60, "{told}");
}

fn simulate(arguments: &[&str]) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("no-such-configuration.toml");
    let done = Program::run(&[&["simulate"], arguments].concat(), &root);
    (done.code, done.stdout, done.stderr)
}

#[test]
fn the_command_prints_its_sum_and_ends_with_1_where_a_planted_fault_goes_unnoticed() {
    let plain = ["--seed", "3", "--seeds", "2", "--patients", "4", "--format", "json"];
    let (code, out, err) = simulate(&plain);
    let sum: Value = serde_json::from_str(&out).expect("JSON alone on standard output");
    assert_eq!((code, sum["seeds"].as_u64(), sum["violations"].as_array().map(Vec::len)), (Some(0), Some(2), Some(0)), "{err}");
    assert!(sum["calls"].as_u64().is_some_and(|calls| calls > 0) && sum["faults"].is_u64(), "{sum}");
    assert!(err.contains("First seed: 3") && err.contains("a minute"), "{err}");

    let broken = ["--seed", "1", "--patients", "4", "--faults", "none", "--break", "forget-hours", "--whole", "--format", "json"];
    let (code, out, err) = simulate(&broken);
    let sum: Value = serde_json::from_str(&out).expect("JSON alone on standard output");
    let first = &sum["violations"][0];
    assert_eq!((code, first["invariant"].as_str()), (Some(0), Some("inside_hours")), "it was to be caught: {sum} {err}");
    assert!(first["seed"].is_u64() && first["detail"].is_string(), "{first}");
    assert!(err.contains("forget-hours was caught by seed 1: inside_hours") && err.contains("Expected: "), "{err}");

    // Nobody is called: nothing can be caught.
    let unnoticed = ["--seed", "1", "--seeds", "1", "--patients", "0", "--break", "forget-hours"];
    let (code, _, err) = simulate(&unnoticed);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("forget-hours was not caught by inside_hours within 1 seeds."), "{err}");
}

#[test]
fn wrong_words_are_told_with_what_would_be_right() {
    for (arguments, wanted) in [
        (["--faults", "nothing"], "`nothing` is no fault; want all, none, or names"),
        (["--break", "nothing"], "want all, or one of forget-hours"),
        (["--for", "soon"], "such as 3m"),
    ] {
        let (code, _, err) = simulate(&arguments);
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(wanted), "{arguments:?}: {err}");
    }
    let (code, out, _) = simulate(&["--list"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("nothing_after_opt_out") && out.contains("killed-at-commit") && out.contains("redial-unknown"), "{out}");
}
