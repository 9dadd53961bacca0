//! The suppression list. An entry that is taken back stays on record.

use super::rows::Fields;
use super::{Conn, touched};
use crate::core::domain::{PatientFlags, PhoneNumber};
use crate::core::ids::PatientId;
use crate::store::stored::{form, micros};
use crate::store::{OptIn, OptOut, OptOutRecord, Result, StoreError};

/// Adds an entry, unless the same stands there. Nobody waits for anything afterwards in the same transaction: see
/// [`touched::note`].
pub(super) async fn add(conn: &mut Conn, opt_out: &OptOut) -> Result<()> {
    insert(conn, opt_out).await?;
    told(conn, opt_out.patient.as_ref(), opt_out.phone.as_ref()).await
}

async fn insert(conn: &mut Conn, opt_out: &OptOut) -> Result<()> {
    sqlx::query("INSERT INTO opt_outs (patient, phone, at, how) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind(opt_out.patient.as_ref().map(PatientId::as_str))
        .bind(opt_out.phone.as_ref().map(PhoneNumber::as_str))
        .bind(micros(opt_out.at))
        .bind(&opt_out.how)
        .execute(conn)
        .await?;
    Ok(())
}

/// Tells the planner whom an entry is about.
async fn told(conn: &mut Conn, patient: Option<&PatientId>, phone: Option<&PhoneNumber>) -> Result<()> {
    touched::note(conn, patient.map(PatientId::as_str)).await?;
    match phone {
        Some(phone) => touched::note_owners(conn, phone).await,
        None => Ok(()),
    }
}

macro_rules! select_opt_outs {
    ($condition:literal) => {
        concat!(
            r#"SELECT id AS "opt_outs.id", patient AS "opt_outs.patient", phone AS "opt_outs.phone", at AS "opt_outs.at",
                   how AS "opt_outs.how", removed_at AS "opt_outs.removed_at", removed_by AS "opt_outs.removed_by"
               FROM opt_outs"#,
            $condition
        )
    };
}

/// The entries that stand, newest first.
pub(super) async fn standing(conn: &mut Conn, limit: u32) -> Result<Vec<OptOut>> {
    let rows = sqlx::query(select_opt_outs!(" WHERE removed_at IS NULL ORDER BY at DESC, id DESC LIMIT $1"))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| entry(&Fields(row))).collect()
}

/// The entries that stand or ever stood, newest first.
pub(super) async fn records(conn: &mut Conn, limit: u32) -> Result<Vec<OptOutRecord>> {
    let rows =
        sqlx::query(select_opt_outs!(" ORDER BY at DESC, id DESC LIMIT $1")).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let by = fields.opt_text("opt_outs.removed_by")?.unwrap_or_default();
            let removed = fields.opt_time("opt_outs.removed_at")?.map(|at| (at, by));
            Ok(OptOutRecord { opt_out: entry(&fields)?, removed })
        })
        .collect()
}

fn entry(fields: &Fields<'_>) -> Result<OptOut> {
    Ok(OptOut {
        patient: fields.opt_text("opt_outs.patient")?.map(PatientId::new),
        phone: fields.opt_word("opt_outs.phone", |text| PhoneNumber::parse(text).ok())?,
        at: fields.time("opt_outs.at")?,
        how: fields.text("opt_outs.how")?,
    })
}

/// Takes entries back; returns how many. What an entry says about somebody else stands on.
pub(super) async fn remove(conn: &mut Conn, who: &OptIn) -> Result<u64> {
    let rows = sqlx::query(select_opt_outs!(" WHERE removed_at IS NULL AND (patient = $1 OR phone = $2) ORDER BY id"))
        .bind(who.patient.as_ref().map(PatientId::as_str))
        .bind(who.phone.as_ref().map(PhoneNumber::as_str))
        .fetch_all(&mut *conn)
        .await?;
    for row in &rows {
        let fields = Fields(row);
        sqlx::query("UPDATE opt_outs SET removed_at = $2, removed_by = $3 WHERE id = $1")
            .bind(fields.int("opt_outs.id")?)
            .bind(micros(who.at))
            .bind(&who.by)
            .execute(&mut *conn)
            .await?;
        let removed = entry(&fields)?;
        let left = OptOut {
            patient: removed.patient.clone().filter(|patient| who.patient.as_ref() != Some(patient)),
            phone: removed.phone.clone().filter(|phone| who.phone.as_ref() != Some(phone)),
            ..removed
        };
        if left.patient.is_some() || left.phone.is_some() {
            insert(conn, &left).await?;
        }
    }
    if let Some(patient) = &who.patient {
        lift_flag(conn, patient).await?;
    }
    told(conn, who.patient.as_ref(), who.phone.as_ref()).await?;
    Ok(rows.len() as u64)
}

/// A feed's opt-out is kept with the patient too.
async fn lift_flag(conn: &mut Conn, patient: &PatientId) -> Result<()> {
    let row = sqlx::query(r#"SELECT flags AS "patients.flags", revision AS "patients.revision" FROM patients WHERE id = $1"#)
        .bind(patient.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let (flags, revision): (PatientFlags, i64) = (Fields(&row).form("patients.flags")?, Fields(&row).int("patients.revision")?);
    if !flags.opt_out {
        return Ok(());
    }
    let done = sqlx::query("UPDATE patients SET flags = $3, revision = $2 + 1 WHERE id = $1 AND revision = $2")
        .bind(patient.as_str())
        .bind(revision)
        .bind(form(&PatientFlags { opt_out: false, ..flags }))
        .execute(conn)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
