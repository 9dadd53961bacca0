//! One small hospital with a pack of tones: what is found when one thing about it changes.

use super::{Findings, Hospital, lengths, lint};
use crate::core::domain::PhoneNumber;
use crate::prompt::Packs;
use crate::prompt::script::ScriptSet;
use crate::prompt::testpack::{PACK_TOML, TestPack, pcm_wav, tone};
use std::fs;
use std::path::PathBuf;

const CALL: &str = r#"kind = "call"
opening = ["say/hello", "{organization}", "say/at-number", "{callback_number}", "say/opt-out"]
message = ["say/appointment", "{day}", "{time}", "{at_site}"]
message_several = ["{count}", "{day}", "say/first-is", "{time}", "{at_site}"]
menu = ["say/confirm-1", "say/reschedule-2", "say/again-3"]
[keys]
1 = "confirm"
2 = "reschedule"
3 = "repeat"
9 = "opt_out"
"*" = "undo"
[replies]
confirmed = ["say/thank-you", "say/your-appointment", "{day}", "{time}", "say/is-confirmed"]
reschedule = ["say/thank-you"]
undone = ["say/thank-you"]
opted_out = ["say/goodbye"]
no_choice = ["say/thank-you"]
not_a_choice = ["say/thank-you"]
giving_up = ["say/goodbye"]
withdrawn = ["say/hello", "{organization}", "say/at-number", "{callback_number}", "say/goodbye"]
goodbye = ["say/goodbye"]
[limits]
repeats = 3
asked_repeats = 5
key_timeout_s = 6
change_timeout_s = 4
long_timeout_s = 30
"#;

const VOICEMAIL: &str = r#"kind = "voicemail"
message = ["say/hello", "{organization}", "say/at-number", "{callback_number}", "say/appointment", "{day}", "{time}", "say/thank-you", "{opt_out_number}"]
"#;

const INCOMING: &str = r#"kind = "incoming"
welcome = ["{organization}"]
birthday = ["say/stop-calls-9"]
wrong = ["say/thank-you"]
office = ["{callback_number}", "say/stop-calls-9"]
office_withheld = ["{callback_number}", "say/goodbye"]
opted_out = ["say/goodbye"]
goodbye = ["say/goodbye"]
[limits]
key_timeout_s = 8
long_timeout_s = 30
"#;

/// What strangers may hear: every sentence by name.
const STRANGERS: &str = r#"strangers = ["org", "at-site", "count", "digit", "weekday", "month", "day", "hour", "minute", "ampm", "say/hello", "say/at-number", "say/opt-out", "say/appointment", "say/first-is", "say/confirm-1", "say/reschedule-2", "say/again-3", "say/thank-you", "say/your-appointment", "say/goodbye", "say/is-confirmed", "say/stop-calls-9"]"#;

/// A folder of prompts, and the configuration that goes with it.
struct World {
    pack: TestPack,
    hospital: Hospital,
}

impl World {
    fn new() -> World {
        World::of(TestPack::english())
    }

    /// Complete: what the English test pack lacks is added.
    fn of(pack: TestPack) -> World {
        let mut pack = pack.with("count/many", "You have several appointments");
        let guardian = |id: &str| (format!("{id}.guardian"), "For a patient in your care");
        let counts = (2..10).map(|n| format!("count/{n}")).chain(["count/many".to_string()]);
        for id in counts.chain(["say/appointment", "say/your-appointment"].map(String::from)) {
            let (id, text) = guardian(&id);
            pack = pack.with(&id, text);
        }
        let world = World { pack: pack.with("say/stop-calls-9", "To stop calls, press nine."), hospital: hospital() };
        let from = PACK_TOML.find("strangers = [").expect("marks");
        let until = from + PACK_TOML[from..].find(']').expect("their end") + 1;
        world.write("en-US/pack.toml", &PACK_TOML.replace(&PACK_TOML[from..until], STRANGERS));
        fs::create_dir(world.file("scripts")).expect("a folder");
        world.write("scripts/reminder.toml", CALL);
        world.write("scripts/delay.toml", "kind = \"call\"\nextends = \"reminder\"\n");
        world.write("scripts/voicemail.toml", VOICEMAIL);
        world.write("scripts/voicemail-minimal.toml", &VOICEMAIL.replace(r#""say/appointment", "{day}", "{time}", "#, ""));
        world.write("scripts/incoming.toml", INCOMING);
        for name in ["apology", "one-moment"] {
            world.write(&format!("scripts/{name}.toml"), "kind = \"announcement\"\nmessage = [\"say/thank-you\"]\n");
        }
        world
    }

    fn file(&self, name: &str) -> PathBuf {
        self.pack.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("written");
    }

    /// With another piece of text in a file.
    fn edited(self, name: &str, from: &str, to: &str) -> World {
        let text = fs::read_to_string(self.file(name)).expect("there");
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, &text.replace(from, to));
        self
    }

    /// With a phrase of so many milliseconds.
    fn lasting(self, id: &str, ms: u32) -> World {
        let file = self.file(&format!("en-US/{id}.wav"));
        fs::write(file, pcm_wav(&tone(500.0, 0.3, ms, 8_000), 8_000, 1)).expect("written");
        self
    }

    /// What is found; how loud the tones are is another matter.
    fn findings(&self) -> Findings {
        let (packs, faults) = Packs::load(self.pack.path());
        assert_eq!(faults, []);
        let scripts = ScriptSet::load(self.pack.path()).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let mut findings = lint(&packs, &scripts, self.pack.path(), &self.hospital);
        // The delay takes all its words from the reminder.
        findings.faults.retain(|fault| fault.code != "wrong_level" && !fault.message.contains(", delay: "));
        findings
    }

    /// Each finding's code and the beginning of its message; warnings after the faults.
    fn found(&self) -> Vec<String> {
        let findings = self.findings();
        let told = findings.faults.iter().chain(&findings.warnings);
        told.map(|f| format!("{} {}", f.code, f.message.split(':').next().unwrap_or_default())).collect()
    }
}

fn hospital() -> Hospital {
    let number = |text| PhoneNumber::parse(text).expect("a number");
    Hospital {
        organization: "Example Cancer Center".into(),
        sites: vec![("boston".into(), "Longwood".to_string()), ("denver".into(), "Front Range".to_string())],
        callback_numbers: vec![number("+16175550100"), number("+13035550110")],
        opt_out_number: number("+18005550100"),
    }
}

#[test]
fn a_complete_pack_has_no_finding() {
    assert_eq!(World::new().findings(), Findings::default());
}

#[test]
fn phrases_of_other_days_times_counts_and_numbers_are_missed_too() {
    let pack = ["month/02", "weekday/sun", "minute/59", "ampm/pm", "count/7", "digit/9.group", "say/is-confirmed"];
    let world = World::of(pack.iter().fold(TestPack::english(), |pack, id| pack.without(id)));
    let want = ["ampm/pm", "count/7", "digit/9.group", "minute/59", "month/02", "say/is-confirmed", "weekday/sun"];
    assert_eq!(world.found(), want.map(|id| format!("missing_phrase en-US {id}")));
    let findings = world.findings();
    let month = &findings.faults[4];
    assert!(month.message.contains("the script delay, the script reminder, the script voicemail need it"), "{}", month.message);
    assert!(month.file.ends_with("en-US/phrases.tsv"));
}

#[test]
fn a_script_that_never_speaks_of_a_day_needs_no_months() {
    let world = World::of(TestPack::english().without("month/02").without("minute/59"));
    let world = world.edited("scripts/reminder.toml", "\"{day}\", ", "").edited("scripts/reminder.toml", "\"{time}\", ", "");
    let world = world.edited("scripts/voicemail.toml", "\"{day}\", \"{time}\", ", "");
    assert_eq!(world.found(), Vec::<String>::new());
}

#[test]
fn names_must_be_recorded_and_be_those_of_the_configuration() {
    let mut world = World::of(TestPack::english().without("at-site/denver"));
    world.hospital.organization = "St. Mary's Hospital".into();
    world.hospital.sites[0].1 = "longwood".into();
    world.hospital.sites[1].1 = "Front & Range".into();
    world.hospital.sites.push(("austin".into(), "Hill Country".into()));
    let want = [
        "missing_phrase en-US at-site/austin",
        "missing_phrase en-US at-site/denver",
        "missing_phrase en-US site/austin",
        "text_differs en-US org/name",
        "text_differs en-US site/denver",
    ];
    assert_eq!(world.found(), want);
    let text = "en-US org/name: the recording says \"Example Cancer Center,\", [organization] name is \"St. Mary's Hospital\"; \
                record it again, or correct the name";
    let findings = world.findings();
    assert_eq!(findings.faults[3].message, text);
    assert!(findings.faults[3].line > 0, "its line of phrases.tsv is shown");
}

#[test]
fn the_opt_out_comes_within_two_seconds_by_the_recordings() {
    let gaps = |ms: u32| World::new().edited("en-US/pack.toml", "stop_ms = 350", &format!("stop_ms = {ms}"));
    assert_eq!(gaps(2_000).found(), Vec::<String>::new());
    let late = gaps(2_001).findings();
    assert_eq!(late.faults.iter().map(|f| (f.code, f.line)).collect::<Vec<_>>(), [("opt_out_late", 2)]);
    let message = &late.faults[0].message;
    assert!(message.starts_with("en-US, reminder: say/opt-out begins up to 2.0 s after the callback number"), "{message}");
    assert!(late.faults[0].file.ends_with("scripts/reminder.toml"));
}

#[test]
fn who_calls_is_said_within_two_seconds_by_the_recordings() {
    // With the pause between: 240 samples.
    assert_eq!(World::new().lasting("say/hello", 1_950).found(), Vec::<String>::new());
    let late = World::new().lasting("say/hello", 2_001).findings();
    let told: Vec<_> = late.faults.iter().map(|f| (f.code, f.message.split(" the").next().unwrap_or_default())).collect();
    let want = [
        ("organization_late", "en-US, reminder: opening:"),
        ("organization_late", "en-US, reminder: withdrawn:"),
        ("organization_late", "en-US, voicemail: message:"),
        ("organization_late", "en-US, voicemail-minimal: message:"),
    ];
    assert_eq!(told, want);
    assert!(late.faults[0].message.contains("is said 2.0 s after the start, want 2.0 s at most (L-04)"), "{}", late.faults[0]);
    assert!(late.faults[0].file.ends_with("scripts/reminder.toml") && late.faults[0].line == 2, "{}", late.faults[0]);
    // The withdrawal too may be the first that is heard.
    let withdrawn = |ms| {
        let world = World::of(TestPack::english().with("say/changed", "Something"));
        world
            .edited("en-US/pack.toml", "\"org\", ", "\"org\", \"say/changed\", ")
            .edited("scripts/reminder.toml", "withdrawn = [\"say/hello\"", "withdrawn = [\"say/changed\"")
            .lasting("say/changed", ms)
    };
    assert_eq!(withdrawn(1_900).found(), Vec::<String>::new());
    assert_eq!(withdrawn(2_100).found(), ["organization_late en-US, reminder"]);
}

#[test]
fn several_appointments_confirmed_are_checked_too() {
    let confirmed = "replies]\nconfirmed_several = [\"say/all-confirmed\"]";
    let findings = World::new().edited("scripts/reminder.toml", "replies]", confirmed).findings();
    let told: Vec<_> = findings.faults.iter().map(|f| (f.code, f.message.contains("say/all-confirmed"))).collect();
    assert_eq!(told, [("missing_phrase", true), ("not_for_strangers", true)]);
}

#[test]
fn a_message_takes_a_minute_at_most_and_a_voicemail_half() {
    let menu = |ms| World::new().lasting("say/confirm-1", ms);
    let first = |world: &World| {
        let (packs, _) = Packs::load(world.pack.path());
        let scripts = ScriptSet::load(world.pack.path()).expect("sound scripts");
        let lengths = lengths(&packs, &scripts, world.pack.path(), &world.hospital);
        let length = lengths.iter().find(|length| length.part == "first_playing").expect("the reminder").clone();
        let pack = packs.find("en").expect("the pack");
        assert_eq!(pack.compose(&length.phrases).expect("recorded").len(), (length.seconds * 8_000.0).round() as usize);
        length.seconds
    };
    let rest = first(&menu(10_000)) - 10.0;
    let room = ((60.0 - rest) * 1_000.0).round() as u32;
    assert_eq!(menu(room).found(), Vec::<String>::new(), "{} s", first(&menu(room)));
    assert_eq!(menu(room + 1).found(), ["message_too_long en-US, reminder"]);
    let message = menu(60_000).findings().faults[1].message.clone();
    for part in [
        "a repeat takes up to ",
        "The longest words in it are say/confirm-1 (60.0 s); at its longest it says: ",
        "For a patient in your care on ",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let voicemail = |ms| World::new().lasting("say/thank-you", ms).found();
    let both = |code: &str| ["voicemail", "voicemail-minimal"].map(|script| format!("{code} en-US, {script}"));
    assert_eq!(voicemail(10_000), Vec::<String>::new());
    assert_eq!(voicemail(20_000), both("long_voicemail"));
    assert_eq!(voicemail(28_000), both("voicemail_too_long"));
}

#[test]
fn whatever_is_said_is_marked_for_strangers() {
    let marks = |from: &str, to: &str| World::new().edited("en-US/pack.toml", from, to);
    let none = marks(STRANGERS, "").findings();
    assert_eq!(none.faults.len(), 1);
    for want in
        ["strangers = [\"ampm\", \"at-site\", \"count\"", "\"org\", \"say/again-3\", \"say/appointment\", \"say/at-number\""]
    {
        assert!(none.faults[0].message.contains(want), "{}", none.faults[0].message);
    }

    let weekday = marks("\"weekday\", ", "").findings();
    let fault = &weekday.faults[0];
    assert_eq!((fault.code, fault.file.ends_with("en-US/pack.toml"), fault.line > 1), ("not_for_strangers", true, true));
    let want = "en-US weekday/fri, weekday/mon, weekday/sat, weekday/sun, weekday/thu and 2 more: not marked for strangers, but the \
                script delay, the script reminder, the script voicemail would say it, and anybody may hear it (L-35, L-36): say it otherwise, or \
                add the phrase or its group \"weekday\" to strangers";
    assert_eq!(fault.message, want);

    let sentence = marks(", \"say/is-confirmed\"", "").findings();
    let want = "en-US say/is-confirmed: not marked for strangers, but the script delay, the script reminder would say it, and \
                anybody may hear it (L-35, L-36): say it otherwise, or add the phrase to strangers";
    assert_eq!(sentence.faults.iter().map(|f| f.message.as_str()).collect::<Vec<_>>(), [want]);
    let all = marks("\"org\", ", "\"org\", \"say\", ").findings();
    let told: Vec<_> = all.warnings.iter().map(|f| (f.code, f.line > 1)).collect();
    assert_eq!((all.faults.len(), told), (0, vec![("every_sentence_safe", true)]));
    let slip = marks("\"org\", ", "\"org\", \"say/thank-yuo\", \"wekday\", ").findings();
    let told: Vec<_> = slip.faults.iter().map(|f| (f.code, f.message.rsplit(": ").next().unwrap_or_default())).collect();
    let want = [
        ("unknown_stranger", "there is no phrase and no group `say/thank-yuo`; did you mean \"say/thank-you\"?"),
        ("unknown_stranger", "there is no phrase and no group `wekday`; did you mean \"weekday\"?"),
    ];
    assert_eq!(told, want);
}

#[test]
fn no_phrase_speaks_of_money_and_guardians_hear_what_is_true_for_them() {
    let with = |id: &str, text: &str| {
        let World { pack, hospital } = World::new();
        World { pack: pack.with(id, text), hospital }
    };
    assert_eq!(with("say/unused", "Please pay your BILL.").found(), ["never_word en-US say/unused"]);
    assert_eq!(with("say/unused", "Billy and the payer.").found(), Vec::<String>::new());
    assert_eq!(
        with("say/opt-out.guardian", "If your appointment, press nine.").found(),
        ["patient_words en-US say/opt-out.guardian"]
    );
    assert_eq!(with("say/is-confirmed", "is what you have.").found(), ["missing_guardian en-US say/is-confirmed"]);
    assert_eq!(with("say/unused", "you have").found(), Vec::<String>::new(), "nobody hears it");
    let world = with("say/is-confirmed.end", "is what you have.");
    assert_eq!(
        world.found(),
        ["missing_guardian", "form_says_otherwise"].map(|code| format!("{code} en-US say/is-confirmed.end"))
    );
}

#[test]
fn a_pack_without_words_to_look_for_is_told_what_to_write() {
    let from = PACK_TOML.find("[words]").expect("the table");
    let until = from + PACK_TOML[from..].find("\n\n").expect("its end");
    let findings = World::new().edited("en-US/pack.toml", &PACK_TOML[from..until], "").findings();
    let codes = |found: &[crate::fault::Fault]| found.iter().map(|fault| fault.code).collect::<Vec<_>>();
    assert_eq!((codes(&findings.faults), codes(&findings.warnings)), (vec!["no_never_words"], vec!["no_patient_words"]));
    assert!(
        findings.faults[0].message.contains("write [words] never = [\"bill\", \"payment\", …]"),
        "{}",
        findings.faults[0].message
    );
}

#[test]
fn every_form_of_a_phrase_says_its_words() {
    let with = |phrases: &[(&str, &str)]| {
        let World { pack, hospital } = World::new();
        World { pack: phrases.iter().fold(pack, |pack, (id, text)| pack.with(id, text)), hospital }
    };
    let same = [
        ("slow/day/05", "Fifth!"),
        ("slow/day/05.end", "fifth."),
        ("slow/say/appointment.guardian", "for a patient in your care"),
        ("slow/digit/1.group", "one"),
        ("slow/org/name", "Example Cancer Center"),
        ("slow/at-site/boston", "at Longwood"),
    ];
    assert_eq!(with(&same).found(), Vec::<String>::new(), "pace and melody are no words");
    let other = [
        ("slow/day/01", "fifth,"),
        ("slow/say/appointment.guardian", "You are a patient"),
        ("slow/site/boston", "Riverside"),
        ("slow/at-site/boston", "at Riverside."),
        ("slow/org/name.end", "Another Center."),
        ("say/unused.mid", "one"),
        ("say/unused.end", "two"),
    ];
    let world = with(&other);
    let want = [
        "text_differs en-US slow/org/name.end",
        "text_differs en-US slow/site/boston",
        "text_differs en-US slow/at-site/boston",
        "form_says_otherwise en-US slow/day/01",
        "form_says_otherwise en-US slow/say/appointment.guardian",
        "form_says_otherwise en-US say/unused.mid",
    ];
    let found: Vec<_> = world.found().into_iter().filter(|found| !found.starts_with("uneven")).collect();
    assert_eq!(found, want);
    let findings = world.findings();
    let told = findings.faults.iter().find(|fault| fault.code == "form_says_otherwise").expect("told");
    let message = "en-US slow/day/01: it says \"fifth,\", and day/01 says \"first,\": all forms of a phrase have the same words; \
                   record it again, or leave it out";
    assert_eq!((told.message.as_str(), told.file.ends_with("phrases.tsv"), told.line > 1), (message, true, true));
}

#[test]
fn forms_of_half_a_group_are_warned_of() {
    let with = |phrases: &[(&str, &str)]| {
        let World { pack, hospital } = World::new();
        World { pack: phrases.iter().fold(pack, |pack, (id, text)| pack.with(id, text)), hospital }
    };
    let world = with(&[
        ("month/03.end", "March"),
        ("slow/weekday/mon", "on Monday,"),
        ("slow/digit/3", "three"),
        ("say/goodbye.end", "Goodbye"),
    ]);
    let findings = world.findings();
    assert_eq!(findings.faults, []);
    let told: Vec<_> = findings.warnings.iter().map(|f| (f.code, f.message.as_str())).collect();
    let want = [(
        "uneven_forms",
        "en-US month/01: the group month has recordings `.end`, but none of month/01, month/02, month/04, month/05, month/06 and \
             6 more: record those too, or none",
    )];
    assert_eq!(told, want, "numbers are not said again, and a goodbye is a sentence of its own");
}

#[test]
fn a_site_with_words_of_its_own_is_checked_with_them() {
    let world = World::new();
    let folder = world.file("sites/boston/en-US/say");
    fs::create_dir_all(&folder).expect("made");
    world.write("sites/boston/en-US/phrases.tsv", "say/confirm-1\tTo confirm and to pay, press one.\nsay/opt-out\tStop.\n");
    for (id, ms) in [("confirm-1", 58_000), ("opt-out", 300)] {
        fs::write(folder.join(format!("{id}.wav")), pcm_wav(&tone(500.0, 0.3, ms, 8_000), 8_000, 1)).expect("written");
    }
    let findings = world.findings();
    let told: Vec<_> = findings.faults.iter().map(|f| (f.code, f.message.split(':').next().unwrap_or_default())).collect();
    let want = [
        ("message_too_long", "en-US (site boston), reminder"),
        ("message_too_long", "en-US (site boston), reminder"),
        ("never_word", "en-US say/confirm-1"),
    ];
    assert_eq!(told, want);
    assert!(findings.faults[2].file.ends_with("sites/boston/en-US/phrases.tsv") && findings.faults[2].line == 1);
    fs::rename(world.file("sites/boston"), world.file("sites/bostom")).expect("moved");
    let findings = world.findings();
    let told: Vec<_> = findings.faults.iter().map(|f| (f.code, f.message.as_str())).collect();
    let message = "there is no site bostom in the configuration; there are: boston, denver; did you mean boston?";
    assert_eq!(told, [("unknown_site", message)]);
}
