use super::TestStore;
use super::samples::*;
use callahead::core::ids::SiteKey;
use callahead::store::{Consent, IntakeBatch};
use chrono::{DateTime, Duration, Utc};

on_both_stores![
    a_feed_is_silent_from_the_moment_it_was_last_heard,
    what_is_taken_in_by_hand_leaves_no_trace_of_a_feed,
    where_a_number_came_from_is_kept_once_for_each_source,
    only_the_holder_keeps_a_lease_until_it_ends,
    of_two_at_once_one_gets_the_lease,
];

fn sites(sites: &[&str]) -> Vec<SiteKey> {
    sites.iter().map(|site| (*site).into()).collect()
}

async fn silent(store: &TestStore, before: DateTime<Utc>) -> Vec<(String, Vec<SiteKey>)> {
    let feeds = store.silent_feeds(before).await.expect("feeds");
    feeds.into_iter().map(|(feed, sites)| (feed.to_string(), sites)).collect()
}

fn from_epic(minute: i64, spoken_of: &[&str]) -> IntakeBatch {
    IntakeBatch { at: at(minute), heard: Some(sites(spoken_of)), ..batch(vec![], vec![]) }
}

async fn a_feed_is_silent_from_the_moment_it_was_last_heard(store: TestStore) {
    store.commit_intake(&from_epic(0, &["quincy", "boston"])).await.expect("a message");
    store.feed_heard(&"cerner".into(), &sites(&["boston"]), at(1)).await.expect("an empty poll");
    assert!(silent(&store, at(0)).await.is_empty());
    let epic = ("epic".to_string(), sites(&["boston", "quincy"]));
    assert_eq!(silent(&store, at(0) + Duration::microseconds(1)).await, std::slice::from_ref(&epic));
    let cerner = ("cerner".to_string(), sites(&["boston"]));
    assert_eq!(silent(&store, at(2)).await, [cerner.clone(), epic]);

    store.commit_intake(&from_epic(5, &["boston"])).await.expect("a message");
    assert_eq!(silent(&store, at(5)).await, [cerner], "one message is heard for all its sites: its link is one");
    store.feed_heard(&"epic".into(), &[], at(6)).await.expect("an empty poll");
    store.feed_heard(&"epic".into(), &[], at(4)).await.expect("a replica whose clock is behind");
    store.feed_heard(&"cerner".into(), &[], at(6)).await.expect("an empty poll");
    assert!(silent(&store, at(6)).await.is_empty());
    assert_eq!(silent(&store, at(7)).await.len(), 2);
}

async fn what_is_taken_in_by_hand_leaves_no_trace_of_a_feed(store: TestStore) {
    store.commit_intake(&batch(vec![new(appointment("A1", "ada", day(3)))], vec![])).await.expect("by hand");
    assert!(silent(&store, day(999)).await.is_empty(), "a site without a live feed is never stopped for it");
}

async fn where_a_number_came_from_is_kept_once_for_each_source(store: TestStore) {
    let from = |patient: &str, last, source: &str, minute| Consent {
        patient: patient.into(),
        phone: number(last),
        source: source.to_string(),
        at: at(minute),
        feed: "epic".into(),
    };
    let told = |consents| IntakeBatch { consents, ..batch(vec![], vec![]) };
    let first = vec![from("ada", 1, "intake form, „2024“", 0), from("ada", 2, "feed epic", 0), from("bob", 1, "feed epic", 0)];
    store.commit_intake(&told(first.clone())).await.expect("written");
    let again = vec![from("ada", 1, "intake form, „2024“", 7), from("ada", 1, "portal", 7)];
    store.commit_intake(&told(again.clone())).await.expect("written");
    let adas = vec![first[0].clone(), first[1].clone(), again[1].clone()];
    assert_eq!(store.consents(&"ada".into()).await.expect("consents"), adas, "the first time stands");
    let known = store.load_known(&[], &["bob".into(), "ada".into()]).await.expect("what is known");
    assert_eq!(known.consents, [&adas[..2], &first[2..], &adas[2..]].concat());
}

async fn only_the_holder_keeps_a_lease_until_it_ends(store: TestStore) {
    let other = store.again().await;
    assert!(store.hold_lease("planner", "a", at(0), at(2)).await.expect("a try"));
    assert!(!other.hold_lease("planner", "b", at(1), at(3)).await.expect("a try"), "a has it");
    assert!(other.hold_lease("another", "b", at(1), at(3)).await.expect("a try"), "each name is a lease of its own");
    assert!(store.hold_lease("planner", "a", at(1), at(4)).await.expect("a try"), "renewed");
    assert!(!other.hold_lease("planner", "b", at(4) - Duration::microseconds(1), at(9)).await.expect("a try"));
    assert!(other.hold_lease("planner", "b", at(4), at(9)).await.expect("a try"), "it is over");
    assert!(!store.hold_lease("planner", "a", at(5), at(9)).await.expect("a try"), "b has it now");
    store.leave_lease("planner", "a").await.expect("nothing happens");
    assert!(!store.hold_lease("planner", "a", at(5), at(9)).await.expect("a try"));
    other.leave_lease("planner", "b").await.expect("left");
    assert!(store.hold_lease("planner", "a", at(5), at(9)).await.expect("a try"), "nobody waits for what was left");
}

async fn of_two_at_once_one_gets_the_lease(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let (now, until) = (at(round), at(round + 1));
        let (one, two) = tokio::join!(store.hold_lease("planner", "a", now, until), other.hold_lease("planner", "b", now, until));
        assert!(one.expect("a try") != two.expect("a try"), "round {round}");
    }
}
