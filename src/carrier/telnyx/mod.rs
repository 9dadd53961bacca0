//! Telnyx's TeXML: Twilio's documents and events, its own REST fields and its own signature (carriers.md, section 8). The
//! answer to a create need not hold an id: a call is known by the token in its addresses, and its id comes with the first
//! webhook.
//!
//! Never here: what Twilio does as well. Start reading at [`PROFILE`]; `signature` says what is believed, and why a webhook
//! counts for the call its body names alone.

mod refusal;
mod signature;

use crate::carrier::family::account::Account;
use crate::carrier::family::addresses::Overrides;
use crate::carrier::family::create::Field;
use crate::carrier::family::profile::{BodyKind, Events, LoginKind, Profile, Unit, Value};
use crate::carrier::kind::{Access, Holds, Kind, OwnKey};
use crate::carrier::{Carrier, Settings, SettingsError};
use signature::{PublicKeys, read_key};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Where Telnyx' API is.
pub const API_URL: &str = "https://api.telnyx.com/v2";

/// Telnyx.
pub static KIND: Kind = Kind {
    word: "telnyx",
    is_real: true,
    access: Access { url: "api_url", own_url: Some(API_URL), account: "account", token: "auth_token", stand_in: None },
    keys: &[
        OwnKey { name: "public_key", holds: Holds::Checked(is_a_key), required: true },
        OwnKey { name: "application", holds: Holds::Text, required: false },
    ],
    make: Some(make),
};

/// What differs from the others.
pub static PROFILE: Profile = Profile {
    root: &["texml"],
    suffix: "",
    login: LoginKind::Bearer,
    created: &[200],
    // JSON is the one body that its reference documents for a create; a change of a live call is documented as a form.
    create_body: BodyKind::Json,
    events: Events::Joined,
    url_method: "UrlMethod",
    // The fallback address is asked with the method of Url.
    fallback_method: false,
    ring_s: 5..=120,
    time_limit_s: Some(30..=14_400),
    detection_timeout: Unit::Milliseconds,
    with_detection: &[
        // The carrier's own choice, named so that an account's setting cannot change what the verdicts mean.
        ("DetectionMode", Value::Text(Cow::Borrowed("Regular"))),
        // A verdict tells us something; it must not cut what a person is listening to. We turn the call ourselves.
        ("CancelPlaybackOnMachineDetection", Value::Flag(false)),
        ("CancelPlaybackOnDetectMessageEnd", Value::Flag(false)),
    ],
    // Its parameter for a day is written in two ways in its own documents, and an unknown one would hide or show everything.
    page_size: "50",
    // It reads none from an address.
    overrides: Overrides { voice: "", news: "" },
    // It names no number: an answer within the strictest of the others' budgets is in time.
    patience: Duration::from_secs(5),
    refusal: refusal::sort,
};

/// A Telnyx account as a [`Carrier`].
pub type TelnyxCarrier = Account<PublicKeys>;

impl Account<PublicKeys> {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// What [`Account::open`] refuses, and a public key that is none or weak.
    pub fn new(settings: Settings) -> Result<TelnyxCarrier, SettingsError> {
        let texts = settings.own.texts("public_key");
        if texts.is_empty() {
            return Err(settings.wrong("public_key", "want the account's public key, from its portal"));
        }
        let keys = texts.iter().map(|text| read_key(text)).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|fault| settings.wrong("public_key", fault))?;
        let application = settings.own.texts("application").first().cloned();
        let application = application.map(|id| -> Field { ("ApplicationSid", Value::Text(id.into())) });
        Ok(Account::open(settings, &PROFILE, None, PublicKeys(keys))?.always_with(application))
    }
}

fn is_a_key(text: &str) -> Result<(), &'static str> {
    read_key(text).map(drop)
}

fn make(settings: Settings) -> Result<Arc<dyn Carrier>, SettingsError> {
    Ok(Arc::new(TelnyxCarrier::new(settings)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::settings::{Own, OwnValue};
    use crate::carrier::{Detection, Page, PlaceCall};
    use crate::core::call::Then;
    use crate::core::domain::PhoneNumber;
    use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
    use serde_json::json;

    const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn settings(public_key: &str, application: Option<&str>) -> Settings {
        let mut own = Own::default();
        own.set("public_key", OwnValue::Texts(vec![public_key.to_string()]));
        if let Some(application) = application {
            own.set("application", OwnValue::Texts(vec![application.to_string()]));
        }
        Settings {
            name: CarrierName::from("third"),
            api_url: API_URL.into(),
            account: "5b8a5e5c-95f3-4a0c-9f5a-0f5d1c0a7a11".into(),
            auth_tokens: vec!["secret".into()],
            from: PhoneNumber::parse("+16175550100").expect("a number"),
            public_url: "https://calls.example.org".into(),
            answering_machine: Detection::Async,
            request_timeout: Duration::from_secs(10),
            within: None,
            own,
        }
    }

    fn carrier() -> TelnyxCarrier {
        TelnyxCarrier::new(settings(KEY, None)).expect("sound settings")
    }

    fn call(ring_timeout_s: u32, time_limit_s: u32) -> PlaceCall {
        PlaceCall {
            attempt: AttemptId::from("a1"),
            token: AttemptToken::from("tok"),
            to: PhoneNumber::parse("+16175550101").expect("a number"),
            ring_timeout_s,
            time_limit_s,
        }
    }

    fn body(carrier: &TelnyxCarrier, call: &PlaceCall) -> serde_json::Value {
        carrier.fields(call).iter().map(|(name, value)| (name.to_string(), value.in_json())).collect()
    }

    #[test]
    fn a_call_is_asked_for_in_its_words() {
        let base = "https://calls.example.org/carriers/third";
        let want = json!({
            "To": "+16175550101",
            "From": "+16175550100",
            "Url": format!("{base}/voice/tok/answered"),
            "UrlMethod": "POST",
            "FallbackUrl": format!("{base}/voice/tok/fallback"),
            "StatusCallback": format!("{base}/status/tok"),
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": "initiated ringing answered completed",
            "Timeout": 30,
            "TimeLimit": 300,
            "MachineDetection": "DetectMessageEnd",
            "MachineDetectionTimeout": 30_000,
            "DetectionMode": "Regular",
            "CancelPlaybackOnMachineDetection": false,
            "CancelPlaybackOnDetectMessageEnd": false,
            "AsyncAmd": true,
            "AsyncAmdStatusCallback": format!("{base}/amd/tok"),
            "AsyncAmdStatusCallbackMethod": "POST",
        });
        assert_eq!(body(&carrier(), &call(30, 300)), want);
    }

    #[test]
    fn its_limits_are_kept_and_its_application_named() {
        for (ring, limit, want) in [(3, 20, (5, 30)), (120, 14_400, (120, 14_400)), (600, 20_000, (120, 14_400))] {
            let body = body(&carrier(), &call(ring, limit));
            assert_eq!((&body["Timeout"], &body["TimeLimit"]), (&json!(want.0), &json!(want.1)), "{ring} {limit}");
        }
        let with = TelnyxCarrier::new(settings(KEY, Some("1773070540731319841"))).expect("sound settings");
        assert_eq!(body(&with, &call(30, 300))["ApplicationSid"], "1773070540731319841");
    }

    #[test]
    fn keys_that_prove_nothing_are_refused_at_the_start() {
        let weak = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for key in ["", "hm", weak, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ=="] {
            let error = TelnyxCarrier::new(settings(key, None)).err().expect("no key").to_string();
            assert!(error.starts_with("carriers.third.public_key: "), "{error}");
        }
        let mut none = settings(KEY, None);
        none.own = Own::default();
        assert!(TelnyxCarrier::new(none).is_err());
    }

    #[test]
    fn its_documents_carry_no_settings_and_nothing_it_does_not_know() {
        for then in [Then::Gather { timeout_s: 5 }, Then::Continue, Then::HangUp] {
            let page = Page { step: 2, audio: vec!["https://c.example/a.wav".into()], then };
            let body = carrier().document(&AttemptToken::from("tok"), &page).body;
            for word in ["#", "Pause", "actionOnEmptyResult", "bargeIn"] {
                assert!(!body.contains(word), "{word}: {body}");
            }
        }
    }
}
