//! Whatever the patient does, every shipped script comes to its end, and the end to an outcome.

use super::*;
use crate::core::call::{Brief, Call, CallEvent, FinalStatus, Key, Step, Then};
use crate::core::domain::{AnsweredBy, LocalMoment, Outcome, PhoneNumber, Purpose, VoicemailPolicy};
use proptest::prelude::*;

/// Every key that means something, two that mean nothing, and what a phone rarely has.
const KEYS: &str = "1239*7045#A";

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_with_a_shipped_script_ends(
        moves in prop::collection::vec(0usize..16, 100),
        who in 0usize..3,
        hangs_up_after in prop::option::of(0usize..12),
        policy in prop::sample::select(vec![VoicemailPolicy::Standard, VoicemailPolicy::Minimal, VoicemailPolicy::None]),
    ) {
        for name in SHIPPED.calls.keys() {
            let scripts = SHIPPED.for_call(name, &"boston".into()).expect("its scripts");
            let bound = scripts.call.limits.most_steps();
            let mut call = Call::new(brief(name, policy), scripts);
            let now = chrono::DateTime::UNIX_EPOCH;
            let answered_by = [None, Some(AnsweredBy::Human), Some(AnsweredBy::MachineEnd)][who];
            let mut step = call.handle(&CallEvent::Answered { answered_by }, now).step.expect("the first step");
            let mut moves = moves.iter().map(|n| KEYS.chars().nth(*n).and_then(Key::new));
            let mut told = 0;
            while step.then != Then::HangUp && hangs_up_after.is_none_or(|n| told < n) {
                prop_assert!(step.number < bound && !step.say.is_empty());
                let event = answer(&step, moves.next().expect("a call has an end"));
                step = call.handle(&event, now).step.expect("whoever asks gets a step");
                told += 1;
            }
            call.handle(&CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(9), reason: None }, now);
            let standing = call.standing();
            prop_assert!(standing.outcome.is_some_and(|o| o != Outcome::Failed));
            prop_assert!(standing.outcome != Some(Outcome::WrongNumber) || standing.keys.contains('7'));
            prop_assert!(!standing.opted_out || standing.keys.contains('9'));
        }
    }
}

/// What a patient does who presses a key, or none.
fn answer(step: &Step, key: Option<Key>) -> CallEvent {
    match key {
        Some(key) => CallEvent::Key { step: step.number, key },
        None if step.then == Then::Continue => CallEvent::Played { step: step.number },
        None => CallEvent::Silence { step: step.number },
    }
}

#[test]
fn without_repeats_a_call_ends_at_the_first_silence_or_wrong_key() {
    let prompts = Prompts::shipped();
    let limits = |text: String| text.replace("\nrepeats = 3", "\nrepeats = 0").replace("asked_repeats = 5", "asked_repeats = 1");
    let set = prompts.edit("call", limits).load();
    let now = chrono::DateTime::UNIX_EPOCH;
    for (keys, steps) in
        [("", 2), ("5", 2), ("7", 2), ("35", 3), ("33", 3), ("1", 3), ("15", 3), ("1*", 4), ("1*1", 4), ("12", 4)]
    {
        let scripts = set.for_call("moved", &"boston".into()).expect("its scripts");
        let bound = scripts.call.limits.most_steps();
        let mut call = Call::new(brief("moved", VoicemailPolicy::Standard), scripts);
        let mut step = call.handle(&CallEvent::Answered { answered_by: None }, now).step.expect("the first step");
        let mut keys_left = keys.chars().map(Key::new);
        while step.then != Then::HangUp {
            step = call.handle(&answer(&step, keys_left.next().flatten()), now).step.expect("a step");
        }
        assert_eq!(step.number, steps, "keys {keys}");
        assert!(step.number <= bound);
    }
}

fn brief(script: &str, voicemail: VoicemailPolicy) -> Brief {
    let start = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).and_then(|day| day.and_hms_opt(14, 30, 0)).expect("a time");
    let start = LocalMoment { date: start.date(), time: start.time() };
    Brief {
        purpose: Purpose::parse(script).unwrap_or(Purpose::Closure),
        script: script.into(),
        language: "en-US".into(),
        start,
        old_start: (script == "moved").then_some(start),
        site: "boston".into(),
        appointments: 1,
        callback_number: PhoneNumber::parse("+16175550100").expect("a number"),
        opt_out_number: PhoneNumber::parse("+18005550100").expect("a number"),
        voicemail,
        message_ms: 23_000,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    }
}
