//! What a planner decided, written so that writing it twice, or two planners at once, do no harm: what is unique is kept
//! so by constraints, and what already stands is left alone.

use super::inputs::Inputs;
use super::rows::Fields;
use super::{Conn, Lock, changes, lock, people, tell};
use crate::core::domain::{Attempt, Outreach, VisitKey};
use crate::core::ids::AttemptId;
use crate::core::link::share_of;
use crate::store::stored::{list, micros, opt_micros};
use crate::store::{Notice, PlanCommit, Result, ShiftAttempt, StoreError, StoredDecision};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

/// Writes a plan. Withdrawals come first: one plan may replace an attempt.
pub(super) async fn commit(conn: &mut Conn, plan: &PlanCommit) -> Result<()> {
    lock(conn, Lock::Plan).await?;
    withdraw(conn, &plan.withdraw, plan.at).await?;
    for shift in &plan.shift {
        shift_attempt(conn, shift).await?;
    }
    for (outreach, attempt) in &plan.open {
        open(conn, outreach, attempt).await?;
    }
    for (kind, visit) in &plan.close_work {
        people::close_settled(conn, *kind, visit, people::SETTLED).await?;
    }
    for item in &plan.open_work {
        people::open_work(conn, item).await?;
    }
    for change in &plan.close_changes {
        changes::close(conn, change, plan.at).await?;
    }
    keep_decisions(conn, plan).await?;
    if plan.open.is_empty() && plan.shift.is_empty() { Ok(()) } else { tell(conn, Notice::Planned).await }
}

/// Whether there is anything to write: most looks at a patient find what they found before, and hold nobody up.
pub(super) async fn is_news(conn: &mut Conn, plan: &PlanCommit) -> Result<bool> {
    let is_idle = plan.withdraw.is_empty()
        && plan.shift.is_empty()
        && plan.open.is_empty()
        && plan.close_work.is_empty()
        && plan.open_work.is_empty()
        && plan.close_changes.is_empty();
    if !is_idle || plan.decisions.is_empty() {
        return Ok(!is_idle);
    }
    let newest = newest_decisions(conn, &plan.decisions).await?;
    let is_new = |d: &StoredDecision| newest.get(&(d.visit.to_text(), d.job.as_str().to_string())) != Some(&d.essence);
    Ok(plan.decisions.iter().any(is_new))
}

async fn withdraw(conn: &mut Conn, attempts: &[AttemptId], at: Option<DateTime<Utc>>) -> Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    let sql = concat!("UPDATE attempts SET ", withdrawn!(), ", ended_at = $2 WHERE status = 'planned' AND id", is_in!("$1"));
    let ids = list(attempts.iter().map(AttemptId::as_str));
    sqlx::query(sql).bind(ids).bind(opt_micros(at)).execute(conn).await?;
    Ok(())
}

async fn shift_attempt(conn: &mut Conn, shift: &ShiftAttempt) -> Result<()> {
    sqlx::query(
        "UPDATE attempts SET due_at = $2, not_after = $3, phone_kind = $4, phone = $5, language = $6, carrier = $7, route = $7
         WHERE id = $1 AND status = 'planned'",
    )
    .bind(shift.attempt.as_str())
    .bind(micros(shift.due_at))
    .bind(micros(shift.not_after))
    .bind(shift.phone_kind.as_str())
    .bind(shift.phone.as_str())
    .bind(shift.language.as_str())
    .bind(shift.carrier.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Opens an attempt and, where it does not stand yet, its outreach.
async fn open(conn: &mut Conn, outreach: &Outreach, attempt: &Attempt) -> Result<()> {
    let visit = outreach.visit.to_text();
    sqlx::query(
        "INSERT INTO outreaches (id, visit, patient, site, day, version, purpose, touch, job, start_at, moved_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT DO NOTHING",
    )
    .bind(outreach.id.as_str())
    .bind(&visit)
    .bind(outreach.visit.patient.as_str())
    .bind(outreach.visit.site.as_str())
    .bind(outreach.visit.day.to_string())
    .bind(i64::from(outreach.version))
    .bind(outreach.purpose.as_str())
    .bind(i64::from(outreach.touch))
    .bind(outreach.job.as_str())
    .bind(micros(outreach.start))
    .bind(outreach.moved_from.as_ref().map(VisitKey::to_text))
    .execute(&mut *conn)
    .await?;
    let stored: Option<String> =
        sqlx::query_scalar("SELECT id FROM outreaches WHERE visit = $1 AND version = $2 AND purpose = $3 AND touch = $4")
            .bind(&visit)
            .bind(i64::from(outreach.version))
            .bind(outreach.purpose.as_str())
            .bind(i64::from(outreach.touch))
            .fetch_optional(&mut *conn)
            .await?;
    // None: the id is that of another promise.
    insert_attempt(conn, attempt, &stored.ok_or(StoreError::Conflict)?).await
}

/// Writes an attempt as it is, unless its id, its number within the outreach, or another open one keeps it out.
async fn insert_attempt(conn: &mut Conn, attempt: &Attempt, outreach: &str) -> Result<()> {
    let a = attempt;
    sqlx::query(
        "INSERT INTO attempts (id, outreach, number, status, due_at, not_after, phone_kind, phone, language, carrier,
             carrier_call_id, placed_at, answered_at, ended_at, answered_by, heard_seconds, keys, outcome, end_reason, route, share,
             inbound)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $10, $20, $21)
         ON CONFLICT DO NOTHING",
    )
    .bind(a.id.as_str())
    .bind(outreach)
    .bind(i64::from(a.number))
    .bind(a.status.as_str())
    .bind(micros(a.due_at))
    .bind(micros(a.not_after))
    .bind(a.phone_kind.as_str())
    .bind(a.phone.as_str())
    .bind(a.language.as_str())
    .bind(a.carrier.as_str())
    .bind(a.carrier_call_id.as_deref())
    .bind(opt_micros(a.placed_at))
    .bind(opt_micros(a.answered_at))
    .bind(opt_micros(a.ended_at))
    .bind(a.answered_by.map(|by| by.as_str()))
    .bind(a.heard_seconds.map(i64::from))
    .bind(&a.keys)
    .bind(a.outcome.map(|outcome| outcome.as_str()))
    .bind(a.end_reason.map(|reason| reason.as_str()))
    .bind(i64::from(share_of(&a.id)))
    .bind(i64::from(a.inbound))
    .execute(conn)
    .await?;
    Ok(())
}

/// Appends the decisions that differ from the newest one of the same visit and job, with what they were made from.
async fn keep_decisions(conn: &mut Conn, plan: &PlanCommit) -> Result<()> {
    let decisions = &plan.decisions;
    if decisions.is_empty() {
        return Ok(());
    }
    let mut newest = newest_decisions(conn, decisions).await?;
    let mut inputs = Inputs::of(plan);
    for decision in decisions {
        let of = (decision.visit.to_text(), decision.job.as_str().to_string());
        if newest.get(&of) == Some(&decision.essence) {
            continue;
        }
        let inputs = inputs.number(conn, &decision.visit.patient).await?;
        sqlx::query("INSERT INTO decisions (at, visit, job, essence, body, inputs) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(plan.at.map_or(0, micros))
            .bind(&of.0)
            .bind(&of.1)
            .bind(&decision.essence)
            .bind(&decision.body)
            .bind(inputs)
            .execute(&mut *conn)
            .await?;
        newest.insert(of, decision.essence.clone());
    }
    Ok(())
}

/// The essence of the newest decision of each visit and job that these are about.
async fn newest_decisions(conn: &mut Conn, decisions: &[StoredDecision]) -> Result<HashMap<(String, String), String>> {
    let visits: BTreeSet<String> = decisions.iter().map(|d| d.visit.to_text()).collect();
    let rows = sqlx::query(concat!(
        r#"SELECT d.visit AS "decisions.visit", d.job AS "decisions.job", d.essence AS "decisions.essence"
           FROM decisions d
           WHERE d.id = (SELECT MAX(n.id) FROM decisions n WHERE n.visit = d.visit AND n.job = d.job) AND d.visit"#,
        is_in!("$1")
    ))
    .bind(list(visits.iter().map(String::as_str)))
    .fetch_all(conn)
    .await?;
    let mut newest = HashMap::new();
    for row in &rows {
        let fields = Fields(row);
        let of = (fields.text("decisions.visit")?, fields.text("decisions.job")?);
        newest.insert(of, fields.text("decisions.essence")?);
    }
    Ok(newest)
}
