//! Decisions are kept with what they were made of, and can be made again.

use crate::support::desk::{Desk, HEADER};
use callahead::audit::rules_form;
use callahead::config::Config;
use callahead::core::plan::{Clock24, Holidays, Rules};
use callahead::rulebook;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;

/// The shipped jobs under the default configuration.
fn shipped() -> Rules {
    let config = Config::defaults();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules");
    let (jobs, faults) = rulebook::load_jobs(&folder, &config, &[]);
    assert_eq!(faults, []);
    rulebook::rules(&config, jobs, vec!["en-US".into()])
}

#[test]
fn rules_are_read_back_as_they_were() {
    let mut rules = shipped();
    rules.jobs[0].when.holidays = Holidays::Dates(["2026-12-24".parse().expect("a date")].into());
    rules.jobs[0].when.until = Clock24::END;
    let (name, text) = rules_form(&rules);
    let read: Rules = serde_json::from_str(&text).expect("rules");
    assert_eq!((&read.jobs, &read.limits, &read.sites), (&rules.jobs, &rules.limits, &rules.sites));
    assert_eq!((&read.language, &read.languages, &read.area_codes), (&rules.language, &rules.languages, &rules.area_codes));
    assert_eq!(rules_form(&read), (name, text));
}

#[test]
fn other_rules_have_another_name() {
    let rules = shipped();
    let (name, _) = rules_form(&rules);
    assert_eq!((name.len(), rules_form(&rules.clone()).0), (64, name.clone()));
    let mut stricter = rules.clone();
    stricter.limits.per_week -= 1;
    assert_ne!(rules_form(&stricter).0, name);
    let by_another_table = Rules { area_codes: "another".to_string(), ..rules };
    assert_ne!(rules_form(&by_another_table).0, name);
}

const BEFORE: &str = "2046-11-26T13:00:00Z";

/// Three patients, imported and planned.
fn planned() -> Desk {
    let desk = Desk::new("");
    let rows = format!(
        "{HEADER}A1,P1,617-555-0101,2046-12-01T09:00,boston,exam,yes,\n\
         A2,P2,213-555-0102,2046-12-01T10:00,boston,radiology,yes,\n\
         A3,P3,617-555-0103,2046-12-01T10:00,boston,infusion,yes,\n"
    );
    let file = desk.file("day.csv", rows.as_bytes());
    assert_eq!(desk.run(&["import", &file, "--at", BEFORE]).code, Some(0));
    desk.planned(BEFORE);
    desk
}

/// Somebody changes what is stored behind our back.
#[tokio::main]
async fn tampered(desk: &Desk, statement: &'static str) {
    let mut connection = SqliteConnection::connect(&desk.url()).await.expect("the database");
    let done = sqlx::query(statement).execute(&mut connection).await.expect("a sound statement");
    assert!(done.rows_affected() > 0, "{statement}");
    connection.close().await.expect("closed");
}

#[test]
fn decisions_made_again_come_out_as_they_are_stored() {
    let desk = planned();
    let found = desk.json(&["audit", "replay"]);
    let all = found["replayed"].as_u64().expect("a number");
    assert!(all >= 3, "{found}");
    assert_eq!(found, json!({"replayed": all, "equal": all, "other_area_codes": 0, "differences": []}));
    // Days later and under other rules the stored ones count.
    let stricter = format!("{}\n[limits]\nper_week = 2\n", std::fs::read_to_string(&desk.config).expect("readable"));
    std::fs::write(&desk.config, stricter).expect("written");
    desk.planned("2046-11-29T16:00:00Z");
    let found = desk.json(&["audit", "replay"]);
    assert_eq!((&found["equal"], &found["differences"]), (&found["replayed"], &json!([])));
    assert_eq!(desk.json(&["audit", "replay", "--limit", "2"])["replayed"], 2);
    assert_eq!(desk.json(&["audit", "replay", "--since", "2047-01-01T00:00:00Z"])["replayed"], 0);
}

#[test]
fn what_was_altered_is_found() {
    for (statement, found, count) in [
        ("UPDATE decisions SET body = replace(body, '10:00:00-05:00', '11:00:00-05:00') WHERE visit LIKE 'P1/%'", "different", 1),
        ("UPDATE decisions SET essence = 'call touch 2 version 1' WHERE visit LIKE 'P1/%'", "different", 1),
        (
            "UPDATE plan_inputs SET facts = replace(facts, '\"opted_out\":false', '\"opted_out\":true') WHERE patient = 'P1'",
            "different",
            1,
        ),
        ("UPDATE decisions SET job = 'another' WHERE visit LIKE 'P1/%'", "not_decided", 1),
        ("UPDATE rule_sets SET body = replace(body, '\"per_week\":3', '\"per_week\":9')", "rules_altered", 3),
        ("UPDATE plan_inputs SET facts = substr(facts, 9) WHERE patient = 'P1'", "inputs_lost", 1),
        ("PRAGMA foreign_keys = OFF; DELETE FROM plan_inputs WHERE patient = 'P1'", "inputs_lost", 1),
        ("PRAGMA foreign_keys = OFF; DELETE FROM rule_sets", "rules_lost", 3),
    ] {
        let desk = planned();
        tampered(&desk, statement);
        let done = desk.run(&["audit", "replay", "--format", "json"]);
        assert_eq!(done.code, Some(1), "{statement}: {}", done.stderr);
        let report: Value = serde_json::from_str(&done.stdout).expect("JSON");
        let differences = report["differences"].as_array().expect("differences");
        assert!(differences.len() >= count && differences.iter().all(|d| d["found"] == found), "{statement}: {report:#}");
        assert!(differences[0]["visit"] == "P1/boston/2046-12-01" && differences[0]["stored"]["visit"].is_string());
    }
    let desk = planned();
    tampered(&desk, "UPDATE decisions SET body = replace(body, '10:00:00-05:00', '11:00:00-05:00') WHERE visit LIKE 'P1/%'");
    let page = desk.run(&["audit", "replay"]).stdout;
    let line = "call_after: stored \"2046-11-28T11:00:00-05:00\", recomputed \"2046-11-28T10:00:00-05:00\"";
    assert!(page.contains(line) && page.contains("1 different"), "{page}");
}

#[test]
fn another_table_of_area_codes_is_said() {
    let desk = planned();
    renamed_table(&desk);
    let found = desk.json(&["audit", "replay"]);
    assert_eq!((&found["other_area_codes"], &found["equal"]), (&found["replayed"], &found["replayed"]));
    assert!(desk.run(&["audit", "replay"]).stdout.contains("another table of area codes"));
}

/// Keeps the stored rules under another name of the table, and under the name that these rules have then.
#[tokio::main]
async fn renamed_table(desk: &Desk) {
    let mut connection = SqliteConnection::connect(&desk.url()).await.expect("the database");
    let body: String = sqlx::query_scalar("SELECT body FROM rule_sets").fetch_one(&mut connection).await.expect("one set");
    let mut rules: Rules = serde_json::from_str(&body).expect("rules");
    rules.area_codes = "older".to_string();
    let (id, body) = rules_form(&rules);
    sqlx::query("INSERT INTO rule_sets (id, body) VALUES ($1, $2)")
        .bind(&id)
        .bind(&body)
        .execute(&mut connection)
        .await
        .expect("kept");
    sqlx::query("UPDATE plan_inputs SET rules = $1").bind(&id).execute(&mut connection).await.expect("kept");
    connection.close().await.expect("closed");
}
