//! Where the words of a recording begin and end, by how loud each hundredth of a second is.

use super::RATE;
use std::ops::Range;

/// What lies so much under the loudest hundredth of a second is silence, in dB (audio.md, section 2: how the voice is cut).
pub(in crate::prompt) const SILENCE_DB: f32 = -42.0;

/// Frames of 10 ms, one every 5 ms.
const FRAME: usize = RATE as usize / 100;

/// Less than this at the loudest is no sound at all (of full scale 1).
const NOTHING: f32 = 1e-5;

/// How loud a recording is, frame by frame.
pub(in crate::prompt) struct Frames {
    rms: Vec<f32>,
    pub loudest: f32,
}

impl Frames {
    /// From one frame to the next, in samples.
    pub const STEP: usize = FRAME / 2;

    /// Of samples of full scale 1. `None` where all is silence, or nothing is whole.
    pub fn of(samples: &[f32]) -> Option<Frames> {
        let starts = (0..samples.len().saturating_sub(FRAME - 1)).step_by(Frames::STEP);
        let rms: Vec<f32> = starts.map(|at| root_mean_square(&samples[at..at + FRAME])).collect();
        let loudest = rms.iter().copied().fold(0.0, f32::max);
        (loudest >= NOTHING).then_some(Frames { rms, loudest })
    }

    pub fn rms(&self) -> &[f32] {
        &self.rms
    }

    /// How far a level is under the loudest frame, in dB.
    pub fn under(&self, rms: f32) -> f32 {
        20.0 * (rms.max(1e-9) / self.loudest).log10()
    }

    /// The samples from the first to the last frame that is louder than this many dB under the loudest.
    pub fn louder_than(&self, db: f32) -> Option<Range<usize>> {
        let speaks = |rms: &f32| self.under(*rms) > db;
        let (first, last) = (self.rms.iter().position(speaks)?, self.rms.iter().rposition(speaks)?);
        Some(first * Frames::STEP..last * Frames::STEP + FRAME)
    }
}

fn root_mean_square(samples: &[f32]) -> f32 {
    (samples.iter().map(|v| v * v).sum::<f32>() / samples.len() as f32).sqrt()
}
