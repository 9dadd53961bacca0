//! `plan` as a scheduling office reads it.

use crate::support::desk::{Desk, HEADER};
use std::fs;

const BEFORE: &str = "2026-11-25T13:00:00Z";
/// One line could carry eighty calls of 45 seconds an hour, but only one may be begun in 100 seconds: 36 an hour.
const ONE_LINE: &str = "[carriers.main]\nkind = \"simulator\"\nmax_calls = 1\ncalls_per_second = 0.01\n";

/// Fifty exams in Boston, one in Denver, an infusion, a first visit, and a visit of a kind that nobody knows.
fn desk() -> Desk {
    let desk = Desk::new(ONE_LINE);
    let mut rows = HEADER.replace("service", "service,visit_type");
    for n in 10..60 {
        rows += &format!("A{n},P{n},617-555-01{n},2026-12-01T09:00,boston,exam,,yes,\n");
    }
    rows += "D1,P1,303-555-0101,2026-12-01T09:00,denver,exam,,yes,\n\
             I1,P2,617-555-0102,2026-12-02T09:00,boston,infusion,,yes,\n\
             F1,P3,617-555-0103,2026-12-02T09:00,boston,exam,,no,\n\
             U1,P4,617-555-0104,2026-12-02T09:00,boston,,GRONK,yes,\n";
    let file = desk.file("day.csv", rows.as_bytes());
    let done = desk.run(&["import", &file, "--at", BEFORE]);
    assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
    desk
}

/// The line that begins so, blanks collapsed.
fn line(page: &str, begins: &str) -> String {
    let mut lines = page.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("no line begins with {begins}: {page}"))
}

#[test]
fn calls_by_day_and_hour_against_the_lines_then_who_is_not_called() {
    let page = desk().run(&["plan", "--at", BEFORE]).stdout;
    assert!(page.starts_with("As of 2026-11-25T13:00:00+00:00: 51 of 54 visits are called about."), "{page}");
    assert!(page.contains("Sat 2026-11-28  51 calls"), "{page}");
    for (hour, numbers) in [("10:00 EST", "50 36 14"), ("11:00 EST", "0 14 0"), ("10:00 MST", "1 1 0")] {
        assert!(line(&page, hour).ends_with(numbers), "{hour}: {page}");
    }
    let full = line(&page, "10:00 EST");
    assert!(full.contains("█|▒▒"), "what is above the capacity is told apart without colour: {full}");
    assert_eq!(line(&page, "51 exam-and-radiology"), "51 exam-and-radiology Sat 2026-11-28 to Sat 2026-11-28");
    assert!(page.contains("Notices of changes: 0 calls"), "{page}");
    assert!(page.contains("Not called: 2") && page.contains("Needs a person: 1"), "{page}");
    assert_eq!(line(&page, "1 first visit"), "1 first visit The patient's first visit; the job is for established ones.");
    assert_eq!(line(&page, "1 unknown service"), "1 unknown service No rule knows this visit type: see `services unknown`.");
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    assert!(!page.contains("P1"), "the overview names no patient: {page}");
}

#[test]
fn a_call_that_finds_no_line_in_its_hours_is_said_beforehand() {
    let page = desk().run(&["plan", "--at", "2026-11-28T23:05:00Z"]).stdout;
    assert!(line(&page, "18:00 EST").ends_with("50 33 0 ! 17"), "{page}");
    assert!(page.contains("! 17 calls find no line before their hours are over"), "{page}");
}

#[test]
fn every_call_every_rule_or_every_decision() {
    let desk = desk();
    let list = desk.run(&["plan", "--list", "--at", BEFORE]).stdout;
    assert_eq!(list.matches("2026-11-28T10:00:00").count(), 51, "{list}");
    assert!(list.contains("P1/denver/2026-12-01") && list.contains("Not called: 2") && !list.contains("EST"), "{list}");
    let rules = desk.run(&["plan", "--explain", "--at", BEFORE]).stdout;
    let first = rules.split("\n\n").find(|part| part.contains("P3/boston/2026-12-02")).expect("P3's visit");
    assert!(
        first.contains("SKIP  first visit") && first.contains("pass  booked") && first.contains("FAIL  established"),
        "{first}"
    );
    let json = desk.json(&["plan", "--at", BEFORE]);
    assert_eq!(json.as_array().map(Vec::len), Some(54));
}

/// Two reminder jobs for the same visits, and one for what was moved.
fn two_jobs() -> Desk {
    let desk = Desk::new("");
    let folder = desk.config.with_file_name("jobs");
    fs::create_dir(&folder).expect("a folder");
    for (name, purpose) in [("first", "reminder"), ("second", "reminder"), ("moved", "moved")] {
        fs::write(folder.join(format!("{name}.toml")), format!("name = \"{name}\"\npurpose = \"{purpose}\"\n")).expect("a job");
    }
    let config = fs::read_to_string(&desk.config).expect("readable");
    let prompts = config.lines().find(|line| line.starts_with("prompts")).expect("a line");
    fs::write(&desk.config, format!("schedules = \"jobs\"\n{prompts}\n")).expect("written");
    desk
}

#[test]
fn a_call_that_two_jobs_want_is_one_call() {
    let desk = two_jobs();
    let rows = "A1,P1,617-555-0101,2026-12-01T09:00,boston,exam,yes,\nA2,P2,617-555-0102,2026-12-05T09:00,boston,exam,yes,\n";
    let file = desk.file("day.csv", format!("{HEADER}{rows}").as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", BEFORE]).code, Some(0));
    let page = desk.run(&["plan", "--at", BEFORE]).stdout;
    assert!(page.contains("2 of 2 visits are called about") && page.contains("Reminders: 2 calls"), "{page}");
    assert!(page.contains("Sat 2026-11-28  1 call\n"), "{page}");
    assert_eq!(line(&page, "2 first"), "2 first Sat 2026-11-28 to Wed 2026-12-02");
    assert_eq!(line(&page, "second"), "second and 2 calls that a job before it makes already.");
    let list = desk.run(&["plan", "--list", "--at", BEFORE]).stdout;
    assert_eq!(list.matches("P1/boston/2026-12-01").count(), 1, "{list}");
    // Each job has its decision all the same.
    assert_eq!(desk.json(&["plan", "--at", BEFORE]).as_array().map(Vec::len), Some(4));

    let jobs = desk.json(&["schedules", "next", "--at", BEFORE]);
    let calls =
        |job: usize| (jobs[job]["days"][3]["calls"].as_u64(), jobs[job]["later"].as_u64(), jobs[job]["made_by_another"].as_u64());
    assert_eq!((jobs[0]["job"].as_str(), calls(0)), (Some("first"), (Some(1), Some(1), Some(0))));
    assert_eq!((jobs[2]["job"].as_str(), calls(2)), (Some("second"), (Some(0), Some(0), Some(2))));
    let table = desk.run(&["schedules", "next", "--at", BEFORE]).stdout;
    assert!(table.contains("\n2 calls that a job before it makes already"), "{table}");
}

#[test]
fn a_visit_with_a_notice_is_one_visit() {
    let desk = two_jobs();
    for (at, start) in [(BEFORE, "2026-12-01T09:00"), ("2026-11-25T13:30:00Z", "2026-12-03T09:00")] {
        let rows = format!("A1,P1,617-555-0101,{start},boston,exam,yes,\nA2,P1,617-555-0101,2026-12-05T09:00,boston,exam,yes,\n");
        let file = desk.file("day.csv", format!("{HEADER}{rows}").as_bytes());
        assert_eq!(desk.run(&["import", &file, "--at", at]).code, Some(0));
    }
    let page = desk.run(&["plan", "--at", "2026-11-25T14:00:00Z"]).stdout;
    assert!(page.contains("2 of 2 visits are called about") && page.contains("Notices of changes: 1 call\n"), "{page}");
    let table = desk.run(&["schedules", "next", "--at", "2026-11-25T14:00:00Z"]).stdout;
    let moved = table.split("\n\n").find(|part| part.starts_with("moved")).expect("the job");
    assert!(moved.contains("08:00 to 21:00      1") && !moved.contains("visits of"), "{table}");
}
