//! What the planner must know about patients, gathered with a few statements for many of them.

use super::rows::{Fields, appointment_columns, attempt_columns, outreach_columns, patient_columns};
use super::{Conn, changes, closures, stamp};
use crate::core::domain::{PhoneNumber, WorkKind, WorkState};
use crate::core::ids::{OutreachId, PatientId};
use crate::core::plan::{ClosureFacts, OutreachFacts, PatientFacts, RangCall, WorkFacts, WorkStanding};
use crate::store::Result;
use crate::store::stored::{list, micros};
use chrono::{DateTime, Days, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Patients a round of statements; bounds the size of a list and of what is held at once.
const CHUNK: usize = 500;
/// How far back calls to a number are told: the longest cap, 168 hours, and a day for zones.
const CALLS_DAYS: Days = Days::new(8);

/// Whom the planner must look at, a page of them.
///
/// Page by page of all patients, and of each those who have something to come: asked in one statement, PostgreSQL would
/// first gather everything that anybody has to come, again for every page.
pub(super) async fn patients_to_plan(
    conn: &mut Conn,
    now: DateTime<Utc>,
    after: Option<&PatientId>,
    limit: u32,
) -> Result<Vec<PatientId>> {
    let mut wanted: Vec<String> = Vec::new();
    let mut last = after.map_or(String::new(), |after| after.as_str().to_string());
    while wanted.len() < limit as usize {
        let page: Vec<String> = sqlx::query_scalar("SELECT p.id FROM patients p WHERE p.id > $1 ORDER BY p.id LIMIT $2")
            .bind(&last)
            .bind(i64::from(limit))
            .fetch_all(&mut *conn)
            .await?;
        let Some(newest) = page.last() else { break };
        last.clone_from(newest);
        let mut found: Vec<String> = sqlx::query_scalar(concat!(
            "SELECT b.patient FROM appointments b WHERE b.start_at > $1 AND b.patient",
            is_in!("$2"),
            " UNION SELECT o.patient FROM outreaches o JOIN attempts a ON a.outreach = o.id
              WHERE a.status = 'planned' AND o.patient",
            is_in!("$2"),
            " UNION SELECT c.patient FROM changes c WHERE c.closed_at IS NULL AND c.patient",
            is_in!("$2")
        ))
        .bind(micros(now))
        .bind(list(page.iter().map(String::as_str)))
        .fetch_all(&mut *conn)
        .await?;
        found.sort_unstable();
        wanted.append(&mut found);
    }
    wanted.truncate(limit as usize);
    Ok(wanted.into_iter().map(PatientId::new).collect())
}

/// All facts about these patients, in the order of the ids.
pub(super) async fn load(conn: &mut Conn, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>> {
    let ids: BTreeSet<&str> = patients.iter().map(PatientId::as_str).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut facts = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut chunk = Chunk::of_patients(conn, &list(chunk.iter().copied())).await?;
        chunk.add_appointments(conn).await?;
        chunk.add_outreaches(conn).await?;
        chunk.add_attempts(conn).await?;
        chunk.add_opt_outs(conn).await?;
        chunk.add_other_calls(conn, now).await?;
        chunk.add_work(conn).await?;
        chunk.add_changes(conn).await?;
        chunk.add_closures(conn, now).await?;
        facts.extend(chunk.facts.into_values());
    }
    Ok(facts)
}

/// Facts of some patients while they are gathered.
struct Chunk {
    facts: BTreeMap<String, PatientFacts>,
    /// The ids of `facts`.
    ids: String,
    /// Whose numbers these are; a number may be that of several patients.
    owners: HashMap<PhoneNumber, Vec<String>>,
    /// The numbers of `owners`.
    numbers: String,
}

impl Chunk {
    async fn of_patients(conn: &mut Conn, ids: &str) -> Result<Chunk> {
        let rows = sqlx::query(concat!("SELECT ", patient_columns!(), " FROM patients p WHERE p.id", is_in!("$1")))
            .bind(ids)
            .fetch_all(conn)
            .await?;
        let mut facts = BTreeMap::new();
        let mut owners: HashMap<PhoneNumber, Vec<String>> = HashMap::new();
        for row in &rows {
            let patient = Fields(row).patient()?;
            for number in patient.numbers() {
                owners.entry(number.clone()).or_default().push(patient.id.as_str().to_string());
            }
            let id = patient.id.as_str().to_string();
            let fresh = PatientFacts {
                patient,
                appointments: Vec::new(),
                outreaches: Vec::new(),
                opted_out: false,
                opted_out_numbers: BTreeSet::new(),
                other_calls: Vec::new(),
                work: Vec::new(),
                changes: Vec::new(),
                closures: Vec::new(),
                stamp: stamp::of_patient(Fields(row).int("patients.revision")?),
            };
            facts.insert(id, fresh);
        }
        let ids = list(facts.keys().map(String::as_str));
        let numbers = list(owners.keys().map(PhoneNumber::as_str));
        Ok(Chunk { facts, ids, owners, numbers })
    }

    async fn add_appointments(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            appointment_columns!(),
            " FROM appointments p WHERE p.patient",
            is_in!("$1"),
            " ORDER BY p.start_at, p.id"
        ))
        .bind(&self.ids)
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let appointment = Fields(row).appointment()?;
            if let Some(facts) = self.facts.get_mut(appointment.patient.as_str()) {
                let part = stamp::of_appointment(appointment.id.as_str(), Fields(row).int("appointments.revision")?);
                facts.stamp = facts.stamp.wrapping_add(part);
                facts.appointments.push(appointment);
            }
        }
        Ok(())
    }

    async fn add_outreaches(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            outreach_columns!(),
            " FROM outreaches o WHERE o.patient",
            is_in!("$1"),
            " ORDER BY o.visit, o.version, o.purpose, o.touch"
        ))
        .bind(&self.ids)
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let outreach = Fields(row).outreach()?;
            if let Some(facts) = self.facts.get_mut(outreach.visit.patient.as_str()) {
                facts.outreaches.push(OutreachFacts { outreach, attempts: Vec::new() });
            }
        }
        Ok(())
    }

    async fn add_attempts(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            attempt_columns!(),
            " FROM attempts a JOIN outreaches o ON o.id = a.outreach WHERE o.patient",
            is_in!("$1"),
            " ORDER BY a.number"
        ))
        .bind(&self.ids)
        .fetch_all(conn)
        .await?;
        let mut attempts: HashMap<OutreachId, Vec<_>> = HashMap::new();
        for row in &rows {
            let attempt = Fields(row).attempt()?;
            attempts.entry(attempt.outreach.clone()).or_default().push(attempt);
        }
        for outreach in self.facts.values_mut().flat_map(|facts| &mut facts.outreaches) {
            outreach.attempts = attempts.remove(&outreach.outreach.id).unwrap_or_default();
        }
        Ok(())
    }

    async fn add_opt_outs(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = sqlx::query(concat!(
            r#"SELECT s.patient AS "opt_outs.patient", s.phone AS "opt_outs.phone" FROM opt_outs s
               WHERE s.removed_at IS NULL AND s.patient"#,
            is_in!("$1"),
            // Not with OR: SQLite would read the whole list.
            r#" UNION ALL SELECT s.patient, s.phone FROM opt_outs s WHERE s.removed_at IS NULL AND s.phone"#,
            is_in!("$2")
        ))
        .bind(&self.ids)
        .bind(&self.numbers)
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let fields = Fields(row);
            let patient = fields.opt_text("opt_outs.patient")?;
            if let Some(facts) = patient.and_then(|id| self.facts.get_mut(&id)) {
                facts.opted_out = true;
            }
            let Some(number) = fields.opt_word("opt_outs.phone", |text| PhoneNumber::parse(text).ok())? else { continue };
            for owner in self.owners.get(&number).into_iter().flatten() {
                if let Some(facts) = self.facts.get_mut(owner) {
                    facts.opted_out_numbers.insert(number.clone());
                }
            }
        }
        Ok(())
    }

    async fn add_other_calls(&mut self, conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
        let rows = sqlx::query(concat!(
            r#"SELECT a.phone AS "attempts.phone", a.placed_at AS "attempts.placed_at", o.patient AS "outreaches.patient"
               FROM attempts a JOIN outreaches o ON o.id = a.outreach
               WHERE a.placed_at >= $2 AND "#,
            counts_as_called!(),
            " AND a.phone",
            is_in!("$1"),
            " ORDER BY a.placed_at, a.id"
        ))
        .bind(&self.numbers)
        .bind(micros(now.checked_sub_days(CALLS_DAYS).unwrap_or(DateTime::<Utc>::MIN_UTC)))
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let fields = Fields(row);
            let called = fields.text("outreaches.patient")?;
            let call = RangCall { number: fields.phone("attempts.phone")?, placed_at: fields.time("attempts.placed_at")? };
            for owner in self.owners.get(&call.number).into_iter().flatten().filter(|owner| **owner != called) {
                if let Some(facts) = self.facts.get_mut(owner) {
                    facts.other_calls.push(call.clone());
                }
            }
        }
        Ok(())
    }

    async fn add_work(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = sqlx::query(concat!(
            r#"SELECT w.kind AS "worklist.kind", w.visit AS "worklist.visit", w.whose AS "worklist.whose",
                   w.opened_at AS "worklist.opened_at", w.state AS "worklist.state", w.settled AS "worklist.settled"
               FROM worklist w WHERE w.visit IS NOT NULL AND w.whose"#,
            is_in!("$1"),
            " ORDER BY w.opened_at, w.id"
        ))
        .bind(&self.ids)
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let fields = Fields(row);
            if let Some(facts) = self.facts.get_mut(&fields.text("worklist.whose")?) {
                facts.work.push(WorkFacts {
                    kind: fields.word("worklist.kind", WorkKind::parse)?,
                    visit: fields.visit("worklist.visit")?,
                    opened_at: fields.time("worklist.opened_at")?,
                    standing: match fields.word("worklist.state", WorkState::parse)? {
                        WorkState::Open | WorkState::Claimed => WorkStanding::Open,
                        WorkState::Closed if fields.int("worklist.settled")? != 0 => WorkStanding::Settled,
                        WorkState::Closed => WorkStanding::Done,
                    },
                });
            }
        }
        Ok(())
    }

    async fn add_changes(&mut self, conn: &mut Conn) -> Result<()> {
        for row in &changes::pending_of(conn, &self.ids).await? {
            let fields = Fields(row);
            if let Some(facts) = self.facts.get_mut(&fields.text("changes.patient")?) {
                facts.stamp = facts.stamp.wrapping_add(stamp::of_change(fields.int("changes.id")?));
                facts.changes.push(fields.change()?);
            }
        }
        Ok(())
    }

    /// Most days nothing is closed, and one small statement says so.
    async fn add_closures(&mut self, conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
        let in_force = closures::in_force(conn, now).await?;
        if in_force.is_empty() {
            return Ok(());
        }
        let positions = closures::positions(conn, &in_force, &self.ids).await?;
        for facts in self.facts.values_mut() {
            for closure in in_force.iter().filter(|c| facts.appointments.iter().any(|a| c.covers(&a.site, a.start))) {
                facts.stamp = facts.stamp.wrapping_add(stamp::of_closure(closure));
                let position = positions.get(&(closure.id.clone(), facts.patient.id.clone())).copied();
                facts.closures.push(ClosureFacts { closure: closure.clone(), position });
            }
        }
        Ok(())
    }
}
