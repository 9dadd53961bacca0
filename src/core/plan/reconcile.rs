//! From decisions to what the store must do: open, move and withdraw attempts, close changes, open and close worklist
//! items.

use super::fate;
use super::work::work;
use super::{Decision, OutreachFacts, PatientFacts, PlannedCall, Rules, Verdict};
use crate::domain::{Attempt, AttemptStatus, Dial, Outreach, Purpose, VisitKey, WorkKind};
use crate::ids::{AppointmentId, AttemptId, JobName, LanguageTag, OutreachId};
use chrono::{DateTime, Utc};

/// One thing the store must do. Leased and live attempts are never named.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanAction {
    /// Cancel an attempt that is still planned.
    Withdraw {
        /// Which.
        attempt: AttemptId,
        /// The word of the decision's reason; `visit_gone` where the visit is no longer decided about, `change_gone` where a
        /// notice has nothing (more) to tell, `replanned` where another touch or version takes its place.
        reason: &'static str,
    },
    /// Give an attempt that is still planned another time, number, language or carrier.
    Move {
        /// Which.
        attempt: AttemptId,
        /// From now on.
        dial: Dial,
    },
    /// Plan a call.
    Open(NewAttempt),
    /// Open a worklist item.
    OpenWork(NewWorkItem),
    /// Close a worklist item that waits for a person: the schedule shows that it is settled.
    CloseWork {
        /// Of which kind.
        kind: WorkKind,
        /// About which visit.
        visit: VisitKey,
    },
    /// Close pending changes: there is nothing (more) to tell about these bookings.
    CloseChanges {
        /// Which bookings.
        appointments: Vec<AppointmentId>,
        /// `told`, `told_by_a_person`, `closure_told`, `own_request` (the patient asked for it), `passed`,
        /// `beyond_horizon`, `not_spoken` (nothing that is spoken changed), `unchanged`, `took_place`, or `gone` (no
        /// longer a booking of this patient).
        why: &'static str,
    },
}

/// An attempt to be planned; the store gives it its id and token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttempt {
    /// The promise it serves.
    pub outreach: OutreachKey,
    /// The promise's id, where it stands already; else it is made together with the attempt.
    pub existing: Option<OutreachId>,
    /// Counts within the outreach, from 1.
    pub number: u32,
    /// When, where and how.
    pub dial: Dial,
}

/// Everything of an outreach but its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutreachKey {
    /// Which visit.
    pub visit: VisitKey,
    /// Which version of it.
    pub version: u32,
    /// Why.
    pub purpose: Purpose,
    /// Which planned contact, from 1.
    pub touch: u32,
    /// The job that makes it.
    pub job: JobName,
    /// The start that is spoken.
    pub start: DateTime<Utc>,
    /// Of a notice that a visit moved: the visit as the patient knew it until then.
    pub moved_from: Option<VisitKey>,
}

/// A worklist item to be opened, once for its kind and visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkItem {
    /// Why.
    pub kind: WorkKind,
    /// About which visit.
    pub visit: VisitKey,
    /// Until when it must be done: the start of the visit, or the earlier of its old and new start.
    pub due_at: DateTime<Utc>,
    /// What is known: the word of the decision's reason, `voicemail_left`, `reopened` (a closure was told that holds no
    /// more), `booked_again` (a cancellation was told, and the visit stands) or `call_promised` (a call said that the office
    /// will call, and nothing else tells the patient how things are).
    pub known: &'static str,
}

/// Compares the decisions about one patient (all of them, as [`super::decide()`] gives them by the same rules) with what
/// stands, and says what is to be done, withdrawals first. Where several jobs want the same touch of a visit, the first has
/// it. Doing what it says and asking again gives nothing more.
pub fn reconcile(rules: &Rules, decisions: &[Decision], facts: &PatientFacts, now: DateTime<Utc>) -> Vec<PlanAction> {
    let wanted = first_of_each_touch(decisions);
    let mut actions = withdrawals(decisions, &wanted, facts);
    actions.extend(wanted.iter().filter_map(|want| open_or_move(want, facts, now)));
    let closed = fate::closed(rules, facts, now);
    let closes = |id: &AppointmentId| {
        closed.iter().any(|a| matches!(a, PlanAction::CloseChanges { appointments, .. } if appointments.contains(id)))
    };
    let all_told = facts.changes.iter().all(|change| closes(&change.appointment));
    actions.extend(closed);
    actions.extend(work(rules, decisions, facts, all_told, now));
    actions
}

/// A call that is wanted, with its decision.
struct Wanted<'a> {
    decision: &'a Decision,
    job: &'a JobName,
    language: &'a LanguageTag,
    call: &'a PlannedCall,
}

impl Wanted<'_> {
    fn is_kept_by(&self, o: &OutreachFacts) -> bool {
        let outreach = &o.outreach;
        (outreach.version, outreach.purpose, outreach.touch) == (self.decision.version, self.decision.purpose, self.call.touch)
            && outreach.visit == self.decision.visit
    }

    fn same_touch(&self, other: &Wanted) -> bool {
        (self.decision.purpose, self.call.touch) == (other.decision.purpose, other.call.touch)
            && self.decision.visit == other.decision.visit
    }

    fn dial(&self) -> Dial {
        Dial {
            due_at: self.call.call_after,
            not_after: self.call.call_before,
            phone_kind: self.call.phone,
            phone: self.call.number.clone(),
            language: self.language.clone(),
            carrier: self.call.carrier.clone(),
        }
    }

    /// Whether a planned attempt is the wanted call already. Inside an open window any time that has come is as good as
    /// now, and a time to come was chosen by the dialler: a carrier that is busy has said when it may be asked again.
    fn is_served_by(&self, attempt: &Attempt, now: DateTime<Utc>) -> bool {
        let inside = (self.call.call_after..self.call.call_before).contains(&attempt.due_at);
        let has_come = attempt.due_at <= now && self.call.call_after <= now;
        (inside || has_come)
            && attempt.not_after == self.call.call_before
            && attempt.phone_kind == self.call.phone
            && attempt.phone == self.call.number
            && attempt.language == *self.language
            && attempt.carrier == self.call.carrier
    }
}

fn first_of_each_touch(decisions: &[Decision]) -> Vec<Wanted<'_>> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for decision in decisions {
        if let (Verdict::Call(call), Some(job), Some(language)) = (&decision.verdict, &decision.job, &decision.language) {
            let want = Wanted { decision, job, language, call };
            if !wanted.iter().any(|earlier| earlier.same_touch(&want)) {
                wanted.push(want);
            }
        }
    }
    wanted
}

/// Planned attempts that serve no wanted call; the second one of a touch too, should there ever be two.
fn withdrawals(decisions: &[Decision], wanted: &[Wanted], facts: &PatientFacts) -> Vec<PlanAction> {
    let mut actions = Vec::new();
    for o in &facts.outreaches {
        let spared = usize::from(wanted.iter().any(|want| want.is_kept_by(o)));
        for attempt in planned(o).skip(spared) {
            actions.push(PlanAction::Withdraw { attempt: attempt.id.clone(), reason: why_not(decisions, &o.outreach) });
        }
    }
    actions
}

/// Why a promise is not called about (in this form): in the words of its own job's decision, where there is one.
pub(crate) fn why_not(decisions: &[Decision], outreach: &Outreach) -> &'static str {
    let of_visit = || decisions.iter().filter(|d| d.purpose == outreach.purpose && d.visit == outreach.visit);
    let by_its_job = of_visit().find(|d| d.job.as_ref() == Some(&outreach.job));
    match by_its_job.or_else(|| of_visit().next()) {
        None if outreach.purpose == Purpose::Reminder => "visit_gone",
        None => "change_gone",
        Some(decision) => decision.verdict.reason().unwrap_or("replanned"),
    }
}

fn open_or_move(want: &Wanted, facts: &PatientFacts, now: DateTime<Utc>) -> Option<PlanAction> {
    let kept = facts.outreaches.iter().find(|o| want.is_kept_by(o));
    if let Some(o) = kept {
        if o.attempts.iter().any(|a| a.status == AttemptStatus::Leased || a.status.is_live()) {
            return None;
        }
        if let Some(attempt) = planned(o).next() {
            return (!want.is_served_by(attempt, now))
                .then(|| PlanAction::Move { attempt: attempt.id.clone(), dial: want.dial() });
        }
    }
    Some(PlanAction::Open(NewAttempt {
        outreach: OutreachKey {
            visit: want.decision.visit.clone(),
            version: want.decision.version,
            purpose: want.decision.purpose,
            touch: want.call.touch,
            job: want.job.clone(),
            start: want.decision.start,
            moved_from: moved_from(want.decision),
        },
        existing: kept.map(|o| o.outreach.id.clone()),
        number: 1 + kept.and_then(|o| o.attempts.iter().map(|a| a.number).max()).unwrap_or(0),
        dial: want.dial(),
    }))
}

fn moved_from(decision: &Decision) -> Option<VisitKey> {
    let told = decision.change.as_ref().filter(|_| decision.purpose == Purpose::Moved)?;
    Some(told.old.visit(&decision.visit.patient))
}

fn planned(o: &OutreachFacts) -> impl Iterator<Item = &Attempt> {
    o.attempts.iter().filter(|a| a.status == AttemptStatus::Planned)
}
