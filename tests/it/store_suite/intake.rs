use super::TestStore;
use super::samples::*;
use callahead::core::domain::{
    AppointmentStatus, AttemptStatus, EndReason, PatientFlags, Phone, PhoneKind, Service, VoicemailPolicy,
};
use callahead::core::phi::Phi;
use callahead::store::{GiveBack, Known, OptOut, RawInput, Revised, StoreError};

on_both_stores![
    everything_a_feed_says_reads_back,
    only_the_revision_that_was_decided_on_is_written_over,
    a_refused_batch_leaves_nothing_behind,
    of_two_batches_at_once_one_is_refused,
    a_batch_withdraws_what_is_planned_about_its_visits,
    raw_rows_are_kept_whatever_they_hold,
    bookings_are_listed_by_start_and_counted_by_feed,
];

async fn everything_a_feed_says_reads_back(store: TestStore) {
    let mut ada = patient("MRN/1001 ♥ 病院", number(1));
    ada.first_name = Some(Phi::new("Zoë-Łucja “O'Brien”; DROP TABLE patients".to_string()));
    ada.last_name = Some(Phi::new("李 🩻 \u{202e}\n\t".to_string()));
    ada.birth_date = Some(Phi::new("1931-02-28".parse().expect("a date")));
    ada.phones.push(Phone::read(PhoneKind::Work, "617-555-0101 ext. 4"));
    ada.language = Some("es-MX".into());
    ada.updated_at = Some(at(-5));
    ada.flags = PatientFlags {
        opt_out: true,
        no_call: true,
        deceased: true,
        tty: true,
        sensitive: true,
        guardian: true,
        voicemail: Some(VoicemailPolicy::Minimal),
        only_number: Some(Phi::new(number(7))),
        consent: Some("intake form, 2024".to_string()),
    };
    let mut full = appointment("A-é", "MRN/1001 ♥ 病院", at(7) + chrono::Duration::microseconds(1));
    full.department = Some(Phi::new("Röntgen".to_string()));
    full.visit_type = Some(Phi::new("".to_string()));
    full.duration_minutes = Some(45);
    (full.service, full.service_by_rule) = (Service::Unknown, true);
    full.status = AppointmentStatus::NoShow;
    full.established = Some(false);
    full.updated_at = Some(at(-6));
    let (bare, bob) = (appointment("A-b", "bob", at(9)), patient("bob", number(2)));
    store
        .commit_intake(&batch(vec![new(full.clone()), new(bare.clone())], vec![new(bob.clone()), new(ada.clone())]))
        .await
        .expect("the batch is written");

    let known = store
        .load_known(
            &["A-é".into(), "A-b".into(), "A-unheard-of".into(), "A-é".into()],
            &["bob".into(), "nobody".into(), "MRN/1001 ♥ 病院".into()],
        )
        .await
        .expect("what is known");
    let stored = |value| Revised { value, revision: 1 };
    assert_eq!(known.appointments, vec![stored(bare), stored(full)]);
    let stored = |value| Revised { value, revision: 1 };
    assert_eq!(known.patients, vec![stored(ada), stored(bob)]);
    assert_eq!(store.load_known(&[], &[]).await.expect("nothing"), Known::default());
}

async fn only_the_revision_that_was_decided_on_is_written_over(store: TestStore) {
    let write = |appointments, patients| {
        let store = &store;
        async move { store.commit_intake(&batch(appointments, patients)).await }
    };
    let booked = appointment("A1", "ada", day(3));
    let ada = patient("ada", number(1));
    write(vec![new(booked.clone())], vec![new(ada.clone())]).await.expect("new ones");
    assert!(matches!(write(vec![new(booked.clone())], vec![]).await, Err(StoreError::Conflict)), "it is there already");
    assert!(matches!(write(vec![], vec![new(ada.clone())]).await, Err(StoreError::Conflict)), "it is there already");

    let at_revision = |revision| Revised { value: booked.clone(), revision };
    write(vec![at_revision(1)], vec![Revised { value: ada.clone(), revision: 1 }]).await.expect("written over");
    assert!(matches!(write(vec![at_revision(1)], vec![]).await, Err(StoreError::Conflict)), "it is at 2 by now");
    assert!(matches!(write(vec![at_revision(3)], vec![]).await, Err(StoreError::Conflict)), "it never was at 3");
    let unheard_of = Revised { value: patient("bob", number(2)), revision: 1 };
    assert!(matches!(write(vec![], vec![unheard_of]).await, Err(StoreError::Conflict)), "there is none");
    let known = store.load_known(&["A1".into()], &["ada".into(), "bob".into()]).await.expect("what is known");
    assert_eq!((known.appointments[0].revision, known.patients.len(), known.patients[0].revision), (2, 1, 2));
}

async fn a_refused_batch_leaves_nothing_behind(store: TestStore) {
    store.commit_intake(&batch(vec![new(appointment("A1", "ada", day(3)))], vec![])).await.expect("the first");
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("a plan");
    let mut second = batch(
        vec![new(appointment("A0", "bob", day(3))), new(appointment("A1", "ada", day(4)))],
        vec![new(patient("bob", number(2)))],
    );
    second.withdraw = vec![visit("ada")];
    second.opt_outs = vec![OptOut { patient: Some("bob".into()), phone: None, at: at(0), how: "import".to_string() }];
    assert!(matches!(store.commit_intake(&second).await, Err(StoreError::Conflict)));

    let known = store.load_known(&["A0".into(), "A1".into()], &["bob".into()]).await.expect("what is known");
    assert_eq!((known.appointments.len(), known.patients.len()), (1, 0));
    assert_eq!(known.appointments[0].value.start, day(3));
    assert!(store.opt_outs(u32::MAX).await.expect("the list").is_empty());
    assert_eq!(store.lease_due(&lease("d", 9)).await.expect("still planned").len(), 1);
}

async fn of_two_batches_at_once_one_is_refused(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let id = format!("A{round}");
        let (one, two) = (
            batch(vec![new(appointment(&id, "ada", day(3)))], vec![]),
            batch(vec![new(appointment(&id, "ada", day(4)))], vec![]),
        );
        let (one, two) = tokio::join!(store.commit_intake(&one), other.commit_intake(&two));
        let conflicts = [one, two].into_iter().filter(|done| matches!(done, Err(StoreError::Conflict))).count();
        assert_eq!(conflicts, 1, "round {round}");
    }
}

async fn a_batch_withdraws_what_is_planned_about_its_visits(store: TestStore) {
    let held = leased(&*store, &[("ada", number(1))], "d").await;
    store.commit_plan(&plan(vec![planned("bob", number(2)), planned("cleo", number(3))])).await.expect("a plan");
    let mut moved = batch(vec![], vec![]);
    moved.withdraw = vec![visit("ada"), visit("bob"), visit("nobody")];
    store.commit_intake(&moved).await.expect("the batch is written");

    let calls = store.calls(None, 10).await.expect("calls");
    assert_eq!(calls.len(), 1, "bob's alone ended");
    let bobs = &calls[0].attempt;
    assert_eq!(
        (bobs.id.as_str(), bobs.status, bobs.end_reason),
        ("att-bob", AttemptStatus::Cancelled, Some(EndReason::Withdrawn))
    );
    assert_eq!((bobs.ended_at, bobs.outcome, bobs.counts_as_called()), (Some(at(0)), None, false));
    store.give_back(&held[0].attempt.id, "d", &GiveBack::Later(at(0))).await.expect("the dialler still had it");
    let due = store.lease_due(&lease("e", 9)).await.expect("leases");
    assert_eq!(due.iter().map(|l| l.attempt.id.as_str()).collect::<Vec<_>>(), ["att-ada", "att-cleo"]);
}

async fn raw_rows_are_kept_whatever_they_hold(store: TestStore) {
    let mut first = batch(vec![], vec![]);
    first.raw = vec![
        RawInput { line: 2, text: Phi::new("MRN1,Łucja,\0,\u{feff}🩻\r\n".to_string()), refused: None },
        RawInput { line: u64::from(u32::MAX), text: Phi::new(String::new()), refused: Some("no patient_id".to_string()) },
    ];
    store.commit_intake(&first).await.expect("a zero byte does not stop the feed");
    store.commit_intake(&first).await.expect("the same again is kept again");
}

async fn bookings_are_listed_by_start_and_counted_by_feed(store: TestStore) {
    let mut imported = appointment("A2", "bob", day(2));
    imported.feed = "import".into();
    let all = vec![
        new(appointment("A4", "cleo", day(4))),
        new(appointment("A3", "ada", day(2))),
        new(imported),
        new(appointment("A1", "ada", day(5))),
    ];
    store.commit_intake(&batch(all, vec![])).await.expect("the batch is written");
    let ids = |list: Vec<callahead::core::domain::Appointment>| list.into_iter().map(|a| a.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(store.appointments(None, 3).await.expect("a list")), ["A2", "A3", "A4"]);
    assert_eq!(ids(store.appointments(Some(&"epic".into()), 9).await.expect("a list")), ["A3", "A4", "A1"]);
    assert_eq!(store.count_appointments(None).await.expect("a count"), 4);
    assert_eq!(store.count_appointments(Some(&"import".into())).await.expect("a count"), 1);
    assert_eq!(store.count_appointments(Some(&"x' OR '1'='1".into())).await.expect("a count"), 0);
}
