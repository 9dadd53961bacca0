//! What a stored decision was made from, so that it can be made again.

use super::StoredDecision;
use crate::core::plan::PatientFacts;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The rules in force, as they are kept: once for each `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// A hash of the body.
    pub id: String,
    /// The rules, as JSON.
    pub body: Arc<str>,
}

/// Which decisions are wanted, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayQuery {
    /// Made at or after this moment.
    pub since: Option<DateTime<Utc>>,
    /// Only those with a greater number: the last one of the page before.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A stored decision with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Counts up.
    pub number: i64,
    /// The moment of planning.
    pub at: DateTime<Utc>,
    /// What was decided.
    pub decision: StoredDecision,
    /// What was known: the facts without names and birth date. None where they were taken away, or cannot be read.
    pub facts: Option<PatientFacts>,
    /// The rules that were in force; none where they were taken away.
    pub rules: Option<RuleSet>,
}
