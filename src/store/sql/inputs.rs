//! What decisions were made from: facts and rules, kept so that the decisions can be made again.

use super::Conn;
use super::rows::Fields;
use crate::core::domain::Patient;
use crate::core::ids::{JobName, PatientId};
use crate::core::plan::PatientFacts;
use crate::store::stored::{form, list, micros, opt_micros, read_form};
use crate::store::{PlanCommit, Replay, ReplayQuery, Result, RuleSet, StoredDecision};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The inputs of one plan while its decisions are kept: written at the first decision of a patient that is.
pub(super) struct Inputs<'p> {
    plan: &'p PlanCommit,
    rules_are_kept: bool,
    /// The number under which a patient's facts were written; none where they are not known.
    written: HashMap<&'p PatientId, Option<i64>>,
}

impl<'p> Inputs<'p> {
    /// Those of a plan.
    pub fn of(plan: &'p PlanCommit) -> Inputs<'p> {
        Inputs { plan, rules_are_kept: false, written: HashMap::new() }
    }

    /// The number of a patient's inputs; none where the plan does not say what it was made from.
    pub async fn number(&mut self, conn: &mut Conn, patient: &'p PatientId) -> Result<Option<i64>> {
        let Some(rules) = &self.plan.rules else { return Ok(None) };
        if let Some(written) = self.written.get(patient) {
            return Ok(*written);
        }
        // A planner's facts are in the order of the ids, but nothing rests on it.
        let number = match self.plan.facts.iter().find(|facts| facts.patient.id == *patient) {
            None => None,
            Some(facts) => {
                self.keep_rules(conn, rules).await?;
                Some(self.write(conn, facts, rules).await?)
            }
        };
        self.written.insert(patient, number);
        Ok(number)
    }

    async fn keep_rules(&mut self, conn: &mut Conn, rules: &RuleSet) -> Result<()> {
        if !self.rules_are_kept {
            sqlx::query("INSERT INTO rule_sets (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(&rules.id)
                .bind(&*rules.body)
                .execute(conn)
                .await?;
            self.rules_are_kept = true;
        }
        Ok(())
    }

    async fn write(&self, conn: &mut Conn, facts: &PatientFacts, rules: &RuleSet) -> Result<i64> {
        let number =
            sqlx::query_scalar("INSERT INTO plan_inputs (at, patient, facts, rules) VALUES ($1, $2, $3, $4) RETURNING id")
                .bind(self.plan.at.map_or(0, micros))
                .bind(facts.patient.id.as_str())
                .bind(form(&without_names(facts)))
                .bind(&rules.id)
                .fetch_one(conn)
                .await?;
        Ok(number)
    }
}

/// The facts without what no rule reads and would only say who it is.
fn without_names(facts: &PatientFacts) -> PatientFacts {
    let patient = Patient { first_name: None, last_name: None, birth_date: None, ..facts.patient.clone() };
    PatientFacts { patient, ..facts.clone() }
}

/// Decisions with their inputs, in their order, those too whose inputs are gone.
pub(super) async fn decisions_to_replay(conn: &mut Conn, query: &ReplayQuery) -> Result<Vec<Replay>> {
    let rows = sqlx::query(
        r#"SELECT d.id AS "decisions.id", d.at AS "decisions.at", d.visit AS "decisions.visit", d.job AS "decisions.job",
               d.essence AS "decisions.essence", d.body AS "decisions.body", i.facts AS "plan_inputs.facts",
               i.rules AS "plan_inputs.rules"
           FROM decisions d LEFT JOIN plan_inputs i ON i.id = d.inputs
           WHERE d.inputs IS NOT NULL AND d.id > $1 AND d.at >= $2 ORDER BY d.id LIMIT $3"#,
    )
    .bind(query.after.unwrap_or(i64::MIN))
    .bind(opt_micros(query.since).unwrap_or(i64::MIN))
    .bind(i64::from(query.limit))
    .fetch_all(&mut *conn)
    .await?;
    let named = |row| Fields(row).opt_text("plan_inputs.rules");
    let ids: BTreeSet<String> = rows.iter().filter_map(|row| named(row).transpose()).collect::<Result<_>>()?;
    let rules = rule_sets(conn, &ids).await?;
    let mut replays = Vec::with_capacity(rows.len());
    for row in &rows {
        let fields = Fields(row);
        // What somebody took away or spoilt must not hide behind an error, nor keep others from being looked at.
        let facts = fields.opt_text("plan_inputs.facts")?.and_then(|text| read_form("plan_inputs.facts", &text).ok());
        replays.push(Replay {
            number: fields.int("decisions.id")?,
            at: fields.time("decisions.at")?,
            decision: StoredDecision {
                visit: fields.visit("decisions.visit")?,
                job: JobName::new(fields.text("decisions.job")?),
                essence: fields.text("decisions.essence")?,
                body: fields.text("decisions.body")?,
            },
            facts,
            rules: named(row)?.and_then(|id| rules.get(&id)).cloned(),
        });
    }
    Ok(replays)
}

async fn rule_sets(conn: &mut Conn, ids: &BTreeSet<String>) -> Result<HashMap<String, RuleSet>> {
    let sql = concat!(r#"SELECT r.id AS "rule_sets.id", r.body AS "rule_sets.body" FROM rule_sets r WHERE r.id"#, is_in!("$1"));
    let rows = sqlx::query(sql).bind(list(ids.iter().map(String::as_str))).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            let (id, body): (String, Arc<str>) = (fields.text("rule_sets.id")?, fields.text("rule_sets.body")?.into());
            Ok((id.clone(), RuleSet { id, body }))
        })
        .collect()
}
