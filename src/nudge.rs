//! A word to the planner: this plan is stale.

use crate::core::ids::PatientId;
use tokio::sync::mpsc;

/// Tells the planner whose plan is stale.
#[derive(Debug, Clone)]
pub struct Nudge(mpsc::UnboundedSender<Stale>);

/// Whose plan is stale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// One patient's.
    Patient(PatientId),
    /// Everybody's.
    All,
}

impl Nudge {
    /// A nudge, and the ear of the planner that it reaches.
    pub fn new() -> (Nudge, mpsc::UnboundedReceiver<Stale>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Nudge(sender), receiver)
    }

    /// One patient's plan is stale.
    pub fn patient(&self, patient: PatientId) {
        // No planner listens while a single command runs: then nobody need know.
        let _ = self.0.send(Stale::Patient(patient));
    }

    /// Everybody's plan is stale.
    pub fn all(&self) {
        let _ = self.0.send(Stale::All);
    }
}
