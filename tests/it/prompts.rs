//! A hospital's own voice, through the program: a sheet to read from, recordings taken in, the pack checked, a message heard.

use crate::support::process::{Finished, Program};
use crate::support::prompts::copy_folder;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A hospital with a copy of the English pack.
struct Hospital {
    folder: tempfile::TempDir,
}

impl Hospital {
    fn new() -> Hospital {
        let folder = tempfile::tempdir().expect("a folder");
        let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        for part in ["en-US", "scripts"] {
            copy_folder(&prompts.join(part), &folder.path().join("prompts").join(part));
        }
        fs::write(folder.path().join("callahead.toml"), "prompts = \"prompts\"\n").expect("a configuration");
        Hospital { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wav(&self, id: &str) -> PathBuf {
        self.path("prompts/en-US").join(format!("{id}.wav"))
    }

    /// Puts a recording into the hospital's folder of takes.
    fn take(&self, name: &str, bytes: &[u8]) {
        let path = self.path("takes").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Program::run(arguments, &self.path("callahead.toml"))
    }

    /// `prompts import`, and its report.
    fn import(&self, arguments: &[&str], code: i32) -> Value {
        let takes = self.path("takes").display().to_string();
        let mut all = vec!["prompts", "import", "--language", "en-US", "--format", "json"];
        all.extend(arguments);
        if !arguments.iter().any(|argument| argument.contains("takes")) {
            all.push(&takes);
        }
        let done = self.run(&all);
        assert_eq!(done.code, Some(code), "{} {}", done.stdout, done.stderr);
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
    }

    fn check(&self) {
        let done = self.run(&["prompts", "check"]);
        assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
    }
}

/// A word of one pitch, as a studio delivers it: silence around it.
fn word(hz: f64, level: f64, ms: u32, rate: u32, channels: u16) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::new(&mut file, spec).expect("a format");
    let (length, silence) = (rate * ms / 1_000, rate * 3 / 10);
    for n in 0..length + 2 * silence {
        let inside = n.checked_sub(silence).filter(|n| *n < length);
        let swell = inside.map_or(0.0, |n| (std::f64::consts::PI * f64::from(n) / f64::from(length)).sin());
        let value = level * swell * (2.0 * std::f64::consts::PI * hz * f64::from(n) / f64::from(rate)).sin();
        (0..channels).for_each(|_| writer.write_sample((value * 32_767.0) as i16).expect("written"));
    }
    writer.finalize().expect("finished");
    file.into_inner()
}

fn samples(path: &Path) -> Vec<i16> {
    let mut reader = WavReader::open(path).expect("a recording");
    let WavSpec { channels, sample_rate, bits_per_sample, .. } = reader.spec();
    assert_eq!((channels, sample_rate, bits_per_sample), (1, 8_000, 16));
    reader.samples().collect::<Result<_, _>>().expect("samples")
}

/// How loud one frequency is, in dB of full scale.
fn level_at(samples: &[i16], hz: f64) -> f64 {
    let part = |angle: fn(f64) -> f64| {
        let turn = |n: usize| angle(2.0 * std::f64::consts::PI * hz * n as f64 / 8_000.0);
        samples.iter().enumerate().map(|(n, s)| f64::from(*s) / 32_768.0 * turn(n)).sum::<f64>()
    };
    let length = samples.len() as f64;
    20.0 * (2.0 * part(f64::sin).hypot(part(f64::cos)) / length).max(1e-9).log10()
}

fn taken(report: &Value) -> BTreeMap<&str, &Value> {
    report["taken"].as_array().expect("a list").iter().map(|taken| (taken["id"].as_str().expect("an id"), taken)).collect()
}

fn refused(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_string();
    let name = |value: &Value| text(value).rsplit("takes/").next().unwrap_or_default().to_string();
    report["refused"].as_array().expect("a list").iter().map(|one| (name(&one["file"]), text(&one["reason"]))).collect()
}

#[test]
fn takes_of_a_studio_become_phrases_and_a_broken_one_stands_in_nobodys_way() {
    let hospital = Hospital::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sound");
    hospital.take("day/23.wav", &word(400.0, 0.7, 700, 44_100, 2));
    hospital.take("Say-Hello.flac", &fs::read(data.join("tone.flac")).expect("a fixture"));
    hospital.take("month_03.mp3", &fs::read(data.join("tone.mp3")).expect("a fixture"));
    hospital.take("day/24.wav", &word(400.0, 0.7, 700, 44_100, 2)[..40_000]);
    hospital.take("day/25.flac", &fs::read(data.join("tone.flac")).expect("a fixture")[..6_000]);
    hospital.take("day/26.ogg", b"OggS");
    hospital.take("nobody.wav", &word(400.0, 0.7, 700, 44_100, 1));
    hospital.take("notes.txt", b"take 3 of 23 is the good one");
    let before = fs::read(hospital.wav("day/23")).expect("the shipped recording");

    let would = hospital.import(&["--dry-run"], 1);
    assert_eq!((taken(&would).len(), fs::read(hospital.wav("day/23")).expect("still there")), (3, before.clone()));

    let report = hospital.import(&[], 1);
    assert_eq!(report, would, "a dry run says what will be");
    let found = taken(&report);
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["day/23", "month/03", "say/hello"]);
    for (id, one) in &found {
        let level = one["level_after_dbov"].as_f64().expect("a level");
        assert!((level + 20.0).abs() <= 0.2, "{id}: {level}");
        let ms = one["ms"].as_u64().expect("a length");
        let bytes = fs::metadata(hospital.wav(id)).expect("written").len();
        assert_eq!((bytes - 44) / 16, ms, "{id}: what the report says is what is there");
        assert!(ms <= 760, "{id}: the silence around it is gone: {ms} ms");
    }
    assert!(found["day/23"]["level_before_dbov"].as_f64() > Some(-15.0), "{:?}", found["day/23"]);
    let reasons = refused(&report);
    for (file, reason) in [
        ("day/24.wav", "its header promises"),
        ("day/25.flac", "it was cut off"),
        ("day/26.ogg", "export it as WAV, FLAC or MP3"),
        ("nobody.wav", "`nobody` is no phrase of the pack"),
    ] {
        assert!(reasons.iter().any(|(f, r)| f == file && r.contains(reason)), "{file}: {reasons:?}");
    }
    assert_eq!(reasons.len(), 4);
    assert_eq!(fs::read(hospital.wav("day/23").with_extension("wav.bak")).expect("kept"), before);

    // The FLAC holds 5 kHz, as loud as its 1 kHz: folded down it would lie at 3 kHz.
    let hello = samples(&hospital.wav("say/hello"));
    let (speech, folded) = (level_at(&hello, 1_000.0), level_at(&hello, 3_000.0));
    assert!(speech > -25.0 && folded < speech - 60.0, "1 kHz {speech:.1} dB, 3 kHz {folded:.1} dB");
    hospital.check();

    let page = hospital.run(&["prompts", "import", "--language", "en", &hospital.path("takes/day/23.wav").display().to_string()]);
    assert_eq!(page.code, Some(0), "{}", page.stderr);
    assert!(page.stdout.contains("44100 Hz stereo") && page.stdout.contains("1 taken, 0 refused."), "{}", page.stdout);
}

#[test]
fn a_sheet_goes_out_and_its_numbers_come_back() {
    let hospital = Hospital::new();
    fs::write(
        hospital.path("callahead.toml"),
        "prompts = \"prompts\"\n[organization]\nname = \"Riverside <Clinic>\"\n[sites.west]\nname = \"West & Park\"\ntimezone = \"America/New_York\"\n",
    )
    .expect("a configuration");
    let sheet = hospital.path("sheet.csv").display().to_string();
    let done = hospital.run(&["prompts", "sheet", "--language", "en-US", "--missing", "--out", &sheet]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut rows = csv::Reader::from_path(&sheet).expect("a sheet");
    let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>().expect("rows");
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (&row[1], &row[2], row[3].split('[').nth(1).unwrap_or_default().split(']').next().unwrap_or_default(), &row[4])
        })
        .collect();
    let want = [
        ("001.wav", "org/name", "Riverside <Clinic>,", "goes on"),
        ("002.wav", "site/west", "West & Park", "goes on"),
        ("003.wav", "at-site/west", "at West & Park.", "falls"),
        ("004.wav", "slow/site/west", "West & Park", "goes on"),
        ("005.wav", "slow/at-site/west", "at West & Park.", "falls"),
    ];
    assert_eq!(found, want, "what the configuration names and nobody recorded, in words after those that there are");

    for (name, hz) in [("1.wav", 300.0), ("002.wav", 400.0), ("003.wav", 500.0)] {
        hospital.take(name, &word(hz, 0.4, 900, 48_000, 1));
    }
    hospital.take("006.wav", &word(300.0, 0.4, 900, 48_000, 1));
    let report = hospital.import(&["--sheet", &sheet], 1);
    assert_eq!(taken(&report).keys().copied().collect::<Vec<_>>(), ["at-site/west", "org/name", "site/west"]);
    assert_eq!(refused(&report), [("006.wav".to_string(), "the recording sheet has no number 6".to_string())]);
    let note = taken(&report)["org/name"]["notes"][0].as_str().expect("a note").to_string();
    assert_eq!(note, "its words in phrases.tsv were \"Example Cancer Center,\", they are \"Riverside <Clinic>,\" now");
    hospital.check();
    let wav = hospital.path("message.wav").display().to_string();
    let done = hospital.run(&[
        "prompts",
        "render",
        "--script",
        "reminder",
        "--start",
        "2026-12-01T14:30",
        "--out",
        &wav,
        "--format",
        "json",
    ]);
    let message: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr));
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("This is Riverside <Clinic>, at") && text.contains("at West & Park."), "{text}");
    assert_eq!(samples(Path::new(&wav)).len() as f64 / 8_000.0, message["seconds"].as_f64().expect("a length"));

    let page = hospital.path("sheet.html").display().to_string();
    let done = hospital.run(&["prompts", "sheet", "--language", "en-US", "--out", &page]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("Riverside &#60;Clinic&#62;,") && !page.contains("<Clinic>"), "escaped");
    assert!(
        page.contains("<strong>at West &#38; Park.</strong>") && page.contains("digits of a telephone number"),
        "marked, grouped"
    );

    let all = hospital.run(&["prompts", "sheet", "--language", "en-US"]).stdout;
    assert!(all.starts_with("number,file,id,text,ending,length_ms,group,cut_to\n1,001.wav,say/hello,"), "{}", &all[..200]);
    let refused = hospital.run(&["prompts", "sheet", "--language", "en-US", "--out", "sheet.doc"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("want a name that ends in .csv or .html"), "{}", refused.stderr);
}

#[test]
fn new_words_for_one_phrase_and_for_one_site() {
    let hospital = Hospital::new();
    hospital.take("parking.wav", &word(300.0, 0.4, 1_500, 44_100, 1));
    let take = hospital.path("takes/parking.wav").display().to_string();
    let nameless = hospital.import(&["--id", "say/parking", &take], 1);
    assert_eq!(refused(&nameless)[0].1, "say/parking is a new phrase: give its words with --text, or in a recording sheet");
    let outside = hospital.import(&["--id", "../../../parking", "--text", "Park.", &take], 1);
    assert!(refused(&outside)[0].1.contains("is no phrase id"), "{outside}");
    let new = hospital.import(&["--id", "say/parking", "--text", "Please park in the garage.", &take], 0);
    assert_eq!(taken(&new).len(), 1);
    let lines = fs::read_to_string(hospital.path("prompts/en-US/phrases.tsv")).expect("read");
    assert!(lines.ends_with("# -- recorded by the hospital\nsay/parking\tPlease park in the garage.\n"), "the line is there");
    hospital.check();

    let fifth = hospital.import(&["--id", "slow/day/01", "--text", "fifth,", "--dry-run", &take], 0);
    let notes = &taken(&fifth)["slow/day/01"]["notes"];
    let note = "day/01 says \"first,\", which are other words: record it with these, too, or leave it out";
    assert!(notes.as_array().is_some_and(|notes| notes.iter().any(|n| n == note)), "{notes}");
    let here = hospital.import(&["--site", "boston", "--id", "org/name", "--text", "Longwood Clinic,", &take], 0);
    assert_eq!(taken(&here)["org/name"]["notes"].as_array().map(Vec::len), Some(0), "{here}");
    let own = hospital.path("prompts/sites/boston/en-US");
    assert!(own.join("org/name.wav").is_file());
    assert_eq!(
        fs::read_to_string(own.join("phrases.tsv")).expect("read"),
        "# -- recorded by the hospital\norg/name\tLongwood Clinic,\n"
    );
    let unknown = hospital.run(&["prompts", "import", "--language", "en-US", "--site", "bosten", &take]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("did you mean boston?"), "{}", unknown.stderr);
}

#[test]
fn what_was_signed_off_is_not_what_is_there_now() {
    let hospital = Hospital::new();
    let file = hospital.path("prompts/en-US/pack.toml");
    let signed = fs::read_to_string(&file)
        .expect("a pack")
        .replace("reviewed = false", "reviewed = true")
        .replace("reviewer = \"\"", "reviewer = \"Ana Example\"")
        .replace("reviewed_on = \"\"", "reviewed_on = \"2026-11-20\"");
    fs::write(file, signed).expect("written");
    hospital.take("day/23.wav", &word(400.0, 0.7, 700, 44_100, 2));
    let report = hospital.import(&[], 0);
    let warning = report["warnings"][0].as_str().expect("a warning");
    assert!(warning.starts_with("pack.toml says that Ana Example signed the pack off on 2026-11-20"), "{warning}");
}

#[test]
fn a_sound_set_in_asterisks_names() {
    let hospital = Hospital::new();
    let raw = |hz: f64| word(hz, 0.3, 400, 8_000, 1)[44..].to_vec();
    for name in ["20", "40", "2", "h-3", "at", "mon-2", "day-4", "p-m"] {
        hospital.take(&format!("sounds/digits/{name}.sln"), &raw(300.0 + name.len() as f64 * 100.0));
        hospital.take(&format!("sounds/digits/{name}.gsm"), b"no matter");
    }
    hospital.take("sounds/digits/h-5.gsm", b"GSM alone");
    hospital.take("sounds/tt-monkeys.wav", &word(300.0, 0.4, 900, 8_000, 1));
    let report = hospital.import(&["--names", "asterisk"], 1);
    let found = taken(&report);
    let expected = [
        "ampm/pm",
        "ampm/pm.end",
        "day/03",
        "day/23",
        "digit/2",
        "digit/2.end",
        "digit/2.group",
        "hour/02",
        "minute/20",
        "minute/22",
        "minute/40",
        "minute/42",
        "month/03",
        "say/at-number",
        "weekday/thu",
    ];
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), expected);
    let joined = found["minute/42"];
    assert!(
        joined["file"].as_str().is_some_and(|file| file.ends_with("digits/2.sln") && file.contains("digits/40.sln + ")),
        "{joined}"
    );
    let (two, forty) = (found["digit/2"]["ms"].as_u64(), found["minute/40"]["ms"].as_u64());
    assert_eq!(joined["ms"].as_u64(), two.zip(forty).map(|(two, forty)| two + forty));
    assert_eq!(found["weekday/thu"]["notes"][0], "it says \"Thursday\", phrases.tsv \"on Thursday,\": make them the same");
    let reasons = refused(&report);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].0 == "sounds/digits/h-5.gsm" && reasons[0].1.starts_with("GSM 06.10"), "{reasons:?}");
    let unused: Vec<_> = report["unused"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(unused.len() == 1 && unused[0].ends_with("tt-monkeys.wav"), "{unused:?}");
    let without: Vec<_> = report["without"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(without.contains(&"say/hello") && without.contains(&"day/24") && !without.contains(&"day/23"), "{without:?}");
    hospital.check();
}

#[test]
fn all_that_a_call_can_say_is_heard_by_its_part() {
    let hospital = Hospital::new();
    let out = hospital.path("part.wav").display().to_string();
    let render = |arguments: &[&str]| {
        let all = [&["prompts", "render", "--out", &out, "--format", "json", "--script"], arguments].concat();
        hospital.run(&all)
    };
    let text = |arguments: &[&str]| {
        let done = render(arguments);
        let message: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr));
        message["text"].as_str().expect("a text").to_string()
    };
    let start = ["reminder", "--start", "2026-12-01T14:30"];
    for (part, begins, holds) in [
        ("first", "Hello. This is", "To stop these calls, press nine."),
        ("repeat", "You have an appointment on Tuesday, December first", "the wrong number, press seven."),
        ("confirmed", "Thank you. Your appointment on Tuesday", "is confirmed."),
        ("reschedule", "", "office will call"),
        ("undone", "Your choice", "To confirm, press one."),
        ("opted-out", "You will", "automated calls"),
        ("wrong-number", "Thank you. ", "records"),
        ("no-choice", "We did not", "You have an appointment"),
        ("not-a-choice", "That key is not", "You have an appointment"),
        ("giving-up", "", "call"),
        ("withdrawn", "Hello. This is", "call"),
        ("goodbye", "", "Goodbye."),
    ] {
        let said = text(&[start.as_slice(), &["--part", part]].concat());
        assert!(said.starts_with(begins) && said.contains(holds), "{part}: {said}");
    }
    assert_eq!(text(&start), text(&[start.as_slice(), &["--part", "first"]].concat()));
    assert!(text(&["apology"]).contains("We are sorry.") && text(&["one-moment"]).starts_with("One moment"));
    for (arguments, want) in [
        (vec!["voicemail", "--start", "2026-12-01T14:30", "--part", "goodbye"], "a voicemail is one message"),
        (vec!["reminder"], "--start is missing"),
        (vec!["apologie", "--start", "2026-12-01T14:30"], "did you mean apology?"),
    ] {
        let done = render(&arguments);
        assert!(done.code == Some(2) && done.stderr.contains(want), "{}", done.stderr);
    }
}

#[test]
fn a_message_for_a_guardian_and_in_mu_law() {
    let hospital = Hospital::new();
    let out = hospital.path("message.wav").display().to_string();
    let message = ["prompts", "render", "--script", "reminder", "--start", "2026-12-01T14:30", "--out", &out];
    let render = |more: &[&str]| {
        let done = hospital.run(&[message.as_slice(), &["--guardian", "--slow"], more].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        fs::read(&out).expect("a message")
    };
    let (pcm, mu_law) = (render(&[]), render(&["--encoding", "ulaw"]));
    assert_eq!((&mu_law[20..24], &mu_law[24..28]), ([7, 0, 1, 0].as_slice(), 8_000_u32.to_le_bytes().as_slice()));
    let samples = (pcm.len() - 44) / 2;
    assert_eq!(mu_law.len(), 58 + samples + samples % 2, "a byte a sample");
    if cfg!(not(feature = "speaker")) {
        let play = hospital.run(&["prompts", "play", "--script", "reminder", "--start", "2026-12-01T14:30"]);
        assert!(play.code == Some(2) && play.stderr.contains("--features speaker"), "{}", play.stderr);
    }
}
