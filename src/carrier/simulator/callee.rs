//! A patient on the telephone: what they do next, given what they have done and heard. No clock: moments are
//! milliseconds since the answer, and whoever moves the call along asks and tells.

use super::persona::{BEEP, MACHINE_SILENCE, Manner, PATIENCE};
use super::script::{CallerScript, When};
use std::time::Duration;

/// A fax hears nothing of its kind and hangs up.
const FAX_GIVES_UP: Duration = Duration::from_secs(20);

/// Something a telephone does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Presses a key.
    Press(char),
    /// Hangs up.
    HangUp,
}

/// A telephone during one call.
#[derive(Debug, Clone)]
pub struct Callee {
    manner: Manner,
    script: CallerScript,
    keys_pressed: usize,
    last_act_ms: u64,
    has_heard: bool,
    /// Since when nothing is heard; `None` while something plays.
    quiet_since_ms: Option<u64>,
}

impl Callee {
    /// A telephone that has just been answered.
    pub fn new(manner: Manner) -> Callee {
        let script = CallerScript::default();
        Callee { manner, script, keys_pressed: 0, last_act_ms: 0, has_heard: false, quiet_since_ms: Some(0) }
    }

    /// Somebody who called us and goes by a script.
    pub fn scripted(script: CallerScript) -> Callee {
        Callee { script, ..Callee::new(Manner::Scripted) }
    }

    /// What it does next and when, if nothing new is heard until then.
    pub fn next(&self) -> Option<(u64, Act)> {
        match self.manner {
            Manner::Scripted => self.by_script(),
            Manner::Presses(keys) | Manner::Mistaken { keys, .. } => Some(match keys.get(self.keys_pressed) {
                Some((at, key)) => (millis(*at), Act::Press(*key)),
                None => self.loses_patience(),
            }),
            Manner::Silent => Some(self.loses_patience()),
            Manner::ByHand => None,
            Manner::HangsUp(at) => Some((millis(at), Act::HangUp)),
            Manner::Listens { wait, key } => match (self.keys_pressed, self.quiet_since_ms) {
                (0, Some(quiet)) if self.has_heard => Some((quiet + millis(wait), Act::Press(key))),
                // Nobody hangs up in the middle of a first message.
                (0, None) => None,
                _ => Some(self.loses_patience()),
            },
            Manner::Fax => Some((millis(FAX_GIVES_UP), Act::HangUp)),
            Manner::Machine { greeting, takes_message: false, .. } => Some((millis(greeting), Act::HangUp)),
            Manner::Machine { takes_message: true, tape, .. } => {
                let beeped = self.records_from()?;
                let tape_ends = beeped + millis(tape);
                let silence_ends = self.quiet_since_ms.map(|quiet| quiet.max(beeped) + millis(MACHINE_SILENCE));
                Some((silence_ends.unwrap_or(tape_ends).min(tape_ends), Act::HangUp))
            }
        }
    }

    /// The telephone has pressed its next key.
    pub fn pressed(&mut self, at_ms: u64) {
        self.keys_pressed += 1;
        self.last_act_ms = at_ms;
    }

    /// It begins to hear something.
    pub fn sound_begins(&mut self) {
        self.has_heard = true;
        self.quiet_since_ms = None;
    }

    /// What it heard is over.
    pub fn sound_ends(&mut self, at_ms: u64) {
        self.quiet_since_ms = Some(at_ms);
    }

    /// From when on an answering machine records, which is after its beep.
    pub fn records_from(&self) -> Option<u64> {
        match self.manner {
            Manner::Machine { greeting, takes_message: true, .. } => Some(millis(greeting + BEEP)),
            _ => None,
        }
    }

    fn by_script(&self) -> Option<(u64, Act)> {
        let Some((when, act)) = self.script.get(self.keys_pressed) else {
            return Some(self.loses_patience());
        };
        match (when, self.quiet_since_ms) {
            (When::At(ms), _) => Some((ms.max(self.last_act_ms), act)),
            (When::AfterLast(ms), _) => Some((self.last_act_ms + ms, act)),
            // The words of before do not count twice.
            (When::AfterWords(ms), Some(quiet)) if self.has_heard && quiet > self.last_act_ms => Some((quiet + ms, act)),
            (When::AfterWords(_), Some(_)) => Some(self.loses_patience()),
            (When::AfterWords(_), None) => None,
        }
    }

    fn loses_patience(&self) -> (u64, Act) {
        (self.last_act_ms + millis(PATIENCE), Act::HangUp)
    }
}

fn millis(span: Duration) -> u64 {
    // A call of half a billion years would not fit.
    span.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::simulator::persona;

    fn callee(digits: &str) -> Callee {
        Callee::new(persona::of(digits).manner)
    }

    #[test]
    fn somebody_who_presses_and_stays() {
        let mut phone = callee("05");
        assert_eq!(phone.next(), Some((3_000, Act::Press('7'))));
        phone.pressed(3_000);
        assert_eq!(phone.next(), Some((9_000, Act::Press('1'))));
        phone.pressed(9_000);
        assert_eq!(phone.next(), Some((69_000, Act::HangUp)));
    }

    #[test]
    fn a_listener_waits_for_the_end_of_the_words() {
        let mut phone = callee("09");
        assert_eq!(phone.next(), Some((60_000, Act::HangUp)), "who hears nothing at all gives up");
        phone.sound_begins();
        assert_eq!(phone.next(), None);
        phone.sound_ends(20_000);
        assert_eq!(phone.next(), Some((22_000, Act::Press('1'))));
        phone.sound_begins();
        assert_eq!(phone.next(), None, "the words went on");
        phone.sound_ends(25_000);
        phone.pressed(27_000);
        assert_eq!(phone.next(), Some((87_000, Act::HangUp)));
    }

    #[test]
    fn who_calls_us_goes_by_a_script() {
        let mut phone = Callee::scripted("+1000:04 +500:hangup".parse().expect("a script"));
        assert_eq!(phone.next(), Some((60_000, Act::HangUp)), "nothing was said");
        phone.sound_begins();
        assert_eq!(phone.next(), None);
        phone.sound_ends(5_000);
        assert_eq!(phone.next(), Some((6_000, Act::Press('0'))));
        phone.pressed(6_000);
        assert_eq!(phone.next(), Some((6_410, Act::Press('4'))));
        phone.pressed(6_410);
        assert_eq!(phone.next(), Some((66_410, Act::HangUp)), "waits for words that are new");
        phone.sound_begins();
        phone.sound_ends(8_000);
        assert_eq!(phone.next(), Some((8_500, Act::HangUp)));
    }

    #[test]
    fn a_machine_records_from_its_beep_until_four_seconds_of_silence() {
        let mut phone = callee("10");
        assert_eq!(phone.records_from(), Some(9_500));
        assert_eq!(phone.next(), Some((13_500, Act::HangUp)));
        phone.sound_begins();
        assert_eq!(phone.next(), Some((69_500, Act::HangUp)), "its tape is full");
        phone.sound_ends(20_000);
        assert_eq!(phone.next(), Some((24_000, Act::HangUp)));
        assert_eq!(callee("12").next(), Some((6_000, Act::HangUp)));
        let mut full = callee("92");
        full.sound_begins();
        assert_eq!(full.next(), Some((7_500, Act::HangUp)), "its tape was nearly full");
    }
}
