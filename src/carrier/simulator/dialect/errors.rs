//! Refusals of the API, in each carrier's form. Inside the network they have Twilio's codes (carriers.md, section 1, and
//! for those without a source there: 20001 a value outside its range, 21609 a bad callback address, 21626 an unknown event).
//! Telnyx's numbers are its own; those not in carriers.md, section 8, are from its table of API errors.

use super::Dialect;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal by the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFault {
    /// HTTP status.
    pub status: u16,
    /// Twilio's code for it.
    pub code: u32,
    /// For people.
    pub message: String,
}

impl ApiFault {
    /// A refusal.
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> ApiFault {
        ApiFault { status, code, message: message.into() }
    }

    /// The answer that says so.
    pub fn answer(&self, dialect: Dialect) -> Response {
        let status = self.status_in(dialect);
        let body = match dialect {
            Dialect::Twilio | Dialect::SignalWire => {
                let more = match dialect {
                    Dialect::Twilio => format!("https://www.twilio.com/docs/errors/{}", self.code),
                    _ => format!("https://developer.signalwire.com/compatibility-api/reference/error-codes#{}", self.code),
                };
                json!({"code": self.code, "message": self.message, "more_info": more, "status": status})
            }
            Dialect::Telnyx => {
                let (code, title) = telnyx(self.status, self.code);
                json!({"errors": [{"code": code, "title": title, "detail": self.message}]})
            }
        };
        (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }

    fn status_in(&self, dialect: Dialect) -> u16 {
        // SignalWire and Telnyx refuse what is wrong in itself with 422; what is only too late with 400 and 422.
        match (dialect, self.status, self.code) {
            (Dialect::SignalWire, 400, 20001 | 21201..=21218 | 21600..) => 422,
            (Dialect::Telnyx, 400, _) => 422,
            (_, status, _) => status,
        }
    }
}

fn telnyx(status: u16, code: u32) -> (&'static str, &'static str) {
    match (code, status) {
        (20003, _) => ("10009", "Authentication failed"),
        (20005 | 20403, _) => ("10010", "Authorization failed"),
        (20429, _) => ("10011", "Too many requests"),
        (20404, _) => ("10005", "Resource not found"),
        (21211 | 21217, _) => ("10016", "Phone number must be in +E.164 format"),
        (21201 | 21213, _) => ("10004", "Missing required parameter"),
        (21220, _) => ("90018", "Call has already ended"),
        (_, 404) => ("90015", "Invalid Call Control ID"),
        _ => ("10015", "Bad Request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(dialect: Dialect, fault: ApiFault) -> (u16, serde_json::Value) {
        let response = fault.answer(dialect);
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn each_carrier_says_no_in_its_own_way() {
        let bad_number = || ApiFault::new(400, 21211, "Invalid 'To' phone number");
        let (status, body) = told(Dialect::Twilio, bad_number()).await;
        assert_eq!((status, body["code"].as_u64(), body["status"].as_u64()), (400, Some(21211), Some(400)));
        let (status, body) = told(Dialect::SignalWire, bad_number()).await;
        assert_eq!((status, body["code"].as_u64(), body["status"].as_u64()), (422, Some(21211), Some(422)));
        let (status, body) = told(Dialect::Telnyx, bad_number()).await;
        assert_eq!((status, body["errors"][0]["code"].as_str()), (422, Some("10016")));
        let (status, body) = told(Dialect::Telnyx, ApiFault::new(429, 20429, "Too Many Requests")).await;
        assert_eq!((status, body["errors"][0]["code"].as_str()), (429, Some("10011")));
        let (status, _) = told(Dialect::SignalWire, ApiFault::new(400, 21220, "too late")).await;
        assert_eq!(status, 400);
    }
}
