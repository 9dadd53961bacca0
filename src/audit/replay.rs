//! Stored decisions, made again from what is stored beside them.

use super::form::{decision_form, name_of};
use crate::core::plan::{PatientFacts, Rules, decide};
use crate::store::{Replay, ReplayQuery, RuleSet, SharedStore, StoreError, StoredDecision};
use crate::views::moment;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// How many are read at once.
const PAGE: u32 = 500;

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Replayed {
    /// Decisions made again.
    pub replayed: u64,
    /// Those that came out as they are stored.
    pub equal: u64,
    /// Those that were made with another table of area codes than the one in force, which was used instead.
    pub other_area_codes: u64,
    /// Those that did not come out so.
    pub differences: Vec<Difference>,
}

/// A decision that is not what its inputs give.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// `patient/site/day`.
    pub visit: String,
    /// Which job; empty where there was none.
    pub job: String,
    /// When it was made.
    pub at: String,
    /// What is wrong.
    pub found: Found,
    /// The decision that is stored.
    pub stored: Value,
    /// The one that the inputs give; none where they give none, or cannot be read.
    pub recomputed: Option<Value>,
}

/// What is wrong with a stored decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The inputs give another decision.
    Different,
    /// The inputs give no decision about this visit and job.
    NotDecided,
    /// The rules that are stored are not those of their name: they were altered.
    RulesAltered,
    /// The rules that are stored cannot be read: another version of the program wrote them.
    RulesUnreadable,
    /// What was known then is gone, or cannot be read.
    InputsLost,
    /// The rules of that time are gone.
    RulesLost,
}

/// Makes stored decisions again, oldest first from `since` on, at most `limit`. `rules` are those in force: of them only the
/// zones of telephone numbers are used, since the table of area codes is not stored.
///
/// # Errors
/// When the store fails.
pub async fn replay(
    store: &SharedStore,
    rules: &Rules,
    since: Option<DateTime<Utc>>,
    limit: u64,
) -> Result<Replayed, StoreError> {
    let mut sum = Replayed::default();
    let mut known = HashMap::new();
    let lost = Err(Found::RulesLost);
    let mut after = None;
    while sum.replayed < limit {
        let wanted = u32::try_from(limit - sum.replayed).unwrap_or(PAGE).min(PAGE);
        let page = store.decisions_to_replay(&ReplayQuery { since, after, limit: wanted }).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.number);
        for stored in page {
            let was = match &stored.rules {
                Some(set) => known.entry(set.id.clone()).or_insert_with(|| read(set, rules)),
                None => &lost,
            };
            sum.add(&stored, was, rules);
        }
    }
    Ok(sum)
}

/// Stored rules as they can be used again.
fn read(set: &RuleSet, in_force: &Rules) -> Result<Rules, Found> {
    if name_of(&set.body) != set.id {
        return Err(Found::RulesAltered);
    }
    let rules: Rules = serde_json::from_str(&set.body).map_err(|_| Found::RulesUnreadable)?;
    Ok(Rules { zones_of_number: in_force.zones_of_number, ..rules })
}

impl Replayed {
    fn add(&mut self, stored: &Replay, was: &Result<Rules, Found>, in_force: &Rules) {
        self.replayed += 1;
        let facts = stored.facts.as_ref().ok_or((Found::InputsLost, None));
        let outcome = facts.and_then(|facts| {
            let rules = was.as_ref().map_err(|found| (*found, None))?;
            self.other_area_codes += u64::from(rules.area_codes != in_force.area_codes);
            compared(rules, facts, stored)
        });
        match outcome {
            Ok(()) => self.equal += 1,
            Err((found, recomputed)) => self.differences.push(Difference {
                visit: stored.decision.visit.to_text(),
                job: stored.decision.job.to_string(),
                at: moment(stored.at, Tz::UTC),
                found,
                stored: told(&stored.decision),
                recomputed,
            }),
        }
    }
}

fn compared(rules: &Rules, facts: &PatientFacts, stored: &Replay) -> Result<(), (Found, Option<Value>)> {
    let same = |made: &StoredDecision| made.visit == stored.decision.visit && made.job == stored.decision.job;
    let made = decide(rules, facts, stored.at);
    let Some(made) = made.iter().map(decision_form).find(same) else { return Err((Found::NotDecided, None)) };
    let is_equal = made.essence == stored.decision.essence && told(&made) == told(&stored.decision);
    if is_equal { Ok(()) } else { Err((Found::Different, Some(told(&made)))) }
}

/// The decision as JSON; as the text that it is where it is none.
fn told(decision: &StoredDecision) -> Value {
    serde_json::from_str(&decision.body).unwrap_or_else(|_| Value::String(decision.body.clone()))
}
