//! Calls of a time that was lost with the store.

use super::*;

/// A store restored to what it was twenty minutes ago, and a carrier that knows of a call since.
async fn restored() -> Desk {
    let desk = Desk::with_patients(5.0, 1).await;
    let (copied, called) = (Duration::minutes(20), Duration::minutes(18));
    let now = desk.clock.now();
    desk.store.note_lost_time(now - copied, now).await.expect("noted");
    let over = CarrierCall {
        id: "CA9".to_string(),
        ended: Some(FinalStatus::Completed),
        started_at: Some(now - called),
        talk_seconds: Some(30),
    };
    *desk.telephones.known.lock().expect("no panic") = vec![over];
    desk
}

async fn kinds(desk: &Desk) -> Vec<WorkKind> {
    desk.work().await.into_iter().map(|item| item.kind).collect()
}

#[tokio::test]
async fn whoever_was_called_then_is_not_called_again_and_somebody_asks_what_they_said() {
    let desk = restored().await;
    assert_eq!((desk.dial().await, desk.placed()), (1, 0));
    let attempt = desk.attempts().await.remove(0);
    assert_eq!((attempt.status, attempt.carrier_call_id.as_deref()), (AttemptStatus::Completed, Some("CA9")));
    assert_eq!(kinds(&desk).await, [WorkKind::AnswerLost]);
}

/// From the commit of `requesting` on, the rescue finds the call at the carrier and settles it: the item must stand before.
#[tokio::test]
async fn no_call_is_taken_over_for_which_nobody_is_asked() {
    let desk = restored().await;
    desk.troubled.no_work.store(true, Ordering::Relaxed);
    assert_eq!((desk.dial().await, desk.placed()), (1, 0));
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Leased, "nothing is asked for yet");
    desk.troubled.no_work.store(false, Ordering::Relaxed);
    for _ in 0..3 {
        desk.pass(Duration::seconds(30));
        desk.rescue().await;
    }
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Planned, "the call is not settled without an item");
    assert_eq!((desk.dial().await, desk.placed()), (1, 0));
    assert_eq!((desk.attempts().await[0].status, kinds(&desk).await), (AttemptStatus::Completed, vec![WorkKind::AnswerLost]));
}

/// Killed between the commit of `requesting` and the note that it stands for that call.
#[tokio::test]
async fn whatever_breaks_off_while_a_call_is_taken_over_somebody_asks() {
    let desk = restored().await;
    desk.troubled.no_take_over.store(true, Ordering::Relaxed);
    assert_eq!((desk.dial().await, desk.placed()), (1, 0));
    assert_eq!((desk.attempts().await[0].status, kinds(&desk).await), (AttemptStatus::Requesting, vec![WorkKind::AnswerLost]));
    desk.troubled.no_take_over.store(false, Ordering::Relaxed);
    for _ in 0..4 {
        desk.pass(Duration::seconds(30));
        desk.rescue().await;
    }
    desk.plan().await;
    desk.pass(Duration::minutes(1));
    desk.dial().await;
    assert_eq!((desk.placed(), kinds(&desk).await), (0, vec![WorkKind::AnswerLost]));
}
