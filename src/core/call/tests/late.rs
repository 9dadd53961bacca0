//! A webhook comes late: the carrier has asked the fallback address meanwhile, and the call went on.

use super::*;
use proptest::prelude::*;

const MENU: &str = "appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3";

/// After these moves the keys on record are these, and the call comes to this.
#[track_caller]
fn story(moves: &str, keys: &str, want: &str) -> Story {
    let story = Story::new(brief()).play(moves).play("ended completed 60").came_to(want);
    assert_eq!(story.call.standing().keys, keys, "{moves}");
    story
}

#[test]
fn a_key_on_its_way_counts_when_it_comes() {
    // In the call: what was chosen is read back next.
    let heard = Story::new(brief()).play("answered; fallback; silence; key 1 @1; silence @3");
    heard.hears(&["4: thank-you your-appointment Tue-01 14:30 is-confirmed wrong-star | gather 4s"; 2]);
    story("answered; fallback; silence; key 1 @1; silence @3; silence", "1", "confirmed/script_end");
    // When it is over.
    story("answered; fallback; silence; ended completed 50; key 2 @1", "2", "reschedule_requested/hung_up");
    let out = story("answered; fallback; silence; ended completed 50; key 9 @1", "9", "opted_out/script_end");
    assert!(out.call.standing().opted_out);
}

#[test]
fn keys_count_in_the_order_in_which_they_were_pressed() {
    story("answered; fallback; key 2; key 1 @1", "12", "reschedule_requested/hung_up");
    story("answered; fallback; key 3; key 1 @1", "13", "confirmed/hung_up");
    story("answered; key 1; fallback; key 5; key * @2", "1*5", "heard/hung_up");
    story("answered; fallback; key 1; key *; key 2 @1", "21*", "heard/hung_up");
    story("answered; fallback; key *; key 1 @1", "1*", "heard/hung_up");
    story("answered; fallback; key 9; key 1 @1", "19", "confirmed/script_end");
}

#[test]
fn who_wants_no_more_calls_gets_none_whenever_it_is_heard_of() {
    let late = story("answered; fallback; key 1; key 9 @1", "91", "confirmed/hung_up");
    assert!(late.call.standing().opted_out);
    assert_eq!(late.log.iter().filter(|line| line.ends_with("OPT-OUT")).count(), 1, "{:#?}", late.log);
    // Whoever is on the line hears it instead of the next words.
    Story::new(brief())
        .play("answered; fallback; key 5; key 9 @1; silence")
        .hears(&["4: opted-out goodbye | hang up"])
        .play("ended completed 60")
        .came_to("opted_out/script_end");
    let wrong = "answered; silence; fallback; key 5; key 7 @2";
    Story::new(brief()).play(wrong).play("silence").hears(&["5: wrong-number goodbye | hang up"]);
    story(wrong, "75", "wrong_number/hung_up");
    story("answered; silence; fallback; key 9; key 7 @2", "79", "wrong_number/script_end");
    // Whoever presses it again, or anything else, hears so.
    for moves in ["fallback; key 9 @1; key 9 @2", "fallback; key 9 @1; key 5 @2", "fallback; key 5; key 9 @1; key 5 @3"] {
        let story = Story::new(brief()).play("answered").play(moves);
        assert!(story.log.last().is_some_and(|line| line.ends_with("opted-out goodbye | hang up")), "{moves}: {:#?}", story.log);
    }
    // Both orders in which they may be heard of come to the same.
    for moves in ["answered; fallback; key 1; key 9 @1", "answered; fallback; key 9 @1; key 1 @2"] {
        story(moves, "91", "confirmed/hung_up");
    }
    // It was pressed before it was told of: a slip.
    let slip = Story::new(brief()).play("answered; fallback; key 5; key 7 @1");
    assert!(!slip.call.standing().wrong_number);
}

#[test]
fn what_is_said_once_more_is_a_step_of_its_own() {
    let opening = format!("hello ORG at-number …617 opt-out {MENU}");
    Story::new(brief()).play("answered; fallback; silence").hears(&[
        &format!("1: {opening} | gather 6s"),
        &format!("2: {opening} | gather 6s"),
        &format!("3: no-choice-heard {MENU} wrong-number-7 | gather 6s"),
    ]);
    // Once for each address that failed, and what followed it where that was not heard yet.
    for moves in ["answered; fallback @0; fallback @0", "answered; fallback @9"] {
        assert_eq!(last(moves).1, 1, "{moves}");
    }
    assert_eq!(last("answered; fallback @1; fallback @1").1, 2);
    assert_eq!(last("answered; key 1; fallback @1"), last("answered; key 1"));
    assert_eq!(last("answered; detected machine_end; fallback @1"), last("answered; detected machine_end"));
    assert_eq!(Story::new(brief()).play("fallback @0").call.current(), None);
    // Not for ever.
    let many = Story::new(brief()).play(&format!("answered{}", "; fallback".repeat(8)));
    many.play("fallback; fallback")
        .hears(&["10: questions-call …617 goodbye | hang up", "11: questions-call …617 goodbye | hang up"]);
}

/// The last words, without their number, and their number.
fn last(moves: &str) -> (String, u32) {
    let story = Story::new(brief()).play(moves);
    let line = story.log.last().cloned().unwrap_or_default();
    (
        line.split_once(": ").map(|(_, words)| words.to_string()).unwrap_or_default(),
        story.call.current().map_or(0, |step| step.number),
    )
}

#[test]
fn what_came_of_the_desk_may_come_late() {
    let desk = |moves: &str| Story::new(brief_with_desk()).play(moves);
    // The menu follows, and the desk's word counts when it comes.
    let menu = desk("answered; key 0; fallback");
    assert!(menu.log.last().is_some_and(|line| line.starts_with("3: desk-no-answer")), "{:#?}", menu.log);
    let connected = menu.play("desk connected @2; ended completed 200").came_to("transferred/hung_up");
    assert_eq!(connected.call.standing().desk, Some(DeskAnswer::Connected));
    assert_eq!(desk("answered; key 0; fallback @3; fallback @3").call.current().map(|step| step.number), Some(2));
    assert_eq!(desk("answered; key 0; fallback; fallback @2").call.current().map(|step| step.number), Some(3));
    // The key for it comes late: nobody is there to be connected, and the desk is to call.
    for moves in ["answered; fallback; key 0 @1; key 3 @2", "answered; fallback; key 5; key 0 @1"] {
        let story = desk(moves).play("ended completed 200");
        assert_eq!(story.call.standing().desk, Some(DeskAnswer::HungUp), "{moves}");
        assert!(story.log.iter().all(|line| !line.contains("transfer")), "{:#?}", story.log);
    }
    // Whoever opted out meanwhile hears so.
    let out = desk("answered; fallback; key 0; key 9 @1; desk no_answer @3");
    assert!(out.log.last().is_some_and(|line| line.ends_with("opted-out goodbye | hang up")), "{:#?}", out.log);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pressed, and whichever webhooks come late, the record has the keys as they were pressed, and 9 counts.
    #[test]
    fn no_key_is_lost(pressed in prop::collection::vec((prop::sample::select(vec!['1', '2', '5', '9', '*', '-']), any::<bool>(), 0usize..6), 1..7)) {
        let mut call = Call::new(brief(), scripts());
        call.handle(&CallEvent::Answered { answered_by: None }, at(0));
        let (mut on_the_way, mut keys): (Vec<(usize, CallEvent)>, String) = (Vec::new(), String::new());
        for (n, (key, is_late, behind)) in pressed.into_iter().enumerate() {
            while let Some(place) = on_the_way.iter().position(|(due, _)| *due <= n) {
                call.handle(&on_the_way.remove(place).1, at(60));
            }
            let Some(Step { number: step, then: Then::Gather { .. }, .. }) = call.current().cloned() else { break };
            let event = match Key::new(key) {
                Some(key) => CallEvent::Key { step, key },
                None => CallEvent::Silence { step },
            };
            keys.extend(Key::new(key).map(Key::as_char));
            if is_late {
                on_the_way.push((n + 1 + behind, event));
                call.handle(&CallEvent::Fallback { failed: step }, at(60));
            } else {
                call.handle(&event, at(60));
            }
        }
        for (_, event) in on_the_way {
            let kept = call.to_keep(&event);
            let mut other = call.clone();
            prop_assert_eq!(call.handle(&event, at(60)), other.handle(&kept, at(60)));
        }
        call.handle(&CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(90), reason: None }, at(90));
        let standing = call.standing();
        prop_assert_eq!(&standing.keys, &keys);
        prop_assert_eq!(standing.opted_out, keys.contains('9'));
        let chosen = keys.chars().rev().find(|key| ['1', '2', '*'].contains(key));
        match chosen {
            Some('1') => prop_assert_eq!(standing.outcome, Some(Outcome::Confirmed)),
            Some('2') => prop_assert_eq!(standing.outcome, Some(Outcome::RescheduleRequested)),
            _ => prop_assert!(!matches!(standing.outcome, Some(Outcome::Confirmed | Outcome::RescheduleRequested))),
        }
    }
}
