//! Whatever the order, whatever the patient does.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select("1239*75#0".chars().collect::<Vec<_>>()).prop_map(|c| Key::new(c).expect("a key"))
}

fn result() -> impl Strategy<Value = TransferResult> {
    use TransferResult::{Busy, Connected, Failed, NoAnswer};
    prop::sample::select(vec![Connected, Busy, NoAnswer, Failed])
}

fn who() -> impl Strategy<Value = AnsweredBy> {
    prop::sample::select(AnsweredBy::ALL.to_vec())
}

fn end() -> impl Strategy<Value = CallEvent> {
    use FinalStatus::*;
    let status = prop::sample::select(vec![Completed, Completed, Completed, Busy, NoAnswer, Failed, Cancelled]);
    let reason = prop::option::weighted(0.2, prop::sample::select(EndReason::ALL.to_vec()));
    (status, 0u32..60, reason).prop_map(|(status, talked, reason)| CallEvent::Ended {
        status,
        talk_seconds: Some(talked),
        reason,
    })
}

/// Any event at all, also ones that no carrier could send.
fn anything() -> impl Strategy<Value = CallEvent> {
    let step = 0u32..14;
    prop_oneof![
        1 => prop::sample::select(vec![CallEvent::Accepted, CallEvent::Ringing, CallEvent::PickedUp]),
        3 => prop::option::of(who()).prop_map(|answered_by| CallEvent::Answered { answered_by }),
        10 => (step.clone(), key()).prop_map(|(step, key)| CallEvent::Key { step, key }),
        5 => step.clone().prop_map(|step| CallEvent::Silence { step }),
        2 => step.clone().prop_map(|step| CallEvent::Played { step }),
        2 => step.clone().prop_map(|failed| CallEvent::Fallback { failed }),
        1 => (step.clone(), 0u32..30_000).prop_map(|(step, ms)| CallEvent::PutOff { step, ms }),
        2 => (step, result()).prop_map(|(step, result)| CallEvent::Transferred { step, result }),
        1 => who().prop_map(|answered_by| CallEvent::Detected { answered_by }),
        1 => Just(CallEvent::VisitChanged),
        1 => end(),
    ]
}

fn any_brief() -> impl Strategy<Value = Brief> {
    use VoicemailPolicy::*;
    let desk = prop::sample::select(vec![Option::None, brief_with_desk().desk, closed_desk()]);
    (prop::sample::select(vec![Standard, Minimal, None]), any::<bool>(), 1u32..4, desk)
        .prop_map(|(voicemail, long_timeouts, n, desk)| Brief { voicemail, long_timeouts, appointments: n, desk, ..brief() })
}

fn closed_desk() -> Option<Desk> {
    let hours = DeskHours { day: chrono::Weekday::Sat, from_minute: 0, until_minute: 1 };
    brief_with_desk().desk.map(|desk| Desk { open: vec![hours], ..desk })
}

/// What a patient or machine does with one step; while the desk is dialled, what comes of it.
#[derive(Debug, Clone)]
enum Does {
    Presses(Key),
    Waits(TransferResult),
    IsDetected(AnsweredBy),
    VisitChanges,
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        6 => key().prop_map(Does::Presses),
        4 => result().prop_map(Does::Waits),
        1 => who().prop_map(Does::IsDetected),
        1 => Just(Does::VisitChanges),
    ]
}

/// A call as it truly goes: what is asked answers the step that is being said.
fn true_events(brief: &Brief, by: Option<AnsweredBy>, does: &[Does]) -> Vec<CallEvent> {
    let mut call = Call::new(brief.clone(), scripts());
    let mut events = vec![CallEvent::Answered { answered_by: by }];
    call.handle(&events[0], at(0));
    for one in does {
        let step = call.current().expect("a step was given").clone();
        let event = match *one {
            // No carrier takes keys while it dials.
            Does::Presses(_) if matches!(step.then, Then::Transfer { .. }) => continue,
            Does::Presses(key) => CallEvent::Key { step: step.number, key },
            Does::Waits(result) if matches!(step.then, Then::Transfer { .. }) => {
                CallEvent::Transferred { step: step.number, result }
            }
            Does::Waits(_) if step.then == Then::Continue => CallEvent::Played { step: step.number },
            Does::Waits(_) => CallEvent::Silence { step: step.number },
            Does::IsDetected(answered_by) => CallEvent::Detected { answered_by },
            Does::VisitChanges => CallEvent::VisitChanged,
        };
        call.handle(&event, at(0));
        events.push(event);
    }
    events
}

fn steps_and_standing(brief: &Brief, events: &[CallEvent]) -> (Vec<Option<Step>>, Standing) {
    let mut call = Call::new(brief.clone(), scripts());
    let asks_for_words = |event: &CallEvent| {
        use CallEvent::*;
        matches!(event, Answered { .. } | Fallback { .. } | Key { .. } | Silence { .. } | Played { .. } | Transferred { .. })
    };
    let mut steps = Vec::new();
    for event in events {
        let reaction = call.handle(event, at(7));
        if asks_for_words(event) {
            steps.push(reaction.step);
        }
    }
    (steps, call.standing())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_repeats_or_grows_without_end(brief in any_brief(), events in prop::collection::vec(anything(), 0..60)) {
        let mut call = Call::new(brief.clone(), scripts());
        let mut opt_outs = 0;
        let mut over: Option<Standing> = None;
        let mut reactions = Vec::new();
        for (n, event) in events.iter().enumerate() {
            let reaction = call.handle(event, at(n as i64));
            opt_outs += u32::from(reaction.opt_out);
            prop_assert!(!reaction.push || (over.is_none() && reaction.step.is_some()));
            let standing = call.standing();
            prop_assert_eq!(standing.outcome.is_some(), standing.ended_at.is_some());
            prop_assert_eq!(standing.outcome.is_some(), standing.status.is_final());
            prop_assert_eq!(standing.opted_out, opt_outs == 1);
            // What somebody said of the number stays, and is the outcome.
            prop_assert!(standing.wrong_number >= over.as_ref().is_some_and(|end| end.wrong_number));
            let wrong = standing.outcome.map(|outcome| outcome == Outcome::WrongNumber);
            prop_assert_eq!(wrong.unwrap_or(standing.wrong_number), standing.wrong_number);
            if let Some(end) = &over {
                // Only an end that we presumed ourselves gives way to the carrier's.
                let presumed = matches!(end.end_reason, Some(EndReason::NeverPlaced | EndReason::Unknown));
                prop_assert!(standing.ended_at == end.ended_at || presumed);
                prop_assert!(standing.status.is_final());
                if presumed {
                    over = Some(standing.clone());
                }
            }
            // The same event at once again: the same words, nothing recorded.
            let again = call.handle(event, at(n as i64));
            prop_assert!(!again.opt_out && !again.push);
            prop_assert!(again.step.is_none() || reaction.step.is_none() || again.step == reaction.step);
            prop_assert_eq!(&call.standing(), &standing);
            if standing.outcome.is_some() {
                over.get_or_insert(standing);
            }
            reactions.push(reaction);
        }
        prop_assert!(opt_outs <= 1);
        // Eight steps may be said once more.
        prop_assert!(call.current().map_or(0, |step| step.number) <= scripts().call.limits.most_steps() + 8);
        // The same events, the same steps.
        let mut replayed = Call::new(brief.clone(), scripts());
        for (n, (event, reaction)) in events.iter().zip(&reactions).enumerate() {
            prop_assert_eq!(&replayed.handle(event, at(n as i64)), reaction);
        }
        let times = (0..).map(at);
        let from_store = Call::replay(brief, scripts(), events.iter().zip(times));
        prop_assert_eq!(from_store.standing(), replayed.standing());
        prop_assert_eq!(from_store.current(), replayed.current());
    }

    /// What is kept gives the same words by the same scripts, and the same answer by scripts that give the keys other
    /// meanings, tell of other keys and end sooner.
    #[test]
    fn what_is_kept_means_the_same_by_whatever_scripts(
        brief in any_brief(),
        by in prop::option::of(who()),
        does in prop::collection::vec(does(), 0..14),
        end in end(),
        turn in 1usize..6,
    ) {
        let mut call = Call::new(brief.clone(), scripts());
        let (mut kept, mut answered) = (Vec::new(), BTreeSet::new());
        let events = true_events(&brief, by, &does);
        for event in events.iter().chain([&end]) {
            // The store keeps one answer of a step.
            let answers = match event {
                CallEvent::Key { step, .. } | CallEvent::Transferred { step, .. } => Some(*step),
                CallEvent::Silence { step } | CallEvent::Played { step } => Some(*step),
                _ => None,
            };
            if answers.is_some_and(|step| !answered.insert(step)) {
                continue;
            }
            kept.push(call.to_keep(event));
            let mut other = call.clone();
            prop_assert_eq!(call.handle(event, at(7)), other.handle(kept.last().expect("just kept"), at(7)));
            prop_assert_eq!(call.standing(), other.standing());
        }
        let mut others = (*scripts()).clone();
        let meanings: Vec<_> = others.call.keys.values().copied().collect();
        for (n, meaning) in others.call.keys.values_mut().enumerate() {
            *meaning = meanings[(n + turn) % meanings.len()];
        }
        others.call.menu_again = segments("again-3");
        others.call.limits = ScriptLimits { repeats: 0, asked_repeats: 1, ..others.call.limits };
        let replayed = Call::replay(brief, Arc::new(others), kept.iter().map(|event| (event, at(7))));
        let said = |call: &Call| {
            let standing = call.standing();
            (call.facts.choice, standing.opted_out, standing.wrong_number, standing.keys)
        };
        prop_assert_eq!(said(&replayed), said(&call));
    }

    /// The end, and what the carrier tells of the way, anywhere: the same words and the same outcome.
    #[test]
    fn every_order_that_respects_cause_gives_the_same(
        brief in any_brief(),
        by in prop::option::of(who()),
        does in prop::collection::vec(does(), 0..14),
        end in end().prop_filter("a cancelled call was never answered", |end| {
            !matches!(end, CallEvent::Ended { status: FinalStatus::Cancelled, .. })
        }),
        places in prop::collection::vec(any::<prop::sample::Index>(), 4),
        repeated in any::<prop::sample::Index>(),
    ) {
        let asks = true_events(&brief, by, &does);
        let mut in_order = vec![CallEvent::Accepted, CallEvent::Ringing, CallEvent::PickedUp];
        in_order.extend(asks.iter().cloned());
        in_order.push(end.clone());
        let mut mixed = asks;
        for (event, place) in [end, CallEvent::PickedUp, CallEvent::Ringing, CallEvent::Accepted].into_iter().zip(&places) {
            let place = place.index(mixed.len() + 1);
            mixed.insert(place, event);
        }
        let (steps, standing) = steps_and_standing(&brief, &in_order);
        let (mixed_steps, mixed_standing) = steps_and_standing(&brief, &mixed);
        prop_assert_eq!(&standing, &mixed_standing);
        prop_assert_eq!(steps, mixed_steps);
        // Every webhook may come twice, at any later time.
        let first = repeated.index(mixed.len());
        mixed.insert((first + 1 + places[0].index(mixed.len())).min(mixed.len()), mixed[first].clone());
        prop_assert_eq!(steps_and_standing(&brief, &mixed).1, standing);
    }

    /// A key and a verdict cross on the line.
    #[test]
    fn a_key_and_a_verdict_in_either_order_come_to_the_same(brief in any_brief(), key in key(), by in who(), end in end()) {
        let answered = CallEvent::Answered { answered_by: None };
        let (pressed, detected) = (CallEvent::Key { step: 1, key }, CallEvent::Detected { answered_by: by });
        let (_, one) = steps_and_standing(&brief, &[answered.clone(), pressed.clone(), detected.clone(), end.clone()]);
        let (_, other) = steps_and_standing(&brief, &[answered.clone(), detected.clone(), pressed.clone(), end.clone()]);
        let (_, third) = steps_and_standing(&brief, &[end, answered, detected, pressed]);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &third);
    }
}

/// Every position a patient can bring a call to leads on to its end, within the bound: all paths, not a sample.
#[test]
fn every_path_ends() {
    let bound = scripts().call.limits.most_steps();
    let mut seen = BTreeSet::new();
    let briefs = [brief(), brief_with_desk(), Brief { desk: closed_desk(), ..brief() }];
    let machines = [None, Some(AnsweredBy::MachineEnd)];
    let mut open: Vec<Call> = briefs
        .into_iter()
        .flat_map(|brief| machines.map(|answered_by| (brief.clone(), answered_by)))
        .map(|(brief, answered_by)| {
            let mut call = Call::new(brief, scripts());
            call.handle(&CallEvent::Answered { answered_by }, at(0));
            call
        })
        .collect();
    let mut deepest = 0;
    while let Some(call) = open.pop() {
        let step = call.current().expect("a step was given").clone();
        assert!(step.number <= bound, "{step:?}");
        deepest = deepest.max(step.number);
        // After a hang-up the line is dead: the path has ended.
        if step.then == Then::HangUp {
            continue;
        }
        let events: Vec<CallEvent> = match step.then {
            Then::Transfer { .. } => {
                use TransferResult::{Busy, Connected, Failed, NoAnswer};
                let results = [Connected, Busy, NoAnswer, Failed].into_iter();
                results.map(|result| CallEvent::Transferred { step: step.number, result }).collect()
            }
            _ => {
                let presses = "1239*750#".chars().map(|c| CallEvent::Key { step: step.number, key: Key::new(c).expect("a key") });
                presses.chain([CallEvent::Silence { step: step.number }]).collect()
            }
        };
        for event in events {
            let mut next = call.clone();
            let given = next.handle(&event, at(1)).step.expect("whoever asks gets a step");
            assert_eq!(given.number, step.number + 1, "{event:?} did not lead on");
            if seen.insert((given.number, next.position())) {
                open.push(next);
            }
        }
    }
    assert!(seen.len() > 100 && deepest > 5, "{} positions, {deepest} steps", seen.len());
}
