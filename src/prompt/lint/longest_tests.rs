//! The longest case, against trying every case: packs of any lengths, punctuation, forms and pauses, and any sequence.

use super::Hospital;
use super::longest::{Appointments, Fillings, Part};
use super::spoken::Spoken;
use super::vocabulary::Vocabulary;
use crate::core::call::{Brief, Segment, Slot, speak};
use crate::core::domain::{LocalMoment, PhoneNumber, Purpose, VoicemailPolicy};
use crate::core::ids::{PhraseId, SiteKey};
use crate::prompt::testpack::TestPack;
use crate::prompt::{Manner, Pack, Phrase};
use chrono::{NaiveDate, NaiveTime};

const PHRASES: [&str; 4] = ["say/hello", "say/opt-out", "say/first-is", "say/thank-you"];
const SITES: [&str; 3] = ["boston", "denver", "austin"];

/// Numbers that look like chance and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

fn days() -> Vec<NaiveDate> {
    ["2026-12-01", "2026-12-02", "2027-03-23", "2028-02-29"].map(|day| day.parse().expect("a day")).to_vec()
}

fn times() -> Vec<NaiveTime> {
    ["09:00", "14:30", "00:05"].map(|time| NaiveTime::parse_from_str(time, "%H:%M").expect("a time")).to_vec()
}

fn numbers() -> Vec<PhoneNumber> {
    ["+16175550100", "+13035550199"].map(|number| PhoneNumber::parse(number).expect("a number")).to_vec()
}

fn hospital() -> Hospital {
    Hospital {
        organization: "Example".into(),
        sites: SITES.map(|key| (SiteKey::from(key), key.to_string())).to_vec(),
        callback_numbers: numbers(),
        opt_out_number: PhoneNumber::parse("+18005550177").expect("a number"),
    }
}

/// The phrases that the values above need, as if somebody else had recorded them.
fn record_anew(pack: &mut Pack, any: &Phrase, dice: &mut Dice) {
    let composed = [
        "weekday/tue",
        "weekday/wed",
        "month/02",
        "month/03",
        "month/12",
        "day/01",
        "day/02",
        "day/23",
        "day/29",
        "date/03-23",
        "hour/02",
        "hour/09",
        "hour/12",
        "minute/05",
        "minute/30",
        "ampm/am",
        "ampm/pm",
        "time/02-30-pm",
        "count/2",
        "count/3",
        "count/many",
        "org/name",
    ];
    let names = SITES.iter().flat_map(|key| [format!("site/{key}"), format!("at-site/{key}")]);
    let digits = (0..10).flat_map(|digit| ["", ".group", ".end"].map(|form| format!("digit/{digit}{form}")));
    let ids: Vec<String> = composed.iter().chain(&PHRASES).map(|id| id.to_string()).chain(names).chain(digits).collect();
    pack.phrases.clear();
    let optional = ["date/03-23", "time/02-30-pm"];
    for id in &ids {
        if optional.contains(&id.as_str()) && dice.one_in(2) {
            continue;
        }
        let form = |id: String, dice: &mut Dice| {
            let mark = ["", "", ",", ".", ";", "?"][dice.below(6)];
            let phrase = Phrase {
                text: format!("words{mark}"),
                samples: vec![0; 400 + dice.below(3_000)].into(),
                opens_sentence: dice.one_in(3),
                gap_before: dice.one_in(5).then(|| dice.below(2_000)),
                ends_group: id.ends_with(".group"),
                ..any.clone()
            };
            (PhraseId::new(id), phrase)
        };
        // A digit is named with its place.
        let placed = id.ends_with(".group") || id.ends_with(".end");
        let only_by_place = dice.one_in(6) && !placed;
        if only_by_place {
            pack.phrases.extend([form(format!("{id}.mid"), dice), form(format!("{id}.end"), dice)]);
        } else {
            pack.phrases.extend([form(id.clone(), dice)]);
        }
        for (before, behind) in [
            ("", ".mid"),
            ("", ".end"),
            ("", ".guardian"),
            ("", ".guardian.end"),
            ("slow/", ""),
            ("slow/", ".end"),
            ("slow/", ".guardian"),
        ] {
            if dice.one_in(4) && (!placed || behind.is_empty()) {
                pack.phrases.extend([form(format!("{before}{id}{behind}"), dice)]);
            }
        }
    }
}

/// Without the desk's hours, which a call knows while it goes on.
const FROM_THE_BRIEF: &[(Slot, &str)] = Slot::NAMES.split_at(10).0;

fn any_words(dice: &mut Dice) -> Vec<Segment> {
    let segment = |dice: &mut Dice| match dice.below(2) {
        0 => Segment::Phrase(PHRASES[dice.below(PHRASES.len())].into()),
        _ => Segment::Slot(FROM_THE_BRIEF[dice.below(FROM_THE_BRIEF.len())].0),
    };
    (0..1 + dice.below(7)).map(|_| segment(dice)).collect()
}

/// Every call that could say these words.
fn every_brief(words: &[Segment]) -> Vec<Brief> {
    let says = |slots: &[Slot]| slots.iter().any(|slot| words.contains(&Segment::Slot(*slot)));
    let some = |n: usize, slots: &[Slot]| if says(slots) { n } else { 1 };
    let mut briefs = Vec::new();
    for n in 0..some(4, &[Slot::Day]) * some(3, &[Slot::Time]) * some(4, &[Slot::OldDay]) * some(3, &[Slot::OldTime]) {
        let (day, rest) = (n % some(4, &[Slot::Day]), n / some(4, &[Slot::Day]));
        let (time, rest) = (rest % some(3, &[Slot::Time]), rest / some(3, &[Slot::Time]));
        let (old_day, old_time) = (rest % some(4, &[Slot::OldDay]), rest / some(4, &[Slot::OldDay]));
        let moment = |day: usize, time: usize| LocalMoment { date: days()[day], time: times()[time] };
        for site in SITES.iter().take(some(3, &[Slot::Site, Slot::AtSite])) {
            for number in numbers().into_iter().take(some(2, &[Slot::CallbackNumber])) {
                for appointments in [2, 3, 10].into_iter().take(some(3, &[Slot::Count])) {
                    briefs.push(Brief {
                        purpose: Purpose::Moved,
                        script: String::new(),
                        language: "en-US".into(),
                        start: moment(day, time),
                        old_start: Some(moment(old_day, old_time)),
                        site: (*site).into(),
                        appointments,
                        callback_number: number.clone(),
                        opt_out_number: hospital().opt_out_number,
                        voicemail: VoicemailPolicy::Standard,
                        message_ms: 0,
                        before_ms: 0,
                        long_timeouts: false,
                        guardian: false,
                        desk: None,
                    });
                }
            }
        }
    }
    briefs
}

#[test]
fn the_longest_case_is_the_longest_of_all_cases() {
    let mut pack = TestPack::english().load();
    let any = pack.phrases.values().next().expect("a phrase").clone();
    let (mut tied, mut cases) = (0, 0);
    for seed in 1..=110_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        record_anew(&mut pack, &any, &mut dice);
        let vocabulary = Vocabulary::with(&pack.grammar, days(), times(), [2, 3, 10]);
        let manner = Manner { guardian: dice.one_in(2), slow: dice.one_in(2) };
        let sites = SITES.map(SiteKey::from);
        let fillings = Fillings::of(Spoken::of(&pack, manner, &vocabulary), &sites, &vocabulary, &hospital());
        for _ in 0..4 {
            let words = any_words(&mut dice);
            let briefs = every_brief(&words);
            if briefs.len() > 300 {
                continue;
            }
            let longest = fillings.longest(&words, Appointments::Several, Part::All).expect("everything is recorded");
            let length = |brief: &Brief| {
                let phrases = pack.phrases(&speak(&words, brief), manner).expect("everything is recorded");
                pack.compose(&phrases).expect("recorded").len()
            };
            let want = briefs.iter().map(length).max().expect("a case");
            assert_eq!(longest.samples, want, "seed {seed}, {manner:?}: {words:?}");
            assert_eq!(pack.compose(&longest.phrases).expect("recorded").len(), want, "seed {seed}: {:?}", longest.phrases);
            let days = words.iter().filter(|segment| **segment == Segment::Slot(Slot::Day)).count();
            tied += usize::from(days > 1 || [Slot::Site, Slot::AtSite].iter().all(|s| words.contains(&Segment::Slot(*s))));
            cases += briefs.len();
        }
    }
    assert!(tied > 10 && cases > 3_000, "{tied} sequences with one fact at two places, {cases} cases: the test is too easy");
}
