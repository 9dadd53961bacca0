//! Twilio, and whoever speaks exactly as it does: REST to place and turn calls, signed form posts to hear of them,
//! documents to answer with (carriers.md, sections 1 to 6).
//!
//! Never here: retries, the store, what is said. Start reading at [`TwilioCarrier`].

use crate::carrier::family::addresses::{Addresses, Hook};
use crate::carrier::family::client::Client;
use crate::carrier::family::{document, webhook};
use crate::carrier::{
    Ask, Carrier, CarrierCall, CarrierError, Document, Page, PlaceCall, Placed, Rejected, Webhook, WebhookRequest,
};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptToken, CarrierName};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::SecretString;
use std::time::Duration;

/// Where Twilio's API is.
pub const API_URL: &str = "https://api.twilio.com";

/// What a Twilio account needs.
#[derive(Debug, Clone)]
pub struct TwilioSettings {
    /// Its name under `[carriers]`.
    pub name: CarrierName,
    /// What stands before `/2010-04-01`; [`API_URL`] unless another speaks the same.
    pub api_url: String,
    /// The account's id.
    pub account: String,
    /// The account's auth tokens: the first signs our requests, all are taken as signers of webhooks, so that a token
    /// can be rotated.
    pub auth_tokens: Vec<SecretString>,
    /// The number patients see.
    pub from: PhoneNumber,
    /// What the carrier calls us by.
    pub public_url: String,
    /// How answering machines are told from people.
    pub answering_machine: Detection,
    /// How long one request may take in all.
    pub request_timeout: Duration,
}

/// How answering machines are told from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// Beside the live message: nobody hears dead air.
    Async,
    /// Before the first word.
    Sync,
    /// Not at all.
    Off,
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

/// A Twilio account as a [`Carrier`].
pub struct TwilioCarrier {
    settings: TwilioSettings,
    client: Client,
    addresses: Addresses,
}

impl TwilioCarrier {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// A URL that is none, a public host name with an underscore (refused by the carrier), no auth token, no account.
    pub fn new(settings: TwilioSettings) -> Result<TwilioCarrier, SettingsError> {
        let carrier = &settings.name;
        let value = |key: &str, fault| SettingsError::Value { key: format!("carriers.{carrier}.{key}"), fault };
        let public_value = |fault| SettingsError::Value { key: "server.public_url".into(), fault };
        let api_url = web_url(&settings.api_url).ok_or_else(|| value("api_url", "want a URL such as https://api.twilio.com"))?;
        let public = web_url(&settings.public_url);
        let public = public.ok_or_else(|| public_value("want a URL such as https://calls.example.org"))?;
        if public.host_str().is_some_and(|host| host.contains('_')) {
            return Err(public_value("the carrier refuses host names with an underscore"));
        }
        if settings.account.is_empty() {
            return Err(value("account", "want the account's id (AC and 32 hexadecimal digits)"));
        }
        let token = settings.auth_tokens.first().ok_or_else(|| value("auth_token", "want the account's auth token"))?.clone();
        let client = Client::new(&api_url, &settings.account, token, settings.request_timeout)
            .map_err(|source| SettingsError::Http { carrier: carrier.clone(), source })?;
        let addresses = Addresses::new(&settings.public_url, &settings.name);
        Ok(TwilioCarrier { settings, client, addresses })
    }

    fn create_form(&self, call: &PlaceCall) -> Vec<(&'static str, String)> {
        let at = |hook| self.addresses.of(&call.token, hook);
        let post = || "POST".to_string();
        let mut form = vec![
            ("To", call.to.as_str().to_string()),
            ("From", self.settings.from.as_str().to_string()),
            ("Url", at(Hook::Answered)),
            ("Method", post()),
            // Asked when another address failed: it says the message from its beginning.
            ("FallbackUrl", at(Hook::Answered)),
            ("FallbackMethod", post()),
            ("StatusCallback", at(Hook::Status)),
            ("StatusCallbackMethod", post()),
            ("Timeout", call.ring_timeout_s.to_string()),
            ("TimeLimit", call.time_limit_s.to_string()),
        ];
        for event in ["initiated", "ringing", "answered", "completed"] {
            form.push(("StatusCallbackEvent", event.to_string()));
        }
        if self.settings.answering_machine != Detection::Off {
            form.push(("MachineDetection", "DetectMessageEnd".into()));
        }
        if self.settings.answering_machine == Detection::Async {
            form.push(("AsyncAmd", "true".into()));
            form.push(("AsyncAmdStatusCallback", at(Hook::Detection)));
            form.push(("AsyncAmdStatusCallbackMethod", post()));
        }
        form
    }
}

#[async_trait]
impl Carrier for TwilioCarrier {
    fn name(&self) -> &CarrierName {
        &self.settings.name
    }

    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError> {
        self.client.create(&self.create_form(call)).await
    }

    async fn turn_call(&self, carrier_call_id: &str, token: &AttemptToken, step: u32) -> Result<(), CarrierError> {
        let form = [("Url", self.addresses.of(token, Hook::Turned(step))), ("Method", "POST".into())];
        self.client.update(carrier_call_id, &form).await
    }

    async fn find_calls(&self, to: &PhoneNumber, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        self.client.list(to.as_str(), since).await
    }

    async fn fetch_call(&self, carrier_call_id: &str) -> Result<Option<CarrierCall>, CarrierError> {
        self.client.fetch(carrier_call_id).await
    }

    fn receive(&self, request: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
        webhook::receive(&self.settings.public_url, &self.settings.auth_tokens, request)
    }

    fn ask_again(&self, token: &AttemptToken, ask: &Ask, tries: u32, audio: &[String]) -> Document {
        document::write_again(&self.addresses.again(token, ask, tries), audio)
    }

    fn document(&self, token: &AttemptToken, page: &Page) -> Document {
        document::write(&self.addresses, token, page)
    }
}

fn web_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ids::AttemptId;

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
        }
    }

    fn form(detection: Detection) -> Vec<(&'static str, String)> {
        let carrier = TwilioCarrier::new(TwilioSettings { answering_machine: detection, ..settings() }).expect("sound settings");
        carrier.create_form(&PlaceCall {
            attempt: AttemptId::from("a1"),
            token: AttemptToken::from("tok"),
            to: PhoneNumber::parse("+16175550101").expect("a number"),
            ring_timeout_s: 30,
            time_limit_s: 300,
        })
    }

    #[test]
    fn a_call_is_asked_for_with_every_callback() {
        let form = form(Detection::Async);
        let values = |name: &str| form.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        assert_eq!(values("To"), ["+16175550101"]);
        assert_eq!(values("Url"), ["https://calls.example.org/carriers/main/voice/tok/answered"]);
        assert_eq!(values("StatusCallback"), ["https://calls.example.org/carriers/main/status/tok"]);
        assert_eq!(values("StatusCallbackEvent"), ["initiated", "ringing", "answered", "completed"]);
        assert_eq!((values("Timeout"), values("TimeLimit")), (vec!["30"], vec!["300"]));
        assert_eq!(values("MachineDetection"), ["DetectMessageEnd"]);
        assert_eq!(values("AsyncAmdStatusCallback"), ["https://calls.example.org/carriers/main/amd/tok"]);
    }

    #[test]
    fn detection_may_come_first_or_not_at_all() {
        let has = |detection, name: &str| form(detection).iter().any(|(n, _)| *n == name);
        assert!(has(Detection::Sync, "MachineDetection") && !has(Detection::Sync, "AsyncAmd"));
        assert!(!has(Detection::Off, "MachineDetection") && !has(Detection::Off, "AsyncAmd"));
    }

    #[test]
    fn settings_that_cannot_work_say_which_key() {
        for (broken, key) in [
            (TwilioSettings { api_url: "api.twilio.com".into(), ..settings() }, "carriers.main.api_url"),
            (TwilioSettings { public_url: "ftp://x".into(), ..settings() }, "server.public_url"),
            (TwilioSettings { public_url: "https://my_host".into(), ..settings() }, "server.public_url"),
            (TwilioSettings { account: String::new(), ..settings() }, "carriers.main.account"),
            (TwilioSettings { auth_tokens: vec![], ..settings() }, "carriers.main.auth_token"),
        ] {
            let error = TwilioCarrier::new(broken).err().expect("it cannot work").to_string();
            assert!(error.starts_with(&format!("{key}: ")), "{error}");
        }
        assert!(!format!("{:?}", settings()).contains("secret"));
    }
}
