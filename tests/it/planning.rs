//! The planner over a store.

use crate::store_suite::TestStore;
use crate::store_suite::samples::*;
use anyhow::anyhow;
use callahead::app::read_rulings;
use callahead::board::Board;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::{Appointment, AppointmentStatus, LastKnown, Purpose, Service};
use callahead::core::plan::{Rules, decide};
use callahead::nudge::Nudge;
use callahead::planner::{Agenda, Planner, preview, preview_each};
use callahead::store::{ChangeEdit, ChangeNote, IntakeBatch, ReplayQuery, Revised};
use callahead::views::DecisionView;
use chrono::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The shipped hospital's rules.
fn rules() -> Arc<Rules> {
    let rulings = read_rulings(&Config::defaults()).unwrap_or_else(|_| panic!("the shipped rules are sound"));
    rulings.rules
}

async fn hospital(count: u32) -> TestStore {
    let store = TestStore::sqlite().await;
    let people: Vec<_> = (0..count).map(|n| format!("P{n:04}")).collect();
    let bookings = people.iter().map(|id| new(appointment(&format!("A-{id}"), id, day(3)))).collect();
    let patients = people.iter().zip(0..).map(|(id, n)| new(patient(id, number(n)))).collect();
    store.commit_intake(&batch(bookings, patients)).await.expect("written");
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_of_many_pages_tells_of_everybody_once_and_in_order() {
    let (store, rules) = (hospital(600).await, rules());
    let mut told = Vec::new();
    preview_each(&store.share(), &rules, at(0), |decision| {
        told.push(decision.visit.patient.as_str().to_string());
        anyhow::Ok(())
    })
    .await
    .expect("a preview");
    let jobs = rules.jobs.iter().filter(|job| job.purpose == Purpose::Reminder).count();
    let want: Vec<_> = (0..600).flat_map(|n| vec![format!("P{n:04}"); jobs]).collect();
    assert_eq!(told, want);
    assert_eq!(preview(&store.share(), &rules, at(0)).await.expect("a preview").len(), told.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_seen_enough_of_a_preview_is_not_told_more() {
    let (store, rules) = (hospital(600).await, rules());
    let mut heard = 0;
    let ended = preview_each(&store.share(), &rules, at(0), |_| {
        heard += 1;
        if heard == 3 { Err(anyhow!("the pipe is broken")) } else { Ok(()) }
    })
    .await;
    assert_eq!(ended.expect_err("the refusal").to_string(), "the pipe is broken");
    assert_eq!(heard, 3);
}

fn planner(store: &TestStore, rules: &Arc<Rules>, clock: &Clock) -> Arc<Planner> {
    let (board, clock, chance) = (Board::new(rules.clone()), clock.clone(), Chance::seeded(3));
    Arc::new(Planner { store: store.share(), board, clock, chance })
}

/// Ada's visit was moved; nobody reached her, and it has passed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_need_not_be_told_any_more_is_closed() {
    let (store, rules) = (hospital(1).await, rules());
    let old = LastKnown { site: "boston".into(), start: day(2), service: Service::Exam, department: None };
    let note = ChangeNote { appointment: "A-P0000".into(), patient: "P0000".into(), edit: ChangeEdit::First(old) };
    store.commit_intake(&IntakeBatch { changes: vec![note], ..batch(vec![], vec![]) }).await.expect("moved");
    planner(&store, &rules, &Clock::fixed(at(1))).plan_all().await.expect("planned");
    let closed = async || store.changes(&"P0000".into()).await.expect("a history").remove(0).closed;
    assert_eq!(closed().await, None, "it is still to be told");
    planner(&store, &rules, &Clock::fixed(day(4))).plan_all().await.expect("planned");
    assert_eq!(closed().await, Some((day(4), "passed".to_string())), "the planner looks at who has nothing to come");
}

/// Law 5: what is stored is enough to decide the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_can_be_decided_again_from_what_is_stored() {
    let (store, rules) = (hospital(3).await, rules());
    planner(&store, &rules, &Clock::fixed(at(1))).plan_all().await.expect("planned");
    planner(&store, &rules, &Clock::fixed(at(2))).plan_all().await.expect("planned again, and nothing is new");
    let replays = store.decisions_to_replay(&ReplayQuery { limit: 99, ..ReplayQuery::default() }).await.expect("replays");
    assert!(replays.len() >= 3 && replays.iter().all(|replay| replay.at == at(1)));
    for replay in replays {
        let stored: Rules = serde_json::from_str(&replay.rules.expect("rules").body).expect("rules");
        let stored = Rules { zones_of_number: rules.zones_of_number, ..stored };
        let again = decide(&stored, &replay.facts.expect("facts"), replay.at);
        let same = again.iter().find(|d| d.visit == replay.decision.visit && d.job.as_ref() == Some(&replay.decision.job));
        let view = DecisionView::of(same.expect("it is decided again"));
        assert_eq!(serde_json::to_string(&view).expect("JSON"), replay.decision.body);
    }
}

/// Another replica has the lease of the sweep: this one plans whom it is nudged about, and nobody else though it has just
/// started, and sweeps when the other is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_without_the_lease_plans_whom_it_was_nudged_about() {
    let (store, rules) = (hospital(2).await, rules());
    // So slow that it only moves when it is told to.
    let clock = Clock::fast(at(0), 1e-6);
    assert!(store.hold_lease("planner", "another replica", at(0), at(3)).await.expect("a try"));
    let (nudge, stale) = Nudge::new();
    let (planned, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let heard = planned.notified();
    let running = tokio::spawn(planner(&store, &rules, &clock).run(stale, planned.clone(), stop.clone()));
    let decided = async |patient: &str| !store.decisions(&visit(patient)).await.expect("decisions").is_empty();

    clock.advance_to(at(2));
    nudge.all();
    nudge.patient("P0001".into());
    heard.await;
    assert_eq!((decided("P0000").await, decided("P0001").await), (false, true));

    let heard = planned.notified();
    clock.advance_to(at(4) + Duration::seconds(1));
    heard.await;
    assert!(decided("P0000").await, "the lease is over: this one sweeps");
    let soon = at(4) + Duration::seconds(20);
    assert!(!store.hold_lease("planner", "another replica", soon, at(6)).await.expect("a try"));
    stop.cancel();
    running.await.expect("it stops");
    assert!(store.hold_lease("planner", "another replica", soon, at(6)).await.expect("a try"), "it let go of the lease");
}

/// An import in another process nudges nobody here: the store says whose facts changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_takes_in_is_planned_within_a_second() {
    let (store, rules) = (hospital(2).await, rules());
    // So slow that it only moves when it is told to.
    let clock = Clock::fast(at(0), 1e-6);
    let (_nudge, stale) = Nudge::new();
    let (planned, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let heard = planned.notified();
    let running = tokio::spawn(planner(&store, &rules, &clock).run(stale, planned.clone(), stop.clone()));
    heard.await;
    let heard = planned.notified();
    let elsewhere = store.again().await;
    let cancelled = Revised {
        value: Appointment { status: AppointmentStatus::Cancelled, ..appointment("A-P0000", "P0000", day(3)) },
        revision: 1,
    };
    let booked = batch(vec![cancelled, new(appointment("A-new", "new", day(3)))], vec![new(patient("new", number(77)))]);
    elsewhere.commit_intake(&booked).await.expect("taken in");
    clock.advance_to(at(0) + Duration::seconds(1));
    heard.await;
    assert!(!store.decisions(&visit("new")).await.expect("decisions").is_empty(), "the new patient is planned");
    let newest = store.decisions(&visit("P0000")).await.expect("decisions").pop().expect("one").1;
    assert!(newest.essence.contains("not_booked"), "{newest:?}");
    stop.cancel();
    running.await.expect("it stops");
}

/// The store is asked about one patient, and one patient's decisions are written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_planned_for_its_patient_alone() {
    let (store, rules) = (hospital(300).await, rules());
    let planner = planner(&store, &rules, &Clock::fixed(at(1)));
    let mut agenda = Agenda::new(at(1), Duration::hours(1));
    let mut everybody = 0;
    while agenda.next(at(1)) <= at(1) {
        everybody += planner.keep_up(&mut agenda, BTreeSet::new()).await.expect("kept up").decisions;
    }
    let reminders = rules.jobs_for(Purpose::Reminder).count();
    assert_eq!(everybody, 300 * reminders);
    assert_eq!(planner.keep_up(&mut agenda, BTreeSet::new()).await.expect("kept up").decisions, 0, "there is nothing to do");

    let moved = Revised { value: appointment("A-P0007", "P0007", day(4)), revision: 1 };
    store.commit_intake(&batch(vec![moved], vec![])).await.expect("moved");
    assert_eq!(planner.keep_up(&mut agenda, BTreeSet::new()).await.expect("kept up").decisions, reminders);
    assert_eq!(planner.keep_up(&mut agenda, BTreeSet::new()).await.expect("kept up").decisions, 0);
    let nudged = BTreeSet::from(["P0008".into()]);
    assert_eq!(planner.keep_up(&mut agenda, nudged).await.expect("kept up").decisions, reminders);
}
