//! The words to be heard on this computer, for as long as they last in the call.

use crate::prompt::{self, play_until};
use std::sync::mpsc::{Receiver, Sender, channel};

/// This computer's speaker; it is left alone after it failed once.
#[derive(Default)]
pub struct Speaker {
    plays: Option<(Sender<()>, Receiver<prompt::Error>)>,
    fails: bool,
}

impl Speaker {
    /// Begins to play, on a thread of its own: an output may not be moved between threads on every system.
    pub fn play(&mut self, samples: Vec<i16>) {
        if self.fails {
            return;
        }
        let ((stop, stopped), (failed, trouble)) = (channel(), channel());
        std::thread::spawn(move || {
            if let Err(error) = play_until(&samples, &stopped) {
                // Nobody listens any more: nobody misses the sound.
                let _ = failed.send(error);
            }
        });
        self.plays = Some((stop, trouble));
    }

    /// Stops, and says what was wrong with the sound if something was.
    pub fn stop(&mut self) -> Option<prompt::Error> {
        // The sender goes, and with it the sound.
        let (_, trouble) = self.plays.take()?;
        let trouble = trouble.try_recv().ok();
        self.fails |= trouble.is_some();
        trouble
    }
}
