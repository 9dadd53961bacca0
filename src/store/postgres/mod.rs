//! PostgreSQL, for several replicas: leases by row locks that others skip, caps by advisory locks.

use super::notices::Notice;
use super::{Result, StoreError};
use pool::give_back;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use std::path::Path;

/// Whether the column before it stands in a JSON array of texts.
macro_rules! is_in {
    ($list:literal) => {
        concat!(" = ANY (ARRAY(SELECT jsonb_array_elements_text(", $list, "::jsonb)))")
    };
}

/// Keeps the attempts for this transaction and leaves out those that another one has.
macro_rules! skip_locked {
    () => {
        " FOR UPDATE OF a SKIP LOCKED"
    };
}

#[path = "../sql/mod.rs"]
mod sql;

mod listen;
mod pool;

pub(super) use pool::Pools;
pub(super) use sql::SqlStore;

/// Whether one statement can write several tables: each saves a round trip.
const TABLES_IN_ONE_STATEMENT: bool = true;

type Conn = PgConnection;
type Row = sqlx::postgres::PgRow;
type Tx = pool::Snapshot;

/// Waits for a lock that ends with the transaction.
async fn lock(conn: &mut Conn, what: sql::Lock<'_>) -> Result<()> {
    if matches!(what, sql::Lock::Schema) {
        // A step may take long on a grown store, and others that start at the same time wait for it.
        sqlx::query("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
            .execute(&mut *conn)
            .await?;
    }
    let (class, key) = match what {
        sql::Lock::Schema => (1, ""),
        sql::Lock::Plan => (2, ""),
        sql::Lock::Patient(id) => (3, id),
        sql::Lock::Number(number) => (4, number),
        sql::Lock::Lines(carrier) => (5, carrier),
        sql::Lock::Touched => (6, ""),
    };
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))").bind(class).bind(key).execute(conn).await?;
    Ok(())
}

/// PostgreSQL has tools of its own.
async fn copy_to(_conn: &mut Conn, _file: &Path) -> Result<()> {
    Err(StoreError::NotHere("PostgreSQL is backed up with its own tools: pg_basebackup and archived logs, or pg_dump"))
}

/// PostgreSQL looks after its files itself.
async fn damage(_conn: &mut Conn) -> Result<Option<String>> {
    Ok(None)
}

/// Tells all processes, when the transaction is committed.
async fn tell(conn: &mut Conn, notice: Notice) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(listen::CHANNEL).bind(notice.as_str()).execute(conn).await?;
    Ok(())
}

/// The schema, as steps.
fn migrator() -> Migrator {
    let step = |number, name: &'static str, sql: &'static str| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(vec![
        step(1, "foundation", include_str!("migrations/0001_foundation.sql")),
        step(2, "planning", include_str!("migrations/0002_planning.sql")),
        step(3, "touched", include_str!("migrations/0003_touched.sql")),
        step(4, "carriers", include_str!("migrations/0004_carriers.sql")),
        step(5, "incoming", include_str!("migrations/0005_incoming.sql")),
        step(6, "floor", include_str!("migrations/0006_floor.sql")),
        step(7, "lost_times", include_str!("migrations/0007_lost_times.sql")),
        step(8, "turns", include_str!("migrations/0008_turns.sql")),
        step(9, "names_of_rows", include_str!("migrations/0009_names_of_rows.sql")),
    ]);
    // All steps run in one transaction that holds the lock already. Steps of a newer program are its own affair, as long as
    // it says that this one may still run (`sql/schema.rs`).
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}
