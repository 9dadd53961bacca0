//! What a machine gets, and a person who was taken for one.

use super::*;

const VOICEMAIL: &str = "hello ORG appointment Tue-01 14:30 to-stop-call …800 | continue";
const MINIMAL: &str = "hello ORG please-call-us to-stop-call …800 | continue";

fn story(voicemail: VoicemailPolicy, moves: &str) -> Story {
    Story::new(Brief { voicemail, ..brief() }).play(moves)
}

#[test]
fn a_machine_after_its_greeting_gets_the_voicemail() {
    story(VoicemailPolicy::Standard, "answered machine_end; played; ended completed 25")
        .hears(&[&format!("1: {VOICEMAIL}"), "2: | hang up"])
        .came_to("voicemail_left/script_end");
    story(VoicemailPolicy::Minimal, "answered machine_end; played; ended completed 25")
        .hears(&[&format!("1: {MINIMAL}"), "2: | hang up"])
        .came_to("voicemail_left/script_end");
    story(VoicemailPolicy::Standard, "answered machine_end; ended completed 60").came_to("voicemail_incomplete/machine");
}

#[test]
fn a_voicemail_does_not_say_that_a_cancelled_appointment_is_one() {
    for (purpose, want) in
        [(Purpose::Reminder, VOICEMAIL), (Purpose::Moved, VOICEMAIL), (Purpose::Cancelled, MINIMAL), (Purpose::Closure, MINIMAL)]
    {
        Story::new(Brief { purpose, ..brief() }).play("answered machine_end").hears(&[&format!("1: {want}")]);
    }
}

#[test]
fn a_script_with_a_voicemail_of_its_own_leaves_that_where_the_standard_one_may_be_left() {
    let own =
        VoicemailScript { name: "voicemail-cancelled".into(), message: segments("hello {organization} has-been-cancelled") };
    let with_own = Scripts { own_voicemail: Some(own), ..(*scripts()).clone() };
    use VoicemailPolicy::{Minimal, None, Standard};
    for (purpose, policy, without, with) in [
        (Purpose::Reminder, Standard, "voicemail", "voicemail-cancelled"),
        (Purpose::Moved, Standard, "voicemail", "voicemail-cancelled"),
        (Purpose::Cancelled, Standard, "voicemail-minimal", "voicemail-cancelled"),
        (Purpose::Closure, Standard, "voicemail-minimal", "voicemail-cancelled"),
        (Purpose::Cancelled, Minimal, "voicemail-minimal", "voicemail-minimal"),
        (Purpose::Reminder, Minimal, "voicemail-minimal", "voicemail-minimal"),
        (Purpose::Cancelled, None, "-", "-"),
    ] {
        let brief = Brief { purpose, voicemail: policy, ..brief() };
        let left = |scripts: &Scripts| scripts.voicemail_for(&brief).map_or("-".to_string(), |script| script.name.clone());
        assert_eq!((left(&scripts()), left(&with_own)), (without.into(), with.into()), "{purpose:?} {policy:?}");
    }
}

#[test]
fn nothing_is_left_where_nothing_may_be_or_it_would_lose_its_beginning() {
    for (policy, who, want) in [
        (VoicemailPolicy::None, "machine_end", "machine_no_message/machine"),
        (VoicemailPolicy::None, "machine_start", "machine_no_message/machine"),
        (VoicemailPolicy::Standard, "machine_start", "machine_no_message/machine"),
        (VoicemailPolicy::Standard, "fax", "failed/fax"),
        (VoicemailPolicy::None, "fax", "failed/fax"),
    ] {
        story(policy, &format!("answered {who}; ended completed 3")).hears(&["1: | hang up"]).came_to(want);
        // The same when detection runs beside the call.
        story(policy, &format!("answered; detected {who}; ended completed 9")).hears(&["push 2: | hang up"]).came_to(want);
    }
    for who in ["human", "unknown"] {
        let story = story(VoicemailPolicy::None, &format!("answered {who}; detected {who}"));
        assert_eq!(story.log.len(), 1);
        assert!(story.log[0].ends_with("again-3 | gather 6s"), "{:?}", story.log);
    }
}

#[test]
fn detection_turns_the_live_message_to_the_voicemail_from_its_first_word() {
    story(VoicemailPolicy::Standard, "answered; detected machine_end; played; ended completed 40")
        .hears(&[&format!("push 2: {VOICEMAIL}"), "3: | hang up"])
        .came_to("voicemail_left/script_end");
    // In a repeat of the message; and where the greeting's verdict was only the first of two.
    story(VoicemailPolicy::Standard, "answered; silence; detected machine_end; played; ended completed 60")
        .hears(&[&format!("push 3: {VOICEMAIL}"), "4: | hang up"])
        .came_to("voicemail_left/script_end");
    story(VoicemailPolicy::Standard, "answered; detected machine_start; detected machine_end; played; ended completed 40")
        .hears(&["push 2: | hang up", &format!("push 3: {VOICEMAIL}"), "4: | hang up"])
        .came_to("voicemail_left/script_end");
    // A machine has listened to the whole message: nobody has heard it.
    story(VoicemailPolicy::None, "answered; silence; detected machine_end; ended completed 60")
        .came_to("machine_no_message/machine");
    // The verdict before the answer; twice; and after the end, when there is nobody to turn.
    story(VoicemailPolicy::Standard, "detected machine_end; answered").hears(&[&format!("1: {VOICEMAIL}")]);
    let twice = story(VoicemailPolicy::Standard, "answered; detected machine_end; detected machine_end");
    assert_eq!(twice.log.len(), 2, "{:?}", twice.log);
    let late = story(VoicemailPolicy::Standard, "answered; ended completed 30; detected machine_end");
    assert_eq!(late.log.len(), 1, "{:?}", late.log);
    late.came_to("voicemail_incomplete/machine");
}

#[test]
fn silence_on_its_way_when_detection_came_asks_for_the_voicemail() {
    story(VoicemailPolicy::Standard, "answered; detected machine_end; silence @1; played; ended completed 40")
        .hears(&[&format!("push 2: {VOICEMAIL}"), &format!("2: {VOICEMAIL}"), "3: | hang up"])
        .came_to("voicemail_left/script_end");
}

#[test]
fn a_key_means_a_person_before_and_after_the_verdict() {
    let confirmed = "thank-you your-appointment Tue-01 14:30 is-confirmed wrong-star | gather 4s";
    // Pressed before: no push.
    let early = story(VoicemailPolicy::Standard, "answered; key 1; detected machine_end; ended completed 30");
    let early = early.hears(&[&format!("2: {confirmed}")]).came_to("confirmed/hung_up");
    assert_eq!(early.call.standing().answered_by, Some(AnsweredBy::Human));
    // On its way when the call was turned.
    story(VoicemailPolicy::Standard, "answered; detected machine_end; key 1 @1; ended completed 30")
        .hears(&[&format!("push 2: {VOICEMAIL}"), &format!("3: {confirmed}")])
        .came_to("confirmed/hung_up");
    // During the voicemail.
    story(VoicemailPolicy::None, "answered; detected fax; key 1 @1; ended completed 30").came_to("confirmed/hung_up");
    story(VoicemailPolicy::Standard, "answered machine_end; key 1; ended completed 30")
        .hears(&[&format!("2: {confirmed}")])
        .came_to("confirmed/hung_up");
    // A wrong one there: the message from its opening, which this person has not heard.
    story(VoicemailPolicy::Standard, "answered machine_end; key 7; silence").hears(&[
        "2: hello ORG at-number …617 opt-out appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 | gather 6s",
        "3: no-choice-heard appointment Tue-01 14:30 AT:boston confirm-1 reschedule-2 again-3 wrong-number-7 | gather 6s",
    ]);
}

#[test]
fn a_text_telephone_is_not_taken_for_a_fax() {
    let relay = |moves: &str| Story::new(Brief { long_timeouts: true, ..brief() }).play(moves);
    for who in ["fax", "machine_start"] {
        let story = relay(&format!("answered {who}; detected {who}; silence; ended completed 200"));
        assert_eq!(story.log.len(), 2, "{:?}", story.log);
        story.came_to("heard/hung_up");
    }
    relay("answered machine_end").hears(&[&format!("1: {VOICEMAIL}")]);
}

#[test]
fn a_machine_is_not_told_that_the_visit_changed() {
    for moves in ["changed; answered machine_end", "answered; changed; detected machine_end"] {
        let story = story(VoicemailPolicy::Standard, moves);
        assert!(story.log.last().is_some_and(|line| line.ends_with(": | hang up")), "{:?}", story.log);
        story.play("ended completed 4").came_to("superseded/visit_changed");
    }
    story(VoicemailPolicy::Standard, "answered machine_end; changed; played; ended completed 30")
        .hears(&["2: | hang up"])
        .came_to("superseded/visit_changed");
    // Already hanging up: nothing to turn.
    let late = story(VoicemailPolicy::Standard, "answered; changed; silence; detected machine_end");
    assert_eq!(late.log.len(), 2, "{:?}", late.log);
}

#[test]
fn nothing_is_offered_to_a_person_who_was_turned_away_and_opted_out() {
    story(VoicemailPolicy::Standard, "answered; detected machine_end; key 9 @2; key 1 @1; ended completed 30")
        .hears(&["3: opted-out goodbye | hang up OPT-OUT", "3: opted-out goodbye | hang up"])
        // The 1 was pressed before, and crossed with the verdict.
        .came_to("confirmed/script_end");
}
