//! SQLite inside the process: one connection that writes, four that read, write-ahead log, every commit on the disk
//! before it counts (commits that come at the same time share a visit to the disk). The file must not lie on a network file
//! system: the log's shared memory does not work there.

use super::notices::{Bell, Notice, Notices};
use super::{DatabaseFault, Result, StoreError, Working};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use writer::Writer;

/// Whether the column before it stands in a JSON array of texts.
macro_rules! is_in {
    ($list:literal) => {
        concat!(" IN (SELECT value FROM json_each(", $list, "))")
    };
}

/// Keeps rows for this transaction and leaves out those that another one has. Here nobody else writes meanwhile.
macro_rules! skip_locked {
    () => {
        ""
    };
}

mod held;
#[path = "../sql/mod.rs"]
mod sql;
mod writer;

use held::Held;
use sql::Length;
pub(super) use sql::SqlStore;

/// Whether one statement can write several tables. Here several cost no round trip.
const TABLES_IN_ONE_STATEMENT: bool = false;

type Conn = sqlx::SqliteConnection;
type Row = sqlx::sqlite::SqliteRow;
type Tx = Held;

/// Older ones can corrupt the file when two connections write and checkpoint at once (the WAL-reset fault, 3.7.0 to 3.51.2).
const OLDEST_VERSION: [u32; 3] = [3, 51, 3];
const READERS: u32 = 4;
/// Pages that a connection keeps, in KiB (SQLite counts them below zero): whoever reads or writes about everybody comes back to
/// the same pages.
const CACHE: &str = "-16384";
/// Rows that SQLite's thread may be ahead of who reads them: with few of them the two wake each other all the time.
const ROWS_AHEAD: usize = 1_000;
/// Statements that a connection keeps prepared: more than there are (some 200; sqlx keeps 100 where nothing is said).
const STATEMENTS: usize = 500;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The connections.
pub(super) struct Pools {
    way: Way,
    bell: Arc<Bell>,
}

/// Where the store is.
enum Way {
    File {
        writer: Writer,
        read: SqlitePool,
    },
    /// Its one connection is the store itself, which is gone with it. None once it is closed.
    Memory(Arc<Mutex<Option<Conn>>>),
}

impl Pools {
    /// Opens or creates the file; without a path, a store in memory that is gone when it is closed.
    pub async fn open(path: Option<&Path>) -> Result<Pools> {
        let Some(path) = path else {
            let options =
                SqliteConnectOptions::new().in_memory(true).row_buffer_size(ROWS_AHEAD).statement_cache_capacity(STATEMENTS);
            let mut only = options.connect().await?;
            check_version(&mut only).await?;
            return Ok(Pools { way: Way::Memory(Arc::new(Mutex::new(Some(only)))), bell: Arc::default() });
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(StoreError::Url(format!("the folder {} of the SQLite file does not exist: create it", folder.display())));
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS)
            .pragma("cache_size", CACHE);
        let writer = options.clone().create_if_missing(true).optimize_on_close(true, 400);
        let write = pool(1).connect_with(writer).await?;
        check_version(&mut *write.acquire().await?).await?;
        let reader = options.read_only(true).row_buffer_size(ROWS_AHEAD);
        let read = pool(READERS).connect_lazy_with(reader);
        let bell = Arc::new(Bell::default());
        let writer = Writer::start(write, read.clone(), bell.clone());
        Ok(Pools { way: Way::File { writer, read }, bell })
    }

    /// Lets go of the file when everything handed in is on the disk.
    pub async fn close(&self) {
        match &self.way {
            Way::File { writer, .. } => writer.stop().await,
            Way::Memory(only) => drop(only.lock().await.take()),
        }
    }

    /// Does some work in one transaction: committed when it is done, undone when it fails. The file is here and answers: how
    /// long it takes, only the work itself says.
    pub async fn write<T, F>(&self, _length: Length, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T> + Send + 'static,
    {
        match &self.way {
            Way::File { writer, .. } => writer.write(work).await,
            Way::Memory(only) => writer::alone(&mut *held::only(only).await?, &self.bell, work).await,
        }
    }

    /// Does something that must come to its end.
    pub async fn within<T>(&self, _length: Length, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        work.await
    }

    /// A connection to read with.
    pub async fn reader(&self) -> Result<Held> {
        Ok(match &self.way {
            Way::File { read, .. } => Held::Pooled(read.acquire().await?),
            Way::Memory(only) => Held::Only(held::only(only).await?),
        })
    }

    /// Begins a transaction that reads one state of the store.
    pub async fn begin_reading(&self) -> Result<Tx> {
        Ok(match &self.way {
            Way::File { read, .. } => Held::Begun(read.begin().await?),
            Way::Memory(only) => Held::Only(held::only(only).await?),
        })
    }

    /// Nothing that an operator could set otherwise.
    pub async fn doubts(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Notices of what this process commits; of others nothing is heard.
    pub fn notices(&self, notice: Notice) -> Notices {
        self.bell.hear(notice)
    }

    /// The log grew.
    pub fn logged(&self) {
        self.bell.ring(Notice::Logged);
    }
}

/// Brings the write-ahead log into the file and takes it away. Whoever has the file to itself alone can do that: everybody else
/// who has it open holds a lock on it.
pub(super) async fn gather(path: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(path).synchronous(SqliteSynchronous::Full).busy_timeout(BUSY_TIMEOUT);
    let mut conn = options.locking_mode(SqliteLockingMode::Exclusive).connect().await?;
    let gathered = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut conn).await;
    // The last one who closes the file removes the log.
    conn.close().await?;
    let held: i64 = sqlx::Row::try_get(&gathered?, 0)?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_left = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    if held != 0 || is_left {
        return Err(DatabaseFault::new("its write-ahead log is in use").into());
    }
    Ok(())
}

/// The work with a connection is done, and others may use it.
fn give_back(conn: Held, _failed: Option<&StoreError>) {
    drop(conn);
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false)
}

async fn check_version(conn: &mut Conn) -> Result<()> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await?;
    let numbers: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    if numbers.as_slice() < OLDEST_VERSION.as_slice() {
        return Err(StoreError::Schema(format!("SQLite {version} can corrupt its file: build with 3.51.3 or later")));
    }
    Ok(())
}

/// Waits for a lock that ends with the transaction. Here a writing transaction has the whole store to itself.
async fn lock(_conn: &mut Conn, _what: sql::Lock<'_>) -> Result<()> {
    Ok(())
}

/// Writes a copy of one state of the store while others go on. A copy has no free pages.
async fn copy_to(conn: &mut Conn, file: &Path) -> Result<()> {
    sqlx::query("VACUUM INTO $1").bind(file.display().to_string()).execute(conn).await?;
    Ok(())
}

/// What is wrong with the file, where something is.
async fn damage(conn: &mut Conn) -> Result<Option<String>> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(conn).await?;
    Ok(Some(found).filter(|found| found != "ok"))
}

/// Tells whoever waits in this process, when the transaction is committed.
async fn tell(_conn: &mut Conn, notice: Notice) -> Result<()> {
    writer::note(notice);
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
