use super::TestStore;
use super::samples::*;
use callahead::core::call::{CallEvent, FinalStatus, Key};
use callahead::core::domain::{AnsweredBy, AttemptStatus, EndReason, Outcome, WorkKind};
use callahead::store::{OptOut, StoreError, StoredEvent, StoredStanding, WebhookQuery};

on_both_stores![
    events_read_back_in_the_order_of_arrival,
    everything_that_follows_is_written_at_once,
    whoever_is_late_must_load_again_and_nothing_is_written,
    a_reply_is_kept_once,
    a_standing_without_events_is_checked_too,
    many_webhooks_at_once_lose_nothing,
    one_event_with_its_log_entry_is_whole_or_not_there,
];

fn key(c: char, step: u32) -> CallEvent {
    CallEvent::Key { step, key: Key::new(c).expect("a key") }
}

async fn events_read_back_in_the_order_of_arrival(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    let events = vec![
        StoredEvent {
            at: at(2),
            event: CallEvent::Answered { answered_by: Some(AnsweredBy::Human) },
            key: Some("step:0".to_string()),
            reply: Some("<Response><Play>ünï ✓</Play></Response>".to_string()),
        },
        event(1, CallEvent::PickedUp),
        event(3, key('1', 1)),
        event(3, CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(41), reason: Some(EndReason::HungUp) }),
    ];
    let over = StoredStanding {
        status: AttemptStatus::Completed,
        answered_at: Some(at(2)),
        ended_at: Some(at(3)),
        answered_by: Some(AnsweredBy::Human),
        heard_seconds: Some(41),
        keys: "1".to_string(),
        outcome: Some(Outcome::Confirmed),
        end_reason: Some(EndReason::HungUp),
    };
    let first = call_commit("ada", 0, events[..1].to_vec(), standing(AttemptStatus::InProgress));
    store.commit_call(&first).await.expect("the first");
    store.commit_call(&call_commit("ada", 1, events[1..].to_vec(), over)).await.expect("the rest");

    let call = store.load_call(&"token-ada".into()).await.expect("a look").expect("it is there");
    assert_eq!(call.events, events);
    let a = &call.attempt;
    assert_eq!((a.status, a.answered_at, a.ended_at), (AttemptStatus::Completed, Some(at(2)), Some(at(3))));
    assert_eq!((a.answered_by, a.heard_seconds, a.keys.as_str()), (Some(AnsweredBy::Human), Some(41), "1"));
    assert_eq!((a.outcome, a.end_reason), (Some(Outcome::Confirmed), Some(EndReason::HungUp)));
    assert_eq!(store.load_call_by_id(&"att-ada".into()).await.expect("a look"), Some(call));
    assert!(store.load_call(&"token-of-nobody".into()).await.expect("a look").is_none());
    assert!(store.load_call_by_id(&"att-nobody".into()).await.expect("a look").is_none());
    store.commit_plan(&plan(vec![planned("bob", number(2))])).await.expect("planned");
    assert!(store.load_call_by_id(&"att-bob".into()).await.expect("a look").is_none(), "no call was ever to be made");
}

async fn everything_that_follows_is_written_at_once(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    let mut commit = call_commit("ada", 0, vec![event(2, key('9', 1))], standing(AttemptStatus::InProgress));
    commit.carrier_call_id = Some("CA1".to_string());
    commit.opt_out = Some(OptOut { patient: Some("ada".into()), phone: Some(number(1)), at: at(2), how: "key 9".to_string() });
    commit.open_work = vec![work("w1", WorkKind::RescheduleRequest, Some("ada"), 2)];
    commit.audio = vec![("a1".to_string(), "recipe 1".to_string()), ("a2".to_string(), "recipe 2".to_string())];
    commit.log = Some(entry(2, Some("att-ada")));
    store.commit_call(&commit).await.expect("written");

    assert_eq!(store.opt_outs(u32::MAX).await.expect("the list"), vec![commit.opt_out.clone().expect("there is one")]);
    assert_eq!(store.worklist(false, u32::MAX).await.expect("items"), commit.open_work);
    assert_eq!(store.audio_recipe("a2").await.expect("a look").as_deref(), Some("recipe 2"));
    assert_eq!(store.audio_recipe("a3").await.expect("a look"), None);
    let log = store.webhooks(&WebhookQuery::default()).await.expect("the log");
    assert_eq!(log.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(), [entry(2, Some("att-ada"))]);
    let calls = store.calls(None, 9).await.expect("calls");
    assert!(calls[0].opted_out && calls[0].attempt.carrier_call_id.as_deref() == Some("CA1"));

    let mut later = call_commit("ada", 1, vec![event(3, CallEvent::PickedUp)], standing(AttemptStatus::InProgress));
    later.audio = vec![("a1".to_string(), "another recipe".to_string())];
    store.commit_call(&later).await.expect("written");
    assert_eq!(store.audio_recipe("a1").await.expect("a look").as_deref(), Some("recipe 1"), "known ones are left alone");
    let calls = store.calls(None, 9).await.expect("calls");
    assert!(calls[0].opted_out && calls[0].attempt.carrier_call_id.as_deref() == Some("CA1"), "neither is forgotten");
}

async fn whoever_is_late_must_load_again_and_nothing_is_written(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    let first = call_commit("ada", 0, vec![event(2, CallEvent::Ringing)], standing(AttemptStatus::Ringing));
    store.commit_call(&first).await.expect("the first");
    for (after, why) in [(0, "one came in between"), (2, "there are not that many")] {
        let mut late = call_commit("ada", after, vec![event(2, key('9', 1))], standing(AttemptStatus::Completed));
        late.opt_out = Some(OptOut { patient: Some("ada".into()), phone: None, at: at(2), how: "key 9".to_string() });
        late.open_work = vec![work("w1", WorkKind::RescheduleRequest, Some("ada"), 2)];
        late.audio = vec![("a1".to_string(), "recipe".to_string())];
        late.log = Some(entry(2, Some("att-ada")));
        assert!(matches!(store.commit_call(&late).await, Err(StoreError::Conflict)), "{why}");
    }
    let unheard_of = call_commit("nobody", 0, vec![], standing(AttemptStatus::Completed));
    assert!(matches!(store.commit_call(&unheard_of).await, Err(StoreError::Conflict)), "no such call");

    let call = store.load_call(&"token-ada".into()).await.expect("a look").expect("it is there");
    assert_eq!((call.events.len(), call.attempt.status), (1, AttemptStatus::Ringing));
    assert!(store.opt_outs(u32::MAX).await.expect("the list").is_empty());
    assert!(store.worklist(true, u32::MAX).await.expect("items").is_empty());
    assert!(store.webhooks(&WebhookQuery::default()).await.expect("the log").is_empty());
    assert_eq!(store.audio_recipe("a1").await.expect("a look"), None);
}

async fn a_reply_is_kept_once(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    requesting(&*store, "bob", number(2)).await;
    let answered = |c| StoredEvent { key: Some("step:1".to_string()), ..event(2, key(c, 1)) };
    let commit = |who, after, c| call_commit(who, after, vec![answered(c)], standing(AttemptStatus::InProgress));
    store.commit_call(&commit("ada", 0, '1')).await.expect("the first");
    assert!(matches!(store.commit_call(&commit("ada", 1, '2')).await, Err(StoreError::Conflict)), "step 1 has its reply");
    store.commit_call(&commit("bob", 0, '2')).await.expect("another call has a step 1 too");
    let call = store.load_call(&"token-ada".into()).await.expect("a look").expect("it is there");
    assert_eq!(call.events, [answered('1')], "nothing of the repeat was written");
}

async fn a_standing_without_events_is_checked_too(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    store.commit_call(&call_commit("ada", 0, vec![], standing(AttemptStatus::Unknown))).await.expect("nothing came yet");
    let ringing = call_commit("ada", 0, vec![event(2, CallEvent::Ringing)], standing(AttemptStatus::Ringing));
    store.commit_call(&ringing).await.expect("something comes");
    let stale = call_commit("ada", 0, vec![], standing(AttemptStatus::Failed));
    assert!(matches!(store.commit_call(&stale).await, Err(StoreError::Conflict)));
    let call = store.load_call_by_id(&"att-ada".into()).await.expect("a look").expect("it is there");
    assert_eq!(call.attempt.status, AttemptStatus::Ringing);
}

/// Webhooks of one call, answered by several replicas at once: each loads, decides, commits, and on a conflict again.
async fn many_webhooks_at_once_lose_nothing(store: TestStore) {
    const WEBHOOKS: u32 = 24;
    requesting(&*store, "ada", number(1)).await;
    let replicas = [store.share(), store.again().await, store.again().await];
    let tasks = (0..WEBHOOKS).map(|step| {
        let replica = replicas[step as usize % replicas.len()].clone();
        tokio::spawn(async move {
            for _ in 0..=WEBHOOKS {
                let known = replica.load_call(&"token-ada".into()).await.expect("a look").expect("it is there").events.len();
                let heard = StoredEvent { key: Some(format!("step:{step}")), ..event(2, CallEvent::Silence { step }) };
                let commit = call_commit("ada", known, vec![heard], standing(AttemptStatus::InProgress));
                match replica.commit_call(&commit).await {
                    Ok(()) => return,
                    Err(StoreError::Conflict) => {}
                    Err(trouble) => panic!("{trouble}"),
                }
            }
            panic!("each round lets one through");
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("it gets through");
    }
    let call = store.load_call(&"token-ada".into()).await.expect("a look").expect("it is there");
    let mut steps: Vec<_> = call.events.iter().map(|e| e.key.clone().expect("a key")).collect();
    steps.sort();
    steps.dedup();
    assert_eq!((call.events.len(), steps.len()), (WEBHOOKS as usize, WEBHOOKS as usize));
}

/// What most webhooks write, which PostgreSQL takes in one statement.
async fn one_event_with_its_log_entry_is_whole_or_not_there(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    let answered = StoredStanding {
        answered_at: Some(at(2)),
        answered_by: Some(AnsweredBy::Human),
        keys: "1".to_string(),
        ..standing(AttemptStatus::InProgress)
    };
    let told = StoredEvent { at: at(2), event: key('1', 1), key: Some("step:1".into()), reply: Some("<Response/>".into()) };
    let mut first = call_commit("ada", 0, vec![told.clone()], answered.clone());
    first.carrier_call_id = Some("CA1".to_string());
    first.log = Some(entry(2, Some("att-ada")));
    store.commit_call(&first).await.expect("written");
    let log = || async { store.webhooks(&WebhookQuery::default()).await.expect("the log").len() };
    let call = || async { store.load_call(&"token-ada".into()).await.expect("a look").expect("a call") };
    let before = call().await;
    assert_eq!((before.events.clone(), log().await), (vec![told.clone()], 1));
    let a = &before.attempt;
    assert_eq!((a.status, a.answered_at, a.answered_by), (AttemptStatus::InProgress, Some(at(2)), Some(AnsweredBy::Human)));
    assert_eq!((a.keys.as_str(), a.carrier_call_id.as_deref()), ("1", Some("CA1")));

    // Whoever is late writes nothing, nor does who repeats a reply; a later id changes none.
    assert!(matches!(store.commit_call(&first).await, Err(StoreError::Conflict)));
    let mut again = call_commit("ada", 1, vec![told], answered.clone());
    again.log = Some(entry(3, Some("att-ada")));
    assert!(matches!(store.commit_call(&again).await, Err(StoreError::Conflict)));
    assert_eq!((call().await, log().await), (before, 1));
    let mut next = call_commit("ada", 1, vec![event(3, CallEvent::PickedUp)], answered);
    next.carrier_call_id = Some("CA2".to_string());
    next.log = Some(entry(3, Some("att-ada")));
    store.commit_call(&next).await.expect("written");
    assert_eq!((call().await.attempt.carrier_call_id.as_deref(), log().await), (Some("CA1"), 2));
}
