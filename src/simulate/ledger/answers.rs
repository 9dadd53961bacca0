//! What the engine answered to webhooks, and the keys that it has promised to keep by that.

use super::super::history::{Reply, Says};
use super::super::invariants::{SAME_ANSWER, Violation};
use crate::core::ids::AttemptId;
use std::collections::BTreeMap;

/// One delivery of a webhook and its answer.
#[derive(Debug)]
pub(super) struct Webhook<'a> {
    /// Its address below the carrier's, as the webhook log shows it.
    hook: String,
    query: &'a str,
    body: &'a str,
    status: u16,
    reply: Option<Reply>,
}

impl<'a> Webhook<'a> {
    /// Reads `POST http://…/carriers/main/voice/a-1/2/key?try=1&key=%31` and the form that came with it.
    pub fn read(what: &'a str, body: &'a str, status: u16, reply: Option<Reply>) -> Webhook<'a> {
        let address = what.rsplit(' ').next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let below = path.split_once("/carriers/").and_then(|(_, below)| below.split_once('/')).map_or(path, |(_, below)| below);
        let parts = below.split('/').enumerate().map(|(place, part)| if place == 1 { "{token}" } else { part });
        Webhook { hook: parts.collect::<Vec<_>>().join("/"), query, body, status, reply }
    }

    /// The key that the webhook of a step carries: in its address where it is asked again, else in its form.
    pub fn key(&self) -> Option<char> {
        if !self.hook.starts_with("voice/") || !self.hook.ends_with("/key") {
            return None;
        }
        field(self.query, "key").or_else(|| field(self.body, "Digits"))
    }

    /// The step that it answers.
    fn step(&self) -> Option<u32> {
        self.hook.split('/').nth(2)?.parse().ok()
    }

    /// Whether it was answered with success.
    fn is_taken(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it was answered with what follows.
    pub fn is_heard(&self) -> bool {
        self.is_taken() && self.reply.is_some_and(|reply| reply.says == Says::Words)
    }
}

/// The first letter of a field of a form.
fn field(form: &str, name: &str) -> Option<char> {
    let value = form.split('&').find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name))?.1;
    match value.strip_prefix('%') {
        Some(hex) => u8::from_str_radix(hex.get(..2)?, 16).ok().map(char::from),
        None => value.chars().next(),
    }
}

/// One answer that was heard as words.
#[derive(Debug)]
struct Given {
    key: Option<char>,
    text: u64,
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The first words to each step of a call.
    given: BTreeMap<(AttemptId, String), Given>,
    /// The keys that were answered with words, by the step that they answer: that is the order in which they were pressed.
    promised: BTreeMap<AttemptId, BTreeMap<u32, char>>,
    /// How often each address of an attempt was answered with success and not put off, and how often with words.
    taken: BTreeMap<(AttemptId, String), (u64, u64)>,
    /// Messages that had an answer of any kind.
    answered: u64,
}

impl Answers {
    /// One delivery of a webhook, of an attempt where it is one of ours.
    pub fn see(&mut self, attempt: Option<&AttemptId>, webhook: &Webhook<'_>) -> Vec<Violation> {
        // What the carrier fetches is no message.
        if !["voice/", "status/", "amd/", "incoming/"].iter().any(|begin| webhook.hook.starts_with(begin)) {
            return Vec::new();
        }
        self.answered += u64::from(webhook.status != 0);
        let Some(attempt) = attempt.filter(|_| webhook.is_taken()) else { return Vec::new() };
        let place = (attempt.clone(), webhook.hook.clone());
        // Whose call it is that hears "one moment" stands in the store, which is not asked then.
        let is_put_off = webhook.reply.is_some_and(|reply| reply.says == Says::OneMoment);
        let (taken, heard) = self.taken.entry(place.clone()).or_default();
        *taken += u64::from(!is_put_off);
        *heard += u64::from(webhook.is_heard());
        // What is said where another address failed follows how far the call has come by then.
        let Some(reply) = webhook.reply.filter(|_| webhook.is_heard() && !webhook.hook.ends_with("/fallback")) else {
            return Vec::new();
        };
        let key = webhook.key();
        if let Some(first) = self.given.get(&place) {
            let differs = first.key == key && first.text != reply.text;
            let detail = format!("{} of call {attempt} was answered with other words than before", webhook.hook);
            return if differs { vec![Violation::new(SAME_ANSWER, detail)] } else { Vec::new() };
        }
        self.given.insert(place, Given { key, text: reply.text });
        if let Some((step, key)) = webhook.step().zip(key) {
            self.promised.entry(attempt.clone()).or_default().insert(step, key);
        }
        Vec::new()
    }

    /// The keys of a call that were promised to be kept.
    pub fn keys_of(&self, attempt: &AttemptId) -> String {
        self.promised.get(attempt).into_iter().flat_map(BTreeMap::values).collect()
    }

    /// The keys that were promised to be kept, in their order.
    pub fn promised(&self) -> impl Iterator<Item = (&AttemptId, String)> {
        self.promised.iter().map(|(attempt, keys)| (attempt, keys.values().collect()))
    }

    /// The addresses of attempts that were answered with success, with how often, and how often with words.
    pub fn taken(&self) -> impl Iterator<Item = (&AttemptId, &str, (u64, u64))> {
        self.taken.iter().map(|((attempt, hook), times)| (attempt, hook.as_str(), *times))
    }

    /// Whether an address of an attempt was ever answered with words.
    pub fn was_heard(&self, attempt: &AttemptId, hook: &str) -> bool {
        self.taken.get(&(attempt.clone(), hook.to_string())).is_some_and(|(_, heard)| *heard > 0)
    }

    /// How many messages were answered at all.
    pub fn answered(&self) -> u64 {
        self.answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_read() {
        let read = |what, body| {
            let webhook = Webhook::read(what, body, 200, None);
            (webhook.hook.clone(), webhook.key())
        };
        let key = "voice/{token}/2/key".to_string();
        assert_eq!(read("POST http://h.example/carriers/main/voice/a-1/2/key", "CallSid=CA1&Digits=1"), (key.clone(), Some('1')));
        assert_eq!(read("POST /carriers/main/voice/a-1/2/key?try=1&key=%2A", "CallSid=CA1"), (key.clone(), Some('*')));
        assert_eq!(read("POST /carriers/main/voice/a-1/2/key", "Digits=%23&msg=Gather+End"), (key, Some('#')));
        let (hook, none) = read("POST /carriers/main/incoming/x/1/digits", "Digits=0412");
        assert_eq!((hook.as_str(), none), ("incoming/{token}/1/digits", None));
    }
}
