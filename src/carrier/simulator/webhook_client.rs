//! How the simulated network asks and tells the engine: signed requests over real HTTP, with the real one's patience (in
//! real time, however fast the clock runs): connect 5 s, all 15 s, one more try where no connection came about.
//! Left out: following redirects, cookies, connection overrides in a URL's fragment.

use crate::carrier::family::signature;
use crate::chance::Chance;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response, Url};
use secrecy::SecretString;
use std::time::Duration;

use super::params::Address;

/// The largest piece of audio that is fetched.
const LARGEST_AUDIO: usize = 32 * 1024 * 1024;

/// Sends webhooks and fetches audio.
#[derive(Clone)]
pub struct WebhookClient {
    http: Client,
    token: SecretString,
    chance: Chance,
}

/// An answer with 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its content type.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl WebhookClient {
    /// A client that signs with `token`.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(token: SecretString, chance: Chance) -> Result<WebhookClient, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(15))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent("TwilioProxy/1.1");
        Ok(WebhookClient { http: http.build()?, token, chance })
    }

    /// A token that names one webhook, however often it is sent.
    pub fn idempotency_token(&self) -> String {
        self.chance.hex(16)
    }

    /// Sends a webhook. The error is for people and holds no address.
    pub async fn send(&self, to: &Address, fields: &[(String, String)], idempotency: &str) -> Result<Answer, String> {
        let mut url = to.url.clone();
        url.set_fragment(None);
        let request = if to.post {
            let signature = signature::sign(&self.token, url.as_str(), fields);
            self.http.post(url).form(fields).header("X-Twilio-Signature", signature)
        } else {
            url.query_pairs_mut().extend_pairs(fields);
            let signature = signature::sign(&self.token, url.as_str(), &[]);
            self.http.get(url).header("X-Twilio-Signature", signature)
        };
        let response = with_second_try(request.header("I-Twilio-Idempotency-Token", idempotency)).await?;
        read(response, usize::MAX).await
    }

    /// Fetches a piece of audio.
    pub async fn fetch(&self, url: &Url) -> Result<Answer, String> {
        let response = with_second_try(self.http.get(url.clone())).await?;
        read(response, LARGEST_AUDIO).await
    }
}

async fn with_second_try(request: RequestBuilder) -> Result<Response, String> {
    let again = request.try_clone();
    let result = match (request.send().await, again) {
        (Err(error), Some(again)) if error.is_connect() => again.send().await,
        (result, _) => result,
    };
    let response = result.map_err(describe)?;
    match response.status().is_success() {
        true => Ok(response),
        false => Err(format!("status {}", response.status().as_u16())),
    }
}

async fn read(response: Response, largest: usize) -> Result<Answer, String> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_string();
    if response.content_length().is_some_and(|length| length > largest as u64) {
        return Err("the answer is too large".into());
    }
    let body = response.bytes().await.map_err(describe)?.to_vec();
    Ok(Answer { content_type, body })
}

fn describe(error: reqwest::Error) -> String {
    let kind = match &error {
        error if error.is_connect() => "no connection",
        error if error.is_timeout() => "no answer in time",
        _ => "the answer broke off",
    };
    kind.to_string()
}
