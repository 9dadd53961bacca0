//! Times that a restored store knows nothing of.

use super::TestStore;
use super::samples::at;
use callahead::core::domain::PhoneNumber;

on_both_stores!(a_copy_is_none_any_more_when_its_lost_time_is_noted, a_number_is_asked_about_once_for_each_lost_time);

async fn a_copy_is_none_any_more_when_its_lost_time_is_noted(store: TestStore) {
    assert_eq!((store.copied_at().await.expect("read"), store.lost_times().await.expect("read")), (None, vec![]));
    store.mark_copy(at(-60)).await.expect("marked");
    assert_eq!(store.copied_at().await.expect("read"), Some(at(-60)));
    assert_eq!(store.lost_times().await.expect("read"), vec![], "nothing is restored yet");
    store.note_lost_time(at(-60), at(0)).await.expect("noted");
    assert_eq!(store.copied_at().await.expect("read"), None);
    let lost = store.lost_times().await.expect("read");
    assert_eq!(lost.iter().map(|lost| (lost.from, lost.until)).collect::<Vec<_>>(), [(at(-60), at(0))]);
}

async fn a_number_is_asked_about_once_for_each_lost_time(store: TestStore) {
    let number = |digits: &str| PhoneNumber::parse(digits).expect("a number");
    let (ada, bob) = (number("+16175550101"), number("+16175550102"));
    store.note_lost_time(at(-60), at(-30)).await.expect("noted");
    store.note_lost_time(at(-20), at(0)).await.expect("noted");
    let lost = store.lost_times().await.expect("read");
    assert_eq!(lost.len(), 2, "each restoring loses a time of its own");
    for _ in 0..2 {
        store.note_asked(&lost[0], &ada).await.expect("noted");
    }
    for (time, phone, asked) in [(0, &ada, true), (0, &bob, false), (1, &ada, false)] {
        assert_eq!(store.is_asked(&lost[time], phone).await.expect("read"), asked, "{time}");
    }
}
