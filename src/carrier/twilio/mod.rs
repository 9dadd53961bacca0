//! Twilio, and whoever speaks exactly as it does: REST to place and turn calls, signed form posts to hear of them,
//! documents to answer with (carriers.md, sections 1 to 6). The simulator is one of those.
//!
//! Never here: retries, the store, what is said. Start reading at [`PROFILE`]; `signature` says what is believed.

mod signature;

pub use crate::carrier::{Detection, Settings as TwilioSettings, SettingsError};

use crate::carrier::family::account::Account;
use crate::carrier::family::addresses::Overrides;
use crate::carrier::family::client::Login;
use crate::carrier::family::profile::{BodyKind, Events, LoginKind, Profile, Unit};
use crate::carrier::family::refusal;
use crate::carrier::kind::{Access, Holds, Kind, OwnKey};
use crate::carrier::{Carrier, Settings};
use signature::Tokens;
use std::sync::Arc;
use std::time::Duration;

/// Where Twilio's API is.
pub const API_URL: &str = "https://api.twilio.com";

/// Twilio.
pub static KIND: Kind = Kind {
    word: "twilio",
    is_real: true,
    access: Access { url: "api_url", own_url: Some(API_URL), account: "account", token: "auth_token", stand_in: None },
    keys: KEYS,
    make: Some(make),
};

/// The simulated telephone network, which speaks Twilio's words.
pub static SIMULATED: Kind = Kind {
    word: "simulator",
    is_real: false,
    access: Access {
        url: "api_url",
        own_url: Some("http://127.0.0.1:8090"),
        account: "account",
        token: "auth_token",
        stand_in: Some(("ACsimulator", "simulator")),
    },
    keys: &[],
    make: Some(make),
};

const KEYS: &[OwnKey] = &[
    OwnKey { name: "api_key", holds: Holds::Text, required: false },
    OwnKey { name: "api_secret", holds: Holds::Secrets, required: false },
    OwnKey { name: "shared_keys", holds: Holds::NamedSecrets, required: false },
];

/// What differs from the others.
pub static PROFILE: Profile = Profile {
    root: &["2010-04-01"],
    suffix: ".json",
    login: LoginKind::Basic,
    created: &[201],
    create_body: BodyKind::Form,
    events: Events::Repeated,
    url_method: "Method",
    fallback_method: true,
    ring_s: 1..=600,
    time_limit_s: Some(1..=86_400),
    detection_timeout: Unit::Seconds,
    with_detection: &[],
    page_size: "200",
    overrides: Overrides {
        // Somebody is on the line. We answer within three seconds, so five without an answer mean that it is lost; asking
        // again is harmless (the stored answer is given again). Two more tries, all inside the fifteen seconds that a voice
        // webhook may take at most, and then the fallback address. A 4xx would be the same again.
        voice: "#ct=2000&rt=5000&tt=14000&rc=2&rp=5xx,ct,rt",
        // Nobody waits, and news that is lost has to be asked for: all the tries there are.
        news: "#ct=5000&rt=10000&tt=15000&rc=5&rp=5xx,ct,rt",
    },
    patience: Duration::from_secs(15),
    refusal: refusal::sort,
};

/// A Twilio account as a [`Carrier`].
pub type TwilioCarrier = Account<Tokens>;

impl Account<Tokens> {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// What [`Account::open`] refuses, and half of an API key.
    pub fn new(settings: Settings) -> Result<TwilioCarrier, SettingsError> {
        // Requests may be made with an API key; webhooks are signed with the account's own token also then.
        let login = match (settings.own.texts("api_key").first(), settings.own.secrets("api_secret").first()) {
            (Some(key), Some(secret)) => Some(Login::Basic { user: key.clone(), secret: secret.clone() }),
            (None, None) => None,
            (Some(_), None) => return Err(settings.wrong("api_secret", "want the secret of api_key")),
            (None, Some(_)) => return Err(settings.wrong("api_key", "want the id of the key (SK…) that api_secret is for")),
        };
        let signer =
            Tokens { auth_tokens: settings.auth_tokens.clone(), shared_keys: settings.own.named("shared_keys").to_vec() };
        Account::open(settings, &PROFILE, login, signer)
    }
}

fn make(settings: Settings) -> Result<Arc<dyn Carrier>, SettingsError> {
    Ok(Arc::new(TwilioCarrier::new(settings)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::PlaceCall;
    use crate::carrier::settings::{Own, OwnValue};
    use crate::core::domain::PhoneNumber;
    use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
    use secrecy::SecretString;

    fn settings() -> TwilioSettings {
        TwilioSettings {
            name: CarrierName::from("main"),
            api_url: API_URL.into(),
            account: "AC1".into(),
            auth_tokens: vec![SecretString::from("secret")],
            from: PhoneNumber::parse("+16175550100").expect("a number"),
            public_url: "https://calls.example.org".into(),
            answering_machine: Detection::Async,
            request_timeout: Duration::from_secs(10),
            within: None,
            own: Own::default(),
        }
    }

    fn form(answering_machine: Detection) -> Vec<String> {
        let carrier = TwilioCarrier::new(TwilioSettings { answering_machine, ..settings() }).expect("sound settings");
        let call = PlaceCall {
            attempt: AttemptId::from("a1"),
            token: AttemptToken::from("tok"),
            to: PhoneNumber::parse("+16175550101").expect("a number"),
            ring_timeout_s: 30,
            time_limit_s: 300,
        };
        carrier.fields(&call).iter().map(|(name, value)| format!("{name}={}", value.in_form())).collect()
    }

    #[test]
    fn a_call_is_asked_for_with_every_callback() {
        let base = "https://calls.example.org/carriers/main";
        let (voice, news) = ("#ct=2000&rt=5000&tt=14000&rc=2&rp=5xx,ct,rt", "#ct=5000&rt=10000&tt=15000&rc=5&rp=5xx,ct,rt");
        assert_eq!(
            form(Detection::Async),
            [
                "To=+16175550101",
                "From=+16175550100",
                &format!("Url={base}/voice/tok/answered{voice}"),
                "Method=POST",
                &format!("FallbackUrl={base}/voice/tok/fallback{voice}"),
                "FallbackMethod=POST",
                &format!("StatusCallback={base}/status/tok{news}"),
                "StatusCallbackMethod=POST",
                "Timeout=30",
                "TimeLimit=300",
                "StatusCallbackEvent=initiated",
                "StatusCallbackEvent=ringing",
                "StatusCallbackEvent=answered",
                "StatusCallbackEvent=completed",
                "MachineDetection=DetectMessageEnd",
                "MachineDetectionTimeout=30",
                "AsyncAmd=true",
                &format!("AsyncAmdStatusCallback={base}/amd/tok{news}"),
                "AsyncAmdStatusCallbackMethod=POST",
            ]
        );
    }

    #[test]
    fn detection_may_come_first_or_not_at_all() {
        let has = |detection, name: &str| form(detection).iter().any(|field| field.starts_with(&format!("{name}=")));
        assert!(has(Detection::Sync, "MachineDetection") && !has(Detection::Sync, "AsyncAmd"));
        assert!(!has(Detection::Off, "MachineDetection") && !has(Detection::Off, "AsyncAmd"));
        assert!(!has(Detection::Off, "MachineDetectionTimeout"));
    }

    #[test]
    fn settings_that_cannot_work_say_which_key() {
        let with = |key, value| {
            let mut own = Own::default();
            own.set(key, value);
            TwilioSettings { own, ..settings() }
        };
        for (broken, key) in [
            (TwilioSettings { api_url: "api.twilio.com".into(), ..settings() }, "carriers.main.api_url"),
            (TwilioSettings { public_url: "ftp://x".into(), ..settings() }, "server.public_url"),
            (TwilioSettings { public_url: "https://my_host".into(), ..settings() }, "server.public_url"),
            (TwilioSettings { account: String::new(), ..settings() }, "carriers.main.account"),
            (TwilioSettings { auth_tokens: vec![], ..settings() }, "carriers.main.auth_token"),
            (with("api_key", OwnValue::Texts(vec!["SK1".into()])), "carriers.main.api_secret"),
            (with("api_secret", OwnValue::Secrets(vec!["s".into()])), "carriers.main.api_key"),
        ] {
            let error = TwilioCarrier::new(broken).err().expect("it cannot work").to_string();
            assert!(error.starts_with(&format!("{key}: ")), "{error}");
        }
        assert!(!format!("{:?}", settings()).contains("secret"));
    }
}
