//! The seam to the telephone network. A carrier places calls and turns live ones; its webhooks become
//! [`CallEvent`]s, and a [`Page`] becomes its document. A carrier's own words stay in its folder; adding one is a folder
//! and its line in [`KINDS`].
//!
//! Never here: the store, deciding what is said. Start reading at [`Carrier`].

pub mod family;
mod kind;
mod settings;
pub mod signalwire;
pub mod simulator;
pub mod telnyx;
pub mod twilio;

pub use family::addresses::masked;
pub use kind::{Access, Holds, KINDS, Kind, OwnKey};
pub use settings::{Detection, Own, OwnValue, Settings, SettingsError};

use crate::core::Phi;
use crate::core::call::{CallEvent, FinalStatus, Key, Then, TransferResult};
use crate::core::domain::{AnsweredBy, PhoneNumber};
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Nobody waits longer for words, however patient their carrier is.
const WORDS_WITHIN: Duration = Duration::from_secs(3);

/// A telephone network that places calls and asks us by webhook what to say.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Its name under `[carriers]`.
    fn name(&self) -> &CarrierName;

    /// Asks for a call. On success the call exists; see [`CarrierError`] for what each failure means.
    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError>;

    /// Turns a live call to the document of `step`, ending what it plays now.
    async fn turn_call(&self, carrier_call_id: &str, token: &AttemptToken, step: u32) -> Result<(), CarrierError>;

    /// Ends a live call: one that outlasts its limit where the carrier keeps none.
    async fn end_call(&self, carrier_call_id: &str) -> Result<(), CarrierError>;

    /// Our calls to a number, made from the configured sender, that were created at or after `since` (it may give older ones
    /// of that day too).
    async fn find_calls(&self, to: &PhoneNumber, since: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError>;

    /// One call by the carrier's id; `None` when the carrier does not know it.
    async fn fetch_call(&self, carrier_call_id: &str) -> Result<Option<CarrierCall>, CarrierError>;

    /// Checks the signature and reads a webhook. Nothing of the request is believed before its signature is.
    fn receive(&self, request: &WebhookRequest<'_>) -> Result<Webhook, Rejected>;

    /// How long somebody on the line may wait for words before they hear "one moment, please": less than the carrier waits
    /// for our answer, because that has a way to go. The strictest one hangs up on us after five seconds (carriers.md,
    /// section 7).
    fn words_within(&self) -> Duration {
        WORDS_WITHIN
    }

    /// The document that says and does what `page` tells.
    fn document(&self, token: &AttemptToken, page: &Page) -> Document;

    /// The document that plays `audio` and then asks the same once more: for a moment in which we cannot answer. What was
    /// asked, a key above all, travels in its address, and so does how often, and how long, the answer was put off.
    fn ask_again(&self, token: &AttemptToken, ask: &Ask, put_off: PutOff, audio: &[String]) -> Document;

    /// The document of what is answered to somebody who calls our number.
    fn answer_incoming(&self, reply: &IncomingReply<'_>) -> Document;
}

/// A call to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceCall {
    /// Its name in logs.
    pub attempt: AttemptId,
    /// Its secret: stands in every callback URL.
    pub token: AttemptToken,
    /// Whom to call.
    pub to: PhoneNumber,
    /// How long it may ring, in seconds.
    pub ring_timeout_s: u32,
    /// How long the call may last, in seconds.
    pub time_limit_s: u32,
}

/// A call that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The carrier's id, where its answer holds one.
    pub carrier_call_id: Option<String>,
}

/// A call as its carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierCall {
    /// The carrier's id.
    pub id: String,
    /// How it ended; `None` while it lasts.
    pub ended: Option<FinalStatus>,
    /// When it was created or started, where the carrier says so.
    pub started_at: Option<DateTime<Utc>>,
    /// Seconds from answer to end.
    pub talk_seconds: Option<u32>,
}

/// Why a carrier did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// No call exists: the carrier says no.
    #[error("the carrier refused ({status}, code {code}): {why:?}")]
    Refused {
        /// What the refusal is about.
        why: Refusal,
        /// HTTP status.
        status: u16,
        /// The carrier's error code; 0 where it gave none.
        code: u32,
    },
    /// No call exists: the request never reached the carrier.
    #[error("the carrier cannot be reached: {0}")]
    Unreachable(String),
    /// A call may exist: the answer was lost, late, or a server error.
    #[error("the carrier's answer is not known: {0}")]
    Unknown(Lost),
}

/// An answer that says nothing about the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its HTTP status, where something came.
    pub status: Option<u16>,
    /// What happened, for people; neither a number nor an address stands in it.
    pub what: String,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// Nothing came at all.
impl<T: Into<String>> From<T> for Lost {
    fn from(what: T) -> Lost {
        Lost { status: None, what: what.into() }
    }
}

/// What a refusal is about. All of them say that no call exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The number is invalid for good.
    BadNumber,
    /// The number cannot be reached: not again today, and on one later day at most.
    NotReached,
    /// Our credentials, account or sender: every call would be refused. Its dialler stops, and somebody must act.
    Account,
    /// The account may not call this number (its country, a fraud rule, a trial account) until somebody changes the account,
    /// who must be told. That is not the number's fault, and says nothing about it. Other numbers may be called; where
    /// several in a row may not, the carrier pauses.
    Blocked,
    /// What we sent was wrong: a fault of this program, of which somebody must be told. Not the number's.
    OurFault,
    /// Too many requests: all of the carrier's calls pause, and the same attempt is tried later.
    SlowDown {
        /// The carrier's own wish, in seconds.
        retry_after_s: Option<u32>,
    },
    /// The carrier's queue of calls is full: all of its calls pause for ten minutes or longer, and the same attempt is tried
    /// later.
    QueueFull {
        /// The carrier's own wish, in seconds.
        retry_after_s: Option<u32>,
    },
    /// More calls at once than the account may have: later, and fewer at once.
    Lines,
    /// The live call is over already.
    NotLive,
    /// Anything else: somebody must be told, and where several attempts in a row are refused so, the carrier pauses.
    Other,
}

/// A request to `/carriers/NAME/…`, as it came.
#[derive(Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Raw path below `/carriers/NAME/`, without a leading slash.
    pub path: &'a str,
    /// Raw path and query from the root: what follows the public URL.
    pub path_and_query: &'a str,
    /// A header's value by its lower-case name.
    pub header: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The raw body.
    pub body: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
}

/// A webhook whose signature held.
#[derive(Debug, Clone, PartialEq)]
pub enum Webhook {
    /// Of a call that we placed, or that was joined to one of our attempts.
    OfAttempt(Received),
    /// Of a call that somebody made to our number and that is joined to no attempt yet.
    Incoming(Incoming),
}

/// Somebody calls our number.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The carrier's id of the call, by which its first request is known again.
    pub carrier_call_id: String,
    /// The number they call from; `None` where it is withheld or none of the numbering plan.
    pub caller: Option<PhoneNumber>,
    /// Which of our numbers they called.
    pub called: Option<PhoneNumber>,
    /// What the carrier wants.
    pub ask: IncomingAsk,
    /// How often the same was asked before and we had no answer.
    pub tries: u32,
    /// The fields that identify nobody, for the webhook log.
    pub summary: String,
    /// The carrier's code of a fault at our end, where it tells of one: it could not use what we answered.
    pub our_fault: Option<u32>,
}

/// What happens on an incoming call. After its first request each address names the call by a token of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncomingAsk {
    /// It rings at our number.
    Rings,
    /// An address failed, and what is to be said now is asked for again: at any point of the call, its beginning included.
    Fallback {
        /// Where the call has become one of an attempt: the step that the request was to answer which failed.
        failed: Option<u32>,
    },
    /// Keys were pressed while `step` was gathering; it may be fewer than were asked for, or none.
    Digits {
        /// The incoming call.
        token: AttemptToken,
        /// The step that gathered.
        step: u32,
        /// The keys.
        digits: Phi<String>,
    },
    /// News that says nothing: it is not over yet.
    Lasts,
    /// It is over.
    Over {
        /// How it ended.
        status: FinalStatus,
        /// Seconds from answer to end, where the carrier says so.
        talk_seconds: Option<u32>,
    },
}

/// What is answered to somebody who calls our number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncomingReply<'a> {
    /// A step.
    Page {
        /// The incoming call's own token.
        token: &'a AttemptToken,
        /// What to play and what comes after.
        page: &'a IncomingPage,
    },
    /// Plays `audio` and then asks the same once more: for a moment in which we cannot answer. Of what was entered only key 9
    /// travels in the address: it may be a birthday.
    Again {
        /// What was asked.
        ask: &'a IncomingAsk,
        /// How often it will have been asked before.
        tries: u32,
        /// Absolute URLs of the audio, in order.
        audio: &'a [String],
    },
}

/// A step of an incoming call, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingPage {
    /// The step's number: what follows names it.
    pub step: u32,
    /// Absolute URLs of the audio, in order.
    pub audio: Vec<String>,
    /// What comes after.
    pub then: IncomingNext,
}

/// What comes after the words of a step of an incoming call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncomingNext {
    /// Wait for keys; what was pressed by then, or nothing, is told.
    Keys {
        /// So many at most.
        count: u32,
        /// Seconds to wait for the first, and for each next one.
        timeout_s: u32,
    },
    /// The call goes on as this attempt's, from its first words.
    Join(AttemptToken),
    /// Hang up.
    HangUp,
}

/// What a webhook of an attempt's call says or asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Whose call.
    pub token: AttemptToken,
    /// The carrier's id of the call, where it says so.
    pub carrier_call_id: Option<String>,
    /// What it says or asks.
    pub message: Message,
    /// How often the same was asked before and we had no answer, and how long that took ([`Carrier::ask_again`]).
    pub put_off: PutOff,
    /// The fields that identify nobody, for the webhook log.
    pub summary: String,
    /// The carrier's code of a fault at our end, where it tells of one: it could not use what we answered.
    pub our_fault: Option<u32>,
}

/// How an answer was put off: "one moment, please" was heard instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutOff {
    /// How often.
    pub tries: u32,
    /// For how long altogether, in milliseconds of the call: the silence before each "one moment, please", and those words.
    pub ms: u32,
}

/// What a webhook says or asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Somebody is on the line; the answer is a document.
    Ask(Ask),
    /// News; the answer is empty.
    News(CallEvent),
}

/// Why somebody on the line waits for words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The call was answered.
    Answered {
        /// Who or what, where detection ran before.
        answered_by: Option<AnsweredBy>,
    },
    /// Another address failed, and what is to be said now is asked for again: at any point of the call, its beginning
    /// included.
    Fallback {
        /// Who or what, where detection ran before.
        answered_by: Option<AnsweredBy>,
        /// The step that the request was to answer which failed, where the carrier says what failed.
        failed: Option<u32>,
    },
    /// A key was pressed.
    Key {
        /// The step that gathered.
        step: u32,
        /// The key.
        key: Key,
    },
    /// No key came.
    Silence {
        /// The step that gathered.
        step: u32,
    },
    /// The words were played to their end.
    Played {
        /// The step that spoke.
        step: u32,
    },
    /// The call was connected with the desk, or was to be: the desk's part of it is over.
    Transferred {
        /// The step that dialled.
        step: u32,
        /// What came of it.
        result: TransferResult,
    },
    /// The call was turned to this step.
    Turned {
        /// The step to speak.
        step: u32,
    },
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// The signature is missing or wrong: 403.
    BadSignature(&'static str),
    /// Well signed, and not understood: 400, or 404 where the path is none of ours.
    Malformed(String),
    /// A path that is none of ours: 404.
    NotFound,
}

/// A step, rendered: what to play and what comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The step's number: what follows names it. 0 for a page outside any call (the apology).
    pub step: u32,
    /// Absolute URLs of the audio, in order.
    pub audio: Vec<String>,
    /// What comes after.
    pub then: Then,
}

/// What is answered to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its content type.
    pub content_type: &'static str,
    /// Its text.
    pub body: String,
}
