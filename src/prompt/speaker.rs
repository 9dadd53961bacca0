//! Hear a message on this computer (feature `speaker`).

use super::{Error, RATE};
use rodio::buffer::SamplesBuffer;
use rodio::{DeviceSinkBuilder, Player};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How soon playing notices that it is to stop.
const ATTENTION: Duration = Duration::from_millis(20);

/// Plays samples on the default output, and returns when they were heard.
///
/// # Errors
/// [`Error::Speaker`] when this computer has no output that can be opened.
pub fn play(samples: &[i16]) -> Result<(), Error> {
    let (_stop, stopped) = channel();
    play_until(samples, &stopped)
}

/// Plays samples as [`play`] does, but no longer than until `stopped` receives something or loses its sender.
///
/// # Errors
/// [`Error::Speaker`] when this computer has no output that can be opened.
pub fn play_until(samples: &[i16], stopped: &Receiver<()>) -> Result<(), Error> {
    let mut output = DeviceSinkBuilder::open_default_sink().map_err(|e| Error::Speaker(e.to_string()))?;
    output.log_on_drop(false);
    let rate = NonZero::new(RATE).ok_or(Error::Speaker("no sample rate".into()))?;
    let player = Player::connect_new(output.mixer());
    let wave: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    player.append(SamplesBuffer::new(NonZero::<u16>::MIN, rate, wave));
    while !player.empty() && stopped.recv_timeout(ATTENTION) == Err(RecvTimeoutError::Timeout) {}
    Ok(())
}
