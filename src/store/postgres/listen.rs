//! Listens to what other processes tell (LISTEN and NOTIFY), on a connection of its own. While it is lost nobody is told
//! anything; whoever waits is told when it is there again, because something may have been missed.

use super::pool::pool;
use crate::store::notices::{Bell, Notice};
use crate::store::{Result, StoreError};
use sqlx::postgres::{PgConnectOptions, PgListener};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The channel that all processes of a database share. What is told on it is one word, and names nobody.
pub(super) const CHANNEL: &str = "callahead";
/// How often a connection on which nothing is heard is asked whether it lives still.
const QUIET: Duration = Duration::from_secs(5);
/// How long it may take to say so, and a new one to be made.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long after a failure the next connection is tried.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens until it is dropped.
pub(super) struct Ear(#[expect(dead_code, reason = "ends the task when it is dropped")] DropGuard);

impl Ear {
    /// Rings the bell for whatever is heard, until `closed`.
    pub fn open(options: PgConnectOptions, bell: Arc<Bell>, closed: CancellationToken) -> Ear {
        tokio::spawn(closed.clone().run_until_cancelled_owned(async move {
            loop {
                let Err(error) = listen(&options, &bell).await;
                bell.hears_others(false);
                tracing::debug!(%error, "other processes are not heard; it is tried again");
                tokio::time::sleep(AGAIN).await;
            }
        }));
        Ear(closed.drop_guard())
    }
}

/// Listens on one connection until it fails. The driver would make another one by itself, and wait for ever where the server
/// is silent; so each connection has a pool of its own.
async fn listen(options: &PgConnectOptions, bell: &Bell) -> Result<std::convert::Infallible> {
    let alone = pool(1, PATIENCE).max_lifetime(None).idle_timeout(None).connect_lazy_with(options.clone());
    let mut listener = in_time(async {
        let mut listener = PgListener::connect_with(&alone).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    })
    .await?;
    bell.hears_others(true);
    loop {
        match tokio::time::timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => Notice::parse(heard.payload()).into_iter().for_each(|notice| bell.ring(notice)),
            Ok(Ok(None)) => return Err(lost()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => in_time(async { sqlx::query("SELECT 1").execute(&mut listener).await.map(drop) }).await?,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    Ok(tokio::time::timeout(PATIENCE, work).await.map_err(|_| lost())??)
}

fn lost() -> StoreError {
    crate::store::DatabaseFault::new("the connection that listens is lost").into()
}
