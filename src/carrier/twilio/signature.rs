//! Which webhooks are Twilio's: signed with an auth token, or with a shared key that the configuration names.

use crate::carrier::family::account::Signer;
use crate::carrier::family::form;
use crate::carrier::family::signature::{self, Payload};
use crate::carrier::{Rejected, WebhookRequest};
use secrecy::SecretString;

/// The one algorithm that a shared key is taken with.
const ALGORITHM: &str = "HMAC_SHA256";

/// What Twilio's webhooks are signed with.
pub struct Tokens {
    /// The account's tokens: several while one is rotated.
    pub auth_tokens: Vec<SecretString>,
    /// Shared keys by their ids.
    pub shared_keys: Vec<(String, SecretString)>,
}

impl Signer for Tokens {
    fn believe(&self, public_url: &str, request: &WebhookRequest<'_>) -> Result<Vec<(String, String)>, Rejected> {
        let header = request.header;
        let given = header("x-twilio-signature").filter(|given| !given.is_empty());
        let given = given.ok_or(Rejected::BadSignature("the X-Twilio-Signature header is missing"))?;
        let url = format!("{}{}", public_url.trim_end_matches('/'), request.path_and_query);
        let is_form = form::is_form(request);
        let fields = if is_form { form::pairs(request.body) } else { Vec::new() };
        let payload = match (is_form, request.body.is_empty()) {
            (true, _) => Payload::Form(&fields),
            (false, true) => Payload::None,
            (false, false) => Payload::Raw(request.body),
        };
        let holds = match header("x-twilio-webhooks-signature-settings") {
            None => signature::verify(&self.auth_tokens, &given, &url, payload),
            Some(settings) => signature::verify_sha256(self.shared_key(&settings)?, &given, &url, payload),
        };
        if holds {
            Ok(fields)
        } else {
            Err(Rejected::BadSignature(
                "the signature does not fit: is public_url the address the carrier calls, and the auth token (or the shared \
                 key) right?",
            ))
        }
    }
}

impl Tokens {
    /// The key that the header names. The header is not signed: it chooses among our keys alone, never the algorithm, and a
    /// key it does not know how to name is none.
    fn shared_key(&self, settings: &str) -> Result<&SecretString, Rejected> {
        let value = |name: &str| {
            let mut values = settings.split(',').filter_map(|part| part.trim().split_once('=')).filter(|(key, _)| *key == name);
            // Twice the same name is no answer.
            values.next().map(|(_, value)| value).filter(|_| values.next().is_none())
        };
        if value("algorithm") != Some(ALGORITHM) {
            return Err(Rejected::BadSignature("signed with a shared key by an algorithm that is not HMAC_SHA256"));
        }
        let named = value("key").and_then(|id| self.shared_keys.iter().find(|(known, _)| known == id));
        named.map(|(_, secret)| secret).ok_or(Rejected::BadSignature(
            "signed with a shared key that is not configured: add it under shared_keys, or let the account sign with its auth \
             token",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    const PUBLIC: &str = "https://calls.example.org";
    const PATH: &str = "/carriers/main/status/t";
    const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
    const BODY: &str = "CallSid=CA1&CallStatus=ringing&ToCity=K%C3%B6ln";

    fn tokens() -> Tokens {
        Tokens {
            auth_tokens: vec!["old".into(), "new".into()],
            shared_keys: vec![("webhooks_sharedkey_1".into(), "shared".into())],
        }
    }

    /// What comes of a request with these headers.
    fn judge(method: &str, body: &str, kind: &str, headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let header = |name: &str| {
            let mut all = headers.iter().copied().chain([("content-type", kind)]);
            all.find(|(given, value)| *given == name && !value.is_empty()).map(|(_, value)| value.to_string())
        };
        let request = WebhookRequest {
            method,
            path: "status/t",
            path_and_query: PATH,
            header: &header,
            body: body.as_bytes(),
            now: DateTime::UNIX_EPOCH,
        };
        match tokens().believe(PUBLIC, &request) {
            Ok(_) => Ok(()),
            Err(Rejected::BadSignature(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn signed(secret: &str) -> String {
        signature::sign(&SecretString::from(secret), &format!("{PUBLIC}{PATH}"), &form::pairs(BODY.as_bytes()))
    }

    #[test]
    fn what_is_not_signed_is_not_believed() {
        assert_eq!(judge("POST", BODY, FORM, &[("x-twilio-signature", &signed("new"))]), Ok(()));
        assert_eq!(judge("POST", BODY, FORM, &[("x-twilio-signature", &signed("old"))]), Ok(()), "a token under rotation");
        let missing = Err("the X-Twilio-Signature header is missing");
        assert_eq!(judge("POST", BODY, FORM, &[]), missing);
        assert_eq!(judge("POST", BODY, FORM, &[("x-twilio-signature", "")]), missing);
        for (what, body, kind, signer) in [
            ("a stranger's", BODY, FORM, "stranger"),
            ("a changed value", "CallSid=CA1&CallStatus=busy&ToCity=K%C3%B6ln", FORM, "new"),
            ("a field more", "CallSid=CA1&CallStatus=ringing&ToCity=K%C3%B6ln&x=", FORM, "new"),
            ("a body that no signature covers", BODY, "text/plain", "new"),
        ] {
            assert!(judge("POST", body, kind, &[("x-twilio-signature", &signed(signer))]).is_err(), "{what}");
        }
    }

    #[test]
    fn a_shared_key_is_taken_by_its_name_and_by_one_algorithm() {
        let url = format!("{PUBLIC}{PATH}");
        let given = signature::sign_sha256(&SecretString::from("shared"), &url, &form::pairs(BODY.as_bytes()));
        let judge = |settings: &str, given: &str| {
            judge("POST", BODY, FORM, &[("x-twilio-signature", given), ("x-twilio-webhooks-signature-settings", settings)])
        };
        assert_eq!(judge("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", &given), Ok(()));
        assert_eq!(judge("algorithm=HMAC_SHA256, key=webhooks_sharedkey_1", &given), Ok(()));
        for (settings, part) in [
            ("key=webhooks_sharedkey_2,algorithm=HMAC_SHA256", "not configured"),
            ("algorithm=HMAC_SHA256", "not configured"),
            ("key=,algorithm=HMAC_SHA256", "not configured"),
            ("key=webhooks_sharedkey_1,key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "not configured"),
            ("key=webhooks_sharedkey_1,algorithm=none", "algorithm"),
            ("key=webhooks_sharedkey_1,algorithm=SHA256", "algorithm"),
            ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", "algorithm"),
            ("key=webhooks_sharedkey_1", "algorithm"),
            ("hm", "algorithm"),
        ] {
            let why = judge(settings, &given).expect_err(settings);
            assert!(why.contains(part), "{settings}: {why}");
        }
        let with_token = signed("new");
        assert!(judge("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", &with_token).is_err(), "the header says what signed");
    }
}
