//! The request for a call, as each carrier's profile writes it.

use super::addresses::{Addresses, Hook};
use super::profile::{Events, Profile, Unit, Value};
use crate::carrier::{Detection, PlaceCall};
use crate::core::domain::PhoneNumber;

/// How long a carrier listens for a machine, in seconds: the others' default is Twilio's.
const DETECTION_WITHIN_S: u32 = 30;

/// A field of a request.
pub type Field = (&'static str, Value);

/// The fields that ask for `call`. Misspelt ones are silently ignored by the carriers: tests hold each name.
pub fn fields(profile: &Profile, addresses: &Addresses, from: &PhoneNumber, machines: Detection, call: &PlaceCall) -> Vec<Field> {
    let at = |hook| text(addresses.of(&call.token, hook));
    let post = || text("POST");
    let mut fields = vec![
        ("To", text(call.to.as_str())),
        ("From", text(from.as_str())),
        ("Url", at(Hook::Answered)),
        (profile.url_method, post()),
        // Asked when another address failed, also in the middle of a call. An address of its own, as not every carrier says
        // why it asks.
        ("FallbackUrl", at(Hook::Fallback)),
    ];
    if profile.fallback_method {
        fields.push(("FallbackMethod", post()));
    }
    fields.push(("StatusCallback", at(Hook::Status)));
    fields.push(("StatusCallbackMethod", post()));
    fields.push(("Timeout", Value::Number(within(call.ring_timeout_s, &profile.ring_s))));
    if let Some(range) = &profile.time_limit_s {
        fields.push(("TimeLimit", Value::Number(within(call.time_limit_s, range))));
    }
    let events = ["initiated", "ringing", "answered", "completed"];
    match profile.events {
        Events::Repeated => fields.extend(events.map(|event| ("StatusCallbackEvent", text(event)))),
        Events::Joined => fields.push(("StatusCallbackEvent", text(events.join(" ")))),
    }
    if machines == Detection::Off {
        return fields;
    }
    fields.push(("MachineDetection", text("DetectMessageEnd")));
    let timeout = match profile.detection_timeout {
        Unit::Seconds => DETECTION_WITHIN_S,
        Unit::Milliseconds => DETECTION_WITHIN_S * 1000,
    };
    fields.push(("MachineDetectionTimeout", Value::Number(timeout)));
    fields.extend(profile.with_detection.iter().cloned());
    if machines == Detection::Async {
        fields.push(("AsyncAmd", Value::Flag(true)));
        fields.push(("AsyncAmdStatusCallback", at(Hook::Detection)));
        fields.push(("AsyncAmdStatusCallbackMethod", post()));
    }
    fields
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into().into())
}

fn within(wish: u32, range: &std::ops::RangeInclusive<u32>) -> u32 {
    wish.clamp(*range.start(), *range.end())
}
