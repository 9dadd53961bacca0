//! The console and the API show patients' visits and have no login yet: they are served to this computer only. Their
//! listener has a loopback address; what is here keeps out what could still come by way of this computer.

use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// Headers by which a proxy shows that the reader is somebody else; those that begin with [`FORWARDED_TOO`] as well.
const FORWARDED: [&str; 6] = ["forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];
const FORWARDED_TOO: &str = "x-forwarded-";

/// Lets only requests from a loopback address pass that no proxy has forwarded and whose `Host` is this computer (so that
/// a foreign page cannot reach it by a name that it points here).
pub async fn only(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let forwarded = request.headers().keys().any(|name| is_of_a_proxy(name.as_str()));
    let host = request.headers().get("host").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if peer.is_some_and(|ip| ip.is_loopback()) && !forwarded && is_this_computer(host) {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "The console and the API are served to this computer only, without a proxy: open them here, or use an SSH tunnel.\n",
    )
        .into_response()
}

fn is_of_a_proxy(header: &str) -> bool {
    FORWARDED.contains(&header) || header.starts_with(FORWARDED_TOO)
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
