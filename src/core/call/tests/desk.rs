//! Somebody asks for the desk.

use super::*;

const MENU: &str = "confirm-1 reschedule-2 again-3 wrong-number-7 desk-0 | gather 6s";
const CONNECTING: &str = "connecting | transfer 25s";
const CONFIRMED: &str = "thank-you your-appointment Tue-01 14:30 is-confirmed wrong-star | gather 4s";
const GIVING_UP: &str = "questions-call …617 goodbye | hang up";

/// A call to somebody who may ask for the desk, which is open for ten minutes.
fn patient(moves: &str) -> Story {
    Story::new(brief_with_desk()).play("answered").play(moves)
}

/// The same after the desk has closed.
fn later(moves: &str) -> Story {
    let mut story = Story::new(brief_with_desk());
    story.seconds = 600;
    story.play("answered").play(moves)
}

fn answer(story: &Story) -> Option<DeskAnswer> {
    story.call.standing().desk
}

#[test]
fn key_0_connects_with_the_desk_and_after_a_talk_the_call_ends() {
    let story = patient("").hears(&[
        "1: hello ORG at-number …617 opt-out appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 desk-0 | gather 6s",
    ]);
    let story = story.play("key 0").hears(&[&format!("2: {CONNECTING}")]);
    let to = match &story.call.current().expect("a step").then {
        Then::Transfer { to, ring_s } => (to.as_str().to_string(), *ring_s),
        other => panic!("{other:?}"),
    };
    assert_eq!(to, ("+16175550121".to_string(), DESK_RING_S));
    let story = story.play("desk connected; ended completed 90").hears(&["3: goodbye | hang up"]);
    assert_eq!((answer(&story), story.call.standing().keys.as_str()), (Some(DeskAnswer::Connected), "0"));
    story.came_to("transferred/script_end");
}

#[test]
fn whoever_gets_nobody_is_told_so_and_hears_the_menu() {
    for (result, want) in [("busy", DeskAnswer::Busy), ("no_answer", DeskAnswer::NoAnswer), ("failed", DeskAnswer::Failed)] {
        let story = patient(&format!("key 0; desk {result}")).hears(&[&format!("3: desk-no-answer {MENU}")]);
        assert_eq!(answer(&story), Some(want), "{result}");
        // And may choose, or try again.
        let story = story.play("key 1; silence; ended completed 60");
        story.hears(&[&format!("4: {CONFIRMED}"), "5: goodbye | hang up"]).came_to("confirmed/script_end");
        patient(&format!("key 0; desk {result}; key 0; desk connected; ended completed 60")).came_to("transferred/script_end");
    }
    // The carrier went on without a word of it.
    let story = patient("key 0; silence").hears(&[&format!("3: desk-no-answer {MENU}")]);
    assert_eq!(answer(&story), Some(DeskAnswer::Failed));
}

#[test]
fn out_of_its_hours_it_is_not_dialled_and_its_next_hours_are_told() {
    // The desk opens on Fridays only.
    let story = later("key 0").hears(&[&format!("2: desk-closed Fri-11 00:00 {MENU}")]);
    assert_eq!(answer(&story), Some(DeskAnswer::Closed));
    let story = story.play("key 2; silence; ended completed 60").came_to("reschedule_requested/script_end");
    assert_eq!(answer(&story), Some(DeskAnswer::Closed));
    later("key 0; ended completed 40").came_to("heard/hung_up");
}

#[test]
fn without_a_desk_key_0_is_no_choice_and_nobody_is_told_of_it() {
    let again = "appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s";
    let story = Story::new(brief()).play("answered; key 0").hears(&[&format!("2: not-a-choice {again}")]);
    assert_eq!(answer(&story), None);
}

#[test]
fn the_last_choice_counts_and_a_talk_is_none() {
    for (moves, want) in [
        ("key 1; key 0; desk connected", "confirmed/script_end"),
        ("key 2; key 0; desk connected", "reschedule_requested/script_end"),
        ("key 1; key *; key 0; desk connected", "transferred/script_end"),
        ("key 0; desk busy; key 1; key 0; desk connected", "confirmed/script_end"),
        // A choice stands while nobody answers at the desk, and star takes it back there, too.
        ("key 1; key 0; desk busy; silence", "confirmed/script_end"),
        ("key 1; key 0; desk busy; key *; silence", "hung_up_early/hung_up"),
        ("key 0; desk busy; key 9", "opted_out/script_end"),
        ("key 0; desk busy; key 7", "wrong_number/script_end"),
        ("silence; key 0; desk connected", "transferred/script_end"),
    ] {
        patient(moves).play("ended completed 20").came_to(want);
    }
}

#[test]
fn nobody_asks_for_ever() {
    // As often as the message can be asked for again: twice in this script.
    let busy = "key 0; desk busy; key 0; desk busy; key 0";
    patient(busy).hears(&[&format!("6: {GIVING_UP}")]).play("ended completed 60").came_to("hung_up_early/no_choice");
    later("key 0; key 0; key 0").hears(&[&format!("4: {GIVING_UP}")]);
    patient(&format!("key 1; {busy}")).hears(&["7: goodbye | hang up"]);
}

#[test]
fn a_visit_that_changed_leads_to_no_desk() {
    let withdrawn = "hello ORG at-number …617 has-changed goodbye | hang up";
    patient("changed; key 0").hears(&[&format!("2: {withdrawn}")]);
    patient("key 0; changed; desk busy; ended completed 30")
        .hears(&[&format!("3: {withdrawn}")])
        .came_to("superseded/visit_changed");
    // They talk; what has changed the desk knows.
    patient("key 0; changed; desk connected; ended completed 90").came_to("transferred/script_end");
}

#[test]
fn a_call_that_ended_while_the_desk_was_dialled_is_judged_by_its_length() {
    // Answered at second 1, dialled at second 2: it rings until second 37 at the latest.
    for (end, want, desk) in [
        ("ended completed 37", "transferred/hung_up", DeskAnswer::Connected),
        ("ended completed 36", "hung_up_early/hung_up", DeskAnswer::HungUp),
        ("ended completed 3", "hung_up_early/hung_up", DeskAnswer::HungUp),
        // Nobody says how long it was, or that it was completed.
        ("ended completed", "hung_up_early/hung_up", DeskAnswer::HungUp),
        ("ended failed 300", "failed/carrier_fault", DeskAnswer::HungUp),
    ] {
        let story = patient("key 0").play(end).came_to(want);
        assert_eq!(answer(&story), Some(desk), "{end}");
        // What is heard of the desk later counts more.
        let story = story.play("desk connected @2").came_to("transferred/script_end");
        assert_eq!(answer(&story), Some(DeskAnswer::Connected));
    }
    let late = patient("key 0; ended completed 300; desk no_answer @2").came_to("hung_up_early/hung_up");
    assert_eq!(answer(&late), Some(DeskAnswer::NoAnswer));
    // While the call goes on nothing is presumed.
    assert_eq!(answer(&patient("key 0")), None);
}

#[test]
fn while_the_desk_rings_nothing_of_the_message_is_heard() {
    // The message takes 23 s; the key came after one.
    patient("key 0; desk no_answer; ended completed 60").came_to("hung_up_early/hung_up");
    let mut story = patient("");
    story.seconds += 22;
    story.play("key 0; desk no_answer; ended completed 60").came_to("heard/hung_up");
}

/// What was waited for after it was dialled is none of the time before.
#[test]
fn only_what_was_put_off_before_the_desk_was_dialled_takes_from_the_message() {
    for (wait, want) in [("put-off 6000 @2", "heard/hung_up"), ("put-off 6000 @1", "hung_up_early/hung_up")] {
        let mut story = patient("");
        story.seconds += 22;
        story.play(&format!("key 0; {wait}; desk no_answer; ended completed 60")).came_to(want);
    }
}

#[test]
fn a_machine_that_is_detected_while_the_desk_rings_turns_nothing() {
    let story = patient("key 0; detected machine_end; desk connected; ended completed 60");
    assert!(story.log.iter().all(|line| !line.starts_with("push")), "{:#?}", story.log);
    story.came_to("transferred/script_end");
}
