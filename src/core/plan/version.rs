//! What was promised and tried so far about one visit, by its version.

use super::heard::last_reached;
use super::owed::was_promised;
use super::phone::is_fax;
use super::visits::VisitView;
use super::{Notice, OutreachFacts, PatientFacts};
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
    /// `moved`: the version of the notice about the visit that is to be given, where there is one.
    pub fn of(facts: &'a PatientFacts, visit: &VisitView, moved: Option<u32>) -> History<'a> {
        let of_visit: Vec<_> = facts.outreaches.iter().filter(|o| visit.is(&o.outreach.visit)).collect();
        let version = spoken_version(&of_visit, visit.start);
        History { version: moved.map_or(version, |moved| moved.max(version)), of_visit }
    }

    /// A call about this visit that is under way or whose fate nobody knows yet, whatever its version and purpose.
    pub fn live(&self) -> Option<&'a Attempt> {
        self.of_visit.iter().flat_map(|o| &o.attempts).find(|a| a.status.is_live())
    }

    /// What the patient said, or was found not to be, in a call about this version: nothing more is asked then. The
    /// answer to a notice about a moved visit counts like that to a reminder, and the last one voids those before.
    pub fn settled(&self) -> Option<Outcome> {
        self.current()
            .filter(|o| speaks_of_the_start(o.outreach.purpose))
            .flat_map(|o| tries(&o.attempts))
            .filter_map(|attempt| Some((called_at(attempt), settles(attempt)?)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, outcome)| outcome)
    }

    /// Whether a fax machine answered a call about this version: a person has the item about the number.
    pub fn met_a_fax(&self) -> bool {
        self.current().flat_map(|o| tries(&o.attempts)).any(is_fax)
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

    /// Whether a reminder of the visit was ever planned by that job, whatever it was to say.
    pub fn is_promised_by(&self, job: &JobName) -> bool {
        self.of_visit.iter().any(|o| o.outreach.purpose == Purpose::Reminder && o.outreach.job == *job)
    }

    /// Whether a call has told the patient when the visit begins, as it stands.
    pub fn is_told(&self) -> bool {
        self.current().any(|o| speaks_of_the_start(o.outreach.purpose) && last_reached(o).is_some())
    }

    fn reminders(&self) -> impl Iterator<Item = &'a OutreachFacts> {
        self.current().filter(|o| o.outreach.purpose == Purpose::Reminder)
    }

    fn current(&self) -> impl Iterator<Item = &'a OutreachFacts> {
        self.of_visit.iter().copied().filter(|o| o.outreach.version == self.version)
    }
}

/// The version of a visit that begins at `start`, for reminders and notices that it moved. It rises with a new start, and
/// when the patient was told that the visit does not take place, and it does after all: what they said before is void. Where
/// it is back at the start that they heard last, and of what was promised between they heard nothing, they are asked
/// nothing anew.
fn spoken_version(of_visit: &[&OutreachFacts], start: DateTime<Utc>) -> u32 {
    let spoken = || of_visit.iter().copied().filter(|o| speaks_of_the_start(o.outreach.purpose));
    let newest = |of: &dyn Fn(&OutreachFacts) -> bool| spoken().filter(|o| of(o)).max_by_key(|o| o.outreach.version);
    let Some(last) = newest(&|_| true) else { return 1 };
    let heard_last = newest(&|o| o.attempts.iter().any(was_heard)).or_else(|| newest(&|o| tries(&o.attempts).next().is_some()));
    let Some(base) = [Some(last), heard_last].into_iter().flatten().find(|o| o.outreach.start == start) else {
        return last.outreach.version + 1;
    };
    let called_off = of_visit
        .iter()
        .filter(|o| match o.outreach.purpose {
            Purpose::Cancelled => o.outreach.start == start,
            purpose => purpose == Purpose::Closure,
        })
        .filter_map(|o| Some(last_reached(o)?.0))
        .max();
    let answered_before = |told: DateTime<Utc>| {
        let of_base = spoken().filter(|o| o.outreach.version == base.outreach.version);
        of_base.flat_map(|o| tries(&o.attempts)).any(|attempt| called_at(attempt) <= told)
    };
    if called_off.is_some_and(answered_before) { last.outreach.version + 1 } else { base.outreach.version }
}

/// Whether anybody or anything may have heard some of a call.
fn was_heard(attempt: &Attempt) -> bool {
    use Outcome::{Busy, Failed, MachineNoMessage, NoAnswer, Superseded};
    let nothing = attempt.outcome.is_none_or(|outcome| match outcome {
        NoAnswer | Busy | Failed | MachineNoMessage => true,
        Superseded => !was_promised(attempt),
        _ => false,
    });
    attempt.status.is_live() || (attempt.status.is_final() && attempt.status != AttemptStatus::Cancelled && !nothing)
}

/// The version of a notice: another one than that of an earlier change which had its own calls, or of one that says of another
/// visit that it comes there.
pub(crate) fn notice_version(facts: &PatientFacts, notice: &Notice) -> u32 {
    let of_visit: Vec<_> = facts.outreaches.iter().filter(|o| o.outreach.visit == notice.visit).collect();
    let same = || of_visit.iter().filter(|o| o.outreach.purpose == notice.purpose);
    let version = match speaks_of_the_start(notice.purpose) {
        true => spoken_version(&of_visit, notice.start),
        false => match same().map(|o| &o.outreach).max_by_key(|o| o.version) {
            None => 1,
            Some(newest) => newest.version + u32::from(newest.start != notice.start),
        },
    };
    let comes_from = notice.old.visit(&notice.visit.patient);
    let is_another = |o: &&&OutreachFacts| {
        let is_from_elsewhere = o.outreach.moved_from.as_ref().is_some_and(|old| *old != comes_from);
        let was_earlier = tries(&o.attempts).any(|attempt| called_at(attempt) < notice.first_at);
        o.outreach.version == version && (is_from_elsewhere || was_earlier)
    };
    if !same().any(|o| is_another(&o)) {
        return version;
    }
    let alike = |o: &&&OutreachFacts| {
        let purpose = o.outreach.purpose;
        purpose == notice.purpose || (speaks_of_the_start(purpose) && speaks_of_the_start(notice.purpose))
    };
    of_visit.iter().filter(alike).map(|o| o.outreach.version).max().unwrap_or(version) + 1
}

fn speaks_of_the_start(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Reminder | Purpose::Moved)
}

/// What a call settled about its visit, where it did. A number that is none is as wrong as one of somebody else.
pub(crate) fn settles(attempt: &Attempt) -> Option<Outcome> {
    match result(attempt) {
        Outcome::Failed if attempt.end_reason == Some(EndReason::BadNumber) => Some(Outcome::WrongNumber),
        outcome => outcome.settles_visit().then_some(outcome),
    }
}

/// The attempts that were dialled and are over. One that was withdrawn, or superseded (then the visit is planned anew),
/// is none. Nor is a call of the patient in which nothing was settled: the plan goes on as if it had not been.
pub(crate) fn tries(attempts: &[Attempt]) -> impl Iterator<Item = &Attempt> {
    attempts.iter().filter(|a| {
        matches!(a.status, AttemptStatus::Completed | AttemptStatus::Failed)
            && a.outcome != Some(Outcome::Superseded)
            && (!a.inbound || result(a).settles_visit() || result(a) == Outcome::Heard)
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
