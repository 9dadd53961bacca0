//! Replicas are replaced one by one: for a while programs of two versions share a schema that the newer one has brought.

use super::TestStore;
use super::samples::*;
use callahead::core::call::CallEvent;
use callahead::core::domain::AttemptStatus;
use callahead::store::{RequestVerdict, StoreError};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};

on_both_stores![
    a_program_goes_on_beside_a_newer_additive_schema,
    what_a_newer_program_has_changed_is_prepared_anew,
    a_program_that_the_schema_calls_too_old_refuses_it,
    a_step_that_only_older_programs_may_not_know_refuses_nobody,
    a_step_that_was_left_out_is_brought_after_a_newer_one,
];

/// A step that adds as a later version might: a table, a column, and what an index is for.
const ADDS: &str = "CREATE TABLE later (id INTEGER NOT NULL PRIMARY KEY);
     ALTER TABLE attempts ADD COLUMN later TEXT;
     ALTER TABLE worklist ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
     CREATE INDEX attempts_later ON attempts (later) WHERE later IS NOT NULL;";
/// One that takes away, and says so.
const TAKES_AWAY: &str = "ALTER TABLE attempts DROP COLUMN heard_seconds;
     INSERT INTO schema_floor (step, program) VALUES (1001, '9.9');";
const SAYS_WHAT_WE_KNOW: &str = "INSERT INTO schema_floor (step, program) VALUES (6, '0.1');";

/// What a later program would do at its start.
async fn later(store: &TestStore, steps: &[(i64, &'static str)]) {
    let step = |(number, sql): &(i64, &'static str)| {
        Migration::new(*number, "later".into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(steps.iter().map(step).collect());
    migrator.set_locking(false).set_ignore_missing(true);
    if store.url.starts_with("sqlite") {
        let mut conn = SqliteConnection::connect(&store.url).await.expect("the file");
        migrator.run_direct(None, &mut conn, false).await.expect("the later steps");
        conn.close().await.expect("closed");
    } else {
        let mut conn = PgConnection::connect(&store.url).await.expect("a connection");
        migrator.run_direct(None, &mut conn, false).await.expect("the later steps");
        conn.close().await.expect("closed");
    }
}

async fn a_program_goes_on_beside_a_newer_additive_schema(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    later(&store, &[(1001, ADDS)]).await;
    // What runs goes on, with the statements that it has prepared already and with new ones …
    store.ready().await.expect("it can work with it");
    let heard = call_commit("ada", 0, vec![event(1, CallEvent::Ringing)], standing(AttemptStatus::Ringing));
    store.commit_call(&heard).await.expect("the call goes on");
    leased(&*store, &[("bob", number(2))], "d").await;
    assert_eq!(store.begin_request(&order("bob", "d")).await.expect("a verdict"), RequestVerdict::Granted);
    let item = work("w1", callahead::core::domain::WorkKind::Review, Some("ada"), 0);
    assert!(store.open_work(&item).await.expect("opened"));
    assert_eq!(store.worklist(false, 9).await.expect("items").len(), 1);
    // … and one that starts now finds nothing to do.
    let started = store.again().await;
    assert_eq!(started.migrate().await.expect("left as it is"), 0);
    started.ready().await.expect("ready");
    assert_eq!(started.live_calls().await.expect("calls").len(), 2);
}

/// A column of another type or collation: PostgreSQL takes no statement any more that was prepared before.
async fn what_a_newer_program_has_changed_is_prepared_anew(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    store.live_calls().await.expect("calls");
    if !store.url.starts_with("sqlite") {
        later(&store, &[(1001, "ALTER TABLE attempts ALTER COLUMN end_reason TYPE TEXT COLLATE \"C\"")]).await;
    }
    // Once for each connection that has such a statement.
    let mut failed = 0;
    while store.live_calls().await.is_err() {
        failed += 1;
        assert!(failed <= 8, "it fails for good");
    }
    let heard = call_commit("ada", 0, vec![event(1, CallEvent::Ringing)], standing(AttemptStatus::Ringing));
    while let Err(error) = store.commit_call(&heard).await {
        failed += 1;
        assert!(failed <= 16, "{error}");
    }
}

async fn a_program_that_the_schema_calls_too_old_refuses_it(store: TestStore) {
    later(&store, &[(1001, TAKES_AWAY)]).await;
    let again = store.again().await;
    for told in [store.ready().await.err(), again.migrate().await.err(), again.ready().await.err()] {
        let Some(StoreError::Schema(told)) = told else { panic!("{told:?}") };
        assert!(told.contains("needs callahead 9.9") && told.contains("step 1001"), "{told}");
    }
}

async fn a_step_that_only_older_programs_may_not_know_refuses_nobody(store: TestStore) {
    later(&store, &[(1001, SAYS_WHAT_WE_KNOW)]).await;
    assert_eq!(store.migrate().await.expect("left as it is"), 0);
    store.ready().await.expect("this program knows that step");
}

/// Two programs may bring steps in another order than their numbers: each brings what is missing.
async fn a_step_that_was_left_out_is_brought_after_a_newer_one(store: TestStore) {
    let newer = [(1002, "CREATE TABLE newer (id INTEGER NOT NULL PRIMARY KEY)")];
    later(&store, &newer).await;
    later(&store, &[(1001, ADDS), newer[0]]).await;
    store.ready().await.expect("ready");
    assert_eq!(store.migrate().await.expect("nothing of its own is missing"), 0);
}
