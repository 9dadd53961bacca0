//! Closures of sites, and the turns of those who are to be told.

use super::rows::{Fields, appointment_columns, closure_columns};
use super::{Conn, touched};
use crate::core::domain::{Appointment, Closure, VisitKey};
use crate::core::ids::{ClosureId, PatientId, SiteKey};
use crate::store::stored::{list, micros, opt_micros, outside, read_micros};
use crate::store::{ClosureRecord, Result, StoreError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;

/// How long a closure that is over is still told: whoever was told another time that day comes after its end.
const AFTER: Days = Days::new(1);

/// The booked ones at a site that start in a span, in order of start.
pub(super) async fn bookings_between(
    conn: &mut Conn,
    site: &SiteKey,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Appointment>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        appointment_columns!(),
        " FROM appointments p
         WHERE p.site = $1 AND p.start_at >= $2 AND p.start_at < $3 AND p.status IN ('booked', 'confirmed')
         ORDER BY p.start_at, p.id"
    ))
    .bind(site.as_str())
    .bind(micros(from))
    .bind(micros(until))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Fields(row).appointment()).collect()
}

/// Keeps a closure with the visits it covers.
pub(super) async fn declare(conn: &mut Conn, closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO closures (id, site, day, from_at, until_at, delay_to, reason, declared_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT DO NOTHING",
    )
    .bind(closure.id.as_str())
    .bind(closure.site.as_str())
    .bind(closure.day.to_string())
    .bind(micros(closure.from))
    .bind(micros(closure.until))
    .bind(opt_micros(closure.delay_to))
    .bind(outside(reason))
    .bind(micros(closure.declared_at))
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Conflict);
    }
    for (visit, position) in visits {
        sqlx::query(
            "INSERT INTO closure_visits (closure, patient, visit, position) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(closure.id.as_str())
        .bind(visit.patient.as_str())
        .bind(visit.to_text())
        .bind(i64::from(*position))
        .execute(&mut *conn)
        .await?;
    }
    note_booked(conn, &closure.site, closure.from, closure.until).await
}

/// Tells the planner who is booked at a site in a span.
async fn note_booked(conn: &mut Conn, site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
    let booked: Vec<String> =
        sqlx::query_scalar("SELECT patient FROM appointments WHERE site = $1 AND start_at >= $2 AND start_at < $3")
            .bind(site.as_str())
            .bind(micros(from))
            .bind(micros(until))
            .fetch_all(&mut *conn)
            .await?;
    touched::note(conn, booked.iter().map(String::as_str)).await
}

/// Closures in force, or all, in the order of their beginning.
pub(super) async fn closures(conn: &mut Conn, all: bool) -> Result<Vec<ClosureRecord>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        closure_columns!(),
        r#", c.reason AS "closures.reason", c.withdrawn_at AS "closures.withdrawn_at",
             (SELECT COUNT(*) FROM closure_visits v WHERE v.closure = c.id) AS "closures.visits"
           FROM closures c WHERE $1 = 1 OR c.withdrawn_at IS NULL ORDER BY c.from_at, c.id"#
    ))
    .bind(i64::from(all))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(ClosureRecord {
                closure: fields.closure()?,
                reason: fields.text("closures.reason")?,
                visits: fields.number("closures.visits")?,
                withdrawn_at: fields.opt_time("closures.withdrawn_at")?,
            })
        })
        .collect()
}

/// Withdraws what is in force for a site on a day.
pub(super) async fn withdraw(conn: &mut Conn, site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> Result<u64> {
    let spans: Vec<(i64, i64)> =
        sqlx::query_as("SELECT from_at, until_at FROM closures WHERE site = $1 AND day = $2 AND withdrawn_at IS NULL")
            .bind(site.as_str())
            .bind(day.to_string())
            .fetch_all(&mut *conn)
            .await?;
    let done = sqlx::query("UPDATE closures SET withdrawn_at = $3 WHERE site = $1 AND day = $2 AND withdrawn_at IS NULL")
        .bind(site.as_str())
        .bind(day.to_string())
        .bind(micros(at))
        .execute(&mut *conn)
        .await?;
    for (from, until) in spans {
        let (from, until) = (read_micros("closures.from_at", from)?, read_micros("closures.until_at", until)?);
        note_booked(conn, site, from, until).await?;
    }
    Ok(done.rows_affected())
}

/// What is in force and not long over, in the order of the ids.
pub(super) async fn in_force(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<Closure>> {
    let since = now.checked_sub_days(AFTER).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let sql =
        concat!("SELECT ", closure_columns!(), " FROM closures c WHERE c.withdrawn_at IS NULL AND c.until_at > $1 ORDER BY c.id");
    let rows = sqlx::query(sql).bind(micros(since)).fetch_all(conn).await?;
    rows.iter().map(|row| Fields(row).closure()).collect()
}

/// The turns of these patients (a list as JSON) in these closures.
pub(super) async fn positions(
    conn: &mut Conn,
    closures: &[Closure],
    patients: &str,
) -> Result<HashMap<(ClosureId, PatientId), u32>> {
    let rows = sqlx::query(concat!(
        r#"SELECT v.closure AS "closure_visits.closure", v.patient AS "closure_visits.patient",
               v.position AS "closure_visits.position"
           FROM closure_visits v WHERE v.closure"#,
        is_in!("$1"),
        " AND v.patient",
        is_in!("$2")
    ))
    .bind(list(closures.iter().map(|closure| closure.id.as_str())))
    .bind(patients)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let whose =
                (ClosureId::new(fields.text("closure_visits.closure")?), PatientId::new(fields.text("closure_visits.patient")?));
            Ok((whose, fields.number("closure_visits.position")?))
        })
        .collect()
}
