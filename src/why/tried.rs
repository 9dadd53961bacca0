//! The shapes of what was decided and tried about a visit. Telephone numbers show their last four digits.

use crate::core::domain::{Attempt, Outreach, VisitKey};
use crate::core::plan::{Rules, WorkFacts, WorkStanding};
use crate::store::{ChangeRecord, StoredDecision};
use crate::views::{moment, shown};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;

/// One call, planned, under way or over.
#[derive(Debug, Clone, Serialize)]
pub struct TryView {
    /// The attempt's id, as in `calls`.
    pub id: String,
    /// Why we call.
    pub purpose: &'static str,
    /// Which planned contact.
    pub touch: u32,
    /// Which attempt of the touch.
    pub attempt: u32,
    /// Where it stands.
    pub status: &'static str,
    /// Not before.
    pub call_after: String,
    /// Not at or after.
    pub call_before: String,
    /// The number's last four digits.
    pub phone: String,
    /// When the carrier was asked.
    pub placed_at: Option<String>,
    /// When it was over.
    pub ended_at: Option<String>,
    /// Every key, in order.
    pub keys: String,
    /// What came of it.
    pub outcome: Option<&'static str>,
    /// What ended it.
    pub end_reason: Option<&'static str>,
}

/// A worklist item about the visit.
#[derive(Debug, Clone, Serialize)]
pub struct WorkView {
    /// Why a person must or had to act.
    pub kind: &'static str,
    /// Since when.
    pub opened_at: String,
    /// `open`, `done` by a person, or `settled` by the schedule.
    pub state: WorkStanding,
}

/// A booking that became different from what the patient knew.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeView {
    /// Which booking.
    pub appointment: String,
    /// Where it was.
    pub old_site: String,
    /// When it was.
    pub old_start: String,
    /// The first edit.
    pub first_at: String,
    /// The last edit.
    pub last_at: String,
    /// When it was closed; none while the patient is to be told.
    pub closed_at: Option<String>,
    /// Why it was closed, in a word: `told`, `passed` …
    pub closed: Option<String>,
}

/// A decision as it was kept.
#[derive(Debug, Clone, Serialize)]
pub struct PastDecision {
    /// When it was made.
    pub at: String,
    /// The decision with its rules, as `plan` would have printed it then.
    pub decision: Value,
}

impl TryView {
    pub(super) fn of(outreach: &Outreach, attempt: &Attempt, rules: &Rules) -> TryView {
        let zone = rules.zone(&outreach.visit.site).unwrap_or(Tz::UTC);
        TryView {
            id: attempt.id.to_string(),
            purpose: outreach.purpose.as_str(),
            touch: outreach.touch,
            attempt: attempt.number,
            status: attempt.status.as_str(),
            call_after: moment(attempt.due_at, zone),
            call_before: moment(attempt.not_after, zone),
            phone: shown(&attempt.phone, false),
            placed_at: attempt.placed_at.map(|at| moment(at, zone)),
            ended_at: attempt.ended_at.map(|at| moment(at, zone)),
            keys: attempt.keys.clone(),
            outcome: attempt.outcome.map(|o| o.as_str()),
            end_reason: attempt.end_reason.map(|r| r.as_str()),
        }
    }
}

impl WorkView {
    pub(super) fn of(work: &WorkFacts, rules: &Rules) -> WorkView {
        let zone = rules.zone(&work.visit.site).unwrap_or(Tz::UTC);
        WorkView { kind: work.kind.as_str(), opened_at: moment(work.opened_at, zone), state: work.standing }
    }
}

impl ChangeView {
    pub(super) fn of(record: &ChangeRecord, rules: &Rules) -> ChangeView {
        let (change, closed) = (&record.change, record.closed.as_ref());
        let zone = rules.zone(&change.old.site).unwrap_or(Tz::UTC);
        ChangeView {
            appointment: change.appointment.to_string(),
            old_site: change.old.site.to_string(),
            old_start: moment(change.old.start, zone),
            first_at: moment(change.first_at, zone),
            last_at: moment(change.last_at, zone),
            closed_at: closed.map(|(at, _)| moment(*at, zone)),
            closed: closed.map(|(_, why)| why.clone()),
        }
    }
}

impl PastDecision {
    pub(super) fn of(at: DateTime<Utc>, kept: StoredDecision, rules: &Rules, visit: &VisitKey) -> PastDecision {
        let zone = rules.zone(&visit.site).unwrap_or(Tz::UTC);
        // What cannot be read is shown as it is kept: an explanation is not the place to hide it.
        let decision = serde_json::from_str(&kept.body).unwrap_or(Value::String(kept.body));
        PastDecision { at: moment(at, zone), decision }
    }
}
