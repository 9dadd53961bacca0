//! G.711 mu-law, as the telephone networks of North America carry speech. Only the edge speaks it: inside, sound is 16 bits.

use super::RATE;

/// The tag of mu-law in a WAV file.
const MU_LAW: u16 = 7;

/// One sample of 16 bits in 8 (ITU-T G.711).
fn mu_law(sample: i16) -> u8 {
    /// Added to every magnitude, so that the steps begin at a power of two; and the largest magnitude that has a step.
    const BIAS: i32 = 132;
    const CLIP: i32 = 32_635;
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // From 132 to 32,767: bit 7 to bit 14 is the highest one.
    let exponent = magnitude.ilog2() - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent as u8) << 4 | mantissa as u8)
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
    file.extend(samples.iter().map(|sample| mu_law(*sample)));
    file.resize(58 + padded as usize, 0xff);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of G.711, the other way.
    fn linear(code: u8) -> i32 {
        let code = !code;
        let magnitude = ((i32::from(code & 0x0f) << 3) + 132) << ((code >> 4) & 7);
        if code & 0x80 == 0 { magnitude - 132 } else { 132 - magnitude }
    }

    #[test]
    fn every_sample_becomes_a_step_no_further_than_half_a_step_away() {
        for sample in i16::MIN..=i16::MAX {
            let code = mu_law(sample);
            let half_a_step = 1 << (((!code >> 4) & 7) + 2);
            let beyond = i32::from(sample).abs() > 32_635;
            let error = (linear(code) - i32::from(sample)).abs();
            assert!(error <= half_a_step || beyond, "{sample}: {error}, half a step is {half_a_step}");
        }
        // 0x7f is a zero, too: no sample becomes it.
        for code in (0..=255).filter(|code| *code != 0x7f) {
            assert_eq!(mu_law(linear(code) as i16), code);
        }
        assert_eq!([mu_law(0), mu_law(i16::MAX), mu_law(i16::MIN)], [0xff, 0x80, 0x00]);
    }
}
