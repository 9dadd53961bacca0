//! An English pack for tests, made in a temporary folder: the shipped `pack.toml`, the words of the shipped phrases, and a
//! tone for each in place of a voice.

use super::{Pack, Packs};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;

/// The shipped `pack.toml`.
pub(crate) const PACK_TOML: &str = include_str!("../../prompts/en-US/pack.toml");

/// A folder with one English pack, removed when dropped.
pub(crate) struct TestPack(tempfile::TempDir, BTreeMap<String, String>);

impl TestPack {
    /// Every phrase that the shipped scripts need, except `count/many`.
    pub fn english() -> TestPack {
        let pack = TestPack(tempfile::tempdir().expect("a temporary folder"), BTreeMap::new());
        fs::create_dir(pack.path().join("en-US")).expect("a folder");
        fs::write(pack.path().join("en-US/pack.toml"), PACK_TOML).expect("written");
        let texts = english_texts();
        let pack = texts.into_iter().fold(pack, |pack, (id, text)| pack.put(&id, &text));
        pack.write_texts();
        pack
    }

    /// The folder that holds the pack's folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// With one more phrase.
    pub fn with(self, id: &str, text: &str) -> TestPack {
        let pack = self.put(id, text);
        pack.write_texts();
        pack
    }

    /// Without a phrase.
    pub fn without(mut self, id: &str) -> TestPack {
        self.1.remove(id).expect("a phrase of the pack");
        fs::remove_file(self.wav_path(id)).expect("removed");
        self.write_texts();
        self
    }

    /// With a constant level in place of a tone.
    pub fn with_level(self, id: &str, level: f32) -> TestPack {
        fs::write(self.wav_path(id), pcm_wav(&[level; 1_600], 8_000, 1)).expect("written");
        self
    }

    /// Reads it back; it must have no fault.
    pub fn load_all(&self) -> Packs {
        let (packs, faults) = Packs::load(self.path());
        assert_eq!(faults, []);
        packs
    }

    /// The English pack of it.
    pub fn load(&self) -> Pack {
        self.load_all().into_iter().next().expect("one pack")
    }

    fn put(mut self, id: &str, text: &str) -> TestPack {
        let path = self.wav_path(id);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        // Every phrase has a pitch and a length of its own, and is cut off in mid-wave.
        let n = self.1.len() as u32;
        fs::write(path, pcm_wav(&tone(300.0 + f64::from(n % 400), 0.3, 150 + n, 8_000), 8_000, 1)).expect("written");
        self.1.insert(id.to_string(), text.to_string());
        self
    }

    fn wav_path(&self, id: &str) -> std::path::PathBuf {
        self.path().join("en-US").join(format!("{id}.wav"))
    }

    fn write_texts(&self) {
        let lines: String = self.1.iter().map(|(id, text)| format!("{id}\tWords before, [{text}] words after.\n")).collect();
        fs::write(self.path().join("en-US/phrases.tsv"), lines).expect("written");
    }
}

/// A sine, beginning at its crest.
pub(crate) fn tone(hz: f64, level: f32, ms: u32, rate: u32) -> Vec<f32> {
    let step = 2.0 * std::f64::consts::PI * hz / f64::from(rate);
    (0..ms * rate / 1_000).map(|n| (f64::from(n) * step).cos() as f32 * level).collect()
}

/// Level of one frequency in dB of full scale (Goertzel), over the middle of the samples.
pub(crate) fn level_at(samples: &[f32], hz: f64, rate: u32) -> f64 {
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let omega = 2.0 * std::f64::consts::PI * hz / f64::from(rate);
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in middle {
        let s = f64::from(*sample) + 2.0 * omega.cos() * s1 - s2;
        (s2, s1) = (s1, s);
    }
    let power = s1 * s1 + s2 * s2 - 2.0 * omega.cos() * s1 * s2;
    20.0 * (2.0 * power.max(0.0).sqrt() / middle.len() as f64).max(1e-9).log10()
}

/// A WAV file of 16-bit PCM, the same in every channel.
pub(crate) fn pcm_wav(samples: &[f32], rate: u32, channels: u16) -> Vec<u8> {
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    wav(samples, spec)
}

/// A WAV file of any format that hound writes.
pub(crate) fn wav(samples: &[f32], spec: WavSpec) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).expect("a format that hound writes");
    let full = (1_i64 << (spec.bits_per_sample - 1)) as f64;
    for sample in samples {
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(*sample).expect("written"),
                SampleFormat::Int => {
                    let value = (f64::from(*sample) * full).round().clamp(-full, full - 1.0);
                    writer.write_sample(value as i32).expect("written");
                }
            }
        }
    }
    writer.finalize().expect("finished");
    file.into_inner()
}

/// A WAV file of G.711 mu-law, 8 kHz mono, which hound neither writes nor reads.
pub(crate) fn mu_law_wav(samples: &[f32]) -> Vec<u8> {
    let samples: Vec<i16> = samples.iter().map(|s| (s * 32_768.0).clamp(-32_768.0, 32_767.0) as i16).collect();
    let data = super::mu_law_bytes(&samples);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0".to_vec();
    file.extend(8_000_u32.to_le_bytes());
    file.extend(8_000_u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(&data);
    file.resize(file.len() + data.len() % 2, 0);
    let size = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

/// A number from 0 to 59 in words.
pub(crate) fn words_of(n: u32) -> String {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 6] = ["", "", "twenty", "thirty", "forty", "fifty"];
    match (n / 10, n % 10) {
        (0 | 1, _) => SMALL[n as usize].to_string(),
        (tens, 0) => TENS[tens as usize].to_string(),
        (tens, ones) => format!("{} {}", TENS[tens as usize], SMALL[ones as usize]),
    }
}

/// A day of the month in words.
pub(crate) fn ordinal_of(n: u32) -> String {
    let cardinal = words_of(n);
    let (front, last) = cardinal.rsplit_once(' ').map_or(("", cardinal.as_str()), |(front, last)| (front, last));
    let last = match last {
        "one" => "first".to_string(),
        "two" => "second".to_string(),
        "three" => "third".to_string(),
        "five" => "fifth".to_string(),
        "eight" => "eighth".to_string(),
        "nine" => "ninth".to_string(),
        "twelve" => "twelfth".to_string(),
        other => match other.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{other}th"),
        },
    };
    format!("{front} {last}").trim().to_string()
}

pub(crate) const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

fn english_texts() -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = [
        ("say/hello", "Hello. This is"),
        ("org/name", "Example Cancer Center,"),
        ("say/at-number", "at"),
        ("say/opt-out", "To stop these calls, press nine."),
        ("say/appointment", "You have an appointment"),
        ("say/first-is", "The first is"),
        ("say/your-appointment", "Your appointment"),
        ("say/confirm-1", "To confirm, press one."),
        ("say/reschedule-2", "To reschedule, press two."),
        ("say/again-3", "To hear this again, press three."),
        ("say/thank-you", "Thank you."),
        ("say/is-confirmed", "is confirmed."),
        ("say/is-closed", "is closed"),
        ("say/that-day-not", "that day will not take place."),
        ("say/goodbye", "Goodbye."),
        ("site/boston", "Longwood"),
        ("at-site/boston", "at Longwood."),
        ("site/denver", "Front Range"),
        ("at-site/denver", "at Front Range."),
        ("ampm/am", "A M,"),
        ("ampm/am.end", "A M."),
        ("ampm/pm", "P M,"),
        ("ampm/pm.end", "P M."),
        ("minute/00", "o'clock,"),
    ]
    .map(|(id, text)| (id.to_string(), text.to_string()))
    .to_vec();
    texts.extend((2..10).map(|n| (format!("count/{n}"), format!("You have {} appointments", words_of(n)))));
    for n in 0..10 {
        texts.push((format!("digit/{n}"), words_of(n)));
        texts.push((format!("digit/{n}.group"), format!("{},", words_of(n))));
        texts.push((format!("digit/{n}.end"), format!("{}.", words_of(n))));
    }
    let weekdays = WEEKDAYS.iter().map(|name| (format!("weekday/{}", name[..3].to_lowercase()), format!("on {name},")));
    texts.extend(weekdays);
    texts.extend((1..13).zip(MONTHS).map(|(n, name)| (format!("month/{n:02}"), name.to_string())));
    texts.extend((1..32).map(|n| (format!("day/{n:02}"), format!("{},", ordinal_of(n)))));
    texts.extend((1..13).map(|n| (format!("hour/{n:02}"), format!("at {}", words_of(n)))));
    texts.extend((1..10).map(|n| (format!("minute/{n:02}"), format!("oh {},", words_of(n)))));
    texts.extend((10..60).map(|n| (format!("minute/{n:02}"), format!("{},", words_of(n)))));
    texts
}
