use super::TestStore;
use super::samples::*;
use callahead::core::domain::{Attempt, AttemptStatus, EndReason, Outcome, Outreach, Phone, PhoneKind, WorkKind};
use callahead::core::ids::PatientId;
use callahead::core::phi::Phi;
use callahead::core::plan::WorkStanding;
use callahead::store::{OptOut, PlanCommit};
use chrono::Duration;
use std::collections::BTreeSet;

on_both_stores![
    facts_are_whole_and_in_the_order_of_the_ids,
    what_counts_as_called_is_the_same_in_sql_and_in_rust,
    calls_to_shared_numbers_are_told_for_eight_days,
    opt_outs_reach_the_patient_and_everybody_with_the_number,
    items_once_opened_are_told_after_they_are_closed_too,
];

async fn facts_are_whole_and_in_the_order_of_the_ids(store: TestStore) {
    let bookings = vec![
        new(appointment("A2", "ada", day(3))),
        new(appointment("A1", "ada", day(-300))),
        new(appointment("A3", "stranger", day(3))),
    ];
    let people = vec![new(patient("bob", number(2))), new(patient("ada", number(1)))];
    store.commit_intake(&batch(bookings, people)).await.expect("written");
    let (first, mut done) = planned("ada", number(1));
    (done.status, done.outcome, done.placed_at) = (AttemptStatus::Completed, Some(Outcome::NoAnswer), Some(at(-60)));
    let mut again = attempt("ada", number(1));
    (again.id, again.number) = ("att-again".into(), 2);
    let (mut touch_2, mut try_2) = planned("ada", number(1));
    (touch_2.id, touch_2.touch) = ("out-2".into(), 2);
    (try_2.id, try_2.outreach) = ("att-2".into(), "out-2".into());
    let open = vec![(touch_2, try_2), (first.clone(), done), (first, again)];
    store.commit_plan(&plan(open)).await.expect("planned");

    let asked: Vec<PatientId> = ["bob", "nobody", "ada", "stranger", "bob"].map(PatientId::from).to_vec();
    let facts = store.load_facts(&asked, at(0)).await.expect("facts");
    assert_eq!(facts.iter().map(|f| f.patient.id.as_str()).collect::<Vec<_>>(), ["ada", "bob"], "each once, known ones alone");
    let ada = &facts[0];
    assert_eq!(ada.appointments.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["A1", "A2"]);
    let tries: Vec<_> = ada.outreaches.iter().map(|o| (o.outreach.touch, o.attempts.len(), o.attempts[0].number)).collect();
    assert_eq!(tries, [(1, 2, 1), (2, 1, 1)]);
    assert!(ada.other_calls.is_empty() && !ada.opted_out);
    assert!(facts[1].appointments.is_empty() && facts[1].outreaches.is_empty());
}

/// Every status with every outcome and end reason, each as a call to a number of its own, seen by another patient who has
/// that number too. More patients than one round of statements takes.
async fn what_counts_as_called_is_the_same_in_sql_and_in_rust(store: TestStore) {
    use AttemptStatus::*;
    let statuses = [Planned, Leased, Requesting, Unknown, Accepted, Ringing, InProgress, Completed, Failed, Cancelled];
    let outcomes = Outcome::ALL.iter().copied().map(Some).chain([None]);
    let reasons: Vec<_> = EndReason::ALL.iter().copied().map(Some).chain([None]).collect();
    let mut calls: Vec<(Outreach, Attempt)> = Vec::new();
    for outcome in outcomes {
        for (status, reason) in statuses.iter().flat_map(|s| reasons.iter().map(move |r| (*s, *r))) {
            let index = calls.len();
            let (promise, mut call) = planned(&format!("called-{index}"), number(index as u32));
            (call.status, call.outcome, call.end_reason, call.placed_at) = (status, outcome, reason, Some(at(-60)));
            calls.push((promise, call));
        }
    }
    assert!(calls.len() > 2000);
    let onlookers = (0..calls.len()).map(|index| new(patient(&format!("onlooker-{index}"), number(index as u32)))).collect();
    store.commit_intake(&batch(vec![], onlookers)).await.expect("patients");
    store.commit_plan(&plan(calls.clone())).await.expect("calls");

    let asked: Vec<PatientId> = (0..calls.len()).map(|index| PatientId::new(format!("onlooker-{index}"))).collect();
    let facts = store.load_facts(&asked, at(0)).await.expect("facts");
    assert_eq!(facts.len(), calls.len());
    for facts in facts {
        let index: usize = facts.patient.id.as_str()["onlooker-".len()..].parse().expect("a number");
        let call = &calls[index].1;
        let want = usize::from(call.counts_as_called());
        assert_eq!(facts.other_calls.len(), want, "{:?} {:?} {:?}", call.status, call.outcome, call.end_reason);
    }
}

async fn calls_to_shared_numbers_are_told_for_eight_days(store: TestStore) {
    let mut ada = patient("ada", number(1));
    ada.phones.push(Phone::read(PhoneKind::Mobile, number(2).as_str()));
    ada.flags.only_number = Some(Phi::new(number(3)));
    let people = vec![new(ada), new(patient("bob", number(1))), new(patient("cleo", number(4)))];
    store.commit_intake(&batch(vec![], people)).await.expect("patients");
    let call = |id: &str, phone: u32, placed: chrono::DateTime<chrono::Utc>| {
        let (promise, mut call) = planned(id, number(phone));
        (call.status, call.outcome, call.placed_at) = (AttemptStatus::Completed, Some(Outcome::Heard), Some(placed));
        (promise, call)
    };
    let edge = day(-8);
    let calls = vec![
        call("bob", 1, day(-1)),
        call("x1", 1, edge),
        call("x2", 1, edge - Duration::microseconds(1)),
        call("x3", 2, day(-2)),
        call("x4", 3, day(-3)),
        call("x5", 4, day(-1)),
        call("ada", 2, day(-4)),
    ];
    store.commit_plan(&plan(calls)).await.expect("calls");
    let facts = store.load_facts(&["ada".into(), "bob".into()], at(0)).await.expect("facts");
    let calls = |index: usize| -> Vec<_> { facts[index].other_calls.iter().map(|c| (c.number.clone(), c.placed_at)).collect() };
    assert_eq!(calls(0), [(number(1), edge), (number(3), day(-3)), (number(2), day(-2)), (number(1), day(-1))]);
    assert_eq!(calls(1), [(number(1), edge)], "his own call stands among his outreaches");
}

async fn opt_outs_reach_the_patient_and_everybody_with_the_number(store: TestStore) {
    let mut ada = patient("ada", number(1));
    ada.phones.push(Phone::read(PhoneKind::Work, number(2).as_str()));
    let people = vec![new(ada), new(patient("bob", number(2))), new(patient("cleo", number(3)))];
    store.commit_intake(&batch(vec![], people)).await.expect("patients");
    let out = |patient: Option<&str>, phone: Option<u32>| OptOut {
        patient: patient.map(PatientId::from),
        phone: phone.map(number),
        at: at(0),
        how: "key 9".to_string(),
    };
    for opt_out in [out(Some("bob"), Some(2)), out(None, Some(77)), out(Some("nobody"), None)] {
        store.add_opt_out(&opt_out).await.expect("added");
    }
    let facts = store.load_facts(&["ada".into(), "bob".into(), "cleo".into()], at(0)).await.expect("facts");
    let seen: Vec<_> = facts.into_iter().map(|f| (f.opted_out, f.opted_out_numbers)).collect();
    let two = BTreeSet::from([number(2)]);
    assert_eq!(seen, [(false, two.clone()), (true, two), (false, BTreeSet::new())]);
}

async fn items_once_opened_are_told_after_they_are_closed_too(store: TestStore) {
    store.commit_intake(&batch(vec![], vec![new(patient("ada", number(1)))])).await.expect("a patient");
    let mut without_patient = work("w1", WorkKind::Unreached, Some("ada"), 0);
    without_patient.patient = None;
    let mut without_visit = work("w4", WorkKind::WrongNumber, None, 0);
    without_visit.patient = Some("ada".into());
    let others = [work("w2", WorkKind::Review, Some("ada"), 0), work("w3", WorkKind::Review, Some("bob"), 0)];
    for item in [&without_patient, &others[0], &others[1], &without_visit] {
        assert!(store.open_work(item).await.expect("opened"));
    }
    let told = async || {
        let facts = store.load_facts(&["ada".into()], at(0)).await.expect("facts").remove(0);
        facts.work.into_iter().map(|w| (w.kind, w.visit, w.standing)).collect::<Vec<_>>()
    };
    let of_ada = |kinds: [(WorkKind, WorkStanding); 2]| kinds.map(|(kind, standing)| (kind, visit("ada"), standing));
    // A person may use the very words that the planner uses.
    store.resolve_work(&"w1".into(), "settled by the schedule").await.expect("closed");
    assert_eq!(told().await, of_ada([(WorkKind::Unreached, WorkStanding::Done), (WorkKind::Review, WorkStanding::Open)]));
    let settled = PlanCommit { close_work: vec![(WorkKind::Review, visit("ada"))], ..PlanCommit::default() };
    store.commit_plan(&settled).await.expect("settled");
    assert_eq!(told().await, of_ada([(WorkKind::Unreached, WorkStanding::Done), (WorkKind::Review, WorkStanding::Settled)]));
}
