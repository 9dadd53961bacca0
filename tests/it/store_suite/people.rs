use super::TestStore;
use super::samples::*;
use callahead::core::domain::{WorkItem, WorkKind, WorkState};

on_both_stores![
    one_item_of_a_kind_is_open_for_a_visit,
    items_without_a_visit_are_told_apart_by_what_they_are_about,
    an_item_is_claimed_once_and_closed_once,
    items_are_listed_oldest_first,
    open_items_are_counted_and_found_by_patient,
];

async fn open(store: &TestStore, item: &WorkItem) -> bool {
    store.open_work(item).await.expect("tried to open")
}

async fn one_item_of_a_kind_is_open_for_a_visit(store: TestStore) {
    let mut first = work("w1", WorkKind::RescheduleRequest, Some("ada"), 0);
    (first.due_at, first.resolution) = (Some(day(1)), Some("wants “Fridays” 🗓".to_string()));
    assert!(open(&store, &first).await);
    assert!(!open(&store, &first).await, "the very same");
    let second = work("w2", WorkKind::RescheduleRequest, Some("ada"), 1);
    assert!(!open(&store, &second).await, "one is open");
    assert!(open(&store, &work("w3", WorkKind::WrongNumber, Some("ada"), 1)).await, "another kind");
    assert!(open(&store, &work("w4", WorkKind::RescheduleRequest, Some("bob"), 1)).await, "another visit");
    assert_eq!(store.worklist(false, u32::MAX).await.expect("items")[0], first);

    store.claim_work(&"w1".into(), "kim").await.expect("claimed");
    assert!(!open(&store, &second).await, "claimed is not closed");
    store.resolve_work(&"w1".into(), "moved").await.expect("closed");
    assert!(open(&store, &second).await, "now it may be opened again");
}

async fn items_without_a_visit_are_told_apart_by_what_they_are_about(store: TestStore) {
    let fault = |id: &str, what: &str| {
        let mut item = work(id, WorkKind::CarrierFault, None, 0);
        item.resolution = Some(what.to_string());
        item
    };
    assert!(open(&store, &fault("w1", "main refuses our credentials")).await);
    assert!(!open(&store, &fault("w2", "main refuses our credentials")).await);
    assert!(open(&store, &fault("w3", "spare refuses our credentials")).await);
    let mut about_ada = work("w4", WorkKind::Review, None, 0);
    about_ada.patient = Some("ada".into());
    assert!(open(&store, &about_ada).await);
    about_ada.id = "w5".into();
    assert!(!open(&store, &about_ada).await);
}

async fn an_item_is_claimed_once_and_closed_once(store: TestStore) {
    open(&store, &work("w1", WorkKind::Review, Some("ada"), 0)).await;
    assert!(store.claim_work(&"w1".into(), "Kim Ødegård").await.expect("a try"));
    assert!(!store.claim_work(&"w1".into(), "lee").await.expect("a try"), "kim has it");
    assert!(store.resolve_work(&"w1".into(), "called her").await.expect("a try"));
    assert!(!store.resolve_work(&"w1".into(), "called her twice").await.expect("a try"));
    assert!(!store.claim_work(&"w1".into(), "lee").await.expect("a try"), "it is closed");
    for unheard_of in [store.claim_work(&"w9".into(), "lee").await, store.resolve_work(&"w9".into(), "?").await] {
        assert!(!unheard_of.expect("a try"));
    }
    let item = store.worklist(true, u32::MAX).await.expect("items").remove(0);
    assert_eq!((item.state, item.owner.as_deref()), (WorkState::Closed, Some("Kim Ødegård")));
    assert_eq!(item.resolution.as_deref(), Some("called her"));
}

async fn items_are_listed_oldest_first(store: TestStore) {
    for (id, who, minute) in [("w3", "ada", 2), ("w2", "bob", 1), ("w1", "cleo", 1), ("w0", "dora", 3)] {
        open(&store, &work(id, WorkKind::Review, Some(who), minute)).await;
    }
    store.resolve_work(&"w3".into(), "done").await.expect("closed");
    let ids = |items: Vec<WorkItem>| items.into_iter().map(|w| w.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(store.worklist(false, u32::MAX).await.expect("items")), ["w1", "w2", "w0"]);
    assert_eq!(ids(store.worklist(true, u32::MAX).await.expect("items")), ["w1", "w2", "w3", "w0"]);
}

async fn open_items_are_counted_and_found_by_patient(store: TestStore) {
    assert_eq!(store.count_open_work().await.expect("a count"), 0);
    for (id, kind, who, minute) in [
        ("w1", WorkKind::Review, Some("ada"), 3),
        ("w2", WorkKind::Unreached, Some("ada"), 1),
        ("w3", WorkKind::Review, Some("bob"), 2),
        ("w4", WorkKind::Unreached, Some("bob"), 2),
        ("w5", WorkKind::Review, Some("cleo"), 1),
        ("w6", WorkKind::CarrierFault, None, 1),
    ] {
        open(&store, &work(id, kind, who, minute)).await;
    }
    store.claim_work(&"w2".into(), "kim").await.expect("claimed");
    store.resolve_work(&"w3".into(), "done").await.expect("closed");
    assert_eq!(store.count_open_work().await.expect("a count"), 5, "all but the closed one");
    assert_eq!(store.worklist(false, 2).await.expect("items").len(), 2, "a list has a limit");
}
