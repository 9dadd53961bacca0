//! The planner over a store.

use crate::store_suite::TestStore;
use crate::store_suite::samples::*;
use anyhow::anyhow;
use callahead::app::read_rulings;
use callahead::config::Config;
use callahead::core::domain::Purpose;
use callahead::core::plan::Rules;
use callahead::planner::{preview, preview_each};
use std::sync::Arc;

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
