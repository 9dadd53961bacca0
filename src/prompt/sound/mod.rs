//! A recording to samples: whatever a hospital's studio delivers as WAV becomes 8 kHz mono.

mod header;
mod level;

pub use level::{Level, active_level};

use header::{Header, WavFault, read_header};

use audioadapter_buffers::direct::SequentialSlice;
use rodio::Source;
use rubato::{Fft, FixedSync, Resampler};
use std::io::Cursor;

/// Samples a second of everything this room makes: the rate of the telephone network (ITU-T G.711).
pub const RATE: u32 = 8_000;

/// Below this a recording counts as silence: -60 dB of full scale.
const SILENCE: i16 = 33;

/// The shortest and the longest recording, in samples: 50 ms and a minute.
const LENGTHS: std::ops::RangeInclusive<usize> = 400..=480_000;

/// A fade at both ends, in samples: 4 ms. Every recording begins and ends at zero, so that any two can be joined, with or
/// without a gap, and nothing clicks.
const FADE: usize = 32;

/// Samples of a pause.
pub(in crate::prompt) fn samples_of(ms: u32) -> usize {
    (ms * (RATE / 1_000)) as usize
}

/// Reads one recording for use in messages: checks it, brings it to 8 kHz mono, and softens its ends.
pub(in crate::prompt) fn read_recording(file: &[u8]) -> Result<Vec<i16>, WavFault> {
    let mut samples = decode(file)?;
    if !LENGTHS.contains(&samples.len()) {
        let code = if samples.len() < *LENGTHS.start() { "empty_wav" } else { "long_wav" };
        let message = format!("it is {} ms long: want 50 ms to 60 s", samples.len() as u64 * 1_000 / u64::from(RATE));
        return Err(WavFault::new(code, message));
    }
    if samples.iter().all(|s| s.unsigned_abs() < SILENCE.unsigned_abs()) {
        return Err(WavFault::new("empty_wav", "it is silent"));
    }
    soften_ends(&mut samples);
    Ok(samples)
}

/// Decodes a WAV file of any format to 8 kHz mono.
fn decode(file: &[u8]) -> Result<Vec<i16>, WavFault> {
    let (header, sound) = read_header(file)?;
    let native = Header { tag: 1, channels: 1, rate: RATE, bits: 16 };
    let unreadable = |why: String| WavFault::new("unreadable_wav", format!("it cannot be decoded: {why}"));
    if header == native {
        let mut reader = hound::WavReader::new(file).map_err(|e| unreadable(e.to_string()))?;
        let samples = reader.samples().collect::<Result<Vec<i16>, _>>().map_err(|e| unreadable(e.to_string()))?;
        refuse_clipped(&samples)?;
        return Ok(samples);
    }
    let file = if header.is_companded() { with_long_format(header, &file[sound]) } else { file.to_vec() };
    let decoder = rodio::Decoder::builder()
        .with_byte_len(file.len() as u64)
        .with_data(Cursor::new(file))
        .with_hint("wav")
        .build()
        .map_err(|e| unreadable(e.to_string()))?;
    let (channels, rate) = (usize::from(decoder.channels().get()), decoder.sample_rate().get());
    let all: Vec<f32> = decoder.collect();
    for channel in 0..channels {
        refuse_clipped(&all.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>())?;
    }
    let mono: Vec<f32> = all.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    let mono = if rate == RATE { mono } else { resample(&mono, rate).map_err(unreadable)? };
    Ok(mono.iter().map(|v| (v * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).collect())
}

/// A G.711 file with a format chunk of 18 bytes: telephone systems write 16, which rodio's decoder refuses.
fn with_long_format(header: Header, sound: &[u8]) -> Vec<u8> {
    let Header { tag, channels, rate, bits } = header;
    let padded = sound.len() + sound.len() % 2;
    let mut file = Vec::with_capacity(46 + padded);
    file.extend(b"RIFF");
    file.extend((38 + padded as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x12\0\0\0");
    file.extend([tag.to_le_bytes(), channels.to_le_bytes()].concat());
    file.extend([rate.to_le_bytes(), (rate * u32::from(channels)).to_le_bytes()].concat());
    file.extend([channels.to_le_bytes(), bits.to_le_bytes(), [0, 0]].concat());
    file.extend(b"data");
    file.extend((sound.len() as u32).to_le_bytes());
    file.extend(sound);
    file.resize(46 + padded, 0);
    file
}

/// To 8 kHz, by rubato. (rodio's own converter has no filter: what lies above 4 kHz would come back as another tone.)
fn resample(samples: &[f32], rate: u32) -> Result<Vec<f32>, String> {
    let input = SequentialSlice::new(samples, 1, samples.len()).map_err(|e| e.to_string())?;
    // Blocks of 1,024 frames: a steep filter, and a delay that `process_all` takes out again.
    let mut resampler = Fft::<f32>::new(rate as usize, RATE as usize, 1024, 1, FixedSync::Both).map_err(|e| e.to_string())?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|e| e.to_string())?;
    Ok(output.take_data())
}

/// A sample of a decoder, with its part of full scale.
trait Sample: Copy + PartialEq {
    fn level(self) -> f32;
}

impl Sample for i16 {
    fn level(self) -> f32 {
        f32::from(self) / 32_768.0
    }
}

impl Sample for f32 {
    fn level(self) -> f32 {
        self
    }
}

/// Four equal samples in a row near full scale are no wave but a wall. (The highest value of mu-law is 0.98.)
fn refuse_clipped<T: Sample>(samples: &[T]) -> Result<(), WavFault> {
    let wall = |run: &[T]| run[0].level().abs() >= 0.97 && run.iter().all(|s| *s == run[0]);
    match samples.windows(4).position(wall) {
        None => Ok(()),
        Some(at) => {
            let message = format!("it is clipped (first at sample {at}): record it again with a lower level");
            Err(WavFault::new("clipped_wav", message))
        }
    }
}

/// Raised-cosine fades over the first and the last 4 ms.
fn soften_ends(samples: &mut [i16]) {
    let last = samples.len() - 1;
    for n in 0..FADE.min(samples.len() / 2) {
        let weight = 0.5 - 0.5 * (std::f32::consts::PI * n as f32 / FADE as f32).cos();
        for at in [n, last - n] {
            samples[at] = (f32::from(samples[at]) * weight).round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{mu_law_wav, pcm_wav, tone, wav};
    use proptest::prelude::*;

    /// Level of one frequency in dB of full scale (Goertzel), over the middle of the samples.
    fn level_at(samples: &[i16], hz: f64) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let omega = 2.0 * std::f64::consts::PI * hz / f64::from(RATE);
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in middle {
            let s = f64::from(*sample) / 32_768.0 + 2.0 * omega.cos() * s1 - s2;
            (s2, s1) = (s1, s);
        }
        let power = s1 * s1 + s2 * s2 - 2.0 * omega.cos() * s1 * s2;
        20.0 * (2.0 * power.max(0.0).sqrt() / middle.len() as f64).max(1e-9).log10()
    }

    #[test]
    fn a_tone_above_the_telephone_band_does_not_come_back_as_another_tone() {
        for rate in [44_100, 48_000, 22_050, 16_000] {
            let high = decode(&pcm_wav(&tone(5_000.0, 0.5, 2_000, rate), rate, 1)).expect("a sound file");
            let alias = level_at(&high, 3_000.0);
            assert!(alias <= -60.0, "5 kHz at {rate} Hz comes back at 3 kHz with {alias:.1} dB");
            let peak = high[800..high.len() - 800].iter().map(|s| s.unsigned_abs()).max();
            assert!(peak <= Some(32), "5 kHz at {rate} Hz leaves a peak of {peak:?}");
            let voice = decode(&pcm_wav(&tone(1_000.0, 0.5, 2_000, rate), rate, 1)).expect("a sound file");
            let level = level_at(&voice, 1_000.0);
            assert!((level + 6.0).abs() < 0.3, "1 kHz at {rate} Hz comes out with {level:.1} dB");
            assert!(voice.len().abs_diff(16_000) <= 2, "2 s at {rate} Hz become {} samples", voice.len());
        }
    }

    #[test]
    fn what_a_studio_delivers_becomes_the_same_sound() {
        let spec = |channels, sample_rate, bits_per_sample, sample_format| hound::WavSpec {
            channels,
            sample_rate,
            bits_per_sample,
            sample_format,
        };
        let (int, float) = (hound::SampleFormat::Int, hound::SampleFormat::Float);
        let telephone = tone(1_000.0, 0.5, 500, 8_000);
        let studio = tone(1_000.0, 0.5, 500, 48_000);
        for (name, file) in [
            ("8 kHz, 16 bits", wav(&telephone, spec(1, 8_000, 16, int))),
            ("8 kHz, 8 bits", wav(&telephone, spec(1, 8_000, 8, int))),
            ("8 kHz, mu-law", mu_law_wav(&telephone)),
            ("48 kHz, stereo, 16 bits", wav(&studio, spec(2, 48_000, 16, int))),
            ("48 kHz, 24 bits", wav(&studio, spec(1, 48_000, 24, int))),
            ("48 kHz, stereo, float", wav(&studio, spec(2, 48_000, 32, float))),
        ] {
            let samples = decode(&file).unwrap_or_else(|fault| panic!("{name}: {}", fault.message));
            let level = level_at(&samples, 1_000.0);
            assert!((level + 6.0).abs() < 0.3, "{name}: {level:.1} dB");
            assert!(samples.len().abs_diff(4_000) <= 2, "{name}: {} samples", samples.len());
        }
    }

    #[test]
    fn recordings_that_are_of_no_use_are_refused() {
        let loud: Vec<f32> = tone(300.0, 1.0, 300, 8_000).iter().map(|v| (v * 2.0).clamp(-1.0, 1.0)).collect();
        let loud_studio: Vec<f32> = tone(300.0, 1.0, 300, 44_100).iter().map(|v| (v * 2.0).clamp(-1.0, 1.0)).collect();
        for (name, file, want) in [
            ("clipped", pcm_wav(&loud, 8_000, 1), "clipped_wav"),
            ("clipped at another rate", pcm_wav(&loud_studio, 44_100, 2), "clipped_wav"),
            ("clipped before mu-law", mu_law_wav(&loud), "clipped_wav"),
            ("silent", pcm_wav(&[0.0; 4_000], 8_000, 1), "empty_wav"),
            ("a click", pcm_wav(&tone(300.0, 0.5, 20, 8_000), 8_000, 1), "empty_wav"),
            ("over a minute", pcm_wav(&tone(300.0, 0.5, 61_000, 8_000), 8_000, 1), "long_wav"),
            ("cut off", pcm_wav(&tone(300.0, 0.5, 300, 44_100), 44_100, 1)[..9_000].to_vec(), "lying_header"),
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
            let stereo = hound::WavSpec {
                channels: 2,
                sample_rate: 48_000,
                bits_per_sample: 24,
                sample_format: hound::SampleFormat::Int,
            };
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
