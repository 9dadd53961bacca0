//! What a person hears.

use super::*;

const FIRST: &str =
    "1: hello ORG at-number …617 opt-out appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 | gather 6s";
const AGAIN: &str = "appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s";
const CONFIRMED: &str = "thank-you your-appointment Tue-01 14:30 is-confirmed wrong-star | gather 4s";
const RESCHEDULE: &str = "thank-you office-will-call meant-else-star | gather 4s";
const GIVING_UP: &str = "questions-call …617 goodbye | hang up";

fn person(moves: &str) -> Story {
    Story::new(brief()).play("accepted; ringing; picked-up; answered").play(moves)
}

#[track_caller]
fn hears(moves: &str, want: &[(u32, &str)]) -> Story {
    // How slowly is a story of its own, below.
    let mut story = person(moves);
    story.log.iter_mut().for_each(|line| *line = line.replace(" slowly", ""));
    let lines: Vec<_> = want.iter().map(|(number, words)| format!("{number}: {words}")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    story.hears(&lines)
}

#[test]
fn key_1_confirms_is_read_back_and_ends_with_goodbye() {
    person("").hears(&[FIRST]).came_to("-");
    hears("key 1; silence; ended completed 31", &[(2, CONFIRMED), (3, "goodbye | hang up")]).came_to("confirmed/script_end");
    // Lines drop after the read-back, without waiting for the goodbye.
    person("key 1; ended completed 20").came_to("confirmed/hung_up");
}

#[test]
fn key_2_asks_for_another_time() {
    hears("key 2; silence; ended completed 31", &[(2, RESCHEDULE), (3, "goodbye | hang up")])
        .came_to("reschedule_requested/script_end");
}

#[test]
fn a_later_choice_replaces_the_first_with_a_read_back_of_its_own() {
    hears("key 1; key 2; silence; ended completed 40", &[(2, CONFIRMED), (3, RESCHEDULE), (4, "goodbye | hang up")])
        .came_to("reschedule_requested/script_end");
    let twice = hears("key 1; key 1; ended completed 40", &[(2, CONFIRMED), (3, CONFIRMED)]).came_to("confirmed/hung_up");
    assert_eq!(twice.call.standing().keys, "11");
}

#[test]
fn star_takes_the_choice_back_and_the_menu_follows() {
    let menu = "choice-undone confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s";
    hears("key 1; key *; key 2; silence; ended completed 60", &[(3, menu), (4, RESCHEDULE), (5, "goodbye | hang up")])
        .came_to("reschedule_requested/script_end");
    hears("key 1; key *; silence", &[(3, menu), (4, &format!("no-choice-heard {AGAIN}"))]);
    person("key 1; key *; ended completed 22").came_to("hung_up_early/hung_up");
    person("key 1; key *; ended completed 23").came_to("heard/hung_up");
    // Nothing to take back: a wrong key like any other.
    hears("key *", &[(2, &format!("not-a-choice {AGAIN}"))]);
}

#[test]
fn key_3_says_it_again_without_the_opening() {
    hears("key 3; key 3; key 1", &[(2, AGAIN), (3, AGAIN), (4, CONFIRMED)]);
    // During the read-back too; the choice stands meanwhile, and silence ends the call.
    hears("key 1; key 3; silence; ended completed 60", &[(2, CONFIRMED), (3, AGAIN), (4, "goodbye | hang up")])
        .came_to("confirmed/script_end");
    // Asked for more often than the script allows.
    hears("key 3; key 3; key 3; ended completed 90", &[(4, GIVING_UP)]).came_to("heard/no_choice");
    hears("key 1; key 3; key 3; key 3; ended completed 99", &[(5, "goodbye | hang up")]).came_to("confirmed/script_end");
}

#[test]
fn key_9_opts_out_once_and_ends_the_call() {
    let bye = "opted-out goodbye | hang up OPT-OUT";
    let story = hears("key 9", &[(2, bye)]).play("ended completed 9").came_to("opted_out/script_end");
    assert!(story.call.standing().opted_out);
    // A choice made before stands beside it.
    let story = hears("key 1; key 9; ended completed 9", &[(3, bye)]).came_to("confirmed/script_end");
    assert!(story.call.standing().opted_out);
    // Nothing is offered after it, and a second 9 is no second opt-out.
    hears("key 9; key 1; key 9; played; ended completed 9", &[(2, bye), (3, "| hang up"), (3, "| hang up"), (3, "| hang up")])
        .came_to("opted_out/script_end");
    // It counts during the last words too.
    hears("silence; silence; silence; silence; key 9", &[(5, GIVING_UP), (6, bye)]);
}

#[test]
fn silence_and_wrong_keys_are_told_and_the_message_said_again_three_times() {
    let silence = format!("no-choice-heard {AGAIN}");
    let wrong = format!("not-a-choice {AGAIN}");
    hears(
        "silence; silence; silence; silence; ended completed 120",
        &[(2, &silence), (3, &silence), (4, &silence), (5, GIVING_UP)],
    )
    .came_to("heard/no_choice");
    hears("key 7; silence; key #; key 0; ended completed 50", &[(2, &wrong), (3, &silence), (4, &wrong), (5, GIVING_UP)])
        .came_to("heard/no_choice");
    hears("key 7; key 1; ended completed 20", &[(2, &wrong), (3, CONFIRMED)]).came_to("confirmed/hung_up");
    // In a read-back the read-back is said again, and the choice stands.
    hears("key 2; key 7; silence", &[(3, &format!("not-a-choice {RESCHEDULE}")), (4, "goodbye | hang up")]);
}

#[test]
fn a_patient_who_keeps_changing_gets_a_last_read_back_and_the_number_to_call() {
    hears(
        "key 1; key 2; key 1; key 2; silence; ended completed 60",
        &[(5, "thank-you office-will-call meant-else-star questions-call …617 goodbye | hang up"), (6, "| hang up")],
    )
    .came_to("reschedule_requested/script_end");
    hears(
        "key 1; key *; key 2; key *; key 1; ended completed 60",
        &[(5, "choice-undone questions-call …617 goodbye | hang up"), (6, "| hang up")],
    )
    .came_to("heard/no_choice");
}

#[test]
fn heard_is_the_message_once_to_its_end() {
    for (moves, want) in [
        ("ended completed 22", "hung_up_early/hung_up"),
        ("ended completed 23", "heard/hung_up"),
        ("silence; ended completed 5", "heard/hung_up"),
        ("played; ended completed", "heard/hung_up"),
        ("key 7; ended completed 10", "hung_up_early/hung_up"),
        ("key 3; silence; ended completed 10", "heard/hung_up"),
        // The menu alone is not the message.
        ("key 1; key *; silence; ended completed 10", "hung_up_early/hung_up"),
    ] {
        person(moves).came_to(want);
    }
}

#[test]
fn several_appointments_are_counted_and_long_time_outs_are_long() {
    Story::new(Brief { appointments: 2, ..brief() }).play("answered; silence").hears(&[
        "1: hello ORG at-number …617 opt-out 2-APPOINTMENTS Tue-01 first-is 14:30 AT:boston \
         confirm-1 reschedule-2 again-3 | gather 6s",
        "2: no-choice-heard 2-APPOINTMENTS Tue-01 first-is 14:30 AT:boston confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s",
    ]);
    let relay = Story::new(Brief { long_timeouts: true, ..brief() }).play("answered; key 1");
    assert!(relay.log.iter().all(|line| line.ends_with("gather 30s")), "{:?}", relay.log);
}

#[test]
fn a_visit_that_changed_is_not_announced() {
    let withdrawn = "hello ORG at-number …617 has-changed goodbye | hang up";
    let answered = Story::new(brief()).play("ringing; changed; answered; ended completed 9");
    answered.hears(&[&format!("1: {withdrawn}")]).came_to("superseded/visit_changed");
    hears("changed; silence; ended completed 40", &[(2, withdrawn)]).came_to("superseded/visit_changed");
    // A choice that is made after the change is a choice about the old visit; one made before it stands.
    let late = hears("changed; key 1; ended completed 40", &[(2, withdrawn)]).came_to("superseded/visit_changed");
    assert_eq!(late.call.standing().keys, "1");
    hears("key 1; changed; silence; ended completed 40", &[(3, withdrawn)]).came_to("confirmed/visit_changed");
    // An opt-out is about no visit.
    hears("changed; key 9; ended completed 40", &[(2, "opted-out goodbye | hang up OPT-OUT")]).came_to("opted_out/script_end");
    // Nobody asked again: the patient heard what was told.
    person("silence; changed; ended completed 40").came_to("heard/hung_up");
}

#[test]
fn while_an_answer_is_put_off_nothing_is_heard() {
    person("ended completed 24").came_to("heard/hung_up");
    person("put-off 6000 @0; ended completed 28").came_to("hung_up_early/hung_up");
    person("put-off 6000 @0; ended completed 29").came_to("heard/hung_up");
    // Of one step the longest wait holds the others; those of several add up.
    person("put-off 6000 @0; put-off 4000 @0; ended completed 29").came_to("heard/hung_up");
    person("put-off 6000 @0; key 3; put-off 6000 @1; ended completed 34").came_to("hung_up_early/hung_up");
    person("put-off 6000 @0; key 3; put-off 6000 @1; ended completed 35").came_to("heard/hung_up");
    // It may be heard of when the call is over.
    person("ended completed 24; put-off 6000 @0").came_to("hung_up_early/hung_up");
    // A choice is a choice.
    person("put-off 6000 @0; key 1; ended completed 9").came_to("confirmed/hung_up");
}

/// Where the carrier does not say how long the call was, it began before the first words were committed.
#[test]
fn who_waited_for_the_first_words_had_answered_before() {
    // Picked up at second 3 as far as was heard; by the wait of six seconds, told of at 5, at second -1. The message takes 23.
    for (end, want) in [(27, "hung_up_early/hung_up"), (28, "heard/hung_up")] {
        let mut story = person("put-off 6000 @0");
        story.seconds = end - 1;
        story.play("ended completed").came_to(want);
    }
}

#[test]
fn a_moved_visit_is_told_with_its_old_time_where_it_is_known() {
    let moved = segments("your-appointment {old_day} {old_time} has-been-moved it-is-now {day} {time}");
    let words = |old_start| {
        let words = speak(&moved, &Brief { old_start, ..brief() });
        words.iter().map(word_of).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words(Some(moment(3, 9))), "your-appointment Thu-03 09:30 has-been-moved it-is-now Tue-01 14:30");
    assert_eq!(words(None), "your-appointment has-been-moved it-is-now Tue-01 14:30");
}

#[test]
fn an_announcement_needs_no_call() {
    let sorry = Announcement { name: "apology".into(), message: segments("sorry please-call {callback_number} {day} goodbye") };
    let words = sorry.words(&brief().callback_number);
    assert_eq!(words.iter().map(word_of).collect::<Vec<_>>(), ["sorry", "please-call", "…617", "goodbye"]);
}

#[test]
fn several_appointments_are_read_back_in_words_of_their_own() {
    let story = Story::new(Brief { appointments: 2, ..brief() }).play("answered; key 1");
    story.hears(&["2: thank-you all-confirmed 2-APPOINTMENTS Tue-01 wrong-star | gather 4s"]);
    let one = Story::new(brief()).play("answered; key 1");
    one.hears(&["2: thank-you your-appointment Tue-01 14:30 is-confirmed wrong-star | gather 4s"]);
}
