use super::TestStore;
use super::samples::*;
use callahead::core::domain::{AttemptStatus, Outcome};
use callahead::store::{CallCount, CallQuery, Direction, WebhookQuery};

on_both_stores![
    calls_are_listed_oldest_first,
    the_newest_calls_come_page_by_page,
    calls_are_counted_by_status_and_outcome,
    the_webhook_log_is_read_in_order_and_in_parts,
    the_end_of_the_webhook_log_is_read_without_the_rest,
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

async fn the_newest_calls_come_page_by_page(store: TestStore) {
    let open = (0..7).map(|n| {
        let (promise, mut call) = planned(&format!("p{n}"), number(n));
        // Pairs begin at the same moment: their ids decide.
        (call.status, call.placed_at) = (AttemptStatus::Completed, Some(at(i64::from(n / 2))));
        (promise, call)
    });
    store.commit_plan(&plan(open.collect())).await.expect("written");
    let page = async |query: CallQuery| {
        let lines = store.newest_calls(&query).await.expect("calls");
        lines.into_iter().map(|l| l.attempt.id.to_string()).collect::<Vec<_>>()
    };
    let before = |id: &str| CallQuery { before: Some(id.into()), limit: 3, ..CallQuery::default() };
    assert_eq!(page(CallQuery { limit: 3, ..CallQuery::default() }).await, ["att-p6", "att-p5", "att-p4"]);
    assert_eq!(page(before("att-p4")).await, ["att-p3", "att-p2", "att-p1"]);
    assert_eq!(page(before("att-p1")).await, ["att-p0"]);
    assert!(page(before("att-p0")).await.is_empty());
    assert!(page(before("att-nobody")).await.is_empty());
    let since = CallQuery { since: Some(at(2)), before: Some("att-p5".into()), limit: 9 };
    assert_eq!(page(since).await, ["att-p4"]);
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

async fn the_end_of_the_webhook_log_is_read_without_the_rest(store: TestStore) {
    let entries: Vec<_> = (0..6).map(|n| entry(n, Some(if n % 2 == 0 { "att-even" } else { "att-odd" }))).collect();
    store.log_webhooks(&entries).await.expect("kept");
    let read = async |query: WebhookQuery| {
        let log = store.webhooks(&query).await.expect("the log");
        log.into_iter().map(|(_, entry)| (entry.at - at(0)).num_minutes()).collect::<Vec<_>>()
    };
    let last = WebhookQuery { limit: 2, newest: true, ..WebhookQuery::default() };
    assert_eq!(read(last.clone()).await, [4, 5]);
    assert_eq!(read(WebhookQuery { attempt: Some("att-even".into()), ..last }).await, [2, 4]);
}

async fn a_strange_request_can_be_logged(store: TestStore) {
    let mut strange = entry(0, None);
    (strange.path, strange.body) = ("/carriers/\0/ünï".to_string(), "\0".repeat(3));
    store.log_webhooks(&[strange]).await.expect("kept");
    let log = store.webhooks(&WebhookQuery::default()).await.expect("the log");
    assert_eq!((log[0].1.path.as_str(), log[0].1.body.as_str()), ("/carriers/␀/ünï", "␀␀␀"));
}
