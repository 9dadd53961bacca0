use super::TestStore;
use super::samples::*;
use callahead::core::domain::{Appointment, Service};
use callahead::core::phi::Phi;
use callahead::store::Reclassify;

on_both_stores![
    bookings_that_rules_classed_come_in_pages,
    only_the_class_that_rules_gave_is_replaced,
    what_no_rule_knows_is_counted,
];

/// A booking that rules classed by what its feed says.
fn by_rule(id: &str, days: i64, service: Service, visit_type: &str) -> Appointment {
    let visit_type = Some(Phi::new(visit_type.to_string()));
    Appointment { service, service_by_rule: true, visit_type, ..appointment(id, "p", day(days)) }
}

async fn book(store: &TestStore, bookings: Vec<Appointment>) {
    store.commit_intake(&batch(bookings.into_iter().map(new).collect(), vec![])).await.expect("booked");
}

async fn bookings_that_rules_classed_come_in_pages(store: TestStore) {
    let exam = |id, days| by_rule(id, days, Service::Exam, "FOLLOW UP");
    let named = Appointment { service_by_rule: false, ..exam("A3", 3) };
    book(&store, vec![exam("A5", 4), exam("A2", 3), exam("A1", 3), named, exam("A0", 1)]).await;
    let (mut place, mut seen) = ((day(2), "".into()), Vec::new());
    loop {
        let page = store.classed_by_rule((place.0, &place.1), 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        place = (last.start, last.id.clone());
        seen.extend(page.iter().map(|booking| booking.id.as_str().to_string()));
    }
    assert_eq!(seen, ["A1", "A2", "A5"], "in order, each once, without the past and without what a feed classed");
}

async fn only_the_class_that_rules_gave_is_replaced(store: TestStore) {
    let named = Appointment { service_by_rule: false, ..by_rule("A2", 3, Service::Exam, "X") };
    book(&store, vec![by_rule("A1", 3, Service::Exam, "X"), named, by_rule("A3", 3, Service::Lab, "X")]).await;
    let before = store.load_known(&["A1".into()], &[]).await.expect("known").appointments[0].revision;
    let change = |id: &str| Reclassify { appointment: id.into(), from: Service::Exam, to: Service::Radiology };
    let changed = store.reclassify(&["A1", "A2", "A3", "A9"].map(change)).await.expect("written");
    assert_eq!(changed, 1, "A2's feed named it, A3 is something else meanwhile, A9 is not there");
    let known = store.load_known(&["A1".into(), "A2".into(), "A3".into()], &[]).await.expect("known").appointments;
    let classes: Vec<_> = known.iter().map(|booking| booking.value.service).collect();
    assert_eq!(classes, [Service::Radiology, Service::Exam, Service::Lab]);
    assert_eq!(known[0].revision, before + 1, "whoever judged it by the old class must judge again");
    assert!(known[0].value.service_by_rule, "rules may class it again");
}

async fn what_no_rule_knows_is_counted(store: TestStore) {
    let unknown = |id, days, words| by_rule(id, days, Service::Unknown, words);
    let silent = Appointment { visit_type: None, ..unknown("A6", 3, "") };
    let exam = by_rule("A5", 3, Service::Exam, "FOLLOW UP");
    book(&store, vec![unknown("A1", 4, "GRONK"), unknown("A2", 3, "GRONK"), unknown("A3", 1, "GRONK"), exam, silent]).await;
    let found = store.unknown_services(day(2), 10).await.expect("counted");
    let told: Vec<_> =
        found.iter().map(|kind| (kind.visit_type.as_ref().map(|w| w.reveal().as_str()), kind.appointments, kind.first)).collect();
    assert_eq!(told, [(Some("GRONK"), 2, day(3)), (None, 1, day(3))]);
    assert_eq!(store.unknown_services(day(0), 1).await.expect("counted")[0].appointments, 3);
}
