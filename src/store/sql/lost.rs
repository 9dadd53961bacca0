//! Times that a restored store knows nothing of, and what was found out about them since.

use super::{Conn, Lock, lock};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, CarrierName};
use crate::store::stored::{micros, read_micros};
use crate::store::{LostTime, Result};
use chrono::{DateTime, Utc};

/// Marks this store as a copy made at a moment, which nobody may work with until it is restored.
pub(super) async fn mark_copy(conn: &mut Conn, made_at: DateTime<Utc>) -> Result<()> {
    sqlx::query("INSERT INTO lost_times (from_at) VALUES ($1)").bind(micros(made_at)).execute(conn).await?;
    Ok(())
}

/// When this store was copied, where it is a copy that nobody restored.
pub(super) async fn copied_at(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let at: Option<i64> =
        sqlx::query_scalar("SELECT MIN(from_at) FROM lost_times WHERE until_at IS NULL").fetch_one(conn).await?;
    at.map(|at| read_micros("lost_times.from_at", at)).transpose()
}

/// Notes a lost time; a copy is restored with it. A dialler that is gone has nothing leased any more.
pub(super) async fn note(conn: &mut Conn, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
    lock(conn, Lock::Plan).await?;
    sqlx::query("DELETE FROM lost_times WHERE until_at IS NULL").execute(&mut *conn).await?;
    sqlx::query("INSERT INTO lost_times (from_at, until_at) VALUES ($1, $2)")
        .bind(micros(from))
        .bind(micros(until))
        .execute(conn)
        .await?;
    Ok(())
}

/// The lost times, the oldest first.
pub(super) async fn times(conn: &mut Conn) -> Result<Vec<LostTime>> {
    let rows: Vec<(i64, i64, i64)> =
        sqlx::query_as("SELECT id, from_at, until_at FROM lost_times WHERE until_at IS NOT NULL ORDER BY from_at, id")
            .fetch_all(conn)
            .await?;
    let read = |(id, from, until)| {
        Ok(LostTime { id, from: read_micros("lost_times.from_at", from)?, until: read_micros("lost_times.until_at", until)? })
    };
    rows.into_iter().map(read).collect()
}

/// Whether every call to a number in a lost time is known.
pub(super) async fn is_asked(conn: &mut Conn, lost: i64, phone: &PhoneNumber) -> Result<bool> {
    let asked: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM lost_times_asked WHERE lost_time = $1 AND phone = $2")
        .bind(lost)
        .bind(phone.as_str())
        .fetch_one(conn)
        .await?;
    Ok(asked > 0)
}

/// Notes that it is.
pub(super) async fn note_asked(conn: &mut Conn, lost: i64, phone: &PhoneNumber) -> Result<()> {
    sqlx::query("INSERT INTO lost_times_asked (lost_time, phone) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(lost)
        .bind(phone.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// An attempt that is requesting stands for a call that a carrier began then.
pub(super) async fn take_over(conn: &mut Conn, attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE attempts SET carrier = $2, placed_at = $3 WHERE id = $1 AND status = 'requesting'")
        .bind(attempt.as_str())
        .bind(carrier.as_str())
        .bind(micros(began))
        .execute(conn)
        .await?;
    Ok(())
}
