//! `plan --explain` for one visit of every reason: which rule decided, with what it saw.

use crate::support::desk::Desk;
use callahead::core::domain::{Attempt, AttemptStatus, Dial, Outcome, Outreach, PhoneKind, PhoneNumber, Purpose, VisitKey};
use callahead::store::PlanCommit;
use chrono::{DateTime, Utc};
use std::fs;
use std::path::Path;

/// Ten o'clock on a Friday in Boston: the day to call about a Monday.
const NOW: &str = "2026-11-27T15:00:00Z";

const ROWS: &str = "\
appointment_id,patient_id,phone_home,language,start,duration_minutes,site,service,visit_type,status,established,opt_out,no_call,deceased,booked_at
A1,is-called,617-555-0101,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
A2,is-pending,617-555-0102,,2026-11-30T09:30,30,boston,exam,,pending,yes,,,,2026-11-01T09:00
A3,has-infusion,617-555-0103,,2026-11-30T09:30,30,boston,infusion,,booked,yes,,,,2026-11-01T09:00
A4,has-gronk,617-555-0104,,2026-11-30T09:30,30,boston,,GRONK,booked,yes,,,,2026-11-01T09:00
A5,has-died,617-555-0105,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,yes,2026-11-01T09:00
A6,wants-no-call,617-555-0106,,2026-11-30T09:30,30,boston,exam,,booked,yes,,yes,,2026-11-01T09:00
A7,opted-out,617-555-0107,,2026-11-30T09:30,30,boston,exam,,booked,yes,yes,,,2026-11-01T09:00
A8,is-new,617-555-0108,,2026-11-30T09:30,30,boston,exam,,booked,no,,,,2026-11-01T09:00
A9,has-confirmed,617-555-0109,,2026-11-30T09:30,30,boston,exam,,confirmed,yes,,,,2026-11-01T09:00
B1,has-heard,617-555-0110,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B2,has-no-phone,,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B3,has-an-extension,617-555-0112 x5,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B4,speaks-french,617-555-0113,fr,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B5,is-at-two-sites,617-555-0114,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B6,is-at-two-sites,617-555-0114,,2026-11-30T07:45,30,denver,exam,,booked,yes,,,,2026-11-01T09:00
B7,lives-on-guam,671-555-0115,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
B8,booked-late,617-555-0116,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-30T01:00
B9,was-called-today,617-555-0117,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
C1,never-answered,617-555-0118,,2026-11-30T09:30,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
C2,comes-today,617-555-0119,,2026-11-27T18:00,30,boston,exam,,booked,yes,,,,2026-11-01T09:00
";

/// Who stands for which reason, and in which job.
const REASONS: [(&str, &str, &str); 21] = [
    ("CALL", "is-called", "exam-and-radiology"),
    ("SKIP  job disabled", "is-called", "off"),
    ("SKIP  site or department excluded", "is-called", "denver"),
    ("SKIP  not booked", "is-pending", "exam-and-radiology"),
    ("SKIP  not eligible service", "has-infusion", "exam-and-radiology"),
    ("REVIEW  unknown service", "has-gronk", "exam-and-radiology"),
    ("SKIP  deceased", "has-died", "exam-and-radiology"),
    ("SKIP  no call flag", "wants-no-call", "exam-and-radiology"),
    ("SKIP  opted out", "opted-out", "exam-and-radiology"),
    ("SKIP  first visit", "is-new", "exam-and-radiology"),
    ("SKIP  already confirmed", "has-confirmed", "exam-and-radiology"),
    ("SKIP  already reached", "has-heard", "exam-and-radiology"),
    ("SKIP  no callable phone", "has-no-phone", "exam-and-radiology"),
    ("REVIEW  bad phone", "has-an-extension", "exam-and-radiology"),
    ("REVIEW  unknown language", "speaks-french", "exam-and-radiology"),
    ("REVIEW  conflicting times", "is-at-two-sites", "exam-and-radiology"),
    ("REVIEW  no common hours", "lives-on-guam", "mornings"),
    ("SKIP  too short notice", "booked-late", "exam-and-radiology"),
    ("SKIP  capped", "was-called-today", "exam-and-radiology"),
    ("SKIP  attempts exhausted", "never-answered", "exam-and-radiology"),
    ("SKIP  too late", "comes-today", "exam-and-radiology"),
];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// Calls that were made about a visit: when, and what came of each.
fn tried(visit: &str, phone: &str, calls: &[(&str, Outcome)]) -> Vec<(Outreach, Attempt)> {
    let outreach = Outreach {
        id: format!("o-{visit}").as_str().into(),
        visit: VisitKey::parse(visit).expect("a visit"),
        version: 1,
        purpose: Purpose::Reminder,
        touch: 1,
        job: "exam-and-radiology".into(),
        start: at("2026-11-30T14:30:00Z"),
        moved_from: None,
    };
    let attempt = |(number, (placed, outcome)): (u32, &(&str, Outcome))| Attempt {
        status: AttemptStatus::Completed,
        placed_at: Some(at(placed)),
        ended_at: Some(at(placed) + chrono::Duration::minutes(1)),
        outcome: Some(*outcome),
        ..Attempt::planned(
            format!("a-{visit}-{number}").as_str().into(),
            outreach.id.clone(),
            number,
            Dial {
                due_at: at(placed),
                not_after: at(placed) + chrono::Duration::hours(1),
                phone_kind: PhoneKind::Home,
                phone: PhoneNumber::parse(phone).expect("a number"),
                language: "en-US".into(),
                carrier: "main".into(),
            },
        )
    };
    (1..).zip(calls).map(|call| (outreach.clone(), attempt(call))).collect()
}

#[tokio::main]
async fn remember(desk: &Desk, open: Vec<(Outreach, Attempt)>) {
    let store = desk.store().await;
    store.commit_plan(&PlanCommit { at: Some(at(NOW)), open, ..PlanCommit::default() }).await.expect("calls that were made");
    store.close().await;
}

/// The shipped job, the same switched off, for Denver alone, and one with hours of its own.
fn jobs(desk: &Desk) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/exam-and-radiology.toml");
    let shipped = fs::read_to_string(shipped).expect("the shipped job");
    let named = |name: &str| shipped.replace("name = \"exam-and-radiology\"", &format!("name = \"{name}\""));
    for (name, text) in [
        ("exam-and-radiology", shipped.clone()),
        ("off", named("off").replace("enabled = true", "enabled = false")),
        ("denver", named("denver").replace("sites = []", "sites = [\"denver\"]")),
        ("mornings", named("mornings").replace("until = \"19:00\"", "until = \"12:00\"")),
    ] {
        desk.file(&format!("jobs/{name}.toml"), text.as_bytes());
    }
}

#[test]
fn plan_explain_shows_a_visit_of_every_reason() {
    let desk = Desk::new("");
    let text = fs::read_to_string(&desk.config).expect("the configuration");
    let own = text.lines().map(|line| if line.starts_with("schedules") { "schedules = \"jobs\"" } else { line });
    fs::write(&desk.config, own.collect::<Vec<_>>().join("\n")).expect("the configuration");
    fs::create_dir(desk.config.with_file_name("jobs")).expect("a folder");
    let none = desk.file("day.csv", ROWS.as_bytes());
    let done = desk.run(&["import", &none, "--at", "2026-11-20T15:00:00Z"]);
    assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
    let no_job = desk.run(&["plan", "--explain", "--at", NOW]).stdout;
    assert!(no_job.contains("SKIP  no job"), "{no_job}");

    jobs(&desk);
    let open = [
        tried("has-heard/boston/2026-11-30", "617-555-0110", &[("2026-11-26T15:00:00Z", Outcome::Heard)]),
        tried("was-called-today/boston/2026-12-15", "617-555-0117", &[("2026-11-27T14:00:00Z", Outcome::NoAnswer)]),
        tried(
            "never-answered/boston/2026-11-30",
            "617-555-0118",
            &[("2026-11-25T15:00:00Z", Outcome::NoAnswer), ("2026-11-26T21:00:00Z", Outcome::HungUpEarly)],
        ),
    ];
    remember(&desk, open.concat());
    let done = desk.run(&["plan", "--explain", "--at", NOW]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let shown: Vec<&str> = done.stdout.split("\n\n").collect();
    for (reason, who, job) in REASONS {
        let one = shown.iter().find(|part| {
            part.trim_start().starts_with(&format!("{who}/")) && part.contains(&format!("job {job} (")) && part.contains(reason)
        });
        let one = one.unwrap_or_else(|| panic!("{reason}: {}", done.stdout));
        eprintln!("{}\n", one.trim());
        let failed = one.matches("FAIL").count();
        assert_eq!(failed, usize::from(reason != "CALL"), "one rule decides, the last one judged: {one}");
        assert!(reason == "CALL" || one.trim_end().lines().last().is_some_and(|line| line.contains("FAIL")), "{one}");
    }
}
