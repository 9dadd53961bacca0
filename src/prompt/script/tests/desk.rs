//! The words about a desk, which not every call has.

use super::*;
use crate::core::call::{Key, KeyAction};

#[test]
fn every_shipped_call_can_lead_to_a_desk_and_tells_of_it_apart() {
    let zero = Key::new('0').expect("a key");
    for call in SHIPPED.calls.values() {
        assert_eq!(
            (call.keys.get(&zero), words(&call.menu_desk).as_str()),
            (Some(&KeyAction::Transfer), "desk-0"),
            "{}",
            call.name
        );
        assert!(!words(&call.menu).contains("desk") && !words(&call.menu_again).contains("desk"), "{}", call.name);
        let replies = [&call.replies.connecting, &call.replies.desk_closed, &call.replies.desk_no_answer];
        assert_eq!(replies.map(|reply| words(reply)), ["connecting", "desk-closed {desk_day} {desk_time}", "desk-no-answer"]);
    }
}

#[test]
fn a_script_without_the_key_says_nothing_of_a_desk() {
    let prompts = Prompts::shipped();
    prompts.write("scripts/short.toml", "kind = \"call\"\nextends = \"reminder\"\n[keys]\n0 = \"none\"\n");
    let short = &prompts.load().calls["short"];
    assert!(short.menu_desk.is_empty() && short.replies.desk_closed.is_empty(), "{short:?}");
    // And with another key it needs words of its own.
    prompts.write("scripts/short.toml", "kind = \"call\"\nextends = \"reminder\"\n[keys]\n0 = \"none\"\n8 = \"transfer\"\n");
    let codes: Vec<_> = prompts.faults().iter().map(|fault| (fault.code, fault.file.clone())).collect();
    assert_eq!(codes, ["key_without_meaning", "untold_key"].map(|code| (code, "scripts/call.toml".to_string())));
    let words_of_8 = "menu_desk = [\"say/desk-8\"]\n[keys]\n0 = \"none\"\n8 = \"transfer\"\n";
    prompts.write("scripts/short.toml", &format!("kind = \"call\"\nextends = \"reminder\"\n{words_of_8}"));
    assert_eq!(words(&prompts.load().calls["short"].menu_desk), "desk-8");
}

#[test]
fn each_fault_has_its_place() {
    for (file, from, to, place, code, says) in [
        ("call", "menu_desk = [\"say/desk-0\"]\n", "", "cancelled", "missing_key", "`menu_desk` is missing"),
        ("call", "menu_desk = [\"say/desk-0\"]", "menu_desk = [\"say/desk\"]", "call", "untold_key", "whose name ends in -0"),
        ("call", "connecting = [\"say/connecting\"]", "", "cancelled", "missing_key", "`replies.connecting` is missing"),
        (
            "reminder",
            "\"say/again-3\"]",
            "\"say/again-3\", \"say/desk-0\"]",
            "reminder",
            "key_without_meaning",
            "say it in `menu_desk`",
        ),
        (
            "call",
            "[\"say/desk-no-answer\"]",
            "[\"say/again-5\"]",
            "call",
            "key_without_meaning",
            "tells of key 5, which means nothing",
        ),
        (
            "call",
            "[\"say/desk-no-answer\"]",
            "[\"{desk_day}\"]",
            "call",
            "place_not_allowed",
            "told in replies.desk_closed alone",
        ),
        (
            "reminder",
            "\"{day}\", \"{time}\", \"{at_site}\"]",
            "\"{desk_time}\"]",
            "reminder",
            "place_not_allowed",
            "message: {desk_time}",
        ),
        ("voicemail", "{time}", "{desk_time}", "voicemail", "place_not_allowed", "{desk_time} is not said here"),
    ] {
        let prompts = Prompts::shipped();
        prompts.replace(file, from, to);
        let faults = prompts.faults();
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {faults:#?}"));
        assert!(found.message.contains(says), "{found}");
        assert_eq!(found.file, format!("scripts/{place}.toml"), "{found}");
    }
}
