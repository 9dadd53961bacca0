//! Closures of sites, by the clock of the site.

use super::moment;
use crate::core::domain::Closure;
use crate::core::plan::Rules;
use crate::store::ClosureRecord;
use chrono_tz::Tz;
use serde::Serialize;

/// A closure.
#[derive(Debug, Clone, Serialize)]
pub struct ClosureView {
    /// Its id.
    pub id: String,
    /// Which site.
    pub site: String,
    /// The local day.
    pub date: String,
    /// From then on.
    pub from: String,
    /// Until then, exclusive.
    pub until: String,
    /// When everybody of that span comes instead.
    pub delay_to: Option<String>,
    /// Why.
    pub reason: String,
    /// How many visits it concerned when it was declared.
    pub visits: u64,
    /// When it was declared.
    pub declared_at: String,
    /// When it was withdrawn.
    pub withdrawn_at: Option<String>,
}

impl ClosureView {
    /// The view of a closure as it is kept.
    pub fn of(record: &ClosureRecord, rules: &Rules) -> ClosureView {
        let zone = rules.zone(&record.closure.site).unwrap_or(Tz::UTC);
        let withdrawn_at = record.withdrawn_at.map(|at| moment(at, zone));
        ClosureView { withdrawn_at, ..ClosureView::declared(&record.closure, &record.reason, record.visits, rules) }
    }

    /// The view of one that is being declared.
    pub fn declared(closure: &Closure, reason: &str, visits: u64, rules: &Rules) -> ClosureView {
        let zone = rules.zone(&closure.site).unwrap_or(Tz::UTC);
        ClosureView {
            id: closure.id.to_string(),
            site: closure.site.to_string(),
            date: closure.day.to_string(),
            from: moment(closure.from, zone),
            until: moment(closure.until, zone),
            delay_to: closure.delay_to.map(|at| moment(at, zone)),
            reason: reason.to_string(),
            visits,
            declared_at: moment(closure.declared_at, zone),
            withdrawn_at: None,
        }
    }
}
