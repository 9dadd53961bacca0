//! The last look before dialling: the schedule and the caps may have changed since the attempt was planned.

use super::reconcile::why_not;
use super::{Job, PatientFacts, Rules, Verdict, decide};
use crate::domain::{Attempt, Outreach};
use chrono::{DateTime, Utc};

/// The job by which a leased attempt of `outreach` is dialled at `now`, judged anew by all rules: the one that wants this
/// call now, which need not be the one that promised it, as jobs are renamed and switched off. `facts` hold the attempt as
/// leased, so that it does not count against itself.
///
/// # Errors
/// The word of the reason why not: that of the decision (`capped`, `not_booked` …), `not_open` before or after its hours,
/// `replanned` for another version, touch, number or language, `visit_gone` where nothing is decided about the visit any
/// more. The attempt then goes back to the planner: set to planned again, the next [`super::reconcile()`] moves or
/// withdraws it.
pub fn may_dial<'r>(
    rules: &'r Rules,
    facts: &PatientFacts,
    outreach: &Outreach,
    attempt: &Attempt,
    now: DateTime<Utc>,
) -> Result<&'r Job, &'static str> {
    let decisions = decide(rules, facts, now);
    let wanted = decisions.iter().find_map(|decision| match &decision.verdict {
        Verdict::Call(call)
            if call.touch == outreach.touch
                && (decision.version, decision.purpose) == (outreach.version, outreach.purpose)
                && decision.visit == outreach.visit =>
        {
            Some((decision, call))
        }
        _ => None,
    });
    let Some((decision, call)) = wanted else { return Err(why_not(&decisions, outreach)) };
    if call.number != attempt.phone || decision.language.as_ref() != Some(&attempt.language) {
        return Err("replanned");
    }
    if call.call_after > now || now >= attempt.not_after {
        return Err("not_open");
    }
    rules.jobs.iter().find(|job| decision.job.as_ref() == Some(&job.name)).ok_or("replanned")
}
