//! Two hundred messages as patients would hear them, drawn by a seed, and what every one of them keeps: the recordings stand
//! where they should, with the silence that the pack asks for; nothing clicks; one level; not longer than `check` found.

use crate::support::prompts::copy_folder;
use callahead::app::prompt_lengths;
use callahead::config::Config;
use callahead::core::call::{Brief, Utterance};
use callahead::core::domain::{LocalMoment, Purpose, VoicemailPolicy};
use callahead::core::ids::{LanguageTag, PhraseId};
use callahead::prompt::script::ScriptSet;
use callahead::prompt::{Length, Manner, Pack, Packs, active_level};
use chrono::{Duration, NaiveDate, NaiveTime};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::fs;
use std::path::Path;

const MESSAGES: usize = 200;

/// The largest step from one sample to the next at a join, and 1 ms around it, of 32,768. (Measured: 1.)
const STEP: u16 = 32;

/// The same, as a part of the loudest sample of the 10 ms before and after it. (Measured: 0.006.)
const RELATIVE_STEP: f64 = 0.05;

/// Samples of a millisecond.
const MS: usize = 8;

/// One message: what is said to whom.
struct Drawn {
    script: String,
    brief: Brief,
    manner: Manner,
    say: Vec<Utterance>,
}

/// The packs of a folder, its scripts, and how long each message may become.
struct Prompts {
    config: Config,
    packs: Packs,
    scripts: ScriptSet,
    lengths: Vec<Length>,
}

impl Prompts {
    fn load(folder: &Path) -> Prompts {
        let mut config = Config::defaults();
        config.prompts = folder.to_path_buf();
        let (packs, faults) = Packs::load(folder);
        assert_eq!(faults, []);
        let scripts = ScriptSet::load(folder).expect("sound scripts");
        let lengths = prompt_lengths(&config).expect("lengths");
        Prompts { config, packs, scripts, lengths }
    }

    /// Whatever a hospital could say to somebody.
    fn draw(&self, rng: &mut StdRng) -> Drawn {
        let names = ["reminder", "moved", "cancelled", "closure", "voicemail", "voicemail-cancelled", "voicemail-closure"];
        let name = names.choose(rng).expect("one of them").to_string();
        let mut moment = || {
            let day = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day") + Duration::days(rng.random_range(0..730));
            let time = NaiveTime::from_hms_opt(rng.random_range(0..24), rng.random_range(0..60), 0).expect("a time");
            LocalMoment { date: day, time }
        };
        let (start, old) = (moment(), moment());
        let (guardian, slow) = (rng.random_bool(0.5), rng.random_bool(0.5));
        let brief = Brief {
            purpose: Purpose::parse(&name).unwrap_or(Purpose::Reminder),
            script: name.clone(),
            language: LanguageTag::from(if rng.random_bool(0.5) { "en-US" } else { "es-US" }),
            start,
            old_start: Some(old),
            site: ["boston", "denver"].choose(rng).map(|key| (*key).into()).expect("one of them"),
            appointments: if rng.random_bool(0.7) { 1 } else { rng.random_range(2..12) },
            callback_number: self.config.organization.callback_number.clone(),
            opt_out_number: self.config.organization.opt_out_number.clone(),
            voicemail: VoicemailPolicy::Standard,
            message_ms: 0,
            before_ms: 0,
            long_timeouts: false,
            guardian,
            desk: None,
        };
        let say = match self.scripts.for_call(&name, &brief.site) {
            // What is slow is a repeat.
            Some(scripts) if slow => scripts.call.message_words(&brief),
            Some(scripts) => scripts.call.first_words(&brief),
            None => self.scripts.voicemails_at(&brief.site)[&name].words(&brief),
        };
        let slow = slow && !name.starts_with("voicemail");
        Drawn { script: name, brief, manner: Manner { guardian, slow }, say }
    }

    /// The longest that a message of this kind can become, in seconds.
    fn longest(&self, drawn: &Drawn) -> f64 {
        let part = match (drawn.script.starts_with("voicemail"), drawn.manner.slow) {
            (true, _) => "voicemail",
            (false, false) => "first_playing",
            (false, true) => "repeat",
        };
        let same = |length: &&Length| length.script == drawn.script && length.language == drawn.brief.language;
        let found = self.lengths.iter().filter(same).find(|length| length.part == part);
        found.unwrap_or_else(|| panic!("no length of {} {part}", drawn.script)).seconds
    }

    /// Two hundred of them, each with what is wrong with it by these packs; `spoken` are the packs that speak.
    fn judge(&self, spoken: &Packs, seed: u64) -> Vec<String> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut wrong = Vec::new();
        for number in 0..MESSAGES {
            let drawn = self.draw(&mut rng);
            let (rule, pack) = [&self.packs, spoken].map(|packs| packs.pack(&drawn.brief.language).expect("a pack")).into();
            let phrases = pack.phrases(&drawn.say, drawn.manner).expect("recorded");
            let audio = pack.compose(&phrases).expect("recorded");
            let joins = joins(rule, &phrases);
            let mut found = places(rule, &phrases, &joins, &audio);
            found.extend(steps(&joins, &audio));
            found.extend(level(&audio));
            let seconds = audio.len() as f64 / 8_000.0;
            if seconds > self.longest(&drawn) + 0.0005 {
                found.push(format!("length: {seconds} s, and at most {} s was found", self.longest(&drawn)));
            }
            if (f64::from(pack.length_ms(&phrases).expect("recorded")) / 1_000.0 - seconds).abs() > 0.001 {
                found.push("length: not what the pack says".to_string());
            }
            let Drawn { script, manner, brief, .. } = &drawn;
            wrong.extend(found.into_iter().map(|what| format!("{number} {} {script} {manner:?}: {what}", brief.language)));
        }
        wrong
    }
}

/// Where each recording ends and the next one begins, by the rules of `pack.toml`: the pause in front of a group first, then
/// the punctuation of the words before.
fn joins(pack: &Pack, phrases: &[PhraseId]) -> Vec<(usize, usize)> {
    let phrase = |id: &PhraseId| pack.phrase(id).expect("recorded");
    let mut at = 0;
    let mut joins = Vec::new();
    for pair in phrases.windows(2) {
        let (words, next) = (&phrase(&pair[0]).text, phrase(&pair[1]));
        // A slow recording belongs to the group of what it says slowly.
        let group = pair[1].as_str().trim_start_matches("slow/").split('/').next().unwrap_or_default();
        let capital = next.text.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
        // Months begin with a capital in English, and no sentence begins with one.
        let new_sentence = capital && !["month", "date"].contains(&group);
        let comma = words.ends_with([',', ';']);
        let gaps = &pack.gaps;
        let ms = match gaps.before.get(group) {
            Some(ms) => *ms,
            None if words.ends_with(['.', '?', '!', ':']) => gaps.stop_ms,
            None if comma && new_sentence => gaps.stop_ms,
            None if pair[0].as_str().ends_with(".group") => gaps.group_ms,
            None if comma => gaps.comma_ms,
            None => gaps.plain_ms,
        };
        at += phrase(&pair[0]).samples.len();
        joins.push((at, at + ms as usize * MS));
        at += ms as usize * MS;
    }
    joins
}

/// Every recording stands in its place as it is, and between two there is nothing.
fn places(pack: &Pack, phrases: &[PhraseId], joins: &[(usize, usize)], audio: &[i16]) -> Vec<String> {
    let starts = [0].into_iter().chain(joins.iter().map(|(_, begins)| *begins));
    let mut found = Vec::new();
    for (id, start) in phrases.iter().zip(starts) {
        let samples = &pack.phrase(id).expect("recorded").samples;
        if audio.get(start..start + samples.len()) != Some(&samples[..]) {
            found.push(format!("gap: {id} does not begin at sample {start}"));
        }
    }
    for (ends, begins) in joins {
        if !audio.get(*ends..*begins).is_some_and(|gap| gap.iter().all(|sample| *sample == 0)) {
            found.push(format!("gap: no silence from sample {ends} to {begins}"));
        }
    }
    found
}

/// No step at a join is heard as a click: neither large in itself nor beside what is around it.
fn steps(joins: &[(usize, usize)], audio: &[i16]) -> Vec<String> {
    let mut found = Vec::new();
    for edge in joins.iter().flat_map(|(ends, begins)| [*ends, *begins]) {
        let (step, relative) = step_at(edge, audio);
        if step > STEP || relative > RELATIVE_STEP {
            found.push(format!("step: {step} at sample {edge}, {relative:.2} of what is around it"));
        }
    }
    found
}

/// The largest step within 1 ms of a place, and its part of the loudest sample within 10 ms.
fn step_at(place: usize, audio: &[i16]) -> (u16, f64) {
    let around = |ms: usize| &audio[place.saturating_sub(ms * MS).min(audio.len())..(place + ms * MS).min(audio.len())];
    let step = around(1).windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or_default();
    let loudest = around(10).iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
    (step, if loudest == 0 { 0.0 } else { f64::from(step) / f64::from(loudest) })
}

/// The whole message by ITU-T P.56.
fn level(audio: &[i16]) -> Option<String> {
    let dbov = active_level(audio).expect("somebody speaks").dbov;
    ((dbov + 20.0).abs() > 1.5).then(|| format!("level: {dbov:.1} dBov"))
}

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
}

#[test]
fn two_hundred_messages_keep_what_was_promised() {
    let prompts = Prompts::load(&shipped());
    let wrong = prompts.judge(&prompts.packs, 2026);
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

/// The same messages by packs in which one thing at a time is wrong: each is found.
#[test]
fn a_wrong_pack_is_found_out() {
    let prompts = Prompts::load(&shipped());
    let spoil = |name: &str, spoil: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().expect("a folder");
        copy_folder(&shipped(), folder.path());
        spoil(&folder.path().join("en-US"));
        let (packs, faults) = Packs::load(folder.path());
        assert_eq!(faults, [], "{name}: sound as far as loading goes");
        let wrong = prompts.judge(&packs, 2026);
        assert!(!wrong.is_empty() && wrong.iter().all(|what| what.contains(" en-US ")), "{name}: {wrong:#?}");
        assert!(wrong.iter().any(|what| what.contains(&format!(": {name}: "))), "{name}: {wrong:#?}");
    };
    spoil("gap", &|pack| {
        let text = fs::read_to_string(pack.join("pack.toml")).expect("a pack");
        fs::write(pack.join("pack.toml"), text.replacen("comma_ms = 90", "comma_ms = 91", 1)).expect("written");
    });
    let every_recording = |pack: &Path, change: &dyn Fn(Vec<i16>) -> Vec<i16>| {
        let (packs, _) = Packs::load(pack.parent().expect("a folder"));
        for id in packs.pack(&"en-US".into()).expect("the pack").ids() {
            let file = pack.join(format!("{id}.wav"));
            let samples = hound::WavReader::open(&file).expect("a recording").into_samples::<i16>();
            let samples = change(samples.map(|sample| sample.expect("a sample")).collect());
            fs::write(&file, callahead::prompt::wav_bytes(&samples)).expect("written");
        }
    };
    spoil("level", &|pack| every_recording(pack, &|samples| samples.iter().map(|s| s / 2).collect()));
    spoil("length", &|pack| every_recording(pack, &|samples| [samples.clone(), samples].concat()));
}

/// What a player does that cuts recordings off and puts them together as they are.
#[test]
fn a_join_without_fades_is_found_out() {
    let prompts = Prompts::load(&shipped());
    let pack = prompts.packs.pack(&"en-US".into()).expect("the pack");
    let sound = &pack.phrase(&"say/appointment".into()).expect("recorded").samples;
    let loudest = sound.iter().enumerate().max_by_key(|(_, sample)| sample.unsigned_abs()).map(|(at, _)| at).expect("samples");
    let cut = [&sound[..loudest], &sound[sound.len() / 2..]].concat();
    assert!(!steps(&[(loudest, loudest)], &cut).is_empty(), "{:?}", step_at(loudest, &cut));
    let softly = [&sound[..], &sound[..]].concat();
    assert_eq!(steps(&[(sound.len(), sound.len())], &softly), [""; 0]);
}
