//! The connections, and how long anything may take. The server ends what takes too long; what it leaves unanswered, because it
//! is frozen, cut off or gone, ends here.

use super::sql::Length;
use super::{Conn, listen::Ear};
use crate::store::notices::{Bell, Notice, Notices};
use crate::store::{DatabaseFault, Result, StoreError, Working};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, Postgres};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const CONNECTIONS: u32 = 8;
/// How long a connection is waited for: a free one, or a new one.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// After so long without work a connection is asked whether it lives still.
const RESTED: Duration = Duration::from_secs(1);
/// How long it may take to say so.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an ordinary operation may take in all: longer than the server gives one statement, so that the server gives up
/// first where it can; no longer than an attempt is leased.
const USUAL: Duration = Duration::from_secs(15);
/// The same for one with many statements, such as a batch of a feed.
const LONG: Duration = Duration::from_secs(60);
/// Bringing the schema up to date: a step may take long on a grown store, and others that start at the same time wait for it.
const SCHEMA: Duration = Duration::from_secs(3600);
/// What the server enforces: no statement, wait or forgotten transaction holds others up for long, and nor does a client
/// whose machine is gone. A commit that waits for a standby is no statement: none of these ends it.
const SERVER_TIMEOUTS: [(&str, &str); 7] = [
    ("statement_timeout", "12s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60000"),
];
/// How often others are told that the log grew, at most: to tell it takes a lock that all who tell something share.
const LOGGED_EVERY: Duration = Duration::from_millis(250);

/// The connections.
pub(in crate::store) struct Pools {
    pool: PgPool,
    options: PgConnectOptions,
    usual: Duration,
    bell: Arc<Bell>,
    /// Listens to the others from the first time that somebody wants to hear them.
    ear: OnceLock<Ear>,
    /// Rung when the log grew.
    logged: OnceLock<Arc<Notify>>,
    closed: CancellationToken,
}

impl Pools {
    /// Connects; an ordinary operation may take `usual`, where that is shorter than what is usual. The first connection is made
    /// by hand: the pool would only say that it waited in vain, not for what.
    pub async fn open(options: PgConnectOptions, usual: Option<Duration>) -> Result<Pools> {
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("callahead") }.options(SERVER_TIMEOUTS);
        let usual = usual.map_or(USUAL, |usual| usual.min(USUAL));
        let first = tokio::time::timeout(ACQUIRE_TIMEOUT.min(usual), try_once(&options)).await;
        first.map_err(|_| DatabaseFault::new("the server does not answer"))??;
        let pool = pool(CONNECTIONS, ACQUIRE_TIMEOUT.min(usual)).connect_lazy_with(options.clone());
        let (bell, closed) = (Arc::default(), CancellationToken::new());
        Ok(Pools { pool, options, usual, bell, ear: OnceLock::new(), logged: OnceLock::new(), closed })
    }

    /// Does some work in one transaction: committed when it is done, undone when it fails. Where the answer to the commit is
    /// lost, nobody knows whether it is written: every error but a conflict may mean that.
    pub async fn write<T, F>(&self, length: Length, work: F) -> Result<T>
    where
        T: Send,
        F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T> + Send,
    {
        self.within(length, async {
            let mut conn = self.reader().await?;
            let mut tx = conn.begin().await?;
            let done = work(&mut tx).await;
            let is_over = match &done {
                Ok(_) => tx.commit().await,
                Err(_) => tx.rollback().await,
            };
            match (done, is_over) {
                (Ok(_), Err(error)) => Err(error.into()),
                (Err(error), Err(_)) => Err(error),
                (done, Ok(())) => {
                    give_back(conn, done.as_ref().err());
                    done
                }
            }
        })
        .await
    }

    /// Does something that must come to its end in time.
    pub async fn within<T>(&self, length: Length, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let limit = match length {
            Length::Usual => self.usual,
            Length::Long => LONG,
            Length::Schema => SCHEMA,
        };
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent().into()))
    }

    /// A connection to read with. It is closed unless it is given back.
    pub async fn reader(&self) -> Result<Held> {
        Ok(Held { conn: Some(self.pool.acquire().await?), is_whole: false })
    }

    /// Begins a transaction that reads one state of the store.
    pub async fn begin_reading(&self) -> Result<Snapshot> {
        let mut conn = self.reader().await?;
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Snapshot(conn))
    }

    /// Closes the connections, when whoever has one has given it back.
    pub async fn close(&self) {
        self.closed.cancel();
        if tokio::time::timeout(ACQUIRE_TIMEOUT, self.pool.close()).await.is_err() {
            tracing::warn!("connections to the store are still in use after {} s and are left", ACQUIRE_TIMEOUT.as_secs());
        }
    }

    /// What the server is set to do and an operator should know.
    pub async fn doubts(&self) -> Result<Vec<String>> {
        let mut conn = self.reader().await?;
        let (commit, fsync, names, followers): (String, String, String, i64) = sqlx::query_as(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('synchronous_standby_names'),
                 (SELECT COUNT(*) FROM pg_stat_replication)",
        )
        .fetch_one(&mut *conn)
        .await?;
        give_back(conn, None);
        Ok(doubts(&commit, &fsync, &names, followers))
    }

    /// Notices of what is committed by any process.
    pub fn notices(&self, notice: Notice) -> Notices {
        self.ear.get_or_init(|| Ear::open(self.options.clone(), self.bell.clone(), self.closed.child_token()));
        self.bell.hear(notice)
    }

    /// The log grew: whoever listens is told soon. Not with the commit, because commits that tell something wait for each
    /// other, and there are hundreds of these in a second.
    pub fn logged(&self) {
        let herald = self.logged.get_or_init(|| {
            let (rung, pool, closed) = (Arc::new(Notify::new()), self.pool.clone(), self.closed.clone());
            tokio::spawn(closed.run_until_cancelled_owned(tell_of_log(pool, rung.clone())));
            rung
        });
        herald.notify_one();
    }
}

impl Drop for Pools {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

/// A pool of so many connections to a primary.
pub(super) fn pool(connections: u32, patience: Duration) -> PgPoolOptions {
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(patience);
    // To ask a connection each time whether it lives costs as much as a statement; a busy one has just shown it.
    pool.test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    tokio::time::timeout(PING_TIMEOUT, conn.ping()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
                Ok(true)
            })
        })
        // The pool tries again until its time is over: behind a proxy the next one may be the new primary.
        .after_connect(|conn, _| {
            Box::pin(
                async move { if is_standby(conn).await? { Err(sqlx::Error::Protocol(STANDBY.to_string())) } else { Ok(()) } },
            )
        })
}

async fn try_once(options: &PgConnectOptions) -> Result<()> {
    let mut conn = PgConnection::connect_with(options).await?;
    if is_standby(&mut conn).await? {
        return Err(DatabaseFault::new(STANDBY).into());
    }
    Ok(conn.close().await?)
}

const STANDBY: &str = "the server is a standby, or only reads: store.url must lead to the primary";

/// Whether nothing can be written there. A primary that becomes a standby ends all connections first, so to ask once is
/// enough.
async fn is_standby(conn: &mut Conn) -> sqlx::Result<bool> {
    let sql = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean";
    sqlx::query_scalar(sql).fetch_one(conn).await
}

fn silent() -> DatabaseFault {
    DatabaseFault::new("the server did not answer in time; what was under way may be written or not")
}

fn doubts(commit: &str, fsync: &str, names: &str, followers: i64) -> Vec<String> {
    let mut doubts = Vec::new();
    if fsync == "off" {
        doubts.push("fsync is off: a power cut may lose everything; set it on".to_string());
    }
    match commit {
        "off" => doubts.push(
            "synchronous_commit is off: a crash of the server loses answers of patients that were confirmed to them, and may \
             let somebody be called twice; set it on"
                .to_string(),
        ),
        "local" => doubts.push(
            "synchronous_commit is local: a failover loses answers of patients that were confirmed to them, and may let \
             somebody be called twice; set it on"
                .to_string(),
        ),
        _ if names.is_empty() && followers > 0 => doubts.push(
            "a standby follows this server and commits do not wait for it: if it takes over, answers of patients are lost that \
             were confirmed to them; set synchronous_standby_names"
                .to_string(),
        ),
        _ => {}
    }
    doubts
}

async fn tell_of_log(pool: PgPool, rung: Arc<Notify>) {
    loop {
        rung.notified().await;
        let told = async {
            let mut conn = Held { conn: Some(pool.acquire().await?), is_whole: false };
            super::tell(&mut conn, Notice::Logged).await?;
            give_back(conn, None);
            Ok::<(), crate::store::StoreError>(())
        };
        match tokio::time::timeout(ACQUIRE_TIMEOUT, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "nobody was told that the log grew; who follows it looks by itself"),
            Err(_) => tracing::debug!("nobody was told in time that the log grew; who follows it looks by itself"),
        }
        tokio::time::sleep(LOGGED_EVERY).await;
    }
}

/// A connection in use. Unless its work came to its end it is closed and not used again: nobody knows where it stands, and
/// one to a frozen server would keep its place for ever.
pub(in crate::store) struct Held {
    conn: Option<PoolConnection<Postgres>>,
    is_whole: bool,
}

/// The work with a connection is done, and others may use it. But not where its prepared statements are none any more, because a
/// newer program has changed a column meanwhile: it would say so for ever, another one prepares them anew.
pub(super) fn give_back(mut conn: Held, failed: Option<&StoreError>) {
    conn.is_whole = !matches!(failed, Some(StoreError::Database(fault)) if fault.code.as_deref() == Some(STALE_PLAN));
}

/// feature_not_supported: "cached plan must not change result type".
const STALE_PLAN: &str = "0A000";

const IN_USE: &str = "taken away only when it is dropped";

impl Deref for Held {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect(IN_USE)
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect(IN_USE)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if self.is_whole => {
                // The pool asks whether it lives before it takes it back. Where no answer comes it is let go of, place and all.
                let back = conn.return_to_pool();
                runtime.spawn(tokio::time::timeout(PING_TIMEOUT, back));
            }
            _ => drop(conn.detach()),
        }
    }
}

/// A transaction that reads one state of the store.
pub(in crate::store) struct Snapshot(Held);

impl Snapshot {
    /// Ends it.
    pub async fn commit(self) -> Result<()> {
        let Snapshot(mut conn) = self;
        conn.execute("COMMIT").await?;
        give_back(conn, None);
        Ok(())
    }
}

impl Deref for Snapshot {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_lose_an_answer_is_said() {
        for (commit, fsync, names, followers, want) in [
            ("on", "on", "", 0, ""),
            ("remote_apply", "on", "*", 1, ""),
            ("off", "on", "*", 1, "synchronous_commit is off"),
            ("local", "on", "*", 1, "synchronous_commit is local"),
            ("on", "on", "", 1, "set synchronous_standby_names"),
            ("on", "off", "", 0, "fsync is off"),
        ] {
            let said = doubts(commit, fsync, names, followers).join("; ");
            assert!(said.is_empty() == want.is_empty() && said.contains(want), "{commit} {fsync} {names}: {said}");
        }
    }
}
