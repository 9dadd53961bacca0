//! A request to call, read as strictly as the real carrier reads it (carriers.md, sections 1, 7 and 8).

use super::dialect::{ApiFault, Dialect, Direction, Form, Range};
use crate::carrier::family::form::field;
use crate::core::domain::PhoneNumber;
use reqwest::Url;

/// A call that is to be.
#[derive(Debug, Clone)]
pub struct CallRequest {
    /// Who began it.
    pub direction: Direction,
    /// Whom.
    pub to: PhoneNumber,
    /// The number they see; for a call to us it may be withheld.
    pub from: String,
    /// What to say.
    pub start: Start,
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
    /// Keys that are sent once it is answered: how long that takes, in milliseconds.
    pub sends_ms: u64,
    /// Machine detection.
    pub detection: Option<DetectionRequest>,
    /// What the real carrier would silently ignore.
    pub warnings: Vec<String>,
}

/// What a call begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Ask there.
    At(Address),
    /// This document.
    Document(String),
}

/// An address with its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where, with its fragment.
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
    /// Milliseconds until it gives up.
    pub timeout_ms: u64,
    /// Cut what plays when it is a machine.
    pub cuts_playback: bool,
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

type Fields = [(String, String)];

/// The longest document inside a request.
const LONGEST_INLINE: usize = 4000;
/// How long a key is heard, with the pause after it.
const KEY_MS: u64 = 410;

impl CallRequest {
    /// Reads the fields of a request.
    pub fn read(dialect: Dialect, fields: &Fields) -> Result<CallRequest, ApiFault> {
        let form = dialect.form();
        let bad = |code, message: &str| ApiFault::new(400, code, message);
        let to = given(fields, "To").ok_or_else(|| bad(21201, "No 'To' number is specified"))?;
        let to = e164(to).ok_or_else(|| bad(21211, "Invalid 'To' phone number"))?;
        let from = given(fields, "From").ok_or_else(|| bad(21213, "'From' phone number is required"))?;
        let from = e164(from).ok_or_else(|| bad(21212, "Invalid 'From' phone number"))?;
        if given(fields, "ApplicationSid").is_some() && dialect != Dialect::Telnyx {
            return Err(bad(21218, "Invalid ApplicationSid: the simulated network knows no applications"));
        }
        let start = start(form, fields, form.url_method)?.ok_or_else(|| bad(21205, "Url parameter is required"))?;
        let unknown = fields.iter().filter(|(name, _)| !form.known.contains(&name.as_str()));
        let mut warnings: Vec<String> = unknown.map(|(name, _)| format!("{name} is no field of this request")).collect();
        let sends_ms = if form.known.contains(&"SendDigits") { keys_to_send(fields)? } else { 0 };
        let detection = detection(form, fields)?.filter(|_| {
            // Keys that are sent turn it off.
            sends_ms == 0
        });
        if detection.as_ref().is_some_and(|detection| detection.beside == Some(None)) {
            warnings.push("21262: AsyncAmd without AsyncAmdStatusCallback".into());
        }
        Ok(CallRequest {
            direction: Direction::Outbound,
            to,
            from: from.as_str().to_string(),
            start,
            fallback: address(fields, "FallbackUrl", "FallbackMethod", 21205)?,
            status: address(fields, "StatusCallback", "StatusCallbackMethod", 21609)?,
            events: events(form, fields)?,
            timeout_s: number(fields, "Timeout", form.timeout)?,
            time_limit_s: form.time_limit.map_or(Ok(14_400), |range| number(fields, "TimeLimit", range))?,
            sends_ms,
            detection,
            warnings,
        })
    }

    /// A call to one of the account's numbers.
    pub fn inbound(from: String, to: PhoneNumber, voice: Address, status: Option<Address>) -> CallRequest {
        CallRequest {
            direction: Direction::Inbound,
            to,
            from,
            start: Start::At(voice),
            fallback: None,
            status,
            // A number's status address is told the end alone.
            events: vec![Progress::Completed],
            timeout_s: 60,
            time_limit_s: 14_400,
            sends_ms: 0,
            detection: None,
            warnings: Vec::new(),
        }
    }
}

/// What a request says is to be heard: an address, or a document of its own. The address wins.
pub fn start(form: &Form, fields: &Fields, method: &str) -> Result<Option<Start>, ApiFault> {
    if let Some(address) = address(fields, "Url", method, 21205)? {
        return Ok(Some(Start::At(address)));
    }
    let document = given(fields, form.document).map(str::to_string);
    if document.as_ref().is_some_and(|document| document.chars().count() > LONGEST_INLINE) {
        return Err(ApiFault::new(400, 21626, format!("{} is longer than 4000 characters", form.document)));
    }
    Ok(document.map(Start::Document))
}

/// A field that is there and not empty.
fn given<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    field(fields, name).filter(|value| !value.is_empty())
}

fn e164(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).ok().filter(|number| number.as_str() == text)
}

/// An absolute address and its method.
pub fn address(fields: &Fields, name: &str, method: &str, code: u32) -> Result<Option<Address>, ApiFault> {
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

fn events(form: &Form, fields: &Fields) -> Result<Vec<Progress>, ApiFault> {
    let given: Vec<&str> = fields.iter().filter(|(name, _)| name == "StatusCallbackEvent").map(|(_, v)| v.as_str()).collect();
    let words: Vec<&str> = match form.events_in_one {
        // Of a repeated field the last one counts.
        true => given.last().map(|all| all.split(' ').collect()).unwrap_or_default(),
        false => given,
    };
    let mut events = Vec::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        events.push(match word {
            "initiated" => Progress::Initiated,
            "ringing" => Progress::Ringing,
            "answered" => Progress::Answered,
            "completed" => Progress::Completed,
            word if form.other_events.contains(&word) => continue,
            _ => {
                let how = if form.events_in_one { "with blanks between" } else { "one a field" };
                let want = format!("StatusCallbackEvent: want initiated, ringing, answered or completed, {how}");
                return Err(ApiFault::new(400, 21626, want));
            }
        });
    }
    Ok(if events.is_empty() { vec![Progress::Completed] } else { events })
}

fn detection(form: &Form, fields: &Fields) -> Result<Option<DetectionRequest>, ApiFault> {
    let until_end = match given(fields, "MachineDetection") {
        None => return Ok(None),
        Some("Enable") => false,
        Some("DetectMessageEnd") => true,
        Some(word) if form.no_detection == Some(word) => return Ok(None),
        Some(_) => return Err(ApiFault::new(400, 20001, "MachineDetection: want Enable or DetectMessageEnd")),
    };
    let told = address(fields, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21609)?;
    let beside = flag(fields, "AsyncAmd")?.unwrap_or(false).then_some(told);
    for (name, range) in [
        ("MachineDetectionSpeechThreshold", Range { least: 1000, most: 6000, default: 2400 }),
        ("MachineDetectionSpeechEndThreshold", Range { least: 500, most: 5000, default: 1200 }),
        ("MachineDetectionSilenceTimeout", Range { least: 2000, most: 10_000, default: 5000 }),
    ] {
        number(fields, name, range)?;
    }
    let timeout = number(fields, "MachineDetectionTimeout", form.detection_timeout)?;
    let cut = if until_end { "CancelPlaybackOnDetectMessageEnd" } else { "CancelPlaybackOnMachineDetection" };
    let cuts_playback = form.cuts_playback && flag(fields, cut)?.unwrap_or(true);
    let timeout_ms = u64::from(timeout) * u64::from(form.detection_unit_ms);
    Ok(Some(DetectionRequest { until_end, beside, timeout_ms, cuts_playback }))
}

/// How long it takes to send `SendDigits`: `w` is half a second, `W` a whole one.
fn keys_to_send(fields: &Fields) -> Result<u64, ApiFault> {
    let keys = given(fields, "SendDigits").unwrap_or_default();
    if keys.chars().count() > 32 {
        return Err(ApiFault::new(400, 20001, "SendDigits: at most 32"));
    }
    keys.chars().try_fold(0, |sum, key| match key {
        'w' => Ok(sum + 500),
        'W' => Ok(sum + 1000),
        '0'..='9' | 'A'..='D' | '#' | '*' => Ok(sum + KEY_MS),
        _ => Err(ApiFault::new(400, 20001, "SendDigits: want 0-9 A-D # * w W")),
    })
}

fn flag(fields: &Fields, name: &str) -> Result<Option<bool>, ApiFault> {
    match given(fields, name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(ApiFault::new(400, 20001, format!("{name}: want true or false"))),
    }
}

fn number(fields: &Fields, name: &str, range: Range) -> Result<u32, ApiFault> {
    let Some(text) = given(fields, name) else {
        return Ok(range.default);
    };
    let number = text.parse().ok().filter(|number| (range.least..=range.most).contains(number));
    number.ok_or_else(|| ApiFault::new(400, 20001, format!("{name}: want {} to {}", range.least, range.most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(dialect: Dialect, changes: &[(&str, &str)]) -> Result<CallRequest, ApiFault> {
        let base = [("To", "+16175550101"), ("From", "+16175550100"), ("Url", "http://h.example/v")];
        let kept = base.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let all: Vec<_> = kept.chain(changes).map(|(n, v)| (n.to_string(), v.to_string())).collect();
        CallRequest::read(dialect, &all)
    }

    fn read(changes: &[(&str, &str)]) -> Result<CallRequest, ApiFault> {
        read_as(Dialect::Twilio, changes)
    }

    #[test]
    fn defaults() {
        for (dialect, ring) in [(Dialect::Twilio, 60), (Dialect::SignalWire, 60), (Dialect::Telnyx, 30)] {
            let request = read_as(dialect, &[]).expect("the least request");
            assert_eq!((request.timeout_s, request.time_limit_s), (ring, 14_400));
            assert_eq!(request.events, [Progress::Completed]);
            assert!(request.detection.is_none() && request.warnings.is_empty());
            assert!(matches!(request.start, Start::At(Address { post: true, .. })));
        }
    }

    #[test]
    fn refusals() {
        let long = "x".repeat(4001);
        for (name, value, code) in [
            ("To", "", 21201),
            ("To", "6175550101", 21211),
            ("To", "+1 617 555 0101", 21211),
            ("From", "", 21213),
            ("From", "Hospital", 21212),
            ("Url", "", 21205),
            ("Url", "/voice", 21205),
            ("Url", "http://my_host/x", 21205),
            ("ApplicationSid", "AP1", 21218),
            ("Method", "PUT", 20001),
            ("StatusCallback", "somewhere", 21609),
            ("StatusCallbackEvent", "initiated ringing", 21626),
            ("StatusCallbackEvent", "ended", 21626),
            ("Timeout", "0", 20001),
            ("Timeout", "601", 20001),
            ("TimeLimit", "soon", 20001),
            ("MachineDetection", "On", 20001),
            ("MachineDetection", "none", 20001),
            ("SendDigits", "12a", 20001),
            ("SendDigits", "000000000000000000000000000000000", 20001),
        ] {
            assert_eq!(read(&[(name, value)]).map_err(|fault| fault.code).err(), Some(code), "{name}={value}");
        }
        assert_eq!(read(&[("Url", ""), ("Twiml", &long)]).map_err(|fault| fault.code).err(), Some(21626));
        let detect = ("MachineDetection", "Enable");
        for (name, value) in [("MachineDetectionSpeechThreshold", "900"), ("MachineDetectionTimeout", "60"), ("AsyncAmd", "yes")]
        {
            assert_eq!(read(&[detect, (name, value)]).map_err(|fault| fault.code).err(), Some(20001), "{name}={value}");
        }
    }

    #[test]
    fn each_carrier_has_its_own_names_and_ranges() {
        use Dialect::{SignalWire, Telnyx, Twilio};
        type Given = &'static [(&'static str, &'static str)];
        let table: [(Dialect, Given, Result<(), u32>); 11] = [
            (Telnyx, &[("Timeout", "4")], Err(20001)),
            (Telnyx, &[("Timeout", "121")], Err(20001)),
            (Telnyx, &[("TimeLimit", "29")], Err(20001)),
            (Telnyx, &[("StatusCallbackEvent", "initiated ringing answered completed")], Ok(())),
            (Telnyx, &[("MachineDetection", "Enable"), ("MachineDetectionTimeout", "30")], Err(20001)),
            (Telnyx, &[("MachineDetection", "Enable"), ("MachineDetectionTimeout", "30000")], Ok(())),
            (Telnyx, &[("MachineDetection", "Disable")], Ok(())),
            (SignalWire, &[("MachineDetection", "none")], Ok(())),
            (SignalWire, &[("StatusCallbackEvent", "ringing_queued")], Ok(())),
            (Twilio, &[("StatusCallbackEvent", "ringing_queued")], Err(21626)),
            (Twilio, &[("MachineDetection", "Enable"), ("MachineDetectionTimeout", "30000")], Err(20001)),
        ];
        for (dialect, fields, want) in table {
            assert_eq!(read_as(dialect, fields).map(drop).map_err(|fault| fault.code), want, "{dialect:?} {fields:?}");
        }
        let warned =
            |dialect, name| !read_as(dialect, &[(name, "GET")]).map(|request| request.warnings).unwrap_or_default().is_empty();
        assert!(warned(Telnyx, "Method") && !warned(Telnyx, "UrlMethod"));
        assert!(warned(Twilio, "UrlMethod") && !warned(Twilio, "Method"));
        let keys = read_as(Telnyx, &[("SendDigits", "1")]).expect("taken without a word");
        assert_eq!((keys.sends_ms, keys.warnings.len()), (0, 1), "Telnyx sends none");
        let all = read_as(Telnyx, &[("StatusCallbackEvent", "initiated completed")]).expect("taken").events;
        assert_eq!(all, [Progress::Initiated, Progress::Completed]);
    }

    #[test]
    fn a_document_may_come_along_and_an_address_wins() {
        for (dialect, name) in [(Dialect::Twilio, "Twiml"), (Dialect::SignalWire, "Laml"), (Dialect::Telnyx, "Texml")] {
            let alone = read_as(dialect, &[("Url", ""), (name, "<Response/>")]).expect("taken").start;
            assert_eq!(alone, Start::Document("<Response/>".into()), "{name}");
            assert!(matches!(read_as(dialect, &[(name, "<Response/>")]).expect("taken").start, Start::At(_)), "{name}");
        }
    }

    #[test]
    fn what_the_real_carrier_would_ignore_is_told() {
        let request = read(&[("StatusCallBack", "http://h/s"), ("MachineDetection", "Enable"), ("AsyncAmd", "true")]);
        let warnings = request.expect("taken all the same").warnings;
        assert_eq!(warnings, ["StatusCallBack is no field of this request", "21262: AsyncAmd without AsyncAmdStatusCallback"]);
        let request = read(&[("MachineDetection", "Enable"), ("SendDigits", "wW1")]).expect("taken");
        assert!(request.detection.is_none(), "keys to send turn detection off");
        assert_eq!(request.sends_ms, 1_910);
    }
}
