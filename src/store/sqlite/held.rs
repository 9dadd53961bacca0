//! The connection of one who reads: out of the pool of a file's readers, or the only one of a store in memory, which whoever has it
//! has to themselves. A pool would hand it back on a task of its own each time; that costs more than most reading does.

use super::Conn;
use crate::store::{DatabaseFault, Result};
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

/// The connection of a store in memory.
pub(in crate::store) type Only = OwnedMappedMutexGuard<Option<Conn>, Conn>;

/// Waits for the connection of a store in memory; there is none once the store is closed.
pub(super) async fn only(conn: &Arc<Mutex<Option<Conn>>>) -> Result<Only> {
    let held = conn.clone().lock_owned().await;
    OwnedMutexGuard::try_map(held, Option::as_mut).map_err(|_| DatabaseFault::new("the store is closed").into())
}

/// A connection to read with, or one state of the store.
pub(in crate::store) enum Held {
    Pooled(PoolConnection<sqlx::Sqlite>),
    Begun(Transaction<'static, sqlx::Sqlite>),
    /// Nobody writes as long as it is held.
    Only(Only),
}

impl Held {
    /// Ends the reading of one state.
    pub async fn commit(self) -> Result<()> {
        match self {
            Held::Begun(tx) => Ok(tx.commit().await?),
            Held::Pooled(_) | Held::Only(_) => Ok(()),
        }
    }
}

impl Deref for Held {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        match self {
            Held::Pooled(conn) => conn,
            Held::Begun(tx) => tx,
            Held::Only(conn) => conn,
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Held::Pooled(conn) => conn,
            Held::Begun(tx) => tx,
            Held::Only(conn) => conn,
        }
    }
}
