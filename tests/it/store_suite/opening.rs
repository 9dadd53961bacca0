use super::TestStore;
use super::samples::*;
use crate::support::postgres::fresh_database;
use callahead::core::domain::WorkKind;
use callahead::store::{Revised, StoreError, open};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::Duration;

on_both_stores![
    the_schema_comes_up_once,
    a_store_without_its_schema_is_not_ready_until_one_of_many_brings_it,
    a_secret_stays_what_it_was_first,
    what_was_written_is_there_after_reopening,
    a_refusal_undoes_nothing_of_what_is_written_at_the_same_time,
    a_closed_store_has_written_what_it_was_given_and_takes_no_more,
];

async fn the_schema_comes_up_once(store: TestStore) {
    store.ready().await.expect("the schema is there");
    assert_eq!(store.migrate().await.expect("nothing to do"), 0);
}

async fn a_store_without_its_schema_is_not_ready_until_one_of_many_brings_it(store: TestStore) {
    let url = store.beside().await;
    let stores = [open(&url).await.expect("it opens"), open(&url).await.expect("it opens"), open(&url).await.expect("it opens")];
    let told = stores[0].ready().await.expect_err("it has no schema").to_string();
    assert!(told.contains("callahead migrate"), "{told}");
    let [a, b, c] = &stores;
    let (a, b, c) = tokio::join!(a.migrate(), b.migrate(), c.migrate());
    let mut ran = [a.expect("migrated"), b.expect("migrated"), c.expect("migrated")];
    ran.sort_unstable();
    assert_eq!((ran[0], ran[1], ran[2] >= 1), (0, 0, true), "one of them ran every step");
    stores[1].ready().await.expect("now it is ready");
}

async fn a_secret_stays_what_it_was_first(store: TestStore) {
    let other = store.again().await;
    let (one, two) = tokio::join!(store.secret("audio", vec![0, 1, 255]), other.secret("audio", vec![7; 32]));
    let (one, two) = (one.expect("a secret"), two.expect("a secret"));
    assert_eq!(one, two);
    assert_eq!(store.secret("audio", vec![9]).await.expect("a secret"), one);
    assert_eq!(store.secret("another", vec![9]).await.expect("a secret"), vec![9]);
}

async fn what_was_written_is_there_after_reopening(store: TestStore) {
    store.commit_intake(&batch(vec![new(appointment("A1", "ada", day(3)))], vec![])).await.expect("written");
    let again = store.again().await;
    again.ready().await.expect("it is ready");
    assert_eq!(again.count_appointments(None).await.expect("a count"), 1);
}

async fn a_refusal_undoes_nothing_of_what_is_written_at_the_same_time(store: TestStore) {
    let tasks = (0..90).map(|n| {
        let store = store.share();
        tokio::spawn(async move {
            if n % 3 == 0 {
                let never_stored = Revised { value: appointment("A1", "ada", day(3)), revision: 7 };
                let refused = batch(vec![new(appointment(&format!("A-{n}"), "ada", day(3))), never_stored], vec![]);
                assert!(matches!(store.commit_intake(&refused).await, Err(StoreError::Conflict)));
            } else {
                let item = work(&format!("w{n}"), WorkKind::Review, Some(&format!("p{n}")), 0);
                assert!(store.open_work(&item).await.expect("opened"));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("it ends");
    }
    assert_eq!(store.worklist(false, u32::MAX).await.expect("items").len(), 60);
    assert_eq!(store.count_appointments(None).await.expect("a count"), 0);
}

async fn a_closed_store_has_written_what_it_was_given_and_takes_no_more(store: TestStore) {
    let tasks: Vec<_> = (0..30)
        .map(|n| {
            let store = store.share();
            tokio::spawn(
                async move { store.open_work(&work(&format!("w{n}"), WorkKind::Review, Some(&format!("p{n}")), 0)).await },
            )
        })
        .collect();
    tokio::join!(store.close(), store.close());
    store.close().await;
    assert!(store.open_work(&work("late", WorkKind::Review, Some("late"), 0)).await.is_err());
    assert!(store.count_open_work().await.is_err());
    let mut written = 0;
    for task in tasks {
        written += u64::from(task.await.expect("it ends").is_ok());
    }
    assert_eq!(store.again().await.count_open_work().await.expect("a count"), written, "what was said to be written is");
}

#[tokio::test]
async fn a_closed_sqlite_file_is_whole_without_the_files_beside_it() {
    let store = TestStore::sqlite().await;
    store.commit_intake(&batch(vec![new(appointment("A1", "ada", day(3)))], vec![])).await.expect("written");
    let reader = store.again().await;
    assert_eq!(reader.count_appointments(None).await.expect("a count"), 1);
    // Another process has the file open: the log stays beside it, and holds nothing that the file has not.
    store.close().await;
    let file = store.folder.as_ref().expect("a folder").path().join("calls.db");
    let copy = file.with_file_name("copy.db");
    std::fs::copy(&file, &copy).expect("a copy of the one file");
    let copied = open(&format!("sqlite://{}", copy.display())).await.expect("it opens");
    assert_eq!(copied.count_appointments(None).await.expect("a count"), 1);
    reader.close().await;
    assert!(!file.with_file_name("calls.db-wal").exists(), "the last one tidies up");
}

/// Whoever asks SQLite to write and goes away, as a carrier that hangs up on its webhook, finds it written later.
#[tokio::test]
async fn what_was_handed_to_sqlite_is_written_though_nobody_waits() {
    let store = TestStore::sqlite().await;
    for n in 0..20 {
        let item = work(&format!("w{n}"), WorkKind::Review, Some(&format!("p{n}")), 0);
        let asked = tokio::time::timeout(Duration::ZERO, store.open_work(&item)).await;
        drop(asked);
    }
    assert!(store.open_work(&work("last", WorkKind::Review, Some("last"), 0)).await.expect("opened"));
    assert_eq!(store.worklist(false, u32::MAX).await.expect("items").len(), 21);
}

#[tokio::test]
async fn a_store_in_memory_works_and_is_gone_afterwards() {
    let store = open("sqlite::memory:").await.expect("it opens");
    store.migrate().await.expect("the schema comes up");
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("written");
    assert_eq!(store.lease_due(&lease("d", 1)).await.expect("leased").len(), 1);
    let other = open("sqlite::memory:").await.expect("it opens");
    assert!(other.ready().await.is_err(), "another store");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/missing/calls.db", folder.path().display());
    let told = open(&url).await.err().expect("there is no such folder").to_string();
    assert!(told.contains("does not exist: create it"), "{told}");
    std::fs::write(folder.path().join("calls.db"), "not a database, and longer than a header of one hundred bytes ".repeat(4))
        .expect("a file");
    let url = format!("sqlite://{}/calls.db", folder.path().display());
    assert!(matches!(open(&url).await.err(), Some(StoreError::Database(_))));
}

/// Nobody listens on port 1 of this machine.
#[tokio::test]
async fn no_error_prints_a_password() {
    for url in [
        "postgres://callahead:hunter2@127.0.0.1:1/calls",
        "postgres://callahead:hunter2@127.0.0.1:port/calls",
        "postgres://callahead@127.0.0.1:1/calls?pasword=hunter2",
        "postgres://callahead@127.0.0.1:1/calls?password=hunter2&sslmode=hunter2",
        "postgres://callahead:hun@ter2/hunter2@127.0.0.1:1/calls",
        "mysql://callahead:hunter2@127.0.0.1/calls",
        "hunter2",
    ] {
        let told = open(url).await.err().expect("no store is there");
        assert!(!format!("{told} {told:?}").contains("hunter2"), "{url}: {told:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_repeated_either() {
    let Some(url) = fresh_database().await else { return };
    let (place, _) = url.split_once("&password=").expect("the test's URL has one");
    let told = open(&format!("{place}&password=hunter2")).await.err().expect("the server refuses");
    assert!(told.to_string().contains("password authentication failed"), "{told}");
    assert!(!format!("{told} {told:?}").contains("hunter2"), "{told:?}");
}

/// PostgreSQL repeats the values of a violated constraint in the detail of its error.
#[tokio::test]
async fn no_error_repeats_what_a_database_quotes() {
    let Some(url) = fresh_database().await else { return };
    let mut conn = PgConnection::connect(&url).await.expect("a connection");
    let twice = "CREATE TABLE t (patient TEXT UNIQUE); INSERT INTO t VALUES ('MRN1001'), ('MRN1001')";
    let raw = sqlx::raw_sql(AssertSqlSafe(twice)).execute(&mut conn).await.expect_err("it is there already");
    assert!(format!("{raw:?}").contains("MRN1001"), "else there is nothing to hide");
    let told = StoreError::from(raw);
    assert!(told.to_string().contains("code 23505"), "{told}");
    assert!(!format!("{told} {told:?}").contains("MRN1001"), "{told:?}");
}

/// A lock that somebody holds and a statement that comes to no end are given up by the server, before the client would; what was
/// asked for is not done, and the store goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_gives_up_what_takes_too_long() {
    let Some(store) = TestStore::postgres().await else { return };
    let mut other = PgConnection::connect(&store.url).await.expect("a connection");
    let lock_not_available = ("55P03", "BEGIN; LOCK TABLE worklist IN ACCESS EXCLUSIVE MODE", "ROLLBACK");
    let endless = "CREATE FUNCTION rest() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END'; \
                   CREATE TRIGGER rest BEFORE INSERT ON worklist FOR EACH ROW EXECUTE FUNCTION rest()";
    let query_canceled = ("57014", endless, "DROP TRIGGER rest ON worklist");
    for (n, (code, hinder, leave)) in [lock_not_available, query_canceled].into_iter().enumerate() {
        let item = work(&format!("w{n}"), WorkKind::Review, Some(&format!("p{n}")), 0);
        sqlx::raw_sql(hinder).execute(&mut other).await.expect("it is in the way");
        let given_up = async {
            loop {
                match store.open_work(&item).await.expect_err("it cannot be written") {
                    StoreError::Database(fault) if fault.code.is_some() => return fault.code,
                    // The machine was so busy that the client's time was over first.
                    StoreError::Database(fault) => assert!(fault.message.contains("did not answer in time"), "{fault:?}"),
                    other => panic!("{other:?}"),
                }
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(120), given_up).await.expect("the server gives it up");
        assert_eq!(told.as_deref(), Some(code));
        sqlx::raw_sql(leave).execute(&mut other).await.expect("it is out of the way");
        assert!(store.open_work(&item).await.expect("the store goes on"), "nothing was written");
    }
}
