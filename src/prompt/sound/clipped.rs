//! Recordings made at too high a level: what was cut off cannot be had back, it crackles on the telephone.

use super::header::WavFault;

/// A sample of a decoder, with its part of full scale.
pub(in crate::prompt) trait Sample: Copy + PartialEq {
    /// 1 is full scale.
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

/// Where the first sample stands that was cut off. Four equal samples in a row near full scale are no wave but a wall. (The
/// highest value of mu-law is 0.98.)
pub(in crate::prompt) fn find_clipped<T: Sample>(samples: &[T]) -> Option<usize> {
    let wall = |run: &[T]| run[0].level().abs() >= 0.97 && run.iter().all(|s| *s == run[0]);
    samples.windows(4).position(wall)
}

/// The fault of a recording that is clipped at a sample, for the person who records it again.
pub(in crate::prompt) fn refuse_clipped(at: Option<usize>, rate: u32) -> Result<(), WavFault> {
    let Some(at) = at else { return Ok(()) };
    let seconds = at as f64 / f64::from(rate);
    let message = format!("it is clipped (first after {seconds:.2} s): record it again with a lower level");
    Err(WavFault::new("clipped_wav", message))
}
