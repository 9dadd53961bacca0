//! What people must do: how an item begins. The store opens each kind once a visit; `callahead worklist` shows them.

use crate::chance::Chance;
use crate::core::domain::{VisitKey, WorkItem, WorkKind, WorkState};
use crate::core::ids::WorkItemId;
use chrono::{DateTime, Utc};

/// A new, open worklist item.
pub fn item(
    chance: &Chance,
    kind: WorkKind,
    visit: Option<&VisitKey>,
    opened_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    note: Option<String>,
) -> WorkItem {
    WorkItem {
        id: WorkItemId::new(format!("w-{}", chance.hex(6))),
        kind,
        visit: visit.cloned(),
        patient: visit.map(|v| v.patient.clone()),
        opened_at,
        due_at,
        owner: None,
        state: WorkState::Open,
        resolution: note,
    }
}
