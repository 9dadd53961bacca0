//! The promise of the stage: a seed is a history.

use super::*;
use crate::simulate::day::DaySettings;
use crate::simulate::mischief::Switches;

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
