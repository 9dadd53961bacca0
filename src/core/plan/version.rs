//! What was promised and tried so far about one visit, by its version.

use super::visits::VisitView;
use super::{OutreachFacts, PatientFacts};
use crate::domain::{Attempt, AttemptStatus, EndReason, Outcome, Purpose};
use crate::ids::JobName;
use chrono::{DateTime, Utc};

/// The outreaches of one visit.
pub(crate) struct History<'a> {
    /// Rises from 1 when the spoken time changes.
    pub version: u32,
    of_visit: Vec<&'a OutreachFacts>,
}

impl<'a> History<'a> {
    pub fn of(facts: &'a PatientFacts, visit: &VisitView) -> History<'a> {
        let of_visit: Vec<_> = facts.outreaches.iter().filter(|o| visit.is(&o.outreach.visit)).collect();
        let version = match of_visit.iter().map(|o| &o.outreach).max_by_key(|o| o.version) {
            None => 1,
            Some(newest) if newest.start == visit.start => newest.version,
            Some(newest) => newest.version + 1,
        };
        History { version, of_visit }
    }

    /// A call about this visit that is under way or whose fate nobody knows yet, whatever its version and purpose.
    pub fn live(&self) -> Option<&'a Attempt> {
        self.of_visit.iter().flat_map(|o| &o.attempts).find(|a| a.status.is_live())
    }

    /// What the patient said, or was found not to be, in a call about this version: nothing more is asked then. The
    /// answer to a notice about a moved visit counts like that to a reminder.
    pub fn settled(&self) -> Option<Outcome> {
        self.current()
            .filter(|o| matches!(o.outreach.purpose, Purpose::Reminder | Purpose::Moved))
            .flat_map(|o| tries(&o.attempts))
            .find_map(|attempt| match result(attempt) {
                Outcome::Failed if attempt.end_reason == Some(EndReason::BadNumber) => Some(Outcome::WrongNumber),
                outcome => outcome.settles_visit().then_some(outcome),
            })
    }

    /// The calls made for one touch of the reminder, in their order.
    pub fn tries(&self, touch: u32) -> impl Iterator<Item = &'a Attempt> {
        self.reminders().filter(move |o| o.outreach.touch == touch).flat_map(|o| tries(&o.attempts))
    }

    /// The job that promised a touch of the reminder, where one did.
    pub fn promised_by(&self, touch: u32) -> Option<&'a JobName> {
        self.reminders().find(|o| o.outreach.touch == touch).map(|o| &o.outreach.job)
    }

    /// The last touch of the reminder with a call made.
    pub fn last_tried_touch(&self) -> Option<u32> {
        self.reminders().filter(|o| tries(&o.attempts).next().is_some()).map(|o| o.outreach.touch).max()
    }

    fn reminders(&self) -> impl Iterator<Item = &'a OutreachFacts> {
        self.current().filter(|o| o.outreach.purpose == Purpose::Reminder)
    }

    fn current(&self) -> impl Iterator<Item = &'a OutreachFacts> {
        self.of_visit.iter().copied().filter(|o| o.outreach.version == self.version)
    }
}

/// The attempts that were dialled and are over. One that was withdrawn, or superseded (then the visit is planned anew),
/// is none.
pub(crate) fn tries(attempts: &[Attempt]) -> impl Iterator<Item = &Attempt> {
    attempts.iter().filter(|a| {
        matches!(a.status, AttemptStatus::Completed | AttemptStatus::Failed) && a.outcome != Some(Outcome::Superseded)
    })
}

/// What came of a call that is over; one without a word counts as failed.
pub(crate) fn result(attempt: &Attempt) -> Outcome {
    attempt.outcome.unwrap_or(Outcome::Failed)
}

/// When a call was made.
pub(crate) fn called_at(attempt: &Attempt) -> DateTime<Utc> {
    attempt.placed_at.unwrap_or(attempt.due_at)
}
