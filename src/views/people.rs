//! What people decided about being called.

use super::{moment, shown};
use crate::store::OptOutRecord;
use chrono_tz::Tz;
use serde::Serialize;

/// One entry of the suppression list.
#[derive(Debug, Clone, Serialize)]
pub struct OptOutView {
    /// The patient's id.
    pub patient: Option<String>,
    /// The number's last four digits.
    pub phone: Option<String>,
    /// Since when, in UTC.
    pub at: String,
    /// By whom or how it was asked.
    pub how: String,
    /// When it was taken back.
    pub removed_at: Option<String>,
    /// By whom.
    pub removed_by: Option<String>,
}

impl OptOutView {
    /// The view of an entry; `reveal` shows the whole number.
    pub fn of(record: &OptOutRecord, reveal: bool) -> OptOutView {
        let (entry, removed) = (&record.opt_out, record.removed.as_ref());
        OptOutView {
            patient: entry.patient.as_ref().map(|patient| patient.as_str().to_string()),
            phone: entry.phone.as_ref().map(|phone| shown(phone, reveal)),
            at: moment(entry.at, Tz::UTC),
            how: entry.how.clone(),
            removed_at: removed.map(|(at, _)| moment(*at, Tz::UTC)),
            removed_by: removed.map(|(_, by)| by.clone()),
        }
    }
}
