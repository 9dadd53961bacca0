//! What is different about bookings and not told yet. A row is open from the first edit until the patient was told, or need
//! not be; then it is kept as history.

use super::rows::{Fields, change_columns};
use super::{Conn, Row};
use crate::core::domain::PendingChange;
use crate::core::ids::{AppointmentId, PatientId};
use crate::store::stored::{list, micros, outside};
use crate::store::{ChangeEdit, ChangeNote, ChangeRecord, CloseChange, Result, StoreError};
use chrono::{DateTime, Utc};

/// What is pending about these bookings.
pub(super) async fn pending(conn: &mut Conn, appointments: &[AppointmentId]) -> Result<Vec<PendingChange>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        change_columns!(),
        " FROM changes c WHERE c.closed_at IS NULL AND c.appointment",
        is_in!("$1"),
        " ORDER BY c.appointment"
    ))
    .bind(list(appointments.iter().map(AppointmentId::as_str)))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Fields(row).change()).collect()
}

/// The rows of what is pending for these patients (a list as JSON).
pub(super) async fn pending_of(conn: &mut Conn, patients: &str) -> Result<Vec<Row>> {
    let sql = concat!(
        "SELECT ",
        change_columns!(),
        " FROM changes c WHERE c.closed_at IS NULL AND c.patient",
        is_in!("$1"),
        " ORDER BY c.first_at, c.id"
    );
    Ok(sqlx::query(sql).bind(patients).fetch_all(conn).await?)
}

/// Everything that ever changed for a patient, oldest first.
pub(super) async fn history(conn: &mut Conn, patient: &PatientId) -> Result<Vec<ChangeRecord>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        change_columns!(),
        r#", c.closed_at AS "changes.closed_at", c.why AS "changes.why"
          FROM changes c WHERE c.patient = $1 ORDER BY c.first_at, c.id"#
    ))
    .bind(patient.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let why = fields.opt_text("changes.why")?.unwrap_or_default();
            Ok(ChangeRecord {
                change: fields.change()?,
                closed: fields.opt_time("changes.closed_at")?.map(|closed_at| (closed_at, why)),
            })
        })
        .collect()
}

/// Notes one edit. Whoever decided on another state of what is pending must decide again.
pub(super) async fn note(conn: &mut Conn, note: &ChangeNote, at: DateTime<Utc>) -> Result<()> {
    let done = match &note.edit {
        ChangeEdit::First(old) => sqlx::query(
            "INSERT INTO changes (appointment, patient, old_site, old_start_at, old_service, old_department, first_at, last_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
                 ON CONFLICT DO NOTHING",
        )
        .bind(note.appointment.as_str())
        .bind(note.patient.as_str())
        .bind(old.site.as_str())
        .bind(micros(old.start))
        .bind(old.service.as_str())
        .bind(old.department.as_ref().map(|d| outside(d.reveal())))
        .bind(micros(at))
        .execute(conn)
        .await,
        // An edit is always later than the one before it, whatever the clocks of two replicas say: a planner that has seen
        // only the earlier one must not close both.
        ChangeEdit::Another => {
            sqlx::query(
                "UPDATE changes SET patient = $2, last_at = CASE WHEN last_at < $3 THEN $3 ELSE last_at + 1 END
                 WHERE appointment = $1 AND closed_at IS NULL",
            )
            .bind(note.appointment.as_str())
            .bind(note.patient.as_str())
            .bind(micros(at))
            .execute(conn)
            .await
        }
    }?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Closes a change that is told or void, unless it was edited since that was decided.
pub(super) async fn close(conn: &mut Conn, change: &CloseChange, at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query("UPDATE changes SET closed_at = $3, why = $4 WHERE appointment = $1 AND last_at = $2 AND closed_at IS NULL")
        .bind(change.appointment.as_str())
        .bind(micros(change.last_at))
        .bind(at.map_or(0, micros))
        .bind(&change.why)
        .execute(conn)
        .await?;
    Ok(())
}
