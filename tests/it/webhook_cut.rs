//! Whoever hangs up the HTTP connection cuts no transaction in half: what was begun is there whole, or not at all.

use crate::webhook_desk::{FORM, PUBLIC, SECRETS, Setup, WebDesk, encode, post, request, sid, token};
use callahead::core::domain::{Outcome, WorkKind};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const CALLS: u32 = 60;

/// Keys that write the most: an event, the standing, a worklist item or an opt-out, audio, the log.
const KEYS: [&str; 3] = ["1", "2", "9"];

/// Every webhook of every call is sent and its answer never waited for; the connection is reset at another moment each time:
/// at once, after a little of our work, after more of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_leaves_each_transaction_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite://{}", folder.path().join("cut.db").display());
    let desk = WebDesk::open(Setup { store, ..Setup::default() }).await;
    for n in 0..CALLS {
        desk.call(n).await;
    }
    for n in 0..CALLS {
        let key = KEYS[n as usize % KEYS.len()];
        let webhooks = [
            post("main", &format!("voice/{}/answered", token(n)), &[("CallSid", &sid(n))]),
            post("main", &format!("voice/{}/1/key", token(n)), &[("CallSid", &sid(n)), ("Digits", key)]),
            post(
                "main",
                &format!("status/{}", token(n)),
                &[("CallSid", &sid(n)), ("CallStatus", "completed"), ("CallDuration", "30")],
            ),
        ];
        for (place, webhook) in webhooks.iter().enumerate() {
            hang_up(&desk, webhook, n as usize * 3 + place).await;
            // What follows is asked when its cause is there, as a carrier does.
            until_there(&desk, n, place + 1).await;
        }
    }
    for n in 0..CALLS {
        let record = desk.record(&token(n)).await;
        let keys: Vec<_> = record.events.iter().filter_map(|e| e.key.as_deref()).collect();
        assert_eq!(keys, ["step:0", "step:1", "ended"], "call {n}");
        let (key, outcome) =
            [("1", Outcome::Confirmed), ("2", Outcome::RescheduleRequested), ("9", Outcome::OptedOut)][n as usize % 3];
        assert_eq!((record.attempt.keys.as_str(), record.attempt.outcome), (key, Some(outcome)), "call {n}");
        // The answer that nobody heard is the answer of the repeat.
        let again = desk.post(&format!("voice/{}/1/key", token(n)), &[("CallSid", &sid(n)), ("Digits", key)]).await;
        assert_eq!((again.0, Some(again.1)), (200, record.events[1].reply.clone()), "call {n}");
    }
    let third = CALLS as usize / 3;
    let work = desk.store.worklist(true, 1_000).await.expect("the worklist");
    assert_eq!(work.iter().filter(|w| w.kind == WorkKind::RescheduleRequest).count(), third);
    assert_eq!(desk.store.opt_outs(1_000).await.expect("the list").len(), third);
    let entries = desk.entries().await;
    assert_eq!(entries.iter().filter(|e| e.verdict == "ok").count(), 3 * CALLS as usize, "and the log has each once");
}

/// Sends a webhook and ends the connection after so many turns of everybody else.
async fn hang_up(desk: &WebDesk, webhook: &[u8], turns: usize) {
    let mut stream = TcpStream::connect(desk.address).await.expect("a connection");
    stream.write_all(webhook).await.expect("sent");
    for _ in 0..turns * 7 % 200 {
        tokio::task::yield_now().await;
    }
    // Closed with an answer unread, it is reset.
    drop(stream);
}

async fn until_there(desk: &WebDesk, n: u32, events: usize) {
    let there = async {
        while desk.record(&token(n)).await.events.len() < events {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there).await.unwrap_or_else(|_| panic!("call {n}: event {events} is lost"));
}

/// Half a webhook does nothing, at whatever byte it ends.
#[tokio::test]
async fn half_a_webhook_is_none() {
    let desk = WebDesk::open(Setup::default()).await;
    let call = desk.call(1).await;
    let path = format!("/carriers/main/status/{call}");
    let fields = [("CallSid", sid(1)), ("CallStatus", "completed".to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let signature = crate::support::http::signed(SECRETS[0].1, &format!("{PUBLIC}{path}"), &fields);
    let headers = [("Content-Type", FORM), ("X-Twilio-Signature", signature.as_str())];
    let whole = request("POST", &path, &headers, encode(&fields).as_bytes());
    for end in (1..whole.len()).step_by(23) {
        let mut stream = TcpStream::connect(desk.address).await.expect("a connection");
        stream.write_all(&whole[..end]).await.expect("sent");
        stream.shutdown().await.expect("ended");
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains(" 204 "), "{end} bytes");
    }
    assert!(desk.record(&call).await.events.is_empty());
    assert_eq!(desk.send(&whole).await.0, 204, "the whole one does");
}
