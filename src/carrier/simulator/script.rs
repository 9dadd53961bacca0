//! What somebody who calls us does, as a text: `3000:1 +1500:0412 +2000:hangup` presses 1 three seconds after the answer,
//! then, after a second and a half of silence, 0412, and hangs up after two more seconds of silence.

use super::callee::Act;
use std::str::FromStr;

/// When something is done, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long after the answer.
    At(u64),
    /// So long after something new was heard to its end.
    AfterWords(u64),
    /// So long after what was done last.
    AfterLast(u64),
}

/// What somebody does, in order; at its end they stay on the line until they lose patience.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerScript(Vec<(When, Act)>);

/// A text that is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`: want MILLISECONDS:KEYS after the answer, +MILLISECONDS:KEYS after the words, or `hangup` for the keys")]
pub struct NoScript(String);

/// From one key to the next: a tone of 160 ms and a pause of 250 ms, as the laboratory's phones.
const BETWEEN_KEYS: u64 = 410;

impl FromStr for CallerScript {
    type Err = NoScript;

    fn from_str(text: &str) -> Result<CallerScript, NoScript> {
        let mut moves = Vec::new();
        for part in text.split_whitespace() {
            let wrong = || NoScript(part.to_string());
            let (moment, keys) = part.split_once(':').ok_or_else(wrong)?;
            let (after_words, number) = (moment.starts_with('+'), moment.trim_start_matches('+'));
            let ms: u64 = number.parse().map_err(|_| wrong())?;
            let first = if after_words { When::AfterWords(ms) } else { When::At(ms) };
            if keys == "hangup" {
                moves.push((first, Act::HangUp));
                continue;
            }
            if keys.is_empty() || !keys.chars().all(|key| matches!(key, '0'..='9' | '*' | '#')) {
                return Err(wrong());
            }
            for (at, key) in keys.chars().enumerate() {
                moves.push((if at == 0 { first } else { When::AfterLast(BETWEEN_KEYS) }, Act::Press(key)));
            }
        }
        Ok(CallerScript(moves))
    }
}

impl CallerScript {
    /// The move at a place.
    pub fn get(&self, at: usize) -> Option<(When, Act)> {
        self.0.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads() {
        let script: CallerScript = "3000:1 +1500:04 +2000:hangup".parse().expect("a script");
        let want = [
            (When::At(3000), Act::Press('1')),
            (When::AfterWords(1500), Act::Press('0')),
            (When::AfterLast(410), Act::Press('4')),
            (When::AfterWords(2000), Act::HangUp),
        ];
        assert_eq!(script.0, want);
        assert_eq!("".parse(), Ok(CallerScript::default()));
        for bad in ["1", "x:1", "100:", "100:a", "+:1"] {
            assert_eq!(bad.parse::<CallerScript>(), Err(NoScript(bad.into())));
        }
    }
}
