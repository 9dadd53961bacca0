//! One call: its events, appended, and what follows from them, in one transaction.

use super::rows::{Fields, attempt_columns, outreach_columns};
use super::{Conn, Row, opt_outs, people, reading, touched};
use crate::core::ids::{AttemptId, AttemptToken};
use crate::store::fault::taken_means_conflict;
use crate::store::stored::{form, micros, opt_micros};
use crate::store::{CallCommit, CallRecord, Result, StoreError, StoredEvent};

/// A call with its outreach and its events, a row an event: one statement sees one state.
macro_rules! select_call {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            attempt_columns!(),
            ", ",
            outreach_columns!(),
            r#", a.token AS "attempts.token",
                 a.brief AS "attempts.brief", a.deadline AS "attempts.deadline", e.seq AS "call_events.seq",
                 e.at AS "call_events.at", e.event AS "call_events.event", e.key AS "call_events.key",
                 e.reply AS "call_events.reply"
             FROM attempts a JOIN outreaches o ON o.id = a.outreach LEFT JOIN call_events e ON e.attempt = a.id
             WHERE a.token IS NOT NULL AND "#,
            $condition,
            " ORDER BY e.seq"
        )
    };
}

/// A call by its secret token.
pub(super) async fn load_by_token(conn: &mut Conn, token: &AttemptToken) -> Result<Option<CallRecord>> {
    read(&sqlx::query(select_call!("a.token = $1")).bind(token.as_str()).fetch_all(conn).await?)
}

/// A call by its name; none where the carrier was never to be asked.
pub(super) async fn load_by_id(conn: &mut Conn, attempt: &AttemptId) -> Result<Option<CallRecord>> {
    read(&sqlx::query(select_call!("a.id = $1")).bind(attempt.as_str()).fetch_all(conn).await?)
}

fn read(rows: &[Row]) -> Result<Option<CallRecord>> {
    let Some(first) = rows.first().map(Fields) else { return Ok(None) };
    let events = rows.iter().map(Fields).filter_map(|fields| event(&fields).transpose()).collect::<Result<_>>()?;
    Ok(Some(CallRecord {
        attempt: first.attempt()?,
        outreach: first.outreach()?,
        token: AttemptToken::new(first.text("attempts.token")?),
        brief: first.form("attempts.brief")?,
        events,
        deadline: first.time("attempts.deadline")?,
    }))
}

/// The event of a row; a call without any has one row without an event.
fn event(fields: &Fields<'_>) -> Result<Option<StoredEvent>> {
    if fields.opt_number::<i64>("call_events.seq")?.is_none() {
        return Ok(None);
    }
    Ok(Some(StoredEvent {
        at: fields.time("call_events.at")?,
        event: fields.form("call_events.event")?,
        key: fields.opt_text("call_events.key")?,
        reply: fields.opt_text("call_events.reply")?,
    }))
}

/// Appends events and writes what follows, if no other event came since the decision was made.
pub(super) async fn commit(conn: &mut Conn, commit: &CallCommit) -> Result<()> {
    let after = i64::try_from(commit.after_events).unwrap_or(i64::MAX);
    write_standing(conn, commit, after).await?;
    for (seq, event) in (after + 1..).zip(&commit.events) {
        append(conn, &commit.attempt, seq, event).await?;
    }
    for item in &commit.open_work {
        people::open_work(conn, item).await?;
    }
    for (kind, visit) in &commit.close_work {
        people::close_settled(conn, *kind, visit, people::SETTLED_BY_CALL).await?;
    }
    keep_audio(conn, &commit.audio).await?;
    if let Some(entry) = &commit.log {
        reading::log_webhook(conn, entry).await?;
    }
    if let Some(opt_out) = &commit.opt_out {
        opt_outs::add(conn, opt_out).await?;
    }
    if commit.standing.status.is_final() {
        touched::note_sharers(conn, &commit.attempt).await?;
    }
    Ok(())
}

/// The number of events in the attempt's row decides who was first, also where nothing is appended.
async fn write_standing(conn: &mut Conn, commit: &CallCommit, after: i64) -> Result<()> {
    let standing = &commit.standing;
    let done = sqlx::query(
        "UPDATE attempts
         SET events = events + $3, status = $4, answered_at = $5, ended_at = $6, answered_by = $7, heard_seconds = $8,
             keys = $9, outcome = $10, end_reason = $11, carrier_call_id = COALESCE(carrier_call_id, $12),
             opted_out = CASE WHEN $13 = 1 THEN 1 ELSE opted_out END
         WHERE id = $1 AND events = $2",
    )
    .bind(commit.attempt.as_str())
    .bind(after)
    .bind(commit.events.len() as i64)
    .bind(standing.status.as_str())
    .bind(opt_micros(standing.answered_at))
    .bind(opt_micros(standing.ended_at))
    .bind(standing.answered_by.map(|by| by.as_str()))
    .bind(standing.heard_seconds.map(i64::from))
    .bind(&standing.keys)
    .bind(standing.outcome.map(|outcome| outcome.as_str()))
    .bind(standing.end_reason.map(|reason| reason.as_str()))
    .bind(commit.carrier_call_id.as_deref())
    .bind(i64::from(commit.opt_out.is_some()))
    .execute(conn)
    .await
    .map_err(taken_means_conflict)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

async fn append(conn: &mut Conn, attempt: &AttemptId, seq: i64, event: &StoredEvent) -> Result<()> {
    sqlx::query("INSERT INTO call_events (attempt, seq, at, event, key, reply) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(attempt.as_str())
        .bind(seq)
        .bind(micros(event.at))
        .bind(form(&event.event))
        .bind(event.key.as_deref())
        .bind(event.reply.as_deref())
        .execute(conn)
        .await
        .map_err(taken_means_conflict)?;
    Ok(())
}

/// Keeps what audio ids stand for, where that is not known.
pub(super) async fn keep_audio(conn: &mut Conn, audio: &[(String, String)]) -> Result<()> {
    for (id, recipe) in audio {
        sqlx::query("INSERT INTO audio (id, recipe) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(recipe)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// What an audio id stands for.
pub(super) async fn audio_recipe(conn: &mut Conn, id: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT recipe FROM audio WHERE id = $1").bind(id).fetch_optional(conn).await?)
}
