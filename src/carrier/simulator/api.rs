//! The network's REST API: placing, listing, reading and changing calls, and the tally.

use super::faults::Fault;
use super::network::{Control, Network};
use super::params::{self, ApiFault, CallRequest};
use super::resource;
use super::tally::{CallTally, Status};
use crate::carrier::family::form::{self, field};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes.
pub fn router(network: Arc<Network>, auth_token: &SecretString) -> Router {
    let credentials = STANDARD.encode(format!("{}:{}", network.account, auth_token.expose_secret()));
    let wanted = Arc::new(format!("Basic {credentials}"));
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Calls.json", get(list).post(create))
        .route("/2010-04-01/Accounts/{account}/Calls/{call}", get(fetch).post(update))
        .route("/tally", get(tally))
        .layer(middleware::from_fn(move |request, next| authenticate(wanted.clone(), request, next)))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(network)
}

async fn authenticate(wanted: Arc<String>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|given| given.to_str().ok());
    if given == Some(wanted.as_str()) {
        return next.run(request).await;
    }
    let refusal = ApiFault::new(401, 20003, "Authenticate").into_response();
    ([(WWW_AUTHENTICATE, "Basic realm=\"Simulated telephone network\"")], refusal).into_response()
}

impl IntoResponse for ApiFault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let more = format!("https://www.twilio.com/docs/errors/{}", self.code);
        let body = json!({"code": self.code, "message": self.message, "more_info": more, "status": self.status});
        (status, Json(body)).into_response()
    }
}

fn own_account(network: &Network, account: &str) -> Result<(), ApiFault> {
    let fault = || ApiFault::new(404, 20404, "The requested resource was not found");
    (account == network.account).then_some(()).ok_or_else(fault)
}

async fn create(
    State(network): State<Arc<Network>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiFault> {
    own_account(&network, &account)?;
    if network.faults.strikes(Fault::TooManyRequests, &network.chance) {
        network.refuse();
        let refusal = ApiFault::new(429, 20429, "Too Many Requests").into_response();
        return Ok(([(RETRY_AFTER, "1")], refusal).into_response());
    }
    let request = CallRequest::read(&form_of(&headers, &body)?).inspect_err(|_| network.refuse())?;
    let call = network.take(request);
    let resource = resource::of(&network.account, &call);
    if network.faults.strikes(Fault::LostAnswer, &network.chance) {
        return Ok(lost(&network, &resource));
    }
    Ok((StatusCode::CREATED, Json(resource)).into_response())
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
        .status(StatusCode::CREATED)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, text.len() + 1000);
    // As a stream its own length is not known, and the announced one is believed.
    let body = Body::from_stream(Body::from(text).into_data_stream());
    response.body(body).unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
}

async fn list(
    State(network): State<Arc<Network>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiFault> {
    own_account(&network, &account)?;
    let query = form::pairs(query.unwrap_or_default().as_bytes());
    let bad = |name: &str| ApiFault::new(400, 20001, format!("{name} is not valid"));
    let day = match field(&query, "StartTime>") {
        None => None,
        Some(text) => Some(text.parse::<chrono::NaiveDate>().map_err(|_| bad("StartTime>"))?),
    };
    let number = |name, default: usize, most: usize| match field(&query, name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| *number <= most).ok_or_else(|| bad(name)),
    };
    let (size, page) = (number("PageSize", 50, 1000)?.max(1), number("Page", 0, usize::MAX)?);
    let wanted = |call: &CallTally| {
        field(&query, "To").is_none_or(|to| call.to.as_str() == to)
            && field(&query, "From").is_none_or(|from| call.from.as_str() == from)
            && field(&query, "Status").is_none_or(|status| call.status.as_str() == status)
            && day.is_none_or(|day| call.created_at.date_naive() >= day)
    };
    let mut found = network.calls_where(wanted);
    found.reverse();
    let shown: Vec<Value> = found.iter().skip(page * size).take(size).map(|call| resource::of(&network.account, call)).collect();
    let next = (found.len() > (page + 1) * size).then(|| next_page(&network.account, &query, page + 1));
    Ok(Json(json!({"calls": shown, "page": page, "page_size": size, "next_page_uri": next})).into_response())
}

fn next_page(account: &str, query: &[(String, String)], page: usize) -> String {
    let mut url = reqwest::Url::parse("http://localhost").expect("a constant that is a URL");
    url.set_path(&format!("/2010-04-01/Accounts/{account}/Calls.json"));
    let kept = query.iter().filter(|(name, _)| name != "Page");
    url.query_pairs_mut().extend_pairs(kept).append_pair("Page", &page.to_string());
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

fn known(network: &Network, call: &str) -> Result<CallTally, ApiFault> {
    let found = call.strip_suffix(".json").and_then(|sid| network.call(sid));
    found.ok_or_else(|| ApiFault::new(404, 20404, "The requested resource was not found"))
}

async fn fetch(State(network): State<Arc<Network>>, Path((account, call)): Path<(String, String)>) -> Result<Response, ApiFault> {
    own_account(&network, &account)?;
    let call = known(&network, &call)?;
    Ok(Json(resource::of(&network.account, &call)).into_response())
}

async fn update(
    State(network): State<Arc<Network>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiFault> {
    own_account(&network, &account)?;
    let call = known(&network, &call)?;
    let fields = form_of(&headers, &body)?;
    let too_late = || ApiFault::new(400, 21220, "Call is not in the expected state");
    let control = match field(&fields, "Status") {
        Some("completed") => Control::End,
        Some("canceled") if call.status < Status::InProgress => Control::End,
        Some("canceled") => return Err(too_late()),
        Some(_) => return Err(ApiFault::new(400, 20001, "Status: want completed or canceled")),
        None => match params::address(&fields, "Url", "Method", 21205)? {
            Some(address) => Control::Turn(address),
            None => return Err(ApiFault::new(400, 21205, "want Url or Status")),
        },
    };
    network.order(&call.sid, control)?;
    Ok(Json(resource::of(&network.account, &call)).into_response())
}

/// Counts without an address in them, for tests that run the network as a program of its own.
async fn tally(State(network): State<Arc<Network>>) -> Json<Value> {
    let tally = network.tally();
    Json(json!({
        "placed": tally.calls.len(),
        "refused": tally.refused,
        "by_status": tally.by_status(),
        "by_number": tally.by_number(),
        "by_attempt": tally.by_attempt(),
        "calls": tally.calls,
    }))
}

fn form_of(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, ApiFault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Err(ApiFault::new(415, 20001, "want application/x-www-form-urlencoded"));
    }
    Ok(form::pairs(body))
}
