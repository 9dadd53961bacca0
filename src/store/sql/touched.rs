//! Whose facts changed by somebody other than the planner: a queue that the planner of whatever process reads. Whoever
//! writes what the planner goes by notes it here, in the same transaction.

use super::{Conn, Lock, lock, tell};
use crate::core::domain::{Patient, PhoneNumber};
use crate::core::ids::{AttemptId, PatientId};
use crate::store::stored::list;
use crate::store::{Notice, Result, Touched};
use std::collections::BTreeSet;

/// Notes these patients; those that nobody knows have no facts and are left out.
///
/// The numbers of the queue are taken under a lock that holds until the commit: whoever has read up to a number has missed
/// none below it. So it comes last in a transaction, after everything that may have to wait for others.
pub(super) async fn note<'a>(conn: &mut Conn, patients: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let patients: BTreeSet<&str> = patients.into_iter().collect();
    if patients.is_empty() {
        return Ok(());
    }
    lock(conn, Lock::Touched).await?;
    let noted = sqlx::query(concat!("INSERT INTO touched (patient) SELECT p.id FROM patients p WHERE p.id", is_in!("$1")))
        .bind(list(patients))
        .execute(&mut *conn)
        .await?;
    if noted.rows_affected() > 0 { tell(conn, Notice::Touched).await } else { Ok(()) }
}

/// Notes everybody who has this number.
pub(super) async fn note_owners(conn: &mut Conn, number: &PhoneNumber) -> Result<()> {
    let owners: Vec<String> = sqlx::query_scalar("SELECT patient FROM patient_numbers WHERE number = $1")
        .bind(number.as_str())
        .fetch_all(&mut *conn)
        .await?;
    note(conn, owners.iter().map(String::as_str)).await
}

/// Notes the others who have the number of an attempt: a call to it counts for them, too. The patient of the attempt is
/// planned by whoever makes the call.
pub(super) async fn note_sharers(conn: &mut Conn, attempt: &AttemptId) -> Result<()> {
    let sharers: Vec<String> = sqlx::query_scalar(
        "SELECT n.patient FROM attempts a
         JOIN outreaches o ON o.id = a.outreach
         JOIN patient_numbers n ON n.number = a.phone AND n.patient <> o.patient
         WHERE a.id = $1",
    )
    .bind(attempt.as_str())
    .fetch_all(&mut *conn)
    .await?;
    note(conn, sharers.iter().map(String::as_str)).await
}

/// Keeps by which numbers a patient may be called.
pub(super) async fn keep_numbers(conn: &mut Conn, patient: &Patient, is_new: bool) -> Result<()> {
    let numbers = patient.numbers();
    if !is_new {
        sqlx::query(concat!("DELETE FROM patient_numbers WHERE patient = $1 AND NOT number", is_in!("$2")))
            .bind(patient.id.as_str())
            .bind(list(numbers.iter().map(|number| number.as_str())))
            .execute(&mut *conn)
            .await?;
    }
    for number in numbers {
        sqlx::query("INSERT INTO patient_numbers (number, patient) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(number.as_str())
            .bind(patient.id.as_str())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The next ones of the queue.
pub(super) async fn next(conn: &mut Conn, limit: u32) -> Result<Touched> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, patient FROM touched ORDER BY id LIMIT $1").bind(i64::from(limit)).fetch_all(conn).await?;
    let upto = rows.last().map_or(0, |(id, _)| *id);
    let patients: BTreeSet<PatientId> = rows.into_iter().map(|(_, patient)| PatientId::new(patient)).collect();
    Ok(Touched { upto, patients: patients.into_iter().collect() })
}

/// Removes what was read.
pub(super) async fn forget(conn: &mut Conn, upto: i64) -> Result<()> {
    sqlx::query("DELETE FROM touched WHERE id <= $1").bind(upto).execute(conn).await?;
    Ok(())
}
