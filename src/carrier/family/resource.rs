//! What the carriers' REST APIs answer: calls, lists of calls, and refusals. Nothing is taken for granted: ids have any
//! form, numbers stand in quotes or not, moments are written in two ways.

use super::webhook::final_status;
use crate::carrier::CarrierCall;
use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A call, as far as we need it.
#[derive(Deserialize)]
pub struct Resource {
    /// The carrier's id.
    pub sid: Option<String>,
    /// Whom it is to.
    pub to: Option<String>,
    /// Who makes it.
    pub from: Option<String>,
    direction: Option<String>,
    status: Option<String>,
    date_created: Option<String>,
    start_time: Option<String>,
    duration: Option<Number>,
}

/// A page of calls.
#[derive(Deserialize)]
pub struct List {
    /// The calls.
    #[serde(default)]
    pub calls: Vec<Resource>,
    /// Where the next page is.
    pub next_page_uri: Option<String>,
}

/// A whole number, in quotes or without.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(u32),
    Quoted(String),
    /// Of another shape: it says nothing, and spoils nothing.
    Other(IgnoredAny),
}

impl Number {
    fn read(&self) -> Option<u32> {
        match self {
            Number::Plain(number) => Some(*number),
            Number::Quoted(text) => text.trim().parse().ok(),
            Number::Other(_) => None,
        }
    }
}

impl Resource {
    /// Whether somebody called us; where nothing is said, it may be one of ours.
    pub fn is_inbound(&self) -> bool {
        self.direction.as_deref().is_some_and(|word| word.starts_with("inbound"))
    }

    /// In our words.
    pub fn into_call(self) -> CarrierCall {
        CarrierCall {
            id: self.sid.unwrap_or_default(),
            ended: self.status.as_deref().and_then(final_status),
            started_at: self.date_created.as_deref().and_then(moment).or_else(|| self.start_time.as_deref().and_then(moment)),
            talk_seconds: self.duration.and_then(|seconds| seconds.read()),
        }
    }
}

/// A moment as carriers write it: RFC 2822, or ISO 8601 with `T` or a blank, with an offset or in UTC.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
    if let Ok(moment) = with_offset {
        return Some(moment.to_utc());
    }
    let bare = text.trim().trim_end_matches(['Z', 'z']).trim_end();
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
        .map(|moment| moment.and_utc())
}

/// A refusal by a REST API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// The carrier's code; 0 where it gave none.
    pub code: u32,
    /// Which field it is about, where it says so.
    pub field: Option<String>,
    /// How long it wishes us to wait, in seconds.
    pub retry_after_s: Option<u32>,
}

/// A refusal's body: Twilio's `{"code":21211}`, the others' `{"errors":[{"code":"10011"}]}`, and codes in quotes or not.
#[derive(Deserialize, Default)]
struct FaultBody {
    code: Option<Number>,
    #[serde(default)]
    errors: Vec<FaultEntry>,
}

#[derive(Deserialize)]
struct FaultEntry {
    code: Option<Number>,
    source: Option<FaultSource>,
    attribute: Option<String>,
}

#[derive(Deserialize)]
struct FaultSource {
    pointer: Option<String>,
}

/// The longest wait that a header is believed in, in seconds: beyond it stands a moment, not a span.
const LONGEST_WAIT_S: u32 = 86_400;

impl Fault {
    /// Reads a refusal. It is one even if nothing of its reason can be read.
    pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        let seconds = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
        let retry_after_s = seconds("retry-after").or_else(|| seconds("x-ratelimit-reset"));
        let body: FaultBody = serde_json::from_slice(body).unwrap_or_default();
        let first = body.errors.first();
        let code = body.code.as_ref().or_else(|| first?.code.as_ref()).and_then(Number::read);
        let pointer = first.and_then(|first| first.source.as_ref()?.pointer.as_deref());
        let field = pointer.or_else(|| first?.attribute.as_deref());
        let field = field.map(|field| field.rsplit('/').next().unwrap_or_default().to_ascii_lowercase());
        Fault { status, code: code.unwrap_or(0), field, retry_after_s: retry_after_s.filter(|wait| *wait <= LONGEST_WAIT_S) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form() {
        let want = "2026-11-27T15:00:05Z".parse::<DateTime<Utc>>().expect("a moment");
        for text in [
            "Fri, 27 Nov 2026 15:00:05 +0000",
            "2026-11-27T15:00:05Z",
            "2026-11-27 15:00:05Z",
            "2026-11-27 15:00:05",
            "2026-11-27T15:00:05",
            "2026-11-27T10:00:05-05:00",
            "2026-11-27T15:00:05.000Z",
            "2026-11-27 15:00:05.0 Z",
        ] {
            assert_eq!(moment(text), Some(want), "{text}");
        }
        for text in ["", "yesterday", "2026-11-27", "1795791605"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn refusals_of_every_shape() {
        let read = |status, wait: &[(&'static str, &'static str)], body: &str| {
            let pairs = wait
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), reqwest::header::HeaderValue::from_static(value)));
            let fault = Fault::read(status, &pairs.collect(), body.as_bytes());
            (fault.code, fault.field, fault.retry_after_s)
        };
        let field = |name: &str| Some(name.to_string());
        assert_eq!(read(400, &[], r#"{"code":21211,"message":"m","status":400}"#), (21211, None, None));
        assert_eq!(read(400, &[], r#"{"code":"21211"}"#), (21211, None, None));
        assert_eq!(read(429, &[("x-ratelimit-reset", "2")], r#"{"errors":[{"code":"10011"}]}"#), (10011, None, Some(2)));
        let pointed = r#"{"errors":[{"code":"10015","title":"t","source":{"pointer":"/To"}}]}"#;
        assert_eq!(read(422, &[], pointed), (10015, field("to"), None));
        let named = r#"{"errors":[{"type":"validation_error","code":"invalid_parameter","attribute":"To"}]}"#;
        assert_eq!(read(422, &[], named), (0, field("to"), None));
        assert_eq!(read(429, &[("retry-after", "7"), ("x-ratelimit-reset", "2")], "<html>"), (0, None, Some(7)));
        assert_eq!(read(429, &[("x-ratelimit-reset", "1795791605")], ""), (0, None, None), "a moment, not a span");
    }
}
