//! One script takes from another.

use super::*;
use crate::core::call::Key;

/// The words of one file more.
fn with(name: &str, text: &str) -> Prompts {
    let prompts = Prompts::shipped();
    prompts.write(&format!("scripts/{name}.toml"), text);
    prompts
}

#[test]
fn what_a_file_does_not_say_comes_from_the_nearest_that_does() {
    let prompts = with(
        "short",
        "kind = \"call\"\nextends = \"reminder\"\n[keys]\n5 = \"repeat\"\n[replies]\ngoodbye = [\"say/thank-you\"]\n[limits]\nrepeats = 1\n",
    );
    prompts.write(
        "scripts/shorter.toml",
        "kind = \"call\"\nextends = \"short\"\n[keys]\n5 = \"none\"\n[limits]\nkey_timeout_s = 5\n",
    );
    let set = prompts.load();
    let (reminder, short, shorter) = (&set.calls["reminder"], &set.calls["short"], &set.calls["shorter"]);
    let key = Key::new('5').expect("a key");
    assert!(short.keys.contains_key(&key) && !shorter.keys.contains_key(&key) && !reminder.keys.contains_key(&key));
    assert_eq!((words(&short.replies.goodbye), words(&shorter.replies.goodbye)), ("thank-you".into(), "thank-you".into()));
    assert_eq!(words(&reminder.replies.goodbye), "goodbye");
    assert_eq!((short.limits.repeats, shorter.limits.repeats, reminder.limits.repeats), (1, 1, 3));
    assert_eq!((short.limits.key_timeout_s, shorter.limits.key_timeout_s), (6, 5));
    // Everything else is the reminder's, single replies and limits too.
    assert_eq!((&shorter.opening, &shorter.message, &shorter.menu), (&reminder.opening, &reminder.message, &reminder.menu));
    assert_eq!((&shorter.message_several, &shorter.menu_again), (&reminder.message_several, &reminder.menu_again));
    assert_eq!(shorter.replies.confirmed, reminder.replies.confirmed);
    assert_eq!(shorter.name, "shorter");
}

#[test]
fn words_that_belong_to_others_are_not_taken_without_them() {
    let own =
        "kind = \"call\"\nextends = \"reminder\"\nmessage = [\"say/hello\"]\nmenu = [\"say/keys-1-2-3\"]\n[keys]\n7 = \"none\"\n";
    let set = with("own", own).load();
    let call = &set.calls["own"];
    assert_eq!((words(&call.message_several), words(&call.menu_again)), ("hello".into(), "keys-1-2-3".into()));
    // Whoever says the keys anew tells of every one.
    let (place, code, message) = with("own", &own.replace("7 = \"none\"\n", "")).fault();
    assert_eq!((place.as_str(), code), ("scripts/own.toml:4:9", "untold_key"), "{message}");
    assert!(message.contains("menu_again: nobody is told of key 7"), "{message}");
    // The other way round the rest may be said anew alone.
    let again = "kind = \"call\"\nextends = \"reminder\"\nmenu_again = [\"say/keys-1-2-3\", \"say/wrong-number-7\"]\n";
    let set = with("again", again).load();
    assert_eq!(words(&set.calls["again"].menu), "confirm-1 reschedule-2 again-3");
    assert_eq!(words(&set.calls["again"].menu_again), "keys-1-2-3 wrong-number-7");
}

#[test]
fn several_appointments_are_confirmed_in_words_of_their_own() {
    let several =
        "kind = \"call\"\nextends = \"reminder\"\n[replies]\nconfirmed_several = [\"say/all-confirmed\", \"{count}\"]\n";
    let prompts = with("several", several);
    prompts.write("scripts/like-it.toml", "kind = \"call\"\nextends = \"several\"\n");
    let anew = "kind = \"call\"\nextends = \"several\"\n[replies]\nconfirmed = [\"say/thank-you\"]\n";
    prompts.write("scripts/anew.toml", anew);
    let set = prompts.load();
    let replies = |name: &str| &set.calls[name].replies;
    assert_eq!(words(&replies("several").confirmed_several), "all-confirmed {count}");
    assert_eq!(replies("several").confirmed, replies("reminder").confirmed);
    assert_eq!(replies("like-it"), replies("several"));
    // Whoever says the one anew does not inherit the other; without one of its own it is the same.
    assert_eq!(words(&replies("anew").confirmed_several), "thank-you");
    assert_eq!(replies("closure").confirmed_several, replies("closure").confirmed);
    // It must tell of keys that mean something, like any answer.
    let (place, code, _) = with("several", &several.replace("all-confirmed", "all-confirmed-8")).fault();
    assert_eq!((place.as_str(), code), ("scripts/several.toml:4:22", "key_without_meaning"));
}

#[test]
fn a_circle_is_refused_once_and_named_whole() {
    let prompts = Prompts::shipped();
    prompts.replace("cancelled", "extends = \"call\"", "extends = \"closure\"");
    prompts.replace("closure", "extends = \"call\"", "extends = \"cancelled\"");
    prompts.write("scripts/leads-there.toml", "kind = \"call\"\nextends = \"closure\"\n");
    let (place, code, message) = prompts.fault();
    assert_eq!((place.as_str(), code), ("scripts/cancelled.toml:3:11", "cyclic_script"));
    assert!(message.contains("in a circle: cancelled -> closure -> cancelled;"), "{message}");

    let prompts = Prompts::shipped();
    prompts.replace("call", "kind = \"base\"", "kind = \"base\"\nextends = \"delay\"");
    let (place, _, message) = prompts.fault();
    assert_eq!(place.split(':').next(), Some("scripts/call.toml"));
    assert!(message.contains("call -> delay -> call;"), "{message}");

    let prompts = Prompts::shipped();
    prompts.replace("delay", "extends = \"call\"", "extends = \"delay\"");
    assert!(prompts.fault().2.contains("delay -> delay;"));
    // Scripts that nobody plays may not go round either.
    let prompts = with("a", "kind = \"base\"\nextends = \"b\"");
    prompts.write("scripts/b.toml", "kind = \"base\"\nextends = \"a\"");
    assert!(prompts.fault().2.contains("a -> b -> a;"));
}

#[test]
fn whom_a_script_takes_from_must_be_there_and_have_something_to_give() {
    for (name, text, place, code, says) in [
        (
            "x",
            "kind = \"call\"\nextends = \"remnider\"",
            "2:11",
            "unknown_script",
            "no script `remnider`; did you mean `reminder`?",
        ),
        ("x", "kind = \"call\"\nextends = \"nothing-alike\"", "2:11", "unknown_script", "there is no script `nothing-alike`"),
        (
            "x",
            "kind = \"base\"\nextends = \"voicemail\"",
            "2:11",
            "wrong_kind",
            "`voicemail` is of kind voicemail, which has no keys",
        ),
        ("x", "kind = \"call\"\nextends = \"apology\"", "2:11", "wrong_kind", "`apology` is of kind announcement"),
        (
            "voicemail-moved",
            "kind = \"voicemail\"\nextends = \"voicemail\"\nmessage = [\"{organization}\", \"{callback_number}\", \"{opt_out_number}\"]",
            "2:11",
            "wrong_kind",
            "of kind voicemail a script is one message and takes nothing from another",
        ),
    ] {
        let (at, found, message) = with(name, text).fault();
        assert_eq!((at, found), (format!("scripts/{name}.toml:{place}"), code), "{message}");
        assert!(message.contains(says), "{message}");
    }
    // What is wrong with a file is told there, and not again in all that take from it.
    let prompts = Prompts::shipped();
    prompts.replace("call", "opening = [", "opening = ");
    let faults = prompts.faults();
    assert!(faults.iter().all(|fault| fault.file == "scripts/call.toml" && fault.code == "syntax"), "{faults:#?}");
}

#[test]
fn what_no_file_says_is_missing_in_the_script_with_the_chain_that_was_looked_through() {
    let prompts = with(
        "short",
        "kind = \"call\"\nextends = \"call\"\nmessage = [\"say/hello\"]\nmenu = [\"say/keys-1-2-3\", \"say/x-7\"]\n",
    );
    let faults = prompts.faults();
    let told: Vec<_> = faults.iter().map(|fault| (fault.file.as_str(), fault.code)).collect();
    assert_eq!(told, [("scripts/short.toml", "missing_key"); 2]);
    for (fault, key) in faults.iter().zip(["replies.confirmed", "replies.reschedule"]) {
        assert!(fault.message.starts_with(&format!("`{key}` is missing")), "{fault}");
        assert!(fault.message.ends_with("(looked in short -> call)"), "{fault}");
    }
    // A base may lack what it likes, as long as those who take from it have it.
    let prompts = Prompts::shipped();
    prompts.replace("call", "goodbye = [\"say/goodbye\"]", "#");
    let faults = prompts.faults();
    let files: Vec<_> = faults.iter().map(|fault| fault.file.as_str()).collect();
    assert_eq!(files, ["cancelled", "closure", "delay", "moved", "reminder"].map(|name| format!("scripts/{name}.toml")));
    assert!(faults.iter().all(|fault| fault.message.contains("`replies.goodbye` is missing")), "{faults:#?}");
    assert!(with("empty", "kind = \"base\"\n").load().calls.len() == 5);
}

#[test]
fn a_key_that_is_taken_away_or_changed_must_not_be_needed() {
    for (keys, place, code, says) in [
        ("2 = \"none\"", 4, "missing_action", "no key means `reschedule`"),
        ("1 = \"repeat\"", 4, "missing_action", "no key means `confirm`"),
        ("9 = \"none\"", 4, "key_9", "want 9 = \"opt_out\""),
        ("9 = \"confirm\"", 4, "key_9", "(looked in short -> reminder -> call)"),
        ("\"*\" = \"none\"", 4, "missing_action", "such as \"*\" = \"undo\""),
    ] {
        let prompts = with("short", &format!("kind = \"call\"\nextends = \"reminder\"\n[keys]\n{keys}\n"));
        let faults = prompts.faults();
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{faults:#?}"));
        assert_eq!((found.file.as_str(), found.line), ("scripts/short.toml", place), "{found}");
        assert!(found.message.contains(says), "{found}");
    }
    // The menu still tells of it: named at the phrase, with the script in which it means nothing.
    let (place, code, message) = with("short", "kind = \"call\"\nextends = \"reminder\"\n[keys]\n7 = \"none\"\n").fault();
    assert_eq!((place.split(':').next(), code), (Some("scripts/reminder.toml"), "key_without_meaning"));
    assert!(message.contains("tells of key 7, which means nothing in the script short"), "{message}");
    // A key that nobody gave a meaning may be taken away.
    assert!(with("short", "kind = \"call\"\nextends = \"reminder\"\n[keys]\n5 = \"none\"\n").load().calls.contains_key("short"));
}

#[test]
fn what_is_wrong_in_words_that_many_take_is_told_once() {
    let prompts = Prompts::shipped();
    prompts.replace("call", "\"{callback_number}\", \"say/opt-out\"", "\"say/opt-out\"");
    let faults = prompts.faults();
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["who_calls_first", "opt_out_not_offered"], "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.file == "scripts/call.toml"));
}
