//! Which webhooks are SignalWire's: signed with the project's signing key, which is not its API token.

use crate::carrier::family::account::Signer;
use crate::carrier::family::form;
use crate::carrier::family::signature::{self, Payload};
use crate::carrier::{Rejected, WebhookRequest};
use secrecy::SecretString;

/// The project's signing keys: several while one is rotated.
pub struct SigningKeys(pub Vec<SecretString>);

impl Signer for SigningKeys {
    fn believe(&self, public_url: &str, request: &WebhookRequest<'_>) -> Result<Vec<(String, String)>, Rejected> {
        let given = (request.header)("x-signalwire-signature").filter(|given| !given.is_empty());
        let given = given.ok_or(Rejected::BadSignature("the X-SignalWire-Signature header is missing"))?;
        let url = format!("{}{}", public_url.trim_end_matches('/'), request.path_and_query);
        let is_form = form::is_form(request);
        let fields = if is_form { form::pairs(request.body) } else { Vec::new() };
        let holds = match (is_form, request.body.is_empty()) {
            (true, _) => signature::verify(&self.0, &given, &url, Payload::Form(&fields)),
            (false, true) => signature::verify(&self.0, &given, &url, Payload::None),
            (false, false) => signature::verify_raw(&self.0, &given, &url, request.body),
        };
        if holds {
            Ok(fields)
        } else {
            Err(Rejected::BadSignature(
                "the signature does not fit: is public_url the address the carrier calls, and signing_key the project's?",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    const URL: &str = "https://calls.example.org/carriers/second/status/t";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn judge(body: &str, kind: &str, header_name: &str, given: &str) -> Result<usize, Rejected> {
        let header = |name: &str| match name {
            "content-type" => Some(kind.to_string()),
            name if name == header_name => Some(given.to_string()),
            _ => None,
        };
        let request = WebhookRequest {
            method: "POST",
            path: "status/t",
            path_and_query: "/carriers/second/status/t",
            header: &header,
            body: body.as_bytes(),
            now: DateTime::UNIX_EPOCH,
        };
        let keys = SigningKeys(vec!["PSKold".into(), "PSKnew".into()]);
        keys.believe("https://calls.example.org/", &request).map(|fields| fields.len())
    }

    #[test]
    fn forms_and_other_bodies_are_signed_in_two_ways() {
        let (form, json) = ("CallStatus=answered&HangupBy=callee", r#"{"CallStatus":"answered"}"#);
        let header = "x-signalwire-signature";
        for key in ["PSKold", "PSKnew"] {
            let key = SecretString::from(key);
            let of_form = signature::sign(&key, URL, &form::pairs(form.as_bytes()));
            let of_json = signature::sign_raw(&key, URL, json.as_bytes());
            assert_eq!(judge(form, FORM, header, &of_form), Ok(2));
            assert_eq!(judge(json, "application/json", header, &of_json), Ok(0));
            assert!(judge(&form.replace("callee", "caller"), FORM, header, &of_form).is_err());
            assert!(judge(&json.replace("answered", "busy"), "application/json", header, &of_json).is_err());
            assert!(judge(form, FORM, "x-twilio-signature", &of_form).is_err(), "another carrier's header");
            assert!(judge(form, "text/plain", header, &of_form).is_err(), "a form is one by its type");
            assert!(judge(form, FORM, header, "").is_err());
        }
        let stranger = signature::sign(&SecretString::from("the API token"), URL, &form::pairs(form.as_bytes()));
        assert!(judge(form, FORM, header, &stranger).is_err());
    }
}
