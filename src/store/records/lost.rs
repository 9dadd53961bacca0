//! Times that a restored store knows nothing of.

use chrono::{DateTime, Utc};

/// A time of which this store knows nothing: from the moment of a back-up to its restoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostTime {
    /// Its number in the store.
    pub id: i64,
    /// The moment of the back-up: what was begun at or after it may be unknown.
    pub from: DateTime<Utc>,
    /// When it was restored: what was begun then or later is known.
    pub until: DateTime<Utc>,
}
