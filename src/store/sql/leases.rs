//! Who does what only one at a time need do, such as the planner's sweep.

use super::Conn;
use crate::store::Result;
use crate::store::stored::micros;
use chrono::{DateTime, Utc};

/// Takes or renews a lease; `false` while somebody else has it. One statement: of two at once, one gets it.
pub(super) async fn hold(conn: &mut Conn, name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO leases (name, holder, until_at) VALUES ($1, $2, $4)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
         WHERE leases.holder = excluded.holder OR leases.until_at <= $3",
    )
    .bind(name)
    .bind(holder)
    .bind(micros(now))
    .bind(micros(until))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets go of a lease.
pub(super) async fn leave(conn: &mut Conn, name: &str, holder: &str) -> Result<()> {
    sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2").bind(name).bind(holder).execute(conn).await?;
    Ok(())
}
