//! Follows a document on a live line.

use super::connect;
use super::document::{Gather, Script, Verb};
use super::document_reader;
use super::faults::Fault;
use super::line::{Happened, Line};
use super::network::Network;
use super::params::{Address, Start};
use super::sound;
use super::webhook_client::Failure;
use reqwest::Url;
use std::sync::Arc;

/// What a document led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Led {
    /// Another document that is to be asked for, with fields of its own beside the common ones.
    To(Address, Vec<(String, String)>),
    /// Another document that is here, and where it came from.
    Follow(Option<Address>, Script),
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
    Led(Box<Led>),
}

/// Follows `verbs`, which came from `here`; a document of a request came from nowhere.
pub async fn follow(network: &Arc<Network>, line: &mut Line, here: Option<&Address>, verbs: &[Verb]) -> Led {
    let performer = Performer { network, here };
    for verb in verbs {
        let stopped = match verb {
            Verb::Hangup => return Led::End,
            Verb::Redirect { url, post } => return performer.go_on(url, *post, Vec::new()),
            Verb::Gather(gather) => match performer.gather(line, gather).await {
                Some(led) => return led,
                None => continue,
            },
            Verb::Dial(dial) => {
                let action = dial.action.as_deref().map(|action| performer.go_on(action, dial.post, Vec::new()));
                match connect::connect(network, line, dial, action).await {
                    Some(led) => return led,
                    None => continue,
                }
            }
            verb => performer.utter(line, verb, false).await,
        };
        if let Err(Stopped::Led(led)) = stopped {
            return *led;
        }
    }
    // The end of a document hangs up.
    Led::End
}

struct Performer<'a> {
    network: &'a Arc<Network>,
    here: Option<&'a Address>,
}

impl Performer<'_> {
    /// Takes keys. `None`: none came, the document goes on.
    async fn gather(&self, line: &mut Line, gather: &Gather) -> Option<Led> {
        let mut pressed = None;
        for verb in &gather.inside {
            match self.utter(line, verb, gather.takes_keys).await {
                Ok(()) => {}
                Err(Stopped::Key(key)) => {
                    pressed = Some(key);
                    break;
                }
                Err(Stopped::Led(led)) => return Some(*led),
            }
        }
        let mut digits = String::new();
        let mut finished_on = String::new();
        loop {
            let key = match pressed.take() {
                Some(key) => key,
                // After the words, and again after each key.
                None => match line.pass(u64::from(gather.timeout_s) * 1000, gather.takes_keys).await {
                    Happened::Nothing => break,
                    Happened::Key(key) => key,
                    happened => return Some(led_by(self.network, happened)),
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
            Verb::Say(text) => self.went_on(line.hear("", text.chars().count() as u64 * 65, heeds_keys).await),
            Verb::Pause(seconds) => self.went_on(line.pass(u64::from(*seconds) * 1000, heeds_keys).await),
            Verb::Tones(length_ms) => self.went_on(line.pass(*length_ms, heeds_keys).await),
            Verb::Gather(_) | Verb::Dial(_) | Verb::Redirect { .. } | Verb::Hangup => Ok(()),
        }
    }

    async fn play(&self, line: &mut Line, url: &str, heeds_keys: bool) -> Result<(), Stopped> {
        let broken = |code, what: String| Stopped::Led(Box::new(Led::Broken { code, what }));
        let address = self.address(url).ok_or_else(|| broken(11200, "Play has no sound address".into()))?;
        let fetching = async {
            match self.network.strikes(Fault::AudioFails) {
                true => Err(Failure::MadeToFail),
                false => self.network.webhooks.fetch(&address).await,
            }
        };
        let (fetched, happened) = line.during(fetching, heeds_keys).await;
        self.went_on(happened)?;
        let audio = fetched.map_err(|why| broken(11200, format!("audio: {why}")))?;
        let length_ms = sound::length_ms(&audio).map_err(|why| broken(why.code, why.what))?;
        // Audio without a sample would play for ever in no time when it is looped.
        self.went_on(line.hear(address.as_str(), length_ms.max(1), heeds_keys).await)
    }

    /// An address of the document in hand; an empty one is that document's own.
    fn address(&self, url: &str) -> Option<Url> {
        match self.here {
            Some(here) => here.url.join(url).ok(),
            None => Url::parse(url).ok(),
        }
    }

    fn go_on(&self, url: &str, post: bool, fields: Vec<(String, String)>) -> Led {
        match self.address(url) {
            Some(url) => Led::To(Address { url, post }, fields),
            None => Led::Broken { code: 11100, what: "the document names an address that is none".into() },
        }
    }

    fn went_on(&self, happened: Happened) -> Result<(), Stopped> {
        match happened {
            Happened::Nothing => Ok(()),
            Happened::Key(key) => Err(Stopped::Key(key)),
            happened => Err(Stopped::Led(Box::new(led_by(self.network, happened)))),
        }
    }
}

/// Where a call begins, or is turned to.
pub fn led_to(network: &Network, start: Start, fields: Vec<(String, String)>) -> Led {
    match start {
        Start::At(address) => Led::To(address, fields),
        Start::Document(document) => match document_reader::read_text(network.dialect, &document) {
            Ok(script) => Led::Follow(None, script),
            Err(flaw) => Led::Broken { code: flaw.code, what: flaw.what },
        },
    }
}

/// What an interruption leads to.
pub fn led_by(network: &Network, happened: Happened) -> Led {
    match happened {
        Happened::Turned(start) => led_to(network, start, Vec::new()),
        // The rest does not end a document by itself; whoever calls has dealt with it.
        Happened::Nothing | Happened::Key(_) | Happened::Silenced | Happened::HungUp | Happened::Cut => Led::End,
    }
}
