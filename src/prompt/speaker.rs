//! Hear a message on this computer (feature `speaker`).

use super::{Error, RATE};
use rodio::buffer::SamplesBuffer;
use rodio::{DeviceSinkBuilder, Player};
use std::num::NonZero;

/// Plays samples on the default output, and returns when they were heard.
///
/// # Errors
/// [`Error::Speaker`] when this computer has no output that can be opened.
pub fn play(samples: &[i16]) -> Result<(), Error> {
    let mut output = DeviceSinkBuilder::open_default_sink().map_err(|e| Error::Speaker(e.to_string()))?;
    output.log_on_drop(false);
    let rate = NonZero::new(RATE).ok_or(Error::Speaker("no sample rate".into()))?;
    let player = Player::connect_new(output.mixer());
    let wave: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    player.append(SamplesBuffer::new(NonZero::<u16>::MIN, rate, wave));
    player.sleep_until_end();
    Ok(())
}
