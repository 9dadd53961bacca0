//! A request to call, read as strictly as the real carrier reads it (carriers.md, section 1). Codes without a source
//! there: 20001 for a value outside its range, 21609 for a bad callback address, 21626 for an unknown event.

use crate::carrier::family::form::field;
use crate::core::domain::PhoneNumber;
use reqwest::Url;

/// A request to call.
#[derive(Debug, Clone)]
pub struct CallRequest {
    /// Whom.
    pub to: PhoneNumber,
    /// The number they see.
    pub from: PhoneNumber,
    /// Asked what to say.
    pub url: Address,
    /// Asked when another address failed.
    pub fallback: Option<Address>,
    /// Told the status.
    pub status: Option<Address>,
    /// Of which events.
    pub events: Vec<Progress>,
    /// Ring seconds.
    pub timeout_s: u32,
    /// The longest call, in seconds from answer.
    pub time_limit_s: u32,
    /// Machine detection.
    pub detection: Option<DetectionRequest>,
    /// What the real carrier would silently ignore.
    pub warnings: Vec<String>,
}

/// An address with its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where.
    pub url: Url,
    /// By POST, else by GET.
    pub post: bool,
}

/// How machines are to be detected.
#[derive(Debug, Clone)]
pub struct DetectionRequest {
    /// Wait for the end of the greeting.
    pub until_end: bool,
    /// Beside the live call, telling this address; else before it.
    pub beside: Option<Option<Address>>,
    /// Seconds until it gives up.
    pub timeout_s: u32,
}

/// News that can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is being dialled.
    Initiated,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
    /// It is over.
    Completed,
}

/// A refusal by the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFault {
    /// HTTP status.
    pub status: u16,
    /// The carrier's code.
    pub code: u32,
    /// For people.
    pub message: String,
}

impl ApiFault {
    /// A refusal.
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> ApiFault {
        ApiFault { status, code, message: message.into() }
    }
}

const KNOWN: [&str; 25] = [
    "To",
    "From",
    "Url",
    "Method",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "MachineDetectionTimeout",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    // Taken by the real carrier and without effect here.
    "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout",
    "CallerId",
    "CallReason",
    "CallToken",
    "Record",
    "Trim",
    "SendDigits",
];

impl CallRequest {
    /// Reads the fields of a request.
    pub fn read(fields: &[(String, String)]) -> Result<CallRequest, ApiFault> {
        let bad = |code, message: &str| ApiFault::new(400, code, message);
        let to = given(fields, "To").ok_or_else(|| bad(21201, "No 'To' number is specified"))?;
        let to = e164(to).ok_or_else(|| bad(21211, "Invalid 'To' phone number"))?;
        let from = given(fields, "From").ok_or_else(|| bad(21213, "'From' phone number is required"))?;
        let from = e164(from).ok_or_else(|| bad(21212, "Invalid 'From' phone number"))?;
        let url = address(fields, "Url", "Method", 21205)?.ok_or_else(|| bad(21205, "Url parameter is required"))?;
        let unknown = fields.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        let mut warnings: Vec<String> = unknown.map(|(name, _)| format!("{name} is no field of this request")).collect();
        let detection = detection(fields)?;
        if detection.as_ref().is_some_and(|detection| detection.beside == Some(None)) {
            warnings.push("21262: AsyncAmd without AsyncAmdStatusCallback".into());
        }
        Ok(CallRequest {
            to,
            from,
            url,
            fallback: address(fields, "FallbackUrl", "FallbackMethod", 21205)?,
            status: address(fields, "StatusCallback", "StatusCallbackMethod", 21609)?,
            events: events(fields)?,
            timeout_s: number(fields, "Timeout", 1, 600)?.unwrap_or(60),
            time_limit_s: number(fields, "TimeLimit", 1, 14_400)?.unwrap_or(14_400),
            detection,
            warnings,
        })
    }
}

/// A field that is there and not empty.
fn given<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    field(fields, name).filter(|value| !value.is_empty())
}

fn e164(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).ok().filter(|number| number.as_str() == text)
}

/// An absolute address and its method.
pub fn address(fields: &[(String, String)], name: &str, method: &str, code: u32) -> Result<Option<Address>, ApiFault> {
    let Some(text) = given(fields, name) else {
        return Ok(None);
    };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // An underscore in the host name is refused by the real carrier, too.
    let url = url.filter(|url| url.host_str().is_some_and(|host| !host.contains('_')));
    let url = url.ok_or_else(|| ApiFault::new(400, code, format!("{name} is not a valid URL")))?;
    let post = match given(fields, method) {
        None | Some("POST") => true,
        Some("GET") => false,
        Some(_) => return Err(ApiFault::new(400, 20001, format!("{method}: want GET or POST"))),
    };
    Ok(Some(Address { url, post }))
}

fn events(fields: &[(String, String)]) -> Result<Vec<Progress>, ApiFault> {
    let named = fields.iter().filter(|(name, value)| name == "StatusCallbackEvent" && !value.is_empty());
    let read = named.map(|(_, value)| match value.as_str() {
        "initiated" => Ok(Progress::Initiated),
        "ringing" => Ok(Progress::Ringing),
        "answered" => Ok(Progress::Answered),
        "completed" => Ok(Progress::Completed),
        _ => Err(ApiFault::new(400, 21626, "StatusCallbackEvent: want initiated, ringing, answered or completed, one a field")),
    });
    let events: Vec<Progress> = read.collect::<Result<_, _>>()?;
    Ok(if events.is_empty() { vec![Progress::Completed] } else { events })
}

fn detection(fields: &[(String, String)]) -> Result<Option<DetectionRequest>, ApiFault> {
    let until_end = match given(fields, "MachineDetection") {
        None => return Ok(None),
        Some("Enable") => false,
        Some("DetectMessageEnd") => true,
        Some(_) => return Err(ApiFault::new(400, 20001, "MachineDetection: want Enable or DetectMessageEnd")),
    };
    if given(fields, "SendDigits").is_some() {
        return Ok(None);
    }
    let told = address(fields, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21609)?;
    let beside = match given(fields, "AsyncAmd") {
        None | Some("false") => None,
        Some("true") => Some(told),
        Some(_) => return Err(ApiFault::new(400, 20001, "AsyncAmd: want true or false")),
    };
    let timeout_s = number(fields, "MachineDetectionTimeout", 3, 59)?.unwrap_or(30);
    Ok(Some(DetectionRequest { until_end, beside, timeout_s }))
}

fn number(fields: &[(String, String)], name: &str, least: u32, most: u32) -> Result<Option<u32>, ApiFault> {
    let Some(text) = given(fields, name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or_else(|| ApiFault::new(400, 20001, format!("{name}: want {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<CallRequest, ApiFault> {
        let base = [("To", "+16175550101"), ("From", "+16175550100"), ("Url", "http://h.example/v")];
        let kept = base.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let all: Vec<_> = kept.chain(changes).map(|(n, v)| (n.to_string(), v.to_string())).collect();
        CallRequest::read(&all)
    }

    #[test]
    fn defaults() {
        let request = read(&[]).expect("the least request");
        assert_eq!((request.timeout_s, request.time_limit_s), (60, 14_400));
        assert_eq!(request.events, [Progress::Completed]);
        assert!(request.url.post && request.detection.is_none() && request.warnings.is_empty());
    }

    #[test]
    fn refusals() {
        for (name, value, code) in [
            ("To", "", 21201),
            ("To", "6175550101", 21211),
            ("To", "+1 617 555 0101", 21211),
            ("From", "", 21213),
            ("From", "Hospital", 21212),
            ("Url", "", 21205),
            ("Url", "/voice", 21205),
            ("Url", "http://my_host/x", 21205),
            ("Method", "PUT", 20001),
            ("StatusCallback", "somewhere", 21609),
            ("StatusCallbackEvent", "initiated ringing", 21626),
            ("StatusCallbackEvent", "ended", 21626),
            ("Timeout", "0", 20001),
            ("Timeout", "601", 20001),
            ("TimeLimit", "soon", 20001),
            ("MachineDetection", "On", 20001),
        ] {
            assert_eq!(read(&[(name, value)]).map_err(|fault| fault.code).err(), Some(code), "{name}={value}");
        }
    }

    #[test]
    fn what_the_real_carrier_would_ignore_is_told() {
        let request = read(&[("StatusCallBack", "http://h/s"), ("MachineDetection", "Enable"), ("AsyncAmd", "true")]);
        let warnings = request.expect("taken all the same").warnings;
        assert_eq!(warnings, ["StatusCallBack is no field of this request", "21262: AsyncAmd without AsyncAmdStatusCallback"]);
    }
}
