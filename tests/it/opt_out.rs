//! The suppression list at the command line.

use crate::support::desk::{Desk, HEADER};
use serde_json::{Value, json};

const BEFORE: &str = "2046-11-26T13:00:00Z";

fn desk() -> Desk {
    let desk = Desk::new("");
    let file = desk.file("day.csv", format!("{HEADER}A1,P1,617-555-0101,2046-12-01T09:00,boston,exam,yes,\n").as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", BEFORE]).code, Some(0));
    desk
}

fn decided(desk: &Desk) -> (Value, Value) {
    let plan = desk.json(&["plan", "--at", BEFORE]);
    (plan[0]["decision"].clone(), plan[0]["reason"].clone())
}

#[test]
fn an_opt_out_is_added_by_staff_and_taken_back_and_stays_on_record() {
    let desk = desk();
    assert_eq!(decided(&desk), (json!("call"), Value::Null));
    assert_eq!(desk.run(&["opt-out", "add", "--patient", "P1", "--how", "letter", "--by", "Kim"]).code, Some(0));
    assert_eq!(decided(&desk), (json!("skip"), json!("opted_out")));
    let list = desk.json(&["opt-out", "list"]);
    assert_eq!((&list[0]["patient"], &list[0]["how"], &list[0]["phone"]), (&json!("P1"), &json!("letter: Kim"), &Value::Null));

    let done = desk.run(&["opt-out", "remove", "--patient", "P1", "--by", "Kim, asked at the desk"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(decided(&desk), (json!("call"), Value::Null));
    assert_eq!(desk.json(&["opt-out", "list"]), json!([]));
    let all = desk.json(&["opt-out", "list", "--all"]);
    assert_eq!((&all[0]["patient"], &all[0]["removed_by"]), (&json!("P1"), &json!("Kim, asked at the desk")));
    assert!(all[0]["removed_at"].is_string() && desk.run(&["opt-out", "list", "--all"]).stdout.contains("Kim, asked"), "{all}");
    let again = desk.run(&["opt-out", "remove", "--patient", "P1", "--by", "Kim"]);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("no such entry stands"), "{}", again.stderr);
}

#[test]
fn a_number_shows_its_last_four_digits_and_who_must_be_said() {
    let desk = desk();
    assert_eq!(desk.run(&["opt-out", "add", "--phone", "617-555-0101"]).code, Some(0));
    assert_eq!(desk.json(&["opt-out", "list"])[0]["phone"], "…0101");
    assert_eq!(desk.json(&["opt-out", "list", "--reveal"])[0]["phone"], "+16175550101");
    for (arguments, said) in [
        (&["opt-out", "add"][..], "say who"),
        (&["opt-out", "remove", "--by", "Kim"], "say who"),
        (&["opt-out", "remove", "--patient", "P1"], "--by"),
        (&["opt-out", "add", "--phone", "12"], "--phone"),
    ] {
        let done = desk.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(done.stderr.contains(said), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
fn a_patient_whom_nobody_knows_is_added_and_said() {
    let desk = desk();
    let doubt = "No patient with that id is in the schedule yet";
    for (patient, known) in [("P1", true), ("p1", false), ("P2", false)] {
        let done = desk.run(&["opt-out", "add", "--patient", patient]);
        assert_eq!((done.code, done.stderr.contains(doubt)), (Some(0), !known), "{patient}: {}", done.stderr);
    }
    assert_eq!(desk.json(&["opt-out", "list"]).as_array().map(Vec::len), Some(3));
    assert!(!desk.run(&["opt-out", "add", "--phone", "617-555-0199"]).stderr.contains(doubt));
}
