//! One event of a call in one statement, where the database takes several tables in one: most webhooks tell one thing and
//! make no work. Each statement is a round trip, and a statement by itself is a transaction.

use super::Conn;
use super::reading::direction_word;
use crate::core::ids::AttemptId;
use crate::store::fault::taken_means_conflict;
use crate::store::stored::{form, micros, opt_micros, outside};
use crate::store::{CallCommit, Result, StoreError};

/// Whether one statement is enough: an event with its entry in the log, and nothing for anybody else.
pub(super) fn fits(commit: &CallCommit) -> bool {
    let is_alone = commit.open_work.is_empty() && commit.close_work.is_empty() && commit.audio.is_empty();
    let is_going_on = commit.opt_out.is_none() && !commit.standing.status.is_final();
    commit.events.len() == 1 && commit.log.is_some() && is_alone && is_going_on
}

/// The same as `call::commit` for what [`fits`]. Where another writer was faster the first part finds no row, and so the
/// others write none.
pub(super) async fn commit(conn: &mut Conn, commit: &CallCommit) -> Result<()> {
    let ([event], Some(entry)) = (commit.events.as_slice(), &commit.log) else {
        return Err(StoreError::Conflict);
    };
    let after = i64::try_from(commit.after_events).unwrap_or(i64::MAX);
    let standing = &commit.standing;
    let moved: i64 = sqlx::query_scalar(
        "WITH moved AS (
             UPDATE attempts
             SET events = events + 1, status = $3, answered_at = $4, ended_at = $5, answered_by = $6, heard_seconds = $7,
                 keys = $8, outcome = $9, end_reason = $10, carrier_call_id = COALESCE(carrier_call_id, $11)
             WHERE id = $1 AND events = $2
             RETURNING id
         ), told AS (
             INSERT INTO call_events (attempt, seq, at, event, key, reply)
             SELECT id, $12, $13, $14, $15, $16 FROM moved
         ), logged AS (
             INSERT INTO webhook_log (at, direction, carrier, attempt, method, path, status, verdict, duration_us, body)
             SELECT $17, $18, $19, $20, $21, $22, $23, $24, $25, $26 FROM moved
         )
         SELECT COUNT(*) FROM moved",
    )
    .bind(commit.attempt.as_str())
    .bind(after)
    .bind(standing.status.as_str())
    .bind(opt_micros(standing.answered_at))
    .bind(opt_micros(standing.ended_at))
    .bind(standing.answered_by.map(|by| by.as_str()))
    .bind(standing.heard_seconds.map(i64::from))
    .bind(&standing.keys)
    .bind(standing.outcome.map(|outcome| outcome.as_str()))
    .bind(standing.end_reason.map(|reason| reason.as_str()))
    .bind(commit.carrier_call_id.as_deref())
    .bind(after + 1)
    .bind(micros(event.at))
    .bind(form(&event.event))
    .bind(event.key.as_deref())
    .bind(event.reply.as_deref())
    .bind(micros(entry.at))
    .bind(direction_word(entry.direction))
    .bind(&entry.carrier)
    .bind(entry.attempt.as_ref().map(AttemptId::as_str))
    .bind(outside(&entry.method))
    .bind(outside(&entry.path))
    .bind(i64::from(entry.status))
    .bind(outside(&entry.verdict))
    .bind(i64::try_from(entry.duration_us).unwrap_or(i64::MAX))
    .bind(outside(&entry.body))
    .fetch_one(conn)
    .await
    .map_err(taken_means_conflict)?;
    if moved == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
