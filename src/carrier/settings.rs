//! What a carrier is made of: what every kind has, and what its own kind asks for beside that.

use crate::core::domain::PhoneNumber;
use crate::core::ids::CarrierName;
use crate::wire::Passage;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What an account with a carrier needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name under `[carriers]`.
    pub name: CarrierName,
    /// Where its API is: the carrier's own address, unless another speaks the same.
    pub api_url: String,
    /// The account's id.
    pub account: String,
    /// The account's tokens, the newest first: that one signs our requests. Where webhooks are signed with them, all are
    /// taken, so that a token can be rotated.
    pub auth_tokens: Vec<SecretString>,
    /// The number patients see.
    pub from: PhoneNumber,
    /// What the carrier calls us by.
    pub public_url: String,
    /// How answering machines are told from people.
    pub answering_machine: Detection,
    /// How long one request may take in all.
    pub request_timeout: Duration,
    /// The way to a carrier within this process, in a simulation; `None`: over HTTP.
    pub within: Option<Arc<dyn Passage>>,
    /// What its kind asks for beside all this.
    pub own: Own,
}

/// How answering machines are told from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detection {
    /// Beside the live message: nobody hears dead air.
    Async,
    /// Before the first word.
    Sync,
    /// Not at all.
    Off,
}

/// The values of the keys that one kind of carrier has for itself, by their names. Secrets print redacted.
#[derive(Debug, Clone, Default)]
pub struct Own(BTreeMap<&'static str, OwnValue>);

/// The value of such a key.
#[derive(Debug, Clone)]
pub enum OwnValue {
    /// Texts: one, or several where the newest comes first.
    Texts(Vec<String>),
    /// Secrets, the newest first.
    Secrets(Vec<SecretString>),
    /// Secrets that have names.
    Named(Vec<(String, SecretString)>),
}

impl Own {
    /// Sets a key.
    pub fn set(&mut self, key: &'static str, value: OwnValue) {
        self.0.insert(key, value);
    }

    /// The texts of a key, none where it is not set.
    pub fn texts(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(OwnValue::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The secrets of a key, none where it is not set.
    pub fn secrets(&self, key: &str) -> &[SecretString] {
        match self.0.get(key) {
            Some(OwnValue::Secrets(secrets)) => secrets,
            _ => &[],
        }
    }

    /// The named secrets of a key, none where it is not set.
    pub fn named(&self, key: &str) -> &[(String, SecretString)] {
        match self.0.get(key) {
            Some(OwnValue::Named(secrets)) => secrets,
            _ => &[],
        }
    }
}

/// Why settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is wrong.
    #[error("{key}: {fault}")]
    Value {
        /// Which key of the configuration.
        key: String,
        /// What is wrong and what would be right.
        fault: &'static str,
    },
    /// The HTTP client cannot be made.
    #[error("carriers.{carrier}: no HTTP client: {source} (are the system's root certificates installed?)")]
    Http {
        /// Which carrier.
        carrier: CarrierName,
        /// Why.
        source: reqwest::Error,
    },
}

impl Settings {
    /// A fault of one of this carrier's keys.
    pub fn wrong(&self, key: &str, fault: &'static str) -> SettingsError {
        SettingsError::Value { key: format!("carriers.{}.{key}", self.name), fault }
    }
}
