use super::TestStore;
use super::samples::*;
use callahead::core::domain::{Attempt, AttemptStatus, Closure, EndReason, LastKnown, Outcome, Outreach, Service};
use callahead::store::{
    Cap, ChangeEdit, ChangeNote, CloseChange, IntakeBatch, LiveCall, OptOut, PlanCommit, RequestOrder, RequestVerdict, Revised,
    StoreError,
};
use chrono::{DateTime, Duration, Utc};

on_both_stores![
    what_was_granted_outlives_the_process,
    only_the_holder_may_request,
    one_live_call_to_a_number,
    of_two_diallers_at_once_one_gets_the_number,
    of_two_diallers_at_once_one_gets_the_last_call_under_the_cap,
    caps_count_calls_to_the_patient_and_to_the_number,
    an_opt_out_of_the_patient_or_the_number_forbids_the_call,
    a_token_is_never_used_twice,
    what_a_feed_changed_since_the_facts_were_read_stops_the_call,
];

async fn verdict(store: &TestStore, order: &RequestOrder) -> RequestVerdict {
    store.begin_request(order).await.expect("a verdict")
}

/// Law 1: killed right after the commit, the attempt is found again as one whose call may exist, and is not redone.
async fn what_was_granted_outlives_the_process(store: TestStore) {
    requesting(&*store, "bob", number(2)).await;
    let mut first = order("ada", "dialler-1");
    first.now = at(0);
    leased(&*store, &[("ada", number(1))], "dialler-1").await;
    assert_eq!(verdict(&store, &first).await, RequestVerdict::Granted);

    let after = store.again().await;
    after.expire_leases(day(30)).await.expect("nothing to expire");
    assert!(after.lease_due(&lease("dialler-2", 9)).await.expect("leases").is_empty());
    let live = after.live_calls().await.expect("live calls");
    let seen: Vec<_> = live.iter().map(|l| (l.attempt.id.as_str(), l.attempt.status, l.attempt.placed_at)).collect();
    let want = [("att-ada", AttemptStatus::Requesting, Some(at(0))), ("att-bob", AttemptStatus::Requesting, Some(at(1)))];
    assert_eq!(seen, want, "oldest first");
    assert!(matches!(live[0], LiveCall { lease_until, deadline, .. } if (lease_until, deadline) == (at(3), at(8))));

    let call = after.load_call(&"token-ada".into()).await.expect("a look").expect("any webhook finds it");
    assert_eq!((call.brief, call.deadline, call.events.len()), (brief(), at(8), 0));
    assert_eq!((call.outreach, call.attempt.id.as_str()), (outreach("ada"), "att-ada"));
}

async fn only_the_holder_may_request(store: TestStore) {
    assert_eq!(verdict(&store, &order("nobody", "d")).await, RequestVerdict::LeaseLost);
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::LeaseLost, "it is not leased");
    store.lease_due(&lease("d", 1)).await.expect("leased");
    assert_eq!(verdict(&store, &order("ada", "e")).await, RequestVerdict::LeaseLost, "somebody else has it");
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::Granted);
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::LeaseLost, "it was requested already");
}

async fn one_live_call_to_a_number(store: TestStore) {
    leased(&*store, &[("ada", number(1)), ("bob", number(1)), ("cleo", number(2))], "d").await;
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::Granted);
    assert_eq!(verdict(&store, &order("bob", "d")).await, RequestVerdict::NumberInUse);
    assert_eq!(verdict(&store, &order("cleo", "d")).await, RequestVerdict::Granted);
    for status in [AttemptStatus::Unknown, AttemptStatus::Accepted, AttemptStatus::Ringing, AttemptStatus::InProgress] {
        store.commit_call(&call_commit("ada", 0, vec![], standing(status))).await.expect("it goes on");
        assert_eq!(verdict(&store, &order("bob", "d")).await, RequestVerdict::NumberInUse, "{status:?}");
    }
    store.commit_call(&call_commit("ada", 0, vec![], standing(AttemptStatus::Completed))).await.expect("it ends");
    assert_eq!(verdict(&store, &order("bob", "d")).await, RequestVerdict::Granted);
}

async fn of_two_diallers_at_once_one_gets_the_number(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let (one, two) = (format!("a{round}"), format!("b{round}"));
        leased(&*store, &[(&one, number(round)), (&two, number(round))], "d").await;
        let (one, two) = (order(&one, "d"), order(&two, "d"));
        let (one, two) = tokio::join!(store.begin_request(&one), other.begin_request(&two));
        let mut verdicts = [one.expect("a verdict"), two.expect("a verdict")];
        verdicts.sort_by_key(|v| format!("{v:?}"));
        assert_eq!(verdicts, [RequestVerdict::Granted, RequestVerdict::NumberInUse], "round {round}");
    }
}

/// Two telephones of one patient, about two visits, one call a day.
async fn of_two_diallers_at_once_one_gets_the_last_call_under_the_cap(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let patient = format!("p{round}");
        let mut open = Vec::new();
        for touch in [1, 2] {
            let (mut promise, mut call) = planned(&patient, number(round * 2 + touch));
            promise.touch = touch;
            promise.id = format!("out-{round}-{touch}").as_str().into();
            (call.id, call.outreach) = (format!("att-{round}-{touch}").as_str().into(), promise.id.clone());
            open.push((promise, call));
        }
        store.commit_plan(&plan(open)).await.expect("planned");
        for _ in [1, 2] {
            assert_eq!(store.lease_due(&lease("d", 9)).await.expect("leased").len(), 1);
        }
        let order_of =
            |touch: u32| RequestOrder { caps: vec![Cap { since: at(-60), limit: 1 }], ..order(&format!("{round}-{touch}"), "d") };
        let (one, two) = (order_of(1), order_of(2));
        let (one, two) = tokio::join!(store.begin_request(&one), other.begin_request(&two));
        let mut verdicts = [one.expect("a verdict"), two.expect("a verdict")];
        verdicts.sort_by_key(|v| format!("{v:?}"));
        assert_eq!(verdicts, [RequestVerdict::Capped, RequestVerdict::Granted], "round {round}");
    }
}

fn made(id: &str, patient: &str, phone: u32, placed_at: DateTime<Utc>, outcome: Outcome) -> (Outreach, Attempt) {
    let (mut promise, mut call) = planned(patient, number(phone));
    promise.job = id.into();
    promise.version = 2 + id.bytes().map(u32::from).sum::<u32>();
    promise.id = format!("out-{id}").as_str().into();
    (call.id, call.outreach) = (format!("att-{id}").as_str().into(), promise.id.clone());
    (call.status, call.placed_at, call.outcome) = (AttemptStatus::Completed, Some(placed_at), Some(outcome));
    call.end_reason = Some(EndReason::HungUp);
    (promise, call)
}

async fn caps_count_calls_to_the_patient_and_to_the_number(store: TestStore) {
    let today = at(-300);
    let instant = Duration::microseconds(1);
    let calls = vec![
        made("m1", "ada", 91, today, Outcome::Heard),
        made("m2", "ada", 92, today - instant, Outcome::NoAnswer),
        made("m3", "ada", 91, today + instant, Outcome::Busy),
        made("m4", "stranger", 1, today - instant, Outcome::Heard),
        made("m5", "other", 1, day(-6), Outcome::Heard),
    ];
    store.commit_plan(&plan(calls)).await.expect("made");
    leased(&*store, &[("ada", number(1))], "d").await;
    let with = |caps: &[(DateTime<Utc>, u32)]| {
        let caps = caps.iter().map(|(since, limit)| Cap { since: *since, limit: *limit }).collect();
        RequestOrder { caps, ..order("ada", "d") }
    };
    for (caps, why) in [
        (vec![(today, 1)], "the patient was called today; busy does not count"),
        (vec![(today - instant, 2)], "twice since then"),
        (vec![(today - instant, 3), (today, 1)], "one full cap is enough"),
        (vec![(day(-7), 2)], "the number was called twice, about others"),
        (vec![(at(10), 0)], "nothing is allowed at all"),
    ] {
        assert_eq!(verdict(&store, &with(&caps)).await, RequestVerdict::Capped, "{why}");
    }
    let free = with(&[(today + instant, 1), (today, 2), (day(-7), 3)]);
    assert_eq!(verdict(&store, &free).await, RequestVerdict::Granted);
}

async fn an_opt_out_of_the_patient_or_the_number_forbids_the_call(store: TestStore) {
    leased(&*store, &[("ada", number(1)), ("bob", number(2)), ("cleo", number(3))], "d").await;
    let out = |patient: Option<&str>, phone: Option<u32>| OptOut {
        patient: patient.map(Into::into),
        phone: phone.map(number),
        at: at(0),
        how: "key 9".to_string(),
    };
    store.add_opt_out(&out(Some("ada"), None)).await.expect("added");
    store.add_opt_out(&out(None, Some(2))).await.expect("added");
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::OptedOut);
    assert_eq!(verdict(&store, &order("bob", "d")).await, RequestVerdict::OptedOut);
    assert_eq!(verdict(&store, &order("cleo", "d")).await, RequestVerdict::Granted);
    let notice = RequestOrder { respect_opt_outs: false, ..order("ada", "d") };
    assert_eq!(verdict(&store, &notice).await, RequestVerdict::Granted);
}

async fn a_token_is_never_used_twice(store: TestStore) {
    leased(&*store, &[("ada", number(1)), ("bob", number(2))], "d").await;
    assert_eq!(verdict(&store, &order("ada", "d")).await, RequestVerdict::Granted);
    let same = RequestOrder { token: "token-ada".into(), ..order("bob", "d") };
    assert!(matches!(store.begin_request(&same).await, Err(StoreError::Conflict)));
    assert_eq!(verdict(&store, &order("bob", "d")).await, RequestVerdict::Granted, "nothing was written");
}

/// Law 4: flags, cancellations, changes and closures that come between reading and dialling are seen.
async fn what_a_feed_changed_since_the_facts_were_read_stops_the_call(store: TestStore) {
    let ada = patient("ada", number(1));
    let booked = |id: &str, start| appointment(id, "ada", start);
    let bookings = vec![new(booked("A1", day(3))), new(booked("A2", day(3)))];
    store.commit_intake(&batch(bookings, vec![new(ada.clone()), new(patient("bob", number(2)))])).await.expect("known");
    leased(&*store, &[("ada", number(1))], "d").await;
    let stamp = async || store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].stamp;
    let mut read = stamp().await;
    assert_eq!(stamp().await, read, "reading changes nothing");
    let mut stale = async |what: &str| {
        let order = RequestOrder { stamp: Some(read), ..order("ada", "d") };
        assert_eq!(verdict(&store, &order).await, RequestVerdict::Stale, "{what}");
        read = stamp().await;
    };
    let write = async |batch: IntakeBatch| store.commit_intake(&batch).await.expect("written");
    let revised = |revision, value| Revised { value, revision };

    let mut no_call = ada.clone();
    no_call.flags.no_call = true;
    write(batch(vec![], vec![Revised { value: no_call, revision: 1 }])).await;
    stale("a flag of the patient").await;
    write(batch(vec![revised(1, booked("A1", day(4)))], vec![])).await;
    stale("another time").await;
    write(batch(vec![new(booked("A3", day(9)))], vec![])).await;
    stale("a new booking").await;
    write(batch(vec![revised(2, appointment("A1", "bob", day(4)))], vec![])).await;
    stale("a booking that is somebody else's").await;
    let old = LastKnown { site: "boston".into(), start: day(3), service: Service::Exam, department: None };
    let note = ChangeNote { appointment: "A2".into(), patient: "ada".into(), edit: ChangeEdit::First(old) };
    write(IntakeBatch { changes: vec![note], ..batch(vec![], vec![]) }).await;
    stale("a change that is pending").await;
    let over = CloseChange { appointment: "A2".into(), last_at: at(0), why: "told".to_string() };
    let told = PlanCommit { close_changes: vec![over], ..PlanCommit::default() };
    store.commit_plan(&told).await.expect("told");
    stale("a change that was told").await;
    let (from, until) = (day(3), day(3) + Duration::hours(1));
    let (id, site, day_3) = ("c1".into(), "boston".into(), day(3).date_naive());
    let closure = Closure { id, site, day: day_3, from, until, delay_to: None, declared_at: at(0) };
    store.declare_closure(&closure, "snow", &[]).await.expect("declared");
    stale("a closure").await;
    store.withdraw_closures(&closure.site, day_3, at(1)).await.expect("withdrawn");
    stale("a closure that is withdrawn").await;

    let closed_elsewhere = Closure { id: "c2".into(), site: "quincy".into(), ..closure };
    store.declare_closure(&closed_elsewhere, "snow", &[]).await.expect("declared");
    write(batch(vec![revised(3, appointment("A1", "bob", day(5)))], vec![])).await;
    let order = RequestOrder { stamp: Some(read), ..order("ada", "d") };
    assert_eq!(verdict(&store, &order).await, RequestVerdict::Granted, "what concerns others does not stop it");
}
