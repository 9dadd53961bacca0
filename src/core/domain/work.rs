//! What a person must do.

use super::VisitKey;
use crate::ids::{PatientId, WorkItemId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a person must act (interfaces, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// The patient pressed 2.
    RescheduleRequest,
    /// Everything allowed was tried, or a call that was planned could not be made in its hours.
    Unreached,
    /// A change could not be told by telephone in time.
    ChangeUnannounced,
    /// The number is not the patient's, or is no number.
    WrongNumber,
    /// The patient asked for the desk and reached nobody there.
    DeskRequest,
    /// The patient was called after the back-up from which the store was restored: nobody knows what they answered.
    AnswerLost,
    /// The engine does not know enough to call.
    Review,
    /// A notice waits for the caps.
    CappedNotice,
    /// A carrier refuses our credentials, account or sender, or called us about a call we do not know.
    CarrierFault,
    /// An outcome could not be written back.
    WritebackFailed,
}

impl WorkKind {
    /// Every kind.
    pub const ALL: [WorkKind; 10] = [
        WorkKind::RescheduleRequest,
        WorkKind::Unreached,
        WorkKind::ChangeUnannounced,
        WorkKind::WrongNumber,
        WorkKind::DeskRequest,
        WorkKind::AnswerLost,
        WorkKind::Review,
        WorkKind::CappedNotice,
        WorkKind::CarrierFault,
        WorkKind::WritebackFailed,
    ];

    /// The word used in outputs and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkKind::RescheduleRequest => "reschedule_request",
            WorkKind::Unreached => "unreached",
            WorkKind::ChangeUnannounced => "change_unannounced",
            WorkKind::WrongNumber => "wrong_number",
            WorkKind::DeskRequest => "desk_request",
            WorkKind::AnswerLost => "answer_lost",
            WorkKind::Review => "review",
            WorkKind::CappedNotice => "capped_notice",
            WorkKind::CarrierFault => "carrier_fault",
            WorkKind::WritebackFailed => "writeback_failed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<WorkKind> {
        WorkKind::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkState {
    /// Nobody has it.
    Open,
    /// Somebody has it.
    Claimed,
    /// Done, by a person or by the schedule itself.
    Closed,
}

impl WorkState {
    /// The word used in outputs and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkState::Open => "open",
            WorkState::Claimed => "claimed",
            WorkState::Closed => "closed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<WorkState> {
        [WorkState::Open, WorkState::Claimed, WorkState::Closed].into_iter().find(|s| s.as_str() == word)
    }
}

/// One item of the worklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its name.
    pub id: WorkItemId,
    /// Why.
    pub kind: WorkKind,
    /// About which visit, where it is about one.
    pub visit: Option<VisitKey>,
    /// About which patient, where it is about one.
    pub patient: Option<PatientId>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Until when it must be done.
    pub due_at: Option<DateTime<Utc>>,
    /// Who has it.
    pub owner: Option<String>,
    /// Where it stands.
    pub state: WorkState,
    /// What was done; for an open item, what is known.
    pub resolution: Option<String>,
}
