//! The console and the API show patients' visits and have no login yet: they are served to this computer only.

use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// Headers by which a proxy shows that the reader is somebody else, and one that a web page of another origin sends.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Lets only requests from a loopback address pass that no proxy has forwarded and whose `Host` is this computer (so that
/// a foreign page cannot reach it by a name that it points here).
pub async fn only(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    let host = request.headers().get("host").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if peer.is_some_and(|ip| ip.is_loopback()) && !forwarded && is_this_computer(host) {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "The console and the API are served to this computer only: open http://127.0.0.1 here, or use an SSH tunnel.\n",
    )
        .into_response()
}

fn is_this_computer(host: &str) -> bool {
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_computer() {
        for (host, here) in
            [("127.0.0.1:8080", true), ("localhost", true), ("[::1]:8080", true), ("evil.example:80", false), ("", false)]
        {
            assert_eq!(is_this_computer(host), here, "{host}");
        }
    }
}
