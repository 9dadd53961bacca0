//! The fields of a request to call: their names, ranges and defaults with each carrier (carriers.md, sections 1, 7 and 8;
//! names without effect here are those of the official SDKs).

use super::Dialect;

/// From the least to the most, and what holds when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// When nothing is said.
    pub default: u32,
}

const fn range(least: u32, most: u32, default: u32) -> Range {
    Range { least, most, default }
}

/// How one carrier names and limits the fields.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Every name it knows. Others are taken without a word by the real one; the tally warns of them.
    pub known: &'static [&'static str],
    /// The method of `Url` when a call is created.
    pub url_method: &'static str,
    /// A document inside the request.
    pub document: &'static str,
    /// Whether a body of JSON is taken, too.
    pub json: bool,
    /// Ring seconds.
    pub timeout: Range,
    /// The longest call in seconds; without one, `TimeLimit` is no field.
    pub time_limit: Option<Range>,
    /// How long detection may take, in units of `detection_unit_ms`.
    pub detection_timeout: Range,
    /// Milliseconds a unit.
    pub detection_unit_ms: u32,
    /// The word beside `Enable` and `DetectMessageEnd` that means none.
    pub no_detection: Option<&'static str>,
    /// Whether events stand in one field with blanks between; else each has a field of its own.
    pub events_in_one: bool,
    /// Events that are taken and never told.
    pub other_events: &'static [&'static str],
    /// Whether a prompt in play is cut when the verdict comes, if nothing else is said.
    pub cuts_playback: bool,
}

const TWILIO: Form = Form {
    known: &[
        "To",
        "From",
        "Url",
        "Twiml",
        "Method",
        "FallbackUrl",
        "FallbackMethod",
        "StatusCallback",
        "StatusCallbackMethod",
        "StatusCallbackEvent",
        "Timeout",
        "TimeLimit",
        "SendDigits",
        "MachineDetection",
        "MachineDetectionTimeout",
        "MachineDetectionSpeechThreshold",
        "MachineDetectionSpeechEndThreshold",
        "MachineDetectionSilenceTimeout",
        "AsyncAmd",
        "AsyncAmdStatusCallback",
        "AsyncAmdStatusCallbackMethod",
        "ApplicationSid",
        // Taken, and without effect here.
        "Record",
        "RecordingChannels",
        "RecordingTrack",
        "RecordingStatusCallback",
        "RecordingStatusCallbackMethod",
        "RecordingStatusCallbackEvent",
        "Trim",
        "CallerId",
        "CallReason",
        "CallToken",
        "Byoc",
        "SipAuthUsername",
        "SipAuthPassword",
        "ClientNotificationUrl",
    ],
    url_method: "Method",
    document: "Twiml",
    json: false,
    timeout: range(1, 600, 60),
    time_limit: Some(range(1, 14_400, 14_400)),
    detection_timeout: range(3, 59, 30),
    detection_unit_ms: 1000,
    no_detection: None,
    events_in_one: false,
    other_events: &[],
    cuts_playback: false,
};

const SIGNALWIRE: Form = Form {
    known: &[
        "To",
        "From",
        "Url",
        "Laml",
        "Method",
        "FallbackUrl",
        "FallbackMethod",
        "StatusCallback",
        "StatusCallbackMethod",
        "StatusCallbackEvent",
        "Timeout",
        "SendDigits",
        "MachineDetection",
        "MachineDetectionTimeout",
        "MachineDetectionSpeechThreshold",
        "MachineDetectionSpeechEndThreshold",
        "MachineDetectionSilenceTimeout",
        "MachineWordsThreshold",
        "AsyncAmd",
        "AsyncAmdStatusCallback",
        "AsyncAmdStatusCallbackMethod",
        "AsyncAmdPartialResults",
        "ApplicationSid",
        "Record",
        "RecordingChannels",
        "RecordingTrack",
        "RecordingStatusCallback",
        "RecordingStatusCallbackMethod",
        "RecordingStatusCallbackEvent",
        "Trim",
        "CallerId",
        "MaxPricePerMinute",
        "SipAuthUsername",
        "SipAuthPassword",
    ],
    url_method: "Method",
    document: "Laml",
    json: false,
    timeout: range(1, 600, 60),
    time_limit: None,
    detection_timeout: range(1, 600, 30),
    detection_unit_ms: 1000,
    no_detection: Some("none"),
    events_in_one: false,
    other_events: &["ringing_forwarded", "ringing_queued"],
    cuts_playback: false,
};

const TELNYX: Form = Form {
    known: &[
        "To",
        "From",
        "Url",
        "Texml",
        "UrlMethod",
        "FallbackUrl",
        "StatusCallback",
        "StatusCallbackMethod",
        "StatusCallbackEvent",
        "Timeout",
        "TimeLimit",
        "MachineDetection",
        "DetectionMode",
        "MachineDetectionTimeout",
        "MachineDetectionSpeechThreshold",
        "MachineDetectionSpeechEndThreshold",
        "MachineDetectionSilenceTimeout",
        "AsyncAmd",
        "AsyncAmdStatusCallback",
        "AsyncAmdStatusCallbackMethod",
        "CancelPlaybackOnMachineDetection",
        "CancelPlaybackOnDetectMessageEnd",
        "ApplicationSid",
        "CallerId",
        "CustomHeaders",
        "PreferredCodecs",
        "Record",
        "RecordingChannels",
        "RecordingTimeout",
        "RecordingTrack",
        "RecordingStatusCallback",
        "RecordingStatusCallbackMethod",
        "RecordingStatusCallbackEvent",
        "SendRecordingUrl",
        "SipAuthUsername",
        "SipAuthPassword",
        "SipRegion",
        "SuperviseCallSid",
        "SupervisingRole",
        "Trim",
    ],
    url_method: "UrlMethod",
    document: "Texml",
    json: true,
    timeout: range(5, 120, 30),
    time_limit: Some(range(30, 14_400, 14_400)),
    detection_timeout: range(500, 60_000, 30_000),
    detection_unit_ms: 1,
    no_detection: Some("Disable"),
    events_in_one: true,
    other_events: &[],
    cuts_playback: true,
};

impl Dialect {
    /// The fields of its requests to call.
    pub fn form(self) -> &'static Form {
        match self {
            Dialect::Twilio => &TWILIO,
            Dialect::SignalWire => &SIGNALWIRE,
            Dialect::Telnyx => &TELNYX,
        }
    }
}
