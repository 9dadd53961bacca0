//! Which webhooks are Telnyx': Ed25519 over `{timestamp}|{raw body}` with the account's key. The address is not covered: a
//! true webhook could be sent again to another of our addresses, so it counts for the call that its body names alone
//! (`live_call` compares them, whatever the carrier), and a request without a body proves nothing.

use crate::carrier::family::account::Signer;
use crate::carrier::family::form;
use crate::carrier::{Rejected, WebhookRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

/// How far a webhook's time may lie from ours, in seconds, before and after.
const TOLERANCE_S: i64 = 300;

/// The account's public keys: several while one is rotated.
pub struct PublicKeys(pub Vec<VerifyingKey>);

/// Reads a public key.
///
/// # Errors
/// What would be right: it is no key, or one under which anybody can sign.
pub fn read_key(text: &str) -> Result<VerifyingKey, &'static str> {
    const WANTED: &str = "want the carrier's public key: 32 bytes in base64";
    let bytes = STANDARD.decode(text.trim()).map_err(|_| WANTED)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| WANTED)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "these 32 bytes are no Ed25519 key: copy it again")?;
    if key.is_weak() { Err("this key is weak: anybody could sign under it; copy the account's own") } else { Ok(key) }
}

impl Signer for PublicKeys {
    fn believe(&self, _: &str, request: &WebhookRequest<'_>) -> Result<Vec<(String, String)>, Rejected> {
        let no = |why| Err(Rejected::BadSignature(why));
        let header = |name: &str| (request.header)(name).filter(|given| !given.is_empty());
        if !request.method.eq_ignore_ascii_case("POST") || request.body.is_empty() {
            return no("the signature covers the body alone, and this request has none: let the carrier send POSTs");
        }
        let Some(given) = header("telnyx-signature-ed25519") else {
            return no("the telnyx-signature-ed25519 header is missing");
        };
        let Some(timestamp) = header("telnyx-timestamp") else { return no("the telnyx-timestamp header is missing") };
        // Digits alone: what is signed is the text, and only one text should mean a moment.
        let seconds = timestamp.bytes().all(|byte| byte.is_ascii_digit()).then(|| timestamp.parse::<i64>().ok()).flatten();
        let Some(seconds) = seconds else { return no("the telnyx-timestamp header is no time") };
        if request.now.timestamp().abs_diff(seconds) > TOLERANCE_S as u64 {
            return no("it was signed more than five minutes from now: is this computer's clock right?");
        }
        let signature = STANDARD.decode(&given).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let Some(signature) = signature else { return no("the signature is not 64 bytes in base64") };
        let signed = [timestamp.as_bytes(), b"|", request.body].concat();
        if !self.0.iter().any(|key| key.verify_strict(&signed, &signature).is_ok()) {
            return no("the signature does not fit: is public_key the account's?");
        }
        Ok(if form::is_form(request) { form::pairs(request.body) } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    const NOW: i64 = 1_795_791_605;
    const BODY: &str = "CallSid=v3%3AMdI91X4l-WFEs7Ig_bBEOT9M4A&CallStatus=ringing&Timestamp=2026-11-27+15%3A00%3A05Z";

    fn signing_key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn sign(key: &SigningKey, timestamp: &str, body: &[u8]) -> String {
        STANDARD.encode(key.sign(&[timestamp.as_bytes(), b"|", body].concat()).to_bytes())
    }

    /// What comes of a request with this body, signature and timestamp at [`NOW`].
    fn judge(method: &str, body: &[u8], signature: &str, timestamp: &str) -> Result<usize, &'static str> {
        let header = |name: &str| match name {
            "content-type" => Some("application/x-www-form-urlencoded".to_string()),
            "telnyx-signature-ed25519" => Some(signature.to_string()),
            "telnyx-timestamp" => Some(timestamp.to_string()),
            _ => None,
        };
        let request = WebhookRequest {
            method,
            path: "status/t",
            path_and_query: "/carriers/third/status/t",
            header: &header,
            body,
            now: DateTime::from_timestamp(NOW, 0).expect("a time"),
        };
        let keys = PublicKeys(vec![SigningKey::from_bytes(&[9; 32]).verifying_key(), signing_key().verifying_key()]);
        match keys.believe("https://calls.example.org", &request) {
            Ok(fields) => Ok(fields.len()),
            Err(Rejected::BadSignature(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn refused(judged: Result<usize, &'static str>, part: &str) {
        let why = judged.expect_err(part);
        assert!(why.contains(part), "{part}: {why}");
    }

    /// RFC 8032, section 7.1, test 3: that it is this signature, and that our reading of keys is the common one.
    #[test]
    fn a_published_vector_holds() {
        let key = read_key("/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=").expect("a key");
        let signature: Vec<u8> = (0..64)
            .map(|at| {
                let hex = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                           18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
                u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")
            })
            .collect();
        let signature = Signature::from_slice(&signature).expect("64 bytes");
        assert!(key.verify_strict(&[0xaf, 0x82], &signature).is_ok());
        assert!(key.verify_strict(&[0xaf, 0x83], &signature).is_err());
    }

    #[test]
    fn the_time_is_signed_and_must_be_near() {
        let body = BODY.as_bytes();
        let at = |seconds: i64| {
            let timestamp = (NOW + seconds).to_string();
            judge("POST", body, &sign(&signing_key(), &timestamp, body), &timestamp)
        };
        for near in [-300, -299, 0, 300] {
            assert_eq!(at(near), Ok(3), "{near}");
        }
        for far in [-301, 301, -86_400] {
            refused(at(far), "five minutes");
        }
        let (then, now) = ((NOW - 10).to_string(), NOW.to_string());
        refused(judge("POST", body, &sign(&signing_key(), &then, body), &now), "does not fit");
        for bad in ["soon", "-5", "+1795791605", "1795791605 ", "99999999999999999999", "1795791605.5"] {
            refused(judge("POST", body, &sign(&signing_key(), bad, body), bad), "no time");
        }
    }

    #[test]
    fn what_proves_nothing_is_not_believed() {
        let (body, now) = (BODY.as_bytes(), NOW.to_string());
        let good = sign(&signing_key(), &now, body);
        assert_eq!(judge("POST", body, &good, &now), Ok(3));
        refused(judge("POST", body, "", &now), "telnyx-signature-ed25519 header is missing");
        refused(judge("POST", body, &good, ""), "telnyx-timestamp header is missing");
        refused(judge("GET", body, &good, &now), "let the carrier send POSTs");
        refused(judge("POST", b"", &sign(&signing_key(), &now, b""), &now), "let the carrier send POSTs");
        refused(judge("POST", body, "AAAA", &now), "64 bytes");
        refused(judge("POST", body, "no base64!", &now), "64 bytes");
        refused(judge("POST", body, &sign(&SigningKey::from_bytes(&[1; 32]), &now, body), &now), "does not fit");
        // Without the line between: `17957916` and `05CallSid` would be one text with another time.
        let glued = STANDARD.encode(signing_key().sign(&[now.as_bytes(), body].concat()).to_bytes());
        refused(judge("POST", body, &glued, &now), "does not fit");
    }

    #[test]
    fn keys_under_which_anybody_can_sign_are_refused() {
        assert!(read_key("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").is_ok());
        // The points of small order, in their canonical forms.
        let mut small = vec![[0; 32], [0; 32], [0xff; 32]];
        small[1][0] = 1;
        small[2][0] = 0xec;
        small[2][31] = 0x7f;
        for bytes in small {
            assert!(read_key(&STANDARD.encode(bytes)).err().is_some_and(|why| why.contains("weak")), "{bytes:?}");
        }
        for bad in ["", "hm", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ=="] {
            assert!(read_key(bad).err().is_some_and(|why| why.contains("32 bytes")), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8u32) {
            let now = NOW.to_string();
            let good = sign(&signing_key(), &now, BODY.as_bytes());
            let mut body = BODY.as_bytes().to_vec();
            let place = at.index(body.len());
            body[place] ^= 1 << bit;
            prop_assert!(judge("POST", &body, &good, &now).is_err());
            let mut signature = STANDARD.decode(&good).expect("base64");
            let place = at.index(signature.len());
            signature[place] ^= 1 << bit;
            prop_assert!(judge("POST", BODY.as_bytes(), &STANDARD.encode(signature), &now).is_err());
        }
    }
}
