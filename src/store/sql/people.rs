//! What people must do: the worklist.

use super::rows::Fields;
use super::{Conn, touched};
use crate::core::domain::{VisitKey, WorkItem, WorkKind, WorkState};
use crate::core::ids::{PatientId, WorkItemId};
use crate::store::Result;
use crate::store::stored::{micros, opt_micros};

/// The resolution of what closed by itself; the column `settled` says so too.
pub(super) const SETTLED: &str = "settled by the schedule";
/// The same where the patient did it.
pub(super) const SETTLED_BY_CALL: &str = "settled by what was said later in the call";

/// Opens an item unless one of its kind about the same is open; `false` where it was there.
pub(super) async fn open_work(conn: &mut Conn, item: &WorkItem) -> Result<bool> {
    let visit = item.visit.as_ref().map(VisitKey::to_text);
    let patient = item.patient.as_ref().map(PatientId::as_str);
    let whose = item.visit.as_ref().map(|visit| visit.patient.as_str()).or(patient);
    let about = visit.as_deref().or(patient).or(item.resolution.as_deref()).unwrap_or_default();
    let done = sqlx::query(
        "INSERT INTO worklist (id, kind, visit, patient, whose, about, opened_at, due_at, owner, state, resolution)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT DO NOTHING",
    )
    .bind(item.id.as_str())
    .bind(item.kind.as_str())
    .bind(visit.as_deref())
    .bind(patient)
    .bind(whose)
    .bind(about)
    .bind(micros(item.opened_at))
    .bind(opt_micros(item.due_at))
    .bind(item.owner.as_deref())
    .bind(item.state.as_str())
    .bind(item.resolution.as_deref())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

macro_rules! select_work {
    ($($condition:expr),*) => {
        concat!(
            r#"SELECT id AS "worklist.id", kind AS "worklist.kind", visit AS "worklist.visit", patient AS "worklist.patient",
                   opened_at AS "worklist.opened_at", due_at AS "worklist.due_at", owner AS "worklist.owner",
                   state AS "worklist.state", resolution AS "worklist.resolution"
               FROM worklist WHERE "#,
            $($condition,)*
            " ORDER BY opened_at, id"
        )
    };
}

/// Items, oldest first.
pub(super) async fn worklist(conn: &mut Conn, all: bool, limit: u32) -> Result<Vec<WorkItem>> {
    let rows = sqlx::query(concat!(select_work!("($1 = 1 OR state <> $2)"), " LIMIT $3"))
        .bind(i64::from(all))
        .bind(WorkState::Closed.as_str())
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Fields(row).work_item()).collect()
}

/// How many items wait for a person.
pub(super) async fn count_open_work(conn: &mut Conn) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM worklist WHERE state <> $1")
        .bind(WorkState::Closed.as_str())
        .fetch_one(conn)
        .await?;
    Ok(count.unsigned_abs())
}

/// Gives an open item to somebody; `false` where it is not open.
pub(super) async fn claim_work(conn: &mut Conn, item: &WorkItemId, owner: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE worklist SET state = 'claimed', owner = $2 WHERE id = $1 AND state = 'open'")
        .bind(item.as_str())
        .bind(owner)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes an item with what was done; `false` where it was closed.
pub(super) async fn resolve_work(conn: &mut Conn, item: &WorkItemId, resolution: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE worklist SET state = 'closed', resolution = $2 WHERE id = $1 AND state <> 'closed'")
        .bind(item.as_str())
        .bind(resolution)
        .execute(&mut *conn)
        .await?;
    let whose: Option<String> = sqlx::query_scalar("SELECT whose FROM worklist WHERE id = $1 AND whose IS NOT NULL")
        .bind(item.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    touched::note(conn, whose.as_deref()).await?;
    Ok(done.rows_affected() == 1)
}

/// Closes what is settled, and how.
pub(super) async fn close_settled(conn: &mut Conn, kind: WorkKind, visit: &VisitKey, how: &str) -> Result<()> {
    sqlx::query(
        "UPDATE worklist SET state = 'closed', resolution = $3, settled = 1
         WHERE kind = $1 AND about = $2 AND state <> 'closed'",
    )
    .bind(kind.as_str())
    .bind(visit.to_text())
    .bind(how)
    .execute(conn)
    .await?;
    Ok(())
}
