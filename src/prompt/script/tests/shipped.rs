//! The scripts that are shipped.

use super::*;
use crate::core::call::CallScript;

const CALLS: [&str; 5] = ["cancelled", "closure", "delay", "moved", "reminder"];

#[test]
fn the_shipped_scripts_are_whole() {
    let set = &*SHIPPED;
    assert_eq!(set.calls.keys().collect::<Vec<_>>(), CALLS);
    assert_eq!(
        set.voicemails.keys().collect::<Vec<_>>(),
        ["voicemail", "voicemail-cancelled", "voicemail-closure", "voicemail-minimal", "voicemail-moved"]
    );
    let site = "boston".into();
    let own = [Some("voicemail-cancelled"), Some("voicemail-closure"), None, Some("voicemail-moved"), None];
    for (name, own) in CALLS.into_iter().zip(own) {
        let scripts = set.for_call(name, &site).expect("its scripts");
        assert_eq!((scripts.call.name.as_str(), scripts.own_voicemail.as_ref().map(|v| v.name.as_str())), (name, own));
    }
    // What is no call is not dialled with: the base, a voicemail.
    assert!(set.for_call("call", &site).is_none() && set.for_call("voicemail", &site).is_none());
    assert_eq!(set.all_at(&site).count(), CALLS.len());
}

#[test]
fn what_is_told_is_each_scripts_own() {
    for (name, message, menu) in [
        ("reminder", "appointment {day} {time} {at_site}", "confirm-1 reschedule-2 again-3"),
        ("cancelled", "your-appointment {day} {time} has-been-cancelled", "heard-1 find-2 again-3"),
        (
            "moved",
            "your-appointment {old_day} {old_time} has-been-moved it-is-now {day} {time} {at_site}",
            "confirm-new-1 another-2 again-3",
        ),
        ("closure", "{site} is-closed {day} your-appointment {time} will-not-take-place", "heard-1 find-2 again-3"),
        ("delay", "{site} opens-late {day} please-come {time} instead", "heard-1 find-2 again-3"),
    ] {
        let call = &SHIPPED.calls[name];
        assert_eq!((words(&call.message).as_str(), words(&call.menu).as_str()), (message, menu), "{name}");
        // The first playing stays short; every repeat has time for the wrong number.
        assert_eq!(words(&call.menu_again), format!("{menu} wrong-number-7"), "{name}");
    }
    let call = |name: &str| &SHIPPED.calls[name];
    assert_eq!(words(&call("reminder").message_several), "{count} {day} first-is {time} {at_site}");
    assert_eq!(call("moved").message_several, call("moved").message);
    let confirmed = |name: &str| words(&call(name).replies.confirmed);
    assert_eq!(confirmed("reminder"), "thank-you your-appointment {day} {time} is-confirmed wrong-star");
    assert_eq!(confirmed("moved"), confirmed("reminder"));
    let several = |name: &str| words(&call(name).replies.confirmed_several);
    assert_eq!(several("reminder"), "thank-you your-appointments {day} are-confirmed wrong-star");
    assert_eq!(several("moved"), several("reminder"));
    assert_eq!(several("cancelled"), confirmed("cancelled"));
    // Key 1 means "I heard it" here, and that is what is read back.
    assert_eq!(confirmed("cancelled"), "thank-you noted-heard meant-else-star");
    assert_eq!(confirmed("closure"), confirmed("cancelled"));
    assert_eq!(confirmed("delay"), "thank-you noted-heard please-come {time} instead meant-else-star");
    // "Until then your appointment stays as it is" is said of those that do.
    for name in CALLS {
        let office = if ["reminder", "moved"].contains(&name) { "office-will-call" } else { "office-will-find" };
        assert_eq!(words(&call(name).replies.reschedule), format!("thank-you {office} meant-else-star"), "{name}");
    }
}

#[test]
fn the_rest_is_the_same_in_every_call() {
    let common = |call: &CallScript| {
        let replies = &call.replies;
        let said = [
            &call.opening,
            &replies.undone,
            &replies.opted_out,
            &replies.wrong_number,
            &replies.no_choice,
            &replies.not_a_choice,
            &replies.giving_up,
            &replies.withdrawn,
            &replies.goodbye,
        ];
        said.map(|segments| words(segments))
    };
    for (name, call) in &SHIPPED.calls {
        let want = [
            "hello {organization} at-number {callback_number} opt-out",
            "choice-undone",
            "opted-out goodbye",
            "wrong-number goodbye",
            "no-choice-heard",
            "not-a-choice",
            "questions-call {callback_number} goodbye",
            "hello {organization} at-number {callback_number} has-changed goodbye",
            "goodbye",
        ];
        assert_eq!(common(call), want, "{name}");
        let keys: Vec<_> = call.keys.iter().map(|(key, action)| format!("{key} {action:?}")).collect();
        assert_eq!(keys.join(", "), "* Undo, 0 Transfer, 1 Confirm, 2 Reschedule, 3 Repeat, 7 WrongNumber, 9 OptOut", "{name}");
        let limits = call.limits;
        assert_eq!((limits.repeats, limits.asked_repeats), (3, 5), "{name}");
        assert_eq!((limits.key_timeout_s, limits.change_timeout_s, limits.long_timeout_s), (6, 4, 30), "{name}");
    }
}

#[test]
fn a_machine_is_told_what_is_true() {
    let who = "hello {organization} at-number {callback_number}";
    let stop = "to-stop-call {opt_out_number}";
    for (name, told) in [
        ("voicemail", "appointment {day} {time} to-confirm-or-change"),
        ("voicemail-minimal", "please-call-us"),
        ("voicemail-cancelled", "your-appointment {day} {time} has-been-cancelled to-find-call"),
        ("voicemail-closure", "your-appointment {day} {time} will-not-take-place to-find-call"),
        ("voicemail-moved", "your-appointment has-been-moved it-is-now {day} {time} to-confirm-or-change"),
    ] {
        // The longest one leaves out the thanks.
        let thanks = if name == "voicemail-moved" { "" } else { " thank-you" };
        assert_eq!(words(&SHIPPED.voicemails[name].message), format!("{who} {told} {stop}{thanks}"), "{name}");
    }
    assert_eq!(words(&SHIPPED.apology.message), "sorry please-call {callback_number} goodbye");
    assert_eq!(words(&SHIPPED.one_moment.message), "one-moment");
    let incoming = &SHIPPED.incoming;
    assert_eq!(words(&incoming.welcome), "{organization}", "in Spanish `say/hello` says who is calling");
    assert_eq!(words(&incoming.birthday), "birthday stop-calls-9");
    assert_eq!(words(&incoming.office), "questions-call {callback_number} stop-calls-9");
    assert_eq!(words(&incoming.office_withheld), "questions-call {callback_number} goodbye");
}
