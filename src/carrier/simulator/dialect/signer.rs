//! How a network signs its webhooks (carriers.md, sections 4, 7 and 8).

use super::Dialect;
use crate::carrier::family::signature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signer as _, SigningKey};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Signs webhooks.
#[derive(Clone)]
pub enum Signer {
    /// HMAC-SHA1 over the URL and the fields.
    Hmac {
        /// The header it stands in.
        header: &'static str,
        /// The key.
        key: SecretString,
    },
    /// Ed25519 over time and body.
    Ed25519(Box<SigningKey>),
}

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No Ed25519 key.
    #[error("the signing key is no Ed25519 key: want 32 bytes in base64")]
    NoEd25519,
}

impl Signer {
    /// The signer of a network. Without a `key` of its own SignalWire signs with the token, and Telnyx with a key that the
    /// token gives; Twilio always signs with the token.
    ///
    /// # Errors
    /// When a key for Telnyx is none.
    pub fn new(dialect: Dialect, token: &SecretString, key: Option<&SecretString>) -> Result<Signer, SignerError> {
        Ok(match dialect {
            Dialect::Twilio => Signer::Hmac { header: "X-Twilio-Signature", key: token.clone() },
            Dialect::SignalWire => Signer::Hmac { header: "X-SignalWire-Signature", key: key.unwrap_or(token).clone() },
            Dialect::Telnyx => Signer::Ed25519(Box::new(match key {
                Some(key) => {
                    let bytes = STANDARD.decode(key.expose_secret()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                    SigningKey::from_bytes(&bytes.ok_or(SignerError::NoEd25519)?)
                }
                None => SigningKey::from_bytes(&Sha256::digest(token.expose_secret().as_bytes()).into()),
            })),
        })
    }

    /// A stranger's: it signs the same way with a key that nobody knows.
    pub fn stranger(&self, chance: &crate::chance::Chance) -> Signer {
        match self {
            Signer::Hmac { header, .. } => Signer::Hmac { header, key: SecretString::from(chance.hex(16)) },
            Signer::Ed25519(_) => {
                let mut seed = [0; 32];
                seed.copy_from_slice(&chance.bytes(32));
                Signer::Ed25519(Box::new(SigningKey::from_bytes(&seed)))
            }
        }
    }

    /// What others check with, where it may be known: base64 of 32 bytes.
    pub fn public_key(&self) -> Option<String> {
        match self {
            Signer::Hmac { .. } => None,
            Signer::Ed25519(key) => Some(STANDARD.encode(key.verifying_key().as_bytes())),
        }
    }

    /// The headers of a request to `url` (without a fragment) with these fields and this raw body.
    pub fn headers(&self, url: &str, fields: &[(String, String)], body: &str, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
        match self {
            Signer::Hmac { header, key } => vec![(*header, signature::sign(key, url, fields))],
            Signer::Ed25519(key) => {
                let time = now.timestamp().to_string();
                let signed = key.sign(format!("{time}|{body}").as_bytes());
                vec![("telnyx-timestamp", time), ("telnyx-signature-ed25519", STANDARD.encode(signed.to_bytes()))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    fn now() -> DateTime<Utc> {
        "2026-11-27T15:00:00Z".parse().expect("a time")
    }

    #[test]
    fn each_header_has_its_name() {
        let (token, key) = (SecretString::from("12345"), SecretString::from("signing"));
        let fields = [("CallSid".to_string(), "CA1".to_string())];
        let names = |dialect, key| {
            let signer = Signer::new(dialect, &token, key).expect("a signer");
            signer.headers("http://h/x", &fields, "CallSid=CA1", now()).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(Dialect::Twilio, Some(&key)), ["X-Twilio-Signature"]);
        assert_eq!(names(Dialect::SignalWire, Some(&key)), ["X-SignalWire-Signature"]);
        assert_eq!(names(Dialect::Telnyx, None), ["telnyx-timestamp", "telnyx-signature-ed25519"]);
        let signed_by = |dialect, key| {
            Signer::new(dialect, &token, key).expect("a signer").headers("http://h/x", &fields, "", now())[0].1.clone()
        };
        assert_eq!(signed_by(Dialect::Twilio, Some(&key)), signature::sign(&token, "http://h/x", &fields));
        assert_eq!(signed_by(Dialect::SignalWire, Some(&key)), signature::sign(&key, "http://h/x", &fields));
    }

    #[test]
    fn a_body_is_signed_with_its_time() {
        let signer = Signer::new(Dialect::Telnyx, &SecretString::from("key"), None).expect("a signer");
        let headers = signer.headers("http://h/x", &[], "CallSid=v3%3Ax", now());
        let public: [u8; 32] =
            STANDARD.decode(signer.public_key().expect("a key")).expect("base64").try_into().expect("32 bytes");
        let given: [u8; 64] = STANDARD.decode(&headers[1].1).expect("base64").try_into().expect("64 bytes");
        let signed = format!("{}|CallSid=v3%3Ax", headers[0].1);
        let key = VerifyingKey::from_bytes(&public).expect("a key");
        key.verify(signed.as_bytes(), &Signature::from_bytes(&given)).expect("its own signature");
        assert_eq!(headers[0].1, now().timestamp().to_string());
    }

    #[test]
    fn a_key_that_is_none_says_what_it_wants() {
        let bad = Signer::new(Dialect::Telnyx, &SecretString::from("t"), Some(&SecretString::from("short")));
        assert_eq!(bad.err(), Some(SignerError::NoEd25519));
        assert_eq!(SignerError::NoEd25519.to_string(), "the signing key is no Ed25519 key: want 32 bytes in base64");
    }
}
