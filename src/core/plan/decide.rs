//! One patient's visits, each judged by every reminder job; what they must be told, by every job of its purpose.

use super::eligibility as rule;
use super::judge_notice::judge_notices;
use super::notice::notices_among;
use super::phone::PhoneChoice;
use super::progress;
use super::trail::{Refusal, Trail};
use super::version::History;
use super::visits::{VisitView, visits_of};
use super::{Decision, Job, PatientFacts, PlannedCall, Rules, Skip, Verdict, phone, select};
use crate::domain::{Outcome, Purpose, VisitKey};
use chrono::{DateTime, Utc};

/// Everything that decides about one visit and one reminder job.
pub(crate) struct Case<'a> {
    pub rules: &'a Rules,
    pub facts: &'a PatientFacts,
    pub now: DateTime<Utc>,
    pub visit: &'a VisitView<'a>,
    pub history: &'a History<'a>,
    pub job: &'a Job,
    /// The notices that go first.
    pub ahead: &'a [Ahead],
}

/// A notice that is to be given: reminders come after it.
pub(crate) struct Ahead {
    pub visit: VisitKey,
    /// When its call is planned; none while it waits for a cap.
    pub at: Option<DateTime<Utc>>,
    /// When it is time to look again.
    pub until: Option<DateTime<Utc>>,
}

/// What the planner decides at `now` about every visit of the patient that starts after it: one decision for every
/// reminder job, in the order of visits (site, day) and jobs; `no_job` where there is no job at all. Then one for every
/// notice that is to be given and every job of its purpose.
pub fn decide(rules: &Rules, facts: &PatientFacts, now: DateTime<Utc>) -> Vec<Decision> {
    let visits = visits_of(rules, facts);
    let notices = notices_among(rules, facts, &visits, now);
    let about_notices = judge_notices(rules, facts, now, &notices);
    let ahead: Vec<Ahead> = about_notices.iter().filter_map(goes_first).collect();
    let mut decisions = Vec::with_capacity(visits.len() * rules.jobs.len().max(1));
    for visit in visits.iter().filter(|v| v.start > now) {
        let moved = notices.iter().find(|n| n.purpose == Purpose::Moved && visit.is(&n.visit)).map(|n| n.version);
        let history = History::of(facts, visit, moved);
        if rules.jobs.is_empty() {
            let mut trail = Trail::new();
            let refusal = trail.skip("job", "there is no job", Skip::NoJob);
            decisions.push(decision(rules, facts, visit, &history, None, trail, Err(refusal)));
        }
        for job in rules.jobs_for(Purpose::Reminder) {
            let case = Case { rules, facts, now, visit, history: &history, job, ahead: &ahead };
            let mut trail = Trail::new();
            let judged = judge_reminder(&case, &mut trail);
            decisions.push(decision(rules, facts, visit, &history, Some(job), trail, judged));
        }
    }
    decisions.extend(about_notices);
    decisions
}

fn goes_first(decision: &Decision) -> Option<Ahead> {
    let visit = decision.visit.clone();
    match &decision.verdict {
        Verdict::Call(call) => Some(Ahead { visit, at: Some(call.call_after), until: Some(call.call_before) }),
        Verdict::Skip(Skip::Capped) if decision.opens.is_none() => Some(Ahead { visit, at: None, until: decision.again_at }),
        _ => None,
    }
}

/// A call with the moment at which time alone may change it, or the reason why there is none.
pub(crate) type Judged = Result<(PlannedCall, Option<DateTime<Utc>>), Refusal>;

/// The reasons in their order (interfaces, section 4): the first that applies decides.
fn judge_reminder(case: &Case, trail: &mut Trail) -> Judged {
    select::job_enabled(case.job, trail)?;
    select::site_and_department(case.rules, case.job, case.visit, trail)?;
    rule::booked(case, trail)?;
    select::service(case.job, case.visit, true, trail)?;
    rule::deceased(case.facts, trail)?;
    rule::no_call(case.facts, trail)?;
    let settled = case.history.settled();
    let choice = phone::choose(case.job, &case.rules.limits, case.facts);
    rule::opted_out(case.facts, choice, settled, trail)?;
    rule::established_patient(case, trail)?;
    rule::confirmed(case, settled, trail)?;
    let hours = progress::hours(case, choice);
    let progress = progress::judge_reached(case, &hours, settled, trail)?;
    // Without another number to call.
    let is_fax = choice == PhoneChoice::NoneDialable && case.history.met_a_fax();
    let settled = if is_fax { Some(Outcome::WrongNumber) } else { settled };
    let (kind, number) = rule::callable_phone(choice, settled, trail)?;
    rule::language(case.rules, case.facts, trail)?;
    rule::conflicting_times(case, trail)?;
    let touch = progress::judge_common_hours(&hours, &progress, trail)?;
    rule::notice(case, trail)?;
    let window = progress::judge_window(case, &hours, touch, &progress, number, trail)?;
    let call = PlannedCall {
        touch: touch.number,
        call_after: window.open,
        call_before: window.close,
        phone: kind,
        number: number.clone(),
        carrier: case.job.call.carrier.clone(),
    };
    Ok((call, Some(touch.next_opens.map_or(window.close, |next| next.min(window.close)))))
}

fn decision(
    rules: &Rules,
    facts: &PatientFacts,
    visit: &VisitView,
    history: &History,
    job: Option<&Job>,
    trail: Trail,
    judged: Judged,
) -> Decision {
    let (verdict, opens, again_at) = match judged {
        Ok((call, again_at)) => (Verdict::Call(call), None, again_at),
        Err(refusal) => (refusal.verdict, refusal.opens, refusal.again_at),
    };
    Decision {
        visit: visit.key(),
        version: history.version,
        appointments: visit.spoken_ids(),
        job: job.map(|j| j.name.clone()),
        purpose: Purpose::Reminder,
        start: visit.start,
        zone: visit.zone,
        change: None,
        language: rules.pack_for(facts.patient.language.as_ref()).cloned(),
        verdict,
        opens,
        again_at,
        rules: trail.rules,
    }
}
