//! A back-up is made while calls are placed, the store is lost, and the back-up is restored: nobody is called a second time
//! whom the carrier knows to have been called.

use crate::kill::{calls, nothing_live, placed, write_hospital};
use crate::store_suite::samples::{self, at, number};
use crate::support::process::{Program, free_port};
use crate::support::troubled_store::TroubledStore;
use callahead::backup::{self, Schedule, keep_making};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::core::domain::{AttemptStatus, WorkKind};
use callahead::store::{self, SharedStore};
use chrono::{SecondsFormat, Utc};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PATIENTS: usize = 40;
const LONG: Duration = Duration::from_secs(120);

/// A hospital in a folder of its own, with its telephone network.
struct Hospital {
    folder: tempfile::TempDir,
    config: PathBuf,
    web: u16,
    telephones: u16,
    network: Program,
}

impl Hospital {
    fn new() -> Hospital {
        let folder = tempfile::tempdir().expect("a folder");
        let (web, telephones) = (free_port(), free_port());
        write_hospital(folder.path(), web, telephones, PATIENTS);
        let config = folder.path().join("callahead.toml");
        let listen = format!("127.0.0.1:{telephones}");
        let network = Program::start(&["carrier-simulator", "--listen", &listen, "--speed", "20"], &config);
        network.listens(telephones);
        Hospital { folder, config, web, telephones, network }
    }

    fn serve(&self) -> Program {
        let engine = Program::start(&["serve"], &self.config);
        engine.answers(self.web, "/healthz");
        engine
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn json(&self, command: &[&str]) -> Value {
        let done = Program::run(&[command, &["--format", "json"]].concat(), &self.config);
        assert!(done.success, "{command:?}: {}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
    }

    fn refuses(&self, command: &[&str], why: &str) {
        let done = Program::run(command, &self.config);
        assert!(!done.success && done.stderr.contains(why), "{command:?}: {}", done.stderr);
    }

    fn import(&self) {
        let done = Program::run(&["import", &self.file("day.csv")], &self.config);
        assert!(done.success, "{}", done.stderr);
    }
}

#[test]
fn what_was_dialled_after_the_back_up_is_not_dialled_again() {
    let hospital = Hospital::new();
    hospital.import();
    // The planner has planned everybody and some calls are under way or over when the back-up is made.
    let engine = hospital.serve();
    let several = hospital.network.until(LONG, || placed(hospital.telephones), |placed| placed.len() >= 5);
    assert!(several.len() >= 5);
    let copy = hospital.file("copy.db");
    let made = hospital.json(&["backup", "--to", &copy]);
    assert!(made["bytes"].as_u64().is_some_and(|bytes| bytes > 4096), "{made}");
    let known = hospital.json(&["calls"]).as_array().map_or(0, Vec::len);
    hospital.refuses(&["restore", &copy], "stop it first");

    let everybody = hospital.network.until(LONG, || placed(hospital.telephones), |placed| placed.len() == PATIENTS);
    assert_eq!(everybody.len(), PATIENTS, "the day took place");
    engine.until(LONG, || calls(&hospital.config), |calls| nothing_live(calls) && calls.len() >= PATIENTS);
    let before = placed(hospital.telephones);
    engine.kill_hard();
    for file in ["day.db", "day.db-wal", "day.db-shm"] {
        let _ = fs::remove_file(hospital.file(file));
    }

    let restored = hospital.json(&["restore", &copy]);
    assert_eq!((&restored["put_aside"], restored["made_at"] == made["made_at"]), (&Value::Null, true), "{restored}");
    let mut engine = hospital.serve();
    let accounted =
        |calls: &Vec<Value>| nothing_live(calls) && calls.iter().filter(|c| !c["ended_at"].is_null()).count() >= PATIENTS;
    let after = engine.until(LONG, || calls(&hospital.config), accounted);
    assert!(accounted(&after), "{after:?}");
    assert_eq!(placed(hospital.telephones), before, "nobody was dialled again");
    assert!(known < PATIENTS, "the back-up knew {known} of the calls");
    let mut ids: Vec<&str> = after.iter().filter_map(|call| call["carrier_call_id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len() as u64, before.values().sum::<u64>(), "each call of the carrier's stands for one attempt of ours");
    let work = hospital.json(&["worklist", "list"]);
    let to_ask = work.as_array().expect("items").iter().filter(|item| item["kind"] == "answer_lost").count();
    assert!(to_ask >= PATIENTS - known, "{to_ask} patients are to be asked what they said");
    assert!(engine.terminate(LONG).is_some_and(|ended| ended.success()), "it stops in order");
}

/// A database is restored by its own tools, here by putting back a file, and the time that it does not know is told.
#[test]
fn a_lost_time_that_is_told_of_is_asked_about() {
    let hospital = Hospital::new();
    hospital.import();
    let before = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    fs::copy(hospital.file("day.db"), hospital.file("kept")).expect("it is one file");
    let engine = hospital.serve();
    let everybody = hospital.network.until(LONG, || placed(hospital.telephones), |placed| placed.len() == PATIENTS);
    assert_eq!(everybody.len(), PATIENTS, "the day took place");
    engine.until(LONG, || calls(&hospital.config), |calls| nothing_live(calls) && calls.len() >= PATIENTS);
    let made = placed(hospital.telephones);
    hospital.refuses(&["restore", "--lost-since", &before], "stop every replica first");
    engine.kill_hard();
    for file in ["day.db", "day.db-wal", "day.db-shm"] {
        let _ = fs::remove_file(hospital.file(file));
    }
    fs::rename(hospital.file("kept"), hospital.file("day.db")).expect("put back");

    hospital.refuses(&["restore", "--lost-since", "2999-01-01T00:00:00Z"], "in the future");
    let told = hospital.json(&["restore", "--lost-since", &before]);
    assert_eq!((&told["lost_since"], &told["under_way"]), (&Value::from(before), &Value::from(0)), "{told}");
    let mut engine = hospital.serve();
    let accounted =
        |calls: &Vec<Value>| nothing_live(calls) && calls.iter().filter(|c| !c["ended_at"].is_null()).count() >= PATIENTS;
    let after = engine.until(LONG, || calls(&hospital.config), accounted);
    assert!(accounted(&after), "{after:?}");
    assert_eq!(placed(hospital.telephones), made, "nobody was dialled again");
    let work = hospital.json(&["worklist", "list"]);
    let to_ask = work.as_array().expect("items").iter().filter(|item| item["kind"] == "answer_lost").count();
    assert_eq!(to_ask, PATIENTS, "nobody else knows what they said");
    assert!(engine.terminate(LONG).is_some_and(|ended| ended.success()), "it stops in order");
}

/// A store in a file, with a call that is asked for, one that is over, and one in which somebody speaks.
async fn store_with_calls(file: &Path) -> SharedStore {
    let store = store::open(&store::file_url(file)).await.expect("a store");
    store.migrate().await.expect("a schema");
    for (n, patient) in (1..).zip(["ada", "bob", "eve"]) {
        samples::requesting(&*store, patient, number(n)).await;
    }
    for (patient, status) in [("bob", AttemptStatus::Completed), ("eve", AttemptStatus::InProgress)] {
        store.commit_call(&samples::call_commit(patient, 0, vec![], samples::standing(status))).await.expect("a webhook came");
    }
    store
}

/// A key that is pressed after the copy is in no store any more, whoever tells later that the call is over.
#[tokio::test]
async fn what_was_said_in_calls_under_way_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, copy) = (folder.path().join("day.db"), folder.path().join("copy.db"));
    let lost = store_with_calls(&file).await;
    backup::make(&*lost, &copy, at(5)).await.expect("a copy");
    let over = samples::call_commit("eve", 0, vec![], samples::standing(AttemptStatus::Completed));
    lost.commit_call(&over).await.expect("she presses a key, and hangs up");
    lost.close().await;

    let restored = backup::restore(&copy, &file, None, at(10), &Chance::seeded(1)).await.expect("restored");
    assert_eq!(restored.under_way, 2);
    let store = store::open(&store::file_url(&file)).await.expect("the store");
    let asked = async || -> Vec<_> {
        let work = store.worklist(false, 10).await.expect("the worklist").into_iter();
        work.map(|item| (item.kind, item.visit.expect("whose").patient.as_str().to_string())).collect()
    };
    let mut whom = asked().await;
    whom.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(whom, [(WorkKind::AnswerLost, "ada".to_string()), (WorkKind::AnswerLost, "eve".to_string())]);
    backup::ask_about_calls_under_way(&*store, &Chance::seeded(2), at(11)).await.expect("asked");
    assert_eq!(asked().await.len(), 2, "once");
}

#[test]
fn a_back_up_is_no_store_until_it_is_restored() {
    let hospital = Hospital::new();
    hospital.import();
    let copy = hospital.file("copy.db");
    hospital.json(&["backup", "--to", &copy]);
    hospital.refuses(&["backup", "--to", &copy], "exists");
    // Somebody copies it over the store by hand.
    fs::copy(&copy, hospital.file("day.db")).expect("copied");
    for file in ["day.db-wal", "day.db-shm"] {
        let _ = fs::remove_file(hospital.file(file));
    }
    hospital.refuses(&["serve"], "this store is a back-up");

    let count = hospital.json(&["appointments", "list", "--count"]);
    let restored = hospital.json(&["restore", &copy]);
    let aside = restored["put_aside"].as_str().expect("what was there is put aside");
    assert!(Path::new(aside).exists());
    assert_eq!(hospital.json(&["appointments", "list", "--count"]), count);
    hospital.refuses(&["restore", &hospital.file("day.csv")], "day.csv");
    hospital.refuses(&["restore", &hospital.file("nothing.db")], "nothing.db");
    // A store that was never a back-up, with nobody to say when it was copied.
    fs::copy(hospital.file("day.db"), hospital.file("plain.db")).expect("copied");
    hospital.refuses(&["restore", &hospital.file("plain.db")], "--made-at");
    hospital.json(&["restore", &hospital.file("plain.db"), "--made-at", "2020-01-01T00:00:00Z"]);
    assert_eq!(hospital.json(&["appointments", "list", "--count"]), count);
    let left: Vec<_> = fs::read_dir(hospital.folder.path()).expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restoring")), "{left:?}");
}

#[test]
fn a_damaged_back_up_leaves_the_store_as_it_is() {
    let hospital = Hospital::new();
    hospital.import();
    let copy = hospital.file("copy.db");
    hospital.json(&["backup", "--to", &copy]);
    let mut bytes = fs::read(&copy).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5A);
    fs::write(&copy, bytes).expect("damaged");
    let count = hospital.json(&["appointments", "list", "--count"]);
    hospital.refuses(&["restore", &copy], "copy.db");
    assert_eq!(hospital.json(&["appointments", "list", "--count"]), count);
}

/// A disk that is full stays no fuller for each try.
#[tokio::test]
async fn of_a_copy_that_fails_nothing_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_with_calls(&folder.path().join("day.db")).await;
    let copy = folder.path().join("copy.db");
    let troubled = TroubledStore::new(store.clone(), Clock::fixed(at(5)));
    troubled.full.store(true, Ordering::Relaxed);
    backup::make(&troubled, &copy, at(5)).await.expect_err("it cannot be finished");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("day.db")), "{left:?}");
    store.close().await;
}

/// And one that a clock dated which was ahead holds none of them up, and is the first to go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_made_at_equal_intervals() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_with_calls(&folder.path().join("day.db")).await;
    let schedule = Schedule { folder: folder.path().join("copies"), every: chrono::Duration::hours(1), keep: 2 };
    let copy_of = |minutes| schedule.file(at(minutes));
    fs::create_dir(&schedule.folder).expect("a folder");
    for minutes in [-30, 600] {
        fs::write(copy_of(minutes), "one of before").expect("a file");
    }
    // So slow that it only moves when it is told to.
    let (clock, stop) = (Clock::fast(at(0), 1e-6), CancellationToken::new());
    let making = tokio::spawn(keep_making(schedule.clone(), store.clone(), clock.clone(), stop.clone()));
    for (now, there) in [(30, [-30, 30]), (90, [30, 90]), (149, [30, 90]), (150, [90, 150])] {
        clock.advance_to(at(now));
        let all = || {
            let entries = fs::read_dir(&schedule.folder).expect("the folder").flatten().map(|entry| entry.path());
            entries.filter(|path| path.extension().is_some_and(|ending| ending == "db")).collect::<BTreeSet<_>>()
        };
        let wanted = there.map(copy_of).into();
        let kept = async {
            while all() != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, kept).await.unwrap_or_else(|_| panic!("at {now}: {:?}", all()));
    }
    stop.cancel();
    making.await.expect("it stops");
    store.close().await;
}

#[test]
fn the_service_makes_copies_and_keeps_the_newest() {
    let hospital = Hospital::new();
    let text = fs::read_to_string(&hospital.config).expect("the configuration");
    fs::write(&hospital.config, format!("{text}\n[backup]\nfolder = \"copies\"\nevery = \"1m\"\nkeep = 2\n")).expect("written");
    hospital.import();
    let copies = || {
        let all = fs::read_dir(hospital.folder.path().join("copies")).expect("the folder").flatten();
        all.filter(|entry| entry.path().extension().is_none_or(|ending| ending != "lock")).count()
    };
    for old in ["2020-01-01T00-00-00Z", "2020-01-02T00-00-00Z"] {
        fs::create_dir_all(hospital.folder.path().join("copies")).expect("a folder");
        fs::write(hospital.file(&format!("copies/callahead-{old}.db")), "old").expect("an old one");
    }
    fs::write(hospital.file("copies/notes.txt"), "not ours").expect("a file");
    for left in ["", "-wal", "-journal"] {
        fs::write(hospital.file(&format!("copies/callahead-2020-01-03T00-00-00Z.db.partial{left}")), "left").expect("a rest");
    }
    let mut engine = hospital.serve();
    let oldest = hospital.file("copies/callahead-2020-01-01T00-00-00Z.db");
    let gone = engine.until(LONG, || !Path::new(&oldest).exists(), |gone| *gone);
    assert!(gone, "the oldest is removed when a new one is there");
    assert_eq!(copies(), 3, "two copies, and what is not ours");
    assert!(engine.terminate(LONG).is_some_and(|ended| ended.success()), "it stops in order");
}
