//! What is read for people and other programs: calls, counts, decisions, the webhook log.

use super::rows::{Fields, attempt_columns, outreach_columns};
use super::{Conn, Row};
use crate::core::domain::{AttemptStatus, Outcome, VisitKey};
use crate::core::ids::{AttemptId, JobName};
use crate::store::stored::{micros, opt_micros, outside};
use crate::store::{CallCount, CallLine, CallQuery, Direction, Result, StoredDecision, WebhookEntry, WebhookQuery};
use chrono::{DateTime, Utc};

macro_rules! select_calls {
    () => {
        concat!(
            "SELECT ",
            attempt_columns!(),
            ", ",
            outreach_columns!(),
            r#", a.opted_out AS "attempts.opted_out"
             FROM attempts a JOIN outreaches o ON o.id = a.outreach
             WHERE (a.placed_at IS NOT NULL OR a.status IN ('completed', 'failed', 'cancelled'))
                   AND COALESCE(a.placed_at, a.ended_at, a.due_at) >= $1"#
        )
    };
}

/// Attempts that were placed or ended, oldest first.
pub(super) async fn calls(conn: &mut Conn, since: Option<DateTime<Utc>>, limit: u32) -> Result<Vec<CallLine>> {
    let rows = sqlx::query(concat!(select_calls!(), " ORDER BY COALESCE(a.placed_at, a.ended_at, a.due_at), a.id LIMIT $2"))
        .bind(since.map_or(i64::MIN, micros))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(call_line).collect()
}

/// The same, newest first.
pub(super) async fn newest_calls(conn: &mut Conn, query: &CallQuery) -> Result<Vec<CallLine>> {
    let (all, older) = (
        concat!(select_calls!(), " ORDER BY COALESCE(a.placed_at, a.ended_at, a.due_at) DESC, a.id DESC LIMIT $2"),
        concat!(
            select_calls!(),
            " AND (COALESCE(a.placed_at, a.ended_at, a.due_at), a.id)
                  < (SELECT COALESCE(b.placed_at, b.ended_at, b.due_at), b.id FROM attempts b WHERE b.id = $3)
              ORDER BY COALESCE(a.placed_at, a.ended_at, a.due_at) DESC, a.id DESC LIMIT $2"
        ),
    );
    let mut select = sqlx::query(if query.before.is_some() { older } else { all })
        .bind(opt_micros(query.since).unwrap_or(i64::MIN))
        .bind(i64::from(query.limit));
    if let Some(before) = &query.before {
        select = select.bind(before.as_str());
    }
    select.fetch_all(conn).await?.iter().map(call_line).collect()
}

fn call_line(row: &Row) -> Result<CallLine> {
    let fields = Fields(row);
    let opted_out = fields.int("attempts.opted_out")? == 1;
    Ok(CallLine { attempt: fields.attempt()?, outreach: fields.outreach()?, opted_out })
}

/// How many attempts stand in each status and outcome.
pub(super) async fn call_counts(conn: &mut Conn) -> Result<Vec<CallCount>> {
    let rows = sqlx::query(
        r#"SELECT status AS "attempts.status", outcome AS "attempts.outcome", COUNT(*) AS "attempts.count"
           FROM attempts GROUP BY status, outcome"#,
    )
    .fetch_all(conn)
    .await?;
    let mut counts = rows
        .iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(CallCount {
                status: fields.word("attempts.status", AttemptStatus::parse)?,
                outcome: fields.opt_word("attempts.outcome", Outcome::parse)?,
                count: fields.int("attempts.count")?.unsigned_abs(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    counts.sort_unstable_by_key(|count| (count.status, count.outcome));
    Ok(counts)
}

/// What was decided about a visit, oldest first.
pub(super) async fn decisions(conn: &mut Conn, visit: &VisitKey) -> Result<Vec<(DateTime<Utc>, StoredDecision)>> {
    let rows = sqlx::query(
        r#"SELECT at AS "decisions.at", job AS "decisions.job", essence AS "decisions.essence", body AS "decisions.body"
           FROM decisions WHERE visit = $1 ORDER BY id"#,
    )
    .bind(visit.to_text())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let decision = StoredDecision {
                visit: visit.clone(),
                job: JobName::new(fields.text("decisions.job")?),
                essence: fields.text("decisions.essence")?,
                body: fields.text("decisions.body")?,
            };
            Ok((fields.time("decisions.at")?, decision))
        })
        .collect()
}

/// Keeps entries of the webhook log.
pub(super) async fn log_webhooks(conn: &mut Conn, entries: &[WebhookEntry]) -> Result<()> {
    for entry in entries {
        log_webhook(conn, entry).await?;
    }
    Ok(())
}

/// Keeps one entry of the webhook log.
pub(super) async fn log_webhook(conn: &mut Conn, entry: &WebhookEntry) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_log (at, direction, carrier, attempt, method, path, status, verdict, duration_us, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
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
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

fn read_direction(word: &str) -> Option<Direction> {
    [Direction::In, Direction::Out].into_iter().find(|direction| direction_word(*direction) == word)
}

/// How many entries a query gives that names no limit.
const USUAL_LIMIT: u32 = 1000;

macro_rules! select_webhooks {
    ($condition:literal, $order:literal) => {
        concat!(
            r#"SELECT id AS "webhook_log.id", at AS "webhook_log.at", direction AS "webhook_log.direction",
                   carrier AS "webhook_log.carrier", attempt AS "webhook_log.attempt", method AS "webhook_log.method",
                   path AS "webhook_log.path", status AS "webhook_log.status", verdict AS "webhook_log.verdict",
                   duration_us AS "webhook_log.duration_us", body AS "webhook_log.body"
               FROM webhook_log WHERE id > $1 AND at >= $2"#,
            $condition,
            " ORDER BY id ",
            $order,
            " LIMIT $3"
        )
    };
}

/// Entries of the webhook log, in order.
pub(super) async fn webhooks(conn: &mut Conn, query: &WebhookQuery) -> Result<Vec<(i64, WebhookEntry)>> {
    let limit = if query.limit == 0 { USUAL_LIMIT } else { query.limit };
    let sql = match (&query.attempt, query.newest) {
        (Some(_), false) => select_webhooks!(" AND attempt = $4", ""),
        (None, false) => select_webhooks!("", ""),
        (Some(_), true) => select_webhooks!(" AND attempt = $4", "DESC"),
        (None, true) => select_webhooks!("", "DESC"),
    };
    let mut select = sqlx::query(sql)
        .bind(query.after.unwrap_or(i64::MIN))
        .bind(opt_micros(query.since).unwrap_or(i64::MIN))
        .bind(i64::from(limit));
    if let Some(attempt) = &query.attempt {
        select = select.bind(attempt.as_str());
    }
    let mut rows = select.fetch_all(conn).await?;
    if query.newest {
        rows.reverse();
    }
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let entry = WebhookEntry {
                at: fields.time("webhook_log.at")?,
                direction: fields.word("webhook_log.direction", read_direction)?,
                carrier: fields.text("webhook_log.carrier")?,
                attempt: fields.opt_text("webhook_log.attempt")?.map(AttemptId::new),
                method: fields.text("webhook_log.method")?,
                path: fields.text("webhook_log.path")?,
                status: fields.number("webhook_log.status")?,
                verdict: fields.text("webhook_log.verdict")?,
                duration_us: fields.number("webhook_log.duration_us")?,
                body: fields.text("webhook_log.body")?,
            };
            Ok((fields.int("webhook_log.id")?, entry))
        })
        .collect()
}
