//! The HTTP side: webhooks for carriers, audio and health at one address, the API and the console at another.
//!
//! Never here: deciding. Start reading at [`router`] and [`console_router`].

mod api;
mod audio;
mod body;
mod console;
mod health;
mod local;
mod plan;
mod ranges;
mod server;
mod webhooks;

pub use server::{Limits, serve};

use crate::board::Board;
use crate::clock::Clock;
use crate::live_call::LiveCalls;
use crate::silence::Silence;
use crate::store::SharedStore;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// The largest webhook body that is read, in bytes. Real ones stay under 4 kB.
pub const MAX_WEBHOOK: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub struct Web {
    /// Calls in progress.
    pub live: Arc<LiveCalls>,
    /// What is remembered.
    pub store: SharedStore,
    /// The hospital's rules.
    pub board: Board,
    /// The clock.
    pub clock: Clock,
    /// Which sites nobody is called about, because their feed is silent.
    pub silence: Arc<Silence>,
}

/// What carriers and monitors ask for. A reverse proxy may lead here, so nothing here shows anything of a patient.
pub fn router(web: Web) -> Router {
    guarded(for_carriers().route("/", get(elsewhere)), web)
}

/// All of it at one address (interfaces, section 7): only where nobody but this computer reaches that address.
pub fn router_with_console(web: Web) -> Router {
    guarded(for_carriers().merge(for_people()), web)
}

fn for_carriers() -> Router<Web> {
    Router::new()
        .route("/carriers/{name}/{*path}", any(webhooks::receive))
        .route("/audio/{file}", get(audio::play))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
}

/// The console and the API, for people at this computer, on a listener of their own: at the address that a proxy leads to
/// they could not be told from the proxy's guests.
pub fn console_router(web: Web) -> Router {
    guarded(for_people(), web)
}

fn for_people() -> Router<Web> {
    Router::new()
        .route("/", get(console::page))
        .route("/api/v1/calls", get(api::calls))
        .route("/api/v1/worklist", get(api::worklist))
        .route("/api/v1/webhooks", get(api::webhooks))
        .route("/api/v1/summary", get(api::summary))
        .route("/api/v1/plan", get(plan::page))
        .route("/api/v1/explain", post(plan::explain))
        .route("/api/openapi.json", get(api::openapi))
        .layer(from_fn(body::first))
        .layer(from_fn(local::only))
}

fn guarded(routes: Router<Web>, web: Web) -> Router {
    routes.layer(DefaultBodyLimit::max(MAX_WEBHOOK)).layer(CatchPanicLayer::new()).with_state(web)
}

async fn elsewhere() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "callahead runs. Its console has an address of its own: see server.console in the configuration.\n")
}
