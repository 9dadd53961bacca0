//! Leases, and the moment before a carrier is asked: what must hold is judged in the transaction that commits it.

use super::rows::{Fields, attempt_columns, outreach_columns};
use super::{Conn, Lock, lock, stamp, touched};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, CarrierName, SiteKey};
use crate::core::link::Take;
use crate::store::fault::taken_means_conflict;
use crate::store::stored::{form, list, micros, read_micros};
use crate::store::{Cap, GiveBack, LeaseRequest, Leased, LiveCall, RequestOrder, RequestVerdict, Result, StoreError};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// What a dialler may give back: what it has leased, or what it has begun to request and nothing was heard of, because
/// then the carrier has refused. Once an event or the carrier's id is known, a call exists.
macro_rules! is_held {
    () => {
        " WHERE id = $1 AND holder = $2
          AND (status = 'leased' OR (status = 'requesting' AND events = 0 AND carrier_call_id IS NULL))"
    };
}

/// The order of calls: notices before reminders, then the nearest visit.
macro_rules! turn {
    () => {
        "CASE WHEN o.purpose = 'reminder' THEN 1 ELSE 0 END, o.start_at, a.due_at, a.id"
    };
}

/// Takes due attempts for one dialler, as many as lines are free.
pub(super) async fn lease(conn: &mut Conn, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
    lock(conn, Lock::Lines(request.carrier.as_str())).await?;
    // The only way to a line leads through here: what is counted under the lock can only become less.
    let free = request.max_lines.saturating_sub(lines_in_use(conn, &request.carrier).await?);
    let limit = request.limit.min(free);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let due = due_attempts(conn, request, takes, limit as usize).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let due = list(due.iter().map(String::as_str));
    sqlx::query(concat!(
        "UPDATE attempts SET status = 'leased', holder = $2, lease_until = $3, carrier = $4 WHERE id",
        is_in!("$1")
    ))
    .bind(&due)
    .bind(&request.holder)
    .bind(micros(request.until))
    .bind(request.carrier.as_str())
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        attempt_columns!(),
        ", ",
        outreach_columns!(),
        " FROM attempts a JOIN outreaches o ON o.id = a.outreach WHERE a.id",
        is_in!("$1"),
        " ORDER BY ",
        turn!()
    ))
    .bind(&due)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(Leased { attempt: Fields(row).attempt()?, outreach: Fields(row).outreach()? })).collect()
}

/// Whose turn it is: no number and no patient twice, because the second call would be refused.
async fn due_attempts(conn: &mut Conn, request: &LeaseRequest, takes: &[Take], limit: usize) -> Result<Vec<String>> {
    let skipped = list(request.skip_sites.iter().map(SiteKey::as_str));
    let takes: Vec<_> = takes.iter().map(|take| (take.route.as_str(), take.from, take.below)).collect();
    let takes = serde_json::to_string(&takes).expect("texts and numbers are always JSON");
    let (mut due, mut numbers, mut patients) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    while due.len() < limit {
        let wanted = limit - due.len();
        let rows = sqlx::query(concat!(
            r#"SELECT a.id AS "attempts.id", a.phone AS "attempts.phone", o.patient AS "outreaches.patient"
               FROM "#,
            each_of!("$1"),
            r#" CROSS JOIN attempts a JOIN outreaches o ON o.id = a.outreach
               WHERE a.status = 'planned' AND a.route = (p.value ->> 0) AND a.share >= CAST(p.value ->> 1 AS INTEGER)
                 AND a.share < CAST(p.value ->> 2 AS INTEGER) AND a.due_at <= $2 AND a.not_after > $2 AND NOT (o.site"#,
            is_in!("$3"),
            ") AND NOT (a.phone",
            is_in!("$4"),
            ") AND NOT (o.patient",
            is_in!("$5"),
            ") ORDER BY ",
            turn!(),
            " LIMIT $6",
            skip_locked!()
        ))
        .bind(&takes)
        .bind(micros(request.now))
        .bind(&skipped)
        .bind(list(numbers.iter().map(String::as_str)))
        .bind(list(patients.iter().map(String::as_str)))
        .bind(i64::try_from(wanted).unwrap_or(i64::MAX))
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let fields = Fields(row);
            let (phone, patient) = (fields.text("attempts.phone")?, fields.text("outreaches.patient")?);
            if !numbers.contains(&phone) && !patients.contains(&patient) {
                due.push(fields.text("attempts.id")?);
                numbers.insert(phone);
                patients.insert(patient);
            }
        }
        // The first of each round is always taken, so that this ends.
        if rows.len() < wanted {
            break;
        }
    }
    Ok(due)
}

/// The earliest time of a planned attempt that may still be placed.
pub(super) async fn next_due(conn: &mut Conn, carrier: &CarrierName, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let due: Option<i64> =
        sqlx::query_scalar("SELECT MIN(due_at) FROM attempts WHERE status = 'planned' AND route = $1 AND not_after > $2")
            .bind(carrier.as_str())
            .bind(micros(now))
            .fetch_one(conn)
            .await?;
    due.map(|due| read_micros("attempts.due_at", due)).transpose()
}

/// Commits that the carrier is about to be asked, if nothing forbids it.
pub(super) async fn begin_request(conn: &mut Conn, order: &RequestOrder) -> Result<RequestVerdict> {
    let held = sqlx::query(
        r#"SELECT a.phone AS "attempts.phone", o.patient AS "outreaches.patient"
           FROM attempts a JOIN outreaches o ON o.id = a.outreach
           WHERE a.id = $1 AND a.status = 'leased' AND a.holder = $2"#,
    )
    .bind(order.attempt.as_str())
    .bind(&order.holder)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(held) = held else { return Ok(RequestVerdict::LeaseLost) };
    let (phone, patient) = (Fields(&held).text("attempts.phone")?, Fields(&held).text("outreaches.patient")?);
    lock(conn, Lock::Patient(&patient)).await?;
    lock(conn, Lock::Number(&phone)).await?;
    // What holds for good is told before what passes.
    if order.respect_opt_outs && is_opted_out(conn, &patient, &phone).await? {
        return Ok(RequestVerdict::OptedOut);
    }
    if order.stamp.is_some() && stamp::current(conn, &patient, order.now).await? != order.stamp {
        return Ok(RequestVerdict::Stale);
    }
    if is_in_use(conn, &phone).await? {
        return Ok(RequestVerdict::NumberInUse);
    }
    if is_capped(conn, &patient, &phone, &order.caps).await? {
        return Ok(RequestVerdict::Capped);
    }
    let done = sqlx::query(
        "UPDATE attempts SET status = 'requesting', placed_at = $3, lease_until = $4, deadline = $5, token = $6, brief = $7
         WHERE id = $1 AND status = 'leased' AND holder = $2",
    )
    .bind(order.attempt.as_str())
    .bind(&order.holder)
    .bind(micros(order.now))
    .bind(micros(order.lease_until))
    .bind(micros(order.deadline))
    .bind(order.token.as_str())
    .bind(form(&order.brief))
    .execute(&mut *conn)
    .await
    .map_err(taken_means_conflict)?;
    if done.rows_affected() != 1 {
        return Ok(RequestVerdict::LeaseLost);
    }
    touched::note_sharers(conn, &order.attempt).await?;
    Ok(RequestVerdict::Granted)
}

async fn is_opted_out(conn: &mut Conn, patient: &str, phone: &str) -> Result<bool> {
    let entries: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM opt_outs WHERE removed_at IS NULL AND (patient = $1 OR phone = $2)")
            .bind(patient)
            .bind(phone)
            .fetch_one(conn)
            .await?;
    Ok(entries > 0)
}

async fn is_in_use(conn: &mut Conn, phone: &str) -> Result<bool> {
    let live: i64 =
        sqlx::query_scalar(concat!("SELECT COUNT(*) FROM attempts a WHERE a.phone = $1 AND a.status <> 'leased' AND ", busy!()))
            .bind(phone)
            .fetch_one(conn)
            .await?;
    Ok(live > 0)
}

/// Whether the calls made to the patient, or those made to the number, fill one of the caps.
async fn is_capped(conn: &mut Conn, patient: &str, phone: &str, caps: &[Cap]) -> Result<bool> {
    let Some(since) = caps.iter().map(|cap| micros(cap.since)).min() else { return Ok(false) };
    let to_patient: Vec<i64> = sqlx::query_scalar(concat!(
        "SELECT a.placed_at FROM attempts a JOIN outreaches o ON o.id = a.outreach
         WHERE o.patient = $1 AND a.placed_at >= $2 AND ",
        counts_as_called!()
    ))
    .bind(patient)
    .bind(since)
    .fetch_all(&mut *conn)
    .await?;
    let to_number: Vec<i64> = sqlx::query_scalar(concat!(
        "SELECT a.placed_at FROM attempts a WHERE a.phone = $1 AND a.placed_at >= $2 AND ",
        counts_as_called!()
    ))
    .bind(phone)
    .bind(since)
    .fetch_all(conn)
    .await?;
    let fills = |calls: &[i64], cap: &Cap| {
        let made = calls.iter().filter(|placed| **placed >= micros(cap.since)).count();
        made >= cap.limit as usize
    };
    Ok(caps.iter().any(|cap| fills(&to_patient, cap) || fills(&to_number, cap)))
}

/// Gives an attempt back that `holder` has; nothing happens where it does not have it any more.
pub(super) async fn give_back(conn: &mut Conn, attempt: &AttemptId, holder: &str, back: &GiveBack) -> Result<()> {
    let done = match back {
        GiveBack::Later(due_at) => {
            sqlx::query(concat!(
                "UPDATE attempts SET status = 'planned', carrier = route, due_at = $3, holder = NULL, lease_until = NULL,
                     placed_at = NULL, deadline = NULL, token = NULL, brief = NULL",
                is_held!()
            ))
            .bind(attempt.as_str())
            .bind(holder)
            .bind(micros(*due_at))
            .execute(conn)
            .await
        }
        GiveBack::Cancel => {
            sqlx::query(concat!("UPDATE attempts SET placed_at = NULL, ", withdrawn!(), is_held!()))
                .bind(attempt.as_str())
                .bind(holder)
                .execute(conn)
                .await
        }
    };
    done.map(|_| ()).map_err(StoreError::from)
}

/// Makes leased attempts whose lease is over planned again. One that is requesting is never touched: its call may exist.
pub(super) async fn expire_leases(conn: &mut Conn, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query(concat!(
        "UPDATE attempts AS a SET status = 'planned', carrier = route, holder = NULL, lease_until = NULL
         WHERE a.status = 'leased' AND a.lease_until <= $1 AND ",
        busy!()
    ))
    .bind(micros(now))
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Attempts whose call exists or may exist, oldest first.
pub(super) async fn live_calls(conn: &mut Conn) -> Result<Vec<LiveCall>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        attempt_columns!(),
        r#", a.lease_until AS "attempts.lease_until", a.deadline AS "attempts.deadline"
         FROM attempts a WHERE a.status <> 'leased' AND a.deadline IS NOT NULL AND "#,
        busy!(),
        " ORDER BY a.placed_at, a.id"
    ))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Fields(row).live_call()).collect()
}

/// How many calls of ours hold a line of a carrier; those to our number take none of them.
pub(super) async fn lines_in_use(conn: &mut Conn, carrier: &CarrierName) -> Result<u32> {
    let lines: i64 =
        sqlx::query_scalar(concat!("SELECT COUNT(*) FROM attempts a WHERE a.carrier = $1 AND a.inbound = 0 AND ", busy!()))
            .bind(carrier.as_str())
            .fetch_one(conn)
            .await?;
    Ok(u32::try_from(lines).unwrap_or(u32::MAX))
}

/// Which of these carrier's ids are known as calls to `phone` of other attempts.
pub(super) async fn calls_of_others(
    conn: &mut Conn,
    attempt: &AttemptId,
    phone: &PhoneNumber,
    ids: &[String],
) -> Result<Vec<String>> {
    // By the number, because that has an index.
    let known = sqlx::query_scalar(concat!(
        "SELECT carrier_call_id FROM attempts WHERE phone = $1 AND id <> $2 AND carrier_call_id",
        is_in!("$3")
    ));
    let ids = list(ids.iter().map(String::as_str));
    Ok(known.bind(phone.as_str()).bind(attempt.as_str()).bind(ids).fetch_all(conn).await?)
}
