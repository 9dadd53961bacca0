//! Law 7, for everything that a carrier can ask while somebody is on the line: without a store it says "one moment, please"
//! three times, asks the same again each time, and then gives the number to call.

use crate::trouble::between;
use crate::webhook_desk::{Log, Setup, WebDesk, post, sid, token};
use callahead::core::call::CallEvent;
use callahead::core::domain::Outcome;
use callahead::store::{StoreError, StoredEvent};
use sqlx::{Connection, Executor, SqliteConnection};
use std::time::Duration;

/// A name, the address, the fields, and what travels.
type Asked = (&'static str, &'static str, Vec<(&'static str, &'static str)>, &'static str);

/// What is asked, and what of it must travel in the address that asks again.
fn asks() -> Vec<Asked> {
    vec![
        ("answered", "answered", vec![], ""),
        ("answered, with a verdict", "answered", vec![("AnsweredBy", "machine_end_beep")], "by=machine_end"),
        ("a key", "1/key", vec![("Digits", "1")], "key=%31"),
        ("star", "2/key", vec![("Digits", "*")], "key=%2A"),
        ("a gather without a key", "1/key", vec![("Digits", "")], ""),
        ("silence", "3/silence", vec![], ""),
        ("played", "2/played", vec![], ""),
        ("turned", "2/turned", vec![], ""),
        ("transferred", "4/transferred", vec![("DialCallStatus", "busy")], "result=busy"),
    ]
}

#[tokio::test]
async fn one_moment_three_times_and_then_the_apology() {
    let desk = WebDesk::open(Setup::default()).await;
    let call = desk.call(1).await;
    desk.store.close().await;
    assert!(matches!(desk.store.worklist(true, 1).await, Err(StoreError::Database(_))), "there is no store any more");
    let (log, _guard) = Log::open(tracing::Level::INFO);
    for (name, what, fields, kept) in asks() {
        let mut path = format!("voice/{call}/{what}");
        let mut fields = [&[("CallSid", "CA00000000000000000000000000000001")][..], &fields].concat();
        let mut waited = 0;
        for tries in 1..=3 {
            let (status, words) = desk.post(&path, &fields).await;
            assert_eq!(status, 200, "{name}");
            assert!(words.contains("<Play>") && !words.contains("<Hangup") && !words.contains("<Gather"), "{name}: {words}");
            let again = between(&words, "<Redirect method=\"POST\">", "</Redirect>");
            assert!(again.contains(&format!("?try={tries}")) && again.contains(kept), "{name}: {again}");
            assert!(again.contains(what.split('/').next_back().expect("a word")) || what.ends_with("key"), "{name}: {again}");
            let put: u32 =
                again.split("&put=").nth(1).and_then(|put| put.parse().ok()).unwrap_or_else(|| panic!("{name}: {again}"));
            assert!(put > waited + 500, "{name}: the words alone take longer than from {waited} to {put} ms");
            waited = put;
            path = again.strip_prefix("/carriers/main/").expect("our own address").to_string();
            // A redirect carries no key and no verdict: they must stand in the address.
            fields.truncate(1);
        }
        let (status, sorry) = desk.post(&path, &fields).await;
        assert_eq!(status, 200, "{name}");
        assert!(sorry.contains("<Play>") && sorry.contains("<Hangup/>") && !sorry.contains("<Redirect"), "{name}: {sorry}");
    }
    let lines = log.take();
    assert!(lines.iter().any(|line| line.contains("\"verdict\":\"one_moment\"")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains(&token(1)) && !line.contains("5551001")), "{lines:?}");
    let news = desk.post(&format!("status/{call}"), &[("CallSid", &sid(1)), ("CallStatus", "ringing")]).await;
    assert_eq!(news.0, 503, "nobody listens: the carrier may send it again");
}

/// A desk whose store others can open, too.
async fn in_a_file() -> (WebDesk, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("slow.db").display());
    (WebDesk::open(Setup { store: url.clone(), ..Setup::default() }).await, url, folder)
}

/// The strictest carrier reads for five seconds (carriers.md, section 7): words come before, however slow the store is.
#[tokio::test]
async fn words_come_within_the_strictest_budget() {
    let (desk, url, _folder) = in_a_file().await;
    let call = desk.call(1).await;
    let (log, _guard) = Log::open(tracing::Level::INFO);
    let mut other = SqliteConnection::connect(&url).await.expect("the file");
    other.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let known = post("main", &format!("voice/{call}/answered"), &[("CallSid", &sid(1))]);
    let stranger = post("main", &format!("voice/{}/answered", token(9)), &[("CallSid", &sid(9))]);
    let forged = post("nobody", &format!("voice/{call}/answered"), &[("CallSid", &sid(1))]);
    // The store would wait for longer than that, and then fail: whoever hears "one moment" did not wait for it.
    let (known, stranger, forged) = tokio::join!(desk.send(&known), desk.send(&stranger), desk.send(&forged));
    let lines = log.take();
    assert!(lines.iter().any(|line| line.contains("one_moment") && line.contains("the store is slow")), "{lines:?}");
    assert!(known.2.contains("try=1"), "{known:?}");
    assert!(stranger.2.contains("<Hangup/>"), "{stranger:?}");
    assert_eq!(forged.0, 404);
    other.execute("ROLLBACK").await.expect("released");
}

/// What is heard instead of the message is no time with the message, whichever of the two deliveries was committed.
#[tokio::test]
async fn while_an_answer_is_put_off_nothing_counts_as_heard() {
    let desk = WebDesk::open(Setup::default()).await;
    let (seconds, mut outcomes) = (desk.record(&desk.call(1).await).await.brief.message_ms.div_ceil(1000), Vec::new());
    for (n, questions, talked) in [
        (2, &["answered?try=1&put=7200"][..], seconds + 7),
        (3, &["answered?try=1&put=7200"], seconds + 8),
        (4, &["answered", "answered?try=1&put=7200"], seconds + 7),
        (5, &["answered", "answered?try=1&put=7200", "answered?try=1&put=7200"], seconds + 8),
        (6, &["answered?try=1&put=3000", "answered?try=2&put=7200", "answered?try=1&put=3000"], seconds + 8),
        (7, &["answered?try=1&put=3000", "1/key?try=1&key=%33&put=4500"], seconds + 7),
        (8, &["answered"], seconds),
        // The fallback address is asked, and the one that failed knows how long was waited before.
        (9, &["fallback lost answered?try=1&put=7200"], seconds + 7),
        (10, &["fallback lost answered?try=1&put=7200"], seconds + 8),
        (11, &["answered", "fallback lost 1/silence?try=1&put=7200"], seconds + 7),
    ] {
        let call = desk.call(n).await;
        let id = sid(n);
        for question in questions {
            let (path, lost) = question.split_once(" lost ").unwrap_or((question, ""));
            let url = format!("https://calls.example.org/carriers/main/voice/{call}/{lost}");
            let fields = [("CallSid", &*id), ("ErrorCode", "11200"), ("ErrorUrl", &*url)];
            let fields = if lost.is_empty() { &fields[..1] } else { &fields };
            let (status, words) = desk.post(&format!("voice/{call}/{path}"), fields).await;
            assert!(status == 200 && words.contains("<Gather"), "{question}: {words}");
        }
        // Where the answer was there already, it is written beside it.
        let kept = async {
            let is_longest = |kept: &StoredEvent| matches!(kept.event, CallEvent::PutOff { ms: 7_200 | 4_500, .. });
            while !desk.record(&call).await.events.iter().any(is_longest) {
                tokio::task::yield_now().await;
            }
        };
        if questions.iter().any(|question| question.contains("put=")) {
            tokio::time::timeout(Duration::from_secs(60), kept).await.expect("it is written down");
        }
        let over = [("CallSid", id.as_str()), ("CallStatus", "completed"), ("CallDuration", &talked.to_string())];
        assert_eq!(desk.post(&format!("status/{call}"), &over).await.0, 204);
        outcomes.push(desk.record(&call).await.attempt.outcome.map_or("none", |outcome| outcome.as_str()));
    }
    let (early, heard) = ("hung_up_early", "heard");
    assert_eq!(outcomes, [early, heard, early, heard, heard, early, heard, early, heard, early]);
}

/// And neither is the apology, which is said when nothing can be written.
#[tokio::test]
async fn how_long_was_waited_for_the_apology_is_written_when_the_store_is_back() {
    let (desk, url, _folder) = in_a_file().await;
    let call = desk.call(1).await;
    let seconds = desk.record(&call).await.brief.message_ms.div_ceil(1000);
    let mut other = SqliteConnection::connect(&url).await.expect("the file");
    other.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let (_, sorry) = desk.post(&format!("voice/{call}/answered?try=3&put=7200"), &[("CallSid", &sid(1))]).await;
    assert!(sorry.contains("<Hangup/>") && !sorry.contains("<Gather"), "{sorry}");
    other.execute("ROLLBACK").await.expect("released");
    // The apology takes seven seconds, beside those that were waited for before.
    let kept = async {
        let is_whole = |kept: &StoredEvent| matches!(kept.event, CallEvent::PutOff { step: 0, ms: 14_200.. });
        while !desk.record(&call).await.events.iter().any(is_whole) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), kept).await.expect("it is written down");
    let talked = (seconds + 10).to_string();
    let over = [("CallSid", &*sid(1)), ("CallStatus", "completed"), ("CallDuration", &talked)];
    assert_eq!(desk.post(&format!("status/{call}"), &over).await.0, 204);
    assert_eq!(desk.record(&call).await.attempt.outcome, Some(Outcome::HungUpEarly));
}

/// The answer that was committed, too late to be heard, is given with the next question, whether anything can be written or not.
#[tokio::test]
async fn a_store_that_can_only_be_read_gives_the_answer_that_it_has() {
    let (desk, url, _folder) = in_a_file().await;
    let call = desk.call(1).await;
    let (_, first) = desk.post(&format!("voice/{call}/answered"), &[("CallSid", &sid(1))]).await;
    let mut other = SqliteConnection::connect(&url).await.expect("the file");
    other.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let (_, again) = desk.post(&format!("voice/{call}/answered?try=1&put=7200"), &[("CallSid", &sid(1))]).await;
    assert!(again.contains("<Gather") && again == first, "{again}");
    other.execute("ROLLBACK").await.expect("released");
}
