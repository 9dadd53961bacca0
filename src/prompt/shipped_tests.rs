//! The shipped English pack: complete, even, and every date and time as it is spoken.

use super::script::ScriptSet;
use super::testpack::{MONTHS, WEEKDAYS, ordinal_of, words_of};
use super::{Hospital, Manner, Pack, Packs, lint};
use crate::core::call::Utterance;
use crate::core::domain::PhoneNumber;
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use std::path::Path;

fn english() -> Pack {
    let (packs, faults) = Packs::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts"));
    assert!(faults.is_empty(), "{faults:#?}");
    packs.into_iter().find(|pack| pack.language.as_str() == "en-US").expect("the English pack")
}

fn spoken(pack: &Pack, say: &[Utterance]) -> String {
    let phrases = pack.phrases(say, Manner::default()).unwrap_or_else(|missing| panic!("{missing}"));
    pack.text_of(&phrases).expect("recorded")
}

#[test]
fn every_day_of_a_leap_year_is_spoken() {
    let pack = english();
    for n in 1..=366 {
        let day = NaiveDate::from_yo_opt(2028, n).expect("a leap year");
        let weekday = WEEKDAYS[day.weekday().num_days_from_monday() as usize];
        let want = format!("on {weekday}, {} {}.", MONTHS[day.month0() as usize], ordinal_of(day.day()));
        assert_eq!(spoken(&pack, &[Utterance::Day(day)]), want);
    }
    for (day, want) in [
        ("2026-12-01", "on Tuesday, December first."),
        ("2027-03-22", "on Monday, March twenty second."),
        ("2026-11-30", "on Monday, November thirtieth."),
        ("2028-02-29", "on Tuesday, February twenty ninth."),
        ("2026-10-31", "on Saturday, October thirty first."),
    ] {
        assert_eq!(spoken(&pack, &[Utterance::Day(day.parse().expect("a day"))]), want);
    }
}

#[test]
fn every_minute_of_a_day_is_spoken() {
    let pack = english();
    for n in 0..1_440 {
        let time = NaiveTime::from_hms_opt(n / 60, n % 60, 0).expect("a time");
        let (afternoon, hour) = time.hour12();
        let minute = match time.minute() {
            0 => String::new(),
            n @ 1..=9 => format!(" oh {}", words_of(n)),
            n => format!(" {}", words_of(n)),
        };
        let want = format!("at {}{minute} {} M.", words_of(hour), if afternoon { "P" } else { "A" });
        assert_eq!(spoken(&pack, &[Utterance::Time(time)]), want);
    }
    for (time, want) in [
        ("00:00", "at twelve A M."),
        ("00:05", "at twelve oh five A M."),
        ("09:00", "at nine A M."),
        ("12:00", "at twelve P M."),
        ("12:30", "at twelve thirty P M."),
        ("14:05", "at two oh five P M."),
        ("23:59", "at eleven fifty nine P M."),
    ] {
        let time = NaiveTime::parse_from_str(time, "%H:%M").expect("a time");
        assert_eq!(spoken(&pack, &[Utterance::Time(time)]), want);
    }
}

#[test]
fn the_linter_finds_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let (packs, faults) = Packs::load(&folder);
    assert_eq!(faults, []);
    let scripts = ScriptSet::load(&folder).expect("sound scripts");
    let number = |text| PhoneNumber::parse(text).expect("a number");
    let hospital = Hospital {
        organization: "Example Cancer Center".into(),
        sites: vec![("boston".into(), "Longwood".to_string()), ("denver".into(), "Front Range".to_string())],
        callback_numbers: vec![number("+16175550100"), number("+13035550110")],
        opt_out_number: number("+18005550100"),
    };
    assert_eq!(lint(&packs, &scripts, &folder, &hospital).faults, []);
}

#[test]
fn the_recordings_fit_together() {
    let pack = english();
    assert!(!pack.reviewed(), "no reviewer is invented");
    let mut levels: Vec<(f64, String)> = Vec::new();
    for id in pack.ids() {
        let samples = &pack.phrase(id).expect("an id of the pack").samples;
        let seconds = samples.len() as f64 / 8_000.0;
        assert!((0.15..15.0).contains(&seconds), "{id} lasts {seconds:.2} s");
        let loudest = |part: &[i16]| part.iter().map(|s| s.unsigned_abs()).max().unwrap_or_default();
        let peak = loudest(samples);
        assert!(peak < 29_000, "{id} has a peak of {peak}");
        // A soft consonant at the start is speech: silence is what lies 42 dB below the loudest hundredth of a second.
        let powers: Vec<f64> = samples.chunks(80).map(|f| f.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>()).collect();
        let floor = powers.iter().copied().fold(0.0, f64::max) * 10_f64.powf(-4.2);
        let lead = powers.iter().position(|p| *p > floor).unwrap_or_default() * 10;
        let tail = powers.iter().rev().position(|p| *p > floor).unwrap_or_default() * 10;
        assert!(lead <= 60 && tail <= 120, "{id}: {lead} and {tail} ms of silence at its ends");
        levels.push((active_level(samples), id.to_string()));
    }
    levels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = levels[levels.len() / 2].0;
    for (level, id) in &levels {
        assert!((level - median).abs() <= 3.0, "{id} has {level:.1} dB, the pack {median:.1} dB");
    }
    assert!((-23.0..-17.0).contains(&median), "the pack has {median:.1} dB");
}

/// Level of the speech without its pauses, in dB of full scale: a plain stand-in for ITU-T P.56.
fn active_level(samples: &[i16]) -> f64 {
    let mut frames: Vec<f64> =
        samples.chunks(160).map(|f| f.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / f.len() as f64).collect();
    frames.sort_by(f64::total_cmp);
    let floor = frames.last().copied().unwrap_or_default() / 1_000.0;
    let active: Vec<f64> = frames.into_iter().filter(|power| *power > floor).collect();
    10.0 * (active.iter().sum::<f64>() / active.len() as f64 / 32_768.0_f64.powi(2)).log10()
}
