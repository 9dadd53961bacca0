//! Recordings as samples. A pack holds one format, 8 kHz mono 16-bit PCM: what a studio delivers becomes that once, by
//! `prompts import` (the room `import`), and not at every start.

mod clipped;
mod header;
mod level;
mod mu_law;
mod silence;

pub(in crate::prompt) use clipped::{find_clipped, refuse_clipped};
pub(in crate::prompt) use header::{Header, WavFault, read_header};
pub(in crate::prompt) use level::level_of;
pub use level::{Level, active_level};
pub use mu_law::{mu_law_bytes, mu_law_wav_bytes};
pub(in crate::prompt) use silence::{Frames, SILENCE_DB};

/// Samples a second of everything this room makes: the rate of the telephone network (ITU-T G.711).
pub const RATE: u32 = 8_000;

/// The one format of a recording in a pack.
const TELEPHONE: Header = Header { tag: header::PCM, channels: 1, rate: RATE, bits: 16 };

/// Below this a recording counts as silence: -60 dB of full scale.
const SILENCE: u16 = 33;

/// The shortest and the longest recording, in samples: 50 ms and a minute.
const LENGTHS: std::ops::RangeInclusive<usize> = 400..=480_000;

/// A fade at both ends, in samples: 4 ms. Every recording begins and ends at zero, so that any two can be joined, with or
/// without a gap, and nothing clicks.
const FADE: usize = 32;

/// Samples of a pause.
pub(in crate::prompt) fn samples_of(ms: u32) -> usize {
    ms as usize * (RATE / 1_000) as usize
}

/// Milliseconds of so many samples.
pub(in crate::prompt) fn ms_of(samples: usize) -> u32 {
    u32::try_from(samples as u64 * 1_000 / u64::from(RATE)).unwrap_or(u32::MAX)
}

/// Reads one recording of a pack: checks it, and softens its ends.
pub(in crate::prompt) fn read_recording(file: &[u8]) -> Result<Vec<i16>, WavFault> {
    let (header, sound) = read_header(file)?;
    if header != TELEPHONE {
        let message = format!("it is {header}; a pack holds {TELEPHONE}: bring it in with `callahead prompts import`");
        return Err(WavFault::new("wrong_format", message));
    }
    let mut samples: Vec<i16> = file[sound].as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
    check_length(samples.len())?;
    if samples.iter().all(|s| s.unsigned_abs() < SILENCE) {
        return Err(WavFault::new("empty_wav", "it is silent"));
    }
    refuse_clipped(find_clipped(&samples), RATE)?;
    fade_ends(&mut samples, FADE, |sample, weight| *sample = (f32::from(*sample) * weight).round() as i16);
    Ok(samples)
}

/// Refuses a click, and what nobody would listen to.
pub(in crate::prompt) fn check_length(samples: usize) -> Result<(), WavFault> {
    if LENGTHS.contains(&samples) {
        return Ok(());
    }
    let code = if samples < *LENGTHS.start() { "empty_wav" } else { "long_wav" };
    Err(WavFault::new(code, format!("it is {} ms long: want 50 ms to 60 s", ms_of(samples))))
}

/// Raised-cosine fades over the first and the last samples; `weigh` multiplies one.
pub(in crate::prompt) fn fade_ends<T>(samples: &mut [T], fade: usize, weigh: impl Fn(&mut T, f32)) {
    let fade = fade.min(samples.len() / 2);
    let last = samples.len().saturating_sub(1);
    for n in 0..fade {
        let weight = 0.5 - 0.5 * (std::f32::consts::PI * n as f32 / fade as f32).cos();
        weigh(&mut samples[n], weight);
        weigh(&mut samples[last - n], weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{mu_law_wav, pcm_wav, tone, wav};
    use hound::SampleFormat::{Float, Int};
    use hound::WavSpec;
    use proptest::prelude::*;

    #[test]
    fn a_pack_holds_one_format() {
        let spec = |channels, sample_rate, bits_per_sample, sample_format| WavSpec {
            channels,
            sample_rate,
            bits_per_sample,
            sample_format,
        };
        let telephone = tone(1_000.0, 0.5, 500, 8_000);
        assert_eq!(read_recording(&pcm_wav(&telephone, 8_000, 1)).map(|samples| samples.len()), Ok(4_000));
        for (file, is) in [
            (wav(&telephone, spec(1, 16_000, 16, Int)), "16000 Hz mono 16-bit PCM"),
            (wav(&telephone, spec(2, 8_000, 16, Int)), "8000 Hz stereo 16-bit PCM"),
            (wav(&telephone, spec(1, 8_000, 8, Int)), "8000 Hz mono 8-bit PCM"),
            (wav(&telephone, spec(1, 48_000, 24, Int)), "48000 Hz mono 24-bit extensible"),
            (wav(&telephone, spec(2, 44_100, 32, Float)), "44100 Hz stereo 32-bit extensible"),
            (mu_law_wav(&telephone), "8000 Hz mono 8-bit mu-law"),
        ] {
            let fault = read_recording(&file).expect_err(is);
            assert_eq!(fault.code, "wrong_format", "{is}");
            let want = format!("it is {is}; a pack holds 8000 Hz mono 16-bit PCM: bring it in with `callahead prompts import`");
            assert_eq!(fault.message, want);
        }
    }

    #[test]
    fn recordings_that_are_of_no_use_are_refused() {
        let loud: Vec<f32> = tone(300.0, 1.0, 300, 8_000).iter().map(|v| (v * 2.0).clamp(-1.0, 1.0)).collect();
        let whole = pcm_wav(&tone(300.0, 0.5, 300, 8_000), 8_000, 1);
        for (name, file, want) in [
            ("clipped", pcm_wav(&loud, 8_000, 1), "clipped_wav"),
            ("silent", pcm_wav(&[0.0; 4_000], 8_000, 1), "empty_wav"),
            ("a click", pcm_wav(&tone(300.0, 0.5, 20, 8_000), 8_000, 1), "empty_wav"),
            ("over a minute", pcm_wav(&tone(300.0, 0.5, 61_000, 8_000), 8_000, 1), "long_wav"),
            ("cut off", whole[..2_000].to_vec(), "lying_header"),
        ] {
            assert_eq!(read_recording(&file).map_err(|fault| fault.code), Err(want), "{name}");
        }
        let full_scale = pcm_wav(&tone(300.0, 0.99, 300, 8_000), 8_000, 1);
        assert!(read_recording(&full_scale).is_ok(), "loud alone is no fault");
    }

    proptest! {
        #[test]
        fn no_file_however_broken_stops_the_program(
            format in 0usize..4,
            changes in prop::collection::vec((0usize..64, any::<u8>()), 0..6),
            length in 0usize..2_000,
        ) {
            let telephone = tone(1_000.0, 0.5, 100, 8_000);
            let stereo = WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 24, sample_format: Int };
            let mut file = match format {
                0 => pcm_wav(&telephone, 8_000, 1),
                1 => mu_law_wav(&telephone),
                2 => wav(&telephone, stereo),
                _ => telephone.iter().map(|v| (v * 100.0) as u8).collect(),
            };
            for (at, byte) in changes {
                file[at] = byte;
            }
            // Sometimes whole, sometimes cut off.
            file.truncate(if length > 1_000 { file.len() } else { length });
            let _ = read_recording(&file);
        }
    }

    #[test]
    fn recordings_begin_and_end_at_zero() {
        let abrupt = pcm_wav(&[0.4; 2_000], 8_000, 1);
        let samples = read_recording(&abrupt).expect("a sound file");
        assert_eq!((samples[0], samples[1_999]), (0, 0));
        let steepest = samples.windows(2).map(|w| w[0].abs_diff(w[1])).max();
        assert!(steepest < Some(700), "the fade has a step of {steepest:?}");
        assert_eq!(samples[1_000], 13_107, "the middle stays as it is");
    }
}
