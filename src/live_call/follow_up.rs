//! What a person must do after a call, and what they need not do any more.

use super::LiveCalls;
use crate::core::call::{DeskAnswer, Standing};
use crate::core::domain::{EndReason, Outcome, VisitKey, WorkItem, WorkKind};
use crate::store::CallRecord;
use crate::worklist::item;
use chrono::{DateTime, Utc};

/// What an event changes of the worklist.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub open: Vec<WorkItem>,
    pub close: Vec<(WorkKind, VisitKey)>,
}

impl LiveCalls {
    /// What follows from how a call stood before an event and after it (interfaces, section 5); the store opens each item
    /// once a visit. That a number is wrong is somebody's to look at from the moment it is said, and whatever was chosen
    /// before; and a stranger's wishes are nobody's work.
    pub(super) fn work_after(&self, record: &CallRecord, before: &Standing, after: &Standing, now: DateTime<Utc>) -> Work {
        let no_number = after.outcome == Some(Outcome::Failed) && after.end_reason == Some(EndReason::BadNumber);
        let fax = after.outcome == Some(Outcome::Failed) && after.end_reason == Some(EndReason::Fax);
        let asks = |standing: &Standing| standing.outcome == Some(Outcome::RescheduleRequested);
        let owed = |standing: &Standing| match standing.desk {
            Some(DeskAnswer::Connected) | None => None,
            Some(answer) => (!standing.wrong_number).then_some(answer),
        };
        let opened = [
            asks(after).then_some((WorkKind::RescheduleRequest, None)),
            (after.wrong_number || no_number).then_some((WorkKind::WrongNumber, None)),
            fax.then_some((WorkKind::WrongNumber, Some("a fax machine answers this number"))),
            // Once: a person may have closed it while the call went on.
            owed(after).filter(|_| before.desk != after.desk).map(|answer| (WorkKind::DeskRequest, Some(known(answer)))),
        ];
        let closed = [
            (asks(before) && !asks(after)).then_some(WorkKind::RescheduleRequest),
            (owed(before).is_some() && owed(after).is_none() || talked(after) && !talked(before))
                .then_some(WorkKind::DeskRequest),
        ];
        let outreach = &record.outreach;
        let item = |(kind, note): (WorkKind, Option<&str>)| {
            item(&self.chance, kind, Some(&outreach.visit), now, Some(outreach.start), note.map(str::to_string))
        };
        Work {
            open: opened.into_iter().flatten().map(item).collect(),
            close: closed.into_iter().flatten().map(|kind| (kind, outreach.visit.clone())).collect(),
        }
    }
}

fn talked(standing: &Standing) -> bool {
    standing.desk == Some(DeskAnswer::Connected)
}

/// What a person who calls the patient should know.
fn known(answer: DeskAnswer) -> &'static str {
    match answer {
        DeskAnswer::Connected => "talked with the desk",
        DeskAnswer::Closed => "asked for the desk out of its hours",
        DeskAnswer::Busy => "asked for the desk, which was busy",
        DeskAnswer::NoAnswer => "asked for the desk, where nobody answered",
        DeskAnswer::Failed => "asked for the desk, which could not be dialled: is its number under [departments] right?",
        DeskAnswer::HungUp => "asked for the desk, and hung up before it was known whether anybody answered",
    }
}
