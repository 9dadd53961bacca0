//! prompts/README.md says what is so.

use super::*;
use crate::prompt::script::file::ACTIONS;
use crate::prompt::script::tables::LIMITS;

const README: &str = include_str!("../../../../prompts/README.md");

/// The fenced block that holds `mark`, without its indentation.
fn block(mark: &str) -> String {
    let block = README.split("```").skip(1).step_by(2).find(|block| block.contains(mark)).expect("a block");
    let lines = block.strip_prefix("toml\n").expect("TOML").lines().map(str::trim_start);
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn its_examples_are_scripts() {
    let prompts = Prompts::shipped();
    prompts.write("scripts/reminder-short.toml", &block("reminder-short.toml"));
    prompts.write("sites/boston/scripts/reminder.toml", &block("say/bring-ticket"));
    let set = prompts.load();
    assert_eq!(set.calls["reminder-short"].limits.repeats, 1);
    let boston = set.for_call("reminder", &"boston".into()).expect("its scripts");
    assert_eq!(
        (words(&boston.call.message).split(' ').next_back(), boston.call.limits.key_timeout_s),
        (Some("bring-ticket"), 10)
    );
    assert_eq!(boston.call.message_several, boston.call.message);
    assert_eq!(words(&set.calls["reminder"].message), words(&set.calls["reminder-short"].message));
}

#[test]
fn its_tables_hold_every_key_place_action_and_limit() {
    let short = |(key, ..): (&'static str, u32, u32)| key.trim_start_matches("limits.");
    let names = ACTIONS.map(|(name, _)| name).into_iter().chain(Slot::NAMES.map(|(_, name)| name)).chain(LIMITS.map(short));
    let replies = [
        "confirmed",
        "confirmed_several",
        "undone",
        "opted_out",
        "no_choice",
        "not_a_choice",
        "giving_up",
        "withdrawn",
        "goodbye",
    ];
    let keys = ["kind", "extends", "consent_recorded", "opening", "message", "message_several", "menu", "menu_again", "none"];
    let rows: Vec<_> = README.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1)).collect();
    for name in names.chain(replies).chain(keys) {
        let written = [format!("`{name}`"), format!("`{{{name}}}`")];
        assert!(rows.iter().any(|row| written.iter().any(|written| row.contains(written))), "{name}");
    }
    // Every script that is shipped, and every code of a fault that the room knows.
    for name in SHIPPED.calls.keys().chain(SHIPPED.voicemails.keys()) {
        assert!(rows.iter().any(|row| row.contains(&format!("`{name}`"))), "{name}");
    }
    let sources = ["check", "file", "folder", "inherit", "repeated", "whole"].map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/prompt/script/{file}.rs"));
        fs::read_to_string(path).expect("a source")
    });
    for code in ["missing_key", "repeated_key", "wrong_kind", "cyclic_script", "opt_out_at_the_end", "untold_key"] {
        assert!(sources.iter().any(|text| text.contains(&format!("\"{code}\""))), "{code} is a fault no more");
        assert!(rows.iter().any(|row| row.contains(&format!("`{code}`"))), "{code}");
    }
}
