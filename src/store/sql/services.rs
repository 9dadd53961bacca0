//! Bookings by their class: those that the classification rules classed, and those that no rule knows.

use super::rows::{Fields, appointment_columns};
use super::{Conn, touched};
use crate::core::domain::{Appointment, Service};
use crate::core::ids::{AppointmentId, FeedName};
use crate::core::phi::Phi;
use crate::store::stored::{list, micros};
use crate::store::{Reclassify, Result, UnknownService};
use chrono::{DateTime, Utc};

/// A page of the bookings that rules classed, in order of start and id: those after a place in that order.
pub(super) async fn classed_by_rule(
    conn: &mut Conn,
    after: (DateTime<Utc>, &AppointmentId),
    limit: u32,
) -> Result<Vec<Appointment>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        appointment_columns!(),
        " FROM appointments p
         WHERE (p.start_at, p.id) > ($1, $2) AND p.service_by_rule = 1
         ORDER BY p.start_at, p.id LIMIT $3"
    ))
    .bind(micros(after.0))
    .bind(after.1.as_str())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Fields(row).appointment()).collect()
}

/// Gives bookings another class, where rules gave them the one that they have; returns how many. Their revision rises, so
/// that whoever judged them by the old class judges again.
pub(super) async fn reclassify(conn: &mut Conn, changes: &[Reclassify]) -> Result<u64> {
    let mut changed = 0;
    for change in changes {
        let done = sqlx::query(
            "UPDATE appointments SET service = $3, revision = revision + 1
             WHERE id = $1 AND service = $2 AND service_by_rule = 1",
        )
        .bind(change.appointment.as_str())
        .bind(change.from.as_str())
        .bind(change.to.as_str())
        .execute(&mut *conn)
        .await?;
        changed += done.rows_affected();
    }
    let ids = list(changes.iter().map(|change| change.appointment.as_str()));
    let patients: Vec<String> = sqlx::query_scalar(concat!("SELECT p.patient FROM appointments p WHERE p.id", is_in!("$1")))
        .bind(ids)
        .fetch_all(&mut *conn)
        .await?;
    touched::note(conn, patients.iter().map(String::as_str)).await?;
    Ok(changed)
}

/// What no rule knows, the most frequent first.
pub(super) async fn unknown(conn: &mut Conn, from: DateTime<Utc>, limit: u32) -> Result<Vec<UnknownService>> {
    let rows = sqlx::query(
        r#"SELECT p.visit_type AS "appointments.visit_type", p.department AS "appointments.department",
               p.feed AS "appointments.feed", COUNT(*) AS "appointments.count", MIN(p.start_at) AS "appointments.start_at"
           FROM appointments p
           WHERE p.service = $1 AND p.start_at >= $2
           GROUP BY p.visit_type, p.department, p.feed
           ORDER BY COUNT(*) DESC, p.visit_type, p.department, p.feed LIMIT $3"#,
    )
    .bind(Service::Unknown.as_str())
    .bind(micros(from))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(UnknownService {
                visit_type: fields.opt_text("appointments.visit_type")?.map(Phi::new),
                department: fields.opt_text("appointments.department")?.map(Phi::new),
                feed: FeedName::new(fields.text("appointments.feed")?),
                appointments: fields.int("appointments.count")?.unsigned_abs(),
                first: fields.time("appointments.start_at")?,
            })
        })
        .collect()
}
