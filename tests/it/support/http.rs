//! The smallest HTTP client that tests need: one request a connection.

use super::process::exchange;
use base64::Engine;
use serde_json::Value;

/// The whole answer, head and body; `None` while nobody listens.
pub fn get(port: u16, path: &str) -> Option<String> {
    exchange(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"))
}

/// The JSON body of an answer that needs a user and a password.
pub fn get_json(port: u16, path: &str, (user, password): (&str, &str)) -> Value {
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(port, &request).expect("an answer");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Posts a form; `signature` goes into `X-Twilio-Signature`.
pub fn post_form(port: u16, path: &str, fields: &[(&str, &str)], signature: Option<&str>) -> Option<String> {
    let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let header = signature.map(|s| format!("X-Twilio-Signature: {s}\r\n")).unwrap_or_default();
    let length = body.len();
    exchange(
        port,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n{header}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ),
    )
}

/// Posts JSON; the whole answer.
pub fn post_json(port: u16, path: &str, body: &Value) -> Option<String> {
    let body = body.to_string();
    let length = body.len();
    exchange(
        port,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ),
    )
}

fn encoded(value: &str) -> String {
    value.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The signature of a form post as the carrier's documentation describes it: HMAC-SHA1 over the URL and the sorted fields.
pub fn signed(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).expect("any key length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}
