use super::TestStore;
use super::samples::*;
use callahead::core::domain::{Appointment, AppointmentStatus, Closure, VisitKey};
use callahead::store::StoreError;
use chrono::Duration;

on_both_stores![
    whom_a_closure_concerns_in_order_of_time,
    a_closure_is_told_with_the_turn_of_each_patient,
    a_closure_is_declared_once_and_withdrawn_by_its_day,
];

/// Boston, the day of [`visit`], from an hour before [`day`] 3 until an hour after.
fn closure(id: &str) -> Closure {
    let hour = Duration::hours(1);
    Closure {
        id: id.into(),
        site: "boston".into(),
        day: day(3).date_naive(),
        from: day(3) - hour,
        until: day(3) + hour,
        delay_to: None,
        declared_at: at(0),
    }
}

async fn book(store: &TestStore, bookings: &[(&str, &str, chrono::DateTime<chrono::Utc>)]) {
    let bookings = bookings.iter().map(|(id, patient, start)| new(appointment(id, patient, *start))).collect();
    store.commit_intake(&batch(bookings, vec![])).await.expect("booked");
}

async fn whom_a_closure_concerns_in_order_of_time(store: TestStore) {
    let (from, until) = (day(3), day(4));
    let instant = Duration::microseconds(1);
    let late = until - instant;
    book(&store, &[("A4", "d", late), ("A3", "c", from), ("A2", "b", from), ("A1", "a", until), ("A5", "e", from - instant)])
        .await;
    let other = |id: &str, tell: fn(&mut Appointment)| {
        let mut booking = appointment(id, "x", day(3));
        tell(&mut booking);
        new(booking)
    };
    let others = vec![
        other("B1", |b| b.status = AppointmentStatus::Cancelled),
        other("B2", |b| b.status = AppointmentStatus::Pending),
        other("B3", |b| b.site = "quincy".into()),
        other("B4", |b| b.status = AppointmentStatus::Confirmed),
    ];
    store.commit_intake(&batch(others, vec![])).await.expect("booked");
    let concerned = store.bookings_between(&"boston".into(), from, until).await.expect("bookings");
    assert_eq!(concerned.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["A2", "A3", "B4", "A4"]);
}

async fn a_closure_is_told_with_the_turn_of_each_patient(store: TestStore) {
    book(&store, &[("A1", "ada", day(3)), ("A2", "bob", day(3)), ("A3", "cleo", day(4)), ("A4", "dora", day(3))]).await;
    let people = ["ada", "bob", "cleo", "dora"];
    let everybody = people.into_iter().zip(1..).map(|(id, last)| new(patient(id, number(last)))).collect();
    store.commit_intake(&batch(vec![], everybody)).await.expect("known");
    let declared = Closure { delay_to: Some(day(3) + Duration::hours(2)), ..closure("c1") };
    let visits: Vec<(VisitKey, u32)> = vec![(visit("bob"), 0), (visit("ada"), 1)];
    store.declare_closure(&declared, "burst pipe", &visits).await.expect("declared");
    let elsewhere = Closure { site: "quincy".into(), ..closure("c2") };
    store.declare_closure(&elsewhere, "snow", &[]).await.expect("declared");

    let ids: Vec<_> = people.iter().map(|id| (*id).into()).collect();
    let told = async |now| {
        let facts = store.load_facts(&ids, now).await.expect("facts");
        facts.into_iter().map(|f| f.closures.into_iter().map(|c| (c.closure, c.position)).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let turn = |position| vec![(declared.clone(), position)];
    let want = [turn(Some(1)), turn(Some(0)), vec![], turn(None)];
    assert_eq!(told(at(0)).await, want, "dora booked after it was declared, cleo comes another day");
    assert_eq!(told(declared.until + Duration::hours(23)).await, want, "whoever comes late that day is told still");
    assert!(told(declared.until + Duration::days(2)).await.iter().all(Vec::is_empty));
    assert_eq!(store.withdraw_closures(&"boston".into(), declared.day, at(9)).await.expect("withdrawn"), 1);
    assert!(told(at(0)).await.iter().all(Vec::is_empty));
}

async fn a_closure_is_declared_once_and_withdrawn_by_its_day(store: TestStore) {
    let later = Closure { from: day(3), ..closure("c1") };
    store.declare_closure(&later, "„Schnee“ ❄", &[(visit("ada"), 0), (visit("bob"), 1)]).await.expect("declared");
    store.declare_closure(&closure("c2"), "snow", &[]).await.expect("declared");
    let another_day = Closure { day: day(4).date_naive(), from: day(4), until: day(5), ..closure("c3") };
    store.declare_closure(&another_day, "snow", &[]).await.expect("declared");
    let again = store.declare_closure(&closure("c1"), "snow", &[(visit("cleo"), 0)]).await;
    assert!(matches!(again, Err(StoreError::Conflict)));

    let withdrawn = async |site: &str, at| store.withdraw_closures(&site.into(), later.day, at).await.expect("withdrawn");
    assert_eq!((withdrawn("quincy", at(5)).await, withdrawn("boston", at(6)).await, withdrawn("boston", at(7)).await), (0, 2, 0));
    let listed = async |all| {
        let closures = store.closures(all).await.expect("closures");
        closures.into_iter().map(|c| (c.closure.id.to_string(), c.visits, c.withdrawn_at)).collect::<Vec<_>>()
    };
    assert_eq!(listed(false).await, [("c3".to_string(), 0, None)]);
    let want = [("c2", 0, Some(at(6))), ("c1", 2, Some(at(6))), ("c3", 0, None)];
    assert_eq!(listed(true).await, want.map(|(id, visits, withdrawn)| (id.to_string(), visits, withdrawn)));
    let kept = store.closures(true).await.expect("closures").remove(1);
    assert_eq!((kept.closure, kept.reason.as_str()), (later, "„Schnee“ ❄"));
}
