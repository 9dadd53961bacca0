//! `/api/v1/…`: the same JSON as the command line.

use super::Web;
use crate::store::{CallQuery, StoreError, WebhookQuery};
use crate::views::{CallView, WebhookView, WorkItemView};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many rows a page holds at most.
const PAGE: u32 = 500;

/// What a reader may ask for.
#[derive(Debug, Deserialize)]
pub struct Wish {
    since: Option<DateTime<Utc>>,
    call: Option<String>,
    after: Option<i64>,
    before: Option<String>,
    last: Option<u32>,
    limit: Option<u32>,
    #[serde(default)]
    all: bool,
}

impl Wish {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE)
    }
}

/// Calls, newest first.
pub async fn calls(State(web): State<Web>, Query(wish): Query<Wish>) -> Response {
    let rules = web.board.rules();
    let query = CallQuery { since: wish.since, before: wish.before.as_deref().map(Into::into), limit: wish.limit() };
    reply(
        web.store
            .newest_calls(&query)
            .await
            .map(|lines| lines.iter().map(|line| CallView::of(line, &rules, false)).collect::<Vec<_>>()),
    )
}

/// The worklist, oldest first.
pub async fn worklist(State(web): State<Web>, Query(wish): Query<Wish>) -> Response {
    let rules = web.board.rules();
    reply(
        web.store
            .worklist(wish.all, wish.limit())
            .await
            .map(|items| items.iter().map(|i| WorkItemView::of(i, &rules)).collect::<Vec<_>>()),
    )
}

/// The webhook log, in order: from the beginning, after an entry, or the last ones.
pub async fn webhooks(State(web): State<Web>, Query(wish): Query<Wish>) -> Response {
    let query = WebhookQuery {
        attempt: wish.call.as_deref().map(Into::into),
        since: wish.since,
        after: wish.after,
        limit: wish.last.map_or(wish.limit(), |last| last.clamp(1, PAGE)),
        newest: wish.last.is_some(),
    };
    reply(web.store.webhooks(&query).await.map(|entries| entries.iter().map(|(n, e)| WebhookView::of(*n, e)).collect::<Vec<_>>()))
}

/// Counts for the head of the console.
#[derive(Debug, Serialize)]
struct Summary {
    now: DateTime<Utc>,
    by_status: BTreeMap<&'static str, u64>,
    by_outcome: BTreeMap<&'static str, u64>,
    worklist: u64,
}

/// How many attempts stand where.
pub async fn summary(State(web): State<Web>) -> Response {
    let (counts, work) = match (web.store.call_counts().await, web.store.count_open_work().await) {
        (Ok(counts), Ok(work)) => (counts, work),
        (Err(error), _) | (_, Err(error)) => return failed(&error),
    };
    let mut summary = Summary { now: web.clock.now(), by_status: BTreeMap::new(), by_outcome: BTreeMap::new(), worklist: work };
    for count in counts {
        *summary.by_status.entry(count.status.as_str()).or_default() += count.count;
        if let Some(outcome) = count.outcome {
            *summary.by_outcome.entry(outcome.as_str()).or_default() += count.count;
        }
    }
    Json(summary).into_response()
}

/// What there is, for programs.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

fn reply<T: Serialize>(result: Result<T, StoreError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => failed(&error),
    }
}

pub(super) fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "the API could not read the store");
    (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({"error": "the store does not answer; see the log"})))
        .into_response()
}
