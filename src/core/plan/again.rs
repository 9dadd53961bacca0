//! When somebody must be looked at again though nothing happens: the moments at which time alone changes what is to be
//! done.

use super::notice::LONGEST_SETTLING;
use super::owed::was_promised;
use super::{Decision, OutreachFacts, PatientFacts, Rules, Verdict, WorkStanding};
use crate::domain::{Purpose, resolve_local};
use chrono::{DateTime, Duration, NaiveTime, Utc};

/// How far apart calls are that count together under the cap of a week.
const WEEK: Duration = Duration::hours(168);

/// The moment, to the microsecond as moments of planning are, from which on planning the patient may decide or do
/// anything else than at `now`, where nobody writes anything meanwhile; none where time alone changes nothing any more.
/// `decisions` are those that [`super::decide()`] gives at `now`. A moment too early does no harm: everything is judged
/// anew.
pub fn next_look(rules: &Rules, decisions: &[Decision], facts: &PatientFacts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut next = Next { now, at: None };
    let keeps_a_call = |d: &Decision| d.change.is_some() && matches!(d.verdict, Verdict::Call(_));
    let kept = decisions.iter().any(keeps_a_call);
    for decision in decisions {
        next.may_be(decision.again_at);
        next.may_be(Some(decision.start));
        if kept {
            // The call that is kept for a notice is planned for now while its hours last, and goes along with the clock:
            // into another day of the site of a reminder, and nearer to the reminders of the coming week.
            let tomorrow = now.with_timezone(&decision.zone).date_naive().succ_opt();
            next.may_be(tomorrow.map(|day| resolve_local(day.and_time(NaiveTime::MIN), decision.zone)));
            if let Verdict::Call(call) = &decision.verdict {
                next.may_be(call.call_after.checked_sub_signed(WEEK));
            }
        }
    }
    for booking in &facts.appointments {
        next.may_be(Some(booking.start));
        // A patient is established by a visit that has begun: a moment later.
        next.may_be(booking.start.checked_add_signed(Duration::microseconds(1)));
    }
    let may_be_owed = |o: &&OutreachFacts| o.outreach.purpose != Purpose::Reminder || o.attempts.iter().any(was_promised);
    for outreach in facts.outreaches.iter().filter(may_be_owed) {
        next.may_be(Some(outreach.outreach.start));
    }
    for change in &facts.changes {
        next.may_be(Some(change.old.start));
        next.may_be(change.first_at.checked_add_signed(LONGEST_SETTLING));
        for job in &rules.jobs {
            next.may_be(change.last_at.checked_add_signed(job.when.settle));
        }
    }
    for closure in facts.closures.iter().map(|c| &c.closure) {
        next.may_be(Some(closure.from));
        next.may_be(Some(closure.until));
        // So long it is still told who was given another time (`ClosureFacts` are left out then).
        next.may_be(closure.until.checked_add_signed(Duration::days(1)));
        next.may_be(closure.delay_to);
    }
    for work in facts.work.iter().filter(|work| work.standing == WorkStanding::Open) {
        // A visit that is not booked any more is one to come until its day is over.
        let day_after = work.visit.day.succ_opt().map(|day| day.and_time(NaiveTime::MIN));
        next.may_be(rules.zone(&work.visit.site).and_then(|zone| Some(resolve_local(day_after?, zone))));
    }
    next.at
}

/// The earliest of the moments to come.
struct Next {
    now: DateTime<Utc>,
    at: Option<DateTime<Utc>>,
}

impl Next {
    fn may_be(&mut self, moment: Option<DateTime<Utc>>) {
        if let Some(moment) = moment.filter(|moment| *moment > self.now)
            && self.at.is_none_or(|at| moment < at)
        {
            self.at = Some(moment);
        }
    }
}
