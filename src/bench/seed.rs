//! Patients with a visit tomorrow, and calls that are promised to them.

use super::world::World;
use crate::core::domain::{
    Appointment, AppointmentStatus, Attempt, Dial, Outreach, Patient, PatientFlags, Phone, PhoneKind, PhoneNumber, Purpose,
    Service, VisitKey,
};
use crate::core::ids::{AttemptId, OutreachId, PatientId};
use crate::store::{IntakeBatch, PlanCommit, Revised, Store};
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};

/// Rows in one transaction.
const TOGETHER: usize = 500;

/// The telephone number of patient `n` (below 9,900), which ends in `ending` and so chooses the simulated person. The area
/// codes from 212 to 310 hold none that is a service of its own, such as 211.
fn number(n: usize, ending: u32) -> anyhow::Result<PhoneNumber> {
    PhoneNumber::parse(&format!("+1{}555{:02}{ending:02}", 212 + n / 100, n % 100)).ok().context("a made-up number is none")
}

/// A person of the hospital: patient `n` with their telephone.
pub struct Person {
    n: usize,
    /// Their telephone.
    pub number: PhoneNumber,
}

/// People, the behaviours given to them in turn.
pub fn people(count: usize, endings: &[u32]) -> anyhow::Result<Vec<Person>> {
    (0..count).map(|n| Ok(Person { n, number: number(n, endings[n % endings.len()])? })).collect()
}

impl Person {
    /// The name of their attempt.
    pub fn attempt(&self) -> AttemptId {
        AttemptId::new(format!("a-{}", self.n))
    }

    fn patient(&self) -> PatientId {
        PatientId::new(format!("P{}", self.n))
    }

    fn visit(&self, world: &World) -> VisitKey {
        VisitKey { patient: self.patient(), site: "boston".into(), day: world.local_start.date() }
    }

    fn record(&self) -> Patient {
        Patient {
            id: self.patient(),
            first_name: None,
            last_name: None,
            birth_date: None,
            phones: vec![Phone::read(PhoneKind::Home, self.number.as_str())],
            language: None,
            flags: PatientFlags::default(),
            updated_at: None,
        }
    }

    fn appointment(&self, world: &World) -> Appointment {
        Appointment {
            id: format!("A{}", self.n).as_str().into(),
            patient: self.patient(),
            site: "boston".into(),
            department: None,
            start: world.start,
            duration_minutes: None,
            service: Service::Exam,
            service_by_rule: false,
            visit_type: None,
            status: AppointmentStatus::Booked,
            established: None,
            booked_at: world.start - Duration::days(30),
            updated_at: None,
            feed: "bench".into(),
        }
    }

    /// What the planner would promise them, but due at a moment of our choice.
    fn promise(&self, world: &World, due_at: DateTime<Utc>) -> (Outreach, Attempt) {
        let outreach = Outreach {
            id: OutreachId::new(format!("o-{}", self.n)),
            visit: self.visit(world),
            version: 1,
            purpose: Purpose::Reminder,
            touch: 1,
            job: "day".into(),
            start: world.start,
            moved_from: None,
        };
        // Until midnight at the site, as the job has it: else the planner would set it right, and call now.
        let attempt = Attempt::planned(
            self.attempt(),
            outreach.id.clone(),
            1,
            Dial {
                due_at,
                not_after: world.start - Duration::hours(15),
                phone_kind: PhoneKind::Home,
                phone: self.number.clone(),
                language: "en-US".into(),
                carrier: "main".into(),
            },
        );
        (outreach, attempt)
    }
}

/// Books a visit for everybody.
pub async fn book(world: &World, store: &dyn Store, people: &[Person], now: DateTime<Utc>) -> anyhow::Result<()> {
    for some in people.chunks(TOGETHER) {
        let batch = IntakeBatch {
            feed: "bench".into(),
            at: now,
            raw: Vec::new(),
            appointments: some.iter().map(|p| Revised { value: p.appointment(world), revision: 0 }).collect(),
            patients: some.iter().map(|p| Revised { value: p.record(), revision: 0 }).collect(),
            withdraw: Vec::new(),
            opt_outs: Vec::new(),
            changes: Vec::new(),
            consents: Vec::new(),
            heard: None,
        };
        store.commit_intake(&batch).await?;
    }
    Ok(())
}

/// Promises everybody a call, each due at its own moment.
pub async fn promise(
    world: &World,
    store: &dyn Store,
    people: &[Person],
    now: DateTime<Utc>,
    due: impl Fn(usize) -> DateTime<Utc>,
) -> anyhow::Result<()> {
    for some in people.chunks(TOGETHER) {
        let open = some.iter().map(|p| p.promise(world, due(p.n))).collect();
        store.commit_plan(&PlanCommit { at: Some(now), open, ..PlanCommit::default() }).await?;
    }
    Ok(())
}
