//! The command line as other programs hold on to it: shapes, exit statuses, and clear words for wrong input.

use crate::support::desk::{Desk, HEADER};
use crate::support::process::Program;
use serde_json::Value;
use std::fs;
use std::path::Path;

const BEFORE: &str = "2026-11-25T13:00:00Z";

#[test]
fn an_import_tells_what_became_of_every_row_and_a_plan_who_is_called() {
    let desk = Desk::new("");
    let rows = format!(
        "{HEADER}A1,P1,617-555-0101,2026-12-01T09:00,boston,exam,yes,2026-11-01T09:00\n\
         A2,P1,617-555-0101,2026-12-01T11:00,boston,infusion,yes,2026-11-01T09:00\n\
         A3,P2,303-555-0102,2026-12-01T09:00,denver,infusion,yes,2026-11-01T09:00\n\
         A4,P3,617-555-0103,not a date,boston,exam,yes,\n"
    );
    let file = desk.file("day.csv", rows.as_bytes());
    let report = desk.json(&["import", &file, "--at", BEFORE]);
    assert_eq!((&report["read"], &report["new"], &report["refused"][0]["line"]), (&4.into(), &3.into(), &5.into()));
    let again = desk.run(&["import", &file, "--at", BEFORE]);
    assert_eq!(again.code, Some(1), "a refused row is exit status 1");
    assert!(again.stdout.contains("3 same"), "{}", again.stdout);

    let plan = desk.json(&["plan", "--at", BEFORE]);
    let plan = plan.as_array().expect("decisions");
    assert_eq!(plan.len(), 2);
    let call = plan.iter().find(|d| d["patient"] == "P1").expect("P1's visit");
    assert_eq!(call["visit"], "P1/boston/2026-12-01");
    assert_eq!(call["decision"], "call");
    assert_eq!(call["appointments"], serde_json::json!(["A1", "A2"]));
    assert_eq!(call["start"], "2026-12-01T09:00:00-05:00");
    assert_eq!(call["call_after"], "2026-11-28T10:00:00-05:00");
    assert_eq!(call["call_before"], "2026-11-28T19:00:00-05:00");
    assert_eq!((&call["touch"], &call["phone"], &call["language"]), (&1.into(), &"home".into(), &"en-US".into()));
    let skip = plan.iter().find(|d| d["patient"] == "P2").expect("P2's visit");
    assert_eq!(
        (&skip["decision"], &skip["reason"], &skip["touch"]),
        (&"skip".into(), &"not_eligible_service".into(), &Value::Null)
    );
    assert_eq!(desk.json(&["appointments", "list", "--count"]), serde_json::json!({"count": 3}));
    assert_eq!(desk.run(&["explain", "P1/boston/2026-12-01", "--at", BEFORE]).code, Some(0));
}

#[test]
fn schedules_next_tells_hours_touches_calls_and_why_a_day_has_none() {
    let desk = Desk::new("");
    let row = |id: &str, number: &str, start: &str, site: &str| {
        format!("A{id},P{id},{number},{start},{site},exam,yes,2026-11-01T09:00\n")
    };
    let rows = [
        HEADER.to_string(),
        row("1", "617-555-0101", "2026-12-01T09:00", "boston"),
        row("2", "303-555-0102", "2026-12-02T09:00", "denver"),
        row("3", "617-555-0103", "2026-12-15T09:00", "boston"),
    ];
    let file = desk.file("day.csv", rows.concat().as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", BEFORE]).code, Some(0));
    let jobs = desk.json(&["schedules", "next", "--at", BEFORE]);
    let names: Vec<_> = jobs.as_array().expect("jobs").iter().map(|job| job["job"].as_str().expect("a name")).collect();
    assert_eq!(names, ["cancelled", "closure", "exam-and-radiology", "moved"]);
    let reminder = &jobs[2];
    assert_eq!((&reminder["purpose"], &reminder["enabled"], &reminder["later"]), (&"reminder".into(), &true.into(), &1.into()));
    assert_eq!(reminder["days"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        reminder["days"][1],
        serde_json::json!({
            "date": "2026-11-26", "weekday": "thu", "from": null, "until": null, "no_calls": "Thanksgiving Day",
            "touches": [], "calls": 0
        })
    );
    // Saturday calls about Tuesday and, Sunday being none, about Wednesday; both sites are in.
    assert_eq!(
        reminder["days"][3],
        serde_json::json!({
            "date": "2026-11-28", "weekday": "sat", "from": "10:00", "until": "19:00", "no_calls": null,
            "touches": [{"touch": 1, "visits": ["2026-12-01", "2026-12-02"], "calls": 2}], "calls": 2
        })
    );
    assert_eq!(reminder["days"][4]["no_calls"], "Sunday");
    let table = desk.run(&["schedules", "next", "--at", BEFORE]).stdout;
    for part in [
        "moved: every day 08:00 to 21:00, nothing planned",
        "no calls: Thanksgiving Day",
        "Sat Nov 28   10:00 to 19:00               2       Tue Dec 1, Wed Dec 2",
        "1 more on later days",
    ] {
        assert!(table.contains(part), "{part}\n{table}");
    }
}

#[test]
fn schedules_check_shows_the_faults_of_jobs_and_services_with_carets() {
    let desk = Desk::new("");
    let fine = desk.run(&["schedules", "check"]);
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    assert_eq!(desk.json(&["schedules", "check"]), serde_json::json!([]));
    let folder = desk.config.parent().expect("a folder");
    fs::create_dir(folder.join("jobs")).expect("a folder");
    fs::write(folder.join("jobs/late.toml"), "purpose = \"reminder\"\n[when]\nfrom = \"21:00\"\nuntil = \"22:00\"\n")
        .expect("written");
    fs::write(folder.join("services.toml"), "[[rule]]\nclass = \"exam\"\n").expect("written");
    fs::write(&desk.config, "schedules = \"jobs\"\nprompts = \"nowhere\"\n").expect("written");
    let done = desk.run(&["schedules", "check"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let late = "jobs/late.toml:3:8: from 21:00 until 22:00 lies outside the hours of [limits], 08:00 to 21:00: this job could never \
                call [empty_window]\n  |\n3 | from = \"21:00\"\n  |        ^\n";
    assert!(done.stdout.contains(late), "{}", done.stdout);
    assert!(done.stdout.contains("services.toml:2:9: ") && done.stdout.trim_end().ends_with("2 faults"), "{}", done.stdout);
}

#[test]
fn what_spreadsheets_do_to_a_file_is_read_or_told_by_line() {
    let desk = Desk::new("");
    let row = "A1,P1,617-555-0101,2026-12-01T09:00,boston,exam,yes,\n";
    let bom = desk.file("bom.csv", format!("\u{feff}{HEADER}{row}").as_bytes());
    assert_eq!(desk.json(&["import", &bom])["new"], 1);
    let mut bytes = b"appointment_id,patient_id,last_name,phone_home,start,site,service\nA2,P2,Mu\xf1oz,617-555-0102,2026-12-01T09:00,boston,exam\n".to_vec();
    assert_eq!(desk.json(&["import", &desk.file("latin.csv", &bytes)])["new"], 1);
    bytes.truncate(bytes.len() - 12);
    let cut = desk.run(&["import", &desk.file("cut.csv", &bytes)]);
    assert_eq!(cut.code, Some(1));
    assert!(cut.stdout.contains("line 2: refused"), "{}", cut.stdout);
    let columns = desk.run(&["import", &desk.file("columns.csv", b"appointment,patient,phone,when\n1,2,3,4\n")]);
    assert_eq!(columns.code, Some(1));
    assert!(columns.stdout.contains("appointment_id"), "{}", columns.stdout);
}

#[test]
fn a_broken_file_gets_line_column_caret_and_a_suggestion() {
    let desk = Desk::new("[organisation]\nname = \"X\"\n");
    let done = desk.run(&["check"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(done.stdout.contains("callahead.toml:3:2") || done.stdout.contains("callahead.toml:3:1"), "{}", done.stdout);
    assert!(done.stdout.contains('^') && done.stdout.contains("organization"), "{}", done.stdout);
    let serve = desk.run(&["plan"]);
    assert_eq!(serve.code, Some(2), "wrong configuration is exit status 2");
}

/// One fault hides none of another file, and makes none that is not there.
#[test]
fn check_tells_the_faults_of_every_file_at_once() {
    let job = "purpose = \"reminder\"\n[select]\nsites = [\"denver\", \"bosten\"]\n[when]\nfrom = \"19:00\"\n";
    let moved = "purpose = \"moved\"\n[when]\nuntil = \"24:00\"\n[call]\ncarrier = \"trunk\"\n";
    let services = "[[rule]]\nclass = \"exams\"\ntext = \"visit\"\n";
    let zone = "[sites.boston]\nname = \"Longwood\"\ntimezone = \"America/Bostn\"\n[sites.denver]\nname = \"Front Range\"\ntimezone = \"America/Denver\"\n";
    for (config, said) in [
        (
            zone,
            &[
                "callahead.toml:3:12: sites.boston.timezone: \"America/Bostn\" is no time zone; did you mean",
                "moved.toml:5:11: call.carrier: \"trunk\" is not known",
                "reminder.toml:3:20: select.sites: \"bosten\" is not known; did you mean \"boston\"?",
                "reminder.toml:5:8: when.until (19:00) is not after when.from (19:00)",
                "services.toml:2:9: rule[1].class: \"exams\" is not known",
                "utf16.toml: this file is UTF-16",
            ][..],
        ),
        // Nothing of a file whose syntax is broken is known: what may be right is not called wrong.
        (
            "[sites.boston\n",
            &[
                "callahead.toml:1:14",
                "reminder.toml:5:8: when.until (19:00) is not after when.from (19:00)",
                "services.toml:2:9: rule[1].class",
                "utf16.toml: this file is UTF-16",
            ],
        ),
    ] {
        let desk = Desk::new("");
        let folder = desk.config.parent().expect("a folder");
        fs::create_dir(folder.join("schedules")).expect("a folder");
        fs::write(folder.join("schedules/reminder.toml"), job).expect("written");
        fs::write(folder.join("schedules/moved.toml"), moved).expect("written");
        fs::write(folder.join("schedules/utf16.toml"), b"\xff\xfep\0u\0r\0p\0o\0s\0e\0").expect("written");
        fs::write(folder.join("services.toml"), services).expect("written");
        let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        std::os::unix::fs::symlink(prompts, folder.join("prompts")).expect("a link");
        fs::write(&desk.config, config).expect("written");
        let faults = desk.json(&["check"]);
        let told: Vec<String> = faults
            .as_array()
            .expect("faults")
            .iter()
            .map(|f| {
                let name = f["file"].as_str().and_then(|file| file.rsplit('/').next()).expect("a file");
                let place = match (&f["line"], &f["column"]) {
                    (line, _) if *line == 0 => String::new(),
                    (line, column) => format!(":{line}:{column}"),
                };
                format!("{name}{place}: {}", f["message"].as_str().expect("a message"))
            })
            .collect();
        let mut sorted = told.clone();
        sorted.sort();
        assert_eq!(sorted.len(), said.len(), "{sorted:#?}");
        for (told, part) in sorted.iter().zip(said) {
            assert!(told.starts_with(part), "{told}\nwants {part}");
        }
    }
}

#[test]
fn without_prompts_check_fails_and_plan_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("callahead.toml");
    fs::write(&config, format!("schedules = \"{}/schedules\"\n", env!("CARGO_MANIFEST_DIR"))).expect("a configuration");
    assert_eq!(Program::run(&["check"], &config).code, Some(1));
    assert_eq!(Program::run(&["serve"], &config).code, Some(2));
    let plan = Program::run(&["plan", "--format", "json"], &config);
    assert_eq!((plan.code, plan.stdout.trim()), (Some(0), "[]"), "{}", plan.stderr);
}

const NOT_BUILT: &str = r#"
[carriers.main]
kind = "simulator"
[carriers.second]
kind = "asterisk"
url = "http://127.0.0.1:8088/ari"
user = "a"
password = { env = "PATH" }
trunk = "PJSIP/{number}@carrier"
from = "+16175550100"
[departments.mri]
name = "M R I"
desk = "+16175550120"
[departments.ct]
name = "C T"
[feeds.hand]
kind = "csv"
[feeds.daily]
kind = "csv"
path = "inbox"
[feeds.whole]
kind = "csv"
mode = "snapshot"
[feeds.epic]
kind = "hl7"
listen = "127.0.0.1:0"
site = "boston"
"#;

#[test]
fn what_is_configured_and_not_built_is_said() {
    let desk = Desk::new(NOT_BUILT);
    let done = desk.run(&["check", "--format", "json"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let faults: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let faults: Vec<_> = faults.as_array().expect("faults").iter().map(|f| (f["line"].as_u64(), f["message"].as_str())).collect();
    let said = [
        (7, "carriers.second: kind asterisk is not built yet; these are: simulator, twilio, signalwire, telnyx"),
        (22, "feeds.daily: `serve` reads no feed yet; use `callahead import --feed daily`"),
        (25, "feeds.whole: mode \"snapshot\" is not built yet"),
        (28, "feeds.epic: `serve` reads no feed yet"),
    ];
    assert_eq!(faults.len(), said.len(), "{faults:#?}");
    for ((line, message), (want_line, part)) in faults.iter().zip(said) {
        assert_eq!(*line, Some(want_line), "{message:?}");
        assert!(message.is_some_and(|m| m.starts_with(part)), "{message:?}");
    }
    let serve = desk.run(&["serve"]);
    assert_eq!(serve.code, Some(2));
    assert!(serve.stderr.contains("feeds.daily: `serve` reads no feed yet"), "{}", serve.stderr);
    let file = desk.file("day.csv", HEADER.as_bytes());
    for (feed, code) in [("hand", 0), ("daily", 0), ("whole", 2), ("epic", 2)] {
        let done = desk.run(&["import", "--feed", feed, &file]);
        assert_eq!(done.code, Some(code), "{feed}: {} {}", done.stdout, done.stderr);
    }
}

#[test]
fn what_only_reads_makes_no_store() {
    let desk = Desk::new("");
    let visit = "P1/boston/2026-12-01";
    for (arguments, code) in [
        (&["plan"][..], 0),
        (&["explain", visit], 1),
        (&["calls"], 0),
        (&["webhooks"], 0),
        (&["webhooks", "--follow"], 2),
        (&["worklist", "list"], 0),
        (&["worklist", "claim", "w1", "--owner", "kim"], 1),
        (&["appointments", "list"], 0),
        (&["opt-out", "list"], 0),
    ] {
        let done = desk.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(done.code, Some(code), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains("there is no store") || done.stderr.contains("There is no store"), "{}", done.stderr);
        assert!(!desk.config.with_file_name("callahead.db").exists(), "{arguments:?}");
        if code == 0 {
            assert_eq!(done.stdout.trim(), "[]", "{arguments:?}");
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/migrations");
    let shipped = fs::read_dir(folder).expect("the migrations").count();
    assert_eq!(desk.json(&["migrate"])["migrations"], shipped);
    assert!(desk.config.with_file_name("callahead.db").exists());
}

/// A copy of the one file is a backup, whatever lies beside it.
#[test]
fn after_an_import_the_file_alone_holds_the_rows() {
    let desk = Desk::new("");
    let row = "A1,P1,617-555-0101,2026-12-01T09:00,boston,exam,yes,\n";
    let file = desk.file("day.csv", format!("{HEADER}{row}").as_bytes());
    assert_eq!(desk.run(&["import", &file]).code, Some(0));
    assert!(!desk.config.with_file_name("callahead.db-wal").exists(), "nothing is left beside it");
    let elsewhere = Desk::new("");
    fs::copy(desk.config.with_file_name("callahead.db"), elsewhere.config.with_file_name("callahead.db")).expect("a copy");
    assert_eq!(elsewhere.json(&["appointments", "list", "--count"])["count"], 1);
}

#[test]
fn the_shipped_files_have_no_fault() {
    let done = Desk::new("").run(&["check", "--format", "json"]);
    assert_eq!((done.code, done.stdout.trim()), (Some(0), "[]"), "{}", done.stderr);
}

#[test]
fn a_message_is_rendered_as_a_patient_would_hear_it() {
    let desk = Desk::new("");
    let out = desk.config.with_file_name("reminder.wav");
    let arguments = ["prompts", "render", "--script", "reminder", "--site", "boston", "--start", "2026-12-01T14:30", "--out"];
    let result = desk.json(&[&arguments[..], &[out.to_str().expect("a path")]].concat());
    let text = result["text"].as_str().expect("words").to_lowercase();
    assert!(text.contains("december first") || text.contains("december first,"), "{text}");
    assert!(text.contains("two thirty"), "{text}");
    let reader = hound::WavReader::open(&out).expect("a WAV");
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (8000, 1, 16));
    let seconds = f64::from(reader.duration()) / 8000.0;
    assert!((seconds - result["seconds"].as_f64().expect("a length")).abs() < 0.01);
    assert!((10.0..60.0).contains(&seconds), "{seconds}");
}

#[test]
fn what_is_to_be_recorded_is_told_once_however_many_sites_there_are() {
    let sites =
        ["boston", "denver", "quincy"].map(|key| format!("[sites.{key}]\nname = \"Elsewhere\"\ntimezone = \"America/Denver\"\n"));
    let desk = Desk::new(&sites.concat());
    let faults = desk.json(&["check"]);
    let mut told: Vec<_> = faults.as_array().expect("faults").iter().map(|fault| fault["message"].to_string()).collect();
    assert!(told.len() >= 6 && told.iter().any(|message| message.contains("site/quincy")), "{told:#?}");
    let all = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), all, "{told:#?}");
    for language in ["en-US", "es-US"] {
        let of = |id: &str| told.iter().filter(|message| message.contains(&format!("{language} {id}: "))).count();
        assert_eq!((of("site/quincy"), of("at-site/quincy"), of("site/boston")), (1, 1, 1), "{language}: {told:#?}");
    }
}

#[test]
fn a_moment_that_is_none_is_answered_with_one_that_is() {
    let desk = Desk::new("");
    for arguments in [&["plan", "--at", "2026-11-25"][..], &["calls", "--since", "yesterday"], &["explain", "x", "--at", "13:00"]]
    {
        let done = desk.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(done.stderr.contains("such as 2026-11-25T08:00:00-05:00"), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
fn check_warns_where_a_feed_cannot_say_who_is_established() {
    let columns = "appointment_id = 1, patient_id = 2, phone_home = 3, start = 4, site = 5, service = 6";
    for (more, warned) in [("", true), (", established = 7", false)] {
        let desk = Desk::new(&format!("[feeds.daily]\nkind = \"csv\"\nheader = false\ncolumns = {{ {columns}{more} }}\n"));
        let done = desk.run(&["check"]);
        assert_eq!(done.code, Some(0), "a warning is no fault: {} {}", done.stdout, done.stderr);
        let said = "feeds.daily: no column says whether a patient is established, and job exam-and-radiology asks for it";
        assert_eq!(done.stderr.contains(said), warned, "{}", done.stderr);
    }
}

#[test]
fn check_finds_what_only_the_carrier_knows_to_be_wrong() {
    let desk = Desk::new(
        "[carriers.main]\nkind = \"twilio\"\naccount = \"AC1\"\nauth_token = { env = \"PATH\" }\nfrom = \"+16175550100\"\n\
         api_key = \"SK1\"\n",
    );
    let done = desk.run(&["check"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(done.stdout.contains("carriers.main.api_secret: want the secret of api_key"), "{}", done.stdout);
}
