//! The suppression list.

use crate::core::domain::PhoneNumber;
use crate::core::ids::PatientId;
use chrono::{DateTime, Utc};

/// An entry of the suppression list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// The patient, on all numbers.
    pub patient: Option<PatientId>,
    /// The number, for everybody.
    pub phone: Option<PhoneNumber>,
    /// Since when.
    pub at: DateTime<Utc>,
    /// By whom or what: `key 9`, `import`, a user's name.
    pub how: String,
}

/// Who is to be called again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptIn {
    /// The patient: on all numbers that nobody else opted out.
    pub patient: Option<PatientId>,
    /// The number: for everybody who did not opt out.
    pub phone: Option<PhoneNumber>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who took the entry back, and how it was asked.
    pub by: String,
}

/// An entry of the suppression list that may have been taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutRecord {
    /// The entry.
    pub opt_out: OptOut,
    /// When it was taken back and by whom; none while it stands.
    pub removed: Option<(DateTime<Utc>, String)>,
}
