//! A store of the first version comes up to date with everything in it.

use super::samples::*;
use crate::support::postgres::fresh_database;
use callahead::core::domain::{WorkKind, WorkState};
use callahead::core::plan::WorkStanding;
use callahead::store::{OptIn, OptOut, PlanCommit, ReplayQuery, SharedStore, StoredDecision, open};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr, SqliteConnection};

/// What Ada's hospital had stored.
const STORED: &str = r#"
INSERT INTO patients (id, revision, phones, flags) VALUES ('ada', 4,
    '{"v":1,"data":[{"kind":"home","given":"617-555-0101","number":"+16175550101"}]}', '{"v":1,"data":{"opt_out":true}}');
INSERT INTO appointments (id, revision, patient, site, start_at, service, status, booked_at, feed)
    VALUES ('A1', 7, 'ada', 'boston', 1796000000000000, 'exam', 'booked', 0, 'epic');
INSERT INTO decisions (at, visit, job, essence, body) VALUES (0, 'ada/boston/2026-11-30', 'j', 'call touch 1 version 1', '{}');
INSERT INTO worklist (id, kind, visit, patient, whose, about, opened_at, state, resolution) VALUES
    ('w1', 'review', 'ada/boston/2026-11-30', 'ada', 'ada', 'ada/boston/2026-11-30', 0, 'closed', 'settled by the schedule'),
    ('w2', 'unreached', 'ada/boston/2026-11-30', 'ada', 'ada', 'ada/boston/2026-11-30', 1, 'closed', 'called her'),
    ('w3', 'wrong_number', 'ada/boston/2026-11-30', 'ada', 'ada', 'ada/boston/2026-11-30', 2, 'open', NULL);
INSERT INTO opt_outs (patient, phone, at, how) VALUES ('ada', '+16175550101', 0, 'key 9'), ('ada', NULL, 0, 'import');
"#;

/// The first step as that version recorded it.
fn first_step(sql: &'static str) -> Migrator {
    let step = Migration::new(1, "foundation".into(), MigrationType::Simple, sql.into_sql_str(), false);
    let mut migrator = Migrator::with_migrations(vec![step]);
    migrator.set_locking(false);
    migrator
}

#[tokio::test]
async fn a_sqlite_file_of_the_first_version_comes_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/calls.db", folder.path().display());
    let mut conn = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.expect("a file");
    let sql = include_str!("../../../src/store/sqlite/migrations/0001_foundation.sql");
    first_step(sql).run_direct(None, &mut conn, false).await.expect("the first version");
    sqlx::raw_sql(AssertSqlSafe(STORED)).execute(&mut conn).await.expect("stored");
    conn.close().await.expect("closed");
    comes_up_to_date(open(&url).await.expect("it opens")).await;
}

#[tokio::test]
async fn a_postgres_database_of_the_first_version_comes_up_to_date() {
    let Some(url) = fresh_database().await else { return };
    let mut conn = PgConnection::connect(&url).await.expect("a connection");
    let sql = include_str!("../../../src/store/postgres/migrations/0001_foundation.sql");
    first_step(sql).run_direct(None, &mut conn, false).await.expect("the first version");
    sqlx::raw_sql(AssertSqlSafe(STORED)).execute(&mut conn).await.expect("stored");
    conn.close().await.expect("closed");
    comes_up_to_date(open(&url).await.expect("it opens")).await;
}

async fn comes_up_to_date(store: SharedStore) {
    let told = store.ready().await.expect_err("a step is missing").to_string();
    let ran = store.migrate().await.expect("migrated");
    assert!(ran >= 5 && told.contains(&format!("{ran} steps behind")) && told.contains("callahead migrate"), "{told}");
    store.ready().await.expect("ready");

    let facts = store.load_facts(&["ada".into()], at(0)).await.expect("facts").remove(0);
    assert!(facts.opted_out && facts.patient.flags.opt_out && facts.changes.is_empty() && facts.closures.is_empty());
    assert_eq!((facts.appointments.len(), facts.appointments[0].service_by_rule), (1, false));
    let work: Vec<_> = facts.work.iter().map(|w| (w.kind, w.standing)).collect();
    let want = [
        (WorkKind::Review, WorkStanding::Settled),
        (WorkKind::Unreached, WorkStanding::Done),
        (WorkKind::WrongNumber, WorkStanding::Open),
    ];
    assert_eq!(work, want);
    assert_eq!(store.worklist(true, 9).await.expect("items").iter().filter(|w| w.state == WorkState::Closed).count(), 2);

    let same = StoredDecision {
        visit: visit("ada"),
        job: "j".into(),
        essence: "call touch 1 version 1".to_string(),
        body: String::new(),
    };
    store.commit_plan(&PlanCommit { decisions: vec![same], ..PlanCommit::default() }).await.expect("nothing new");
    assert_eq!(store.decisions(&visit("ada")).await.expect("decisions").len(), 1);
    let replays = store.decisions_to_replay(&ReplayQuery { limit: 9, ..ReplayQuery::default() }).await.expect("replays");
    assert!(replays.is_empty(), "what it was made from was not kept then");
    let again = OptIn { patient: Some("ada".into()), phone: Some(number(5_550_101)), at: at(1), by: "kim".to_string() };
    assert_eq!(store.remove_opt_outs(&again).await.expect("removed"), 2);
    store.forget_touched(i64::MAX).await.expect("forgotten");
    let by_phone = OptOut { patient: None, phone: Some(number(5_550_101)), at: at(2), how: "a letter".to_string() };
    store.add_opt_out(&by_phone).await.expect("opted out");
    assert!(!store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].opted_out, "but one of the number stands");
    let touched = store.touched(9).await.expect("the queue").patients;
    assert_eq!(touched, ["ada".into()], "it is known who has the number");
}
