//! What the store holds when the day is over, against what happened.

use super::super::invariants::{
    DECISIONS_REPLAY, EVERY_CALL_ENDED, EVERY_OUTREACH_ENDS, KEYS_DECIDE, KEYS_KEPT, KNOWN_TO_US, LOG_WHOLE, VOICEMAIL_WHOLE,
    Violation,
    keys::{are_among, decided},
};
use super::Ledger;
use super::committed::is_machine;
use super::promises::{Said, has_ended, items_about};
use crate::audit::Replayed;
use crate::carrier::simulator::{CallTally, Tally};
use crate::core::domain::{Attempt, AttemptStatus, Outcome, Outreach, VisitKey, WorkItem, WorkKind};
use crate::core::ids::AttemptId;
use crate::core::plan::PatientFacts;
use crate::store::{Direction, WebhookEntry};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What is held at the end.
#[derive(Debug)]
pub struct Held {
    /// Everything known of every patient.
    pub facts: Vec<PatientFacts>,
    /// Every item of the worklist that was ever opened.
    pub worklist: Vec<WorkItem>,
    /// The webhook log.
    pub log: Vec<WebhookEntry>,
    /// What making the decisions again gave.
    pub replayed: Replayed,
    /// The carrier's own account.
    pub tally: Tally,
}

/// The addresses that are asked when another one has failed.
const FALLBACKS: [&str; 2] = ["voice/{token}/fallback", "incoming/fallback"];

impl Ledger {
    /// The day is over: nothing waits any more. What is broken.
    pub fn end(&self, held: &Held) -> Vec<Violation> {
        let record = Record::of(held);
        let mut found = Vec::new();
        self.calls_are_on_record(&record, &mut found);
        self.every_call_ended(&record, &mut found);
        self.keys_are_kept(&record, &mut found);
        self.outreaches_end(held, &mut found);
        self.nobody_is_forgotten(held, &mut found);
        self.voicemails_are_whole(&record, &mut found);
        self.log_is_whole(held, &mut found);
        for different in &held.replayed.differences {
            let detail = format!("{} by {} at {}: {:?}", different.visit, different.job, different.at, different.found);
            found.push(Violation::new(DECISIONS_REPLAY, detail));
        }
        found
    }

    fn calls_are_on_record(&self, record: &Record, found: &mut Vec<Violation>) {
        for (call, at_carrier) in self.calls.ours() {
            // A call of no attempt was told of when it was made.
            let Some(id) = &at_carrier.attempt else { continue };
            let Some((_, attempt)) = record.attempts.get(id) else {
                found.push(Violation::new(KNOWN_TO_US, format!("attempt {id} of call {call} is not on record any more")));
                continue;
            };
            if attempt.placed_at.is_none() || attempt.carrier_call_id.as_ref().is_some_and(|id| id != call) {
                let detail = format!("the record of attempt {} does not know call {call}", attempt.id);
                found.push(Violation::new(KNOWN_TO_US, detail));
            }
        }
    }

    fn every_call_ended(&self, record: &Record, found: &mut Vec<Violation>) {
        for (_, attempt) in record.attempts.values() {
            if !attempt.status.is_final() || (attempt.status != AttemptStatus::Cancelled && attempt.outcome.is_none()) {
                let detail = format!("attempt {} is {} at the end", attempt.id, attempt.status.as_str());
                found.push(Violation::new(EVERY_CALL_ENDED, detail));
            }
        }
    }

    fn keys_are_kept(&self, record: &Record, found: &mut Vec<Violation>) {
        for (id, promised) in self.answers.promised() {
            let kept = record.attempts.get(id).map_or("", |(_, attempt)| attempt.keys.as_str());
            if !are_among(&promised, kept) {
                let detail = format!("keys {promised:?} of call {id} were answered, the record has {kept:?}");
                found.push(Violation::new(KEYS_KEPT, detail));
            }
        }
        for (outreach, attempt) in record.attempts.values() {
            let id = &attempt.id;
            if let Some(call) = record.call_of(attempt) {
                let pressed: String = call.keys.iter().map(|pressed| pressed.key).collect();
                if !are_among(&attempt.keys, &pressed) {
                    let detail = format!("call {id} has keys {:?} on record, {pressed:?} were pressed", attempt.keys);
                    found.push(Violation::new(KEYS_KEPT, detail));
                }
            }
            let Some(outcome) = attempt.outcome else { continue };
            let decided = decided(&attempt.keys);
            if !self.committed.allows(id, &attempt.keys, outcome) {
                let detail = format!("call {id} ended as {} with keys {:?}", outcome.as_str(), attempt.keys);
                found.push(Violation::new(KEYS_DECIDE, detail));
            }
            if decided.opted_out && !self.opted_out.patients.contains(outreach.visit.patient.as_str()) {
                found.push(Violation::new(KEYS_DECIDE, format!("key 9 in call {id} opted nobody out")));
            }
        }
    }

    fn outreaches_end(&self, held: &Held, found: &mut Vec<Violation>) {
        for facts in &held.facts {
            let said = || {
                let calls = facts.outreaches.iter().flat_map(|o| o.attempts.iter().map(move |attempt| (&o.outreach, attempt)));
                calls.filter_map(|(about, attempt)| {
                    let at = attempt.placed_at.unwrap_or(attempt.due_at);
                    Some(Said { about, outcome: attempt.outcome?, at })
                })
            };
            for kept in &facts.outreaches {
                let Outreach { purpose, visit, .. } = &kept.outreach;
                let promise = self.promises.of(&kept.outreach);
                let last = self.schedule.last_moment(&self.terms.rules, &kept.outreach).unwrap_or(DateTime::<Utc>::MIN_UTC);
                let moved_to = self.schedule.moved_to(&self.terms.rules, visit);
                let stands = |(kind, about): (WorkKind, VisitKey)| {
                    let is_it = |item: &WorkItem| item.kind == kind && item.visit.as_ref() == Some(&about);
                    held.worklist.iter().any(is_it) && !self.promises.was_closed_before(&(kind, about.clone()), last)
                };
                let stands = |kind, there| items_about(&promise, &moved_to, kind, there).any(stands);
                let is_void = self.is_void(&kept.outreach) || self.promises.has_lapsed(&kept.outreach);
                if !is_void && !has_ended(&promise, said(), stands) {
                    let outcomes: Vec<_> = kept.attempts.iter().map(|a| a.outcome.map_or("-", Outcome::as_str)).collect();
                    let detail = format!("{} of {}: {outcomes:?}, and no work item", purpose.as_str(), visit.to_text());
                    found.push(Violation::new(EVERY_OUTREACH_ENDS, detail));
                }
            }
        }
    }

    fn voicemails_are_whole(&self, record: &Record, found: &mut Vec<Violation>) {
        for (_, attempt) in record.attempts.values().filter(|(_, attempt)| attempt.outcome == Some(Outcome::VoicemailLeft)) {
            let Some(call) = record.call_of(attempt) else { continue };
            // A person who was taken for a machine hears it instead.
            let tape = if is_machine(&call.to) { &call.recorded } else { &call.heard };
            if !self.committed.is_whole(&attempt.id, tape) {
                let detail =
                    format!("call {} counts as a voicemail that was left, and no message was played to its end", attempt.id);
                found.push(Violation::new(VOICEMAIL_WHOLE, detail));
            }
        }
    }

    fn log_is_whole(&self, held: &Held, found: &mut Vec<Violation>) {
        let mut entries: BTreeMap<(&AttemptId, String), u64> = BTreeMap::new();
        let came_in = || held.log.iter().filter(|entry| entry.direction == Direction::In);
        for entry in came_in() {
            let Some(attempt) = &entry.attempt else { continue };
            *entries.entry((attempt, entry.path.clone())).or_default() += 1;
        }
        for (attempt, hook, (times, heard)) in self.answers.taken() {
            let logged = entries.get(&(attempt, hook.to_string())).copied().unwrap_or_default();
            // What answers a step is committed with its entry. The rest is noted beside, and a store that fails loses it.
            let committed = ["/answered", "/key", "/silence", "/played"].iter().any(|end| hook.ends_with(end));
            // A question that comes when the fallback address was asked instead changes nothing, also where what that led to was
            // committed and nobody heard of it.
            let asked = |address: &&str| self.answers.was_heard(attempt, address) || self.committed.has_entry(attempt, address);
            let is_first = !hook.ends_with("/answered") || !FALLBACKS.iter().any(asked);
            let committed = committed && is_first;
            // What comes again of a call to our number is noted without its attempt: it counts in the sum below.
            let is_incoming = hook.starts_with("incoming/");
            let wanted = match self.has_trouble {
                true => u64::from(committed && heard > 0),
                false if is_incoming => 0,
                false => times,
            };
            if logged < wanted {
                let detail = format!("{hook} of attempt {attempt} was answered {times} times, the log has {logged} entries");
                found.push(Violation::new(LOG_WHOLE, detail));
            }
        }
        for (attempt, hook, times) in self.committed.entries() {
            let logged = entries.get(&(attempt, hook.to_string())).copied().unwrap_or_default();
            if logged < times {
                let detail = format!("{times} entries of {hook} of attempt {attempt} were committed, the log has {logged}");
                found.push(Violation::new(LOG_WHOLE, detail));
            }
        }
        let (answered, logged) = (self.answers.answered(), came_in().count() as u64);
        if !self.has_trouble && logged < answered {
            found.push(Violation::new(LOG_WHOLE, format!("{answered} messages were answered, the log has {logged} entries")));
        }
    }
}

/// The engine's record, by attempt, beside the carrier's.
struct Record<'a> {
    attempts: BTreeMap<&'a AttemptId, (&'a Outreach, &'a Attempt)>,
    calls: BTreeMap<&'a str, &'a CallTally>,
}

impl<'a> Record<'a> {
    fn of(held: &'a Held) -> Record<'a> {
        let outreaches = held.facts.iter().flat_map(|facts| &facts.outreaches);
        let attempts = outreaches.flat_map(|kept| kept.attempts.iter().map(|attempt| (&attempt.id, (&kept.outreach, attempt))));
        let calls = held.tally.calls.iter().map(|call| (call.sid.as_str(), call));
        Record { attempts: attempts.collect(), calls: calls.collect() }
    }

    /// The carrier's call of an attempt, where it is known which.
    fn call_of(&self, attempt: &Attempt) -> Option<&'a CallTally> {
        self.calls.get(attempt.carrier_call_id.as_deref()?).copied()
    }
}
