//! What a refusal is about: the number, the call, or our account.

use super::*;

impl Desk {
    /// How many items of a kind wait for a person.
    async fn open_items(&self, kind: WorkKind) -> usize {
        self.work().await.iter().filter(|item| item.kind == kind).count()
    }

    async fn end_reasons(&self) -> Vec<EndReason> {
        self.attempts().await.iter().filter_map(|attempt| attempt.end_reason).collect()
    }
}

#[tokio::test]
async fn a_refused_account_pauses_the_carrier_once_somebody_is_told() {
    let desk = Desk::with_patients(5.0, 1).await;
    desk.troubled.no_work.store(true, Ordering::Relaxed);
    desk.answers(refused(Refusal::Account, 401));
    assert_eq!(desk.dial().await, 1);
    assert_eq!(desk.standing(), Standing::Free, "nobody has been told");
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Planned, "it is given back all the same");

    desk.troubled.no_work.store(false, Ordering::Relaxed);
    desk.pass(Duration::seconds(31));
    desk.answers(refused(Refusal::Account, 401));
    assert_eq!(desk.dial().await, 1);
    let [item] = &desk.work().await[..] else { panic!("one item") };
    assert_eq!(item.kind, WorkKind::CarrierFault);
    desk.pass(Duration::hours(1));
    assert_eq!((desk.dial().await, desk.placed()), (0, 0), "it is paused");
    assert_eq!(desk.standing(), Standing::Paused(Why::Account, None));
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Planned, "and no patient is marked failed");
}

/// Somebody closes the item, or starts the service again: one call is tried.
#[tokio::test]
async fn a_refused_account_is_tried_with_one_call_when_somebody_has_acted() {
    for restart in [false, true] {
        let desk = Desk::with_patients(5.0, 3).await;
        desk.insists(&refused(Refusal::Account, 401));
        assert_eq!((desk.dial().await, desk.placed()), (3, 0));
        desk.relents();
        for again in [true, false] {
            let [item] = &desk.work().await[..] else { panic!("one item") };
            if restart {
                desk.dialer.link.start(&*desk.store, desk.clock.now()).await.expect("it starts");
            } else {
                assert!(desk.store.resolve_work(&item.id, "new token").await.expect("resolved"));
            }
            if again {
                desk.answers(refused(Refusal::Account, 401));
            }
            assert_eq!(desk.dial().await, 1, "one call alone");
            assert_eq!(desk.placed(), usize::from(!again));
        }
        assert!(desk.work().await.is_empty(), "the item is closed when a call was taken");
        assert_eq!((desk.standing(), desk.dial().await, desk.placed()), (Standing::Free, 2, 3));
    }
}

/// Nothing of it says that the number is wrong: it is dialled again once somebody has seen to the account.
#[tokio::test]
async fn a_number_that_the_account_may_not_call_is_no_wrong_number() {
    let desk = Desk::with_patients(5.0, 1).await;
    desk.answers(refused(Refusal::Blocked, 403));
    assert_eq!(desk.dial().await, 1);
    assert_eq!(desk.end_reasons().await, [EndReason::Refused]);
    let items = (desk.open_items(WorkKind::CarrierFault).await, desk.open_items(WorkKind::WrongNumber).await);
    assert_eq!((items, desk.standing()), ((1, 0), Standing::Free));
    desk.plan().await;
    assert_eq!(desk.dial().await, 0, "not at once");
    desk.pass(Duration::hours(3));
    desk.plan().await;
    assert_eq!((desk.dial().await, desk.placed()), (1, 1));
}

/// Two attempts learn that it is no accident; the third is the account's, and goes back with all others.
#[tokio::test]
async fn three_in_a_row_that_nobody_understands_or_that_we_may_not_call_pause_the_carrier() {
    for why in [Refusal::Other, Refusal::Blocked] {
        let desk = Desk::with_patients(1.0, 5).await;
        desk.insists(&refused(why, 403));
        for _ in 0..10 {
            desk.dial().await;
            desk.pass(Duration::seconds(2));
        }
        assert_eq!(desk.standing(), Standing::Paused(Why::Account, None), "{why:?}");
        assert_eq!(desk.end_reasons().await, [EndReason::Refused; 2], "{why:?}: the day's list is not burnt");
        let planned = desk.attempts().await.into_iter().filter(|a| a.status == AttemptStatus::Planned);
        assert_eq!((planned.count(), desk.open_items(WorkKind::WrongNumber).await), (3, 0), "{why:?}");
        assert_eq!(desk.open_items(WorkKind::CarrierFault).await, 2, "{why:?}: one that tells of it, one of the pause");

        desk.relents();
        for item in desk.work().await {
            desk.store.resolve_work(&item.id, "the account is in order").await.expect("resolved");
        }
        assert_eq!((desk.dial().await, desk.standing()), (1, Standing::Free), "{why:?}: one call is tried");
    }
}

#[tokio::test]
async fn a_call_that_is_placed_between_ends_the_row() {
    let desk = Desk::with_patients(0.5, 5).await;
    for refuse in [true, true, false, true, true] {
        if refuse {
            desk.answers(refused(Refusal::Other, 400));
        }
        assert_eq!(desk.dial().await, 1);
        desk.pass(Duration::seconds(2));
    }
    assert_eq!((desk.standing(), desk.placed(), desk.open_items(WorkKind::CarrierFault).await), (Standing::Free, 1, 1));
}

/// Not again today, and on one later day at most.
#[tokio::test]
async fn a_number_that_cannot_be_reached_is_dialled_on_one_later_day_at_most() {
    let desk = Desk::with_patients(5.0, 1).await;
    let mut days = Vec::new();
    // Until the day of the visit.
    for _ in 0..69 * 2 {
        desk.plan().await;
        desk.answers(refused(Refusal::NotReached, 400));
        if desk.dial().await == 1 {
            days.push(desk.clock.now().date_naive());
        }
        desk.relents();
        desk.pass(Duration::minutes(30));
    }
    assert!(matches!(days[..], [first, second] if first < second), "{days:?}");
    assert_eq!(desk.end_reasons().await, [EndReason::Unreachable; 2]);
    assert_eq!(desk.open_items(WorkKind::WrongNumber).await, 0);
}

/// Who rings us takes no line of those that the carrier lets us have.
#[tokio::test]
async fn calls_to_our_number_lower_no_lines() {
    let desk = Desk::with_patients(50.0, 4).await;
    assert_eq!(dial(&dialer(&desk.rooms, desk.logged.clone(), 50.0, 3, &[("main", 1)])).await, 3);
    let (promise, mut call) = samples::planned("ada", number(1));
    call.inbound = true;
    desk.store.commit_plan(&samples::plan(vec![(promise, call)])).await.expect("planned");
    desk.store.lease_due(&samples::lease("d", 9)).await.expect("leased");
    desk.store.begin_request(&samples::order("ada", "d")).await.expect("granted");
    let accepted = samples::call_commit("ada", 0, vec![], samples::standing(AttemptStatus::Accepted));
    desk.store.commit_call(&accepted).await.expect("accepted");
    assert!(desk.attempt("att-ada").await.inbound);
    desk.pass(Duration::seconds(16));
    desk.rescue().await;
    desk.insists(&refused(Refusal::Lines, 400));
    assert_eq!(desk.dial().await, 1);
    assert_eq!(desk.dialer.link.lines(20, desk.clock.now()), 3);
}
