//! What a crash, a lost answer or a silent carrier left behind.

use super::*;

/// One that cannot be loaded, and two whose questions are asked at the same time.
#[tokio::test]
async fn one_bad_call_does_not_stop_the_rescue_of_the_others() {
    let desk = Desk::open(5.0).await;
    for (n, patient) in (1..).zip(["bad", "ada", "bob"]) {
        samples::requesting(&*desk.store, patient, number(n)).await;
    }
    *desk.troubled.unreadable.lock().expect("no panic") = Some("att-bad".into());
    *desk.telephones.meeting.lock().expect("no panic") = Some(Arc::new(Barrier::new(2)));
    for _ in 0..3 {
        let round = tokio::time::timeout(std::time::Duration::from_secs(20), desk.rescue());
        round.await.expect("both are asked about at once");
        desk.pass(Duration::seconds(30));
    }
    for id in ["att-ada", "att-bob"] {
        assert_eq!(desk.attempt(id).await.end_reason, Some(EndReason::NeverPlaced), "{id}");
    }
    assert_eq!(desk.attempt("att-bad").await.status, AttemptStatus::Requesting);
    let asked = desk.asked().await;
    assert_eq!(asked.len(), 6);
    let of_ada = ("find calls".to_string(), 200, "ok".to_string(), Some("att-ada".to_string()));
    assert_eq!(asked.iter().filter(|a| **a == of_ada).count(), 3, "{asked:?}");
}

/// Not every carrier keeps the limit that it is given, and not every one takes any.
#[tokio::test]
async fn a_call_that_outlasts_its_limit_is_ended() {
    let desk = Desk::with_patients(5.0, 1).await;
    assert_eq!(desk.dial().await, 1);
    desk.knows(&["CA1"]);
    let token = desk.telephones.placed.lock().expect("no panic")[0].token.clone();
    let picked_up = desk.rooms.live.report(&token, &CallEvent::PickedUp, Some("CA1".to_string()));
    picked_up.await.expect("a webhook came");
    // Its request may be answered within 30 s; then it rings, and lasts.
    desk.pass(Duration::seconds(30 + 20) + Duration::minutes(5) + Duration::seconds(14));
    desk.rescue().await;
    assert!(desk.telephones.ended.lock().expect("no panic").is_empty(), "it has its time");
    desk.pass(Duration::seconds(1));
    desk.rescue().await;
    assert_eq!(*desk.telephones.ended.lock().expect("no panic"), ["CA1"]);
    let attempt = desk.attempts().await.remove(0);
    let ended = ("end call".to_string(), 200, "ok".to_string(), Some(attempt.id.to_string()));
    assert!(desk.asked().await.contains(&ended), "{:?}", desk.asked().await);
}

#[tokio::test]
async fn a_call_of_another_attempt_is_never_taken_for_ones_own() {
    for (known, found) in [(&["CA1"][..], None), (&["CA1", "CA2"], Some("CA2"))] {
        let desk = Desk::open(5.0).await;
        samples::requesting(&*desk.store, "ada", number(1)).await;
        let mut over = samples::call_commit("ada", 0, vec![], samples::standing(AttemptStatus::Completed));
        over.carrier_call_id = Some("CA1".to_string());
        desk.store.commit_call(&over).await.expect("it ends");
        samples::requesting(&*desk.store, "bob", number(1)).await;
        desk.knows(known);
        for _ in 0..3 {
            desk.rescue().await;
            desk.pass(Duration::seconds(30));
        }
        let bob = desk.attempt("att-bob").await;
        assert_eq!(bob.carrier_call_id.as_deref(), found);
        assert_eq!(bob.end_reason == Some(EndReason::NeverPlaced), found.is_none(), "{bob:?}");
    }
}

#[tokio::test]
async fn a_call_of_a_carrier_that_is_gone_is_given_up_after_its_longest_time() {
    let desk = Desk::open(5.0).await;
    let (promise, mut call) = samples::planned("ada", number(1));
    call.carrier = "gone".into();
    desk.store.commit_plan(&samples::plan(vec![(promise, call)])).await.expect("planned");
    let wish = LeaseRequest { carrier: "gone".into(), ..samples::lease("d", 1) };
    assert_eq!(desk.store.lease_due(&wish).await.expect("leased").len(), 1);
    // It is 11:00 now: the call is over at 11:01 at the latest.
    let order = RequestOrder { deadline: at(61), ..samples::order("ada", "d") };
    desk.store.begin_request(&order).await.expect("granted");
    desk.rescue().await;
    assert_eq!(desk.attempt("att-ada").await.status, AttemptStatus::Requesting);

    desk.pass(Duration::minutes(2));
    desk.rescue().await;
    let ada = desk.attempt("att-ada").await;
    let end = (ada.status, ada.outcome, ada.end_reason);
    assert_eq!(end, (AttemptStatus::Failed, Some(Outcome::Failed), Some(EndReason::Unknown)));
    assert_eq!(desk.store.lines_in_use(&"gone".into()).await.expect("lines"), 0);
    samples::requesting(&*desk.store, "bob", number(1)).await;
}

/// The call script was taken away while the call lasted: it cannot be replayed, and must not hold its number for ever.
#[tokio::test]
async fn a_call_whose_script_is_gone_is_given_up_too() {
    let desk = Desk::open(5.0).await;
    samples::leased(&*desk.store, &[("ada", number(1))], "d").await;
    let mut order = samples::order("ada", "d");
    order.brief.script = "gone".to_string();
    desk.store.begin_request(&order).await.expect("granted");
    let mut heard = samples::call_commit("ada", 0, vec![], samples::standing(AttemptStatus::InProgress));
    (heard.carrier_call_id, heard.standing.keys) = (Some("CA1".to_string()), "1".to_string());
    (heard.standing.answered_at, heard.standing.outcome) = (Some(at(2)), Some(Outcome::Confirmed));
    desk.store.commit_call(&heard).await.expect("a webhook came");
    let over =
        CarrierCall { id: "CA1".to_string(), ended: Some(FinalStatus::Completed), started_at: None, talk_seconds: Some(20) };
    *desk.telephones.known.lock().expect("no panic") = vec![over];
    desk.rescue().await;
    let ada = desk.attempt("att-ada").await;
    assert_eq!((ada.status, ada.outcome, ada.keys.as_str()), (AttemptStatus::Completed, Some(Outcome::Confirmed), "1"));
    let fetched = ("fetch call".to_string(), 200, "ok".to_string(), Some("att-ada".to_string()));
    assert_eq!(desk.asked().await, [fetched]);
}

/// Whatever the carrier says: a minute after its longest possible end a call is settled.
#[tokio::test]
async fn a_call_that_fell_silent_is_settled_within_a_minute_of_its_longest_end() {
    let over = |ended| CarrierCall { id: "CA1".to_string(), ended, started_at: None, talk_seconds: None };
    for (says, id, want) in [
        (Some(over(Some(FinalStatus::Busy))), Some("CA1"), AttemptStatus::Failed),
        (Some(over(Some(FinalStatus::NoAnswer))), Some("CA1"), AttemptStatus::Completed),
        (Some(over(None)), Some("CA1"), AttemptStatus::Failed),
        (None, Some("CA1"), AttemptStatus::Failed),
        (Some(over(Some(FinalStatus::NoAnswer))), None, AttemptStatus::Completed),
        (None, None, AttemptStatus::Failed),
    ] {
        let desk = Desk::open(5.0).await;
        samples::leased(&*desk.store, &[("ada", number(1))], "d").await;
        let deadline = desk.clock.now() + Duration::minutes(6);
        let order = RequestOrder { deadline, now: desk.clock.now(), ..samples::order("ada", "d") };
        desk.store.begin_request(&order).await.expect("granted");
        let mut accepted = samples::call_commit("ada", 0, vec![], samples::standing(AttemptStatus::Accepted));
        accepted.carrier_call_id = id.map(str::to_string);
        desk.store.commit_call(&accepted).await.expect("accepted");
        *desk.telephones.known.lock().expect("no panic") = says.clone().into_iter().collect();
        desk.clock.advance_to(deadline - Duration::seconds(1));
        while desk.clock.now() < deadline + Duration::seconds(55) {
            desk.rescue().await;
            desk.pass(Duration::seconds(5));
        }
        desk.rescue().await;
        let ada = desk.attempt("att-ada").await;
        assert_eq!(ada.status, want, "{says:?} {id:?}: {ada:?}");
        assert_eq!(desk.store.lines_in_use(&"main".into()).await.expect("lines"), 0, "its line is free");
    }
}

#[tokio::test]
async fn a_call_that_a_webhook_told_of_while_the_carrier_was_asked_is_not_ended() {
    let desk = Desk::open(5.0).await;
    samples::requesting(&*desk.store, "ada", number(1)).await;
    for _ in 0..2 {
        desk.rescue().await;
        desk.pass(Duration::seconds(30));
    }
    let meeting = Arc::new(Barrier::new(2));
    *desk.telephones.meeting.lock().expect("no panic") = Some(meeting.clone());
    let (dialer, live) = (desk.dialer.clone(), desk.rooms.live.clone());
    let asking = tokio::spawn(async move { dialer.rescue().await });
    meeting.wait().await;
    live.report(&"token-ada".into(), &CallEvent::Ringing, Some("CA9".to_string())).await.expect("a webhook came");
    meeting.wait().await;
    asking.await.expect("no panic").expect("a round");
    let ada = desk.attempt("att-ada").await;
    assert_eq!((ada.status, ada.carrier_call_id.as_deref()), (AttemptStatus::Ringing, Some("CA9")));
}

/// It may be a talk of somebody else who calls the patient from our number: nobody but a webhook can say whose it is.
#[tokio::test]
async fn a_call_that_only_the_list_knows_is_never_ended() {
    let desk = Desk::open(5.0).await;
    samples::requesting(&*desk.store, "ada", number(1)).await;
    desk.knows(&["CA7"]);
    desk.rescue().await;
    let ada = desk.attempt("att-ada").await;
    assert_eq!((ada.status, ada.carrier_call_id.as_deref()), (AttemptStatus::Accepted, Some("CA7")));
    for _ in 0..20 {
        desk.pass(Duration::minutes(1));
        desk.rescue().await;
    }
    assert!(desk.telephones.ended.lock().expect("no panic").is_empty());
    let ada = desk.attempt("att-ada").await;
    assert_eq!((ada.status, ada.end_reason), (AttemptStatus::Failed, Some(EndReason::Unknown)), "its line is free");
}

/// A call whose dialler died when it had asked the carrier for it: the lease is over now, the call in six minutes.
async fn asked_for_ada(desk: &Desk) {
    samples::leased(&*desk.store, &[("ada", number(1))], "d").await;
    let now = desk.clock.now();
    let order = RequestOrder { lease_until: now, deadline: now + Duration::minutes(6), ..samples::order("ada", "d") };
    desk.store.begin_request(&order).await.expect("granted");
}

/// A list of calls may be a little behind.
#[tokio::test]
async fn a_call_counts_as_never_placed_after_a_minute_of_questions() {
    let desk = Desk::open(5.0).await;
    asked_for_ada(&desk).await;
    for _ in 0..12 {
        desk.rescue().await;
        assert_eq!(desk.attempt("att-ada").await.status, AttemptStatus::Requesting);
        desk.pass(Duration::seconds(5));
    }
    desk.rescue().await;
    assert_eq!(desk.attempt("att-ada").await.end_reason, Some(EndReason::NeverPlaced));
    assert_eq!(desk.asked().await.len(), 3);
}

/// The carrier dates a call by its own clock.
#[tokio::test]
async fn a_clock_that_is_ahead_hides_no_call() {
    for (ahead, found) in [(0, true), (20, true), (119, true), (121, false)] {
        let desk = Desk::open(5.0).await;
        asked_for_ada(&desk).await;
        let asked_at = desk.attempt("att-ada").await.placed_at.expect("it was asked for");
        let (id, started_at) = ("CA1".to_string(), Some(asked_at - Duration::minutes(ahead)));
        let call = CarrierCall { id, ended: Some(FinalStatus::NoAnswer), started_at, talk_seconds: None };
        *desk.telephones.known.lock().expect("no panic") = vec![call];
        for _ in 0..4 {
            desk.rescue().await;
            desk.pass(Duration::seconds(30));
        }
        let attempt = desk.attempt("att-ada").await;
        assert_eq!(attempt.outcome == Some(Outcome::NoAnswer), found, "{ahead} minutes: {attempt:?}");
        assert_eq!(attempt.end_reason == Some(EndReason::NeverPlaced), !found, "{ahead} minutes: {attempt:?}");
    }
}

/// Replicas that die one after the other would each ask for a minute anew, and the call hold its number and its line meanwhile.
#[tokio::test]
async fn who_takes_the_questions_over_long_after_the_lease_asks_three_times_in_a_row() {
    let desk = Desk::open(5.0).await;
    samples::requesting(&*desk.store, "ada", number(1)).await;
    desk.pass(Duration::minutes(2));
    for _ in 0..2 {
        desk.rescue().await;
        desk.rescue().await;
        assert_eq!(desk.attempt("att-ada").await.status, AttemptStatus::Requesting);
        desk.pass(Duration::seconds(5));
    }
    desk.rescue().await;
    assert_eq!(desk.attempt("att-ada").await.end_reason, Some(EndReason::NeverPlaced));
    assert_eq!(desk.asked().await.len(), 3);
}

/// What it does not answer says nothing of the call.
#[tokio::test]
async fn only_answers_of_the_carrier_count_as_such() {
    let desk = Desk::open(5.0).await;
    asked_for_ada(&desk).await;
    desk.telephones.silent.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        desk.rescue().await;
        desk.pass(Duration::seconds(5));
    }
    desk.telephones.silent.store(false, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(desk.attempt("att-ada").await.status, AttemptStatus::Requesting);
        desk.rescue().await;
        desk.pass(Duration::seconds(5));
    }
    assert_eq!(desk.attempt("att-ada").await.end_reason, Some(EndReason::NeverPlaced));
}
