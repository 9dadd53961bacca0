//! The carrier's own account of a day, the engine's record of it, and where the two disagree.

use crate::support::arrangement::Arrangement;
use crate::support::http;
use callahead::carrier::simulator::persona::{self, Manner};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How long the shipped "one moment, please" and the apology with its number are, in the hospital's language. (Messages and
/// voicemails take longer than either.)
const ONE_MOMENT_MS: u64 = 1_000;
const APOLOGY_MS: u64 = 7_230;

/// How many calls that ring a number may have on one day, and so a patient, who has one number here.
pub const PER_DAY: usize = 3;

/// What the carrier says.
#[derive(Deserialize)]
pub struct Account {
    pub calls: Vec<Placed>,
    by_attempt: BTreeMap<String, u64>,
}

/// A call, as the carrier saw it.
#[derive(Deserialize)]
pub struct Placed {
    sid: String,
    to: String,
    status: String,
    sip: Option<u16>,
    error_code: Option<u32>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    answered_by: Option<String>,
    keys: Vec<Pressed>,
    acknowledged: String,
    heard: Vec<Heard>,
    recorded: Vec<Heard>,
    callbacks_failed: u32,
}

#[derive(Deserialize)]
struct Pressed {
    key: char,
    taken: bool,
}

#[derive(Debug, Deserialize)]
struct Heard {
    from_ms: u64,
    to_ms: u64,
    length_ms: u64,
}

/// What the engine has on record: its calls, and its worklist as kind, visit and id.
pub struct Record {
    calls: Vec<Call>,
    work: Vec<(String, String, String)>,
}

/// A call, as the engine has it.
#[derive(Deserialize)]
struct Call {
    id: String,
    visit: String,
    carrier_call_id: Option<String>,
    phone: String,
    placed_at: Option<DateTime<Utc>>,
    status: String,
    outcome: Option<String>,
    end_reason: Option<String>,
    keys: String,
}

impl Account {
    pub fn of(hospital: &Arrangement) -> Account {
        let token = hospital.carrier_token();
        let tally = http::get_json(hospital.port("telephones"), "/tally", ("ACsimulator", &token));
        serde_json::from_value(tally).expect("an account")
    }

    /// How many calls ended because nobody told the carrier what to say.
    pub fn without_words(&self) -> usize {
        self.calls.iter().filter(|call| call.error_code.is_some()).count()
    }

    pub fn acknowledged_keys(&self) -> usize {
        self.calls.iter().map(|call| call.acknowledged.len()).sum()
    }

    /// How many calls rang at each number. Busy and failed never rang.
    fn rang(&self) -> BTreeMap<&str, usize> {
        let has_rung = |call: &&Placed| ["completed", "no-answer"].contains(&call.status.as_str());
        count(self.calls.iter().filter(has_rung).map(|call| call.to.as_str()))
    }

    /// How many numbers had all the calls that they may have.
    pub fn full_numbers(&self) -> usize {
        self.rang().values().filter(|times| **times == PER_DAY).count()
    }
}

impl Placed {
    fn is_machine(&self) -> bool {
        matches!(persona::of(&self.to).manner, Manner::Machine { .. })
    }

    fn is_fax(&self) -> bool {
        self.answered_by.as_deref() == Some("fax")
    }
}

impl Record {
    pub fn of(hospital: &Arrangement) -> Record {
        let listed = |arguments: &[&str]| {
            let done = hospital.run(&[arguments, &["--format", "json"]].concat());
            assert!(done.success, "{}", done.stderr);
            serde_json::from_str::<Value>(&done.stdout).expect("JSON")
        };
        let work = listed(&["worklist", "list"]);
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_string();
        Record {
            calls: serde_json::from_value(listed(&["calls", "--reveal"])).expect("calls"),
            work: work
                .as_array()
                .expect("items")
                .iter()
                .map(|item| (text(item, "kind"), text(item, "visit"), text(item, "id")))
                .collect(),
        }
    }

    /// Whoever needs a person has one.
    pub fn is_planned(&self) -> bool {
        let is_settled = |(visit, last): (&&str, &&Call)| {
            !needs_person(last) || self.waits_for_a_call(last) || self.has_work("unreached", visit)
        };
        self.visits().iter().all(is_settled)
    }

    /// Calls about a visit after one in which a choice was made, and calls to a number after one in which 9 was pressed.
    fn asked_again(&self) -> Vec<String> {
        let placed = || self.calls.iter().filter(|call| call.placed_at.is_some() && !call.is("never_placed"));
        let later = |first: &Call, then: &Call| first.id != then.id && first.placed_at < then.placed_at;
        let forbids = |first: &Call, then: &Call| match first.outcome() {
            "confirmed" | "reschedule_requested" => first.visit == then.visit,
            "opted_out" => first.phone == then.phone,
            _ => false,
        };
        let mut found = Vec::new();
        for first in placed() {
            let again = placed().filter(|then| later(first, then) && forbids(first, then));
            found.extend(again.map(|then| format!("attempt {} after {} ended as {}", then.id, first.id, first.outcome())));
        }
        found
    }

    /// Whether it is to be made again, but others have had the calls of its number: a person's only at its last moment tonight.
    fn waits_for_a_call(&self, last: &Call) -> bool {
        let rang = self.calls.iter().filter(|call| call.phone == last.phone && call.has_rung());
        last.outcome() == "failed" && rang.count() >= PER_DAY
    }

    pub fn outcomes(&self) -> BTreeMap<&str, usize> {
        count(self.calls.iter().filter_map(|call| call.outcome.as_deref()))
    }

    pub fn work(&self) -> BTreeMap<&str, usize> {
        count(self.work.iter().map(|(kind, ..)| kind.as_str()))
    }

    pub fn never_placed(&self) -> usize {
        self.calls.iter().filter(|call| call.is("never_placed")).count()
    }

    fn has_work(&self, kind: &str, visit: &str) -> bool {
        self.work.iter().any(|(of, about, _)| of == kind && about == visit)
    }

    /// The items that say that the carrier could not use what we answered.
    pub fn carrier_faults(&self) -> impl Iterator<Item = &str> {
        self.work.iter().filter(|(kind, ..)| kind == "carrier_fault").map(|(.., id)| id.as_str())
    }

    /// Each visit with its last call.
    fn visits(&self) -> BTreeMap<&str, &Call> {
        let mut placed: Vec<&Call> = self.calls.iter().filter(|call| call.placed_at.is_some()).collect();
        placed.sort_by_key(|call| call.placed_at);
        placed.into_iter().map(|call| (call.visit.as_str(), call)).collect()
    }
}

impl Call {
    fn is(&self, end_reason: &str) -> bool {
        self.end_reason.as_deref() == Some(end_reason)
    }

    /// Whether it fills the caps of its number: a fax rang, and so may have what nobody knows of.
    fn has_rung(&self) -> bool {
        match self.outcome() {
            "none" | "busy" => false,
            "failed" => self.is("fax") || self.is("unknown"),
            _ => true,
        }
    }

    fn outcome(&self) -> &str {
        self.outcome.as_deref().unwrap_or("none")
    }
}

fn count<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// Everything in which the two differ, a sentence each.
pub fn disagreements(account: &Account, record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    same_calls(account, record, &mut found);
    one_at_a_time(account, &mut found);
    found.extend(record.asked_again());
    let above = account.rang().into_iter().filter(|(_, times)| *times > PER_DAY);
    found.extend(above.map(|(to, times)| format!("…{} was called {times} times", &to[to.len() - 4..])));
    for ours in &record.calls {
        if !["completed", "failed", "cancelled"].contains(&ours.status.as_str()) {
            found.push(format!("attempt {} is {}", ours.id, ours.status));
        }
        let theirs = account.calls.iter().find(|call| Some(&call.sid) == ours.carrier_call_id.as_ref());
        match theirs {
            Some(theirs) => found.extend(differs(theirs, ours)),
            // Nothing but an attempt that never reached the carrier, or was never to, is without a call there.
            None if ours.placed_at.is_none() || ours.is("never_placed") => {}
            None => found.push(format!("attempt {} ({}) has no call at the carrier", ours.id, ours.outcome())),
        }
    }
    same_work(account, record, &mut found);
    found
}

/// Each attempt was dialled once at most, and each call of the carrier is one attempt's.
fn same_calls(account: &Account, record: &Record, found: &mut Vec<String>) {
    for (attempt, times) in account.by_attempt.iter().filter(|(_, times)| **times > 1) {
        found.push(format!("attempt {attempt} was dialled {times} times"));
    }
    let ids = count(record.calls.iter().filter_map(|call| call.carrier_call_id.as_deref()));
    for call in &account.calls {
        match ids.get(call.sid.as_str()) {
            Some(1) => {}
            Some(times) => found.push(format!("call {} is on record {times} times", call.sid)),
            None => found.push(format!("call {} ({}) is not on record", call.sid, call.status)),
        }
    }
    let known: BTreeSet<&str> = account.calls.iter().map(|call| call.sid.as_str()).collect();
    let unknown = ids.keys().filter(|id| !known.contains(*id));
    found.extend(unknown.map(|id| format!("call {id} is on record and unknown to the carrier")));
}

/// No number had two calls at one time.
fn one_at_a_time(account: &Account, found: &mut Vec<String>) {
    let mut last: BTreeMap<&str, &Placed> = BTreeMap::new();
    for call in &account.calls {
        if let Some(before) = last.insert(&call.to, call)
            && before.ended_at.is_none_or(|ended| call.created_at < ended)
        {
            found.push(format!("call {} was placed while {} to the same number was live", call.sid, before.sid));
        }
    }
}

/// What of one call the carrier and the record say differently.
fn differs(theirs: &Placed, ours: &Call) -> Option<String> {
    let pressed: String = theirs.keys.iter().filter(|key| key.taken).map(|key| key.key).collect();
    let outcome = ours.outcome();
    let wrong = |what: &str| {
        Some(format!(
            "call {} to …{}: {what}: carrier {} (SIP {:?}, error {:?}, by {:?}), keys {pressed} of which {} acknowledged, \
             heard {:?}, recorded {:?}; record {outcome}, {:?}, keys {}",
            theirs.sid,
            &theirs.to[theirs.to.len() - 2..],
            theirs.status,
            theirs.sip,
            theirs.error_code,
            theirs.answered_by,
            theirs.acknowledged,
            theirs.heard,
            theirs.recorded,
            ours.end_reason,
            ours.keys
        ))
    };
    if theirs.to != ours.phone {
        return wrong("another number");
    }
    if !is_within(&theirs.acknowledged, &ours.keys) {
        return wrong("an acknowledged key is lost");
    }
    if !is_within(&ours.keys, &pressed) {
        return wrong("a key that nobody pressed");
    }
    let wanted: &[&str] = match theirs.status.as_str() {
        "busy" => &["busy"],
        "no-answer" => &["no_answer"],
        "failed" => &["failed"],
        "completed" => after_answer(theirs, &ours.keys),
        _ => return wrong("not over"),
    };
    if !wanted.contains(&outcome) {
        return wrong(&format!("want {wanted:?}"));
    }
    // Whoever is taken for a machine hears the voicemail instead. Of what is said nothing else is as long and begins there.
    let tape = if theirs.is_machine() { &theirs.recorded } else { &theirs.heard };
    let on_tape = tape.iter().any(|heard| heard.from_ms == 0 && heard.to_ms == heard.length_ms && heard.length_ms > APOLOGY_MS);
    // The call was turned to it once more: what the engine was told of is the second playing.
    let is_said_again = tape.last().is_some_and(|last| {
        last.to_ms < last.length_ms
            && tape.iter().any(|heard| heard.length_ms == last.length_ms && heard.to_ms == heard.length_ms)
    });
    let asked_to_wait = theirs.heard.iter().any(|heard| heard.length_ms == ONE_MOMENT_MS);
    let undisturbed = theirs.callbacks_failed == 0 && theirs.error_code.is_none();
    match outcome {
        "voicemail_left" if !on_tape => wrong("the tape does not hold the voicemail"),
        "voicemail_incomplete" if on_tape && undisturbed && !is_said_again => wrong("the tape holds the voicemail"),
        // The length of a call in which the caller was asked to wait says little of what they heard.
        "heard" if !asked_to_wait && theirs.heard.iter().all(|heard| heard.to_ms - heard.from_ms < 5_000) => {
            wrong("nothing of it was heard")
        }
        // The list of calls, which is asked where the last status was lost, does not say why.
        "failed" if theirs.sip == Some(404) && undisturbed && !ours.is("bad_number") => wrong("want bad_number"),
        _ => None,
    }
}

/// The outcomes that a call may have that was answered, and in which these keys were taken.
fn after_answer(theirs: &Placed, keys: &str) -> &'static [&'static str] {
    // Told of in the first repeat, 7 says that the number is wrong.
    if keys.ends_with("77") {
        return &["wrong_number"];
    }
    match keys.chars().rev().find(|key| matches!(key, '1' | '2' | '*')) {
        Some('1') => return &["confirmed"],
        Some('2') => return &["reschedule_requested"],
        _ if keys.contains('9') => return &["opted_out"],
        _ => {}
    }
    match theirs.answered_by.as_deref() {
        Some("fax") => &["failed", "hung_up_early"],
        Some(by) if by.starts_with("machine") && keys.is_empty() => {
            &["voicemail_left", "voicemail_incomplete", "machine_no_message", "hung_up_early", "heard"]
        }
        _ => &["heard", "hung_up_early"],
    }
}

/// A person must act for exactly those of whom the carrier's account says so.
fn same_work(account: &Account, record: &Record, found: &mut Vec<String>) {
    let placed: BTreeMap<&str, &Placed> = account.calls.iter().map(|call| (call.sid.as_str(), call)).collect();
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    for (visit, last) in record.visits() {
        let theirs = last.carrier_call_id.as_deref().and_then(|id| placed.get(id));
        let kind = match last.outcome() {
            "reschedule_requested" => "reschedule_request",
            "wrong_number" => "wrong_number",
            "failed" if last.is("bad_number") && theirs.is_some_and(|call| call.sip == Some(404)) => "wrong_number",
            "failed" if last.is("fax") && theirs.is_some_and(|call| call.is_fax()) => "wrong_number",
            _ if needs_person(last) && (record.has_work("unreached", visit) || !record.waits_for_a_call(last)) => "unreached",
            _ => continue,
        };
        wanted.insert((kind.to_string(), visit.to_string()));
    }
    let of_people = record.work.iter().filter(|(kind, ..)| kind != "carrier_fault" || account.without_words() == 0);
    let of_people: Vec<(String, String)> = of_people.map(|(kind, visit, _)| (kind.clone(), visit.clone())).collect();
    let listed: BTreeSet<(String, String)> = of_people.iter().cloned().collect();
    if listed.len() != of_people.len() {
        found.push("the worklist holds an item twice".to_string());
    }
    found.extend(wanted.difference(&listed).map(|(kind, visit)| format!("{visit}: {kind} is missing on the worklist")));
    found.extend(
        listed.difference(&wanted).map(|(kind, visit)| format!("{visit}: {kind} on the worklist, and nothing asks for it")),
    );
}

/// Whether nobody of the patient's was reached, and nothing more is tried today.
fn needs_person(last: &Call) -> bool {
    match last.outcome() {
        "confirmed" | "reschedule_requested" | "opted_out" | "heard" | "wrong_number" => false,
        "failed" => !last.is("bad_number") && !last.is("fax"),
        _ => true,
    }
}

/// Whether all of `part` stands in `whole`, in order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|key| rest.any(|k| k == key))
}
