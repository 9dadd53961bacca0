//! What other programs see: the JSON shapes of interfaces sections 4 and 5, the same for the command line and the API.
//! Times carry the site's offset; telephone numbers show their last four digits.

mod closures;
mod people;
mod reasons;
mod services;

pub use closures::ClosureView;
pub use people::OptOutView;
pub use reasons::{reason_in_words, review_in_words, skip_in_words};
pub use services::UnknownServiceView;

use crate::core::domain::{Appointment, PhoneNumber, WorkItem};
use crate::core::plan::{Decision, RuleResult, Rules, Verdict};
use crate::store::{CallLine, WebhookEntry};
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::Serialize;

/// A moment by a zone's clock, RFC 3339 with its offset, to the second.
pub fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// A moment to the millisecond, where order matters.
fn exact(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// A number as outputs show it: the last four digits, or all of it where the reader asked with `--reveal`.
pub fn shown(number: &PhoneNumber, reveal: bool) -> String {
    if reveal { number.as_str().to_string() } else { format!("…{}", number.last_four()) }
}

/// A decision of the planner.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionView {
    /// `patient/site/day`.
    pub visit: String,
    /// The patient's id.
    pub patient: String,
    /// The bookings.
    pub appointments: Vec<String>,
    /// The job.
    pub job: Option<String>,
    /// What it calls for.
    pub purpose: &'static str,
    /// The spoken time.
    pub start: String,
    /// Which planned contact.
    pub touch: Option<u32>,
    /// `call`, `skip` or `review`.
    pub decision: &'static str,
    /// Not before.
    pub call_after: Option<String>,
    /// Not at or after.
    pub call_before: Option<String>,
    /// The pack's tag.
    pub language: Option<String>,
    /// Which telephone.
    pub phone: Option<&'static str>,
    /// Why not.
    pub reason: Option<&'static str>,
    /// Every rule, judged.
    pub rules: Vec<RuleResult>,
}

impl DecisionView {
    /// The view of a decision.
    pub fn of(decision: &Decision) -> DecisionView {
        let call = if let Verdict::Call(call) = &decision.verdict { Some(call) } else { None };
        let zone = decision.zone;
        DecisionView {
            visit: decision.visit.to_text(),
            patient: decision.visit.patient.as_str().to_string(),
            appointments: decision.appointments.iter().map(ToString::to_string).collect(),
            job: decision.job.as_ref().map(ToString::to_string),
            purpose: decision.purpose.as_str(),
            start: moment(decision.start, zone),
            touch: call.map(|c| c.touch),
            decision: decision.verdict.word(),
            call_after: call.map(|c| moment(c.call_after, zone)),
            call_before: call.map(|c| moment(c.call_before, zone)),
            language: decision.language.as_ref().map(ToString::to_string),
            phone: call.map(|c| c.phone.as_str()),
            reason: decision.verdict.reason(),
            rules: decision.rules.clone(),
        }
    }
}

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct CallView {
    /// The attempt's id.
    pub id: String,
    /// `patient/site/day`.
    pub visit: String,
    /// Why we call.
    pub purpose: &'static str,
    /// Which planned contact.
    pub touch: u32,
    /// Which attempt of the touch.
    pub attempt: u32,
    /// Who places it.
    pub carrier: String,
    /// The carrier's id.
    pub carrier_call_id: Option<String>,
    /// The number's last four digits.
    pub phone: String,
    /// `out`: we called; `in`: the patient called our number.
    pub direction: &'static str,
    /// When the carrier was asked.
    pub placed_at: Option<String>,
    /// When it was answered.
    pub answered_at: Option<String>,
    /// When it was over.
    pub ended_at: Option<String>,
    /// Where it stands.
    pub status: &'static str,
    /// Who or what answered.
    pub answered_by: Option<&'static str>,
    /// Seconds between answer and end.
    pub heard_seconds: Option<u32>,
    /// Every key, in order.
    pub keys: String,
    /// What came of it.
    pub outcome: Option<&'static str>,
    /// What ended it.
    pub end_reason: Option<&'static str>,
    /// Whether key 9 was pressed.
    pub opted_out: bool,
}

impl CallView {
    /// The view of a call; `reveal` shows the whole number.
    pub fn of(line: &CallLine, rules: &Rules, reveal: bool) -> CallView {
        let attempt = &line.attempt;
        let zone = rules.zone(&line.outreach.visit.site).unwrap_or(Tz::UTC);
        let time = |at: Option<DateTime<Utc>>| at.map(|at| exact(at, zone));
        CallView {
            id: attempt.id.to_string(),
            visit: line.outreach.visit.to_text(),
            purpose: line.outreach.purpose.as_str(),
            touch: line.outreach.touch,
            attempt: attempt.number,
            carrier: attempt.carrier.to_string(),
            carrier_call_id: attempt.carrier_call_id.clone(),
            phone: shown(&attempt.phone, reveal),
            direction: if attempt.inbound { "in" } else { "out" },
            placed_at: time(attempt.placed_at),
            answered_at: time(attempt.answered_at),
            ended_at: time(attempt.ended_at),
            status: attempt.status.as_str(),
            answered_by: attempt.answered_by.map(|a| a.as_str()),
            heard_seconds: attempt.heard_seconds,
            keys: attempt.keys.clone(),
            outcome: attempt.outcome.map(|o| o.as_str()),
            end_reason: attempt.end_reason.map(|r| r.as_str()),
            opted_out: line.opted_out,
        }
    }
}

/// One item of the worklist.
#[derive(Debug, Clone, Serialize)]
pub struct WorkItemView {
    /// The item's id.
    pub id: String,
    /// Why a person must act.
    pub kind: &'static str,
    /// `patient/site/day`.
    pub visit: Option<String>,
    /// The patient's id.
    pub patient: Option<String>,
    /// Since when.
    pub opened_at: String,
    /// Until when.
    pub due_at: Option<String>,
    /// Who has it.
    pub owner: Option<String>,
    /// Where it stands.
    pub state: &'static str,
    /// What was done, or what is known.
    pub resolution: Option<String>,
}

impl WorkItemView {
    /// The view of an item.
    pub fn of(item: &WorkItem, rules: &Rules) -> WorkItemView {
        let zone = item.visit.as_ref().and_then(|v| rules.zone(&v.site)).unwrap_or(Tz::UTC);
        WorkItemView {
            id: item.id.to_string(),
            kind: item.kind.as_str(),
            visit: item.visit.as_ref().map(|v| v.to_text()),
            patient: item.patient.as_ref().map(|p| p.as_str().to_string()),
            opened_at: moment(item.opened_at, zone),
            due_at: item.due_at.map(|at| moment(at, zone)),
            owner: item.owner.clone(),
            state: item.state.as_str(),
            resolution: item.resolution.clone(),
        }
    }
}

/// One stored booking.
#[derive(Debug, Clone, Serialize)]
pub struct AppointmentView {
    /// The feed's id.
    pub appointment_id: String,
    /// The patient's id.
    pub patient_id: String,
    /// Where.
    pub site: String,
    /// When, by the site's clock.
    pub start: String,
    /// The class.
    pub service: &'static str,
    /// Where it stands.
    pub status: &'static str,
    /// Which feed.
    pub feed: String,
}

impl AppointmentView {
    /// The view of a booking.
    pub fn of(appointment: &Appointment, rules: &Rules) -> AppointmentView {
        let zone = rules.zone(&appointment.site).unwrap_or(Tz::UTC);
        AppointmentView {
            appointment_id: appointment.id.to_string(),
            patient_id: appointment.patient.as_str().to_string(),
            site: appointment.site.to_string(),
            start: moment(appointment.start, zone),
            service: appointment.service.as_str(),
            status: appointment.status.as_str(),
            feed: appointment.feed.to_string(),
        }
    }
}

/// One entry of the webhook log.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookView {
    /// Counts up.
    pub number: i64,
    /// When, in UTC.
    pub at: String,
    /// `in` or `out`.
    pub direction: crate::store::Direction,
    /// Which carrier.
    pub carrier: String,
    /// Which attempt.
    pub call: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path, the token masked.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// What was made of it.
    pub verdict: String,
    /// How long the answer took, in milliseconds.
    pub duration_ms: f64,
    /// The fields that identify nobody.
    pub body: String,
}

impl WebhookView {
    /// The view of an entry.
    pub fn of(number: i64, entry: &WebhookEntry) -> WebhookView {
        WebhookView {
            number,
            at: exact(entry.at, Tz::UTC),
            direction: entry.direction,
            carrier: entry.carrier.clone(),
            call: entry.attempt.as_ref().map(ToString::to_string),
            method: entry.method.clone(),
            path: entry.path.clone(),
            status: entry.status,
            verdict: entry.verdict.clone(),
            duration_ms: entry.duration_us as f64 / 1000.0,
            body: entry.body.clone(),
        }
    }
}
