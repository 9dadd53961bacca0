//! Three replicas on PostgreSQL behind the proxy, as `tools/replicas.sh` starts them, 20 calls a second to patients of every kind,
//! and one of the replicas killed with `kill -9` again and again at random moments. In the end the record and the worklist agree
//! with the carrier's own account. `CALLAHEAD_KILLS=300` for a long run, `CALLAHEAD_SEED` for the same moments again.

mod account;

use crate::kill::noon_here;
use crate::support::arrangement::Arrangement;
use crate::support::http;
use account::{Account, PER_DAY, Record};
use callahead::carrier::simulator::persona;
use callahead::chance::Chance;
use chrono::{Days, Utc};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const KILLS: u64 = 60;
const REPLICAS: usize = 3;
/// Calls a second, by all replicas together. Everybody's call is due when the killing begins, so that this pace, and the dead,
/// are all that holds calls back until the last ones: the carrier is offered so many a second whenever a replica lives. How many
/// it got while they were killed is the machine's affair, and is told.
const PACE: usize = 20;
/// While everybody is planned hardly anybody is called.
const PACE_WHILE_PLANNING: &str = "0.2";
/// How much faster than the world telephones ring and people speak: a call lasts 30 s of theirs at most, and three of the world.
const SPEED: u32 = 10;
/// So many that calls go on until the last kill, where replicas are slow to come back as well.
const PATIENTS_A_KILL: usize = 40;
/// Milliseconds from a kill to the next: so few that at any moment somebody is down, so many that the pace is held all the same.
const GAP: std::ops::Range<u64> = 1_000..3_000;
/// The last calls of unknown fate are settled a minute and a half after they were asked for: so long without any change, and the
/// rest of it for a machine that is busy.
const TO_SETTLE: Duration = Duration::from_secs(300);
/// How long the planner takes to look at everybody, or to hear of an end.
const TO_PLAN: Duration = Duration::from_secs(300);

#[test]
fn killed_at_random_moments_three_replicas_agree_with_the_carriers_own_account() {
    let kills = number("CALLAHEAD_KILLS").unwrap_or(KILLS);
    let seed = number("CALLAHEAD_SEED").unwrap_or_else(|| u64::from(Utc::now().timestamp_subsec_micros()));
    let patients = PATIENTS_A_KILL * kills as usize;
    let folder = tempfile::tempdir().expect("a folder");
    write_hospital(folder.path(), patients);
    let config = folder.path().join("callahead.toml").display().to_string();
    let (speed, replicas, chance) = (SPEED.to_string(), REPLICAS.to_string(), Chance::seeded(seed));
    let options = ["--config", &config, "--replicas", &replicas, "--speed", &speed, "--seed", &seed.to_string()];
    let Some(hospital) = Arrangement::start(&options) else { return };
    say(&format!("killing replicas {kills} times, seed {seed}, {patients} patients"));

    let imported = hospital.run(&["import", &folder.path().join("day.csv").display().to_string()]);
    assert!(imported.success, "{}", imported.stderr);
    // The first plan is written by one replica alone, and calls go on without it: kills are for the calls.
    let planned = hospital.until(TO_PLAN, || attempts(&hospital).values().sum::<usize>(), |planned| *planned >= patients);
    assert!(planned >= patients, "{planned} of {patients} are planned");
    set_pace(folder.path(), &PACE.to_string());
    for n in 1..=REPLICAS {
        hospital.signal(&format!("replica {n}"), "-KILL");
    }
    let began = Instant::now();
    for kill in 0..kills {
        if kill == kills * 3 / 4 {
            let waiting = attempts(&hospital).get("planned").copied().unwrap_or_default();
            assert!(waiting > 0, "what is killed has nothing to do any more");
        }
        std::thread::park_timeout(Duration::from_millis(GAP.start + chance.below(GAP.end - GAP.start)));
        // Now and then the last one that is up dies too.
        kill_one(&hospital, &chance, if kill % 8 == 7 { 1 } else { 2 });
    }
    let (killing, placed) = (began.elapsed(), Account::of(&hospital).calls.len());
    let waiting = attempts(&hospital).get("planned").copied().unwrap_or_default();

    let record = settled(&hospital);
    let account = Account::of(&hospital);
    let faults = account::disagreements(&account, &record);
    say(&format!(
        "kills {kills} in {:.0} s, seed {seed}; calls {} ({:.1} of {PACE} a second while killing, {waiting} waited after it), {} keys \
         acknowledged, {} numbers with all the calls of a day, {} attempts never placed; outcomes {:?}; worklist {:?}; {} calls \
         found no replica; settled after {:.0} s",
        killing.as_secs_f64(),
        account.calls.len(),
        placed as f64 / killing.as_secs_f64(),
        account.acknowledged_keys(),
        account.full_numbers(),
        record.never_placed(),
        record.outcomes(),
        record.work(),
        account.without_words(),
        began.elapsed().as_secs_f64(),
    ));
    assert!(faults.is_empty(), "seed {seed}: {} disagreements: {:#?}", faults.len(), &faults[..faults.len().min(20)]);
    // A day that did not take place proves nothing.
    assert!(account.calls.len() > patients / 2, "{} calls to {patients} patients", account.calls.len());
    assert!(account.acknowledged_keys() > patients / 4, "{} keys", account.acknowledged_keys());
    assert!(account.full_numbers() > patients / 37 / 4, "{} numbers with all their calls", account.full_numbers());
}

/// Kills one of the replicas, as soon as at least so many are up.
fn kill_one(hospital: &Arrangement, chance: &Chance, at_least: usize) {
    let names: Vec<String> = (1..=REPLICAS).map(|n| format!("replica {n}")).collect();
    let is_up = |name: &&String| http::get(hospital.port(name), "/healthz").is_some_and(|answer| answer.contains(" 200 "));
    let up = || names.iter().filter(is_up).collect::<Vec<_>>();
    let up = hospital.until(Duration::from_secs(60), up, |up| up.len() >= at_least);
    assert!(up.len() >= at_least, "replicas that died are started again, and {} are up", up.len());
    let one = up[chance.below(up.len() as u64) as usize];
    assert!(hospital.signal(one, "-KILL"), "{one} was there");
}

/// The record when the day is over: nothing is under way and nothing waits. What the carrier noticed of a moment in which no
/// replica lived is on the worklist, and may hold the carrier back until somebody has looked: here somebody does.
fn settled(hospital: &Arrangement) -> Record {
    let over = |status: &String| ["completed", "failed", "cancelled"].contains(&status.as_str());
    let (mut left, mut changed) = (attempts(hospital), Instant::now());
    while left.is_empty() || !left.keys().all(over) {
        assert!(changed.elapsed() < TO_SETTLE, "not settled: {left:?}");
        std::thread::park_timeout(Duration::from_secs(1));
        let now = attempts(hospital);
        if now != left {
            (left, changed) = (now, Instant::now());
        } else if changed.elapsed() > Duration::from_secs(10) {
            for item in Record::of(hospital).carrier_faults() {
                hospital.run(&["worklist", "resolve", item, "--note", "no replica lived then"]);
            }
        }
    }
    // The planner has seen the last ends soon after.
    let look = || {
        std::thread::park_timeout(Duration::from_secs(1));
        Record::of(hospital)
    };
    hospital.until(TO_PLAN, look, Record::is_planned)
}

/// How many attempts stand where, planned ones too, as a replica tells it.
fn attempts(hospital: &Arrangement) -> BTreeMap<String, usize> {
    std::thread::park_timeout(Duration::from_millis(250));
    let told = (1..=REPLICAS).find_map(|n| http::get(hospital.port(&format!("replica {n}")), "/metrics")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for line in told.lines().filter_map(|line| line.strip_prefix("callahead_attempts{status=\"")) {
        let (status, count) = (line.split('"').next(), line.rsplit(' ').next().and_then(|count| count.parse::<usize>().ok()));
        *counts.entry(status.unwrap_or_default().to_string()).or_default() += count.expect("a count");
    }
    counts
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}: want a number")))
}

/// Not eprintln!, which the test runner would swallow.
fn say(line: &str) {
    std::io::stderr().write_all(format!("kill_replicas: {line}\n").as_bytes()).expect("standard error takes a line");
}

/// What a replica that is started from now on keeps to.
fn set_pace(folder: &Path, pace: &str) {
    let file = folder.join("callahead.toml");
    let config = fs::read_to_string(&file).expect("the configuration");
    let faster = config.replace(&format!("calls_per_second = {PACE_WHILE_PLANNING}"), &format!("calls_per_second = {pace}"));
    assert_ne!(config, faster);
    fs::write(file, faster).expect("the configuration");
}

/// A hospital that calls everybody today about a visit of tonight: what is not reached by then is on the worklist. Every tenth
/// number is that of two patients, and every 37th that of five, of whom not all can be called on one day.
fn write_hospital(folder: &Path, patients: usize) {
    let (zone, today) = noon_here(Utc::now());
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let config = format!(
        r#"
prompts = "{}"
[sites.boston]
name = "Longwood"
timezone = "{zone}"
[carriers.main]
kind = "simulator"
account = "ACsimulator"
from = "+16175550100"
calls_per_second = {PACE_WHILE_PLANNING}
max_calls = 300
ring_timeout = "15s"
[limits]
per_day = {PER_DAY}
per_week = 50
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
[attempts]
max = 1
no_answer = "next_day"
busy = "5s"
failed = "5s"
same_day_redials = 2
[call]
script = "reminder"
carrier = "main"
phones = ["home"]
voicemail = "minimal"
leave_voicemail = "first"
transfer = false
"#;
    fs::write(folder.join("schedules/day.toml"), job).expect("the job");
    let tonight = today + Days::new(1);
    let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service\n");
    for n in 0..patients {
        // Behaviours stand in the last two digits.
        let behaviour = persona::TABLE[n % persona::TABLE.len()].digits;
        let number = format!("+1617{:03}{:02}{behaviour}", 200 + n / 100, n % 100);
        writeln!(csv, "A{n},P{n},{number},{tonight}T00:30,boston,exam").expect("text");
        let beside: &[&str] = match (n % 37, n % 10) {
            // Whoever opts out does so for everybody at that number.
            _ if behaviour == "26" => &[],
            (1, _) => &["B", "C", "D", "E"],
            (_, 0) => &["B"],
            _ => &[],
        };
        for who in beside {
            writeln!(csv, "{who}{n},Q{who}{n},{number},{tonight}T00:30,boston,exam").expect("text");
        }
    }
    fs::write(folder.join("day.csv"), csv).expect("the file");
}
