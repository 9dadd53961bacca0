//! `/`: calls, worklist and webhook log at a glance. One page, no script from anywhere else.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The page; it reads `/api/v1/…` every second.
pub async fn page() -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";
    (
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
        include_str!("console.html"),
    )
        .into_response()
}
