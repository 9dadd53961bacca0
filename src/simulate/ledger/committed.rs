//! What is committed of calls, judged as it is committed: the keys, what they decide, and the voicemail.

use crate::carrier::simulator::persona::{self, Manner};
use crate::carrier::simulator::{CallChange, CallNews, Heard};
use crate::core::call::CallEvent;
use crate::core::domain::{Outcome, PhoneNumber};
use crate::core::ids::AttemptId;
use crate::simulate::invariants::keys::{are_among, decided};
use crate::simulate::invariants::{FORGED_REFUSED, KEYS_DECIDE, KEYS_KEPT, VOICEMAIL_WHOLE, Violation};
use crate::store::CallCommit;
use std::collections::{BTreeMap, BTreeSet};

/// One call.
#[derive(Debug, Default)]
struct OfCall {
    /// Who is called; none of a call that came to our number.
    number: Option<PhoneNumber>,
    /// What was pressed so far, by the carrier's account.
    pressed: String,
    /// What a machine has on its tape.
    tape: Vec<Heard>,
    /// The keys on record.
    kept: String,
    /// What was said is said once more, because an address failed.
    fell_back: bool,
    /// Key 9 has opted somebody out.
    has_opted_out: bool,
    /// What each step says that tells when it was played, by the documents that were committed.
    words: BTreeMap<u32, BTreeSet<String>>,
    /// The steps of which it was told.
    played: BTreeSet<u32>,
    /// How often an entry of the webhook log was committed, by its address.
    entries: BTreeMap<String, u64>,
}

/// Every call of which anything was committed or seen.
#[derive(Debug, Default)]
pub(super) struct Committed(BTreeMap<AttemptId, OfCall>);

/// Whether an answering machine has this number.
pub(super) fn is_machine(number: &PhoneNumber) -> bool {
    matches!(persona::of(number.as_str()).manner, Manner::Machine { .. })
}

impl Committed {
    /// Something happened to a call in the network.
    pub fn call(&mut self, news: &CallNews, attempt: Option<&AttemptId>, number: &PhoneNumber) -> Vec<Violation> {
        if news.what == CallChange::ForgedBelieved {
            let detail = format!("a forged webhook of call {} was answered with success", news.sid);
            return vec![Violation::new(FORGED_REFUSED, detail)];
        }
        let Some(attempt) = attempt else { return Vec::new() };
        let call = self.0.entry(attempt.clone()).or_default();
        call.number.get_or_insert_with(|| number.clone());
        match &news.what {
            CallChange::Pressed(pressed) => call.pressed.push(pressed.key),
            CallChange::Recorded(heard) => call.tape.push(heard.clone()),
            _ => {}
        }
        Vec::new()
    }

    /// A key of a call was answered with words: all that were answered so far must be on record by then.
    pub fn promised(&self, attempt: &AttemptId, keys: &str) -> Option<Violation> {
        let kept = self.kept(attempt);
        let detail = || format!("keys {keys:?} of call {attempt} were answered, {kept:?} were committed by then");
        (!are_among(keys, kept)).then(|| Violation::new(KEYS_KEPT, detail()))
    }

    /// The keys of a call on record. They are held against those that were pressed.
    pub fn kept(&self, attempt: &AttemptId) -> &str {
        self.0.get(attempt).map_or("", |call| call.kept.as_str())
    }

    /// The entries of the webhook log that were committed with what they caused: of which call, to which address, how often.
    pub fn entries(&self) -> impl Iterator<Item = (&AttemptId, &str, u64)> {
        self.0.iter().flat_map(|(id, call)| call.entries.iter().map(move |(path, times)| (id, path.as_str(), *times)))
    }

    /// Whether an entry of that address was committed with what it caused.
    pub fn has_entry(&self, attempt: &AttemptId, path: &str) -> bool {
        self.0.get(attempt).is_some_and(|call| call.entries.contains_key(path))
    }

    /// What follows from events of a call was committed.
    pub fn see(&mut self, commit: &CallCommit) -> Vec<Violation> {
        let (id, standing) = (&commit.attempt, &commit.standing);
        let call = self.0.entry(id.clone()).or_default();
        call.kept.clone_from(&standing.keys);
        call.has_opted_out |= commit.opt_out.is_some();
        if let Some(entry) = &commit.log {
            *call.entries.entry(entry.path.clone()).or_default() += 1;
        }
        for event in &commit.events {
            if let Some((step, audio)) = event.reply.as_deref().and_then(told_when_played) {
                call.words.entry(step).or_default().extend(audio);
            }
            match event.event {
                CallEvent::Played { step } => drop(call.played.insert(step)),
                CallEvent::Fallback { .. } => call.fell_back = true,
                _ => {}
            }
        }
        let mut found = Vec::new();
        if call.number.is_some() && !are_among(&call.kept, &call.pressed) {
            let detail = format!("call {id} has keys {:?} on record, {:?} were pressed by then", call.kept, call.pressed);
            found.push(Violation::new(KEYS_KEPT, detail));
        }
        let Some(outcome) = standing.outcome.filter(|_| standing.status.is_final()) else { return found };
        let decided = decided(&standing.keys);
        if !call.allows(&standing.keys, outcome) {
            let detail = format!("call {id} ends as {} with keys {:?}", outcome.as_str(), standing.keys);
            found.push(Violation::new(KEYS_DECIDE, detail));
        }
        if decided.opted_out && !call.has_opted_out {
            found.push(Violation::new(KEYS_DECIDE, format!("key 9 in call {id} opted nobody out")));
        }
        // What a person heard who was taken for a machine, the carrier's account shows at the end.
        let to_machine = call.number.as_ref().is_some_and(is_machine);
        if outcome == Outcome::VoicemailLeft && to_machine && !call.is_whole(&call.tape) {
            let detail = format!("call {id} counts as a voicemail that was left, and the tape does not hold it by then");
            found.push(Violation::new(VOICEMAIL_WHOLE, detail));
        }
        found
    }

    /// Whether a call with these keys on record may end so.
    pub fn allows(&self, attempt: &AttemptId, keys: &str, outcome: Outcome) -> bool {
        self.0.get(attempt).map_or_else(|| decided(keys).allows(outcome), |call| call.allows(keys, outcome))
    }

    /// Whether a tape, or what was heard, holds a call's voicemail from its first word to its last.
    pub fn is_whole(&self, attempt: &AttemptId, tape: &[Heard]) -> bool {
        self.0.get(attempt).is_some_and(|call| call.is_whole(tape))
    }
}

impl OfCall {
    /// After a fallback nobody can tell from the keys alone which of them were answered before the next one was pressed, and so
    /// whether key 7 was told by then.
    fn allows(&self, keys: &str, outcome: Outcome) -> bool {
        let all = decided(keys);
        if self.fell_back { all.untold().allows(outcome) } else { all.allows(outcome) }
    }

    /// The voicemail is what a step said of which it was told that it was played: the live message waits for a key instead, and
    /// neither "one moment" nor the apology is a step of a call.
    fn is_whole(&self, tape: &[Heard]) -> bool {
        let voicemail: BTreeSet<&str> =
            self.played.iter().filter_map(|step| self.words.get(step)).flatten().map(String::as_str).collect();
        tape.iter().any(|piece| piece.is_whole() && voicemail.contains(piece.audio.as_str()))
    }
}

/// The step of a document that tells when it was played, and its audio.
fn told_when_played(document: &str) -> Option<(u32, BTreeSet<String>)> {
    let (before, _) = document.split_once("/played")?;
    let step = before.rsplit('/').next()?.parse().ok()?;
    let plays = document.split("<Play>").skip(1).filter_map(|rest| rest.split_once("</Play>"));
    Some((step, plays.map(|(audio, _)| audio.trim().to_string()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_which_step_it_is_and_what_it_plays() {
        let voicemail = "<Response><Play>http://h.example/audio/a.wav</Play>\
                         <Redirect method=\"POST\">http://h.example/carriers/main/voice/t/2/played</Redirect></Response>";
        assert_eq!(told_when_played(voicemail), Some((2, BTreeSet::from(["http://h.example/audio/a.wav".to_string()]))));
        assert_eq!(told_when_played(&voicemail.replace("played", "silence")), None);
    }
}
