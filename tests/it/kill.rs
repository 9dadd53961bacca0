//! Killed at any instant and started again, no attempt is dialled twice and no key is lost whose webhook was answered with
//! success. The real process, `kill -9`, against the simulated telephone network as a separate process that keeps its own
//! account of the calls it placed.

use crate::support::process::{Program, free_port};
use chrono::{DateTime, Days, NaiveDate, Timelike, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

const KILLS: usize = 50;
const PATIENTS: usize = 400;
/// Behaviours by last two digits: confirm, reschedule, wrong key then confirm, silence until hung up, key during the message,
/// early hang-up, busy, refused, answers late, presses twice.
const BEHAVIOURS: [u32; 10] = [1, 2, 5, 7, 8, 9, 13, 15, 18, 20];

#[test]
fn killed_at_any_instant_nobody_is_dialled_twice_and_no_answer_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let (web, telephones) = (free_port(), free_port());
    write_hospital(folder.path(), web, telephones, PATIENTS);
    let config = folder.path().join("callahead.toml");
    let network =
        Program::start(&["carrier-simulator", "--listen", &format!("127.0.0.1:{telephones}"), "--speed", "20"], &config);
    network.listens(telephones);
    let imported = Program::run(&["import", folder.path().join("day.csv").to_str().expect("a path")], &config);
    assert!(imported.success, "{}", imported.stderr);

    for round in 0..KILLS {
        let engine = Program::start(&["serve"], &config);
        engine.answers(web, "/healthz");
        // The moment of death is so many calls or so many acknowledged keys further on, another number in every round: in
        // the middle of placing, and in the middle of talking. Where nothing more happens, it comes after a while.
        let (wanted, placing) = (1 + round % 5, round % 2 == 0);
        let progress = || if placing { placed(telephones).values().sum::<u64>() as usize } else { keys_acknowledged(telephones) };
        let start = progress();
        network.until(Duration::from_secs(2), progress, |now| *now >= start + wanted);
        engine.kill_hard();
    }

    let engine = Program::start(&["serve"], &config);
    engine.answers(web, "/healthz");
    let calls = engine.until(Duration::from_secs(240), || calls(&config), |calls| nothing_live(calls));
    assert!(nothing_live(&calls), "calls are still live: {:?}", statuses(&calls));

    let mut attempts: BTreeMap<String, u64> = BTreeMap::new();
    for call in calls.iter().filter(|c| !c["placed_at"].is_null()) {
        // An attempt that was judged never placed must not have been placed.
        if call["end_reason"] != "never_placed" {
            *attempts.entry(call["phone"].as_str().expect("a number").to_string()).or_default() += 1;
        }
    }
    let placed = placed(telephones);
    assert!(placed.len() > PATIENTS / 2, "the day took place: {} numbers were called", placed.len());
    for (attempt, times) in placed_by_attempt(telephones) {
        assert_eq!(times, 1, "attempt {attempt} was dialled {times} times");
    }
    for (number, times) in &placed {
        let ours = attempts.get(number).copied().unwrap_or_default();
        assert!(*times <= ours, "{number} was dialled {times} times for {ours} attempts");
    }
    let acknowledged = acknowledged_keys(telephones);
    assert!(acknowledged.len() > KILLS, "keys were pressed: {}", acknowledged.len());
    for (call_id, keys) in acknowledged {
        let ours = calls.iter().find(|c| c["carrier_call_id"] == call_id.as_str());
        let recorded = ours.map(|c| c["keys"].as_str().unwrap_or_default()).unwrap_or_default();
        assert!(is_within(&keys, recorded), "call {call_id}: keys {keys} were acknowledged, {recorded} are on record");
        if keys.ends_with('1') {
            assert_eq!(ours.expect("the call")["outcome"], "confirmed", "call {call_id}");
        }
    }
}

/// A zone whose clock shows about noon, and the day there.
pub fn noon_here(now: DateTime<Utc>) -> (String, NaiveDate) {
    let east = 12 - now.hour() as i32;
    // Etc/GMT-3 is three hours east of Greenwich.
    let zone = if east == 0 { "Etc/GMT".to_string() } else { format!("Etc/GMT{:+}", -east) };
    (zone, (now + chrono::Duration::hours(i64::from(east))).date_naive())
}

/// A hospital whose clock shows about noon now, so that the day lies around the test whenever it runs.
pub fn write_hospital(folder: &Path, web: u16, telephones: u16, patients: usize) {
    let (zone, today) = noon_here(Utc::now());
    let tomorrow = today + Days::new(1);
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let config = format!(
        r#"
prompts = "{}"
[server]
listen = "127.0.0.1:{web}"
public_url = "http://127.0.0.1:{web}"
[store]
url = "sqlite://day.db"
[sites.boston]
name = "Longwood"
timezone = "{zone}"
[carriers.main]
kind = "simulator"
api_url = "http://127.0.0.1:{telephones}"
account = "ACsimulator"
auth_token = "simulator"
from = "+16175550100"
calls_per_second = 8.0
max_calls = 20
ring_timeout = "15s"
[limits]
earliest = "00:00"
latest = "24:00"
max_call = "30s"
"#,
        prompts.display()
    );
    fs::write(folder.join("callahead.toml"), config).expect("the configuration");
    fs::create_dir(folder.join("schedules")).expect("a folder");
    let job = r#"
name = "day"
purpose = "reminder"
[select]
services = ["exam"]
established_patients_only = false
minimum_notice = "0s"
[when]
days_before = [1]
weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
until = "24:00"
holidays = "none"
no_later_than = "1h"
[call]
carrier = "main"
"#;
    fs::write(folder.join("schedules/day.toml"), job).expect("the job");
    let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service\n");
    for n in 0..patients {
        let number = format!("+1{}555{:02}{:02}", 201 + n / 100, n % 100, BEHAVIOURS[n % BEHAVIOURS.len()]);
        writeln!(csv, "A{n},P{n},{number},{tomorrow}T15:00,boston,exam").expect("text");
    }
    fs::write(folder.join("day.csv"), csv).expect("the file");
}

pub fn calls(config: &Path) -> Vec<Value> {
    let done = Program::run(&["calls", "--format", "json", "--reveal"], config);
    assert!(done.success, "{}", done.stderr);
    serde_json::from_str(&done.stdout).expect("JSON")
}

pub fn nothing_live(calls: &[Value]) -> bool {
    let over = ["completed", "failed", "cancelled", "planned"];
    calls.iter().all(|c| over.contains(&c["status"].as_str().expect("a status")))
}

fn statuses(calls: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call["status"].as_str().unwrap_or_default()).or_default() += 1;
    }
    counts
}

fn tally(telephones: u16) -> Value {
    crate::support::http::get_json(telephones, "/tally", ("ACsimulator", "simulator"))
}

pub fn placed(telephones: u16) -> BTreeMap<String, u64> {
    serde_json::from_value(tally(telephones)["by_number"].clone()).expect("numbers with counts")
}

/// How many calls were asked for with the same address, hence for the same attempt.
fn placed_by_attempt(telephones: u16) -> BTreeMap<String, u64> {
    serde_json::from_value(tally(telephones)["by_attempt"].clone()).expect("attempts with counts")
}

fn keys_acknowledged(telephones: u16) -> usize {
    acknowledged_keys(telephones).iter().map(|(_, keys)| keys.len()).sum()
}

/// The keys of each call whose webhook was answered with success.
fn acknowledged_keys(telephones: u16) -> Vec<(String, String)> {
    let calls = tally(telephones)["calls"].as_array().expect("calls").clone();
    calls
        .iter()
        .map(|c| (c["sid"].as_str().expect("an id").to_string(), c["acknowledged"].as_str().expect("keys").to_string()))
        .filter(|(_, keys)| !keys.is_empty())
        .collect()
}

/// Whether all of `part` stands in `whole`, in order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|key| rest.any(|k| k == key))
}
