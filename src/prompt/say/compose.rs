//! Phrases to sound and to a line of text: copies with pauses between them. What stands between two phrases is decided in
//! one place, so that length, sound and text agree.

use crate::core::ids::PhraseId;
use crate::prompt::sound::{RATE, samples_of};
use crate::prompt::{Missing, Pack, Phrase};
use std::io::Cursor;

/// What stands between two phrases: silence, and the punctuation to show.
struct Join {
    gap: usize,
    mark: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// As the words have it.
    Same,
    /// None: the two belong together.
    Nothing,
    /// A full stop: the next words open a sentence.
    Stop,
}

impl Pack {
    /// The samples of a message: 16 bits, 8 kHz, mono.
    ///
    /// # Errors
    /// Names every phrase that is not recorded.
    pub fn compose(&self, phrases: &[PhraseId]) -> Result<Vec<i16>, Missing> {
        let found = self.look_up(phrases)?;
        let mut samples = Vec::with_capacity(self.length(&found));
        for (n, phrase) in found.iter().enumerate() {
            samples.extend_from_slice(&phrase.samples);
            if let Some(next) = found.get(n + 1) {
                samples.resize(samples.len() + self.join(phrase, next).gap, 0);
            }
        }
        Ok(samples)
    }

    /// How long a message is, in milliseconds, without composing it.
    ///
    /// # Errors
    /// Names every phrase that is not recorded.
    pub fn length_ms(&self, phrases: &[PhraseId]) -> Result<u32, Missing> {
        let samples = self.length(&self.look_up(phrases)?) as u64;
        Ok(u32::try_from(samples * 1_000 / u64::from(RATE)).unwrap_or(u32::MAX))
    }

    /// The whole message in words, numbers as words: what `prompts render` prints and "be the patient" shows.
    ///
    /// # Errors
    /// Names every phrase that is not recorded.
    pub fn text_of(&self, phrases: &[PhraseId]) -> Result<String, Missing> {
        let found = self.look_up(phrases)?;
        let mut text = String::new();
        for (n, phrase) in found.iter().enumerate() {
            let mark = found.get(n + 1).map_or(Mark::Stop, |next| self.join(phrase, next).mark);
            match mark {
                Mark::Same => text.push_str(&phrase.text),
                Mark::Nothing => text.push_str(phrase.text.trim_end_matches([',', ';'])),
                Mark::Stop => {
                    text.push_str(phrase.text.trim_end_matches([',', ';']));
                    if !ends_sentence(&phrase.text) {
                        text.push('.');
                    }
                }
            }
            text.push(' ');
        }
        text.truncate(text.trim_end().len());
        Ok(text)
    }

    fn look_up(&self, phrases: &[PhraseId]) -> Result<Vec<&Phrase>, Missing> {
        let found: Option<Vec<&Phrase>> = phrases.iter().map(|id| self.phrase(id)).collect();
        found.ok_or_else(|| {
            let mut missing: Vec<PhraseId> = Vec::new();
            for id in phrases.iter().filter(|id| self.phrase(id).is_none()) {
                if !missing.contains(id) {
                    missing.push(id.clone());
                }
            }
            Missing { language: self.language.clone(), phrases: missing }
        })
    }

    fn length(&self, found: &[&Phrase]) -> usize {
        let gaps: usize = found.windows(2).map(|pair| self.join(pair[0], pair[1]).gap).sum();
        gaps + found.iter().map(|phrase| phrase.samples.len()).sum::<usize>()
    }

    /// The silence between two phrases, in samples.
    pub(in crate::prompt) fn gap(&self, before: &Phrase, next: &Phrase) -> usize {
        self.join(before, next).gap
    }

    /// The pack's own pause in front of a phrase comes first; then the punctuation of the words before it.
    fn join(&self, before: &Phrase, next: &Phrase) -> Join {
        let comma = before.text.ends_with([',', ';']);
        let same = |ms| Join { gap: samples_of(ms), mark: Mark::Same };
        if let Some(gap) = next.gap_before {
            Join { gap, mark: Mark::Nothing }
        } else if ends_sentence(&before.text) {
            same(self.gaps.stop_ms)
        } else if comma && next.opens_sentence {
            Join { gap: samples_of(self.gaps.stop_ms), mark: Mark::Stop }
        } else if before.ends_group {
            same(self.gaps.group_ms)
        } else if comma {
            same(self.gaps.comma_ms)
        } else {
            same(self.gaps.plain_ms)
        }
    }
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '?', '!', ':'])
}

/// A WAV file of 16-bit samples, 8 kHz, mono.
pub fn wav_bytes(samples: &[i16]) -> Vec<u8> {
    let spec = hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = Cursor::new(Vec::with_capacity(44 + samples.len() * 2));
    let written = hound::WavWriter::new(&mut file, spec).and_then(|mut writer| {
        let mut fast = writer.get_i16_writer(samples.len() as u32);
        samples.iter().for_each(|sample| fast.write_sample(*sample));
        fast.flush()?;
        writer.finalize()
    });
    written.expect("memory can always be written to, and a message is far below the 4 GiB of a WAV file");
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::TestPack;

    fn ids(text: &str) -> Vec<PhraseId> {
        text.split_whitespace().map(PhraseId::from).collect()
    }

    const REMINDER: &str = "say/hello org/name say/at-number digit/6 digit/1 digit/7.group digit/5 digit/5 digit/5.group \
        digit/0 digit/1 digit/0 digit/0.end say/opt-out say/appointment weekday/tue month/12 day/01 hour/02 minute/30 ampm/pm \
        at-site/boston say/confirm-1 say/reschedule-2 say/again-3";

    #[test]
    fn the_text_reads_like_speech() {
        let pack = TestPack::english().load();
        for (phrases, want) in [
            (
                REMINDER,
                "Hello. This is Example Cancer Center, at six one seven, five five five, zero one zero zero. To stop these \
                 calls, press nine. You have an appointment on Tuesday, December first, at two thirty P M, at Longwood. To \
                 confirm, press one. To reschedule, press two. To hear this again, press three.",
            ),
            ("say/appointment weekday/mon month/01 day/31", "You have an appointment on Monday, January thirty first."),
            (
                "site/boston say/is-closed weekday/mon month/01 day/31 say/your-appointment hour/09 ampm/am say/that-day-not",
                "Longwood is closed on Monday, January thirty first. Your appointment at nine A M, that day will not take place.",
            ),
            ("say/first-is hour/07 minute/05 ampm/am.end", "The first is at seven oh five A M."),
            ("", ""),
        ] {
            assert_eq!(pack.text_of(&ids(phrases)).expect("recorded"), want);
        }
    }

    #[test]
    fn the_length_is_known_without_composing() {
        let pack = TestPack::english().load();
        for text in [REMINDER, "say/hello", "", "month/01 day/31", "ampm/pm ampm/am"] {
            let phrases = ids(text);
            let samples = pack.compose(&phrases).expect("recorded");
            let ms = pack.length_ms(&phrases).expect("recorded");
            assert_eq!(u64::from(ms), samples.len() as u64 * 1_000 / 8_000, "{text}");
        }
        let missing = pack.compose(&ids("say/hello say/nothing")).expect_err("one is not recorded");
        assert_eq!(missing.to_string(), "en-US has no recording of `say/nothing`");
    }

    #[test]
    fn pauses_are_those_of_the_pack() {
        let pack = TestPack::english()
            .with("slow/month/01", "January")
            .with("slow/weekday/mon", "on Monday,")
            .with("slow/minute/30", "thirty,")
            .with("slow/ampm/am", "A M,")
            .load();
        let length = |text: &str| pack.compose(&ids(text)).expect("recorded").len();
        for (first, second, ms, why) in [
            ("say/hello", "org/name", 0, "no punctuation"),
            ("weekday/mon", "month/01", 90, "a comma, and a month is no new sentence"),
            ("month/01", "day/31", 0, "a tight group"),
            ("day/31", "hour/09", 90, "a comma"),
            ("day/31", "say/your-appointment", 350, "a comma, and a new sentence"),
            ("hour/09", "ampm/am", 40, "the pack's own pause"),
            ("minute/30", "ampm/am", 40, "the pack's own pause in place of the comma's"),
            ("slow/weekday/mon", "slow/month/01", 90, "a slow month is no new sentence either"),
            ("slow/minute/30", "slow/ampm/am", 40, "a slow phrase belongs to the group of the plain one"),
            ("digit/7.group", "digit/5", 180, "a group of digits"),
            ("digit/0.end", "say/opt-out", 350, "a full stop"),
            ("say/confirm-1", "say/reschedule-2", 350, "a full stop"),
        ] {
            let gap = length(&format!("{first} {second}")) - length(first) - length(second);
            assert_eq!(gap, ms * 8, "{first} {second}: {why}");
        }
    }

    #[test]
    fn joins_do_not_click() {
        let pack = TestPack::english().load();
        let samples = pack.compose(&ids(REMINDER)).expect("recorded");
        let steepest = samples.windows(2).map(|w| w[0].abs_diff(w[1])).max().expect("samples");
        // The test pack's recordings begin and end in mid-wave at 0.3 of full scale: a raw cut would step by 9,830.
        let steepest_wave = (32_768.0 * 0.3 * 2.0 * std::f64::consts::PI * 700.0 / 8_000.0) as u16;
        assert!(steepest <= steepest_wave, "a step of {steepest}, where the tones themselves make {steepest_wave}");
        let abrupt = TestPack::english().with_level("org/name", 0.45).with_level("say/at-number", 0.45).load();
        let joined = abrupt.compose(&ids("org/name say/at-number org/name org/name")).expect("recorded");
        let step = joined.windows(2).map(|w| w[0].abs_diff(w[1])).max().expect("samples");
        assert!(step < 800, "constant levels meet with a step of {step}");
    }

    #[test]
    fn the_wav_file_is_what_carriers_play() {
        let samples: Vec<i16> = (0..20_000).map(|n| (n % 301 * 50 - 7_000) as i16).collect();
        let file = wav_bytes(&samples);
        let reader = hound::WavReader::new(file.as_slice()).expect("a WAV file");
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 8_000, 16));
        let back: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().expect("samples");
        assert_eq!(back, samples);
        assert_eq!(hound::WavReader::new(wav_bytes(&[]).as_slice()).expect("a WAV file").len(), 0);
    }
}
