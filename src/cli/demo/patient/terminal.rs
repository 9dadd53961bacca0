//! A person at the terminal: the words appear as they would be heard, and keys count meanwhile.

use super::keyboard::{self, Keyboard};
use super::{Deed, Noticed, Person, Spoken};
use crate::carrier::simulator::Status;
use crate::clock::Clock;
use chrono::{DateTime, Duration, Utc};
use std::collections::VecDeque;
use std::io::Write;

/// The words stand indented, in lines of this width.
const INDENT: usize = 3;
const WIDTH: usize = 90;

/// A person at the terminal.
pub struct Terminal<'a> {
    keyboard: &'a mut Keyboard,
    clock: Clock,
    /// What will be heard, and when.
    to_say: VecDeque<(DateTime<Utc>, String)>,
    column: usize,
    /// The keyboard is closed: nobody holds the telephone any more.
    gone: bool,
    #[cfg(feature = "speaker")]
    speaker: super::speaker::Speaker,
}

impl Terminal<'_> {
    /// A person who lives by this clock.
    pub fn new(keyboard: &mut Keyboard, clock: Clock) -> Terminal<'_> {
        Terminal {
            keyboard,
            clock,
            to_say: VecDeque::new(),
            column: 0,
            gone: false,
            #[cfg(feature = "speaker")]
            speaker: super::speaker::Speaker::default(),
        }
    }

    fn begin(&mut self, spoken: Spoken) {
        let now = self.clock.now();
        self.to_say = spoken.words.into_iter().map(|(at, word)| (now + Duration::milliseconds(at.into()), word)).collect();
        self.new_line();
        #[cfg(feature = "speaker")]
        self.speaker.play(spoken.samples);
    }

    /// Shows what was heard up to now.
    fn say(&mut self) {
        let now = self.clock.now();
        while let Some((_, word)) = self.to_say.pop_front_if(|(at, _)| *at <= now) {
            self.write(&word);
        }
    }

    fn stop(&mut self) {
        self.say();
        if !self.to_say.is_empty() {
            self.to_say.clear();
            self.write("—");
        }
        self.new_line();
        #[cfg(feature = "speaker")]
        if let Some(trouble) = self.speaker.stop() {
            print(&format!("({trouble}; the words go on without)\n"));
        }
    }

    fn write(&mut self, word: &str) {
        let length = word.chars().count();
        if self.column + 1 + length > WIDTH {
            self.new_line();
        }
        if self.column == 0 {
            print(&format!("{:INDENT$}{word}", ""));
            self.column = INDENT + length;
        } else {
            print(&format!(" {word}"));
            self.column += 1 + length;
        }
    }

    fn new_line(&mut self) {
        if self.column > 0 {
            print("\n");
        }
        self.column = 0;
    }

    /// What somebody typed does, and what is to be seen of it.
    fn typed(&mut self, typed: Option<u8>) -> Option<Deed> {
        let Some(typed) = typed else {
            self.gone = true;
            return Some(Deed::HangUp);
        };
        let deed = keyboard::deed(typed);
        match deed {
            Some(Deed::Press(key)) => self.write(&format!("[{}]", key.as_char())),
            Some(Deed::HangUp) => self.write("[hung up]"),
            // The terminal has shown the Enter itself.
            Some(Deed::PickUp) if self.keyboard.by_line() => self.column = 0,
            Some(Deed::PickUp) | None => {}
        }
        deed
    }
}

impl Person for Terminal<'_> {
    fn notice(&mut self, what: Noticed) {
        match what {
            Noticed::Rings => print("Your telephone rings. Enter picks up, h refuses.\n"),
            Noticed::Begins(spoken) => self.begin(spoken),
            Noticed::Stops => self.stop(),
            Noticed::Over(status) => {
                self.new_line();
                let how =
                    if status == Status::Completed { String::new() } else { format!(" ({})", status.as_str().replace('-', " ")) };
                print(&format!("The line is closed{how}.\n"));
            }
        }
    }

    async fn act(&mut self) -> Deed {
        loop {
            let (clock, next) = (self.clock.clone(), self.to_say.front().map(|(at, _)| *at));
            let next_word = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                typed = self.keyboard.next(), if !self.gone => {
                    if let Some(deed) = self.typed(typed) {
                        return deed;
                    }
                }
                () = next_word => self.say(),
            }
        }
    }
}

/// Prints at once, not only at the end of the line.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that is gone shows nothing; what is typed there has ended, too, and that ends the call.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
