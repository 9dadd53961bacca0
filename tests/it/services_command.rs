//! An edited list of classification rules, seen before it is in force, and put in force.

use crate::support::desk::Desk;
use serde_json::{Value, json};

const BEFORE: &str = "2046-11-26T13:00:00Z";
const ROWS: &str = "appointment_id,patient_id,phone_home,start,site,service,visit_type,department,established\n\
    A1,P1,617-555-0101,2046-12-01T09:00,boston,,GRONK,BLORP,yes\n\
    A2,P2,617-555-0102,2046-12-01T09:30,boston,,GRONK,BLORP,yes\n\
    A3,P3,617-555-0103,2046-12-01T10:00,boston,,FOLLOW UP,,yes\n\
    A4,P4,617-555-0104,2046-12-01T11:00,boston,exam,SNEEP,,yes\n\
    A5,P5,617-555-0105,2046-11-20T11:00,boston,,GRONK,BLORP,yes\n\
    A6,P6,617-555-0106,2046-12-01T12:00,boston,,FNORD,,yes\n";
const EDITED: &str = "[[rule]]\nclass = \"exam\"\ntext = \"gronk\"\n\n\
    [[rule]]\nclass = \"lab\"\ntext = [\"sneep\", \"follow up\"]\n";

fn desk() -> Desk {
    let desk = Desk::new("");
    let file = desk.file("day.csv", ROWS.as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", "2046-11-01T13:00:00Z"]).code, Some(0));
    desk
}

fn reasons(desk: &Desk) -> Vec<(Value, Value)> {
    let plan = desk.json(&["plan", "--at", BEFORE]);
    plan.as_array().expect("decisions").iter().map(|d| (d["patient"].clone(), d["reason"].clone())).collect()
}

#[test]
fn the_visit_types_that_no_rule_knows_are_counted_for_who_writes_the_rules() {
    let desk = desk();
    let unknown = desk.json(&["services", "unknown", "--since", "2046-11-01T00:00:00Z"]);
    let kinds: Vec<_> =
        unknown.as_array().expect("kinds").iter().map(|k| (&k["visit_type"], &k["department"], &k["appointments"])).collect();
    assert_eq!(kinds, [(&json!("GRONK"), &json!("BLORP"), &json!(3)), (&json!("FNORD"), &Value::Null, &json!(1))]);
    let later = desk.json(&["services", "unknown", "--since", BEFORE]);
    assert_eq!(later[0]["appointments"], 2);
    assert!(!unknown.to_string().contains("P1"), "it names no patient");
}

#[test]
fn an_edited_list_is_seen_first_and_changes_only_what_rules_had_classed() {
    let desk = desk();
    let edited = desk.file("edited.toml", EDITED.as_bytes());
    let preview = ["services", "preview", &edited, "--at", BEFORE];
    let rows = desk.json(&preview);
    let rows: Vec<_> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| [&r["visit"], &r["appointment"], &r["from"], &r["to"], &r["rule"]].map(|v| v.as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        rows,
        [
            ["P1/boston/2046-12-01", "A1", "unknown", "exam", "rule 1, line 2"],
            ["P2/boston/2046-12-01", "A2", "unknown", "exam", "rule 1, line 2"],
            ["P3/boston/2046-12-01", "A3", "exam", "lab", "rule 2, line 6"],
        ],
        "the feed named A4's class itself, A5 is past, and nothing changes about A6"
    );
    let page = desk.run(&preview).stdout;
    assert!(page.contains("GRONK") && page.contains("appointments"), "{page}");
    assert_eq!(desk.json(&["services", "preview", "--at", BEFORE]), json!([]), "the list in force changes nothing");
}

#[test]
fn bookings_follow_the_list_in_force_when_they_are_told_to() {
    let desk = desk();
    desk.planned(BEFORE);
    let before = reasons(&desk);
    assert_eq!(before[0], (json!("P1"), json!("unknown_service")));
    assert_eq!(before[2], (json!("P3"), Value::Null));
    desk.file("services.toml", EDITED.as_bytes());
    assert_eq!(desk.json(&["services", "apply", "--at", BEFORE]), json!({"changed": 3}));
    let after = reasons(&desk);
    assert_eq!(after[0], (json!("P1"), Value::Null));
    assert_eq!(after[2], (json!("P3"), json!("not_eligible_service")));
    assert_eq!(after[3], before[3], "P4's feed named the class");
    assert_eq!(desk.json(&["services", "apply", "--at", BEFORE]), json!({"changed": 0}));
    desk.planned(BEFORE);
    let work = desk.json(&["worklist", "list"]);
    assert!(!work.to_string().contains("P1/boston"), "what asked for a person is settled: {work}");
}

#[test]
fn a_list_with_a_fault_is_shown_with_its_place() {
    let desk = desk();
    let edited = desk.file("edited.toml", b"[[rule]]\nclass = \"exma\"\ntext = \"gronk\"\n");
    let done = desk.run(&["services", "preview", &edited]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("edited.toml:2") && done.stderr.contains("exam"), "{}", done.stderr);
    let missing = desk.run(&["services", "preview", "nowhere.toml"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("nowhere.toml"), "{}", missing.stderr);
}
