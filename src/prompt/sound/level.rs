//! How loud speech is: the active speech level of ITU-T P.56, method B. Pauses do not count, so that "at" and a sentence of
//! ten seconds are as loud as each other when their levels are.

use super::RATE;

/// The level of a piece of speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Active speech level in dB of overload: 0 is a square wave of full scale, a sine of full scale has -3.0.
    pub dbov: f64,
    /// The part of the time in which somebody speaks, 0 to 1.
    pub activity: f64,
}

/// Time constant of the envelope, in seconds (P.56: T).
const TIME_CONSTANT: f64 = 0.03;

/// Speech goes on for so many samples after its envelope fell below a threshold: 200 ms (P.56: H).
const HANGOVER: usize = RATE as usize / 5;

/// Speech is what lies above a threshold so many dB under its own level (P.56: M).
const MARGIN_DB: f64 = 15.9;

/// Thresholds, 6 dB apart: 2^-1 to 2^-15 of full scale.
const THRESHOLDS: usize = 15;

/// The active speech level of 8 kHz mono samples; `None` where there is no sound at all.
pub fn active_level(samples: &[i16]) -> Option<Level> {
    level_of(samples.iter().map(|s| f64::from(*s) / 32_768.0))
}

/// The active speech level of 8 kHz mono samples, full scale being 1.
pub(in crate::prompt) fn level_of(samples: impl ExactSizeIterator<Item = f64>) -> Option<Level> {
    let length = samples.len();
    let mut activity = Activity::default();
    let mut energy = 0.0;
    let keep = (-1.0 / (TIME_CONSTANT * f64::from(RATE))).exp();
    let (mut once, mut twice) = (0.0, 0.0);
    for (at, sample) in samples.enumerate() {
        energy += sample * sample;
        once = keep * once + (1.0 - keep) * sample.abs();
        twice = keep * twice + (1.0 - keep) * once;
        activity.note(at, thresholds_met(twice));
    }
    (energy > 0.0).then(|| at_margin(energy, &activity.counts(length), length))
}

/// How many of the thresholds an envelope reaches: they are powers of two, so its exponent tells.
fn thresholds_met(envelope: f64) -> usize {
    // A positive number of 64 bits holds its exponent, plus 1023, above 52 bits of mantissa.
    let exponent = (envelope.to_bits() >> 52) as i64 - 1_023;
    (exponent + THRESHOLDS as i64 + 1).clamp(0, THRESHOLDS as i64) as usize
}

/// The samples at which speech goes on, for every threshold at once. The envelope is smooth: it crosses a threshold a few
/// times a word, and between two crossings nothing is to be counted.
#[derive(Default)]
struct Activity {
    /// Thresholds met by the stretch that goes on, the lowest first, and where it began.
    met: usize,
    since: usize,
    /// Of each threshold, the lowest first: samples counted, and the sample up to which they are.
    counted: [usize; THRESHOLDS],
    until: [usize; THRESHOLDS],
}

impl Activity {
    fn note(&mut self, at: usize, met: usize) {
        if met != self.met {
            self.close(at);
            (self.met, self.since) = (met, at);
        }
    }

    /// Counts the stretch that ended before `at`, and its hangover.
    fn close(&mut self, at: usize) {
        let until = at + HANGOVER - 1;
        for n in 0..self.met {
            self.counted[n] += until - self.since.max(self.until[n]);
            self.until[n] = until;
        }
    }

    /// Active samples by threshold, the highest first.
    fn counts(mut self, length: usize) -> [usize; THRESHOLDS] {
        self.close(length);
        for n in 0..THRESHOLDS {
            // A hangover that reaches over the end was counted whole.
            self.counted[n] -= self.until[n].saturating_sub(length);
        }
        self.counted.reverse();
        self.counted
    }
}

/// The level at which the threshold lies [`MARGIN_DB`] under the level of what is above it, between two thresholds.
fn at_margin(energy: f64, counts: &[usize; THRESHOLDS], length: usize) -> Level {
    let mut before = None;
    for (n, active) in counts.iter().enumerate().filter(|(_, active)| **active > 0) {
        let active = *active as f64;
        let level = 10.0 * (energy / active).log10();
        let margin = level - 20.0 * 2.0_f64.powi(-1 - n as i32).log10();
        if margin >= MARGIN_DB {
            let (last_level, last_margin, last_active) = before.unwrap_or((level, margin, active));
            let part = if margin == last_margin { 0.0 } else { (MARGIN_DB - last_margin) / (margin - last_margin) };
            let between = |from: f64, to: f64| from + part * (to - from);
            return Level { dbov: between(last_level, level), activity: between(last_active, active) / length as f64 };
        }
        before = Some((level, margin, active));
    }
    Level { dbov: 10.0 * (energy / length as f64).log10(), activity: 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::tone;
    use std::path::Path;

    fn level(parts: &[Vec<f32>]) -> Option<Level> {
        let samples: Vec<i16> = parts.concat().iter().map(|v| (v * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).collect();
        active_level(&samples)
    }

    #[test]
    fn levels_are_those_of_the_tool_that_made_the_shipped_voice() {
        let silence = |ms: usize| vec![0.0_f32; ms * 8];
        let square = (0..8_000).map(|n| if n % 40 < 20 { 0.5 } else { -0.5 }).collect();
        let bursts =
            tone(700.0, 0.4, 2_000, RATE).iter().enumerate().map(|(n, v)| if n % 2_400 < 300 { *v } else { 0.0 }).collect();
        let words = vec![silence(500), tone(500.0, 0.3, 500, RATE), silence(1_000), tone(500.0, 0.03, 500, RATE), silence(125)];
        // Level and activity from the Python of that tool, which computes in another way.
        for (name, parts, dbov, activity) in [
            ("a sine", vec![tone(1_000.0, 0.5, 1_000, RATE)], -8.925_403, 0.975_986),
            ("a square wave", vec![square], -5.923_433, 0.977_888),
            ("a loud word, a pause, a faint word", words, -16.061_828, 0.361_581),
            ("bursts closer than the hangover", vec![bursts], -19.746_742, 0.993_825),
            ("near silence", vec![tone(300.0, 0.001, 500, RATE)], -62.804_975, 0.953_484),
            ("shorter than the hangover", vec![tone(300.0, 0.3, 30, RATE)], -7.990_944, 0.283_333),
        ] {
            let found = level(&parts).expect("sound");
            assert!((found.dbov - dbov).abs() < 0.001, "{name}: {found:?}, want {dbov}");
            assert!((found.activity - activity).abs() < 0.001, "{name}: {found:?}, want {activity}");
        }
    }

    #[test]
    fn the_shipped_voice_speaks_at_one_level() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/en-US");
        for id in ["say/hello", "say/at-number", "say/opt-out", "day/23", "ampm/pm.end", "minute/07", "digit/6"] {
            let mut wav = hound::WavReader::open(folder.join(format!("{id}.wav"))).expect("a shipped recording");
            let samples: Vec<i16> = wav.samples().collect::<Result<_, _>>().expect("read");
            let found = active_level(&samples).expect("speech");
            assert!((found.dbov + 20.0).abs() < 0.05 && (0.5..1.0).contains(&found.activity), "{id}: {found:?}");
        }
    }

    #[test]
    fn pauses_count_for_nothing_and_silence_has_no_level() {
        let speech = tone(400.0, 0.2, 700, RATE);
        let alone = level(std::slice::from_ref(&speech)).expect("sound").dbov;
        let paused = level(&[vec![0.0; 24_000], speech.clone(), vec![0.0; 24_000]]).expect("sound");
        // Only the hangover counts: over all of it the mean would lie 18.5 dB lower.
        assert!((0.0..2.0).contains(&(alone - paused.dbov)), "{alone} and {paused:?}");
        assert!(paused.activity < 0.15, "{paused:?}");
        for nothing in [vec![], vec![0.0; 8_000]] {
            assert_eq!(level(&[nothing]), None);
        }
    }
}
