//! `/api/v1/plan` and `/api/v1/explain`: what is decided now, and why.

use super::Web;
use super::api::failed;
use crate::core::domain::VisitKey;
use crate::why;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// How many patients a page holds at most.
const PAGE: u32 = 500;

/// Which page of the plan.
#[derive(Debug, Deserialize)]
pub struct Pages {
    #[serde(default)]
    after: u32,
    limit: Option<u32>,
}

/// Which visit.
#[derive(Debug, Deserialize)]
pub struct Asked {
    visit: VisitKey,
}

/// The decisions at this moment, in pages of so many patients; the header `Link` has the next one.
pub async fn page(State(web): State<Web>, Query(pages): Query<Pages>) -> Response {
    let limit = pages.limit.unwrap_or(PAGE).clamp(1, PAGE);
    match why::plan_page(&web.store, &web.board.rules(), web.clock.now(), pages.after, limit).await {
        Ok(page) => {
            let next = page.next.map(|after| format!("</api/v1/plan?after={after}&limit={limit}>; rel=\"next\""));
            (next.map(|link| [(header::LINK, link)]), Json(page.decisions)).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// Everything about one visit. Its name is in the body: addresses are kept in too many places to hold a patient's id.
pub async fn explain(State(web): State<Web>, Json(asked): Json<Asked>) -> Response {
    match why::explain(&web.store, &web.board.rules(), &asked.visit, web.clock.now()).await {
        Ok(Some(why)) => Json(why).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, Json(serde_json::json!({"error": "nothing is known of that visit"}))).into_response(),
        Err(error) => failed(&error),
    }
}
