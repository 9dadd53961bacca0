//! What differs from one carrier to the next: paths, names, ranges, ids, fields, signatures, patience. Everything else of
//! the network is the same for all of them. Source: carriers.md, sections 1 to 8.
//!
//! Never here: what a call does. Start reading at [`Dialect`].

mod errors;
mod fields;
mod form;
mod patience;
mod resource;
mod signer;

pub use errors::ApiFault;
pub use fields::{Direction, Ending, Facts};
pub use form::{Form, Range};
pub use patience::{Errand, Patience};
pub use signer::{Signer, SignerError};

use crate::chance::Chance;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::str::FromStr;

/// Whose words a network speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Twilio's.
    #[default]
    Twilio,
    /// SignalWire's compatibility API.
    SignalWire,
    /// Telnyx's TeXML.
    Telnyx,
}

/// A word that names no dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dialect; known are twilio, signalwire, telnyx")]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(word: &str) -> Result<Dialect, UnknownDialect> {
        let known = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == word);
        known.ok_or_else(|| UnknownDialect(word.to_string()))
    }
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 3] = [Dialect::Twilio, Dialect::SignalWire, Dialect::Telnyx];

    /// Its word in commands and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Twilio => "twilio",
            Dialect::SignalWire => "signalwire",
            Dialect::Telnyx => "telnyx",
        }
    }

    /// What stands between the host and [`Dialect::calls_path`]: together with the host, a client's `api_url`.
    pub fn api_path(self) -> &'static str {
        match self {
            Dialect::Twilio => "",
            Dialect::SignalWire => "/api/laml",
            Dialect::Telnyx => "/v2",
        }
    }

    /// Where an account's calls are, below [`Dialect::api_path`], without `.json`.
    pub fn calls_path(self, account: &str) -> String {
        match self {
            Dialect::Twilio | Dialect::SignalWire => format!("/2010-04-01/Accounts/{account}/Calls"),
            Dialect::Telnyx => format!("/texml/Accounts/{account}/Calls"),
        }
    }

    /// Whether `.json` ends a path: Twilio wants it, SignalWire takes both, Telnyx has none.
    pub fn strip_suffix(self, last: &str) -> Option<&str> {
        let bare = last.strip_suffix(".json");
        match self {
            Dialect::Twilio => bare,
            Dialect::SignalWire => Some(bare.unwrap_or(last)),
            Dialect::Telnyx => bare.is_none().then_some(last),
        }
    }

    /// The status of the answer to a request to call that was taken.
    pub fn created(self) -> StatusCode {
        match self {
            Dialect::Twilio => StatusCode::CREATED,
            Dialect::SignalWire | Dialect::Telnyx => StatusCode::OK,
        }
    }

    /// The header that lets an account in.
    pub fn authorization(self, account: &str, token: &str) -> String {
        match self {
            Dialect::Twilio | Dialect::SignalWire => format!("Basic {}", STANDARD.encode(format!("{account}:{token}"))),
            Dialect::Telnyx => format!("Bearer {token}"),
        }
    }

    /// A new call's id.
    pub fn call_id(self, chance: &Chance) -> String {
        match self {
            Dialect::Twilio => format!("CA{}", chance.hex(16)),
            Dialect::SignalWire => {
                let hex = chance.hex(16);
                format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
            }
            // Every sign that has to be escaped somewhere is in each of them.
            Dialect::Telnyx => {
                let half = || URL_SAFE_NO_PAD.encode(chance.bytes(18));
                format!("v3:{}-{}_A", half(), half())
            }
        }
    }

    /// How its webhooks call themselves.
    pub fn user_agent(self) -> &'static str {
        match self {
            Dialect::Twilio => "TwilioProxy/1.1",
            Dialect::SignalWire => "SignalWire",
            Dialect::Telnyx => "telnyx-webhooks",
        }
    }

    /// The status words that one event is told with, in order.
    pub fn words_of(self, status: &'static str) -> &'static [&'static str] {
        match (self, status) {
            // SignalWire tells an answer twice.
            (Dialect::SignalWire, "in-progress") => &["answered", "in-progress"],
            (_, "initiated") => &["initiated"],
            (_, "ringing") => &["ringing"],
            (_, "in-progress") => &["in-progress"],
            (_, "busy") => &["busy"],
            (_, "no-answer") => &["no-answer"],
            (_, "failed") => &["failed"],
            (_, "canceled") => &["canceled"],
            _ => &["completed"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_reads_back() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.as_str().parse(), Ok(dialect));
        }
        let unknown = "vonage".parse::<Dialect>().expect_err("not one of them").to_string();
        assert_eq!(unknown, "`vonage` is no dialect; known are twilio, signalwire, telnyx");
    }

    #[test]
    fn ids_look_like_each_ones_own() {
        let chance = Chance::seeded(3);
        let twilio = Dialect::Twilio.call_id(&chance);
        assert!(twilio.len() == 34 && twilio[2..].bytes().all(|b| b.is_ascii_hexdigit()), "{twilio}");
        let signalwire = Dialect::SignalWire.call_id(&chance);
        let lengths: Vec<usize> = signalwire.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{signalwire}");
        let telnyx = Dialect::Telnyx.call_id(&chance);
        assert!(telnyx.starts_with("v3:") && telnyx.contains('-') && telnyx.contains('_'), "{telnyx}");
    }

    #[test]
    fn paths_and_their_endings() {
        for (dialect, last, want) in [
            (Dialect::Twilio, "CA1.json", Some("CA1")),
            (Dialect::Twilio, "CA1", None),
            (Dialect::SignalWire, "a-b.json", Some("a-b")),
            (Dialect::SignalWire, "a-b", Some("a-b")),
            (Dialect::Telnyx, "v3:x", Some("v3:x")),
            (Dialect::Telnyx, "v3:x.json", None),
        ] {
            assert_eq!(dialect.strip_suffix(last), want, "{dialect:?} {last}");
        }
    }
}
