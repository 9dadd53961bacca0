//! What a real carrier does not have: the tally, faults that are switched while it runs, people who call. With the account's
//! credentials, and from this computer alone.

use super::api::Net;
use super::faults::FaultList;
use super::incoming::{self, IncomingCall};
use super::network::Network;
use super::server::Peer;
use crate::carrier::family::form::{self, field};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes.
pub fn routes() -> Router<Arc<Network>> {
    Router::new()
        .route("/tally", get(tally))
        .route("/faults", get(faults).post(set_faults))
        .route("/incoming", post(call_in))
        .layer(middleware::from_fn(from_here_alone))
}

async fn from_here_alone(request: Request, next: Next) -> Response {
    let is_here = request.extensions().get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    if is_here { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() }
}

/// Counts without an address in them, for tests that run the network as a program of its own.
async fn tally(State(network): Net) -> Json<Value> {
    let tally = network.tally();
    Json(json!({
        "placed": tally.by_attempt().values().sum::<u64>(),
        "refused": tally.refused,
        "lost_keys": tally.lost_keys(),
        "by_status": tally.by_status(),
        "by_number": tally.by_number(),
        "by_attempt": tally.by_attempt(),
        "requests": tally.requests,
        "calls": tally.calls,
    }))
}

async fn faults(State(network): Net) -> String {
    network.faults().to_string()
}

/// Takes a list such as `--faults` takes; it replaces the one before.
async fn set_faults(State(network): Net, body: String) -> Response {
    match FaultList::parse(&body) {
        Ok(faults) => {
            let told = faults.to_string();
            network.set_faults(faults);
            told.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Lets somebody call: a form with `from`, `to` and, as a script, `keys`.
async fn call_in(State(network): Net, body: Bytes) -> Response {
    let fields = form::pairs(&body);
    let given = |name| field(&fields, name).unwrap_or_default();
    let begun = IncomingCall::read(given("from"), given("to"), given("keys"))
        .and_then(|call| incoming::begin(&network, &network.incoming(), call));
    match begun {
        Ok(sid) => Json(json!({"sid": sid})).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}
