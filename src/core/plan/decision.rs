//! What the planner says about one visit and one job.

use super::groups::day_in;
use crate::domain::{PhoneKind, PhoneNumber, Purpose, VisitKey, WorkKind};
use crate::ids::{AppointmentId, CarrierName, JobName, LanguageTag, PatientId, SiteKey};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One decision (interfaces, section 4), with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Which visit.
    pub visit: VisitKey,
    /// Which version of it: rises from 1 when the spoken time changes. Notices that a visit was cancelled or falls into a
    /// closure count for themselves.
    pub version: u32,
    /// The booked bookings in order of time; all of them where nothing is booked; of a cancellation those cancelled.
    pub appointments: Vec<AppointmentId>,
    /// Which job; none where there is no job at all.
    pub job: Option<JobName>,
    /// What the job calls for.
    pub purpose: Purpose,
    /// The spoken time; of a notice the new one, or the one that does not take place.
    pub start: DateTime<Utc>,
    /// The site's zone: outputs show times by its clock.
    pub zone: Tz,
    /// Notices: what the patient goes by until they hear it; none for a reminder.
    pub change: Option<Told>,
    /// The pack's tag, where one was found.
    pub language: Option<LanguageTag>,
    /// Call, skip or review.
    pub verdict: Verdict,
    /// The worklist item that this decision asks for.
    pub opens: Option<WorkKind>,
    /// When time alone may change this decision; none where only a feed, a call or a person can.
    pub again_at: Option<DateTime<Utc>>,
    /// Every rule that was judged, in order.
    pub rules: Vec<RuleResult>,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The visit as last announced or planned: a notice about a moved visit speaks it.
    pub old: Announced,
    /// When the first edit was taken in, or the closure was declared.
    pub since: DateTime<Utc>,
}

/// When and where a patient goes by what they were last told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Where.
    pub site: SiteKey,
    /// The spoken time.
    pub start: DateTime<Utc>,
    /// The zone of the site: the old time is spoken by its clock.
    pub zone: Tz,
}

impl Announced {
    /// The visit of a patient that this was.
    pub(crate) fn visit(&self, patient: &PatientId) -> VisitKey {
        VisitKey { patient: patient.clone(), site: self.site.clone(), day: day_in(self.start, self.zone) }
    }
}

impl Decision {
    /// Until when a person must have done what the decision asks for: the start of the visit, for a notice the earlier of
    /// old and new start.
    pub fn due_at(&self) -> DateTime<Utc> {
        self.change.as_ref().map_or(self.start, |change| self.start.min(change.old.start))
    }
}

/// Call, skip or review.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Call, then and there.
    Call(PlannedCall),
    /// Do not call; nobody need look.
    Skip(Skip),
    /// Do not call; a person must look.
    Review(Review),
}

/// When and where to call.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCall {
    /// Which planned contact, from 1.
    pub touch: u32,
    /// Not before: the window's opening, or the moment of planning when it is open already.
    pub call_after: DateTime<Utc>,
    /// Not at or after: the window's end, never later than start - `no_later_than`.
    pub call_before: DateTime<Utc>,
    /// Which telephone.
    pub phone: PhoneKind,
    /// Its number.
    pub number: PhoneNumber,
    /// Who places it.
    pub carrier: CarrierName,
}

/// Why a visit is not called about. The order is the order in which reasons are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// There is no job at all.
    NoJob,
    /// The job is switched off.
    JobDisabled,
    /// The job is for other sites or departments.
    SiteOrDepartmentExcluded,
    /// Nothing is booked.
    NotBooked,
    /// Only infusion, radiation therapy, laboratory or other.
    NotEligibleService,
    /// The patient has died.
    Deceased,
    /// The patient is not to be called.
    NoCallFlag,
    /// The patient or the number opted out.
    OptedOut,
    /// The patient's first visit.
    FirstVisit,
    /// Every booked appointment is confirmed.
    AlreadyConfirmed,
    /// This touch reached the patient.
    AlreadyReached,
    /// No number of the kinds the job may use.
    NoCallablePhone,
    /// Booked closer to its start than the job's minimum notice.
    TooShortNotice,
    /// The calls made so far fill a cap.
    Capped,
    /// Every attempt was used.
    AttemptsExhausted,
    /// No window is left before the visit.
    TooLate,
}

/// Why a person must look at a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Nothing eligible, and something unclassified.
    UnknownService,
    /// Numbers were given, none can be dialled.
    BadPhone,
    /// No pack speaks the patient's language.
    UnknownLanguage,
    /// Booked at two sites at the same time.
    ConflictingTimes,
    /// The zones concerned have no common hours.
    NoCommonHours,
}

impl Skip {
    /// The word used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Skip::NoJob => "no_job",
            Skip::JobDisabled => "job_disabled",
            Skip::SiteOrDepartmentExcluded => "site_or_department_excluded",
            Skip::NotBooked => "not_booked",
            Skip::NotEligibleService => "not_eligible_service",
            Skip::Deceased => "deceased",
            Skip::NoCallFlag => "no_call_flag",
            Skip::OptedOut => "opted_out",
            Skip::FirstVisit => "first_visit",
            Skip::AlreadyConfirmed => "already_confirmed",
            Skip::AlreadyReached => "already_reached",
            Skip::NoCallablePhone => "no_callable_phone",
            Skip::TooShortNotice => "too_short_notice",
            Skip::Capped => "capped",
            Skip::AttemptsExhausted => "attempts_exhausted",
            Skip::TooLate => "too_late",
        }
    }
}

impl Review {
    /// The word used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Review::UnknownService => "unknown_service",
            Review::BadPhone => "bad_phone",
            Review::UnknownLanguage => "unknown_language",
            Review::ConflictingTimes => "conflicting_times",
            Review::NoCommonHours => "no_common_hours",
        }
    }
}

impl Verdict {
    /// `call`, `skip` or `review`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Call(_) => "call",
            Verdict::Skip(_) => "skip",
            Verdict::Review(_) => "review",
        }
    }

    /// The word of the reason; none for a call.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Verdict::Call(_) => None,
            Verdict::Skip(skip) => Some(skip.as_str()),
            Verdict::Review(review) => Some(review.as_str()),
        }
    }
}

/// One rule, judged. `detail` names its inputs without identifying anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule's name.
    pub rule: Cow<'static, str>,
    /// Whether it lets the call pass.
    pub verdict: RuleVerdict,
    /// Its inputs, in words.
    pub detail: Cow<'static, str>,
}

/// Whether a rule lets the call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleVerdict {
    /// It does.
    Pass,
    /// It does not.
    Fail,
}
