//! Why one visit is or is not called about: at the command line and by the API.

use crate::support::desk::{Desk, HEADER};
use crate::support::http::{get, post_json};
use crate::support::process::{Program, free_port};
use serde_json::{Value, json};

const BEFORE: &str = "2046-11-26T13:00:00Z";
const VISIT: &str = "P1/boston/2046-12-01";

/// Two patients with a visit each, imported.
fn desk(extra: &str) -> Desk {
    let desk = Desk::new(extra);
    let rows = format!(
        "{HEADER}A1,P1,617-555-0101,2046-12-01T09:00,boston,exam,yes,\n\
         A2,P2,617-555-0102,2046-12-01T10:00,boston,infusion,yes,\n"
    );
    let file = desk.file("day.csv", rows.as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", BEFORE]).code, Some(0));
    desk
}

#[test]
fn a_visit_to_come_is_explained_with_every_rule_and_a_past_one_by_what_was_decided() {
    let desk = desk("");
    let why = desk.json(&["explain", VISIT, "--history", "--at", BEFORE]);
    assert_eq!(why["decisions"].as_array().map(Vec::len), Some(1));
    assert_eq!(why["decisions"][0], desk.json(&["plan", "--at", BEFORE])[0], "as `plan` prints it");
    assert_eq!(why["decisions"], desk.json(&["explain", VISIT, "--at", BEFORE]), "alone where nobody asks for more");
    assert_eq!((&why["attempts"], &why["history"]), (&json!([]), &json!([])), "nothing was written");

    desk.planned(BEFORE);
    let cancelled = "appointment_id,patient_id,phone_home,start,site,service,status,established\n\
                     A1,P1,617-555-0101,2046-12-01T09:00,boston,exam,cancelled,yes\n";
    let file = desk.file("later.csv", cancelled.as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", "2046-11-27T13:00:00Z"]).code, Some(0));
    desk.planned("2046-11-27T13:05:00Z");

    let after = ["explain", VISIT, "--history", "--at", "2046-12-05T13:00:00Z"];
    let why = desk.json(&after);
    assert_eq!(why["decisions"], json!([]), "it is past");
    let reminders = |d: &&Value| d["decision"]["purpose"] == "reminder";
    let history: Vec<_> = why["history"].as_array().expect("history").iter().filter(reminders).collect();
    let told: Vec<_> = history.iter().map(|h| (&h["at"], &h["decision"]["decision"], &h["decision"]["reason"])).collect();
    let (first, second) = (json!("2046-11-26T08:00:00-05:00"), json!("2046-11-27T08:05:00-05:00"));
    assert_eq!(told, [(&first, &json!("call"), &Value::Null), (&second, &json!("skip"), &json!("not_booked"))]);
    let attempts = why["attempts"].as_array().expect("attempts");
    let attempt = attempts.iter().find(|a| a["purpose"] == "reminder").expect("the reminder");
    assert_eq!(
        (&attempt["purpose"], &attempt["status"], &attempt["phone"]),
        (&json!("reminder"), &json!("cancelled"), &json!("…0101"))
    );
    assert_eq!(why["appointments"][0]["status"], "cancelled");
    let change = &why["changes"][0];
    assert_eq!((&change["appointment"], &change["closed"]), (&json!("A1"), &Value::Null), "nobody has told P1 yet");
    let page = desk.run(&after).stdout;
    for said in [
        "Nothing is decided about it now",
        "exam, cancelled",
        "to …0101: cancelled",
        "skip, not booked",
        "was 2046-12-01T09:00:00-05:00 at boston: not told yet",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn a_visit_that_nobody_knows_and_a_name_that_is_none() {
    let desk = desk("");
    let done = desk.run(&["explain", "P1/bostn/2046-12-01"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("No site is called bostn; there are: boston, denver"), "{}", done.stderr);
    let done = desk.run(&["explain", "P1"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("patient/site/YYYY-MM-DD"), "{}", done.stderr);
}

#[test]
fn the_api_gives_the_plan_in_pages_and_the_reasons_of_one_visit() {
    let (port, console) = (free_port(), free_port());
    let desk = desk(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\nconsole = \"127.0.0.1:{console}\"\n"
    ));
    let service = Program::start(&["serve"], &desk.config);
    service.answers(port, "/healthz");

    let body = |answer: &str| -> Value {
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).unwrap_or_else(|e| panic!("{e}: {answer}"))
    };
    let (mut path, mut seen) = ("/api/v1/plan?limit=1".to_string(), Vec::new());
    loop {
        let answer = get(console, &path).expect("an answer");
        seen.extend(body(&answer).as_array().expect("decisions").iter().map(|d| d["visit"].clone()));
        let link = answer.lines().find_map(|line| line.strip_prefix("link: <"));
        let Some(next) = link.and_then(|link| link.split_once(">; rel=\"next\"")) else { break };
        path = next.0.to_string();
        assert!(!path.contains("P1"), "an address names nobody: {path}");
    }
    assert_eq!(seen, ["P1/boston/2046-12-01", "P2/boston/2046-12-01"], "each once, in the order of `plan`");

    let why = body(&post_json(console, "/api/v1/explain", &json!({"visit": "P2/boston/2046-12-01"})).expect("an answer"));
    assert_eq!(why["decisions"][0]["reason"], "not_eligible_service");
    let rules = why["decisions"][0]["rules"].as_array().expect("rules");
    assert_eq!(rules.last().expect("the last one")["verdict"], "fail");
    for (visit, status) in [("P9/boston/2046-12-01", "404"), ("P9", "422")] {
        let answer = post_json(console, "/api/v1/explain", &json!({"visit": visit})).expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{visit}: {answer}");
    }
    let openapi = body(&get(console, "/api/openapi.json").expect("an answer"));
    assert!(openapi["paths"]["/api/v1/plan"]["get"].is_object() && openapi["paths"]["/api/v1/explain"]["post"].is_object());
}
