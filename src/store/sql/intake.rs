//! What the feeds say: bookings and patients, each written only over the revision it was decided on.

use super::rows::{Fields, appointment_columns, patient_columns};
use super::{Conn, changes, feeds, opt_outs, touched};
use crate::core::domain::{Appointment, Patient, VisitKey};
use crate::core::ids::{AppointmentId, FeedName, PatientId};
use crate::store::stored::{form, list, micros, opt_micros, outside};
use crate::store::{IntakeBatch, Known, RawInput, Result, Revised, StoreError};
use chrono::{DateTime, Utc};

/// What is known about these bookings and patients.
pub(super) async fn load_known(conn: &mut Conn, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known> {
    let sql = concat!("SELECT ", appointment_columns!(), " FROM appointments p WHERE p.id", is_in!("$1"), " ORDER BY p.id");
    let ids = list(appointments.iter().map(AppointmentId::as_str));
    let rows = sqlx::query(sql).bind(ids).fetch_all(&mut *conn).await?;
    let changes = changes::pending(conn, appointments).await?;
    let appointments = rows
        .iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(Revised { value: fields.appointment()?, revision: fields.int("appointments.revision")? })
        })
        .collect::<Result<_>>()?;

    let sql = concat!("SELECT ", patient_columns!(), " FROM patients p WHERE p.id", is_in!("$1"), " ORDER BY p.id");
    let ids = list(patients.iter().map(PatientId::as_str));
    let rows = sqlx::query(sql).bind(ids).fetch_all(&mut *conn).await?;
    let consents = feeds::consents(conn, patients).await?;
    let patients = rows
        .iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(Revised { value: fields.patient()?, revision: fields.int("patients.revision")? })
        })
        .collect::<Result<_>>()?;
    Ok(Known { appointments, patients, changes, consents })
}

/// Writes one batch. Rows are written in the order of their ids, so that two feeds do not wait for each other in a circle.
pub(super) async fn commit(conn: &mut Conn, batch: &IntakeBatch) -> Result<()> {
    let mut patients: Vec<_> = batch.patients.iter().collect();
    patients.sort_by(|a, b| a.value.id.cmp(&b.value.id));
    for patient in patients {
        write_patient(conn, patient).await?;
    }
    let mut appointments: Vec<_> = batch.appointments.iter().collect();
    appointments.sort_by(|a, b| a.value.id.cmp(&b.value.id));
    for appointment in appointments {
        write_appointment(conn, appointment).await?;
    }
    for note in &batch.changes {
        changes::note(conn, note, batch.at).await?;
    }
    for raw in &batch.raw {
        keep_raw(conn, &batch.feed, batch.at, raw).await?;
    }
    for consent in &batch.consents {
        feeds::keep_consent(conn, consent).await?;
    }
    withdraw(conn, &batch.withdraw, batch.at).await?;
    for opt_out in &batch.opt_outs {
        opt_outs::add(conn, opt_out).await?;
    }
    let rows = batch.appointments.iter().map(|a| &a.value.patient).chain(batch.patients.iter().map(|p| &p.value.id));
    let others = batch.changes.iter().map(|c| &c.patient).chain(batch.withdraw.iter().map(|visit| &visit.patient));
    touched::note(conn, rows.chain(others).map(PatientId::as_str)).await?;
    // Last, because every batch of a feed writes the same rows: nobody waits for the other's while holding these.
    match &batch.heard {
        Some(sites) => feeds::heard(conn, &batch.feed, sites, batch.at).await,
        None => Ok(()),
    }
}

async fn write_appointment(conn: &mut Conn, revised: &Revised<Appointment>) -> Result<()> {
    let sql = if revised.revision == 0 {
        "INSERT INTO appointments (id, patient, site, department, start_at, duration_minutes, service, visit_type, status,
             established, booked_at, updated_at, feed, revision, service_by_rule)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 + 1, $15)
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE appointments
         SET patient = $2, site = $3, department = $4, start_at = $5, duration_minutes = $6, service = $7, visit_type = $8,
             status = $9, established = $10, booked_at = $11, updated_at = $12, feed = $13, revision = $14 + 1,
             service_by_rule = $15
         WHERE id = $1 AND revision = $14"
    };
    let a = &revised.value;
    let done = sqlx::query(sql)
        .bind(a.id.as_str())
        .bind(a.patient.as_str())
        .bind(a.site.as_str())
        .bind(a.department.as_ref().map(|d| outside(d.reveal())))
        .bind(micros(a.start))
        .bind(a.duration_minutes.map(i64::from))
        .bind(a.service.as_str())
        .bind(a.visit_type.as_ref().map(|t| outside(t.reveal())))
        .bind(a.status.as_str())
        .bind(a.established.map(i64::from))
        .bind(micros(a.booked_at))
        .bind(opt_micros(a.updated_at))
        .bind(a.feed.as_str())
        .bind(revised.revision)
        .bind(i64::from(a.service_by_rule))
        .execute(conn)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

async fn write_patient(conn: &mut Conn, revised: &Revised<Patient>) -> Result<()> {
    let sql = if revised.revision == 0 {
        "INSERT INTO patients (id, first_name, last_name, birth_date, phones, language, flags, updated_at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9 + 1)
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE patients
         SET first_name = $2, last_name = $3, birth_date = $4, phones = $5, language = $6, flags = $7, updated_at = $8,
             revision = $9 + 1
         WHERE id = $1 AND revision = $9"
    };
    let p = &revised.value;
    let done = sqlx::query(sql)
        .bind(p.id.as_str())
        .bind(p.first_name.as_ref().map(|n| outside(n.reveal())))
        .bind(p.last_name.as_ref().map(|n| outside(n.reveal())))
        .bind(p.birth_date.as_ref().map(|d| d.reveal().to_string()))
        .bind(form(&p.phones))
        .bind(p.language.as_ref().map(|l| l.as_str()))
        .bind(form(&p.flags))
        .bind(opt_micros(p.updated_at))
        .bind(revised.revision)
        .execute(&mut *conn)
        .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Conflict);
    }
    touched::keep_numbers(conn, p, revised.revision == 0).await
}

async fn keep_raw(conn: &mut Conn, feed: &FeedName, at: DateTime<Utc>, raw: &RawInput) -> Result<()> {
    sqlx::query("INSERT INTO raw_inputs (feed, at, line, text, refused) VALUES ($1, $2, $3, $4, $5)")
        .bind(feed.as_str())
        .bind(micros(at))
        .bind(raw.line as i64)
        .bind(outside(raw.text.reveal()))
        .bind(raw.refused.as_deref())
        .execute(conn)
        .await?;
    Ok(())
}

/// Withdraws the planned attempts about these visits, whatever their purpose.
async fn withdraw(conn: &mut Conn, visits: &[VisitKey], at: DateTime<Utc>) -> Result<()> {
    if visits.is_empty() {
        return Ok(());
    }
    let visits: Vec<String> = visits.iter().map(VisitKey::to_text).collect();
    sqlx::query(concat!(
        "UPDATE attempts SET ",
        withdrawn!(),
        ", ended_at = $2
         WHERE status = 'planned' AND outreach IN (SELECT o.id FROM outreaches o WHERE o.visit",
        is_in!("$1"),
        ")"
    ))
    .bind(list(visits.iter().map(String::as_str)))
    .bind(micros(at))
    .execute(conn)
    .await?;
    Ok(())
}

/// Stored bookings in order of start.
pub(super) async fn appointments(conn: &mut Conn, feed: Option<&FeedName>, limit: u32) -> Result<Vec<Appointment>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        appointment_columns!(),
        " FROM appointments p WHERE $1 IS NULL OR p.feed = $1
         ORDER BY p.start_at, p.id LIMIT $2"
    ))
    .bind(feed.map(FeedName::as_str))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Fields(row).appointment()).collect()
}

/// How many bookings are stored.
pub(super) async fn count_appointments(conn: &mut Conn, feed: Option<&FeedName>) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM appointments WHERE $1 IS NULL OR feed = $1")
        .bind(feed.map(FeedName::as_str))
        .fetch_one(conn)
        .await?;
    Ok(count.unsigned_abs())
}
