//! How long a webhook's answer is waited for and how often it is asked again, in real time, with what a URL's fragment
//! says otherwise (carriers.md, sections 3 and 7). The fragment is neither sent nor signed.

use super::Dialect;
use crate::carrier::family::form;
use reqwest::Url;
use std::time::Duration;

/// What a webhook is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Somebody is on the line and waits for a document, or for audio.
    Voice,
    /// News.
    News,
}

/// One webhook's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection is there.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub read: Duration,
    /// All tries together.
    pub total: Duration,
    /// How often it is asked again.
    pub retries: u32,
    /// After which failures it is.
    pub after: After,
    /// How many redirects are followed.
    pub redirects: u32,
}

/// The failures after which a webhook is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct After {
    /// No connection.
    pub connect: bool,
    /// No answer in time.
    pub read: bool,
    /// A status from 400 to 499.
    pub refused: bool,
    /// A status from 500.
    pub broken: bool,
}

const ALL: After = After { connect: true, read: true, refused: true, broken: true };
const NEVER: After = After { connect: false, read: false, refused: false, broken: false };

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Dialect {
    /// The patience for a webhook to `url`.
    pub fn patience(self, errand: Errand, url: &Url) -> Patience {
        let mut patience = match (self, errand) {
            (Dialect::Twilio, _) => Patience {
                connect: seconds(5),
                read: seconds(15),
                total: seconds(15),
                retries: 1,
                after: After { connect: true, ..NEVER },
                redirects: 10,
            },
            (Dialect::SignalWire, errand) => Patience {
                connect: seconds(2),
                read: seconds(5),
                total: seconds(15),
                // News is tried three times in all; for a document there is the fallback URL instead.
                retries: if errand == Errand::News { 2 } else { 0 },
                after: if errand == Errand::News { ALL } else { NEVER },
                redirects: 3,
            },
            // Nothing is promised: no 2xx leads to the failover URL.
            (Dialect::Telnyx, _) => {
                Patience { connect: seconds(5), read: seconds(10), total: seconds(10), retries: 0, after: NEVER, redirects: 0 }
            }
        };
        let wishes = form::pairs(url.fragment().unwrap_or_default().as_bytes());
        for (key, value) in &wishes {
            patience.heed(self, key, value);
        }
        patience
    }
}

impl Patience {
    /// Takes one wish of a fragment; what is not in its range, or none of this carrier's, is ignored.
    fn heed(&mut self, dialect: Dialect, key: &str, value: &str) {
        let span = |most: u64| value.parse().ok().filter(|ms| (100..=most).contains(ms)).map(Duration::from_millis);
        match (dialect, key) {
            (Dialect::Twilio, "ct") | (Dialect::SignalWire, "ot") => self.connect = span(10_000).unwrap_or(self.connect),
            (Dialect::Twilio | Dialect::SignalWire, "rt") => self.read = span(15_000).unwrap_or(self.read),
            (Dialect::Twilio | Dialect::SignalWire, "tt") => self.total = span(15_000).unwrap_or(self.total),
            (Dialect::Twilio, "rc") => {
                self.retries = value.parse().ok().filter(|count| *count <= 5).unwrap_or(self.retries);
            }
            (Dialect::Twilio, "rp") => {
                let has = |word: &str| value.split(',').any(|given| given == word || given == "all");
                self.after = After { connect: has("ct"), read: has("rt"), refused: has("4xx"), broken: has("5xx") };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(dialect: Dialect, errand: Errand, fragment: &str) -> Patience {
        let url = Url::parse(&format!("http://h.example/voice/x{fragment}")).expect("a URL");
        dialect.patience(errand, &url)
    }

    #[test]
    fn what_holds_when_nothing_is_said() {
        let twilio = patience(Dialect::Twilio, Errand::Voice, "");
        assert_eq!((twilio.connect, twilio.read, twilio.total), (seconds(5), seconds(15), seconds(15)));
        assert_eq!((twilio.retries, twilio.after), (1, After { connect: true, ..NEVER }));
        let signalwire = patience(Dialect::SignalWire, Errand::Voice, "");
        assert_eq!((signalwire.connect, signalwire.read, signalwire.total), (seconds(2), seconds(5), seconds(15)));
        assert_eq!((signalwire.retries, patience(Dialect::SignalWire, Errand::News, "").retries), (0, 2));
        assert_eq!(patience(Dialect::Telnyx, Errand::News, "#rc=3").retries, 0);
    }

    #[test]
    fn fragments_say_otherwise() {
        let ms = Duration::from_millis;
        let twilio = patience(Dialect::Twilio, Errand::Voice, "#ct=500&rt=4000&tt=9000&rc=3&rp=5xx,ct,rt&e=ashburn");
        assert_eq!((twilio.connect, twilio.read, twilio.total, twilio.retries), (ms(500), ms(4_000), ms(9_000), 3));
        assert_eq!(twilio.after, After { refused: false, ..ALL });
        assert_eq!(patience(Dialect::Twilio, Errand::Voice, "#rp=all").after, ALL);
        assert_eq!(
            patience(Dialect::Twilio, Errand::Voice, "#rt=99&tt=15001&rc=6"),
            patience(Dialect::Twilio, Errand::Voice, "")
        );
        let signalwire = patience(Dialect::SignalWire, Errand::Voice, "#ot=700&ct=900&rc=4");
        assert_eq!((signalwire.connect, signalwire.retries), (ms(700), 0));
    }
}
