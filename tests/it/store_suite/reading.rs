use super::TestStore;
use super::samples::*;
use callahead::core::domain::{AttemptStatus, Outcome};
use callahead::store::{CallCount, Direction, WebhookQuery};

on_both_stores![
    calls_are_listed_oldest_first,
    calls_are_counted_by_status_and_outcome,
    the_webhook_log_is_read_in_order_and_in_parts,
    a_strange_request_can_be_logged,
];

async fn calls_are_listed_oldest_first(store: TestStore) {
    let mut open = Vec::new();
    for (id, status, placed, ended) in [
        ("second", AttemptStatus::Completed, Some(2), Some(9)),
        ("first", AttemptStatus::Ringing, Some(1), None),
        ("third", AttemptStatus::Cancelled, None, Some(3)),
        ("waiting", AttemptStatus::Planned, None, None),
        ("held", AttemptStatus::Leased, None, None),
    ] {
        let (promise, mut call) = planned(id, number(open.len() as u32));
        (call.status, call.placed_at, call.ended_at) = (status, placed.map(at), ended.map(at));
        open.push((promise, call));
    }
    store.commit_plan(&plan(open.clone())).await.expect("written");
    let ids = |lines: Vec<callahead::store::CallLine>| lines.into_iter().map(|l| l.attempt.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(store.calls(None, 10).await.expect("calls")), ["att-first", "att-second", "att-third"]);
    assert_eq!(ids(store.calls(None, 2).await.expect("calls")), ["att-first", "att-second"]);
    assert_eq!(ids(store.calls(Some(at(2)), 10).await.expect("calls")), ["att-second", "att-third"]);
    let line = store.calls(Some(at(2)), 1).await.expect("calls").remove(0);
    assert_eq!((&line.outreach, &line.attempt, line.opted_out), (&open[0].0, &open[0].1, false));
}

async fn calls_are_counted_by_status_and_outcome(store: TestStore) {
    assert!(store.call_counts().await.expect("counts").is_empty());
    let mut open = Vec::new();
    for (status, outcome) in [
        (AttemptStatus::Completed, Some(Outcome::Heard)),
        (AttemptStatus::Completed, Some(Outcome::Confirmed)),
        (AttemptStatus::Planned, None),
        (AttemptStatus::Completed, Some(Outcome::Heard)),
    ] {
        let (promise, mut call) = planned(&format!("p{}", open.len()), number(open.len() as u32));
        (call.status, call.outcome) = (status, outcome);
        open.push((promise, call));
    }
    store.commit_plan(&plan(open)).await.expect("written");
    let count = |status, outcome, count| CallCount { status, outcome, count };
    let want = [
        count(AttemptStatus::Planned, None, 1),
        count(AttemptStatus::Completed, Some(Outcome::Confirmed), 1),
        count(AttemptStatus::Completed, Some(Outcome::Heard), 2),
    ];
    assert_eq!(store.call_counts().await.expect("counts"), want);
}

async fn the_webhook_log_is_read_in_order_and_in_parts(store: TestStore) {
    let mut unanswered = entry(0, None);
    (unanswered.direction, unanswered.status, unanswered.duration_us) = (Direction::Out, 0, u64::from(u32::MAX) * 9);
    let mut others: Vec<_> = (1..6).map(|n| entry(n, Some(if n % 2 == 0 { "att-even" } else { "att-odd" }))).collect();
    others[0].body = "SpeechResult=¿Qué?".to_string();
    store.log_webhooks(&[]).await.expect("nothing to keep");
    store.log_webhooks(std::slice::from_ref(&unanswered)).await.expect("kept");
    store.log_webhooks(&others).await.expect("kept");

    let read = |query: WebhookQuery| {
        let store = &store;
        async move { store.webhooks(&query).await.expect("the log") }
    };
    let all = read(WebhookQuery::default()).await;
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let entries: Vec<_> = all.iter().map(|(_, entry)| entry.clone()).collect();
    assert_eq!(entries, [vec![unanswered], others].concat());

    let minutes = |log: Vec<(i64, callahead::store::WebhookEntry)>| -> Vec<_> {
        log.into_iter().map(|(_, entry)| (entry.at - at(0)).num_minutes()).collect()
    };
    let odd = WebhookQuery { attempt: Some("att-odd".into()), ..WebhookQuery::default() };
    assert_eq!(minutes(read(odd.clone()).await), [1, 3, 5]);
    assert_eq!(minutes(read(WebhookQuery { since: Some(at(3)), ..odd.clone() }).await), [3, 5]);
    assert_eq!(minutes(read(WebhookQuery { since: Some(at(4)), ..WebhookQuery::default() }).await), [4, 5]);
    assert_eq!(minutes(read(WebhookQuery { after: Some(all[2].0), limit: 2, ..WebhookQuery::default() }).await), [3, 4]);
    assert_eq!(minutes(read(WebhookQuery { after: Some(all[1].0), limit: 1, ..odd }).await), [3]);
}

async fn a_strange_request_can_be_logged(store: TestStore) {
    let mut strange = entry(0, None);
    (strange.path, strange.body) = ("/carriers/\0/ünï".to_string(), "\0".repeat(3));
    store.log_webhooks(&[strange]).await.expect("kept");
    let log = store.webhooks(&WebhookQuery::default()).await.expect("the log");
    assert_eq!((log[0].1.path.as_str(), log[0].1.body.as_str()), ("/carriers/␀/ünï", "␀␀␀"));
}
