//! `/carriers/NAME/…`: a carrier tells or asks something.

use super::Web;
use super::body::{Unread, whole};
use crate::carrier::WebhookRequest;
use crate::live_call::{Answer, Unfit};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// How many fields a form may have; real ones have about thirty.
const MOST_FIELDS: usize = 256;

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
    let (watch, now) = (web.clock.stopwatch(), web.clock.now());
    let (parts, body) = request.into_parts();
    let body = match fit(&parts, body).await {
        Ok(body) => body,
        Err(unfit) => {
            web.live.refuse(&name, parts.method.as_str(), now, &watch, unfit).await;
            let status = StatusCode::from_u16(unfit.status).unwrap_or(StatusCode::BAD_REQUEST);
            return if status == StatusCode::METHOD_NOT_ALLOWED {
                (status, [(header::ALLOW, "POST")]).into_response()
            } else {
                status.into_response()
            };
        }
    };
    let path_and_query = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let path = parts.uri.path().splitn(4, '/').nth(3).unwrap_or_default();
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_string);
    let request = WebhookRequest { method: parts.method.as_str(), path, path_and_query, header: &header, body: &body, now };
    respond(web.live.webhook(&name, &request).await)
}

/// The body of a request that may be a webhook. Nothing of it is believed yet.
async fn fit(parts: &Parts, body: Body) -> Result<Bytes, Unfit> {
    let unfit = |status: StatusCode, verdict, why| Err(Unfit { status: status.as_u16(), verdict, why });
    if parts.method != Method::POST {
        let why = "want a POST; a redirect on the way turns POST into GET";
        return unfit(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", why);
    }
    match whole(body).await {
        Ok(body) if body.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS => {
            unfit(StatusCode::BAD_REQUEST, "too_many_fields", "a form of more fields than any carrier sends")
        }
        Ok(body) => Ok(body),
        Err(unread) => {
            let (verdict, why) = match unread {
                Unread::TooLarge => ("too_large", "more bytes than any webhook has"),
                Unread::Truncated => ("truncated", "the connection ended before the body did"),
                Unread::TooSlow => ("too_slow", "the body took too long to arrive"),
            };
            unfit(unread.status(), verdict, why)
        }
    }
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match answer.document {
        Some(document) => (status, [(header::CONTENT_TYPE, document.content_type)], Body::from(document.body)).into_response(),
        None => status.into_response(),
    }
}
