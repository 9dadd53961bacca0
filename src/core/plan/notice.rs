//! What patients must be told: the net change of their booked visits, and closures of the sites they are to come to.

use super::decision::Announced;
use super::fate::{self, Fate};
use super::visits::{VisitView, visits_of};
use super::{PatientFacts, Rules, WhenRules, closures};
use crate::domain::{LastKnown, Outreach, Purpose, VisitKey};
use crate::ids::{AppointmentId, ClosureId};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// However often a visit is edited, its notice waits no longer than this after the first edit.
pub(crate) const LONGEST_SETTLING: Duration = Duration::minutes(60);

/// One thing a patient must be told. It says what is true now: of several edits, their sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The new visit; the old one when it was cancelled.
    pub visit: VisitKey,
    /// Cancelled, moved or closure.
    pub purpose: Purpose,
    /// Which version. A moved visit counts with its reminders, so that a key 1 confirms it; the others count for
    /// themselves.
    pub version: u32,
    /// The start that is spoken: the new one, that of a late opening, or the one that does not take place.
    pub start: DateTime<Utc>,
    /// The zone of the visit's site.
    pub zone: Tz,
    /// The visit as last announced or planned.
    pub old: Announced,
    /// The site opens late: the patient comes at `start` instead.
    pub delayed: bool,
    /// The closure that it tells; none for a change.
    pub closure: Option<ClosureId>,
    /// The patient's place among all that the closure covers.
    pub position: Option<u32>,
    /// The bookings that decisions name: the booked ones of the visit, or those that were cancelled.
    pub appointments: Vec<AppointmentId>,
    /// The bookings whose pending changes are told with it.
    pub changes: Vec<AppointmentId>,
    /// What it is about, as last announced or planned: sites, departments and services are judged on it.
    pub about: Vec<LastKnown>,
    /// When the first edit was taken in, or the closure was declared.
    pub first_at: DateTime<Utc>,
    /// When the last edit was.
    pub last_at: DateTime<Utc>,
}

impl Notice {
    /// The earlier of old and new start: `horizon` and `no_later_than` count from there.
    pub fn earlier(&self) -> DateTime<Utc> {
        self.start.min(self.old.start)
    }

    /// How much of the callable hours since it was declared belongs to the turns of others, before a closure's notice.
    pub(crate) fn turn(&self, when: &WhenRules) -> Duration {
        let before = Duration::hours(1) * i32::try_from(self.position.unwrap_or(0)).unwrap_or(i32::MAX);
        before / i32::try_from(when.per_hour.max(1)).unwrap_or(i32::MAX)
    }

    /// Whether this is what an outreach says.
    pub fn is_given_by(&self, outreach: &Outreach) -> bool {
        (self.purpose, self.version, self.start) == (outreach.purpose, outreach.version, outreach.start)
            && self.visit == outreach.visit
    }

    /// Whether the change is so near that a job tells it at all, judged at the last edit.
    pub(crate) fn is_within(&self, when: &WhenRules) -> bool {
        self.closure.is_some() || self.earlier() - self.last_at <= when.horizon
    }
}

pub(crate) fn settled_at(first_at: DateTime<Utc>, last_at: DateTime<Utc>, settle: Duration) -> DateTime<Utc> {
    (last_at + settle).min(first_at + LONGEST_SETTLING)
}

/// Everything the patient must be told at `now`, by whatever way: whether and when a call is made for it, the decisions of
/// [`super::decide()`] say. At most one notice for each visit and purpose.
pub fn notices(rules: &Rules, facts: &PatientFacts, now: DateTime<Utc>) -> Vec<Notice> {
    match facts.changes.is_empty() && facts.closures.is_empty() {
        true => Vec::new(),
        false => notices_among(rules, facts, &visits_of(rules, facts), now),
    }
}

/// The notice that an outreach gives, while it is still true and the patient has not heard it: what a call says when it is
/// answered. None for a reminder.
pub fn notice_of(rules: &Rules, facts: &PatientFacts, outreach: &Outreach, now: DateTime<Utc>) -> Option<Notice> {
    notices(rules, facts, now).into_iter().find(|notice| notice.is_given_by(outreach))
}

/// As [`notices()`], with the visits at hand.
pub(crate) fn notices_among(rules: &Rules, facts: &PatientFacts, visits: &[VisitView], now: DateTime<Utc>) -> Vec<Notice> {
    if facts.changes.is_empty() && facts.closures.is_empty() {
        return Vec::new();
    }
    let told = fate::judge(rules, facts, visits, now).into_iter().filter_map(|fate| match fate {
        Fate::Tell(notice) => Some(*notice),
        Fate::Close { .. } => None,
    });
    told.chain(closures::notices(facts, visits, now)).collect()
}
