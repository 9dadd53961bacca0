//! What one site says otherwise.

use super::*;

fn site(name: &str) -> SiteKey {
    SiteKey::from(name)
}

#[test]
fn a_site_says_single_scripts_otherwise_and_takes_the_rest_from_the_general_ones() {
    let prompts = Prompts::shipped();
    prompts.write(
        "sites/boston/scripts/reminder.toml",
        "kind = \"call\"\nextends = \"reminder\"\nmessage = [\"say/appointment\", \"{day}\", \"{time}\", \"{at_site}\", \"say/garage\"]\n",
    );
    prompts.write(
        "sites/boston/scripts/voicemail-reminder.toml",
        "kind = \"voicemail\"\nmessage = [\"{organization}\", \"{callback_number}\", \"{day}\", \"{opt_out_number}\"]\n",
    );
    let set = prompts.load();
    let at = |name: &str, key: &str| set.for_call(name, &site(key)).expect("its scripts");
    assert_eq!(words(&at("reminder", "boston").call.message), "appointment {day} {time} {at_site} garage");
    assert_eq!(at("reminder", "boston").call.menu, at("reminder", "denver").call.menu);
    assert_eq!(words(&at("reminder", "denver").call.message), "appointment {day} {time} {at_site}");
    assert_eq!(at("moved", "boston").call, at("moved", "denver").call);
    // Its own voicemail, and that of a single script, likewise.
    assert!(at("reminder", "boston").own_voicemail.is_some() && at("reminder", "denver").own_voicemail.is_none());
    assert_eq!(set.voicemails_at(&site("boston")).len(), set.voicemails_at(&site("denver")).len() + 1);
    // What stands in `calls` is the general one.
    assert_eq!(set.calls["reminder"], at("reminder", "denver").call);
}

#[test]
fn a_sites_base_serves_all_its_scripts() {
    let prompts = Prompts::shipped();
    prompts.write(
        "sites/boston/scripts/call.toml",
        "kind = \"base\"\nextends = \"call\"\n[replies]\ngoodbye = [\"say/thank-you\"]\n[limits]\nkey_timeout_s = 10\n",
    );
    prompts.write("sites/boston/scripts/moved.toml", "kind = \"call\"\nextends = \"moved\"\n[limits]\nrepeats = 2\n");
    let set = prompts.load();
    for scripts in set.all_at(&site("boston")) {
        assert_eq!((words(&scripts.call.replies.goodbye).as_str(), scripts.call.limits.key_timeout_s), ("thank-you", 10));
        assert_eq!(scripts.call.limits.repeats, if scripts.call.name == "moved" { 2 } else { 3 });
    }
    assert!(set.all_at(&site("denver")).all(|scripts| words(&scripts.call.replies.goodbye) == "goodbye"));
}

#[test]
fn faults_name_the_sites_file_and_chain() {
    for (file, text, place, code, says) in [
        (
            "reminder",
            "kind = \"call\"\nextends = \"reminder\"\nmenu = [\"say/confirm-1\", \"say/again-3\", \"say/wrong-number-7\"]\n",
            "3:9",
            "untold_key",
            "menu: nobody is told of key 2",
        ),
        ("reminder", "kind = \"call\"\nextends = \"remnider\"\n", "2:11", "unknown_script", "did you mean `reminder`?"),
        ("reminder", "kind = \"base\"\nextends = \"reminder\"\n", "0:0", "wrong_kind", "this name has kind = \"call\""),
        ("remnider", "kind = \"call\"\nextends = \"reminder\"\n", "0:0", "unknown_script", "did you mean reminder?"),
        ("apology", "kind = \"announcement\"\nmessage = [\"say/sorry\"]\n", "0:0", "unknown_script", "it knows no site"),
        ("house", "kind = \"base\"\nextends = \"house\"\n", "2:11", "unknown_script", "there is no general script `house`"),
        (
            "voicemail-remnider",
            "kind = \"voicemail\"\nmessage = [\"{organization}\", \"{callback_number}\", \"{opt_out_number}\"]\n",
            "0:0",
            "unknown_script",
            "did you mean voicemail-reminder?",
        ),
        (
            "moved",
            "kind = \"call\"\nextends = \"moved\"\n[keys]\n1 = \"none\"\n",
            "4:1",
            "missing_action",
            "boston/moved -> moved -> call",
        ),
    ] {
        let prompts = Prompts::shipped();
        prompts.write(&format!("sites/boston/scripts/{file}.toml"), text);
        let faults = prompts.faults();
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {faults:#?}"));
        assert!(found.message.contains(says), "{found}");
        let at = format!("{}:{}:{}", found.file, found.line, found.column);
        assert_eq!(at, format!("sites/boston/scripts/{file}.toml:{place}"), "{found}");
    }
    // A missing word of a script that says everything itself.
    let prompts = Prompts::shipped();
    prompts.write("sites/boston/scripts/delay.toml", "kind = \"call\"\n");
    assert!(
        prompts.faults().iter().all(|fault| fault.file == "sites/boston/scripts/delay.toml" && !fault.message.contains("->"))
    );
}

#[test]
fn a_circle_through_a_site_is_named_with_it() {
    let prompts = Prompts::shipped();
    prompts.write("sites/boston/scripts/call.toml", "kind = \"base\"\nextends = \"moved\"\n");
    let (place, code, message) = prompts.fault();
    assert_eq!((place.as_str(), code), ("sites/boston/scripts/call.toml:2:11", "cyclic_script"));
    assert!(message.contains("boston/call -> moved -> boston/call;"), "{message}");
}
