//! SignalWire's Compatibility API: Twilio's words with differences (carriers.md, section 7). Ids are UUIDs, a create is
//! answered with 200 or 201, an answered call is told of twice, webhooks are signed with a signing key.
//!
//! Never here: what Twilio does as well. Start reading at [`PROFILE`]; `signature` says what is believed.

mod signature;

use crate::carrier::family::account::Account;
use crate::carrier::family::addresses::Overrides;
use crate::carrier::family::profile::{BodyKind, Events, LoginKind, Profile, Unit, Value};
use crate::carrier::family::refusal;
use crate::carrier::kind::{Access, Holds, Kind, OwnKey};
use crate::carrier::{Carrier, Settings, SettingsError};
use signature::SigningKeys;
use std::sync::Arc;
use std::time::Duration;

/// SignalWire. Every customer's space has an address of its own.
pub static KIND: Kind = Kind {
    word: "signalwire",
    is_real: true,
    access: Access { url: "api_url", own_url: None, account: "account", token: "auth_token", stand_in: None },
    keys: &[OwnKey { name: "signing_key", holds: Holds::Secrets, required: false }],
    make: Some(make),
};

/// What differs from the others.
pub static PROFILE: Profile = Profile {
    root: &["2010-04-01"],
    suffix: ".json",
    login: LoginKind::Basic,
    created: &[200, 201],
    create_body: BodyKind::Form,
    events: Events::Repeated,
    url_method: "Method",
    fallback_method: true,
    ring_s: 1..=600,
    // It has no TimeLimit: a call that outlasts its limit is ended by us (`dialer/rescue.rs`).
    time_limit_s: None,
    detection_timeout: Unit::Seconds,
    // Interim verdicts would turn a live call to the voicemail and back.
    with_detection: &[("AsyncAmdPartialResults", Value::Flag(false))],
    page_size: "200",
    overrides: Overrides {
        // It knows no retries here (a voice webhook that fails goes to the fallback address), only how long it waits: a
        // connection two seconds, our answer five, for we answer within three. Its own defaults, said aloud.
        voice: "#ot=2000&rt=5000&tt=15000",
        // News is sent up to three times anyway; nobody waits, so a slow moment of ours need not cost one of them.
        news: "#ot=5000&rt=10000&tt=15000",
    },
    patience: Duration::from_secs(5),
    refusal: refusal::sort,
};

/// A SignalWire project as a [`Carrier`].
pub type SignalWireCarrier = Account<SigningKeys>;

impl Account<SigningKeys> {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// What [`Account::open`] refuses.
    pub fn new(settings: Settings) -> Result<SignalWireCarrier, SettingsError> {
        let own = settings.own.secrets("signing_key");
        let keys = if own.is_empty() { settings.auth_tokens.clone() } else { own.to_vec() };
        Account::open(settings, &PROFILE, None, SigningKeys(keys))
    }
}

fn make(settings: Settings) -> Result<Arc<dyn Carrier>, SettingsError> {
    Ok(Arc::new(SignalWireCarrier::new(settings)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::settings::Own;
    use crate::carrier::{Detection, Page, PlaceCall};
    use crate::core::call::Then;
    use crate::core::domain::PhoneNumber;
    use crate::core::ids::{AttemptId, AttemptToken, CarrierName};

    fn carrier() -> SignalWireCarrier {
        SignalWireCarrier::new(Settings {
            name: CarrierName::from("second"),
            api_url: "https://example.signalwire.com/api/laml".into(),
            account: "3fa85f64-5717-4562-b3fc-2c963f66afa6".into(),
            auth_tokens: vec!["secret".into()],
            from: PhoneNumber::parse("+16175550100").expect("a number"),
            public_url: "https://calls.example.org".into(),
            answering_machine: Detection::Async,
            request_timeout: Duration::from_secs(10),
            within: None,
            own: Own::default(),
        })
        .expect("sound settings")
    }

    #[test]
    fn a_call_is_asked_for_in_its_words() {
        let call = PlaceCall {
            attempt: AttemptId::from("a1"),
            token: AttemptToken::from("tok"),
            to: PhoneNumber::parse("+16175550101").expect("a number"),
            ring_timeout_s: 30,
            time_limit_s: 300,
        };
        let form: Vec<_> = carrier().fields(&call).iter().map(|(name, value)| format!("{name}={}", value.in_form())).collect();
        let base = "https://calls.example.org/carriers/second";
        let (voice, news) = ("#ot=2000&rt=5000&tt=15000", "#ot=5000&rt=10000&tt=15000");
        assert_eq!(
            form,
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
                "StatusCallbackEvent=initiated",
                "StatusCallbackEvent=ringing",
                "StatusCallbackEvent=answered",
                "StatusCallbackEvent=completed",
                "MachineDetection=DetectMessageEnd",
                "MachineDetectionTimeout=30",
                "AsyncAmdPartialResults=false",
                "AsyncAmd=true",
                &format!("AsyncAmdStatusCallback={base}/amd/tok{news}"),
                "AsyncAmdStatusCallbackMethod=POST",
            ]
        );
    }

    #[test]
    fn its_documents_carry_its_settings() {
        let page = Page { step: 2, audio: vec!["https://c.example/a.wav".into()], then: Then::Gather { timeout_s: 5 } };
        let body = carrier().document(&AttemptToken::from("tok"), &page).body;
        let fragment = "#ot=2000&amp;rt=5000&amp;tt=15000";
        assert!(body.contains(&format!("/voice/tok/2/key{fragment}\"")), "{body}");
        assert!(body.contains(&format!("/voice/tok/2/silence{fragment}</Redirect>")), "{body}");
    }
}
