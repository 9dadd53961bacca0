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

#[test]
#[ignore = "a measurement"]
fn how_long_a_day_takes() {
    let settings = if std::env::var("PLAIN").is_ok() { plain() } else { DaySettings::default() };
    let from: u64 = std::env::var("FROM").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let count: u64 = std::env::var("COUNT").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let out = std::env::var("OUT").ok();
    let all = Clock::system().stopwatch();
    for seed in from..from + count {
        let watch = Clock::system().stopwatch();
        let played = played(seed, &settings);
        let mut ops: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, seen) in played.history.iter() {
            if let Seen::Store(seen) = seen {
                *ops.entry(seen.op).or_default() += 1;
            }
        }
        eprintln!(
            "seed {seed}: {} ms, {} calls, {} ops, {} lines, struck {}",
            watch.elapsed().as_millis(),
            played.tally.calls.len(),
            played.operations,
            played.history.len(),
            played.struck.total()
        );
        if count == 1 {
            eprintln!("{ops:?}");
        }
        if let Some(out) = &out {
            std::fs::write(format!("{out}/{seed}.txt"), played.history.to_text()).expect("written");
        }
    }
    eprintln!("{} ms a day", all.elapsed().as_millis() / u128::from(count));
}
