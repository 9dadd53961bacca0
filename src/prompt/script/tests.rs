use super::*;
use crate::core::call::{Call, CallEvent, Key, Segment, Slot, Then};
use crate::core::domain::{AnsweredBy, Outcome};
use proptest::prelude::*;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/scripts")
}

fn load() -> ScriptSet {
    load_scripts(&shipped()).unwrap_or_else(|faults| panic!("{}", faults.iter().map(|f| f.to_string()).collect::<String>()))
}

/// A folder with the shipped scripts, one of them edited.
fn edited(name: &str, edit: impl Fn(String) -> String) -> Vec<ScriptFault> {
    let dir = tempfile::tempdir().expect("a folder");
    for file in toml_files(&shipped()).expect("the shipped scripts") {
        let mut text = std::fs::read_to_string(&file).expect("a shipped script");
        if file.file_stem().is_some_and(|stem| stem == name) {
            let before = text.clone();
            text = edit(text);
            assert_ne!(before, text, "the edit found nothing");
        }
        std::fs::write(dir.path().join(file.file_name().expect("a name")), text).expect("a copy");
    }
    let mut faults = load_scripts(dir.path()).map_or_else(|faults| faults, |_| Vec::new());
    for fault in &mut faults {
        fault.file = Path::new(&fault.file).file_name().expect("a name").to_string_lossy().into_owned();
    }
    faults
}

fn replaced(name: &str, from: &str, to: &str) -> Vec<ScriptFault> {
    edited(name, |text| text.replacen(from, to, 1))
}

#[test]
fn the_shipped_scripts_are_whole() {
    let set = load();
    assert_eq!(set.calls.keys().collect::<Vec<_>>(), ["cancelled", "closure", "delay", "moved", "reminder"]);
    assert_eq!(set.voicemails.keys().collect::<Vec<_>>(), ["voicemail", "voicemail-minimal"]);
    for name in set.calls.keys() {
        assert_eq!(&set.for_call(name).expect("its scripts").call.name, name);
    }
    assert!(set.for_call("voicemail").is_none());
    assert!(set.phrases().contains(&PhraseId::from("say/opt-out")));
}

#[test]
fn the_shipped_words_are_those_of_the_rules() {
    let set = load();
    let words = |segments: &[Segment]| {
        let word = |segment: &Segment| match segment {
            Segment::Phrase(id) => id.as_str().trim_start_matches("say/").to_string(),
            Segment::Slot(slot) => {
                format!("{{{}}}", Slot::NAMES.iter().find(|(s, _)| s == slot).map_or("", |(_, name)| name))
            }
        };
        segments.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    for (name, message, menu) in [
        ("reminder", "appointment {day} {time} {at_site}", "confirm-1 reschedule-2 again-3"),
        ("cancelled", "your-appointment {day} {time} has-been-cancelled", "heard-1 find-2 again-3"),
        (
            "moved",
            "your-appointment {old_day} {old_time} has-been-moved it-is-now {day} {time} {at_site}",
            "confirm-new-1 another-2 again-3",
        ),
        ("closure", "{site} is-closed {day} your-appointment {time} that-day-not", "heard-1 find-2 again-3"),
        ("delay", "{site} opens-late {day} please-come {time} instead", "heard-1 find-2 again-3"),
    ] {
        let call = &set.calls[name];
        assert_eq!(words(&call.opening), "hello {organization} at-number {callback_number} opt-out", "{name}");
        assert_eq!((words(&call.message).as_str(), words(&call.menu).as_str()), (message, menu), "{name}");
        assert_eq!(words(&call.replies.giving_up), "questions-call {callback_number} goodbye");
    }
    assert_eq!(words(&set.calls["reminder"].message_several), "{count} {day} first-is {time} {at_site}");
    assert_eq!(words(&set.calls["moved"].message_several), words(&set.calls["moved"].message));
    assert_eq!(
        words(&set.voicemails["voicemail"].message),
        "hello {organization} at-number {callback_number} appointment {day} {time} to-confirm-or-change \
         to-stop-call {opt_out_number} thank-you"
    );
    assert_eq!(
        words(&set.voicemails["voicemail-minimal"].message),
        "hello {organization} at-number {callback_number} please-call-us to-stop-call {opt_out_number} thank-you"
    );
    assert_eq!(words(&set.apology.message), "sorry please-call {callback_number} goodbye");
    assert_eq!(words(&set.one_moment.message), "one-moment");
}

#[test]
fn each_fault_has_its_place_and_says_what_would_be_right() {
    for (name, from, to, place, code, says) in [
        ("reminder", "{organization}", "{organisation}", (5, 25), "unknown_slot", "did you mean `{organization}`?"),
        ("reminder", "appointment\", \"{day}\"", "appointment\", \"day\"", (6, 31), "bad_phrase", "did you mean `{day}`?"),
        ("reminder", "[\"say/hello", "[\"hello", (5, 12), "bad_phrase", "such as say/hello"),
        ("reminder", "2 = \"reschedule\"", "2 = \"reshedule\"", (12, 5), "unknown_action", "did you mean `reschedule`?"),
        ("reminder", "2 = \"resc", "22 = \"resc", (12, 1), "bad_key", "`22` is no key of a telephone"),
        ("reminder", "3 = \"repeat\"", "1 = \"repeat\"", (13, 1), "syntax", "duplicate key"),
        ("reminder", "9 = \"opt_out\"", "9 = \"repeat\"", (10, 1), "key_9", "want 9 = \"opt_out\""),
        ("reminder", "9 = \"opt_out\"", "8 = \"opt_out\"", (10, 1), "key_9", "want 9 = \"opt_out\""),
        ("reminder", "\"*\" = \"undo\"\n", "", (10, 1), "missing_action", "such as \"*\" = \"undo\""),
        ("reminder", "goodbye = [\"say/goodbye\"]\n", "", (18, 1), "missing_key", "`replies.goodbye` is missing"),
        ("reminder", "undone = [\"say/choice-undone\"]", "undone = []", (21, 1), "empty_words", "nothing is said"),
        ("reminder", "menu = ", "menue = ", (8, 1), "unknown_key", "did you mean `menu`?"),
        ("reminder", "repeats = 3 ", "repeats = 30 ", (30, 11), "bad_value", "want 0 to 3"),
        ("reminder", "repeats = 3 ", "repeats = \"3\" ", (30, 11), "bad_value", "limits.repeats"),
        ("reminder", "\"{day}\", \"{time}\", \"{at_site}\"]", "\"{day}\"", (7, 1), "syntax", ""),
        ("reminder", ", \"say/opt-out\"", "", (5, 12), "opt_out_not_offered", "L-08"),
        ("reminder", "\"{callback_number}\", \"say/opt-out\"", "\"say/opt-out\"", (5, 12), "who_calls_first", "L-04"),
        ("reminder", "kind = \"call\"", "kind = \"cal\"", (3, 8), "unknown_value", "did you mean `call`?"),
        ("reminder", "kind = \"call\"", "", (0, 0), "missing_key", "`kind` is missing"),
        ("reminder", "say/has-changed", "{day}", (26, 14), "place_not_allowed", "{day} is not said here"),
        ("voicemail", "\"{time}\"", "\"{at_site}\"", (4, 5), "place_not_allowed", "{at_site} is not said here"),
        ("voicemail", ", \"{opt_out_number}\"", "", (4, 5), "opt_out_not_offered", "L-15"),
        ("voicemail-minimal", "\"say/please-call-us\"", "\"{day}\"", (4, 5), "place_not_allowed", "{day} is not said here"),
        ("apology", "{callback_number}", "{time}", (3, 12), "place_not_allowed", "{time} is not said here"),
        ("apology", "\"announcement\"", "\"call\"", (0, 0), "missing_key", "`opening` is missing"),
        ("reminder", "kind = \"call\"", "kind = \"voicemail\"", (10, 2), "unknown_key", "unknown field `keys`"),
    ] {
        let faults = replaced(name, from, to);
        let found = faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {faults:#?}"));
        assert_eq!((found.line, found.column), place, "{found}");
        assert!(found.message.contains(says), "{found}");
        assert_eq!(found.file, format!("{name}.toml"));
        assert_eq!(found.excerpt.is_some(), found.line > 0);
    }
}

#[test]
fn every_fault_is_told_not_the_first() {
    let faults = edited("reminder", |text| {
        let text = text.replace("undone = [\"say/choice-undone\"]\n", "").replace("{organization}", "{organisation}");
        text.replace("\"*\" = \"undo\"\n", "").replace("repeats = 3 ", "repeats = 9 ")
    });
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    for code in ["missing_key", "unknown_slot", "missing_action", "bad_value"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    // Two broken files, both told.
    let faults = edited("moved", |_| "kind = \"call\"".into());
    assert!(faults.iter().filter(|fault| fault.code == "missing_key").count() >= 15, "{faults:#?}");
}

#[test]
fn a_folder_that_lacks_what_every_call_needs() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = load_scripts(dir.path()).expect_err("nothing is there");
    assert_eq!(faults.iter().filter(|fault| fault.code == "missing_script").count(), 4);
    assert!(faults[0].file.ends_with("voicemail.toml"), "{}", faults[0]);
    let faults = load_scripts(&dir.path().join("none")).expect_err("no folder");
    assert_eq!(faults[0].code, "unreadable");
    std::fs::write(dir.path().join("extra.toml"), "kind = \"announcement\"\nmessage = [\"say/sorry\"]").expect("a file");
    let faults = load_scripts(dir.path()).expect_err("nobody says it");
    assert!(faults.iter().any(|f| f.code == "unknown_script" && f.message.contains("apology and one-moment")), "{faults:#?}");
}

#[test]
fn phrases_that_a_pack_lacks_are_named_once_with_place_and_suggestion() {
    let set = load();
    let mut recorded: BTreeSet<PhraseId> = set.phrases().into_iter().cloned().collect();
    let language = LanguageTag::from("en-US");
    assert!(set.unrecorded(&language, &recorded).is_empty());
    recorded.remove(&PhraseId::from("say/hello"));
    recorded.insert(PhraseId::from("say/helo"));
    let faults = set.unrecorded(&language, &recorded);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert_eq!(faults[0].code, "missing_phrase");
    assert_eq!(faults[0].message, "the phrase `say/hello` is not recorded in en-US; did you mean `say/helo`?");
    assert!(faults[0].file.ends_with("cancelled.toml") && faults[0].line == 4, "{}", faults[0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the patient does, every shipped script comes to its end, and the end to an outcome.
    #[test]
    fn every_call_with_a_shipped_script_ends(moves in prop::collection::vec(0usize..9, 100), who in 0usize..3) {
        static SET: std::sync::LazyLock<ScriptSet> = std::sync::LazyLock::new(load);
        for name in SET.calls.keys() {
            let scripts = SET.for_call(name).expect("its scripts");
            let bound = scripts.call.limits.most_steps();
            let mut call = Call::new(brief(name), scripts);
            let now = chrono::DateTime::UNIX_EPOCH;
            let answered_by = [None, Some(AnsweredBy::Human), Some(AnsweredBy::MachineEnd)][who];
            let mut step = call.handle(&CallEvent::Answered { answered_by }, now).step.expect("the first step");
            let mut keys = moves.iter().map(|n| "1239*7".chars().nth(*n).and_then(Key::new));
            while step.then != Then::HangUp {
                prop_assert!(step.number < bound && !step.say.is_empty());
                let number = step.number;
                let event = match keys.next().expect("a call has an end") {
                    Some(key) => CallEvent::Key { step: number, key },
                    None if step.then == Then::Continue => CallEvent::Played { step: number },
                    None => CallEvent::Silence { step: number },
                };
                step = call.handle(&event, now).step.expect("whoever asks gets a step");
            }
            let ended = CallEvent::Ended { status: crate::core::call::FinalStatus::Completed, talk_seconds: Some(9), reason: None };
            call.handle(&ended, now);
            prop_assert!(call.standing().outcome.is_some_and(|o| o != Outcome::Failed));
        }
    }
}

fn brief(script: &str) -> crate::core::call::Brief {
    use crate::core::domain::{LocalMoment, PhoneNumber, Purpose, VoicemailPolicy};
    let start = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).and_then(|day| day.and_hms_opt(14, 30, 0)).expect("a time");
    crate::core::call::Brief {
        purpose: Purpose::Reminder,
        script: script.into(),
        language: "en-US".into(),
        start: LocalMoment { date: start.date(), time: start.time() },
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: PhoneNumber::parse("+16175550100").expect("a number"),
        opt_out_number: PhoneNumber::parse("+18005550100").expect("a number"),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 23_000,
        long_timeouts: false,
        guardian: false,
    }
}
