use super::TestStore;
use super::samples::*;
use callahead::core::domain::PhoneNumber;
use callahead::store::{OptIn, OptOut, OptOutRecord, RequestVerdict};

on_both_stores![
    the_suppression_list_is_newest_first_and_keeps_each_once,
    an_entry_that_is_taken_back_stays_on_record,
    only_what_is_taken_back_is,
    what_a_feed_said_is_taken_back_with_the_patient,
];

async fn the_suppression_list_is_newest_first_and_keeps_each_once(store: TestStore) {
    let out = |patient: Option<&str>, phone: Option<u32>, minute, how: &str| OptOut {
        patient: patient.map(Into::into),
        phone: phone.map(number),
        at: at(minute),
        how: how.to_string(),
    };
    let list = [
        out(Some("ada"), Some(1), 5, "key 9"),
        out(None, Some(1), 4, "key 9"),
        out(Some("ada"), None, 3, "import"),
        out(Some("ada"), None, 3, "kim"),
    ];
    for opt_out in list.iter().rev() {
        store.add_opt_out(opt_out).await.expect("added");
    }
    store.add_opt_out(&out(Some("ada"), None, 9, "import")).await.expect("the next night's import says it again");
    let got = store.opt_outs(u32::MAX).await.expect("the list");
    let want = [&list[0], &list[1], &list[2], &list[3]].map(Clone::clone);
    assert_eq!(got, want);
    assert_eq!(store.opt_outs(2).await.expect("the list"), want[..2]);
}

fn out(patient: Option<&str>, phone: Option<u32>, minute: i64) -> OptOut {
    let how = "key 9".to_string();
    OptOut { patient: patient.map(Into::into), phone: phone.map(number), at: at(minute), how }
}

fn again(patient: Option<&str>, phone: Option<PhoneNumber>) -> OptIn {
    OptIn { patient: patient.map(Into::into), phone, at: at(50), by: "Kim, by letter".to_string() }
}

async fn an_entry_that_is_taken_back_stays_on_record(store: TestStore) {
    store.commit_intake(&batch(vec![], vec![new(patient("ada", number(1)))])).await.expect("a patient");
    leased(&*store, &[("ada", number(1))], "d").await;
    store.add_opt_out(&out(Some("ada"), None, 0)).await.expect("added");
    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::OptedOut);
    assert_eq!(store.remove_opt_outs(&again(Some("bob"), Some(number(9)))).await.expect("removed"), 0);
    assert_eq!(store.remove_opt_outs(&again(Some("ada"), None)).await.expect("removed"), 1);
    assert_eq!(store.remove_opt_outs(&again(Some("ada"), None)).await.expect("removed"), 0, "it is taken back already");

    assert!(store.opt_outs(9).await.expect("the list").is_empty());
    assert!(!store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].opted_out);
    let gone = OptOutRecord { opt_out: out(Some("ada"), None, 0), removed: Some((at(50), "Kim, by letter".to_string())) };
    assert_eq!(store.opt_out_records(9).await.expect("records"), std::slice::from_ref(&gone));
    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::Granted);

    store.add_opt_out(&out(Some("ada"), None, 60)).await.expect("key 9 again");
    assert!(store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].opted_out);
    let stands = OptOutRecord { opt_out: out(Some("ada"), None, 60), removed: None };
    assert_eq!(store.opt_out_records(9).await.expect("records"), [stands, gone]);
}

/// Key 9 opts out a patient on all numbers, and the number for everybody.
async fn only_what_is_taken_back_is(store: TestStore) {
    store.add_opt_out(&out(Some("ada"), Some(1), 0)).await.expect("added");
    store.add_opt_out(&out(Some("bob"), Some(1), 1)).await.expect("added");
    let list = async || {
        let list = store.opt_outs(9).await.expect("the list");
        list.into_iter().map(|o| (o.patient.map(|p| p.as_str().to_string()), o.phone, o.at)).collect::<Vec<_>>()
    };
    let (ada, bob) = (Some("ada".to_string()), Some("bob".to_string()));
    assert_eq!(store.remove_opt_outs(&again(Some("ada"), None)).await.expect("removed"), 1);
    assert_eq!(list().await, [(bob.clone(), Some(number(1)), at(1)), (None, Some(number(1)), at(0))], "the number stands on");
    assert_eq!(store.remove_opt_outs(&again(None, Some(number(1)))).await.expect("removed"), 2);
    assert_eq!(list().await, [(bob, None, at(1))], "so does bob");
    store.add_opt_out(&out(Some("ada"), Some(2), 5)).await.expect("added");
    assert_eq!(store.remove_opt_outs(&again(Some("ada"), Some(number(2)))).await.expect("removed"), 1);
    assert!(list().await.iter().all(|(patient, ..)| *patient != ada));
    assert_eq!(list().await.len(), 1);
}

async fn what_a_feed_said_is_taken_back_with_the_patient(store: TestStore) {
    let mut ada = patient("ada", number(1));
    (ada.flags.opt_out, ada.flags.tty) = (true, true);
    store.commit_intake(&batch(vec![], vec![new(ada)])).await.expect("a patient");
    let stamp = store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].stamp;
    store.remove_opt_outs(&again(Some("ada"), None)).await.expect("removed");
    let known = store.load_known(&[], &["ada".into()]).await.expect("what is known").patients.remove(0);
    assert_eq!((known.value.flags.opt_out, known.value.flags.tty, known.revision), (false, true, 2));
    assert_ne!(store.load_facts(&["ada".into()], at(0)).await.expect("facts")[0].stamp, stamp);
}
