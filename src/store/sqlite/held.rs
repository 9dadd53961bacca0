//! Connections of one who reads: out of the pool of a file's readers, or the only one of a store in memory, which whoever has it
//! has to themselves. A pool would hand it back on a task of its own each time; that costs more than most reading does.

use super::Conn;
use crate::store::Result;
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use std::ops::{Deref, DerefMut};
use tokio::sync::OwnedMutexGuard;

/// A connection to read with.
pub(in crate::store) enum Held {
    Pooled(PoolConnection<sqlx::Sqlite>),
    Only(OwnedMutexGuard<Conn>),
}

/// One state of the store, to read several statements long.
pub(in crate::store) enum Snapshot {
    Begun(Transaction<'static, sqlx::Sqlite>),
    /// Nobody writes as long as it is held.
    Only(OwnedMutexGuard<Conn>),
}

impl Snapshot {
    /// Ends the reading.
    pub async fn commit(self) -> Result<()> {
        match self {
            Snapshot::Begun(tx) => Ok(tx.commit().await?),
            Snapshot::Only(_) => Ok(()),
        }
    }
}

impl Deref for Held {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        match self {
            Held::Pooled(conn) => conn,
            Held::Only(conn) => conn,
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Held::Pooled(conn) => conn,
            Held::Only(conn) => conn,
        }
    }
}

impl Deref for Snapshot {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        match self {
            Snapshot::Begun(tx) => tx,
            Snapshot::Only(conn) => conn,
        }
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Snapshot::Begun(tx) => tx,
            Snapshot::Only(conn) => conn,
        }
    }
}
