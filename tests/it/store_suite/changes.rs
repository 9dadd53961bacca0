use super::TestStore;
use super::samples::*;
use callahead::core::domain::{LastKnown, PendingChange, Service};
use callahead::core::phi::Phi;
use callahead::store::{ChangeEdit, ChangeNote, CloseChange, IntakeBatch, PlanCommit, Revised, StoreError};
use chrono::{DateTime, Duration, Utc};
use std::slice::from_ref;

on_both_stores![
    what_is_pending_is_told_to_intake_and_to_the_planner,
    a_closed_one_is_kept_beside_a_new_one,
    an_edit_that_came_since_is_not_closed,
    a_note_on_another_state_of_what_is_pending_is_refused,
    of_two_writers_at_once_one_decides_again,
];

fn was() -> LastKnown {
    LastKnown {
        site: "boston".into(),
        start: day(3) + Duration::microseconds(1),
        service: Service::Unknown,
        department: Some(Phi::new("Röntgen".to_string())),
    }
}

fn note(edit: ChangeEdit) -> ChangeNote {
    ChangeNote { appointment: "A1".into(), patient: "ada".into(), edit }
}

fn edited(minute: i64, edit: ChangeEdit) -> IntakeBatch {
    IntakeBatch { at: at(minute), changes: vec![note(edit)], ..batch(vec![], vec![]) }
}

async fn ada_is_booked(store: &TestStore) {
    let bookings = vec![new(appointment("A1", "ada", day(3))), new(appointment("A2", "bob", day(3)))];
    let people = vec![new(patient("ada", number(1))), new(patient("bob", number(2)))];
    store.commit_intake(&batch(bookings, people)).await.expect("booked");
}

async fn edit(store: &TestStore, minute: i64, edit: ChangeEdit) {
    store.commit_intake(&edited(minute, edit)).await.expect("the edit is written");
}

async fn pending(store: &TestStore) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let facts = store.load_facts(&["ada".into(), "bob".into()], at(0)).await.expect("facts");
    assert!(facts[1].changes.is_empty(), "bob's booking is as it was");
    facts[0].changes.iter().map(|c| (c.first_at, c.last_at)).collect()
}

fn close(last_at: DateTime<Utc>, why: &str) -> PlanCommit {
    let over = CloseChange { appointment: "A1".into(), last_at, why: why.to_string() };
    PlanCommit { at: Some(at(30)), close_changes: vec![over], ..PlanCommit::default() }
}

async fn what_is_pending_is_told_to_intake_and_to_the_planner(store: TestStore) {
    ada_is_booked(&store).await;
    edit(&store, 1, ChangeEdit::First(was())).await;
    edit(&store, 2, ChangeEdit::Another).await;
    let change = PendingChange { appointment: "A1".into(), old: was(), first_at: at(1), last_at: at(2) };
    let known = store.load_known(&["A1".into(), "A2".into()], &[]).await.expect("what is known");
    assert_eq!(known.changes, from_ref(&change));
    let facts = store.load_facts(&["ada".into()], at(0)).await.expect("facts");
    assert_eq!(facts[0].changes, from_ref(&change));
    let history = store.changes(&"ada".into()).await.expect("a history");
    assert_eq!(history.iter().map(|h| (&h.change, &h.closed)).collect::<Vec<_>>(), [(&change, &None)]);

    let mut handed_over = edited(3, ChangeEdit::Another);
    handed_over.changes[0].patient = "bob".into();
    store.commit_intake(&handed_over).await.expect("written");
    let facts = store.load_facts(&["ada".into(), "bob".into()], at(0)).await.expect("facts");
    assert_eq!((facts[0].changes.len(), facts[1].changes.len()), (0, 1), "it goes with the booking");
    let whom = store.patients_to_plan(day(99), None, 9).await.expect("ids");
    assert_eq!(whom.iter().map(|p| p.as_str()).collect::<Vec<_>>(), ["bob"], "however long past the visit is");
}

async fn a_closed_one_is_kept_beside_a_new_one(store: TestStore) {
    ada_is_booked(&store).await;
    edit(&store, 3, ChangeEdit::First(was())).await;
    store.commit_plan(&close(at(3), "told")).await.expect("closed");
    assert!(pending(&store).await.is_empty());
    edit(&store, 4, ChangeEdit::First(was())).await;
    assert_eq!(pending(&store).await, [(at(4), at(4))], "a new change after one that was told");
    let history = store.changes(&"ada".into()).await.expect("a history");
    let closed: Vec<_> = history.into_iter().map(|h| (h.change.first_at, h.closed)).collect();
    assert_eq!(closed, [(at(3), Some((at(30), "told".to_string()))), (at(4), None)]);
}

/// The planner reads, an edit comes, the planner writes: the patient was told what it was before.
async fn an_edit_that_came_since_is_not_closed(store: TestStore) {
    ada_is_booked(&store).await;
    edit(&store, 1, ChangeEdit::First(was())).await;
    let seen = pending(&store).await[0].1;
    edit(&store, 2, ChangeEdit::Another).await;
    store.commit_plan(&close(seen, "told")).await.expect("written");
    assert_eq!(pending(&store).await, [(at(1), at(2))]);

    edit(&store, -5, ChangeEdit::Another).await;
    let last = pending(&store).await[0].1;
    assert!(last > at(2), "a replica whose clock is behind edits later too");
    store.commit_plan(&close(at(2), "told")).await.expect("written");
    assert_eq!(pending(&store).await, [(at(1), last)]);
    store.commit_plan(&close(last, "void")).await.expect("closed");
    store.commit_plan(&close(last, "told")).await.expect("nothing is pending");
    assert_eq!(store.changes(&"ada".into()).await.expect("a history")[0].closed, Some((at(30), "void".to_string())));
}

async fn a_note_on_another_state_of_what_is_pending_is_refused(store: TestStore) {
    ada_is_booked(&store).await;
    let write = async |edit| {
        let mut batch = edited(5, edit);
        batch.appointments = vec![new(appointment("A9", "cleo", day(3)))];
        store.commit_intake(&batch).await
    };
    assert!(matches!(write(ChangeEdit::Another).await, Err(StoreError::Conflict)), "none is pending");
    edit(&store, 1, ChangeEdit::First(was())).await;
    assert!(matches!(write(ChangeEdit::First(was())).await, Err(StoreError::Conflict)), "one is");
    assert_eq!(pending(&store).await, [(at(1), at(1))]);
    assert_eq!(store.count_appointments(None).await.expect("a count"), 2, "nothing of the batches was written");
}

/// Two replicas take in the first edit of one booking at once: both know revision 1 and nothing pending.
async fn of_two_writers_at_once_one_decides_again(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let id = format!("R{round}");
        store.commit_intake(&batch(vec![new(appointment(&id, "ada", day(3)))], vec![])).await.expect("booked");
        let moved = |to: i64| IntakeBatch {
            appointments: vec![Revised { value: appointment(&id, "ada", day(to)), revision: 1 }],
            changes: vec![ChangeNote { appointment: id.as_str().into(), ..note(ChangeEdit::First(was())) }],
            ..batch(vec![], vec![])
        };
        let (one, two) = (moved(4), moved(5));
        let (one, two) = tokio::join!(store.commit_intake(&one), other.commit_intake(&two));
        let conflicts = [one, two].into_iter().filter(|done| matches!(done, Err(StoreError::Conflict))).count();
        assert_eq!(conflicts, 1, "round {round}");
        let known = store.load_known(&[id.as_str().into()], &[]).await.expect("what is known");
        assert_eq!((known.appointments[0].revision, known.changes.len()), (2, 1));
    }
}
