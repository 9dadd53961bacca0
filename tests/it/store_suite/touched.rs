//! Whose facts changed, for the planner of whatever process.

use super::TestStore;
use super::samples::*;
use callahead::core::domain::{AttemptStatus, Closure, Outcome, PhoneKind, WorkKind};
use callahead::core::domain::{Patient, Phone};
use callahead::core::phi::Phi;
use callahead::store::{OptIn, OptOut, Revised, Store};
use chrono::Duration;

on_both_stores![
    whoever_writes_what_the_planner_goes_by_says_about_whom,
    a_call_touches_the_others_who_have_the_number,
    a_number_that_is_not_the_patients_any_more_touches_nobody,
    what_was_read_is_removed_and_what_came_since_stays,
];

/// Reads the queue to its end.
async fn touched(store: &dyn Store) -> Vec<String> {
    let all = store.touched(1_000).await.expect("the queue");
    store.forget_touched(all.upto).await.expect("forgotten");
    all.patients.iter().map(|patient| patient.as_str().to_string()).collect()
}

fn by_phone(last: u32) -> OptOut {
    OptOut { patient: None, phone: Some(number(last)), at: at(0), how: "a letter".to_string() }
}

/// Ada and Bob have one number, Cy has his own.
async fn three(store: &TestStore) {
    let bookings = ["ada", "bob", "cy"].map(|id| new(appointment(&format!("A-{id}"), id, day(3)))).to_vec();
    let people = vec![new(patient("ada", number(1))), new(patient("bob", number(1))), new(patient("cy", number(2)))];
    store.commit_intake(&batch(bookings, people)).await.expect("written");
    assert_eq!(touched(&**store).await, ["ada", "bob", "cy"]);
}

async fn whoever_writes_what_the_planner_goes_by_says_about_whom(store: TestStore) {
    three(&store).await;
    let moved = Revised { value: appointment("A-cy", "cy", day(4)), revision: 1 };
    store.commit_intake(&batch(vec![moved], vec![])).await.expect("moved");
    assert_eq!(touched(&*store).await, ["cy"]);
    let stranger = new(appointment("A-x", "nobody knows", day(4)));
    store.commit_intake(&batch(vec![stranger], vec![])).await.expect("without a patient");
    assert!(touched(&*store).await.is_empty(), "who is not known has no facts");

    store.add_opt_out(&by_phone(1)).await.expect("opted out");
    assert_eq!(touched(&*store).await, ["ada", "bob"]);
    let again = OptIn { patient: Some("cy".into()), phone: Some(number(1)), at: at(1), by: "kim".to_string() };
    store.remove_opt_outs(&again).await.expect("opted in");
    assert_eq!(touched(&*store).await, ["ada", "bob", "cy"]);

    let closure = Closure {
        id: "c1".into(),
        site: "boston".into(),
        day: day(3).date_naive(),
        from: day(3) - Duration::hours(1),
        until: day(3) + Duration::hours(1),
        delay_to: None,
        declared_at: at(0),
    };
    store.declare_closure(&closure, "snow", &[(visit("ada"), 0)]).await.expect("closed");
    assert_eq!(touched(&*store).await, ["ada", "bob"], "whoever is booked then, also without a turn");
    store.withdraw_closures(&"boston".into(), closure.day, at(1)).await.expect("open");
    assert_eq!(touched(&*store).await, ["ada", "bob"]);

    store.open_work(&work("w1", WorkKind::Review, Some("bob"), 0)).await.expect("opened");
    assert!(touched(&*store).await.is_empty(), "the planner itself opens items");
    store.resolve_work(&"w1".into(), "seen").await.expect("resolved");
    assert_eq!(touched(&*store).await, ["bob"]);
    store.touch(&["ada".into(), "cy".into()]).await.expect("told");
    assert_eq!(touched(&*store).await, ["ada", "cy"]);
}

async fn a_call_touches_the_others_who_have_the_number(store: TestStore) {
    three(&store).await;
    requesting(&*store, "ada", number(1)).await;
    assert_eq!(touched(&*store).await, ["bob"], "it counts as made to the number from now on");
    store.commit_call(&call_commit("ada", 0, vec![], standing(AttemptStatus::Ringing))).await.expect("it rings");
    assert!(touched(&*store).await.is_empty());
    let mut ended = standing(AttemptStatus::Failed);
    ended.outcome = Some(Outcome::Busy);
    store.commit_call(&call_commit("ada", 0, vec![], ended)).await.expect("busy");
    assert_eq!(touched(&*store).await, ["bob"], "a busy one counts no more");
    requesting(&*store, "cy", number(2)).await;
    assert!(touched(&*store).await.is_empty());
}

async fn a_number_that_is_not_the_patients_any_more_touches_nobody(store: TestStore) {
    three(&store).await;
    let mut bob: Patient = patient("bob", number(3));
    bob.phones.push(Phone::read(PhoneKind::Work, "no number"));
    bob.flags.only_number = Some(Phi::new(number(4)));
    store.commit_intake(&batch(vec![], vec![Revised { value: bob, revision: 1 }])).await.expect("written");
    touched(&*store).await;
    for (last, want) in [(1, vec!["ada"]), (3, vec!["bob"]), (4, vec!["bob"]), (5, vec![])] {
        store.add_opt_out(&by_phone(last)).await.expect("opted out");
        assert_eq!(touched(&*store).await, want, "number {last}");
    }
}

async fn what_was_read_is_removed_and_what_came_since_stays(store: TestStore) {
    three(&store).await;
    store.touch(&["ada".into()]).await.expect("told");
    store.touch(&["bob".into()]).await.expect("told");
    let first = store.touched(1).await.expect("the queue");
    assert_eq!(first.patients, ["ada".into()]);
    store.touch(&["cy".into()]).await.expect("told");
    store.forget_touched(first.upto).await.expect("forgotten");
    assert_eq!(touched(&*store).await, ["bob", "cy"]);
    let none = store.touched(9).await.expect("the queue");
    assert_eq!((none.upto, none.patients.len()), (0, 0));
    store.touch(&["ada".into()]).await.expect("told");
    assert!(store.touched(9).await.expect("the queue").upto > first.upto, "no number comes twice");
}
