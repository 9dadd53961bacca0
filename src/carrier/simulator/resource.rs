//! The call resource, as the API shows it: values are strings or null, moments RFC 2822.

use super::tally::CallTally;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// One call as JSON.
pub fn of(account: &str, call: &CallTally) -> Value {
    let moment = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc2822());
    let duration = call.ended_at.map(|_| ((call.talk_ms + 500) / 1000).to_string());
    json!({
        "sid": call.sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "to": call.to.as_str(),
        "from": call.from.as_str(),
        "status": call.status.as_str(),
        "direction": "outbound-api",
        "answered_by": call.answered_by,
        "date_created": call.created_at.to_rfc2822(),
        "date_updated": moment(call.ended_at.or(call.answered_at).or(Some(call.created_at))),
        "start_time": moment(call.answered_at.or(call.ended_at)),
        "end_time": moment(call.ended_at),
        "duration": duration,
        "queue_time": "0",
        "price": null,
        "price_unit": "USD",
        "uri": format!("/2010-04-01/Accounts/{account}/Calls/{}.json", call.sid),
    })
}
