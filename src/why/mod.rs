//! Why a visit is or is not called about: what would be decided now, what was decided before, and what was tried. For the
//! command line and the API alike.
//!
//! Never here: deciding, writing. Start reading at [`explain`]; `page.rs` gives a plan in pages.

mod page;
mod tried;

pub use page::{PlanPage, plan_page};
pub use tried::{ChangeView, PastDecision, TryView, WorkView};

use crate::core::domain::{LastKnown, VisitKey};
use crate::core::plan::{PatientFacts, Rules, decide};
use crate::store::{ChangeRecord, SharedStore, StoreError};
use crate::views::{AppointmentView, DecisionView};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Everything about one visit.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// `patient/site/day`.
    pub visit: String,
    /// What is decided now, one for each job, with every rule; none for a visit that has started, or is no more.
    pub decisions: Vec<DecisionView>,
    /// The bookings of that day, in order of time, whatever their status.
    pub appointments: Vec<AppointmentView>,
    /// What was planned and tried, first to last.
    pub attempts: Vec<TryView>,
    /// What a person had or has to do, oldest first.
    pub worklist: Vec<WorkView>,
    /// What changed about it, told or pending, oldest first.
    pub changes: Vec<ChangeView>,
    /// What was decided before and when, oldest first: each time it changed.
    pub history: Vec<PastDecision>,
}

/// Everything that is known about a visit and what is decided about it at `now`; nothing where nobody ever heard of it.
///
/// # Errors
/// When the store fails.
pub async fn explain(
    store: &SharedStore,
    rules: &Rules,
    visit: &VisitKey,
    now: DateTime<Utc>,
) -> Result<Option<Why>, StoreError> {
    let facts = store.load_facts(std::slice::from_ref(&visit.patient), now).await?.into_iter().next();
    let changes = store.changes(&visit.patient).await?;
    let mut why = facts.map_or_else(|| Why::unknown(visit), |facts| Why::of(rules, visit, &facts, &changes, now));
    why.history = store.decisions(visit).await?.into_iter().map(|(at, kept)| PastDecision::of(at, kept, rules, visit)).collect();
    Ok(Some(why).filter(|why| !why.is_empty()))
}

impl Why {
    fn unknown(visit: &VisitKey) -> Why {
        Why {
            visit: visit.to_text(),
            decisions: Vec::new(),
            appointments: Vec::new(),
            attempts: Vec::new(),
            worklist: Vec::new(),
            changes: Vec::new(),
            history: Vec::new(),
        }
    }

    fn of(rules: &Rules, visit: &VisitKey, facts: &PatientFacts, changes: &[ChangeRecord], now: DateTime<Utc>) -> Why {
        let zone = rules.zone(&visit.site);
        let is_here = |site: &_, start: DateTime<Utc>| {
            *site == visit.site && zone.is_some_and(|zone| start.with_timezone(&zone).date_naive() == visit.day)
        };
        let was_here = |old: &LastKnown| is_here(&old.site, old.start);
        let booked: Vec<_> = facts.appointments.iter().filter(|a| is_here(&a.site, a.start)).collect();
        let concerns = |record: &&ChangeRecord| {
            let change = &record.change;
            was_here(&change.old) || booked.iter().any(|a| a.id == change.appointment)
        };
        let outreaches = facts.outreaches.iter().filter(|o| o.outreach.visit == *visit);
        let mut attempts: Vec<_> = outreaches.flat_map(|o| o.attempts.iter().map(|a| (&o.outreach, a))).collect();
        attempts.sort_by_key(|(_, attempt)| attempt.placed_at.unwrap_or(attempt.due_at));
        Why {
            decisions: decide(rules, facts, now).iter().filter(|d| d.visit == *visit).map(DecisionView::of).collect(),
            appointments: booked.iter().map(|a| AppointmentView::of(a, rules)).collect(),
            attempts: attempts.iter().map(|(outreach, attempt)| TryView::of(outreach, attempt, rules)).collect(),
            worklist: facts.work.iter().filter(|w| w.visit == *visit).map(|w| WorkView::of(w, rules)).collect(),
            changes: changes.iter().filter(concerns).map(|c| ChangeView::of(c, rules)).collect(),
            ..Why::unknown(visit)
        }
    }

    fn is_empty(&self) -> bool {
        self.decisions.is_empty()
            && self.appointments.is_empty()
            && self.attempts.is_empty()
            && self.worklist.is_empty()
            && self.history.is_empty()
    }
}
