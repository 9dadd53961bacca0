//! The planner that looks only at whom it must plans the same as one that looks at everybody, all the time: two stores live
//! through the same days.

use crate::store_suite::TestStore;
use crate::store_suite::samples::{brief, day, number, standing};
use callahead::app::{Rulings, read_rulings};
use callahead::board::Board;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::{AttemptStatus, Closure, EndReason, Outcome, WorkState};
use callahead::core::ids::{AttemptToken, PatientId};
use callahead::core::plan::counted_since;
use callahead::feed::csv::CsvSettings;
use callahead::planner::{Agenda, Planner};
use callahead::store::{CallCommit, Cap, GiveBack, LeaseRequest, OptIn, OptOut, RequestOrder, RequestVerdict, SharedStore};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;
use std::fmt::Write;

const PATIENTS: usize = 24;

/// One of the two hospitals.
struct Hospital {
    test: TestStore,
    store: SharedStore,
    rulings: Rulings,
    chance: Chance,
    now: DateTime<Utc>,
    /// Of the planner that looks at whom it must; none for the one that looks at everybody.
    agenda: Option<Agenda>,
    nudged: BTreeSet<PatientId>,
}

impl Hospital {
    async fn open(incremental: bool) -> Hospital {
        let test = TestStore::sqlite().await;
        let rulings = read_rulings(&Config::defaults()).unwrap_or_else(|_| panic!("the shipped rules are sound"));
        let now = "2026-11-27T13:00:00Z".parse().expect("a Friday morning in Boston");
        let (store, chance) = (test.share(), Chance::seeded(7));
        let agenda = incremental.then(|| Agenda::new(now, Duration::days(365)));
        Hospital { test, store, rulings, chance, now, agenda, nudged: BTreeSet::new() }
    }

    async fn plan(&mut self) {
        let planner = Planner {
            store: self.store.clone(),
            board: Board::new(self.rulings.rules.clone()),
            clock: Clock::fixed(self.now),
            chance: self.chance.clone(),
        };
        match &mut self.agenda {
            None => drop(planner.plan_all().await.expect("planned")),
            Some(agenda) => {
                let mut nudged = std::mem::take(&mut self.nudged);
                let has_touched = async || !self.store.touched(1).await.expect("the queue").patients.is_empty();
                while !nudged.is_empty() || agenda.next(self.now) <= self.now || has_touched().await {
                    planner.keep_up(agenda, std::mem::take(&mut nudged)).await.expect("kept up");
                }
            }
        }
    }

    /// What is due is called, and every call ends at once.
    async fn dial(&mut self) {
        let request = LeaseRequest {
            carrier: "main".into(),
            now: self.now,
            until: self.now + Duration::seconds(15),
            holder: "dialler".to_string(),
            limit: 5,
            max_lines: 10,
            skip_sites: Vec::new(),
        };
        for leased in self.store.lease_due(&request).await.expect("a lease") {
            let limits = &self.rulings.rules.limits;
            let (id, purpose, zone) = (leased.attempt.id, leased.outreach.purpose, chrono_tz::America::New_York);
            let order = RequestOrder {
                attempt: id.clone(),
                holder: "dialler".to_string(),
                now: self.now,
                lease_until: self.now + Duration::minutes(1),
                deadline: self.now + Duration::minutes(5),
                token: AttemptToken::new(self.chance.hex(8)),
                brief: brief(),
                caps: counted_since(limits, purpose, zone, self.now).map(|(since, limit)| Cap { since, limit }).to_vec(),
                respect_opt_outs: true,
                stamp: None,
            };
            self.nudged.insert(leased.outreach.visit.patient.clone());
            if self.store.begin_request(&order).await.expect("a verdict") != RequestVerdict::Granted {
                self.store.give_back(&id, "dialler", &GiveBack::Cancel).await.expect("given back");
                continue;
            }
            let turn = leased.outreach.visit.patient.as_str().bytes().map(usize::from).sum::<usize>();
            let outcomes = [Outcome::NoAnswer, Outcome::Busy, Outcome::Confirmed, Outcome::Failed, Outcome::Heard];
            let outcome = outcomes[(turn + leased.attempt.number as usize) % outcomes.len()];
            let silent = matches!(outcome, Outcome::Busy | Outcome::Failed);
            let mut standing = standing(if silent { AttemptStatus::Failed } else { AttemptStatus::Completed });
            (standing.outcome, standing.ended_at) = (Some(outcome), Some(self.now));
            standing.end_reason = (outcome == Outcome::Busy).then_some(EndReason::Busy);
            let commit = CallCommit {
                attempt: id,
                after_events: 0,
                events: Vec::new(),
                standing,
                carrier_call_id: None,
                opt_out: None,
                open_work: Vec::new(),
                close_work: Vec::new(),
                audio: Vec::new(),
                log: None,
            };
            self.store.commit_call(&commit).await.expect("the call is over");
        }
    }

    /// Somebody who is not the planner writes.
    async fn happens(&mut self, step: usize) {
        let now = self.now;
        let patient = |n: usize| PatientId::new(format!("P{}", n % PATIENTS));
        match step % 60 {
            3 => self.import(step % PATIENTS, 45, "booked").await,
            11 => self.import((step / 7) % PATIENTS, 0, "cancelled").await,
            17 => {
                let entry = OptOut { patient: None, phone: Some(number((step % 5) as u32)), at: now, how: "a letter".into() };
                self.store.add_opt_out(&entry).await.expect("opted out");
            }
            29 => {
                let phone = Some(number(((step - 12) % 5) as u32));
                let entry = OptIn { patient: Some(patient(step)), phone, at: now, by: "a call".into() };
                self.store.remove_opt_outs(&entry).await.expect("opted in");
            }
            37 => {
                let from = day(3 + (step / 60) as i64) - Duration::hours(1);
                let closure = Closure {
                    id: format!("c{step}").as_str().into(),
                    site: "boston".into(),
                    day: from.date_naive(),
                    from,
                    until: from + Duration::hours(3),
                    delay_to: step.is_multiple_of(2).then(|| from + Duration::hours(3)),
                    declared_at: now,
                };
                self.store.declare_closure(&closure, "snow", &[]).await.expect("closed");
            }
            43 => {
                for item in self.store.worklist(false, 2).await.expect("items") {
                    self.store.resolve_work(&item.id, "done").await.expect("resolved");
                }
            }
            51 => {
                let closed = self.store.closures(false).await.expect("closures");
                if let Some(first) = closed.first().map(|record| record.closure.clone()) {
                    self.store.withdraw_closures(&first.site, first.day, now).await.expect("open again");
                }
            }
            _ => {}
        }
    }

    /// A row about the visit of a patient, so many minutes later than it was booked at first; four patients share a number
    /// with another.
    async fn import(&self, n: usize, later: i64, status: &str) {
        let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service,established,status,booked_at\n");
        let start = day(1) + Duration::days(n as i64 % 6) + Duration::minutes(n as i64 * 7 + later);
        let start = start.format("%Y-%m-%dT%H:%M:%SZ");
        let (phone, known) = (number(n as u32 % 20), if n % 4 == 3 { "" } else { "yes" });
        writeln!(csv, "A{n},P{n},{},{start},boston,exam,{known},{status},2026-11-01T09:00", phone.as_str()).expect("text");
        if n % 4 == 3 {
            let before = (day(0) + Duration::hours(n as i64)).format("%Y-%m-%dT%H:%M:%SZ");
            writeln!(csv, "B{n},P{n},{},{before},boston,lab,,booked,2026-11-01T09:00", phone.as_str()).expect("text");
        }
        let (feed, layout) = ("epic".into(), CsvSettings::default());
        let taken = self.rulings.take_csv_in(&*self.store, &feed, &layout, csv.as_bytes(), self.now).await.expect("taken in");
        assert!(taken.refused.is_empty(), "{taken:?}");
    }

    /// Everything that is planned, done and decided, without names that chance gave.
    async fn told(&self) -> Vec<String> {
        let patients: Vec<PatientId> = (0..PATIENTS).map(|n| PatientId::new(format!("P{n}"))).collect();
        let mut told = Vec::new();
        for facts in self.store.load_facts(&patients, self.now).await.expect("facts") {
            for o in &facts.outreaches {
                let of = &o.outreach;
                let about = format!("{} {} {} {} {}", of.visit.to_text(), of.version, of.purpose.as_str(), of.touch, of.start);
                told.extend(o.attempts.iter().filter(|a| a.status != AttemptStatus::Cancelled).map(|a| {
                    let (due, until) = (a.due_at, a.not_after);
                    format!("{about}: {} {due} {until} {} {:?}", a.status.as_str(), a.phone.as_str(), a.outcome)
                }));
            }
            told.extend(facts.changes.iter().map(|c| format!("{} is pending since {}", c.appointment, c.first_at)));
        }
        let items = self.store.worklist(true, 1_000).await.expect("items");
        told.extend(items.iter().map(|item| {
            let visit = item.visit.as_ref().map(|visit| visit.to_text()).unwrap_or_default();
            format!("{} {visit} {}", item.kind.as_str(), if item.state == WorkState::Closed { "closed" } else { "open" })
        }));
        told.sort();
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_whom_it_must_plans_the_same_as_looking_at_everybody() {
    let (mut everybody, mut must) = (Hospital::open(false).await, Hospital::open(true).await);
    let mut calls = 0;
    for step in 0..560 {
        for hospital in [&mut everybody, &mut must] {
            if step == 0 {
                for n in 0..PATIENTS {
                    hospital.import(n, 0, "booked").await;
                }
            }
            hospital.happens(step).await;
            hospital.plan().await;
            hospital.dial().await;
            hospital.plan().await;
        }
        if step % 5 == 4 {
            let (want, got) = (everybody.told().await, must.told().await);
            let differs: Vec<_> =
                want.iter().filter(|w| !got.contains(w)).chain(got.iter().filter(|g| !want.contains(g))).collect();
            assert!(differs.is_empty(), "at {} (step {step}): {differs:#?}", must.now);
            calls = got.iter().filter(|line| line.contains("Some(")).count();
        }
        everybody.now += Duration::minutes(15);
        must.now = everybody.now;
    }
    assert!(calls > 30, "there was something to plan: {calls} calls");
    drop((everybody.test, must.test));
}
