//! What studios and telephone systems deliver, as samples of one channel: WAV of any kind, FLAC, MP3, and the headerless
//! files of Asterisk. Decoded by rodio; what its decoders pass over in silence is looked for here.

use crate::prompt::sound::{Header, RATE, WavFault, find_clipped, read_header, refuse_clipped};
use rodio::Source;
use std::io::Cursor;
use std::ops::Range;

/// A recording as it came, of one channel.
pub(super) struct Decoded {
    /// Full scale is 1.
    pub mono: Vec<f32>,
    /// Samples a second.
    pub rate: u32,
    /// What it was, for people: "44100 Hz stereo".
    pub was: String,
}

/// How the bytes of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The file says what it is.
    Named,
    /// 16-bit samples of this rate without a header (Asterisk's `sln`).
    Plain(u32),
    /// G.711 at 8 kHz without a header, by the tag that a WAV has for it: 6 is A-law, 7 mu-law.
    G711(u16),
}

/// No sample is this far beyond full scale, 40 dB: floating-point files can hold such numbers, and what is no number at all.
const LOUDEST: f32 = 100.0;

/// Longer recordings are not decoded: two minutes.
const LONGEST_S: usize = 120;

/// Decodes a file.
pub(super) fn decode(file: &[u8], kind: Kind) -> Result<Decoded, WavFault> {
    if file.is_empty() {
        return Err(WavFault::new("empty_wav", "the file is empty"));
    }
    match kind {
        Kind::Plain(rate) if !file.len().is_multiple_of(2) => {
            Err(WavFault::new("lying_header", format!("it is no file of 16-bit samples at {rate} Hz: it ends in half a sample")))
        }
        Kind::Plain(rate) => {
            let samples: Vec<i16> = file.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
            refuse_clipped(find_clipped(&samples), rate)?;
            let mono = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
            Ok(Decoded { mono, rate, was: format!("{rate} Hz mono") })
        }
        Kind::G711(tag) => by_rodio(with_long_format(Header { tag, channels: 1, rate: RATE, bits: 8 }, file), "wav"),
        Kind::Named => match file {
            [b'R', b'I', b'F', b'F', ..] => {
                let (header, sound) = read_header(file)?;
                by_rodio(wav_for_rodio(file, header, sound), "wav")
            }
            [b'f', b'L', b'a', b'C', ..] => by_rodio(file.to_vec(), "flac"),
            [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => by_rodio(file.to_vec(), "mp3"),
            _ => Err(WavFault::new("unreadable_wav", "it is no WAV, FLAC or MP3: export it as WAV")),
        },
    }
}

fn by_rodio(file: Vec<u8>, hint: &'static str) -> Result<Decoded, WavFault> {
    let unreadable = |why: String| WavFault::new("unreadable_wav", format!("it cannot be decoded: {why}; export it again"));
    let counted = hint != "mp3" || has_frame_count(&file);
    let mut decoder = rodio::Decoder::builder()
        .with_byte_len(file.len() as u64)
        .with_data(Cursor::new(file))
        .with_hint(hint)
        .build()
        .map_err(|e| unreadable(e.to_string()))?;
    let (channels, rate) = (usize::from(decoder.channels().get()), decoder.sample_rate().get());
    if rate < RATE {
        return Err(unreadable(format!("{rate} Hz is less than a telephone carries")));
    }
    let promised = decoder.total_duration().map(|length| length.as_secs_f64());
    let longest = LONGEST_S * rate as usize * channels;
    let all: Vec<f32> = decoder.by_ref().take(longest).collect();
    if all.len() == longest {
        return Err(WavFault::new("long_wav", format!("it is longer than {LONGEST_S} s: want one phrase a file")));
    }
    if (usize::from(decoder.channels().get()), decoder.sample_rate().get()) != (channels, rate) {
        return Err(unreadable("its rate or its channels change on the way".into()));
    }
    // The decoders leave out what they cannot read: half a file would be half a phrase, and a frame of FLAC a syllable. An
    // MP3 counts its frames, and what it is padded with is left out rightly.
    let held = (all.len() / channels) as f64 / f64::from(rate);
    let missing = if hint == "mp3" { 0.1 } else { 0.001 };
    if let Some(promised) = promised.filter(|promised| counted && *promised - held > missing) {
        let message = format!("it promises {promised:.1} s of sound and holds {held:.1} s: it was cut off; export it again");
        return Err(WavFault::new("lying_header", message));
    }
    if let Some(at) = all.iter().position(|v| v.is_nan() || v.abs() > LOUDEST) {
        let s = (at / channels) as f64 / f64::from(rate);
        return Err(unreadable(format!("its samples are no sound (first after {s:.2} s)")));
    }
    let by_channel: Vec<Vec<f32>> =
        (0..channels).map(|channel| all.iter().skip(channel).step_by(channels).copied().collect()).collect();
    for samples in &by_channel {
        refuse_clipped(find_clipped(samples).or_else(|| (hint == "mp3").then(|| find_overshot(samples)).flatten()), rate)?;
    }
    let layout = match channels {
        1 => "mono".to_string(),
        2 => "stereo".to_string(),
        more => format!("{more} channels"),
    };
    Ok(Decoded { mono: to_mono(by_channel), rate, was: format!("{rate} Hz {layout}") })
}

/// The mean of the channels; where they cancel each other out, the loudest one.
fn to_mono(mut channels: Vec<Vec<f32>>) -> Vec<f32> {
    let energy = |samples: &[f32]| samples.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let length = channels.iter().map(Vec::len).min().unwrap_or_default();
    let count = channels.len() as f32;
    let mean: Vec<f32> = (0..length).map(|n| channels.iter().map(|channel| channel[n]).sum::<f32>() / count).collect();
    let loudest = (0..channels.len()).max_by(|a, b| energy(&channels[*a]).total_cmp(&energy(&channels[*b]))).unwrap_or_default();
    // One channel of n alone leaves 1/n² of its energy.
    let left = f64::from(0.5 / (count * count));
    if energy(&mean) < energy(&channels[loudest]) * left { channels.swap_remove(loudest) } else { mean }
}

/// An MP3 of a clipped recording has no walls any more: where they were, it goes beyond full scale.
fn find_overshot(samples: &[f32]) -> Option<usize> {
    samples.windows(4).position(|run| run.iter().all(|v| *v > 1.0) || run.iter().all(|v| *v < -1.0))
}

/// Whether an MP3 says how many frames it has; else its length is a guess.
fn has_frame_count(file: &[u8]) -> bool {
    file.windows(4).take(256 << 10).any(|name| name == b"Xing" || name == b"Info")
}

fn wav_for_rodio(file: &[u8], header: Header, sound: Range<usize>) -> Vec<u8> {
    let g711 = matches!(header.tag, 6 | 7);
    if g711 { with_long_format(header, &file[sound]) } else { file.to_vec() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{level_at, mu_law_wav, pcm_wav, tone, wav};
    use hound::SampleFormat::{Float, Int};
    use hound::WavSpec;
    use proptest::prelude::*;

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: hound::SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format }
    }

    #[test]
    fn whatever_a_studio_or_a_telephone_system_delivers() {
        let telephone = tone(1_000.0, 0.5, 500, 8_000);
        let studio = tone(1_000.0, 0.5, 500, 48_000);
        let raw = |rate| tone(1_000.0, 0.5, 500, rate).iter().flat_map(|v| ((v * 32_767.0) as i16).to_le_bytes()).collect();
        let g711 = mu_law_wav(&telephone)[44..].to_vec();
        for (name, file, kind, rate) in [
            ("8 kHz, 16 bits", wav(&telephone, spec(1, 8_000, 16, Int)), Kind::Named, 8_000),
            ("8 kHz, 8 bits", wav(&telephone, spec(1, 8_000, 8, Int)), Kind::Named, 8_000),
            ("8 kHz, mu-law", mu_law_wav(&telephone), Kind::Named, 8_000),
            ("48 kHz, stereo, 16 bits", wav(&studio, spec(2, 48_000, 16, Int)), Kind::Named, 48_000),
            ("48 kHz, 24 bits", wav(&studio, spec(1, 48_000, 24, Int)), Kind::Named, 48_000),
            ("48 kHz, stereo, float", wav(&studio, spec(2, 48_000, 32, Float)), Kind::Named, 48_000),
            ("plain samples", raw(16_000), Kind::Plain(16_000), 16_000),
            ("mu-law without a header", g711, Kind::G711(7), 8_000),
        ] {
            let found = decode(&file, kind).unwrap_or_else(|fault| panic!("{name}: {}", fault.message));
            let level = level_at(&found.mono, 1_000.0, rate);
            assert!((level + 6.0).abs() < 0.3, "{name}: {level:.1} dB");
            assert!(found.rate == rate && found.mono.len().abs_diff(rate as usize / 2) <= 2, "{name}: {}", found.mono.len());
        }
    }

    #[test]
    fn a_law_without_a_header() {
        // ITU-T G.711: 0xd5 is the smallest positive value, 0xaa the largest, and the top bit is the sign.
        let file: Vec<u8> = (0..800).map(|n| if n % 8 < 5 { 0xd5 } else { 0x2a }).collect();
        let found = decode(&file, Kind::G711(6)).expect("A-law");
        assert!((found.mono[0] - 8.0 / 32_768.0).abs() < 1e-4 && found.mono[5] < -0.98, "{:?}", &found.mono[..8]);
    }

    #[test]
    fn a_flac_with_one_damaged_frame_is_not_taken_for_a_shorter_one() {
        let whole = include_bytes!("../../../tests/data/sound/tone.flac");
        let length = decode(whole, Kind::Named).expect("whole").mono.len();
        let mut damaged = whole.to_vec();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        let code = decode(&damaged, Kind::Named).map(|found| found.mono.len()).map_err(|fault| fault.code);
        assert_eq!(code, Err("lying_header"), "of {length} samples");
    }

    #[test]
    fn channels_that_cancel_each_other_out_leave_one() {
        let left = tone(500.0, 0.4, 100, 8_000);
        let right: Vec<f32> = left.iter().map(|v| v * -0.9).collect();
        assert!(to_mono(vec![left.clone(), right]) == left);
        let half: Vec<f32> = left.iter().map(|v| v / 2.0).collect();
        assert!(to_mono(vec![left.clone(), vec![0.0; left.len()]]) == half);
    }

    #[test]
    fn recordings_that_are_of_no_use_are_refused() {
        let wall = |rate| tone(300.0, 1.0, 300, rate).iter().map(|v| (v * 2.0).clamp(-1.0, 1.0)).collect::<Vec<f32>>();
        let late = [vec![0.0; 44_100], wall(44_100)].concat();
        for (name, file, kind, want) in [
            (
                "clipped",
                pcm_wav(&late, 44_100, 2),
                Kind::Named,
                "it is clipped (first after 1.00 s): record it again with a lower level",
            ),
            (
                "clipped before mu-law",
                mu_law_wav(&wall(8_000)),
                Kind::Named,
                "it is clipped (first after 0.00 s): record it again with a lower level",
            ),
            (
                "cut off",
                pcm_wav(&tone(300.0, 0.5, 300, 44_100), 44_100, 1)[..9_000].to_vec(),
                Kind::Named,
                "its header promises 26460 bytes of sound, the file holds 8956: it was cut off or never finished; export or record it again",
            ),
            ("nothing", Vec::new(), Kind::Named, "the file is empty"),
            ("a text", b"These are no samples.".to_vec(), Kind::Named, "it is no WAV, FLAC or MP3: export it as WAV"),
            (
                "no number",
                wav(&[tone(300.0, 0.5, 300, 48_000), vec![f32::NAN; 9]].concat(), spec(1, 48_000, 32, Float)),
                Kind::Named,
                "it cannot be decoded: its samples are no sound (first after 0.30 s); export it again",
            ),
            (
                "beyond everything",
                wav(&[vec![0.1; 4_800], vec![f32::INFINITY, 1e30]].concat(), spec(1, 48_000, 32, Float)),
                Kind::Named,
                "it cannot be decoded: its samples are no sound (first after 0.10 s); export it again",
            ),
            (
                "half a sample",
                vec![1, 2, 3],
                Kind::Plain(8_000),
                "it is no file of 16-bit samples at 8000 Hz: it ends in half a sample",
            ),
        ] {
            assert_eq!(decode(&file, kind).map(|found| found.was).map_err(|fault| fault.message), Err(want.into()), "{name}");
        }
        assert!(find_overshot(&[0.0, 1.2, 1.1, 1.3, 1.01]).is_some() && find_overshot(&[1.2, -1.1, 1.3, 1.01]).is_none());
    }

    proptest! {
        #[test]
        fn no_file_however_broken_stops_the_program(
            format in 0usize..5,
            changes in prop::collection::vec((0usize..64, any::<u8>()), 0..6),
            length in 0usize..2_000,
        ) {
            let telephone = tone(1_000.0, 0.5, 100, 8_000);
            let mut file = match format {
                0 => pcm_wav(&telephone, 8_000, 1),
                1 => mu_law_wav(&telephone),
                2 => wav(&telephone, spec(2, 48_000, 24, Int)),
                3 => include_bytes!("../../../tests/data/sound/tone.flac").to_vec(),
                _ => include_bytes!("../../../tests/data/sound/tone.mp3").to_vec(),
            };
            for (at, byte) in changes {
                file[at] = byte;
            }
            // Sometimes whole, sometimes cut off.
            file.truncate(if length > 1_000 { file.len() } else { length });
            let _ = decode(&file, Kind::Named);
        }
    }
}
