//! What lists are made of: calls, and the webhook log.

use crate::core::domain::{Attempt, AttemptStatus, Outcome, Outreach};
use crate::core::ids::AttemptId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A call with its outreach: a line of `calls`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallLine {
    /// The attempt.
    pub attempt: Attempt,
    /// The promise it served.
    pub outreach: Outreach,
    /// Whether key 9 was pressed in it.
    pub opted_out: bool,
}

/// How many attempts stand so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// Where they stand.
    pub status: AttemptStatus,
    /// What came of them.
    pub outcome: Option<Outcome>,
    /// How many.
    pub count: u64,
}

/// One entry of the webhook log: a request received, or one made to a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEntry {
    /// When it came in or went out.
    pub at: DateTime<Utc>,
    /// In or out.
    pub direction: Direction,
    /// Which carrier.
    pub carrier: String,
    /// Which attempt, where known.
    pub attempt: Option<AttemptId>,
    /// HTTP method.
    pub method: String,
    /// Path with the attempt's token masked.
    pub path: String,
    /// HTTP status; 0 when no answer came.
    pub status: u16,
    /// `ok`, `duplicate`, `late`, `bad_signature`, `unknown_attempt`, `too_large`, `malformed`, `refused`, `no_answer` …
    pub verdict: String,
    /// How long the answer took, in microseconds.
    pub duration_us: u64,
    /// The fields that identify nobody.
    pub body: String,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the carrier to us.
    In,
    /// From us to the carrier.
    Out,
}

/// Which entries of the webhook log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookQuery {
    /// Of one attempt.
    pub attempt: Option<AttemptId>,
    /// From a moment on.
    pub since: Option<DateTime<Utc>>,
    /// Only entries with a greater number.
    pub after: Option<i64>,
    /// At most so many; 0 means 1,000.
    pub limit: u32,
    /// Whether it is the last ones that are wanted where the limit leaves some out, not the first ones.
    pub newest: bool,
}

/// Which calls are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct CallQuery {
    /// From a moment on.
    pub since: Option<DateTime<Utc>>,
    /// Only those older than this attempt: the last one of the page before.
    pub before: Option<AttemptId>,
    /// At most so many.
    pub limit: u32,
}
