//! `/carriers/NAME/…`: a carrier tells or asks something.

use super::{MAX_WEBHOOK, Web};
use crate::carrier::WebhookRequest;
use crate::live_call::Answer;
use crate::store::{Direction, WebhookEntry};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// How long a request's body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Reads the request whole, hands it to the live calls, and gives their answer back.
///
/// The work runs in a task of its own: a caller who hangs up the connection drops this handler, and must not cut a
/// transaction in half.
pub async fn receive(State(web): State<Web>, Path((name, _)): Path<(String, String)>, request: Request) -> Response {
    let task = tokio::spawn(take(web, name, request));
    match task.await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a webhook's task failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn take(web: Web, name: String, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MAX_WEBHOOK)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_large(&web, &name, parts.method.as_str()).await,
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let path_and_query = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let path = parts.uri.path().splitn(4, '/').nth(3).unwrap_or_default();
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_string);
    let request = WebhookRequest {
        method: parts.method.as_str(),
        path,
        path_and_query,
        header: &header,
        body: &body,
        now: web.clock.now(),
    };
    respond(web.live.webhook(&name, &request).await)
}

async fn too_large(web: &Web, name: &str, method: &str) -> Response {
    let entry = WebhookEntry {
        at: web.clock.now(),
        direction: Direction::In,
        carrier: name.to_string(),
        attempt: None,
        method: method.to_string(),
        path: String::new(),
        status: 413,
        verdict: "too_large".to_string(),
        duration_us: 0,
        body: format!("more than {MAX_WEBHOOK} bytes"),
    };
    if let Err(error) = web.store.log_webhooks(&[entry]).await {
        tracing::error!(%error, "the webhook log could not be written");
    }
    StatusCode::PAYLOAD_TOO_LARGE.into_response()
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match answer.document {
        Some(document) => (status, [(header::CONTENT_TYPE, document.content_type)], Body::from(document.body)).into_response(),
        None => status.into_response(),
    }
}
