//! The stamp of a patient's facts: it changes whenever a feed changed something about the patient, or what is pending or
//! closed for them. A sum over the parts, so that it does not matter in which order they are read.

use super::rows::Fields;
use super::{Conn, changes, closures};
use crate::core::domain::Closure;
use crate::core::ids::SiteKey;
use crate::store::Result;
use crate::store::stored::list;
use chrono::{DateTime, Utc};

/// The part of the patient.
pub(super) fn of_patient(revision: i64) -> i64 {
    part(b'p', "", revision)
}

/// The part of a booking.
pub(super) fn of_appointment(id: &str, revision: i64) -> i64 {
    part(b'a', id, revision)
}

/// The part of a pending change, by its number.
pub(super) fn of_change(number: i64) -> i64 {
    part(b'c', "", number)
}

/// The part of a closure that covers a booking.
pub(super) fn of_closure(closure: &Closure) -> i64 {
    part(b'x', closure.id.as_str(), 0)
}

/// FNV-1a of kind, number and name: a few bits must not cancel each other out in the sum.
fn part(kind: u8, name: &str, number: i64) -> i64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = [kind].into_iter().chain(number.to_le_bytes()).chain(name.bytes());
    bytes.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)) as i64
}

/// The stamp of a patient's facts as they stand now, the same as `facts::load` would give; none where nobody knows the
/// patient.
pub(super) async fn current(conn: &mut Conn, patient: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    // The patient with the bookings, a row a booking: one round trip.
    let rows = sqlx::query(
        r#"SELECT p.revision AS "patients.revision", b.id AS "appointments.id", b.revision AS "appointments.revision",
               b.site AS "appointments.site", b.start_at AS "appointments.start_at"
           FROM patients p LEFT JOIN appointments b ON b.patient = p.id WHERE p.id = $1"#,
    )
    .bind(patient)
    .fetch_all(&mut *conn)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut stamp = of_patient(Fields(first).int("patients.revision")?);
    let mut add = |part: i64| stamp = stamp.wrapping_add(part);
    let mut bookings = Vec::with_capacity(rows.len());
    for row in &rows {
        let fields = Fields(row);
        let Some(id) = fields.opt_text("appointments.id")? else { continue };
        add(of_appointment(&id, fields.int("appointments.revision")?));
        bookings.push((SiteKey::new(fields.text("appointments.site")?), fields.time("appointments.start_at")?));
    }
    for row in &changes::pending_of(conn, &list([patient])).await? {
        add(of_change(Fields(row).int("changes.id")?));
    }
    for closure in closures::in_force(conn, now).await? {
        if bookings.iter().any(|(site, start)| closure.covers(site, *start)) {
            add(of_closure(&closure));
        }
    }
    Ok(Some(stamp))
}
