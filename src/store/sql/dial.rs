//! The moment before a carrier is asked, and what becomes of a lease: what must hold is judged in the transaction that commits
//! it. How attempts are leased stands in [`super::lease`].

use super::rows::{Fields, attempt_columns};
use super::{Conn, Lock, lock, stamp, touched};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, CarrierName};
use crate::store::fault::taken_means_conflict;
use crate::store::stored::{form, list, micros, read_micros};
use crate::store::{Cap, GiveBack, LiveCall, RequestOrder, RequestVerdict, Result, StoreError};
use chrono::{DateTime, Utc};

/// What a dialler may give back: what it has leased, or what it has begun to request and nothing was heard of, because
/// then the carrier has refused. Once an event or the carrier's id is known, a call exists.
macro_rules! is_held {
    () => {
        " WHERE id = $1 AND holder = $2
          AND (status = 'leased' OR (status = 'requesting' AND events = 0 AND carrier_call_id IS NULL))"
    };
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
    let standing = Reached::load(conn, &patient, &phone, &order.caps).await?;
    // What holds for good is told before what passes.
    if order.respect_opt_outs && standing.opted_out {
        return Ok(RequestVerdict::OptedOut);
    }
    if order.stamp.is_some() && stamp::current(conn, &patient, order.now).await? != order.stamp {
        return Ok(RequestVerdict::Stale);
    }
    if standing.in_use {
        return Ok(RequestVerdict::NumberInUse);
    }
    if order.caps.iter().any(|cap| standing.fills(cap)) {
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

/// How a patient and a number have been reached, and whether they may be.
#[derive(Default)]
struct Reached {
    opted_out: bool,
    /// Another call to the number is live.
    in_use: bool,
    /// When calls were placed that count.
    to_patient: Vec<i64>,
    to_number: Vec<i64>,
}

impl Reached {
    /// Read with one statement, under the locks of both: of one state of the store, and one round trip.
    async fn load(conn: &mut Conn, patient: &str, phone: &str, caps: &[Cap]) -> Result<Reached> {
        let since = caps.iter().map(|cap| micros(cap.since)).min().unwrap_or(i64::MAX);
        let rows: Vec<(i64, i64)> = sqlx::query_as(concat!(
            "SELECT CAST(1 AS BIGINT), COUNT(*) FROM opt_outs WHERE removed_at IS NULL AND (patient = $1 OR phone = $2)
             UNION ALL SELECT CAST(2 AS BIGINT), COUNT(*) FROM attempts a WHERE a.phone = $2 AND a.status <> 'leased' AND ",
            busy!(),
            " UNION ALL SELECT CAST(3 AS BIGINT), a.placed_at FROM attempts a JOIN outreaches o ON o.id = a.outreach
             WHERE o.patient = $1 AND a.placed_at >= $3 AND ",
            counts_as_called!(),
            " UNION ALL SELECT CAST(4 AS BIGINT), a.placed_at FROM attempts a WHERE a.phone = $2 AND a.placed_at >= $3 AND ",
            counts_as_called!()
        ))
        .bind(patient)
        .bind(phone)
        .bind(since)
        .fetch_all(conn)
        .await?;
        let mut reached = Reached::default();
        for (what, number) in rows {
            match what {
                1 => reached.opted_out = number > 0,
                2 => reached.in_use = number > 0,
                3 => reached.to_patient.push(number),
                _ => reached.to_number.push(number),
            }
        }
        Ok(reached)
    }

    /// Whether the calls made to the patient, or those made to the number, fill a cap.
    fn fills(&self, cap: &Cap) -> bool {
        let made = |calls: &[i64]| calls.iter().filter(|placed| **placed >= micros(cap.since)).count();
        made(&self.to_patient).max(made(&self.to_number)) >= cap.limit as usize
    }
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
