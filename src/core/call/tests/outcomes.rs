//! What a call comes to, and what the store keeps of it.

use super::*;
use crate::domain::AttemptStatus;

#[test]
fn final_statuses_without_words() {
    for (moves, status, want) in [
        ("ringing; ended busy", AttemptStatus::Failed, "busy/busy"),
        ("ringing; ended no-answer", AttemptStatus::Completed, "no_answer/no_answer"),
        ("ended failed", AttemptStatus::Failed, "failed/carrier_fault"),
        ("ringing; picked-up; answered; ended failed", AttemptStatus::Failed, "failed/carrier_fault"),
        ("ended failed bad_number", AttemptStatus::Failed, "failed/bad_number"),
        ("ringing; ended no-answer bad_number", AttemptStatus::Failed, "failed/bad_number"),
        ("ended failed refused", AttemptStatus::Failed, "failed/refused"),
        ("ended failed never_placed", AttemptStatus::Failed, "failed/never_placed"),
        ("accepted; ended failed unknown", AttemptStatus::Failed, "failed/unknown"),
        // We cancel when the ring time is over.
        ("ringing; ended cancelled", AttemptStatus::Completed, "no_answer/no_answer"),
        ("ringing; changed; ended cancelled", AttemptStatus::Completed, "superseded/visit_changed"),
        ("ended cancelled withdrawn", AttemptStatus::Cancelled, "superseded/withdrawn"),
        ("ended cancelled; changed", AttemptStatus::Completed, "no_answer/no_answer"),
        // The answer's webhook was lost, or is still to come.
        ("ended completed 40", AttemptStatus::Completed, "hung_up_early/hung_up"),
        ("ended completed 40; answered", AttemptStatus::Completed, "heard/hung_up"),
        ("picked-up; ended completed deadline", AttemptStatus::Completed, "hung_up_early/deadline"),
        // What we presumed gives way to the carrier's word, and never the other way round.
        ("ended failed never_placed; ended completed 40", AttemptStatus::Completed, "hung_up_early/hung_up"),
        ("ended failed unknown; answered; ended completed 40", AttemptStatus::Completed, "heard/hung_up"),
        ("ended busy; ended failed never_placed", AttemptStatus::Failed, "busy/busy"),
        ("ended busy; ended completed 40", AttemptStatus::Failed, "busy/busy"),
    ] {
        let story = Story::new(brief()).play(moves).came_to(want);
        assert_eq!(story.call.standing().status, status, "{moves}");
    }
}

#[test]
fn whoever_hangs_up_is_known_to_have_heard_so_much() {
    for (moves, want, seconds) in [
        ("answered; ended completed 4", "hung_up_early/hung_up", Some(4)),
        ("answered; ended completed 23", "heard/hung_up", Some(23)),
        ("answered; key 1; ended completed 9", "confirmed/hung_up", Some(9)),
        ("answered machine_end; ended completed 12", "voicemail_incomplete/machine", Some(12)),
        // Without the carrier's word, from answer to end as we heard of them.
        ("answered; ringing; ringing; ended completed", "hung_up_early/hung_up", Some(3)),
        ("ringing; ended no-answer 0", "no_answer/no_answer", None),
    ] {
        let story = Story::new(brief()).play(moves).came_to(want);
        assert_eq!(story.call.standing().heard_seconds, seconds, "{moves}");
    }
}

/// A patient called us, and was asked for their birthday first: 20 s of the carrier's count. We count from the message.
#[test]
fn what_was_said_at_the_gate_is_no_part_of_the_message() {
    for (moves, want, seconds) in [
        ("answered; ended completed 43", "heard/hung_up", 23),
        ("answered; ended completed 42", "hung_up_early/hung_up", 22),
        ("answered; ended completed 9", "hung_up_early/hung_up", 0),
        (&format!("answered{}; ended completed", "; ringing".repeat(22)), "heard/hung_up", 23),
        (&format!("answered{}; ended completed", "; ringing".repeat(21)), "hung_up_early/hung_up", 22),
    ] {
        let story = Story::new(Brief { before_ms: 19_500, ..brief() }).play(moves).came_to(want);
        assert_eq!(story.call.standing().heard_seconds, Some(seconds), "{moves}");
    }
}

#[test]
fn no_final_status_overwrites_what_a_key_said_or_what_was_played() {
    for status in ["completed", "busy", "no-answer", "failed unknown", "cancelled"] {
        for (moves, want) in [
            ("answered; key 1", "confirmed"),
            ("answered; key 2", "reschedule_requested"),
            ("answered; key 9", "opted_out"),
            ("answered; silence", "heard"),
            ("answered machine_end; played", "voicemail_left"),
        ] {
            let story = Story::new(brief()).play(moves).play(&format!("ended {status}"));
            assert_eq!(story.call.standing().outcome.map(|o| o.as_str()), Some(want), "{moves}; {status}");
        }
    }
}

#[test]
fn a_key_that_arrives_after_the_end_still_counts_and_is_read_back() {
    let story = Story::new(brief()).play("answered; ended completed 12").came_to("hung_up_early/hung_up");
    let story = story.play("key 2").came_to("reschedule_requested/hung_up");
    let story = story.hears(&["2: thank-you office-will-call meant-else-star | gather 4s"]);
    let late = story.play("key 9 @2; ringing; picked-up; ended busy");
    let standing = late.call.standing();
    assert_eq!((standing.status, standing.opted_out, standing.keys.as_str()), (AttemptStatus::Completed, true, "29"));
    assert_eq!(standing.ended_at, Some(at(2)));
    late.came_to("reschedule_requested/script_end");
}

#[test]
fn a_status_rises_and_never_falls() {
    let mut story = Story::new(brief());
    for (one, want) in [
        ("", AttemptStatus::Requesting),
        ("ringing", AttemptStatus::Ringing),
        ("accepted", AttemptStatus::Ringing),
        ("answered", AttemptStatus::InProgress),
        ("ringing; picked-up", AttemptStatus::InProgress),
        ("ended completed 3", AttemptStatus::Completed),
        ("ended failed", AttemptStatus::Completed),
        ("ringing", AttemptStatus::Completed),
    ] {
        story = story.play(one);
        assert_eq!(story.call.standing().status, want, "{one}");
    }
}

#[test]
fn times_are_those_of_the_first_word_of_each() {
    let standing = Story::new(brief()).play("ringing; picked-up; answered; ended completed; ended completed 9").call.standing();
    assert_eq!((standing.answered_at, standing.ended_at, standing.heard_seconds), (Some(at(2)), Some(at(4)), Some(2)));
    // The answer is heard of after the end.
    let standing = Story::new(brief()).play("ended completed 7; answered").call.standing();
    assert_eq!((standing.answered_at, standing.ended_at, standing.heard_seconds), (Some(at(1)), Some(at(1)), Some(7)));
    // Only a completed call was heard.
    let standing = Story::new(brief()).play("answered; ended failed 3").call.standing();
    assert_eq!((standing.answered_at, standing.heard_seconds), (Some(at(1)), None));
    let standing = Story::new(brief()).play("ringing; ended no-answer").call.standing();
    assert_eq!((standing.answered_at, standing.heard_seconds), (None, None));
}

#[test]
fn what_was_answered_before_changes_nothing_and_gets_the_current_step() {
    let story = Story::new(brief()).play("answered; silence; key 1");
    let before = story.call.standing();
    let current = story.log.last().cloned().expect("a line");
    let story = story.play("answered machine_end; silence @1; key 9 @2; key 2 @1; played @1; key 9 @0; key 9 @77");
    assert!(story.log[3..].iter().all(|line| *line == current), "{:#?}", story.log);
    assert_eq!(story.call.standing(), before);
    // Words that nobody was given cannot be answered.
    let early = Story::new(brief()).play("key 9 @1; silence @1; played @0");
    assert!(early.log.is_empty());
    assert!(!early.call.standing().opted_out);
}
