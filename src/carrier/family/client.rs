//! A carrier's REST API. Nothing is retried here: whoever asks knows whether a second call may follow.

use super::create::Field;
use super::profile::{BodyKind, Profile};
use super::resource::{Fault, List, Resource};
use crate::carrier::{CarrierCall, CarrierError, Lost, Placed, Refusal};
use crate::wire::{Passage, Reply, Trouble, TroubleKind, Wire};
use chrono::{DateTime, Duration as Span, Utc};
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;
use std::time::Duration;

/// How many pages of a list are read at most.
const MOST_PAGES: usize = 20;

/// What any change or question is answered with.
const DONE: &[u16] = &[200, 201, 202, 204];

/// Who our requests say we are.
pub enum Login {
    /// HTTP Basic.
    Basic {
        /// The account, or the id of an API key.
        user: String,
        /// Its secret.
        secret: SecretString,
    },
    /// A bearer's key.
    Bearer(SecretString),
}

/// A client of one account.
pub struct Client {
    wire: Wire,
    calls: Url,
    login: Login,
    profile: &'static Profile,
}

impl Client {
    /// A client of `account` at `api_url`, over HTTP or `within` this process.
    pub fn new(
        api_url: &Url,
        account: &str,
        login: Login,
        profile: &'static Profile,
        timeout: Duration,
        within: Option<Arc<dyn Passage>>,
    ) -> Result<Client, reqwest::Error> {
        let wire = match within {
            Some(passage) => Wire::within(passage, Some(timeout))?,
            None => Wire::Http(over_http(api_url, timeout)?),
        };
        let mut calls = api_url.clone();
        if let Ok(mut path) = calls.path_segments_mut() {
            path.pop_if_empty().extend(profile.root).extend(["Accounts", account, "Calls"]);
        }
        Ok(Client { wire, calls, login, profile })
    }

    /// Creates a call.
    pub async fn create(&self, fields: &[Field]) -> Result<Placed, CarrierError> {
        let request = self.wire.builder().post(self.all());
        let request = match self.profile.create_body {
            BodyKind::Form => request.form(&fields.iter().map(|(name, value)| (*name, value.in_form())).collect::<Vec<_>>()),
            BodyKind::Json => {
                let body = fields.iter().map(|(name, value)| (name.to_string(), value.in_json()));
                request.json(&body.collect::<serde_json::Map<_, _>>())
            }
        };
        let created: Resource = self.ask(request, self.profile.created).await?;
        Ok(Placed { carrier_call_id: created.sid.filter(|sid| !sid.is_empty()) })
    }

    /// Changes a live call. A call the carrier does not know any more is not live.
    pub async fn update(&self, call: &str, form: &[(&str, String)]) -> Result<(), CarrierError> {
        let not_live = |code| CarrierError::Refused { why: Refusal::NotLive, status: 404, code };
        let address = self.one(call).ok_or_else(|| not_live(0))?;
        match self.ask::<IgnoredAny>(self.wire.builder().post(address).form(form), DONE).await {
            Err(CarrierError::Refused { status: 404, code, .. }) => Err(not_live(code)),
            other => other.map(|_| ()),
        }
    }

    /// One call, `None` where the carrier does not know it.
    pub async fn fetch(&self, call: &str) -> Result<Option<CarrierCall>, CarrierError> {
        let Some(address) = self.one(call) else { return Ok(None) };
        match self.ask::<Resource>(self.wire.builder().get(address), DONE).await {
            Ok(resource) => Ok(Some(resource.into_call())),
            Err(CarrierError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The calls that `from` made to a number from a day on. A list that cannot be read to its end is no answer: what stands
    /// further on may be the call that is looked for.
    ///
    /// The day is looked at here, because a call that waits in the carrier's queue has no start time, and may not stand in a
    /// list that asks for one.
    pub async fn list(&self, to: &str, from: &str, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        let mut request =
            self.wire.builder().get(self.all()).query(&[("To", to), ("From", from), ("PageSize", self.profile.page_size)]);
        let oldest = since - Span::days(1);
        let mut calls = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: List = self.ask(request, DONE).await?;
            // A carrier that does not know a parameter would list everybody's calls.
            let is = |it: &Option<String>, number| it.as_deref().is_none_or(|it| same_number(it, number));
            let ours = page.calls.into_iter().filter(|call| call.sid.is_some() && !call.is_inbound());
            let ours = ours.filter(|call| is(&call.to, to) && is(&call.from, from));
            calls.extend(ours.map(Resource::into_call).filter(|call| call.started_at.is_none_or(|at| at >= oldest)));
            let Some(next) = page.next_page_uri.filter(|uri| !uri.is_empty()) else {
                return Ok(calls);
            };
            let next = self.calls.join(&next).ok().filter(|next| next.origin() == self.calls.origin());
            let Some(next) = next else {
                // Our credentials go nowhere else.
                return Err(CarrierError::Unknown("the list of calls goes on at another host".into()));
            };
            request = self.wire.builder().get(next);
        }
        Err(CarrierError::Unknown(format!("the list of calls has more than {MOST_PAGES} pages").into()))
    }

    fn all(&self) -> Url {
        let mut url = self.calls.clone();
        url.set_path(&format!("{}{}", self.calls.path(), self.profile.suffix));
        url
    }

    /// The address of one call; `None` where the id cannot be one.
    fn one(&self, call: &str) -> Option<Url> {
        // As one path segment, so that no id can leave its place; these two would be dropped as such.
        if call.is_empty() || call == "." || call == ".." {
            return None;
        }
        let mut url = self.calls.clone();
        url.path_segments_mut().ok()?.push(&format!("{call}{}", self.profile.suffix));
        Some(url)
    }

    async fn ask<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder, good: &[u16]) -> Result<T, CarrierError> {
        let request = match &self.login {
            Login::Basic { user, secret } => request.basic_auth(user, Some(secret.expose_secret())),
            Login::Bearer(key) => request.bearer_auth(key.expose_secret()),
        };
        let response = self.wire.send(request).await.map_err(not_sent)?;
        let status = response.status();
        match status {
            _ if good.contains(&status) => {
                let body = response.bytes().await.map_err(|trouble| CarrierError::Unknown(lost(status, trouble.what)))?;
                // An empty answer to a change is one.
                let body = if body.is_empty() && status == 204 { b"null".as_slice() } else { &body };
                serde_json::from_slice(body)
                    .map_err(|_| CarrierError::Unknown(lost(status, "and a body that is not the JSON we know")))
            }
            // The carrier gave up waiting: what it had read of the request nobody knows.
            408 => Err(CarrierError::Unknown(lost(status, ""))),
            400..=499 => Err(self.refused(status, response).await),
            _ => Err(CarrierError::Unknown(lost(status, ""))),
        }
    }

    async fn refused(&self, status: u16, response: Reply) -> CarrierError {
        let headers = response.headers().clone();
        let fault = Fault::read(status, &headers, &response.bytes().await.unwrap_or_default());
        CarrierError::Refused { why: (self.profile.refusal)(&fault), status, code: fault.code }
    }
}

/// Whether two writings may mean one number: in doubt they do, because a call that is overlooked would be placed again.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().rev().filter(char::is_ascii_digit).take(7).collect::<String>();
    digits(one) == digits(other)
}

/// An answer that came and says nothing about the call.
fn lost(status: u16, why: impl AsRef<str>) -> Lost {
    let why = why.as_ref();
    let what = if why.is_empty() { format!("status {status}") } else { format!("status {status}, {why}") };
    Lost { status: Some(status), what }
}

/// A request that got no answer: without a connection nothing was sent; with one, nobody knows.
fn not_sent(Trouble { kind, what }: Trouble) -> CarrierError {
    match kind {
        TroubleKind::NoConnection | TroubleKind::Unmade => CarrierError::Unreachable(what),
        TroubleKind::TooLate | TroubleKind::BrokeOff => CarrierError::Unknown(what.into()),
    }
}

fn over_http(api_url: &Url, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut http = reqwest::Client::builder()
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .timeout(timeout)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("callahead/", env!("CARGO_PKG_VERSION")));
    if is_loopback(api_url) {
        // The simulator on this machine: a proxy for the outside world has no business between.
        http = http.no_proxy();
    }
    http.build()
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."))
}
