//! Follows a document on a live line.

use super::document_reader::{Gather, Verb};
use super::line::{Happened, Line};
use super::network::Network;
use super::params::Address;
use super::sound;
use std::sync::Arc;

/// What a document led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Led {
    /// Another document, with fields of its own beside the common ones.
    To(Address, Vec<(String, String)>),
    /// The end of the call.
    End,
    /// A fault that ends the call.
    Broken {
        /// The carrier's error code.
        code: u32,
        /// What it was.
        what: String,
    },
}

/// Why the words of a document did not come to their end.
enum Stopped {
    Key(char),
    Led(Led),
}

/// Follows `verbs`, which came from `here`.
pub async fn follow(network: &Arc<Network>, line: &mut Line, here: &Address, verbs: &[Verb]) -> Led {
    let performer = Performer { network, here };
    for verb in verbs {
        let stopped = match verb {
            Verb::Hangup => return Led::End,
            Verb::Redirect { url, post } => return performer.go_on(url, *post, Vec::new()),
            Verb::Gather(gather) => match performer.gather(line, gather).await {
                Some(led) => return led,
                None => continue,
            },
            verb => performer.utter(line, verb, false).await,
        };
        if let Err(Stopped::Led(led)) = stopped {
            return led;
        }
    }
    // The end of a document hangs up.
    Led::End
}

struct Performer<'a> {
    network: &'a Arc<Network>,
    here: &'a Address,
}

impl Performer<'_> {
    /// Takes keys. `None`: none came, the document goes on.
    async fn gather(&self, line: &mut Line, gather: &Gather) -> Option<Led> {
        let mut pressed = None;
        for verb in &gather.inside {
            match self.utter(line, verb, true).await {
                Ok(()) => {}
                Err(Stopped::Key(key)) => {
                    pressed = Some(key);
                    break;
                }
                Err(Stopped::Led(led)) => return Some(led),
            }
        }
        let mut digits = String::new();
        let mut finished_on = String::new();
        loop {
            let key = match pressed.take() {
                Some(key) => key,
                None => match line.pass(u64::from(gather.timeout_s) * 1000, true).await {
                    Happened::Nothing => break,
                    Happened::Key(key) => key,
                    happened => return Some(led_by(happened)),
                },
            };
            if gather.finish_on.contains(key) {
                finished_on.push(key);
                break;
            }
            digits.push(key);
            if gather.num_digits.is_some_and(|enough| digits.len() >= enough) {
                break;
            }
        }
        if digits.is_empty() && !gather.tell_empty {
            return None;
        }
        let told = [("Digits", digits), ("FinishedOnKey", finished_on), ("msg", "Gather End".to_string())];
        Some(self.go_on(&gather.action, gather.post, told.map(|(name, value)| (name.to_string(), value)).to_vec()))
    }

    async fn utter(&self, line: &mut Line, verb: &Verb, heeds_keys: bool) -> Result<(), Stopped> {
        match verb {
            Verb::Play { url, times } => {
                let mut played = 0;
                while *times == 0 || played < *times {
                    self.play(line, url, heeds_keys).await?;
                    played += 1;
                }
                Ok(())
            }
            // As fast as a synthetic voice speaks, about 15 letters a second.
            Verb::Say(text) => went_on(line.hear("", text.chars().count() as u64 * 65, heeds_keys).await),
            Verb::Pause(seconds) => went_on(line.pass(u64::from(*seconds) * 1000, heeds_keys).await),
            Verb::Gather(_) | Verb::Redirect { .. } | Verb::Hangup => Ok(()),
        }
    }

    async fn play(&self, line: &mut Line, url: &str, heeds_keys: bool) -> Result<(), Stopped> {
        let broken = |what: String| Stopped::Led(Led::Broken { code: 11200, what });
        let address = self.here.url.join(url).map_err(|_| broken("Play has no sound address".into()))?;
        let (fetched, happened) = line.during(self.network.webhooks.fetch(&address), heeds_keys).await;
        went_on(happened)?;
        let length_ms = fetched.and_then(|audio| sound::length_ms(&audio)).map_err(broken)?;
        // Audio without a sample would play for ever in no time when it is looped.
        went_on(line.hear(address.as_str(), length_ms.max(1), heeds_keys).await)
    }

    fn go_on(&self, url: &str, post: bool, fields: Vec<(String, String)>) -> Led {
        // Empty: the document in hand again.
        match self.here.url.join(url) {
            Ok(url) => Led::To(Address { url, post }, fields),
            Err(_) => Led::Broken { code: 11100, what: "the document names an address that is none".into() },
        }
    }
}

fn went_on(happened: Happened) -> Result<(), Stopped> {
    match happened {
        Happened::Nothing => Ok(()),
        Happened::Key(key) => Err(Stopped::Key(key)),
        happened => Err(Stopped::Led(led_by(happened))),
    }
}

/// What an interruption leads to.
pub fn led_by(happened: Happened) -> Led {
    match happened {
        Happened::Turned(address) => Led::To(address, Vec::new()),
        // Nothing and keys do not end a document; whoever calls has dealt with them.
        Happened::Nothing | Happened::Key(_) | Happened::HungUp | Happened::Cut => Led::End,
    }
}
