//! G.711 mu-law, the form of sound on North American telephone lines.
//!
//! Asked for by carriers that play files as they are: Asterisk's `.ulaw` is headerless G.711, and Twilio lists
//! `audio/ulaw` and streams it (reference on audio, section 3). Everything else here stays 16-bit PCM: mu-law is made last,
//! because every step from it loses.

use super::RATE;

/// The tag of mu-law in a WAV file.
const MU_LAW: u16 = 7;

/// The linear code that is added before the segments are told apart (ITU-T G.711, table 2a: 33 at 14 bits).
const BIAS: u16 = 33;

/// The largest magnitude that has a code, at 14 bits.
const LARGEST: u16 = 8_158;

/// Samples as mu-law, a byte each: a file without a header.
pub fn mu_law_bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| mu_law(*sample)).collect()
}

/// A WAV file of mu-law, 8 kHz, mono.
pub fn mu_law_wav_bytes(samples: &[i16]) -> Vec<u8> {
    let length = samples.len() as u32;
    let padded = length + length % 2;
    let mut file = Vec::with_capacity(58 + padded as usize);
    file.extend(b"RIFF");
    file.extend((50 + padded).to_le_bytes());
    // Formats other than plain samples have a length of their extension, here 0, and a count of samples.
    file.extend(b"WAVEfmt \x12\0\0\0");
    file.extend([MU_LAW.to_le_bytes(), 1_u16.to_le_bytes()].concat());
    file.extend([RATE.to_le_bytes(), RATE.to_le_bytes()].concat());
    file.extend([1_u16.to_le_bytes(), 8_u16.to_le_bytes(), [0, 0]].concat());
    file.extend(b"fact\x04\0\0\0");
    file.extend(length.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(mu_law_bytes(samples));
    file.resize(58 + padded as usize, 0xff);
    file
}

/// One sample. G.711 knows 14 bits: the lowest two of 16 decide nothing, and both signs are treated alike.
fn mu_law(sample: i16) -> u8 {
    let biased = (sample.unsigned_abs() >> 2).min(LARGEST) + BIAS;
    // 33 to 8,191: the highest bit, 5 to 12, is the segment; the four bits below it are the step in it.
    let segment = biased.ilog2() as u16 - 5;
    let step = (biased >> (segment + 1)) & 0x0f;
    let sign = if sample < 0 { 0 } else { 0x80 };
    // All bits but the sign are sent inverted, so that silence has many ones.
    sign | (!((segment << 4) | step) as u8 & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-T G.711, table 2a: the value at the decoder's output of each segment's first and last code, at 14 bits, for
    /// positive samples. Between them the steps are equal.
    const TABLE: [(u8, u8, i32, i32); 8] = [
        (0xff, 0xf0, 0, 30),
        (0xef, 0xe0, 33, 93),
        (0xdf, 0xd0, 99, 219),
        (0xcf, 0xc0, 231, 471),
        (0xbf, 0xb0, 495, 975),
        (0xaf, 0xa0, 1_023, 1_983),
        (0x9f, 0x90, 2_079, 3_999),
        (0x8f, 0x80, 4_191, 8_031),
    ];

    /// The value of every code, from the table alone: 256 of them, at 16 bits.
    fn values() -> [i32; 256] {
        let mut values = [0; 256];
        for (first, last, from, until) in TABLE {
            for code in last..=first {
                let value = from + (until - from) * i32::from(first - code) / 15;
                values[usize::from(code)] = value * 4;
                values[usize::from(code & 0x7f)] = -value * 4;
            }
        }
        values
    }

    #[test]
    fn the_values_of_the_table_have_their_codes() {
        for (first, last, from, until) in TABLE {
            for (code, value) in [(first, from), (last, until)] {
                assert_eq!(mu_law((value * 4) as i16), code, "{value}");
                if value > 0 {
                    assert_eq!(mu_law((-value * 4) as i16), code & 0x7f, "-{value}");
                }
            }
        }
        for (sample, code) in [(i16::MAX, 0x80), (i16::MIN, 0x00), (0, 0xff), (-1, 0x7f), (3, 0xff), (4, 0xfe), (12, 0xfd)] {
            assert_eq!(mu_law(sample), code, "{sample}");
        }
    }

    /// Nothing is further off than half a step of its segment, and segments meet where the table has it.
    #[test]
    fn every_sample_gets_a_code_near_it() {
        for (nth, decision) in [31, 95, 223, 479, 991, 2_015, 4_063].into_iter().enumerate() {
            let [below, from] = [mu_law(decision * 4 - 1), mu_law(decision * 4)];
            assert_eq!((below, from), (TABLE[nth].1, TABLE[nth + 1].0), "{decision}");
        }
        let values = values();
        for sample in i16::MIN..=i16::MAX {
            let code = mu_law(sample);
            let value = values[usize::from(code)];
            let off = (value - i32::from(sample)).abs();
            let segment = u32::from(!code >> 4 & 7);
            let half = if value == 0 { 4 } else { 4 << segment };
            let beyond = i32::from(sample).abs() > 8_031 * 4;
            assert!(off <= half || beyond, "{sample} becomes {value}: {off} off");
        }
    }
}
