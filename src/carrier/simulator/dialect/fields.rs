//! The form fields of webhooks, as each carrier sends them (carriers.md, sections 2, 3, 7 and 8).

use super::Dialect;
use chrono::{DateTime, SecondsFormat, Utc};

type Fields = Vec<(String, String)>;

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A request of the account.
    Outbound,
    /// Somebody who called the account's number.
    Inbound,
}

impl Direction {
    /// The word in webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Outbound => "outbound-api",
            Direction::Inbound => "inbound",
        }
    }
}

/// What every webhook of a call says.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The account.
    pub account: String,
    /// The call's id.
    pub sid: String,
    /// Who is called.
    pub to: String,
    /// Who calls.
    pub from: String,
    /// Who began it.
    pub direction: Direction,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// How a call ended, as its last callback tells it.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The final status.
    pub status: &'static str,
    /// Seconds from answer to end.
    pub talk_s: u64,
    /// SIP status.
    pub sip: Option<u16>,
    /// The carrier's error code.
    pub error_code: Option<u32>,
    /// What detection said.
    pub answered_by: Option<&'static str>,
    /// Whether the other side ended it.
    pub by_callee: bool,
}

/// Places as carriers report them: often empty, with blanks, ampersands and letters beyond ASCII.
const PLACES: [(&str, &str, &str, &str); 5] = [
    ("", "", "", ""),
    ("BOSTON", "MA", "02115", "US"),
    ("São Paulo", "SP", "", "BR"),
    ("Köln", "", "", "DE"),
    ("MARTHA'S & NANTUCKET", "MA", "02554", "US"),
];

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.map(|(name, value)| (name.to_string(), value.to_string())).to_vec()
}

impl Dialect {
    /// Who calls whom, and how it stands.
    pub fn common(self, call: &Facts, status: &str) -> Fields {
        let (to, from) = (call.to.as_str(), call.from.as_str());
        let mut fields = owned([
            ("CallSid", &call.sid),
            ("AccountSid", &call.account),
            ("From", from),
            ("To", to),
            ("CallStatus", status),
            ("Direction", call.direction.as_str()),
        ]);
        match self {
            Dialect::Twilio => {
                fields.extend(owned([("Called", to), ("Caller", from), ("ApiVersion", "2010-04-01")]));
                fields.extend(places(to, from));
            }
            Dialect::SignalWire => fields.extend(owned([("Called", to), ("Caller", from), ("ApiVersion", "2010-04-01")])),
            Dialect::Telnyx => fields.extend(telnyx(call)),
        }
        fields
    }

    /// What a status callback adds: the `sent`th of its call.
    pub fn progress(self, sent: u32, is_last: bool, now: DateTime<Utc>) -> Fields {
        let (sequence, timestamp) = match self {
            Dialect::Twilio | Dialect::SignalWire => (sent.to_string(), now.to_rfc2822()),
            // With a blank on the last one and with a T before: both were seen.
            Dialect::Telnyx if is_last => ("0".into(), now.format("%Y-%m-%d %H:%M:%S%.6fZ").to_string()),
            Dialect::Telnyx => ("0".into(), now.to_rfc3339_opts(SecondsFormat::Millis, true)),
        };
        owned([("CallbackSource", "call-progress-events"), ("SequenceNumber", &sequence), ("Timestamp", &timestamp)])
    }

    /// What the last callback adds.
    pub fn ending(self, end: &Ending) -> Fields {
        let mut fields = owned([("CallDuration", &end.talk_s.to_string())]);
        let mut add = |name: &str, value: String| fields.push((name.to_string(), value));
        let source = if end.by_callee { "callee" } else { "caller" };
        match self {
            Dialect::Twilio => {
                add("Duration", end.talk_s.div_ceil(60).to_string());
                end.sip.into_iter().for_each(|sip| add("SipResponseCode", sip.to_string()));
                end.error_code.into_iter().for_each(|code| add("ErrorCode", code.to_string()));
                end.answered_by.into_iter().for_each(|word| add("AnsweredBy", word.to_string()));
            }
            Dialect::SignalWire => {
                end.sip.into_iter().for_each(|sip| {
                    add("SipResultCode", sip.to_string());
                    add("SipInviteResultPhrase", phrase(sip).to_string());
                });
                add("HangupBy", source.to_string());
                add("HangupDirection", if end.by_callee { "inbound" } else { "outbound" }.to_string());
                for name in ["AudioInMos", "AudioInMediaPacketCount", "AudioInSkipPacketCount", "AudioOutMediaPacketCount"] {
                    add(name, if name == "AudioInMos" { "4.50".into() } else { (end.talk_s * 50).to_string() });
                }
                end.answered_by.into_iter().for_each(|word| add("AnsweredBy", word.to_string()));
            }
            Dialect::Telnyx => {
                add("HangupSource", source.to_string());
                add("HangupCause", cause(end).to_string());
            }
        }
        fields
    }

    /// The callback of asynchronous machine detection: neither numbers nor a status.
    pub fn detected(self, call: &Facts, word: &str, after_ms: u64) -> Fields {
        let mut fields = owned([
            ("CallSid", &call.sid),
            ("AccountSid", &call.account),
            ("AnsweredBy", word),
            ("MachineDetectionDuration", &after_ms.to_string()),
        ]);
        if self == Dialect::Telnyx {
            fields.extend(owned([("CallSidLegacy", call.sid.as_str()), ("ConnectionId", CONNECTION)]));
        }
        fields
    }
}

const CONNECTION: &str = "1494404757140276705";

fn telnyx(call: &Facts) -> Fields {
    let initiated = call.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    owned([("CallSidLegacy", call.sid.as_str()), ("ConnectionId", CONNECTION), ("CallInitiatedAt", &initiated)])
}

fn places(to: &str, from: &str) -> Fields {
    let mut fields = Vec::new();
    for (who, number) in [("To", to), ("Called", to), ("From", from), ("Caller", from)] {
        let (city, state, zip, country) = PLACES[usize::from(number.bytes().last().unwrap_or_default()) % PLACES.len()];
        for (what, value) in [("City", city), ("State", state), ("Zip", zip), ("Country", country)] {
            fields.push((format!("{who}{what}"), value.to_string()));
        }
    }
    fields
}

fn phrase(sip: u16) -> &'static str {
    match sip {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        487 => "Request Terminated",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

fn cause(end: &Ending) -> &'static str {
    match (end.status, end.sip) {
        ("busy", _) => "user_busy",
        ("no-answer", _) => "timeout",
        ("canceled", _) => "originator_cancel",
        ("failed", Some(404)) => "not_found",
        ("failed", Some(403)) => "call_rejected",
        ("failed", _) => "unspecified",
        _ => "normal_clearing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            account: "acc".into(),
            sid: "v3:a-b_c".into(),
            to: "+16175550101".into(),
            from: "+16175550100".into(),
            direction: Direction::Outbound,
            created_at: at(),
        }
    }

    fn at() -> DateTime<Utc> {
        "2026-11-27T15:00:00.25Z".parse().expect("a time")
    }

    fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
        crate::carrier::family::form::field(fields, name)
    }

    #[test]
    fn moments_and_sequences() {
        for (dialect, sequence, stamp, last) in [
            (Dialect::Twilio, "2", "Fri, 27 Nov 2026 15:00:00 +0000", "Fri, 27 Nov 2026 15:00:00 +0000"),
            (Dialect::SignalWire, "2", "Fri, 27 Nov 2026 15:00:00 +0000", "Fri, 27 Nov 2026 15:00:00 +0000"),
            (Dialect::Telnyx, "0", "2026-11-27T15:00:00.250Z", "2026-11-27 15:00:00.250000Z"),
        ] {
            let fields = dialect.progress(2, false, at());
            assert_eq!((value(&fields, "SequenceNumber"), value(&fields, "Timestamp")), (Some(sequence), Some(stamp)));
            assert_eq!(value(&dialect.progress(2, true, at()), "Timestamp"), Some(last));
        }
    }

    #[test]
    fn ends_in_each_ones_fields() {
        let busy = Ending { status: "busy", talk_s: 0, sip: Some(486), error_code: None, answered_by: None, by_callee: true };
        let twilio = Dialect::Twilio.ending(&busy);
        assert_eq!((value(&twilio, "SipResponseCode"), value(&twilio, "Duration")), (Some("486"), Some("0")));
        let signalwire = Dialect::SignalWire.ending(&busy);
        assert_eq!((value(&signalwire, "SipResultCode"), value(&signalwire, "SipResponseCode")), (Some("486"), None));
        assert_eq!(value(&signalwire, "SipInviteResultPhrase"), Some("Busy Here"));
        let telnyx = Dialect::Telnyx.ending(&busy);
        assert_eq!((value(&telnyx, "HangupSource"), value(&telnyx, "HangupCause")), (Some("callee"), Some("user_busy")));
    }

    #[test]
    fn detection_says_no_numbers() {
        for dialect in Dialect::ALL {
            let fields = dialect.detected(&facts(), "human", 1900);
            assert!(value(&fields, "From").is_none() && value(&fields, "CallStatus").is_none(), "{dialect:?}");
            assert_eq!(value(&fields, "CallSidLegacy").is_some(), dialect == Dialect::Telnyx);
        }
        let telnyx = Dialect::Telnyx.common(&facts(), "ringing");
        assert_eq!((value(&telnyx, "CallInitiatedAt"), value(&telnyx, "ToCity")), (Some("2026-11-27T15:00:00.250Z"), None));
    }
}
