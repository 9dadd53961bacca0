//! A file to a phrase: decoded, at 8 kHz, without rumble, trimmed, at the pack's level.

use super::decode::{Decoded, decode};
use super::plan::{Part, Planned};
use super::speech::{fade, find_words, set_level};
use super::telephone::{to_8_khz, without_offset, without_rumble};
use super::{Refused, Taken};
use crate::prompt::Pack;
use crate::prompt::plain_file::read_plain;
use crate::prompt::sound::{RATE, WavFault, active_level, check_length, level_of, ms_of};
use std::fs;

/// A phrase as it will be written.
pub(super) struct Made {
    pub samples: Vec<i16>,
    pub taken: Taken,
}

/// A larger file is not read: two minutes of 24-bit stereo at 96 kHz take 69 MB.
const LARGEST_FILE: u64 = 80 << 20;

/// No sample is above this (the audio study), nor above what the pack allows.
const PEAK_DBFS: f64 = -3.0;

/// A room that is less than this under the speech is heard behind it.
const NOISE_DB: f64 = 35.0;

pub(super) fn make(pack: &Pack, planned: &Planned) -> Result<Made, Refused> {
    let refused = |fault: WavFault| Refused::new(planned.files(), fault.message);
    let parts: Vec<Read> = planned.parts.iter().map(read).collect::<Result<_, _>>().map_err(refused)?;
    let before = level_of(parts.iter().flat_map(|part| part.whole.iter().map(|v| f64::from(*v))).collect::<Vec<_>>().into_iter());
    let mut done: Vec<String> = Vec::new();
    let mut notes: Vec<String> = planned.notes.clone();
    let rules = &pack.sound;
    let ceiling = PEAK_DBFS.min(rules.peak_dbfs);
    let mut wave: Vec<f32> = Vec::new();
    for part in &parts {
        let mut words = part.filtered[part.words.clone()].to_vec();
        fade(&mut words);
        if parts.len() > 1 {
            // Two sounds of one set may be of two days.
            set_level(&mut words, rules.level_dbov, ceiling);
        }
        wave.extend(words);
        if part.was != TELEPHONE {
            done.push(part.was.clone());
        }
        let cut = part.whole.len() - part.words.len();
        if cut >= RATE as usize / 50 {
            done.push(format!("{} ms of silence cut", ms_of(cut)));
        }
        notes.extend(part.note());
    }
    if parts.len() > 1 {
        done.push(format!("{} sounds joined", parts.len()));
    }
    let drawn_down = set_level(&mut wave, rules.level_dbov, ceiling);
    if drawn_down >= 0.5 {
        done.push(format!("peaks drawn down by up to {drawn_down:.1} dB"));
    }
    let samples: Vec<i16> = wave.iter().map(|v| (v * 32_767.0).round().clamp(-32_767.0, 32_767.0) as i16).collect();
    check_length(samples.len()).map_err(refused)?;
    let (Some(before), Some(after)) = (before, active_level(&samples)) else {
        return Err(refused(WavFault::new("empty_wav", "it is silent")));
    };
    if (after.dbov - rules.level_dbov).abs() > rules.within_db {
        notes.push(format!("its level is {:.1} dBov, the pack's {:.1}: listen to it", after.dbov, rules.level_dbov));
    }
    notes.extend(odd_length(&planned.words, planned.of_sentence, ms_of(samples.len())));
    let taken = Taken {
        file: planned.files(),
        id: planned.id.clone(),
        ms: ms_of(samples.len()),
        level_before_dbov: tenths(before.dbov),
        level_after_dbov: tenths(after.dbov),
        done,
        notes,
    };
    Ok(Made { samples, taken })
}

/// A file at the telephone's rate.
struct Read {
    was: String,
    whole: Vec<f32>,
    filtered: Vec<f32>,
    words: std::ops::Range<usize>,
    noise_dbov: Option<f64>,
    cut_off: bool,
}

const TELEPHONE: &str = "8000 Hz mono";

fn read(part: &Part) -> Result<Read, WavFault> {
    let unreadable = |error: std::io::Error| WavFault::new("unreadable_wav", format!("it cannot be read: {error}"));
    if fs::metadata(&part.path).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(WavFault::new("long_wav", format!("it is larger than {} MiB: want one phrase a file", LARGEST_FILE >> 20)));
    }
    let Decoded { mono, rate, was } = decode(&read_plain(&part.path, LARGEST_FILE).map_err(unreadable)?, part.kind)?;
    let whole = to_8_khz(without_offset(mono), rate)
        .map_err(|why| WavFault::new("unreadable_wav", format!("it cannot be resampled: {why}")))?;
    let filtered = without_rumble(&whole);
    let take = find_words(&filtered).ok_or_else(|| WavFault::new("empty_wav", "it is silent"))?;
    Ok(Read { was, whole, filtered, words: take.words, noise_dbov: take.noise_dbov, cut_off: take.cut_off })
}

impl Read {
    fn note(&self) -> impl Iterator<Item = String> {
        let speech = level_of(self.filtered[self.words.clone()].iter().map(|v| f64::from(*v)));
        let room = self.noise_dbov.zip(speech).map(|(noise, speech)| speech.dbov - noise).filter(|room| *room < NOISE_DB);
        let room = room.map(|room| {
            format!("the room is only {room:.0} dB under the speech: record in a quieter place, or nearer to the microphone")
        });
        let cut = self.cut_off.then(|| "it begins or ends in the middle of a sound: was a part cut off?".to_string());
        room.into_iter().chain(cut)
    }
}

/// A note where words of so many letters cannot well take so long. (The shipped voices keep to 0.49 to 1.55 of what is
/// expected here, in English and in Spanish, slow phrases too. Twice as much is often the whole sentence.) `of_sentence`:
/// the words are spoken in a sentence of more words.
fn odd_length(words: &str, of_sentence: bool, ms: u32) -> Option<String> {
    let letters = words.chars().filter(|c| c.is_alphanumeric()).count();
    // A letter of Chinese or Japanese is a syllable or a word.
    if words.chars().any(|c| c >= '\u{2e80}') {
        return None;
    }
    // "A M" is spelled.
    let spelled = words.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() == 1).count();
    let expected = 200 + 60 * letters as u32 + 180 * spelled as u32;
    let odd = if ms > expected * 19 / 10 {
        "long"
    } else if ms < expected * 2 / 5 {
        "short"
    } else {
        return None;
    };
    let sentence = if of_sentence && odd == "long" { " (was the rest of the sentence left in it?)" } else { "" };
    Some(format!("{ms} ms are {odd} for \"{words}\"{sentence}: listen to it"))
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_does_not_fit_the_words_is_noted() {
        for (words, ms, want) in [
            ("twenty third,", 640, None),
            ("at", 190, None),
            ("A M,", 910, None),
            ("at one", 930, None),
            ("twenty third,", 2_500, Some("long")),
            ("To stop these calls, press nine.", 400, Some("short")),
            ("二十三", 1_500, None),
        ] {
            let found = odd_length(words, false, ms);
            assert_eq!(found.is_some(), want.is_some(), "{words}: {found:?}");
            assert!(want.is_none_or(|want| found.is_some_and(|found| found.contains(want))), "{words}");
        }
        let uncut = odd_length("You have an appointment", true, 2_700).expect("a note");
        assert_eq!(
            uncut,
            "2700 ms are long for \"You have an appointment\" (was the rest of the sentence left in it?): listen to it"
        );
        assert_eq!(odd_length("You have an appointment", true, 2_400), None, "said slowly");
    }
}
