//! What a document says to do on a line.

/// One thing to do on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Play the audio at an address, `times` over (0: for ever).
    Play {
        /// Its address.
        url: String,
        /// How often.
        times: u32,
    },
    /// Send tones for so many milliseconds.
    Tones(u64),
    /// Speak a text.
    Say(String),
    /// Wait so many seconds.
    Pause(u32),
    /// Take keys while the verbs inside play, and after them.
    Gather(Gather),
    /// Call somebody else and connect the two.
    Dial(Dial),
    /// Go on with another document.
    Redirect {
        /// Its address; empty: this document again.
        url: String,
        /// Whether by POST.
        post: bool,
    },
    /// Hang up.
    Hangup,
}

/// How keys are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// Whom the keys are told; empty: this document again.
    pub action: String,
    /// Whether by POST.
    pub post: bool,
    /// Whether keys are taken at all; else only speech, which nobody here utters.
    pub takes_keys: bool,
    /// Seconds to wait after the words, and after each key.
    pub timeout_s: u32,
    /// Keys that end the input.
    pub finish_on: String,
    /// How many keys end the input.
    pub num_digits: Option<usize>,
    /// Whether silence is told, too.
    pub tell_empty: bool,
    /// What plays meanwhile.
    pub inside: Vec<Verb>,
}

/// How somebody else is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Whom, as it stands there.
    pub number: String,
    /// Whom the result is told; `None`: the document goes on.
    pub action: Option<String>,
    /// Whether by POST.
    pub post: bool,
    /// Ring seconds.
    pub timeout_s: u32,
    /// The longest talk in seconds.
    pub time_limit_s: u32,
    /// The number that is shown.
    pub caller_id: Option<String>,
}

/// What is wrong with a document, with the carrier's error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// 11750 too long, 12100 no sound XML, 12200 not in the schema, 12300 a wrong content type.
    pub code: u32,
    /// What is wrong.
    pub what: String,
}

/// A flaw.
pub fn flaw(code: u32, what: impl Into<String>) -> Flaw {
    Flaw { code, what: what.into() }
}

/// A document that can be followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// What to do, in order.
    pub verbs: Vec<Verb>,
    /// What is not in the schema and was passed over (12200 as a warning).
    pub warnings: Vec<String>,
}
