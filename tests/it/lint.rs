//! What `check` finds in packs and scripts: the shipped ones with one thing broken each, refused by name.

use crate::support::desk::Desk;
use crate::support::process::Finished;
use crate::support::prompts::copy_folder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A desk with the English pack and the scripts as its own files.
struct Copied {
    desk: Desk,
    prompts: PathBuf,
}

impl Copied {
    fn new() -> Copied {
        let desk = Desk::new("");
        let prompts = desk.config.with_file_name("prompts");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        for folder in ["en-US", "scripts"] {
            copy_folder(&shipped.join(folder), &prompts.join(folder));
        }
        let text = fs::read_to_string(&desk.config).expect("a configuration");
        let text = text.replace(&format!("\"{}\"", shipped.display()), "\"prompts\"");
        fs::write(&desk.config, text).expect("written");
        Copied { desk, prompts }
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let file = self.prompts.join(file);
        let text = fs::read_to_string(&file).expect("there");
        assert!(text.contains(from), "{} has no {from}", file.display());
        fs::write(file, text.replacen(from, to, 1)).expect("written");
    }

    fn wav(&self, id: &str) -> PathBuf {
        self.prompts.join(format!("en-US/{id}.wav"))
    }

    fn samples(&self, id: &str) -> Vec<i16> {
        let mut wav = hound::WavReader::open(self.wav(id)).expect("a recording");
        wav.samples().collect::<Result<_, _>>().expect("samples")
    }

    fn record(&self, id: &str, rate: u32, samples: &[i16]) {
        let (bits_per_sample, sample_format) = (16, hound::SampleFormat::Int);
        let spec = hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample, sample_format };
        let mut wav = hound::WavWriter::create(self.wav(id), spec).expect("a file");
        samples.iter().for_each(|sample| wav.write_sample(*sample).expect("written"));
        wav.finalize().expect("finished");
    }

    /// The same words again and again.
    fn stretch(&self, id: &str, seconds: usize) {
        let samples = self.samples(id);
        self.record(id, 8_000, &samples.iter().copied().cycle().take(seconds * 8_000).collect::<Vec<_>>());
    }

    fn check(&self) -> Finished {
        self.desk.run(&["check", "--format", "json"])
    }

    /// Each fault's code, its file from the folder of prompts on, and the phrase or script that it names.
    fn found(&self) -> BTreeSet<(String, String, String)> {
        let done = self.check();
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        let faults: Vec<Value> = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout));
        let named = faults.iter().map(|fault| {
            let [code, file, message] = ["code", "file", "message"].map(|key| fault[key].as_str().expect("a text"));
            let name = message.split(':').next().unwrap_or_default().trim_start_matches("en-US").trim_matches([' ', ',']);
            (code.to_string(), file.rsplit("prompts/").next().unwrap_or_default().to_string(), name.to_string())
        });
        named.collect()
    }
}

fn set(want: &[(&str, &str, &str)]) -> BTreeSet<(String, String, String)> {
    want.iter().map(|(code, file, name)| (code.to_string(), file.to_string(), name.to_string())).collect()
}

#[test]
fn every_bad_recording_is_refused_with_its_file_and_phrase() {
    let copied = Copied::new();
    let scaled = |id: &str, by: f64| -> Vec<i16> {
        copied.samples(id).iter().map(|s| (f64::from(*s) * by).clamp(-32_768.0, 32_767.0) as i16).collect()
    };
    let bytes = fs::read(copied.wav("day/01")).expect("a recording");
    fs::write(copied.wav("day/01"), &bytes[..bytes.len() / 2]).expect("written");
    fs::write(copied.wav("day/02"), b"").expect("written");
    copied.record("day/03", 44_100, &copied.samples("day/03"));
    fs::remove_file(copied.wav("day/04")).expect("removed");
    copied.record("day/05", 8_000, &scaled("day/05", 30.0));
    copied.record("say/hello", 8_000, &scaled("say/hello", 1.3));
    copied.record("say/opt-out", 8_000, &scaled("say/opt-out", 0.7));
    let mut peaked = copied.samples("say/thank-you");
    peaked[2_000] = 30_000;
    copied.record("say/thank-you", 8_000, &peaked);
    copied.record("say/goodbye", 8_000, &[vec![0; 800], copied.samples("say/goodbye")].concat());
    copied.record("say/is-confirmed", 8_000, &[copied.samples("say/is-confirmed"), vec![0; 1_200]].concat());
    let want = set(&[
        ("lying_header", "en-US/day/01.wav", "day/01"),
        ("empty_wav", "en-US/day/02.wav", "day/02"),
        ("wrong_format", "en-US/day/03.wav", "day/03"),
        ("missing_recording", "en-US/day/04.wav", "day/04"),
        ("clipped_wav", "en-US/day/05.wav", "day/05"),
        ("wrong_level", "en-US/say/hello.wav", "say/hello"),
        ("wrong_level", "en-US/say/opt-out.wav", "say/opt-out"),
        ("high_peak", "en-US/say/thank-you.wav", "say/thank-you"),
        ("long_silence", "en-US/say/goodbye.wav", "say/goodbye"),
        ("long_silence", "en-US/say/is-confirmed.wav", "say/is-confirmed"),
    ]);
    assert_eq!(copied.found(), want);
}

#[test]
fn every_bad_word_is_refused_with_its_file_and_phrase() {
    let copied = Copied::new();
    copied.edit("en-US/phrases.tsv", "say/sorry\t[We are sorry.]", "say/sorry\t[We are \u{7}sorry.]");
    copied.edit("en-US/phrases.tsv", "say/is-closed\tLongwood, [is closed]", "say/is-closed\tLongwood, [takes no payment]");
    copied.edit("en-US/phrases.tsv", "say/opens-late\tLongwood, [opens late]", "say/opens-late\tLongwood, [where you have]");
    copied.edit("en-US/phrases.tsv", "org/name\tHello. This is, [Example", "org/name\tHello. This is, [Sample");
    copied.edit("en-US/pack.toml", "\"count\", ", "");
    copied.edit("en-US/pack.toml", "\"weekday\"", "\"weekday\", \"wekday\"");
    let own = copied.prompts.join("sites/bostom/en-US/say");
    fs::create_dir_all(&own).expect("made");
    fs::copy(copied.wav("say/hello"), own.join("hello.wav")).expect("copied");
    fs::write(copied.prompts.join("sites/bostom/en-US/phrases.tsv"), "say/hello\tHello. Here is\n").expect("written");
    let counts = "count/2, count/3, count/4, count/5, count/6 and 4 more";
    let want = set(&[
        ("control_character", "en-US/phrases.tsv", "say/sorry"),
        ("missing_words", "en-US/say/sorry.wav", "say/sorry"),
        ("never_word", "en-US/phrases.tsv", "say/is-closed"),
        ("form_says_otherwise", "en-US/phrases.tsv", "slow/say/is-closed"),
        ("form_says_otherwise", "en-US/phrases.tsv", "slow/say/opens-late"),
        ("missing_guardian", "en-US/phrases.tsv", "say/opens-late"),
        ("text_differs", "en-US/phrases.tsv", "org/name"),
        ("not_for_strangers", "en-US/pack.toml", counts),
        ("unknown_stranger", "en-US/pack.toml", ""),
        ("unknown_site", "sites/bostom", "there is no site bostom in the configuration; there are"),
    ]);
    assert_eq!(copied.found(), want);
}

#[test]
fn every_script_that_cannot_be_is_refused_by_name() {
    let copied = Copied::new();
    copied.edit("scripts/reminder.toml", "extends = \"call\"", "extends = \"moved\"");
    copied.edit("scripts/moved.toml", "extends = \"call\"", "extends = \"reminder\"");
    let delay = fs::read_to_string(copied.prompts.join("scripts/delay.toml")).expect("there");
    fs::write(copied.prompts.join("scripts/delay.toml"), format!("{delay}\n[keys]\n1 = \"confirm\"\n1 = \"repeat\"\n"))
        .expect("written");
    let between = "opening = [\"say/hello\", \"{organization}\", \"say/at-number\", \"{callback_number}\", \"say/office-will-call\", \
                   \"say/opt-out\"]\nmenu = ";
    copied.edit("scripts/cancelled.toml", "menu = ", between);
    let found: BTreeSet<_> = copied.found().into_iter().map(|(code, file, _)| (code, file)).collect();
    let want = [("cyclic_script", "moved"), ("repeated_key", "delay"), ("opt_out_not_offered", "cancelled")];
    for (code, script) in want {
        assert!(found.contains(&(code.to_string(), format!("scripts/{script}.toml"))), "{code}: {found:?}");
    }
    assert_eq!(found.len(), want.len(), "{found:?}");
}

#[test]
fn what_takes_too_long_by_its_recordings_is_refused_and_serve_does_not_start() {
    let copied = Copied::new();
    // Every language, date and site: what is long are the recordings and the pauses.
    copied.stretch("say/again-3", 45);
    copied.stretch("say/to-stop-call", 14);
    copied.edit("en-US/pack.toml", "stop_ms = 350", "stop_ms = 2050");
    let found = copied.found();
    let want = |code: &str, scripts: &[&str]| -> BTreeSet<(String, String, String)> {
        scripts.iter().map(|name| (code.to_string(), format!("scripts/{name}.toml"), name.to_string())).collect()
    };
    let calls = ["cancelled", "closure", "delay", "moved", "reminder"];
    let voicemails = ["voicemail", "voicemail-cancelled", "voicemail-closure", "voicemail-minimal", "voicemail-moved"];
    let all = [want("message_too_long", &calls), want("voicemail_too_long", &voicemails), want("opt_out_late", &calls)];
    assert_eq!(found, all.into_iter().flatten().collect(), "{}", copied.check().stdout);
    let serve = copied.desk.run(&["serve"]);
    assert_ne!(serve.code, Some(0));
    assert!(serve.stderr.contains("[opt_out_late]") && serve.stderr.contains("[voicemail_too_long]"), "{}", serve.stderr);
}

#[test]
fn a_voicemail_that_should_be_shorter_is_warned_of_and_passes() {
    let copied = Copied::new();
    copied.stretch("say/please-call-us", 10);
    let done = copied.check();
    assert_eq!((done.code, done.stdout.trim()), (Some(0), "[]"), "{}", done.stderr);
    let warned = "scripts/voicemail-minimal.toml:3:1: en-US, voicemail-minimal: the voicemail takes up to 2";
    assert!(done.stderr.contains(warned) && done.stderr.contains("[long_voicemail]"), "{}", done.stderr);
    assert!(done.stderr.lines().any(|line| line.starts_with("Warning: ")), "{}", done.stderr);
}

#[test]
fn the_shipped_prompts_pass_and_every_message_is_measured() {
    let desk = Desk::new("");
    let done = desk.run(&["check", "--format", "json"]);
    assert_eq!((done.code, done.stdout.trim()), (Some(0), "[]"), "{}", done.stderr);
    let rows = desk.json(&["prompts", "check", "--lengths"]);
    let rows = rows.as_array().expect("rows");
    for language in ["en-US", "es-US"] {
        for (script, part) in [
            ("reminder", "first_playing"),
            ("reminder", "repeat"),
            ("moved", "first_playing"),
            ("closure", "repeat"),
            ("voicemail", "voicemail"),
            ("voicemail-minimal", "voicemail"),
        ] {
            let row = rows.iter().find(|row| row["script"] == script && row["part"] == part && row["language"] == language);
            let row = row.unwrap_or_else(|| panic!("{language} {script} {part}: {rows:#?}"));
            let (seconds, limit) = (row["seconds"].as_f64().expect("seconds"), row["limit_s"].as_f64().expect("a limit"));
            assert!(seconds > 10.0 && seconds <= limit && row["text"].as_str().is_some_and(|text| text.len() > 100), "{row}");
        }
    }
    let table = desk.run(&["prompts", "check", "--lengths"]).stdout;
    assert!(table.contains("first playing") && table.contains("voicemail-minimal"), "{table}");
}
