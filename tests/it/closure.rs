//! A site is closed, or opens late: what the command says before anybody is called.

use crate::support::desk::Desk;
use serde_json::{Value, json};

/// Ten in the morning in Boston, the day before.
const NOW: &str = "2046-11-30T15:00:00Z";
const ROWS: &str = "appointment_id,patient_id,phone_home,start,site,service,status,established\n\
    A1,P1,617-555-0101,2046-12-01T14:00,boston,exam,,yes\n\
    A2,P2,617-555-0102,2046-12-01T08:00,boston,infusion,,yes\n\
    A3,P3,617-555-0103,2046-12-01T09:00,boston,radiology,,yes\n\
    A4,P4,617-555-0104 x12,2046-12-01T10:00,boston,exam,,yes\n\
    A5,P5,617-555-0105,2046-12-01T11:00,boston,exam,cancelled,yes\n\
    A6,P6,303-555-0106,2046-12-01T09:00,denver,exam,,yes\n\
    A7,P7,617-555-0107,2046-12-02T09:00,boston,exam,,yes\n";
const CLOSED: [&str; 9] = ["closure", "--site", "boston", "--date", "2046-12-01", "--reason", "a burst pipe", "--at", NOW];

fn desk() -> Desk {
    let desk = Desk::new("");
    let file = desk.file("day.csv", ROWS.as_bytes());
    let done = desk.run(&["import", &file, "--at", "2046-11-01T13:00:00Z"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    desk
}

/// Who is told of a closure, and from when on.
fn told(desk: &Desk) -> Vec<(Value, Value)> {
    let plan = desk.json(&["plan", "--at", NOW]);
    let closures = plan.as_array().expect("decisions").iter().filter(|d| d["purpose"] == "closure" && d["decision"] == "call");
    closures.map(|d| (d["patient"].clone(), d["call_after"].clone())).collect()
}

#[test]
fn everybody_there_that_day_is_told_in_order_of_visit_time_at_the_jobs_pace() {
    let desk = desk();
    let dry = desk.json(&[&CLOSED[..], &["--dry-run"]].concat());
    assert_eq!((&dry["declared"], &dry["visits"], told(&desk).len()), (&json!(false), &json!(4), 0), "nothing is written");

    let report = desk.json(&CLOSED);
    assert_eq!((&report["visits"], &report["by_telephone"], &report["per_hour"]), (&json!(4), &json!(3), &json!(120)));
    assert_eq!(report["not_by_telephone"], json!({"bad_phone": 1}));
    assert_eq!((&report["from"], &report["until"]), (&json!("2046-12-01T00:00:00-05:00"), &json!("2046-12-02T00:00:00-05:00")));
    let (first, second, last) = ("2046-11-30T10:00:00-05:00", "2046-11-30T10:00:30-05:00", "2046-11-30T10:01:30-05:00");
    assert_eq!((&report["first_call"], &report["last_call"]), (&json!(first), &json!(last)));
    let want = [("P1", last), ("P2", first), ("P3", second)].map(|(patient, at)| (json!(patient), json!(at)));
    assert_eq!(told(&desk), want, "P4, who has no number to dial, has the third turn");

    let twice = desk.run(&CLOSED);
    assert!(twice.code == Some(2) && twice.stderr.contains("declared already"), "{} {}", twice.stdout, twice.stderr);
    let list = desk.json(&["closure", "--list"]);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!((&list[0]["site"], &list[0]["reason"], &list[0]["visits"]), (&json!("boston"), &json!("a burst pipe"), &json!(4)));
    desk.planned(NOW);
    let work = desk.json(&["worklist", "list"]);
    let kinds: Vec<_> = work.as_array().expect("items").iter().map(|w| (&w["kind"], &w["patient"])).collect();
    assert!(kinds.contains(&(&json!("change_unannounced"), &json!("P4"))), "{work}");

    let reopen = ["closure", "--site", "boston", "--date", "2046-12-01", "--reopen", "--at", NOW];
    assert_eq!(desk.run(&reopen).code, Some(0));
    assert_eq!((told(&desk).len(), desk.json(&["closure", "--list"])), (0, json!([])));
    assert!(desk.json(&["closure", "--list", "--all"])[0]["withdrawn_at"].is_string());
    let again = desk.run(&reopen);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("No closure of boston on 2046-12-01 is in force"), "{}", again.stderr);
}

#[test]
fn a_part_of_the_day_and_a_late_opening_concern_those_who_are_booked_then() {
    for (times, visits, said) in [
        (&["--from", "13:00"][..], 1, "is closed from 2046-12-01T13:00:00-05:00 until 2046-12-02T00:00:00-05:00"),
        (&["--from", "08:30", "--until", "13:00"], 2, "is closed from 2046-12-01T08:30:00-05:00"),
        (&["--delay-to", "09:30"], 2, "boston opens at 2046-12-01T09:30:00-05:00:\nvisits from 2046-12-01T00:00:00-05:00"),
        (&["--until", "05:00"], 0, "0 visits are concerned"),
    ] {
        let page = desk().run(&[&CLOSED[..], times].concat());
        assert_eq!(page.code, Some(0), "{times:?}: {}", page.stderr);
        let concerned = if visits == 1 { "\n1 visit is concerned.".into() } else { format!("\n{visits} visits are concerned.") };
        assert!(page.stdout.contains(&concerned), "{times:?}: {}", page.stdout);
        assert!(page.stdout.contains(said) && page.stdout.contains("Declared."), "{times:?}: {}", page.stdout);
        assert!(page.stdout.lines().all(|line| line.chars().count() <= 100), "{}", page.stdout);
    }
}

#[test]
fn whoever_cannot_be_called_in_time_is_said_when_it_is_declared() {
    let late = [&CLOSED[..7], &["--at", "2046-12-01T12:30:00Z"]].concat();
    let report = desk().json(&late);
    assert_eq!(
        report["not_by_telephone"],
        json!({"bad_phone": 1, "too_late": 2}),
        "calls begin at 08:00, an hour before the visit is too late: {report:#}"
    );
    let fourth = json!("2046-12-01T08:01:30-05:00");
    assert_eq!((&report["by_telephone"], &report["first_call"]), (&json!(1), &fourth), "the fourth turn since calls begin");
    let page = desk().run(&late).stdout;
    assert!(page.contains("3 cannot be told by telephone in time") && page.contains("No calling hours are left"), "{page}");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let desk = desk();
    let with = |changes: &[&'static str]| [&["closure", "--reason", "snow", "--at", NOW][..], changes].concat();
    for (changes, said) in [
        (
            &["--site", "bosten", "--date", "2046-12-01"][..],
            "no site is called bosten: did you mean boston?; there are: boston, denver",
        ),
        (&["--site", "boston", "--date", "2046-11-29"], "2046-11-29 24:00 is past by the site's clock"),
        (&["--site", "boston", "--date", "2046-11-30", "--until", "09:00"], "2046-11-30 09:00 is past"),
        (
            &["--site", "boston", "--date", "2046-12-01", "--from", "12:00", "--until", "09:00"],
            "--from 12:00 is not before --until 09:00",
        ),
        (&["--site", "boston", "--date", "2046-12-01", "--until", "11:00", "--delay-to", "10:00"], "--delay-to 10:00 must be"),
        (&["--site", "boston", "--date", "2046-12-01", "--delay-to", "24:00"], "--delay-to 24:00 must be a time of that day"),
        (&["--site", "boston", "--date", "2046-12-01", "--from", "9"], "want a time of day such as 09:30"),
        (&["--site", "boston"], "--date"),
    ] {
        let done = desk.run(&with(changes));
        assert_eq!(done.code, Some(2), "{changes:?}: {}", done.stdout);
        assert!(done.stderr.contains(said), "{changes:?}: {}", done.stderr);
    }
    assert_eq!(desk.json(&["closure", "--list"]), json!([]), "nothing was declared");
}

#[test]
fn without_a_job_that_tells_closures_nothing_is_declared() {
    let desk = desk();
    let jobs = desk.config.with_file_name("jobs");
    std::fs::create_dir(&jobs).expect("a folder");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules/exam-and-radiology.toml");
    std::fs::copy(shipped, jobs.join("exam-and-radiology.toml")).expect("a copy");
    let text = std::fs::read_to_string(&desk.config).expect("readable");
    let lines: Vec<_> =
        text.lines().map(|line| if line.starts_with("schedules") { "schedules = \"jobs\"" } else { line }).collect();
    std::fs::write(&desk.config, lines.join("\n")).expect("written");
    let done = desk.run(&CLOSED);
    assert_eq!(done.code, Some(2), "{}", done.stdout);
    assert!(
        done.stderr.contains("no reminder job tells closures at boston") && done.stderr.contains("closure.toml"),
        "{}",
        done.stderr
    );
    assert_eq!(desk.json(&["closure", "--list"]), json!([]));
}
