//! From a take to a phrase: the silence around the words goes, the level becomes the pack's. The same measures as the tool
//! that made the shipped voice.

use crate::prompt::sound::{Frames, RATE, SILENCE_DB, fade_ends, level_of};
use std::ops::Range;

/// Silence kept in front of the words and behind them, in samples: 10 and 30 ms.
const LEAD: usize = RATE as usize / 100;
const TAIL: usize = RATE as usize * 3 / 100;

/// Fades at both ends, in samples: 8 ms.
const FADE: usize = RATE as usize / 125;

/// Where the room is louder than that, silence is what lies no more than so many dB over the room ...
const OVER_NOISE_DB: f32 = 8.0;

/// ... but nothing that is nearer to the loudest 10 ms than this.
const SPEECH_DB: f32 = -25.0;

/// Half the width over which the limiter draws a peak down: 6 ms on either side.
const LIMITER: usize = RATE as usize * 6 / 1_000;

/// What a take holds.
pub(super) struct Take {
    /// The samples of the words, with a little silence on either side.
    pub words: Range<usize>,
    /// The level of the room in dBov, where there is some of it to hear.
    pub noise_dbov: Option<f64>,
    /// The words are loud at the very first or the very last sample: a part of them is not there.
    pub cut_off: bool,
}

/// Finds the words in a take; `None` where all is silence.
pub(super) fn find_words(samples: &[f32]) -> Option<Take> {
    let frames = Frames::of(samples)?;
    let noise = quietest_edge(frames.rms()).map(|quiet| frames.under(quiet));
    let threshold = noise.map_or(SILENCE_DB, |noise| (noise + OVER_NOISE_DB).clamp(SILENCE_DB, SPEECH_DB));
    let spoken = frames.louder_than(threshold)?;
    let words = spoken.start.saturating_sub(LEAD)..samples.len().min(spoken.end + TAIL);
    let ends = [frames.rms().first(), frames.rms().last()];
    let cut_off = ends.into_iter().flatten().any(|frame| frames.under(*frame) > -18.0);
    // A difference this small is no room, it is speech.
    let noise = noise.filter(|noise| *noise < -10.0).map(|noise| f64::from(noise + 20.0 * frames.loudest.log10()));
    Some(Take { words, noise_dbov: noise, cut_off })
}

/// The quietest 40 ms of the first and the last 200 ms: nobody speaks at both ends of a take.
fn quietest_edge(frames: &[f32]) -> Option<f32> {
    const WIDTH: usize = RATE as usize / 25 / Frames::STEP;
    let edge = (RATE as usize / 5 / Frames::STEP).min(frames.len() / 2);
    let quiet =
        |part: &[f32]| part.windows(WIDTH).map(|w| (w.iter().map(|v| v * v).sum::<f32>() / WIDTH as f32).sqrt()).reduce(f32::min);
    let ends = [quiet(&frames[..edge]), quiet(&frames[frames.len() - edge..])];
    ends.into_iter().flatten().reduce(f32::min)
}

/// Fades both ends, by a raised cosine.
pub(super) fn fade(samples: &mut [f32]) {
    fade_ends(samples, FADE, |sample, weight| *sample *= weight);
}

/// Brings speech to a level in dBov (P.56). The few peaks above `peak_dbfs` are drawn down smoothly, as little as it takes;
/// says by how many dB at most.
pub(super) fn set_level(samples: &mut [f32], dbov: f64, peak_dbfs: f64) -> f64 {
    let top = 10.0_f32.powf(peak_dbfs as f32 / 20.0);
    let mut drawn_down = 0.0_f64;
    // What the limiter takes is given back: three rounds come to within a hundredth of a dB.
    for _ in 0..3 {
        let Some(now) = level_of(samples.iter().map(|v| f64::from(*v))) else { break };
        let gain = 10.0_f64.powf((dbov - now.dbov) / 20.0) as f32;
        samples.iter_mut().for_each(|v| *v *= gain);
        drawn_down += limit(samples, top);
    }
    drawn_down
}

/// Draws peaks down to `top`: at every sample by the mean, over 12 ms, of what the loudest sample of 12 ms needs.
fn limit(samples: &mut [f32], top: f32) -> f64 {
    let needed: Vec<f32> = samples.iter().map(|v| (top / v.abs().max(1e-9)).min(1.0)).collect();
    let least = needed.iter().copied().fold(1.0, f32::min);
    if least >= 1.0 {
        return 0.0;
    }
    let around = |n: usize| n.saturating_sub(LIMITER)..(n + LIMITER + 1).min(needed.len());
    let held: Vec<f32> = (0..needed.len()).map(|n| needed[around(n)].iter().copied().fold(1.0, f32::min)).collect();
    let mut sums = vec![0.0_f64; held.len() + 1];
    for (n, gain) in held.iter().enumerate() {
        sums[n + 1] = sums[n] + f64::from(*gain);
    }
    for (n, sample) in samples.iter_mut().enumerate() {
        let window = around(n);
        *sample *= ((sums[window.end] - sums[window.start]) / window.len() as f64) as f32;
    }
    -20.0 * f64::from(least).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::tone;

    fn silence(ms: usize) -> Vec<f32> {
        vec![0.0; ms * 8]
    }

    /// Noise of an even level, the same in every run.
    fn noise(level: f32, ms: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..ms * 8).map(|_| next() * level).collect()
    }

    #[test]
    fn the_silence_around_the_words_goes() {
        let speech = tone(500.0, 0.3, 400, RATE);
        for (name, take, lead_ms, tail_ms, cut_off) in [
            ("in a silent room", [silence(700), speech.clone(), silence(900)].concat(), 10, 30, false),
            (
                "with a pause inside",
                [silence(300), speech.clone(), silence(500), speech.clone(), silence(300)].concat(),
                10,
                30,
                false,
            ),
            ("trimmed already", [silence(10), speech.clone(), silence(30)].concat(), 10, 30, false),
            ("cut off", [silence(200), speech.clone()].concat(), 10, 0, true),
        ] {
            let found = find_words(&take).expect("words");
            let at = |level: fn(&f32) -> bool| (take.iter().position(level), take.iter().rposition(level));
            let (first, last) = at(|v| v.abs() > 0.01);
            let lead = first.expect("speech") - found.words.start;
            let tail = found.words.end - last.expect("speech");
            assert!(lead.abs_diff(lead_ms * 8) <= 80 && tail.abs_diff(tail_ms * 8) <= 80, "{name}: {lead} {tail}");
            assert_eq!(found.cut_off, cut_off, "{name}");
        }
        assert!(find_words(&silence(500)).is_none() && find_words(&[]).is_none());
    }

    #[test]
    fn a_loud_room_is_told_and_cut_away_all_the_same() {
        let speech = tone(500.0, 0.3, 600, RATE);
        for (level, least, most) in [(0.000_1, -90.0, -80.0), (0.01, -50.0, -43.0), (0.015, -43.0, -39.0)] {
            let mut take = [silence(800), speech.clone(), silence(800)].concat();
            take.iter_mut().zip(noise(level, 2_200)).for_each(|(v, n)| *v += n);
            let found = find_words(&take).expect("words");
            let room = found.noise_dbov.expect("a room");
            assert!((least..most).contains(&room), "{level}: {room}");
            assert!(
                found.words.start.abs_diff(6_400) <= 160 && found.words.end.abs_diff(11_200) <= 400,
                "{level}: {:?}",
                found.words
            );
        }
    }

    #[test]
    fn speech_comes_to_its_level_and_peaks_stay_under_the_ceiling() {
        let top = 10.0_f32.powf(-3.0 / 20.0);
        for from in [0.001, 0.05, 0.5, 0.99] {
            // Syllables with a click on each, far above their level.
            let mut samples: Vec<f32> = tone(400.0, from, 1_500, RATE)
                .iter()
                .enumerate()
                .map(|(n, v)| if n % 2_000 < 1_400 { *v * 0.2 } else { 0.0 })
                .collect();
            (200..12_000).step_by(2_000).for_each(|n| samples[n] = from);
            let drawn_down = set_level(&mut samples, -20.0, -3.0);
            let level = level_of(samples.iter().map(|v| f64::from(*v))).expect("speech").dbov;
            let peak = samples.iter().fold(0.0_f32, |peak, v| peak.max(v.abs()));
            assert!((level + 20.0).abs() < 0.1 && peak <= top + 1e-4, "{from}: {level:.2} dBov, peak {peak:.3}");
            assert!(drawn_down > 0.0, "{from}");
        }
        let mut even = tone(400.0, 0.02, 500, RATE);
        assert_eq!(set_level(&mut even, -20.0, -3.0), 0.0, "a gain alone leaves the wave as it was");
    }
}
