//! The keyboard: a key counts as soon as it is pressed where the terminal lets itself be told so (`stty`), with Enter
//! elsewhere. Ctrl-C stays what it is.

use super::Deed;
use crate::core::call::Key;
use anyhow::Context;
use std::io::Read;
use std::process::{Command, Stdio};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// The keys of this terminal. When it is dropped the terminal is as it was.
pub struct Keyboard {
    typed: UnboundedReceiver<u8>,
    single_keys: Option<SingleKeys>,
}

impl Keyboard {
    /// Takes the keyboard over.
    pub fn open() -> anyhow::Result<Keyboard> {
        let single_keys = SingleKeys::set();
        let (send, typed) = mpsc::unbounded_channel();
        // A thread of its own, which the end of the program does not wait for: a key that is never pressed holds nothing up.
        std::thread::Builder::new()
            .name("keyboard".into())
            .spawn(move || std::io::stdin().lock().bytes().map_while(Result::ok).all(|byte| send.send(byte).is_ok()))
            .context("the keyboard cannot be read")?;
        Ok(Keyboard { typed, single_keys })
    }

    /// Whether a key counts only with Enter.
    pub fn by_line(&self) -> bool {
        self.single_keys.is_none()
    }

    /// What is typed next; `None` when nothing can be typed any more.
    pub async fn next(&mut self) -> Option<u8> {
        self.typed.recv().await
    }

    /// Waits for a yes or a no; whoever closes the keyboard says no.
    pub async fn yes(&mut self) -> bool {
        loop {
            match self.next().await {
                Some(b'y' | b'Y') => return true,
                Some(b'n' | b'N' | END) | None => return false,
                Some(_) => {}
            }
        }
    }
}

/// Ctrl-D.
const END: u8 = 4;

/// What a key of the keyboard does at the telephone.
pub fn deed(typed: u8) -> Option<Deed> {
    match typed {
        b'\n' | b'\r' => Some(Deed::PickUp),
        b'h' | b'H' | END => Some(Deed::HangUp),
        typed => Key::new(char::from(typed)).map(Deed::Press),
    }
}

/// The terminal gives every key at once and shows none; when this is dropped, it does as before.
struct SingleKeys {
    before: String,
}

impl SingleKeys {
    /// `None` where there is no `stty`, or it cannot do it.
    fn set() -> Option<SingleKeys> {
        let before = stty(&["-g"])?;
        let set = SingleKeys { before: before.trim().to_string() };
        stty(&["-icanon", "-echo", "min", "1", "time", "0"]).map(|_| set)
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        // Who cannot be told any more is not there any more.
        let _ = stty(&[&self.before]);
    }
}

fn stty(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("stty").args(arguments).stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    ran.status.success().then(|| String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_keys_do() {
        let press = |key| Key::new(key).map(Deed::Press);
        for (typed, want) in [
            (b'2', press('2')),
            (b'*', press('*')),
            (b'#', press('#')),
            (b'\n', Some(Deed::PickUp)),
            (b'\r', Some(Deed::PickUp)),
            (b'h', Some(Deed::HangUp)),
            (END, Some(Deed::HangUp)),
            (b'x', None),
            (0xc3, None),
        ] {
            assert_eq!(deed(typed), want, "{typed}");
        }
    }
}
