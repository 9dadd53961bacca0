//! Calls that several jobs want: one of them makes it.

use crate::core::domain::{Purpose, VisitKey};
use crate::core::ids::PatientId;
use crate::core::plan::{Decision, Verdict};
use std::collections::BTreeSet;

/// The calls to one patient after the other, each told apart from the same call by another job: a visit is never called by
/// two jobs for one purpose and touch, and the first has it ([`reconcile`](crate::core::plan::reconcile())).
#[derive(Debug, Clone, Default)]
pub struct Promised {
    patient: Option<PatientId>,
    calls: BTreeSet<(VisitKey, Purpose, u32)>,
}

impl Promised {
    /// Whether this decision makes the call that it wants; false where it wants none. Decisions about one patient come one
    /// after the other, in the order in which they are made.
    pub fn is_first(&mut self, decision: &Decision) -> bool {
        let Verdict::Call(call) = &decision.verdict else { return false };
        if self.patient.as_ref() != Some(&decision.visit.patient) {
            self.patient = Some(decision.visit.patient.clone());
            self.calls.clear();
        }
        self.calls.insert((decision.visit.clone(), decision.purpose, call.touch))
    }
}
