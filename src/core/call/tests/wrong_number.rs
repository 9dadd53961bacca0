//! Somebody says that this is not the patient's number.

use super::*;

const BYE: &str = "wrong-number goodbye | hang up";
const TOLD: &str = "answered; silence";

/// After a repeat, which tells of key 7, and these moves the call comes to this.
#[track_caller]
fn story(moves: &str, want: &str) -> Story {
    let story = Story::new(brief()).play(TOLD).play(moves).play("ended completed 20").came_to(want);
    assert!(story.call.standing().wrong_number, "{moves}");
    story
}

#[test]
fn key_7_says_that_the_number_is_wrong_and_ends_the_call_wherever_it_is() {
    for moves in [
        "key 7",
        // In a later repeat, after the number to call, after a choice was taken back, beside a visit that changed.
        "silence; key 7",
        "key 3; key 5; key 7",
        "silence; silence; silence; key 7",
        "key 1; key *; key 7",
        "changed; key 7",
        "changed; silence; key 7",
        // Whoever was taken for a machine.
        "detected machine_end; key 7 @2",
        "detected machine_end; key 7 @3",
    ] {
        let story = story(moves, "wrong_number/script_end");
        assert!(story.log.last().is_some_and(|line| line.ends_with(BYE)), "{moves}: {:#?}", story.log);
    }
}

#[test]
fn before_a_repeat_has_told_of_it_key_7_is_no_choice() {
    let again = "appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s";
    let slip = Story::new(brief()).play("answered; key 7").hears(&[&format!("2: not-a-choice {again}")]);
    // Whoever meant it presses it again; whoever did not goes on.
    slip.play("key 7; ended completed 20").hears(&[&format!("3: {BYE}")]).came_to("wrong_number/script_end");
    Story::new(brief()).play("answered; key 7; key 1; ended completed 20").came_to("confirmed/hung_up");
    for moves in ["answered; key 1; key 7", "answered machine_end; key 7", "answered; changed; key 7", "answered; key 9; key 7"] {
        assert!(!Story::new(brief()).play(moves).call.standing().wrong_number, "{moves}");
    }
    // After a choice was taken back the menu tells of it.
    Story::new(brief()).play("answered; key 1; key *; key 7; ended completed 20").came_to("wrong_number/script_end");
}

#[test]
fn a_script_that_tells_of_it_at_once_takes_it_at_once() {
    let mut scripts = (*scripts()).clone();
    scripts.call.menu = scripts.call.menu_again.clone();
    let mut call = Call::new(brief(), Arc::new(scripts));
    call.handle(&CallEvent::Answered { answered_by: None }, at(0));
    let key = Key::new('7').expect("a key");
    let step = call.handle(&CallEvent::Key { step: 1, key }, at(1)).step.expect("a step");
    assert_eq!((step.then, word_of(&step.say[0])), (Then::HangUp, "wrong-number".to_string()));
}

#[test]
fn beside_other_keys() {
    for (moves, want) in [
        // What a stranger chose before is no choice of the patient.
        ("key 1; key 7", "wrong_number/script_end"),
        ("key 2; key 7", "wrong_number/script_end"),
        ("key 2; key 7; key 9", "wrong_number/script_end"),
        // Whoever wants no calls either has an opt-out beside the wrong number.
        ("key 7; key 9", "wrong_number/script_end"),
        // Nothing more is chosen, said or asked after it.
        ("key 7; key 1", "wrong_number/script_end"),
        ("key 7; key 7; key 2; key 3", "wrong_number/script_end"),
        ("key 7; changed; played", "wrong_number/script_end"),
        ("key 7; detected machine_end", "wrong_number/script_end"),
    ] {
        let story = story(moves, want);
        assert_eq!(story.call.standing().opted_out, moves.contains('9'), "{moves}");
    }
    let both = Story::new(brief()).play(TOLD).play("key 7; key 9");
    both.hears(&[&format!("3: {BYE}"), "4: opted-out goodbye | hang up OPT-OUT"]);
    // After an opt-out nothing is said or taken any more; the key is on record.
    let after = Story::new(brief()).play(TOLD).play("key 9; key 7; ended completed 20").came_to("opted_out/script_end");
    assert!(!after.call.standing().wrong_number && after.call.standing().keys == "97");
    after.hears(&["4: | hang up"]);
}

#[test]
fn it_counts_after_the_end_and_whatever_the_carrier_says() {
    let late = Story::new(brief()).play(TOLD).play("ended completed 12; key 7").came_to("wrong_number/script_end");
    late.hears(&[&format!("3: {BYE}")]);
    for status in ["completed", "busy", "no-answer", "failed unknown", "cancelled"] {
        let story = Story::new(brief()).play(TOLD).play("key 7").play(&format!("ended {status}"));
        assert_eq!(story.call.standing().outcome, Some(Outcome::WrongNumber), "{status}");
    }
    // While the call goes on it has no outcome; what was said is known at once.
    let story = Story::new(brief()).play(TOLD).play("key 7").came_to("-");
    assert!(story.call.standing().wrong_number);
}

#[test]
fn where_no_key_means_it_the_key_is_no_choice() {
    let mut scripts = (*scripts()).clone();
    scripts.call.keys.retain(|_, action| *action != KeyAction::WrongNumber);
    scripts.call.replies.wrong_number.clear();
    let mut call = Call::new(brief(), Arc::new(scripts));
    call.handle(&CallEvent::Answered { answered_by: None }, at(0));
    call.handle(&CallEvent::Silence { step: 1 }, at(1));
    let key = Key::new('7').expect("a key");
    let step = call.handle(&CallEvent::Key { step: 2, key }, at(2)).step.expect("a step");
    assert_eq!(word_of(&step.say[0]), "not-a-choice");
    assert!(!call.standing().wrong_number);
}
