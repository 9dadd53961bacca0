//! A question that comes when the carrier has given it up: the fallback address was asked meanwhile, and the call went on.

use crate::webhook_desk::{Setup, WebDesk, sid};
use callahead::core::domain::Outcome;

/// What the carrier sends to the fallback address when a webhook of this call failed.
async fn falls_back(desk: &WebDesk, call: &str, failed: &str) -> String {
    let url = format!("https://calls.example.org/carriers/main/voice/{call}/{failed}?try=1#rc=2");
    let fields = [("CallSid", &*sid(1)), ("CallStatus", "in-progress"), ("ErrorCode", "11205"), ("ErrorUrl", &*url)];
    let (status, words) = desk.post(&format!("voice/{call}/fallback"), &fields).await;
    assert_eq!(status, 200, "{failed}");
    words
}

async fn asks(desk: &WebDesk, call: &str, what: &str, digits: &str) -> String {
    let fields = [("CallSid", &*sid(1)), ("CallStatus", "in-progress"), ("Digits", digits)];
    let (status, words) = desk.post(&format!("voice/{call}/{what}"), &fields).await;
    assert_eq!(status, 200, "{what}");
    words
}

async fn hangs_up(desk: &WebDesk, call: &str) {
    let fields = [("CallSid", &*sid(1)), ("CallStatus", "completed"), ("CallDuration", "40"), ("SequenceNumber", "3")];
    assert_eq!(desk.post(&format!("status/{call}"), &fields).await.0, 204);
}

#[tokio::test]
async fn who_wants_no_more_calls_is_heard_when_the_call_is_over() {
    let desk = WebDesk::open(Setup::default()).await;
    let call = desk.call(1).await;
    let first = asks(&desk, &call, "answered", "").await;
    // 9 is pressed, and its webhook stands in a queue: what was said is said once more.
    let again = falls_back(&desk, &call, "1/key").await;
    assert_eq!(again, first.replace("/1/", "/2/"), "as a step of its own");
    assert_eq!(falls_back(&desk, &call, "1/key").await, again, "a repeat of the request is none of the words");
    let read_back = asks(&desk, &call, "2/key", "1").await;
    assert!(read_back.contains("/3/key"), "{read_back}");
    hangs_up(&desk, &call).await;
    assert!(desk.store.opt_outs(9).await.expect("the list").is_empty());

    let late = asks(&desk, &call, "1/key", "9").await;
    let attempt = desk.record(&call).await.attempt;
    assert_eq!((&*attempt.keys, attempt.outcome), ("91", Some(Outcome::Confirmed)));
    assert_eq!(desk.store.opt_outs(9).await.expect("the list").len(), 1);
    let before = desk.rows(&[&call]).await;
    assert_eq!(asks(&desk, &call, "1/key", "9").await, late);
    assert_eq!(desk.rows(&[&call]).await, before, "once");
    let verdicts: Vec<_> = desk.entries().await.into_iter().map(|entry| (entry.path, entry.verdict)).collect();
    assert!(verdicts.contains(&("voice/{token}/1/key".into(), "late".into())), "{verdicts:?}");
}

#[tokio::test]
async fn a_choice_counts_unless_another_one_was_made_since() {
    for (since, keys, outcome) in [("", "1", Outcome::Confirmed), ("2", "12", Outcome::RescheduleRequested)] {
        let desk = WebDesk::open(Setup::default()).await;
        let call = desk.call(1).await;
        asks(&desk, &call, "answered", "").await;
        falls_back(&desk, &call, "1/key").await;
        asks(&desk, &call, if since.is_empty() { "2/silence" } else { "2/key" }, since).await;
        asks(&desk, &call, "1/key", "1").await;
        hangs_up(&desk, &call).await;
        let attempt = desk.record(&call).await.attempt;
        assert_eq!((&*attempt.keys, attempt.outcome), (keys, Some(outcome)));
    }
}
