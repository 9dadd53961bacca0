//! The network's REST API: placing, reading and changing calls, in each carrier's words.

use super::admin;
use super::call_list;
use super::dialect::{ApiFault, Dialect};
use super::faults::Fault;
use super::network::{Control, Network, queue_full};
use super::params::{self, CallRequest};
use super::server::Broken;
use super::tally::{CallTally, Status};
use crate::carrier::family::form::{self, field};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;

/// A slow answer takes this long at most, in the network's time.
const SLOWEST_MS: u64 = 30_000;

/// Shared by every route.
pub type Net = State<Arc<Network>>;

/// The routes.
pub fn router(network: Arc<Network>, auth_token: &SecretString) -> Router {
    let dialect = network.dialect;
    let wanted = Arc::new(dialect.authorization(&network.account, auth_token.expose_secret()));
    let calls = format!("{}{}", dialect.api_path(), dialect.calls_path("{account}"));
    let mut api = Router::new().route(&format!("{calls}/{{call}}"), get(fetch).post(update));
    for ending in endings(dialect) {
        api = api.route(&format!("{calls}{ending}"), get(call_list::list).post(create));
    }
    let asked = network.clone();
    let api = api.layer(middleware::from_fn(move |request, next| while_up(asked.clone(), request, next)));
    let all = api.merge(admin::routes()).fallback(nowhere);
    let all = all.layer(middleware::from_fn(move |request, next| authenticate(dialect, wanted.clone(), request, next)));
    all.layer(DefaultBodyLimit::max(64 * 1024)).with_state(network)
}

fn endings(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Twilio => &[".json"],
        Dialect::SignalWire => &["", ".json"],
        Dialect::Telnyx => &[""],
    }
}

async fn authenticate(dialect: Dialect, wanted: Arc<String>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|given| given.to_str().ok());
    if given == Some(wanted.as_str()) {
        return next.run(request).await;
    }
    let refusal = ApiFault::new(401, 20003, "Authenticate").answer(dialect);
    let scheme = if dialect == Dialect::Telnyx { "Bearer" } else { "Basic realm=\"Simulated telephone network\"" };
    ([(WWW_AUTHENTICATE, scheme)], refusal).into_response()
}

/// While the network is down nobody gets an answer, and an account that is refused none but that.
async fn while_up(network: Arc<Network>, request: Request, next: Next) -> Response {
    if network.strikes(Fault::Down) {
        return Broken::Closed.into_response();
    }
    match network.refuses_account() {
        Some(refusal) => refusal.answer(network.dialect),
        None => next.run(request).await,
    }
}

async fn nowhere(State(network): Net) -> Response {
    not_found().answer(network.dialect)
}

fn not_found() -> ApiFault {
    ApiFault::new(404, 20404, "The requested resource was not found")
}

/// Whether an account is the network's own.
pub fn own_account(network: &Network, account: &str) -> Result<(), Box<Response>> {
    let own = account == network.account;
    own.then_some(()).ok_or_else(|| Box::new(not_found().answer(network.dialect)))
}

async fn create(State(network): Net, Path(account): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = own_account(&network, &account) {
        return *refusal;
    }
    let resets = network.strikes(Fault::ConnectionReset);
    let taken = match resets && network.chance.below(2) == 0 {
        true => Err(Box::new(Broken::Reset.into_response())),
        false => take(&network, &headers, &body),
    };
    network.asked(taken.is_ok());
    match taken {
        Ok(_) if resets => Broken::Reset.into_response(),
        Ok(call) => answer(&network, &call).await,
        Err(response) => *response,
    }
}

/// Takes a call, or does not: what goes wrong before there is one.
fn take(network: &Arc<Network>, headers: &HeaderMap, body: &[u8]) -> Result<CallTally, Box<Response>> {
    let refused = |response: Response| Err(Box::new(response));
    let fault = |fault: ApiFault| Box::new(fault.answer(network.dialect));
    if network.strikes(Fault::LostRequest) {
        return refused(Broken::Closed.into_response());
    }
    if network.strikes(Fault::ErrorBefore) {
        return refused(trouble(network));
    }
    if network.strikes(Fault::TooManyRequests) {
        let refusal = ApiFault::new(429, 20429, "Too Many Requests").answer(network.dialect);
        return refused(([(RETRY_AFTER, "1")], refusal).into_response());
    }
    if network.strikes(Fault::QueueFull) {
        return Err(fault(queue_full()));
    }
    let fields = fields_of(network.dialect, headers, body).map_err(fault)?;
    let request = CallRequest::read(network.dialect, &fields).map_err(fault)?;
    if let Some(refusal) = network.refuses(&request.to) {
        return Err(fault(refusal));
    }
    network.take(request).map_err(fault)
}

/// The answer of a call that was taken, if it arrives.
async fn answer(network: &Arc<Network>, call: &CallTally) -> Response {
    let body = network.dialect.created_body(&network.account, call);
    if network.strikes(Fault::LostAnswer) {
        return lost(network, &body);
    }
    if network.strikes(Fault::ErrorAfter) {
        return trouble(network);
    }
    if network.strikes(Fault::SlowAnswer) {
        network.clock.sleep(Duration::milliseconds(network.chance.below(SLOWEST_MS) as i64)).await;
    }
    (network.dialect.created(), Json(body)).into_response()
}

/// A server's trouble: a page, or nothing.
fn trouble(network: &Network) -> Response {
    let statuses = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
    let status = statuses[network.chance.below(3) as usize];
    match network.chance.below(2) {
        0 => status.into_response(),
        _ => (status, [(CONTENT_TYPE, "text/html")], format!("<html><body><h1>{status}</h1></body></html>")).into_response(),
    }
}

/// The answer of a call that was taken, as it arrives when it does not arrive: broken off, or as an error page of a proxy.
fn lost(network: &Network, resource: &Value) -> Response {
    if network.chance.below(2) == 0 {
        let page = "<html><body><h1>504 Gateway Time-out</h1></body></html>";
        return (StatusCode::GATEWAY_TIMEOUT, [(CONTENT_TYPE, "text/html")], page).into_response();
    }
    let text = resource.to_string();
    // It announces more than it sends, so that the connection breaks in the middle of it.
    let response = Response::builder()
        .status(network.dialect.created())
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, text.len() + 1000);
    // As a stream its own length is not known, and the announced one is believed.
    let body = Body::from_stream(Body::from(text).into_data_stream());
    response.body(body).unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
}

fn known(network: &Network, account: &str, call: &str) -> Result<CallTally, ApiFault> {
    let own = (account == network.account).then_some(()).and_then(|()| network.dialect.strip_suffix(call));
    own.and_then(|sid| network.call(sid)).ok_or_else(not_found)
}

async fn fetch(State(network): Net, Path((account, call)): Path<(String, String)>) -> Response {
    match known(&network, &account, &call) {
        Ok(call) => Json(network.dialect.resource(&network.account, &call)).into_response(),
        Err(fault) => fault.answer(network.dialect),
    }
}

async fn update(State(network): Net, Path((account, call)): Path<(String, String)>, headers: HeaderMap, body: Bytes) -> Response {
    match change(&network, &account, &call, &headers, &body) {
        Ok(call) => Json(network.dialect.resource(&network.account, &call)).into_response(),
        Err(fault) => fault.answer(network.dialect),
    }
}

fn change(network: &Network, account: &str, call: &str, headers: &HeaderMap, body: &[u8]) -> Result<CallTally, ApiFault> {
    let call = known(network, account, call)?;
    let fields = fields_of(network.dialect, headers, body)?;
    let too_late = || ApiFault::new(400, 21220, "Call is not in the expected state");
    let control = match field(&fields, "Status") {
        Some("completed") => Control::End,
        Some("canceled") if call.status < Status::InProgress => Control::End,
        Some("canceled") => return Err(too_late()),
        Some(_) => return Err(ApiFault::new(400, 20001, "Status: want completed or canceled")),
        None => match params::start(network.dialect.form(), &fields, "Method")? {
            Some(_) if network.strikes(Fault::TurnRefused) => return Err(too_late()),
            Some(start) => Control::Turn(start),
            None => return Err(ApiFault::new(400, 21205, "want Url or Status")),
        },
    };
    network.order(&call.sid, control)?;
    Ok(call)
}

/// The fields of a body: a form, or a flat object of JSON where the carrier takes one.
fn fields_of(dialect: Dialect, headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, ApiFault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Ok(form::pairs(body)),
        "application/json" if dialect.form().json => {
            let object = serde_json::from_slice(body).ok().and_then(|value| match value {
                Value::Object(object) => Some(object),
                _ => None,
            });
            let object = object.ok_or_else(|| ApiFault::new(400, 20001, "want a JSON object"))?;
            Ok(object.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        _ => Err(ApiFault::new(415, 20001, "want application/x-www-form-urlencoded")),
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
