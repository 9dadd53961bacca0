//! A store in a few lines: what [`reconcile`] asks for, done to the facts.

use super::testing::planned_attempt;
use crate::domain::*;
use crate::ids::*;
use crate::plan::*;
use chrono::{DateTime, Utc};

/// Carries out what [`reconcile`] says on the facts, as the store would.
pub(crate) fn apply(facts: &mut PatientFacts, actions: &[PlanAction], now: DateTime<Utc>) {
    for action in actions {
        match action {
            PlanAction::Withdraw { attempt, .. } => {
                let attempt = find(facts, attempt);
                attempt.status = AttemptStatus::Cancelled;
                attempt.outcome = Some(Outcome::Superseded);
                attempt.end_reason = Some(EndReason::Withdrawn);
            }
            PlanAction::Move { attempt, dial } => set_dial(find(facts, attempt), dial),
            PlanAction::Open(new) => open(facts, new),
            PlanAction::OpenWork(item) => {
                let same = |w: &&WorkFacts| w.kind == item.kind && w.visit == item.visit && w.standing == WorkStanding::Open;
                assert!(!facts.work.iter().any(|w| same(&w)), "opened twice");
                facts.work.push(WorkFacts {
                    kind: item.kind,
                    visit: item.visit.clone(),
                    opened_at: now,
                    standing: WorkStanding::Open,
                });
            }
            PlanAction::CloseWork { kind, visit } => {
                let open = |w: &&mut WorkFacts| w.kind == *kind && w.visit == *visit && w.standing == WorkStanding::Open;
                facts.work.iter_mut().find(open).expect("it is open").standing = WorkStanding::Settled;
            }
            PlanAction::CloseChanges { appointments, .. } => {
                let before = facts.changes.len();
                facts.changes.retain(|c| !appointments.contains(&c.appointment));
                assert_eq!(before - facts.changes.len(), appointments.len(), "each is pending, and named once");
            }
        }
    }
}

fn open(facts: &mut PatientFacts, new: &NewAttempt) {
    let key = &new.outreach;
    let index = match &new.existing {
        Some(id) => facts.outreaches.iter().position(|o| o.outreach.id == *id).expect("it stands"),
        None => {
            let unique = |o: &Outreach| (o.visit.clone(), o.version, o.purpose, o.touch);
            let outreach = Outreach {
                id: OutreachId::new(format!("n{}", facts.outreaches.len())),
                visit: key.visit.clone(),
                version: key.version,
                purpose: key.purpose,
                touch: key.touch,
                job: key.job.clone(),
                start: key.start,
                moved_from: key.moved_from.clone(),
            };
            assert!(facts.outreaches.iter().all(|o| unique(&o.outreach) != unique(&outreach)), "the store keeps it unique");
            facts.outreaches.push(OutreachFacts { outreach, attempts: vec![] });
            facts.outreaches.len() - 1
        }
    };
    let o = &mut facts.outreaches[index];
    assert!(o.attempts.iter().all(|a| a.number != new.number && a.status.is_final()), "one open attempt at a time");
    let mut attempt = planned_attempt(&o.outreach.id, new.number, new.dial.due_at);
    set_dial(&mut attempt, &new.dial);
    o.attempts.push(attempt);
}

fn set_dial(attempt: &mut Attempt, dial: &Dial) {
    attempt.due_at = dial.due_at;
    attempt.not_after = dial.not_after;
    attempt.phone_kind = dial.phone_kind;
    attempt.phone = dial.phone.clone();
    attempt.language = dial.language.clone();
    attempt.carrier = dial.carrier.clone();
}

fn find<'a>(facts: &'a mut PatientFacts, id: &AttemptId) -> &'a mut Attempt {
    let found = facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).find(|a| a.id == *id).expect("it stands");
    assert_eq!(found.status, AttemptStatus::Planned, "leased and live attempts are left alone");
    found
}
