//! The call resource and lists of it, as each carrier's API shows them: values are strings or null.

use super::{Dialect, Direction};
use crate::carrier::simulator::tally::{CallTally, Status};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

impl Dialect {
    /// What the answer to a request to call holds. Telnyx promises no id.
    pub fn created_body(self, account: &str, call: &CallTally) -> Value {
        match self {
            Dialect::Twilio | Dialect::SignalWire => self.resource(account, call),
            Dialect::Telnyx => json!({"from": call.from.reveal(), "to": call.to.as_str(), "status": "queued"}),
        }
    }

    /// One call.
    pub fn resource(self, account: &str, call: &CallTally) -> Value {
        let moment = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc2822());
        let duration = call.ended_at.map(|_| ((call.talk_ms + 500) / 1000).to_string());
        let path = format!("{}{}/{}", self.api_path(), self.calls_path(account), call.sid);
        let mut resource = json!({
            "sid": call.sid,
            "account_sid": account,
            "to": call.to.as_str(),
            "from": call.from.reveal(),
            "status": call.status.as_str(),
            "answered_by": call.answered_by,
            "date_created": call.created_at.to_rfc2822(),
            "date_updated": moment(call.ended_at.or(call.answered_at).or(Some(call.created_at))),
            "start_time": moment(call.answered_at.or(call.ended_at)),
            "end_time": moment(call.ended_at),
            "duration": duration,
            "price": null,
            "price_unit": "USD",
            "uri": path,
        });
        match self {
            Dialect::Twilio | Dialect::SignalWire => {
                resource["api_version"] = "2010-04-01".into();
                resource["direction"] = call.direction.as_str().into();
                resource["uri"] = format!("{path}.json").into();
                if self == Dialect::Twilio {
                    resource["queue_time"] = call.queue_ms.to_string().into();
                }
            }
            Dialect::Telnyx => {
                // The resource has words of its own.
                let word = call.answered_by.map(|word| match word {
                    "human" => "human",
                    word if word.starts_with("machine") => "machine",
                    _ => "not_sure",
                });
                resource["answered_by"] = word.into();
                let direction = if call.direction == Direction::Inbound { "inbound" } else { "outbound" };
                resource["direction"] = direction.into();
                if call.status == Status::Queued {
                    resource["status"] = "ringing".into();
                }
            }
        }
        resource
    }

    /// A page of a list.
    pub fn page(self, account: &str, shown: Vec<Value>, page: usize, size: usize, total: usize, next: Option<String>) -> Value {
        let own = format!("{}{}", self.api_path(), self.calls_path(account));
        let (start, end) = (page * size, (page * size + shown.len()).saturating_sub(1));
        let mut list = json!({
            "calls": shown, "page": page, "page_size": size, "start": start, "end": end, "uri": own,
            "first_page_uri": format!("{own}?Page=0&PageSize={size}"), "next_page_uri": next,
        });
        if self == Dialect::SignalWire {
            list["total"] = total.into();
            list["num_pages"] = total.div_ceil(size).into();
        }
        list
    }

    /// The field of a list that names the first day, and whether that day itself counts.
    pub fn first_day(self) -> (&'static str, bool) {
        match self {
            // Named `StartTime>`; with its `=` it reads "at or after".
            Dialect::Twilio | Dialect::SignalWire => ("StartTime>", true),
            // "After", says its reference.
            Dialect::Telnyx => ("StartTime_gt", false),
        }
    }
}
