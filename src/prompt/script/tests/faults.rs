//! What is wrong with single files: the place, and what would be right.

use super::*;

/// A whole script in one file, to be spoilt: what is taken from others has tests of its own.
const ALONE: &str = r#"# line 1
kind = "call"
opening = ["say/hello", "{organization}", "say/at-number", "{callback_number}", "say/opt-out"]
message = ["say/appointment", "{day}", "{time}", "{at_site}"]
menu = ["say/confirm-1", "say/reschedule-2", "say/again-3"]

[keys]
1 = "confirm"
2 = "reschedule"
3 = "repeat"
9 = "opt_out"
"*" = "undo"

[replies]
confirmed = ["say/thank-you", "say/wrong-star"]
reschedule = ["say/thank-you"]
undone = ["say/choice-undone"]
opted_out = ["say/goodbye"]
no_choice = ["say/no-choice-heard"]
not_a_choice = ["say/not-a-choice"]
giving_up = ["say/goodbye"]
withdrawn = ["say/hello", "{organization}", "{callback_number}", "say/has-changed"]
goodbye = ["say/goodbye"]

[limits]
repeats = 3
asked_repeats = 5
key_timeout_s = 6
change_timeout_s = 4
long_timeout_s = 30
"#;

fn alone() -> Prompts {
    let prompts = Prompts::shipped();
    prompts.write("scripts/alone.toml", ALONE);
    prompts
}

#[test]
fn a_script_may_say_everything_itself() {
    let set = alone().load();
    let call = &set.calls["alone"];
    assert_eq!((&call.menu_again, &call.message_several), (&call.menu, &call.message));
    assert!(call.replies.wrong_number.is_empty());
    // No repeats at all are few, and enough.
    assert_eq!(alone().replace("alone", "repeats = 3", "repeats = 0").load().calls["alone"].limits.repeats, 0);
}

#[test]
fn each_fault_has_its_place_and_says_what_would_be_right() {
    for (name, from, to, place, code, says) in [
        ("alone", "{organization}", "{organisation}", (3, 25), "unknown_slot", "did you mean `{organization}`?"),
        ("alone", "appointment\", \"{day}\"", "appointment\", \"day\"", (4, 31), "bad_phrase", "did you mean `{day}`?"),
        ("alone", "[\"say/hello", "[\"hello", (3, 12), "bad_phrase", "such as say/hello"),
        ("alone", "2 = \"reschedule\"", "2 = \"reshedule\"", (9, 5), "unknown_action", "did you mean `reschedule`?"),
        ("alone", "2 = \"reschedule\"", "5 = \"non\"", (9, 5), "unknown_action", "did you mean `none`?"),
        ("alone", "2 = \"resc", "22 = \"resc", (9, 1), "bad_key", "`22` is no key of a telephone"),
        ("alone", "3 = \"repeat\"", "1 = \"repeat\"", (10, 1), "repeated_key", "the key `1` stands twice, first in line 8"),
        ("alone", "3 = \"repeat\"", "\"1\" = \"repeat\"", (10, 1), "repeated_key", "the key `1` stands twice, first in line 8"),
        ("alone", "reschedule = [", "confirmed = [", (16, 1), "repeated_key", "`confirmed` stands twice, first in line 15"),
        ("alone", "[limits]", "[keys]", (25, 2), "repeated_key", "`keys` stands twice, first in line 7"),
        ("alone", "9 = \"opt_out\"", "9 = \"repeat\"", (11, 1), "key_9", "want 9 = \"opt_out\""),
        ("alone", "9 = \"opt_out\"", "8 = \"opt_out\"", (7, 1), "key_9", "want 9 = \"opt_out\""),
        ("alone", "\"*\" = \"undo\"\n", "", (7, 1), "missing_action", "such as \"*\" = \"undo\""),
        ("alone", "goodbye = [\"say/goodbye\"]\n\n", "", (14, 1), "missing_key", "`replies.goodbye` is missing"),
        ("alone", "menu = ", "#", (0, 0), "missing_key", "`menu` is missing"),
        ("alone", "repeats = 3\n", "", (25, 1), "missing_key", "`limits.repeats` is missing: want a whole number from 0 to 3"),
        ("alone", "undone = [\"say/choice-undone\"]", "undone = []", (17, 1), "empty_words", "nothing is said"),
        ("alone", "menu = ", "menue = ", (5, 1), "unknown_key", "did you mean `menu`?"),
        ("alone", "repeats = 3", "repeats = 30", (26, 11), "bad_value", "want 0 to 3"),
        ("alone", "repeats = 3", "repeats = \"3\"", (26, 11), "bad_value", "limits.repeats"),
        ("alone", "\"{day}\", \"{time}\", \"{at_site}\"]", "\"{day}\"", (5, 1), "syntax", ""),
        ("alone", ", \"say/opt-out\"", "", (3, 12), "opt_out_not_offered", "L-08"),
        ("alone", "\"{callback_number}\", \"say/opt-out\"", "\"say/opt-out\"", (3, 12), "who_calls_first", "L-04"),
        ("alone", "\"say/hello\"", "\"say/please-call-us\", \"say/hello\"", (3, 12), "who_calls_first", "one phrase at most"),
        ("alone", "\"say/at-number\"", "\"{day}\"", (3, 12), "who_calls_first", "phrases alone between"),
        ("alone", "withdrawn = [", "withdrawn = [\"say/hello\", ", (22, 14), "who_calls_first", "replies.withdrawn: "),
        ("voicemail", "\"say/hello\"", "\"say/hello\", \"say/appointment\"", (5, 5), "who_calls_first", "message: "),
        ("alone", "kind = \"call\"", "kind = \"cal\"", (2, 8), "unknown_value", "did you mean `call`?"),
        ("alone", "kind = \"call\"", "", (0, 0), "missing_key", "`kind` is missing"),
        ("alone", "say/has-changed", "{day}", (22, 14), "place_not_allowed", "{day} is not said here"),
        ("alone", "kind = \"call\"", "kind = \"voicemail\"", (7, 2), "unknown_key", "unknown field `keys`"),
        ("voicemail", "\"{time}\"", "\"{at_site}\"", (5, 5), "place_not_allowed", "{at_site} is not said here"),
        ("voicemail-closure", "\"{time}\"", "\"{site}\"", (4, 5), "place_not_allowed", "{site} is not said here"),
        ("voicemail", ", \"{opt_out_number}\"", "", (5, 5), "opt_out_not_offered", "L-15"),
        ("voicemail-minimal", "\"say/please-call-us\"", "\"{day}\"", (4, 5), "place_not_allowed", "{day} is not said here"),
        ("apology", "{callback_number}", "{time}", (3, 12), "place_not_allowed", "{time} is not said here"),
        (
            "apology",
            "\"announcement\"",
            "\"call\"",
            (0, 0),
            "unknown_script",
            "a script of this name has kind = \"announcement\"",
        ),
        ("voicemail", "kind = \"voicemail\"", "", (0, 0), "missing_key", "`kind` is missing"),
    ] {
        let prompts = alone();
        let faults = prompts.replace(name, from, to).faults();
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {faults:#?}"));
        assert_eq!((found.line, found.column), place, "{found}");
        assert!(found.message.contains(says), "{found}");
        assert_eq!(found.file, format!("scripts/{name}.toml"));
        assert_eq!(found.excerpt.is_some(), found.line > 0);
    }
}

#[test]
fn the_opt_out_comes_at_the_end_with_recorded_consent_alone() {
    let at_the_end = |menu: &str, consent: &str| {
        let prompts = alone();
        prompts.edit("alone", |text| {
            let text = text.replace(", \"say/opt-out\"]", "]").replace("\"say/again-3\"]", menu);
            text.replace("kind = \"call\"", &format!("kind = \"call\"\n{consent}"))
        });
        prompts
    };
    let last = "\"say/again-3\", \"say/opt-out\"]";
    assert!(at_the_end(last, "consent_recorded = true").load().calls.contains_key("alone"));
    let (place, code, message) = at_the_end(last, "").fault();
    assert_eq!((place.as_str(), code), ("scripts/alone.toml:6:9", "opt_out_at_the_end"));
    assert!(message.contains("consent_recorded = true in this very script") && message.contains("L-08"), "{message}");
    assert_eq!(at_the_end(last, "consent_recorded = false").fault().1, "opt_out_at_the_end");
    // Nowhere, or in the middle of the menu, consent does not help.
    for menu in ["\"say/again-3\"]", "\"say/opt-out\", \"say/again-3\"]"] {
        assert_eq!(at_the_end(menu, "consent_recorded = true").fault().1, "opt_out_not_offered", "{menu}");
    }
    // Consent is to the calls of one script: what others take from does not give it to all of them.
    let prompts = Prompts::shipped();
    prompts.replace("call", "kind = \"base\"", "kind = \"base\"\nconsent_recorded = true");
    let (_, code, message) = prompts.fault();
    assert!(code == "not_in_a_base" && message.contains("one script"), "{message}");
    // Nor does a script give its consent to one that takes from it.
    let prompts = at_the_end(last, "consent_recorded = true");
    prompts.write("scripts/short.toml", "kind = \"call\"\nextends = \"alone\"\n");
    assert_eq!(prompts.fault().1, "opt_out_at_the_end");
}

#[test]
fn the_keys_that_phrases_tell_of_are_those_that_mean_something() {
    for (from, to, place, code, says) in [
        ("say/again-3\"]", "say/again-4\"]", "5:46", "key_without_meaning", "`say/again-4` tells of key 4"),
        ("say/again-3\"]", "say/again\"]", "5:9", "untold_key", "key 3, which means `repeat`"),
        ("\"say/confirm-1\", ", "", "5:9", "untold_key", "a phrase whose name ends in -1"),
        ("menu = [", "menu_again = [\"say/confirm-1\", \"say/again-3\"]\nmenu = [", "5:15", "untold_key", "menu_again: nobody"),
        ("9 = \"opt_out\"", "9 = \"opt_out\"\n0 = \"wrong_number\"", "5:9", "untold_key", "key 0, which means `wrong_number`"),
        ("9 = \"opt_out\"", "9 = \"opt_out\"\n0 = \"wrong_number\"", "15:1", "missing_key", "`replies.wrong_number` is missing"),
        ("say/wrong-star", "say/wrong-pound", "15:31", "key_without_meaning", "tells of key #"),
        ("{callback_number}\", \"say/opt-out", "{callback_number}\", \"say/opt-out-8", "3:81", "key_without_meaning", "key 8"),
    ] {
        let prompts = alone();
        prompts.replace("alone", from, to);
        let faults = prompts.faults();
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {faults:#?}"));
        assert!(found.message.contains(says), "{found}");
        assert_eq!(format!("{}:{}", found.line, found.column), place, "{found}");
    }
    // One phrase may tell of all keys, and one action may have two.
    let prompts = alone();
    prompts.replace("alone", "\"say/confirm-1\", \"say/reschedule-2\", \"say/again-3\"", "\"say/keys-1-2-3\"");
    assert_eq!(words(&prompts.load().calls["alone"].menu), "keys-1-2-3");
    let prompts = alone();
    prompts.replace("alone", "3 = \"repeat\"", "3 = \"repeat\"\n\"#\" = \"repeat\"");
    assert_eq!(prompts.load().calls["alone"].keys.len(), 6);
}

#[test]
fn every_fault_is_told_not_the_first() {
    let prompts = alone();
    prompts.edit("alone", |text| {
        let text = text.replace("undone = [\"say/choice-undone\"]\n", "").replace("{organization}", "{organisation}");
        text.replace("\"*\" = \"undo\"\n", "").replace("repeats = 3\n", "repeats = 9\n")
    });
    // Two broken files, both told.
    prompts.edit("moved", |_| "kind = \"call\"".into());
    let faults = prompts.faults();
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    for code in ["missing_key", "unknown_slot", "missing_action", "bad_value"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    let missing = faults.iter().filter(|fault| fault.code == "missing_key" && fault.file == "scripts/moved.toml");
    assert!(missing.count() >= 15, "{faults:#?}");
}

#[test]
fn a_folder_that_lacks_what_every_call_needs() {
    let prompts = Prompts(tempfile::tempdir().expect("a folder"));
    assert_eq!(prompts.fault().1, "unreadable");
    fs::create_dir(prompts.path("scripts")).expect("made");
    let faults = prompts.faults();
    assert_eq!(faults.iter().filter(|fault| fault.code == "missing_script").count(), 6);
    assert!(faults[0].file.ends_with("voicemail.toml"), "{}", faults[0]);
    // No job names it, and without it nobody would be told that a site opens late.
    let prompts = Prompts::shipped();
    fs::remove_file(prompts.path("scripts/delay.toml")).expect("removed");
    let (place, code, message) = prompts.fault();
    assert_eq!((place.as_str(), code), ("scripts/delay.toml:0:0", "missing_script"));
    assert!(message.contains("a site that opens late need this script, with kind = \"call\""), "{message}");
    let prompts = Prompts::shipped();
    prompts.replace("delay", "kind = \"call\"", "kind = \"base\"");
    assert_eq!(prompts.fault().1, "unknown_script");
}

#[test]
fn a_script_that_nobody_would_ever_say_is_refused() {
    for (name, text, says) in [
        ("extra", "kind = \"announcement\"\nmessage = [\"say/sorry\"]", "there are apology and one-moment"),
        ("extra", "kind = \"voicemail\"\nmessage = []", "there are voicemail, voicemail-minimal and voicemail-NAME"),
        ("voicemail-canceled", "kind = \"voicemail\"\nmessage = []", "did you mean voicemail-cancelled?"),
        ("voicemail-moved", "kind = \"call\"\nextends = \"call\"", "a script of this name has kind = \"voicemail\""),
        ("voicemail-call", "kind = \"voicemail\"\nmessage = []", "there is no call script `call`"),
        ("extra", "kind = \"incoming\"\nwelcome = [\"{organization}\"]", "there is incoming"),
        ("incoming", "kind = \"announcement\"\nmessage = [\"say/sorry\"]", "a script of this name has kind = \"incoming\""),
        ("one-moment", "kind = \"base\"", "a script of this name has kind = \"announcement\""),
    ] {
        let prompts = Prompts::shipped();
        prompts.write(&format!("scripts/{name}.toml"), text);
        let faults = prompts.faults();
        let found = faults.iter().find(|fault| fault.code == "unknown_script").unwrap_or_else(|| panic!("{faults:#?}"));
        assert!(found.message.contains(says) && found.file == format!("scripts/{name}.toml"), "{found}");
    }
}

/// Whoever calls our number may be anybody, and key 9 is the only one that means something to all of them.
#[test]
fn what_callers_hear_keeps_to_its_rules() {
    for (line, other, code, says) in [
        (
            "welcome = [\"{organization}\"]",
            "welcome = [\"say/hello\", \"say/thank-you\"]",
            "who_calls_first",
            "{organization} comes first",
        ),
        ("welcome = [\"{organization}\"]", "", "missing_key", "`welcome` is missing"),
        ("\"say/birthday\", \"say/stop-calls-9\"", "\"say/birthday\"", "opt_out_not_offered", "birthday: the way to stop"),
        (
            "\"say/birthday\", \"say/stop",
            "\"say/birthday\", \"{day}\", \"say/stop",
            "place_not_allowed",
            "birthday: {day} is not said here",
        ),
        (
            "\"say/birthday\", \"say/stop",
            "\"say/confirm-1\", \"say/stop",
            "key_without_meaning",
            "tells of key 1, which means nothing",
        ),
        ("wrong = [\"say/birthday-wrong\"]", "wrong = [\"say/stop-calls-9\"]", "key_without_meaning", "tells of key 9"),
        (
            "office = [\"say/questions-call\", \"{callback_number}\",",
            "office = [\"say/questions-call\",",
            "no_number",
            "office: whom to call",
        ),
        ("key_timeout_s = 8", "key_timeout_s = 1", "bad_value", "limits.key_timeout_s: 1 is out of range"),
        ("long_timeout_s = 30", "", "missing_key", "`limits.long_timeout_s` is missing"),
        ("kind = \"incoming\"", "kind = \"incoming\"\nextends = \"call\"", "wrong_kind", "takes nothing from another"),
    ] {
        let prompts = Prompts::shipped();
        prompts.replace("incoming", line, other);
        let (place, found, message) = prompts.fault();
        assert!(
            found == code && message.contains(says) && place.starts_with("scripts/incoming.toml"),
            "{place} {found} {message}"
        );
    }
    let prompts = Prompts::shipped();
    prompts.write("sites/boston/scripts/incoming.toml", "kind = \"incoming\"");
    assert!(prompts.faults().iter().any(|fault| fault.message.contains("it knows no site")));
}

#[test]
fn a_number_that_is_none_is_named_as_the_file_names_it() {
    for given in ["-1", "2.5", "4294967296", "\"3\""] {
        let (place, code, message) = alone().replace("alone", "repeats = 3", &format!("repeats = {given}")).fault();
        assert_eq!((place.as_str(), code), ("scripts/alone.toml:26:11", "bad_value"), "{given}");
        assert!(message.starts_with("limits.repeats: invalid"), "{message}");
    }
}

#[test]
fn a_list_that_nobody_would_hear_to_its_end_is_refused_before_it_is_measured() {
    let many = "\"{day}\", ".repeat(100);
    let (place, code, message) = alone().replace("alone", "message = [", &format!("message = [{many}")).fault();
    assert_eq!((place.split(':').next(), code), (Some("scripts/alone.toml"), "long_words"));
    assert!(message.contains("104 phrases and places, want at most 100"), "{message}");
}

#[test]
fn what_lies_hidden_is_no_script() {
    let prompts = alone();
    for name in [".#alone.toml", "._alone.toml", ".alone.toml"] {
        prompts.write(&format!("scripts/{name}"), "\u{0}\u{1}");
        prompts.write(&format!("sites/.trash/scripts/{name}"), "\u{0}\u{1}");
    }
    assert_eq!(prompts.load().sites().count(), 0);
}
