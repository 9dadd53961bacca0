//! An account with a carrier of the family, as a [`Carrier`]: what all of them do alike, by their profile; whether a webhook
//! is believed is left to each one's own signer.

use super::addresses::{Addresses, Hook};
use super::client::{Client, Login};
use super::create;
use super::profile::{LoginKind, Profile};
use super::{document, incoming, webhook};
use crate::carrier::{
    Ask, Carrier, CarrierCall, CarrierError, Document, IncomingReply, Page, PlaceCall, Placed, PutOff, Rejected, Settings,
    SettingsError, WORDS_WITHIN, Webhook, WebhookRequest,
};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptToken, CarrierName};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Url;
use std::time::Duration;

/// Says whether a webhook is the carrier's own.
pub trait Signer: Send + Sync + 'static {
    /// Checks the signature against the public URL, never against what the request calls its host, and gives the decoded
    /// form fields, none where the body is no form.
    ///
    /// # Errors
    /// Why it is not believed.
    fn believe(&self, public_url: &str, request: &WebhookRequest<'_>) -> Result<Vec<(String, String)>, Rejected>;
}

/// An account with a carrier whose webhooks are signed as `S` checks.
pub struct Account<S> {
    settings: Settings,
    profile: &'static Profile,
    client: Client,
    addresses: Addresses,
    signer: S,
    /// Fields of every request for a call, beside those of the profile.
    always: Vec<create::Field>,
}

impl<S: Signer> Account<S> {
    /// Checks the settings; nothing is sent yet. `login` is who our requests say we are, where it is not the account with its
    /// newest token.
    ///
    /// # Errors
    /// A URL that is none, a public host name with an underscore (refused by the carriers), no token, no account.
    pub fn open(
        settings: Settings,
        profile: &'static Profile,
        login: Option<Login>,
        signer: S,
    ) -> Result<Account<S>, SettingsError> {
        let public_value = |fault| SettingsError::Value { key: "server.public_url".into(), fault };
        let api_url = web_url(&settings.api_url).ok_or_else(|| settings.wrong("api_url", "want a URL such as https://…"))?;
        let public = web_url(&settings.public_url);
        let public = public.ok_or_else(|| public_value("want a URL such as https://calls.example.org"))?;
        if public.host_str().is_some_and(|host| host.contains('_')) {
            return Err(public_value("the carrier refuses host names with an underscore"));
        }
        if settings.account.is_empty() {
            return Err(settings.wrong("account", "want the account's id"));
        }
        let token = settings.auth_tokens.first().ok_or_else(|| settings.wrong("auth_token", "want the account's token"))?;
        let login = login.unwrap_or_else(|| match profile.login {
            LoginKind::Basic => Login::Basic { user: settings.account.clone(), secret: token.clone() },
            LoginKind::Bearer => Login::Bearer(token.clone()),
        });
        let client = Client::new(&api_url, &settings.account, login, profile, settings.request_timeout, settings.within.clone())
            .map_err(|source| SettingsError::Http { carrier: settings.name.clone(), source })?;
        let addresses = Addresses::new(&settings.public_url, &settings.name).with(profile.overrides);
        Ok(Account { settings, profile, client, addresses, signer, always: Vec::new() })
    }

    /// The same, with these fields in every request for a call.
    pub fn always_with(self, fields: impl IntoIterator<Item = create::Field>) -> Account<S> {
        Account { always: fields.into_iter().collect(), ..self }
    }

    /// The fields of the request for `call`.
    pub fn fields(&self, call: &PlaceCall) -> Vec<create::Field> {
        let (settings, profile) = (&self.settings, self.profile);
        let mut fields = create::fields(profile, &self.addresses, &settings.from, settings.answering_machine, call);
        fields.extend(self.always.iter().cloned());
        fields
    }
}

#[async_trait]
impl<S: Signer> Carrier for Account<S> {
    fn name(&self) -> &CarrierName {
        &self.settings.name
    }

    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError> {
        self.client.create(&self.fields(call)).await
    }

    async fn turn_call(&self, carrier_call_id: &str, token: &AttemptToken, step: u32) -> Result<(), CarrierError> {
        let form = [("Url", self.addresses.of(token, Hook::Turned(step))), ("Method", "POST".into())];
        self.client.update(carrier_call_id, &form).await
    }

    async fn end_call(&self, carrier_call_id: &str) -> Result<(), CarrierError> {
        self.client.update(carrier_call_id, &[("Status", "completed".into())]).await
    }

    async fn find_calls(&self, to: &PhoneNumber, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        self.client.list(to.as_str(), self.settings.from.as_str(), since).await
    }

    async fn fetch_call(&self, carrier_call_id: &str) -> Result<Option<CarrierCall>, CarrierError> {
        self.client.fetch(carrier_call_id).await
    }

    fn receive(&self, request: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
        let fields = self.signer.believe(&self.settings.public_url, request)?;
        webhook::read(&fields, request)
    }

    fn words_within(&self) -> Duration {
        // The rest is for the way there and back.
        WORDS_WITHIN.min(self.profile.patience * 3 / 5)
    }

    fn ask_again(&self, token: &AttemptToken, ask: &Ask, put_off: PutOff, audio: &[String]) -> Document {
        document::write_again(&self.addresses.again(token, ask, put_off), audio)
    }

    fn answer_incoming(&self, reply: &IncomingReply<'_>) -> Document {
        incoming::document(&self.addresses, reply)
    }

    fn document(&self, token: &AttemptToken, page: &Page) -> Document {
        document::write(&self.addresses, &self.settings.from, token, page)
    }
}

fn web_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
