//! The carrier's REST API. Nothing is retried here: whoever asks knows whether a second call may follow.

use super::refusal;
use super::webhook::final_status;
use crate::carrier::{CarrierCall, CarrierError, Lost, Placed, Refusal};
use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::error::Error as _;
use std::time::Duration;

/// How many pages of a list are read at most.
const MOST_PAGES: usize = 20;

/// A client of one account.
pub struct Client {
    http: reqwest::Client,
    calls: Url,
    account: String,
    auth_token: SecretString,
}

impl Client {
    /// A client of `account` at `api_url`.
    pub fn new(api_url: &Url, account: &str, auth_token: SecretString, timeout: Duration) -> Result<Client, reqwest::Error> {
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
        let mut calls = api_url.clone();
        if let Ok(mut path) = calls.path_segments_mut() {
            path.pop_if_empty().extend(["2010-04-01", "Accounts", account, "Calls"]);
        }
        Ok(Client { http: http.build()?, calls, account: account.to_string(), auth_token })
    }

    /// Creates a call.
    pub async fn create(&self, form: &[(&str, String)]) -> Result<Placed, CarrierError> {
        let created: Resource = self.ask(self.http.post(self.address(None)).form(form)).await?;
        Ok(Placed { carrier_call_id: created.sid.filter(|sid| !sid.is_empty()) })
    }

    /// Changes a live call. A call the carrier does not know any more is not live.
    pub async fn update(&self, call: &str, form: &[(&str, String)]) -> Result<(), CarrierError> {
        match self.ask::<serde::de::IgnoredAny>(self.http.post(self.address(Some(call))).form(form)).await {
            Err(CarrierError::Refused { status: 404, code, .. }) => {
                Err(CarrierError::Refused { why: Refusal::NotLive, status: 404, code })
            }
            other => other.map(|_| ()),
        }
    }

    /// One call, `None` where the carrier does not know it.
    pub async fn fetch(&self, call: &str) -> Result<Option<CarrierCall>, CarrierError> {
        match self.ask::<Resource>(self.http.get(self.address(Some(call)))).await {
            Ok(resource) => Ok(Some(resource.into_call())),
            Err(CarrierError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The calls to a number from a day on.
    pub async fn list(&self, to: &str, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        let day = since.format("%Y-%m-%d").to_string();
        // The parameter is named `StartTime>`; with its `=` it reads "at or after".
        let query = [("To", to), ("StartTime>", day.as_str()), ("PageSize", "200")];
        let mut request = self.http.get(self.address(None)).query(&query);
        let mut calls = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: List = self.ask(request).await?;
            calls.extend(page.calls.into_iter().filter(|call| call.sid.is_some()).map(Resource::into_call));
            let Some(next) = page.next_page_uri.filter(|uri| !uri.is_empty()) else {
                break;
            };
            let next = self.calls.join(&next).ok().filter(|next| next.origin() == self.calls.origin());
            let Some(next) = next else {
                // Our credentials go nowhere else.
                return Err(CarrierError::Unknown("the list of calls goes on at another host".into()));
            };
            request = self.http.get(next);
        }
        Ok(calls)
    }

    fn address(&self, call: Option<&str>) -> Url {
        let mut url = self.calls.clone();
        match call {
            // As one path segment, so that no id can leave its place.
            Some(call) => {
                if let Ok(mut path) = url.path_segments_mut() {
                    path.push(&format!("{call}.json"));
                }
            }
            None => url.set_path(&format!("{}.json", self.calls.path())),
        }
        url
    }

    async fn ask<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder) -> Result<T, CarrierError> {
        let request = request.basic_auth(&self.account, Some(self.auth_token.expose_secret()));
        let response = request.send().await.map_err(not_sent)?;
        let status = response.status().as_u16();
        match status {
            200..=299 => {
                let body = response.bytes().await.map_err(|error| CarrierError::Unknown(lost(status, describe(error))))?;
                serde_json::from_slice(&body)
                    .map_err(|_| CarrierError::Unknown(lost(status, "and a body that is not the JSON we know")))
            }
            // The carrier gave up waiting: what it had read of the request nobody knows.
            408 => Err(CarrierError::Unknown(lost(status, ""))),
            400..=499 => Err(refused(status, response).await),
            _ => Err(CarrierError::Unknown(lost(status, ""))),
        }
    }
}

async fn refused(status: u16, response: Response) -> CarrierError {
    let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    // A refusal is one even if the reason cannot be read.
    let code = response.json::<Fault>().await.ok().and_then(|fault| fault.code).unwrap_or(0);
    CarrierError::Refused { why: refusal::sort(status, code, wait), status, code }
}

/// An answer that came and says nothing about the call.
fn lost(status: u16, why: impl AsRef<str>) -> Lost {
    let why = why.as_ref();
    let what = if why.is_empty() { format!("status {status}") } else { format!("status {status}, {why}") };
    Lost { status: Some(status), what }
}

/// A request that got no answer: without a connection nothing was sent; with one, nobody knows.
fn not_sent(error: reqwest::Error) -> CarrierError {
    if error.is_connect() || error.is_builder() {
        CarrierError::Unreachable(describe(error))
    } else {
        CarrierError::Unknown(describe(error).into())
    }
}

/// The error with its causes and without its URL, which can hold a number.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."))
}

#[derive(Deserialize)]
struct Fault {
    code: Option<u32>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    calls: Vec<Resource>,
    next_page_uri: Option<String>,
}

/// The call resource, as far as we need it. All its values are strings or null.
#[derive(Deserialize)]
struct Resource {
    sid: Option<String>,
    status: Option<String>,
    date_created: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
}

impl Resource {
    fn into_call(self) -> CarrierCall {
        let moment = |text: Option<String>| DateTime::parse_from_rfc2822(&text?).ok().map(|moment| moment.with_timezone(&Utc));
        CarrierCall {
            id: self.sid.unwrap_or_default(),
            ended: self.status.as_deref().and_then(final_status),
            started_at: moment(self.date_created).or_else(|| moment(self.start_time)),
            talk_seconds: self.duration.and_then(|seconds| seconds.parse().ok()),
        }
    }
}
