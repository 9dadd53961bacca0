//! PostgreSQL, for several replicas: leases by row locks that others skip, caps by advisory locks.

use super::{DatabaseFault, Result, StoreError, Working};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, SqlSafeStr, Transaction};
use std::path::Path;
use std::time::Duration;

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

/// The elements of a JSON array of arrays, as rows `p` with a column `value`.
macro_rules! each_of {
    ($list:literal) => {
        concat!("jsonb_array_elements(", $list, "::jsonb) AS p(value)")
    };
}

#[path = "../sql/mod.rs"]
mod sql;

pub(super) use sql::SqlStore;

/// Whether one statement can write several tables: each saves a round trip.
const TABLES_IN_ONE_STATEMENT: bool = true;

type Conn = PgConnection;
type Row = sqlx::postgres::PgRow;
type Tx = Transaction<'static, sqlx::Postgres>;

const CONNECTIONS: u32 = 8;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// After so long without work a connection is asked whether it lives still.
const RESTED: Duration = Duration::from_secs(1);
/// What the server enforces: no statement, wait or forgotten transaction holds others up for long.
const SERVER_TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "15s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")];

/// The connections.
pub(super) struct Pools(PgPool);

impl Pools {
    /// Connects. The first connection is made by hand: the pool would only say that it waited in vain, not for what.
    pub async fn open(options: PgConnectOptions) -> Result<Pools> {
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("callahead") }.options(SERVER_TIMEOUTS);
        let first = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&options)).await;
        first.map_err(|_| DatabaseFault::new("the server does not answer"))??.close().await?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
        // To ask a connection each time whether it lives costs as much as a statement; a busy one has just shown it.
        let pool = pool.test_before_acquire(false).before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        });
        Ok(Pools(pool.connect_lazy_with(options)))
    }

    /// Does some work in one transaction: committed when it is done, undone when it fails.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T>,
    {
        let mut tx = self.0.begin().await?;
        let done = work(&mut tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes the connections, when whoever has one has given it back.
    pub async fn close(&self) {
        if tokio::time::timeout(ACQUIRE_TIMEOUT, self.0.close()).await.is_err() {
            tracing::warn!("connections to the store are still in use after {} s and are left", ACQUIRE_TIMEOUT.as_secs());
        }
    }

    /// A connection to read with.
    pub async fn reader(&self) -> Result<PoolConnection<sqlx::Postgres>> {
        Ok(self.0.acquire().await?)
    }

    /// Begins a transaction that reads one state of the store.
    pub async fn begin_reading(&self) -> Result<Tx> {
        Ok(self.0.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }
}

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
    ]);
    // All steps run in one transaction that holds the lock already. Steps of a newer program are its own affair, as long as
    // it says that this one may still run (`sql/schema.rs`).
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}
