//! The one writer of a file. Works that come while it is busy are done together in one transaction: the disk is waited for once for
//! all of them, and nobody has an answer before it. Each has a savepoint of its own, so that one that fails undoes
//! nothing of the others. A work that was handed in is done, even when whoever asked goes away.

use super::Conn;
use crate::store::notices::{Bell, Notice};
use crate::store::{DatabaseFault, Result, StoreError, Working};
use sqlx::{Acquire, Connection, SqlitePool};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Works in one transaction, at most.
const TOGETHER: usize = 64;
/// Works that may wait; whoever comes then waits to hand in.
const QUEUE: usize = 1024;

/// How long [`Writer::stop`] waits: for works handed in, and for whoever still reads.
const STOPPING: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// What is to be told when the work under way is committed.
    static NOTED: RefCell<BTreeSet<Notice>>;
}

/// Notes what is to be told when the work under way is committed.
pub(super) fn note(notice: Notice) {
    // Outside of a work nothing is committed.
    let _ = NOTED.try_with(|noted| noted.borrow_mut().insert(notice));
}

/// Hands works to the writer's task, which ends when it is stopped or this is dropped, and everything is done.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    stop: CancellationToken,
    stopped: CancellationToken,
}

impl Writer {
    /// Starts the task, on the current runtime. `pool` has one connection; `readers` are closed with it; `bell` is rung for
    /// what is committed.
    pub fn start(pool: SqlitePool, readers: SqlitePool, bell: Arc<Bell>) -> Writer {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let (asked, ended) = (stop.clone(), stopped.clone().drop_guard());
        tokio::spawn(async move {
            let mut jobs: Vec<Box<dyn Job>> = Vec::new();
            loop {
                let came = tokio::select! {
                    came = waiting.recv_many(&mut jobs, TOGETHER) => came,
                    () = asked.cancelled(), if !waiting.is_closed() => {
                        // What is in the queue is still done; nobody can hand in more.
                        waiting.close();
                        continue;
                    }
                };
                if came == 0 {
                    break;
                }
                let committed = together(&pool, &mut jobs).await;
                jobs.drain(..).for_each(|job| job.answer(&committed, &bell));
            }
            close(&pool, &readers).await;
            drop(ended);
        });
        Writer { queue, stop, stopped }
    }

    /// Takes no more works, and waits until those handed in are done and the file is let go of.
    pub async fn stop(&self) {
        self.stop.cancel();
        if tokio::time::timeout(STOPPING, self.stopped.cancelled()).await.is_err() {
            tracing::warn!("the store is still busy after {} s and is left as it is", STOPPING.as_secs());
        }
    }

    /// Does some work and answers when it is on the disk.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let stopped = |()| DatabaseFault::new("the writer has stopped");
        self.queue
            .send(Box::new(Write { work: Some(work), done: None, noted: BTreeSet::new(), reply }))
            .await
            .map_err(|_| stopped(()))?;
        answer.await.map_err(|_| stopped(()))?
    }
}

/// Does one work by itself, on the caller's task: a store in memory has no disk to wait for, and what goes away with the caller
/// goes away whole.
pub(super) async fn alone<T, F>(conn: &mut Conn, bell: &Bell, work: F) -> Result<T>
where
    F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T>,
{
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let (done, noted) = NOTED.scope(RefCell::default(), async { (work(&mut tx).await, NOTED.with(|noted| noted.take())) }).await;
    if done.is_ok() {
        tx.commit().await?;
        noted.iter().for_each(|notice| bell.ring(*notice));
    } else {
        // Why it is undone is the better word.
        let _ = tx.rollback().await;
    }
    done
}

/// Brings the write-ahead log into the file and closes everything. The readers go first: a connection that may not write
/// cannot tidy up as the last one.
async fn close(pool: &SqlitePool, readers: &SqlitePool) {
    readers.close().await;
    if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await {
        tracing::warn!(%error, "the store's write-ahead log stays beside its file");
    }
    pool.close().await;
}

/// Does the jobs in one transaction. An error means that none of them is written.
async fn together(pool: &SqlitePool, jobs: &mut [Box<dyn Job>]) -> Result<()> {
    let mut conn = pool.acquire().await?;
    let done = in_transaction(&mut conn, jobs).await;
    if done.is_err() {
        // A full disk makes SQLite roll back by itself: then nobody knows any more where this connection stands. Another
        // takes its place.
        if let Err(error) = conn.close().await {
            tracing::debug!(error = %StoreError::from(error), "a broken connection could not be closed");
        }
    }
    done
}

async fn in_transaction(conn: &mut Conn, jobs: &mut [Box<dyn Job>]) -> Result<()> {
    // A transaction that begins to read and wants to write later fails instead of waiting: take the lock at once.
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    if let [alone] = jobs {
        let ended = if alone.run(&mut tx).await { tx.commit().await } else { tx.rollback().await };
        return Ok(ended?);
    }
    for job in jobs {
        let mut savepoint = tx.begin().await?;
        if job.run(&mut savepoint).await {
            savepoint.commit().await?;
        } else {
            savepoint.rollback().await?;
        }
    }
    Ok(tx.commit().await?)
}

/// A piece of work whose result waits for the commit.
trait Job: Send {
    /// Does it; `false` when it failed and must be undone.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>>;
    /// Tells the result to whoever asked, if they are still there.
    fn answer(self: Box<Self>, committed: &Result<()>, bell: &Bell);
}

struct Write<T, F> {
    work: Option<F>,
    done: Option<Result<T>>,
    noted: BTreeSet<Notice>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut Conn) -> Working<'c, T> + Send + 'static,
{
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let (done, noted) =
                NOTED.scope(RefCell::default(), async { (work(conn).await, NOTED.with(|noted| noted.take())) }).await;
            self.noted = noted;
            let keep = done.is_ok();
            self.done = Some(done);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: &Result<()>, bell: &Bell) {
        if committed.is_ok() && matches!(self.done, Some(Ok(_))) {
            self.noted.iter().for_each(|notice| bell.ring(*notice));
        }
        let answer = match (self.done, committed) {
            // Its own refusal or trouble is the better word.
            (Some(Err(error)), _) => Err(error),
            (Some(done), Ok(())) => done,
            (_, Err(StoreError::Database(fault))) => Err(fault.clone().into()),
            (_, Err(_)) => Err(StoreError::Conflict),
            (None, Ok(())) => Err(DatabaseFault::new("the writer left it out").into()),
        };
        // Nobody may be waiting any more; it is written all the same.
        let _ = self.reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Length, Pools};
    use crate::store::{Notice, StoreError};
    use std::time::Duration;

    /// Fills the store up to its limit: the smallest honest picture of a full disk.
    async fn fill(pools: &Pools) -> bool {
        let filled = pools.write(Length::Usual, |conn| {
            Box::pin(async move {
                sqlx::query("PRAGMA max_page_count = 10").execute(&mut *conn).await?;
                sqlx::query("CREATE TABLE IF NOT EXISTS heap (x BLOB)").execute(&mut *conn).await?;
                sqlx::query("INSERT INTO heap VALUES (zeroblob(1000000))").execute(&mut *conn).await?;
                Ok(())
            })
        });
        filled.await.is_err()
    }

    async fn note(pools: &Pools) -> bool {
        let noted = pools.write(Length::Usual, |conn| {
            Box::pin(async move {
                sqlx::query("CREATE TABLE IF NOT EXISTS note (x BLOB)").execute(&mut *conn).await?;
                Ok(())
            })
        });
        noted.await.is_ok()
    }

    #[tokio::test]
    async fn only_what_is_committed_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let pools = Pools::open(Some(&folder.path().join("told.db"))).await.expect("a store");
        let mut planned = pools.notices(Notice::Planned);
        let tell = |ends_well: bool| {
            pools.write(Length::Usual, move |_| {
                Box::pin(async move {
                    super::note(Notice::Planned);
                    if ends_well { Ok(()) } else { Err(StoreError::Conflict) }
                })
            })
        };
        assert!(tell(false).await.is_err());
        let told = tokio::time::timeout(Duration::ZERO, planned.next()).await;
        assert!(told.is_err(), "it was undone");
        assert!(tell(true).await.is_ok());
        planned.next().await;
    }

    #[tokio::test]
    async fn a_full_disk_does_not_break_the_writer_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let pools = Pools::open(Some(&folder.path().join("full.db"))).await.expect("a store");
        for _ in 0..3 {
            assert!(fill(&pools).await, "there is no room");
            assert!(note(&pools).await, "the next work is done when there is room again");
        }
        let (full, small) = tokio::join!(fill(&pools), note(&pools));
        assert!(full, "what does not fit is refused, also in company");
        assert!(small || note(&pools).await, "and the writer goes on");
    }
}
