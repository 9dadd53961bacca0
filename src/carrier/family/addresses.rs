//! Our callback addresses: the one place that writes them and reads them back. All are absolute, carry the attempt's
//! token and, where something is answered, the number of the step, and nothing else.

use crate::carrier::{Ask, PutOff};
use crate::core::call::{Key, TransferResult};
use crate::core::domain::AnsweredBy;
use crate::core::ids::{AttemptToken, CarrierName};

/// What a callback address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// The call was answered.
    Answered,
    /// Another address failed.
    Fallback,
    /// The gather of a step ended with a key.
    Key(u32),
    /// The gather of a step ended without one.
    Silence(u32),
    /// A step was played to its end.
    Played(u32),
    /// The call was turned to a step.
    Turned(u32),
    /// The desk's part of a call, which a step dialled, is over.
    Transferred(u32),
    /// Status news.
    Status,
    /// Machine detection beside the live call.
    Detection,
}

/// A carrier's own retry settings, which it reads from the fragment of an address. It neither sends nor signs a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Where somebody on the line waits for words. With its `#`; empty where the carrier knows none.
    pub voice: &'static str,
    /// Where it only tells us something.
    pub news: &'static str,
}

/// Writes callback addresses of one carrier.
#[derive(Debug, Clone)]
pub struct Addresses {
    base: String,
    overrides: Overrides,
}

impl Addresses {
    /// Addresses below `public_url`, which carriers reach us by.
    pub fn new(public_url: &str, carrier: &CarrierName) -> Addresses {
        let base = format!("{}/carriers/{carrier}", public_url.trim_end_matches('/'));
        Addresses { base, overrides: Overrides::default() }
    }

    /// The same with the carrier's own retry settings in every one of them.
    pub fn with(self, overrides: Overrides) -> Addresses {
        Addresses { overrides, ..self }
    }

    /// The absolute address of a hook.
    pub fn of(&self, token: &AttemptToken, hook: Hook) -> String {
        self.written(token, hook, "")
    }

    fn written(&self, token: &AttemptToken, hook: Hook, query: &str) -> String {
        let fragment = match hook {
            Hook::Status | Hook::Detection => self.overrides.news,
            _ => self.overrides.voice,
        };
        format!("{}{query}{fragment}", self.bare(token, hook))
    }

    fn bare(&self, token: &AttemptToken, hook: Hook) -> String {
        let (base, token) = (&self.base, token.as_str());
        match hook {
            Hook::Answered => format!("{base}/voice/{token}/answered"),
            Hook::Fallback => format!("{base}/voice/{token}/fallback"),
            Hook::Key(step) => format!("{base}/voice/{token}/{step}/key"),
            Hook::Silence(step) => format!("{base}/voice/{token}/{step}/silence"),
            Hook::Played(step) => format!("{base}/voice/{token}/{step}/played"),
            Hook::Turned(step) => format!("{base}/voice/{token}/{step}/turned"),
            Hook::Transferred(step) => format!("{base}/voice/{token}/{step}/transferred"),
            Hook::Status => format!("{base}/status/{token}"),
            Hook::Detection => format!("{base}/amd/{token}"),
        }
    }
}

impl Addresses {
    /// The absolute address of a voice webhook at a path below ours, its query included.
    pub(super) fn below(&self, path: &str) -> String {
        format!("{}/{path}{}", self.base, self.overrides.voice)
    }
}

/// What an address says beyond its hook, where something is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Again {
    /// How often it was asked before, and how long the answer was put off by that.
    pub put_off: PutOff,
    /// The key that was pressed.
    pub key: Option<Key>,
    /// Who answered, where detection had said so.
    pub answered_by: Option<AnsweredBy>,
    /// The step that an address was to answer which failed.
    pub failed: Option<u32>,
    /// What came of connecting the call with the desk.
    pub transfer: Option<TransferResult>,
}

impl Addresses {
    /// The address that asks the same again: what a repeat of the request would not carry stands in its query.
    pub fn again(&self, token: &AttemptToken, ask: &Ask, put_off: PutOff) -> String {
        let by = |by: Option<AnsweredBy>| by.map(|by| format!("&by={}", by.as_str())).unwrap_or_default();
        let PutOff { tries, ms } = put_off;
        let put = if ms > 0 { format!("&put={ms}") } else { String::new() };
        let again = |hook, more: String| self.written(token, hook, &format!("?try={tries}{more}{put}"));
        match *ask {
            Ask::Answered { answered_by } => again(Hook::Answered, by(answered_by)),
            Ask::Fallback { answered_by, failed } => again(Hook::Fallback, format!("{}{}", by(answered_by), failed_part(failed))),
            // Star and hash are no letters of a query.
            Ask::Key { step, key } => again(Hook::Key(step), format!("&key=%{:02X}", u32::from(key.as_char()))),
            Ask::Silence { step } => again(Hook::Silence(step), String::new()),
            Ask::Played { step } => again(Hook::Played(step), String::new()),
            Ask::Turned { step } => again(Hook::Turned(step), String::new()),
            Ask::Transferred { step, result } => again(Hook::Transferred(step), format!("&result={}", result.as_str())),
        }
    }
}

/// The part of a query that names the step that an address was to answer which failed.
pub(super) fn failed_part(step: Option<u32>) -> String {
    step.map(|step| format!("&failed={step}")).unwrap_or_default()
}

/// Reads the query of an address; what is not ours says nothing.
pub fn read_again(path_and_query: &str) -> Again {
    let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
    let pairs = super::form::pairs(query.as_bytes());
    let field = |name| super::form::field(&pairs, name);
    let number = |name| field(name).and_then(|number| number.parse().ok()).unwrap_or_default();
    Again {
        put_off: PutOff { tries: number("try"), ms: number("put") },
        key: field("key").and_then(|key| key.chars().next()).and_then(Key::new),
        answered_by: field("by").and_then(AnsweredBy::parse),
        failed: field("failed").and_then(|step| step.parse().ok()),
        transfer: field("result").and_then(TransferResult::parse),
    }
}

/// Reads the part of an address below `/carriers/NAME/`; `None` where it is none of ours.
pub fn read(path: &str) -> Option<(AttemptToken, Hook)> {
    let parts: Vec<&str> = path.split('/').collect();
    let (token, hook) = match parts.as_slice() {
        ["voice", token, "answered"] => (token, Hook::Answered),
        ["voice", token, "fallback"] => (token, Hook::Fallback),
        ["voice", token, step, what] => {
            let step = step.parse().ok()?;
            let hook = match *what {
                "key" => Hook::Key(step),
                "silence" => Hook::Silence(step),
                "played" => Hook::Played(step),
                "turned" => Hook::Turned(step),
                "transferred" => Hook::Transferred(step),
                _ => return None,
            };
            (token, hook)
        }
        ["status", token] => (token, Hook::Status),
        ["amd", token] => (token, Hook::Detection),
        _ => return None,
    };
    let sound = (1..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    sound.then(|| (AttemptToken::new(*token), hook))
}

/// The words that our own addresses are made of; others are a stranger's.
const WORDS: [&str; 12] =
    ["voice", "status", "amd", "answered", "fallback", "key", "silence", "played", "turned", "transferred", "incoming", "digits"];

/// The path of a webhook, below its carrier, as it may be kept: our own words and numbers. Tokens are never logged, and what
/// is none of ours is somebody's text.
pub fn masked(path: &str) -> String {
    let part = |part: &str| {
        let is_number = !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        let is_token = part.len() >= 24 && part.bytes().all(|b| b.is_ascii_hexdigit());
        match part {
            _ if is_token => "{token}".to_string(),
            _ if is_number || WORDS.contains(&part) => part.to_string(),
            _ => "…".to_string(),
        }
    };
    if path.is_empty() { String::new() } else { path.split('/').take(5).map(part).collect::<Vec<_>>().join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_show_our_own_words_alone() {
        for (path, want) in [
            ("voice/0123456789abcdef0123456789abcdef/1/key", "voice/{token}/1/key"),
            ("status/short", "status/…"),
            ("incoming/0123456789abcdef0123456789abcdef/2/digits", "incoming/{token}/2/digits"),
            ("+16175550101/lovelace", "…/…"),
            ("1/2/3/4/5/6/7", "1/2/3/4/5"),
            ("6175550101", "…"),
            ("", ""),
        ] {
            assert_eq!(masked(path), want, "{path}");
        }
    }

    #[test]
    fn of_our_own_addresses_the_token_alone_is_masked() {
        let addresses = Addresses::new("https://c.example", &CarrierName::from("main"));
        let token = AttemptToken::from("0123456789abcdef0123456789abcdef");
        for hook in [
            Hook::Answered,
            Hook::Fallback,
            Hook::Key(3),
            Hook::Silence(3),
            Hook::Played(3),
            Hook::Turned(3),
            Hook::Transferred(3),
            Hook::Status,
            Hook::Detection,
        ] {
            let address = addresses.of(&token, hook);
            let path = address.strip_prefix("https://c.example/carriers/main/").expect("ours");
            assert_eq!(masked(path), path.replace(token.as_str(), "{token}"));
        }
    }

    #[test]
    fn what_is_asked_again_reads_back() {
        let addresses = Addresses::new("https://calls.example.org", &CarrierName::from("main"));
        let token = AttemptToken::from("0af1");
        for key in "0123456789*#".chars().filter_map(Key::new) {
            let address = addresses.again(&token, &Ask::Key { step: 3, key }, PutOff { tries: 2, ms: 9_500 });
            assert!(address.starts_with("https://calls.example.org/carriers/main/voice/0af1/3/key?try=2&key=%"), "{address}");
            assert_eq!(
                read_again(&address),
                Again { put_off: PutOff { tries: 2, ms: 9_500 }, key: Some(key), ..Again::default() }
            );
        }
        let (once, twice) = (PutOff { tries: 1, ms: 0 }, PutOff { tries: 2, ms: 0 });
        let machine = Some(AnsweredBy::MachineEnd);
        let address = addresses.again(&token, &Ask::Answered { answered_by: machine }, once);
        assert_eq!(read_again(&address), Again { put_off: once, answered_by: machine, ..Again::default() });
        let address = addresses.again(&token, &Ask::Fallback { answered_by: None, failed: None }, twice);
        assert!(address.ends_with("/voice/0af1/fallback?try=2"), "{address}");
        let address = addresses.again(&token, &Ask::Fallback { answered_by: None, failed: Some(3) }, twice);
        assert_eq!(read_again(&address), Again { put_off: twice, failed: Some(3), ..Again::default() });
        assert_eq!(read_again("/carriers/main/voice/0af1/3/key"), Again::default());
    }

    #[test]
    fn a_carriers_own_settings_stand_last() {
        let overrides = Overrides { voice: "#rc=2", news: "#rc=5" };
        let addresses = Addresses::new("https://c.example", &CarrierName::from("main")).with(overrides);
        let token = AttemptToken::from("0af1");
        assert_eq!(addresses.of(&token, Hook::Key(3)), "https://c.example/carriers/main/voice/0af1/3/key#rc=2");
        assert_eq!(addresses.of(&token, Hook::Status), "https://c.example/carriers/main/status/0af1#rc=5");
        assert_eq!(addresses.of(&token, Hook::Detection), "https://c.example/carriers/main/amd/0af1#rc=5");
        let again = addresses.again(&token, &Ask::Silence { step: 3 }, PutOff { tries: 2, ms: 0 });
        assert_eq!(again, "https://c.example/carriers/main/voice/0af1/3/silence?try=2#rc=2");
    }

    #[test]
    fn every_address_reads_back() {
        let addresses = Addresses::new("https://calls.example.org/", &CarrierName::from("main"));
        let token = AttemptToken::from("0af1");
        for (hook, want) in [
            (Hook::Answered, "voice/0af1/answered"),
            (Hook::Fallback, "voice/0af1/fallback"),
            (Hook::Key(3), "voice/0af1/3/key"),
            (Hook::Silence(3), "voice/0af1/3/silence"),
            (Hook::Played(12), "voice/0af1/12/played"),
            (Hook::Turned(4), "voice/0af1/4/turned"),
            (Hook::Transferred(5), "voice/0af1/5/transferred"),
            (Hook::Status, "status/0af1"),
            (Hook::Detection, "amd/0af1"),
        ] {
            assert_eq!(addresses.of(&token, hook), format!("https://calls.example.org/carriers/main/{want}"));
            assert_eq!(read(want), Some((token.clone(), hook)), "{want}");
        }
    }

    #[test]
    fn other_paths_are_none_of_ours() {
        for path in ["", "voice", "voice//answered", "voice/t/x/key", "voice/t/-1/key", "voice/t/1/keys", "status/t/", "amd/a%2f"]
        {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
