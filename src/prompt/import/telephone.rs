//! To the telephone: 8 kHz, without what a telephone would turn into noise.

use crate::prompt::sound::RATE;
use audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Rumble, hum and plosives lie below; so does nothing that a telephone carries (300 to 3400 Hz).
const LOWEST_HZ: f64 = 150.0;

/// Silence around the sound while it is filtered: the filter swings in and out there.
const MARGIN: usize = RATE as usize / 10;

/// Takes a constant offset away. Whatever filters the samples next would find a step at either end, and leave a click there.
pub(super) fn without_offset(mut samples: Vec<f32>) -> Vec<f32> {
    let offset = samples.iter().map(|v| f64::from(*v)).sum::<f64>() / samples.len().max(1) as f64;
    samples.iter_mut().for_each(|v| *v -= offset as f32);
    samples
}

/// To 8 kHz, by rubato. (rodio's own converter has no filter: what lies above 4 kHz would come back as another tone.)
pub(super) fn to_8_khz(samples: Vec<f32>, rate: u32) -> Result<Vec<f32>, String> {
    if rate == RATE || samples.is_empty() {
        return Ok(samples);
    }
    let input = SequentialSlice::new(&samples, 1, samples.len()).map_err(|e| e.to_string())?;
    // Blocks of 1,024 frames: a steep filter, and a delay that `process_all` takes out again.
    let mut resampler = Fft::<f32>::new(rate as usize, RATE as usize, 1024, 1, FixedSync::Both).map_err(|e| e.to_string())?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|e| e.to_string())?;
    Ok(output.take_data())
}

/// Takes away what lies under 150 Hz, hum and a constant offset with it: a Butterworth filter of the second order, once
/// forwards and once backwards, so that nothing is shifted. That is the filter of the shipped voice.
pub(super) fn without_rumble(samples: &[f32]) -> Vec<f32> {
    let mut wide = vec![0.0; samples.len() + 2 * MARGIN];
    for (to, from) in wide[MARGIN..].iter_mut().zip(samples) {
        *to = f64::from(*from);
    }
    high_pass(wide.iter_mut());
    high_pass(wide.iter_mut().rev());
    wide[MARGIN..MARGIN + samples.len()].iter().map(|v| *v as f32).collect()
}

fn high_pass<'a>(samples: impl Iterator<Item = &'a mut f64>) {
    let omega = 2.0 * std::f64::consts::PI * LOWEST_HZ / f64::from(RATE);
    let (sin, cos) = omega.sin_cos();
    let alpha = sin * std::f64::consts::FRAC_1_SQRT_2;
    let (b, a1, a2) = ((1.0 + cos) / 2.0 / (1.0 + alpha), -2.0 * cos / (1.0 + alpha), (1.0 - alpha) / (1.0 + alpha));
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        let input = *sample;
        let output = b * input + s1;
        s1 = -2.0 * b * input - a1 * output + s2;
        s2 = b * input - a2 * output;
        *sample = output;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{level_at, tone};

    #[test]
    fn a_tone_above_the_telephone_band_does_not_come_back_as_another_tone() {
        for rate in [44_100, 48_000, 96_000, 22_050, 16_000] {
            let high = to_8_khz(tone(5_000.0, 0.5, 2_000, rate), rate).expect("a rate");
            let alias = level_at(&high, 3_000.0, RATE);
            assert!(alias <= -60.0, "5 kHz at {rate} Hz comes back at 3 kHz with {alias:.1} dB");
            let peak = high[800..high.len() - 800].iter().fold(0.0_f32, |peak, v| peak.max(v.abs()));
            assert!(peak < 0.001, "{rate} Hz: {peak}");
            let speech = level_at(&to_8_khz(tone(1_000.0, 0.5, 2_000, rate), rate).expect("a rate"), 1_000.0, RATE);
            assert!((speech + 6.0).abs() < 0.1, "1 kHz at {rate} Hz has {speech:.1} dB");
        }
    }

    #[test]
    fn rumble_and_hum_go_and_speech_stays() {
        for (hz, least, most) in
            [(10.0, -200.0, -60.0), (50.0, -60.0, -36.0), (60.0, -60.0, -30.0), (300.0, -1.0, 0.1), (1_000.0, -0.1, 0.1)]
        {
            let change = level_at(&without_rumble(&tone(hz, 0.5, 2_000, RATE)), hz, RATE) + 6.02;
            assert!((least..most).contains(&change), "{hz} Hz: {change:.1} dB");
        }
        let offset = without_rumble(&vec![0.25; 16_000]);
        assert!(offset[4_000..12_000].iter().all(|v| v.abs() < 1e-4), "a constant offset goes");
    }

    #[test]
    fn a_constant_offset_leaves_no_click() {
        for rate in [8_000, 44_100, 48_000] {
            let silence = without_offset(vec![0.25; rate as usize / 2]);
            let telephone = without_rumble(&to_8_khz(silence, rate).expect("a rate"));
            assert!(telephone.iter().all(|v| v.abs() < 1e-5), "{rate} Hz");
        }
    }
}
