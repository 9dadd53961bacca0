//! What a webhook must not be. Each is sent by real HTTP: the right status, nothing changed, one line in the log and one
//! entry in the webhook log, both with the reason, and nothing of what was sent in either.

use crate::support::http::signed;
use crate::webhook_desk::{FORM, Log, PUBLIC, SECRETS, Setup, WebDesk, encode, post, request, sid, token};
use base64::Engine;
use callahead::core::domain::{EndReason, WorkKind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;

/// What a case is about: its name, what is sent, the status, the word of the webhook log.
type Case = (&'static str, Vec<u8>, u16, &'static str);

const NUMBER: &str = "+16175551001";

fn status(n: u32) -> String {
    format!("status/{}", token(n))
}

fn key(n: u32) -> String {
    format!("voice/{}/1/key", token(n))
}

/// A form body as it is, signed as if it had these fields.
fn raw(path: &str, headers: &[(&str, &str)], body: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
    let path = format!("/carriers/main/{path}");
    let signature = signed(SECRETS[0].1, &format!("{PUBLIC}{path}"), fields);
    let headers = [headers, &[("X-Twilio-Signature", signature.as_str())]].concat();
    request("POST", &path, &headers, body)
}

fn cases() -> Vec<Case> {
    let ringing = [("CallSid", sid(1)), ("CallStatus", "ringing".into()), ("To", NUMBER.into())];
    let ringing: Vec<(&str, &str)> = ringing.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> { [&ringing[..], more].concat() };
    let pressed = || vec![("CallSid", ringing[0].1), ("CallStatus", "in-progress"), ("Digits", "1")];
    let (form, one) = ([("Content-Type", FORM)], sid(1));
    let main = |path: &str, fields: &[(&str, &str)]| post("main", path, fields);
    let fields = vec![("a", ""); 20_000];
    let many = fields.iter().map(|_| "a=&").collect::<String>();
    let longer = format!("{}&x={}", encode(&ringing), "y".repeat(70_000));
    let other = format!("/carriers/main/{}", status(1));
    let moved = |from: &str, to: &str| {
        let body = encode(&with(&[("Digits", "1")])).replace(from, to);
        raw(&key(1), &form, body.as_bytes(), &with(&[("Digits", "1")]))
    };
    vec![
        ("no signature", request("POST", &other, &form, encode(&ringing).as_bytes()), 403, "bad_signature"),
        ("an empty signature", request("POST", &other, &[form[0], ("X-Twilio-Signature", "")], b"a=b"), 403, "bad_signature"),
        ("another's signature", raw(&status(1), &form, encode(&ringing).as_bytes(), &[("a", "b")]), 403, "bad_signature"),
        ("a changed field", moved("Digits=1", "Digits=2"), 403, "bad_signature"),
        ("a missing field that is signed", main(&status(1), &ringing[..1]), 400, "malformed"),
        ("no CallSid", main(&key(1), &[("Digits", "1")]), 400, "malformed"),
        ("no AnsweredBy", main(&format!("amd/{}", token(1)), &ringing[..1]), 400, "malformed"),
        ("a status nobody knows", main(&status(1), &[ringing[0], ("CallStatus", "melted Ada Lovelace")]), 400, "malformed"),
        ("a border between name and value moved", moved("To=%2B", "T=o%2B"), 400, "malformed"),
        ("a key hidden in its name", moved("Digits=1", "Digits1="), 400, "malformed"),
        ("a key hidden in a shorter name", moved("Digits=1", "Digit=s1"), 400, "malformed"),
        ("a key that says two things", main(&key(1), &[&pressed()[..], &[("Digits", "2")]].concat()), 400, "malformed"),
        ("control characters", main(&key(1), &with(&[("Digits", "\u{1}\n1")])), 400, "malformed"),
        ("an id that is none", main(&status(1), &[("CallSid", "CA 1\n"), ringing[1]]), 400, "malformed"),
        ("a huge id", main(&status(1), &[("CallSid", &"a".repeat(30_000)), ringing[1]]), 400, "malformed"),
        ("a huge step", main(&format!("voice/{}/99999999999999999999/key", token(1)), &pressed()), 404, "unknown_path"),
        ("a step that was not given", main(&format!("voice/{}/4294967295/key", token(1)), &pressed()), 200, "out_of_step"),
        ("an address of nobody", main("voice/Ada/Lovelace", &ringing), 404, "unknown_path"),
        ("a carrier of nobody", post("Ada-Lovelace", &status(1), &ringing), 404, "unknown_carrier"),
        ("a forged token", main(&status(77), &ringing), 404, "unknown_attempt"),
        ("another carrier's attempt", post("second", &status(1), &ringing), 404, "other_carrier"),
        ("another call", main(&status(1), &[("CallSid", &sid(9)), ringing[1]]), 409, "other_call"),
        ("GET", request("GET", &other, &[], b""), 405, "wrong_method"),
        ("DELETE", request("DELETE", &other, &form, encode(&ringing).as_bytes()), 405, "wrong_method"),
        ("a method of their own", request("LOVELACE", &other, &[], b""), 405, "wrong_method"),
        ("text", raw(&status(1), &[("Content-Type", "text/plain")], encode(&ringing).as_bytes(), &ringing), 403, "bad_signature"),
        ("JSON, well signed", json(&status(1)), 400, "malformed"),
        ("no UTF-8", no_text(&status(1)), 403, "bad_signature"),
        ("too large", raw(&status(1), &form, longer.as_bytes(), &ringing), 413, "too_large"),
        ("too large, in pieces", in_pieces(&other, longer.as_bytes()), 413, "too_large"),
        ("a million fields", raw(&status(1), &form, many.as_bytes(), &fields), 400, "too_many_fields"),
        ("a million fields and more bytes", raw(&status(1), &form, many.repeat(50).as_bytes(), &fields), 413, "too_large"),
        ("truncated", truncated(&other, &encode(&ringing)), 0, "truncated"),
        (
            "the same again",
            main(&status(2), &[("CallSid", &sid(2)), ("CallStatus", "completed"), ("CallDuration", "3")]),
            204,
            "duplicate",
        ),
        ("an old key again", main(&key(2), &[("CallSid", &sid(2)), ("Digits", "2")]), 200, "duplicate"),
        ("a body's announced end in the middle", short(&other, &encode(&ringing)), 403, "bad_signature"),
        (
            "calls us, no signature",
            request("POST", "/carriers/main/incoming", &form, encode(&ringing).as_bytes()),
            403,
            "bad_signature",
        ),
        (
            "calls us, another's signature",
            raw("incoming", &form, encode(&ringing).as_bytes(), &[("a", "b")]),
            403,
            "bad_signature",
        ),
        ("calls us, no CallSid", main("incoming", &[("From", NUMBER)]), 400, "malformed"),
        ("calls us, an id that is none", main("incoming", &[("CallSid", "CA 1\n"), ("From", NUMBER)]), 400, "malformed"),
        ("calls us by GET", request("GET", "/carriers/main/incoming", &[], b""), 405, "wrong_method"),
        ("calls us, an address of nobody", main("incoming/Ada/Lovelace", &ringing), 404, "unknown_path"),
        (
            "calls us, a huge step",
            main(&format!("incoming/{}/99999999999999999999/digits", token(1)), &pressed()),
            404,
            "unknown_path",
        ),
        ("calls us, news without a status", main("incoming/status", &ringing[..1]), 400, "malformed"),
        ("nothing at all", raw(&status(1), &form, b"", &[]), 400, "malformed"),
    ]
    .into_iter()
    .inspect(|case| assert!(!case.1.is_empty(), "{} {one}", case.0))
    .collect()
}

/// Signed as JSON is: by a hash of the body in the address.
fn json(path: &str) -> Vec<u8> {
    let body = br#"{"CallSid":"CA1","CallStatus":"completed"}"#;
    let hash: String = sha2::Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = format!("/carriers/main/{path}?bodySHA256={hash}");
    let signature = signed(SECRETS[0].1, &format!("{PUBLIC}{path}"), &[]);
    request("POST", &path, &[("Content-Type", "application/json"), ("X-Twilio-Signature", &signature)], body)
}

/// Bytes that are no text, signed as they are.
fn no_text(path: &str) -> Vec<u8> {
    let path = format!("/carriers/main/{path}");
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRETS[0].1.as_bytes()).expect("any key length");
    mac.update(format!("{PUBLIC}{path}CallSid{}CallStatusringingToCity", sid(1)).as_bytes());
    mac.update(&[0xff, 0xfe]);
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let body = format!("CallSid={}&CallStatus=ringing&ToCity=%FF%FE", sid(1));
    request("POST", &path, &[("Content-Type", FORM), ("X-Twilio-Signature", &signature)], body.as_bytes())
}

/// Chunked: no length is announced.
fn in_pieces(path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        request("POST", path, &[("Content-Type", FORM), ("Transfer-Encoding", "chunked"), ("Content-Length", "")], b"");
    let head = String::from_utf8(std::mem::take(&mut bytes)).expect("text").replace("Content-Length: \r\n", "");
    bytes.extend(head.as_bytes());
    for piece in body.chunks(8_000) {
        bytes.extend(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// Announces more than it sends.
fn truncated(path: &str, body: &str) -> Vec<u8> {
    let length = (body.len() + 100).to_string();
    request("POST", path, &[("Content-Type", FORM), ("Content-Length", &length)], body.as_bytes())
}

/// Announces less than it sends: what follows is no request.
fn short(path: &str, body: &str) -> Vec<u8> {
    request("POST", path, &[("Content-Type", FORM), ("Content-Length", "10")], body.as_bytes())
}

/// Words that stand in the requests above and must stand nowhere else.
const THEIRS: [&str; 7] =
    ["Lovelace", "LOVELACE", "16175551001", "melted", "the main secret", "99999999999999999999", "yyyyyyyy"];

#[tokio::test]
async fn bad_input_changes_nothing_and_is_told_once() {
    let desk = WebDesk::open(Setup::default()).await;
    let calls = [desk.call(1).await, desk.call(2).await];
    let calls = [calls[0].as_str(), calls[1].as_str()];
    // Both are answered; the second is over.
    for (n, call) in (1..).zip(calls) {
        let (status, words) = desk.post(&format!("voice/{call}/answered"), &[("CallSid", &sid(n))]).await;
        assert!(status == 200 && words.contains("<Gather"), "{words}");
    }
    desk.post(&key(2), &[("CallSid", &sid(2)), ("Digits", "1")]).await;
    desk.post(&status(2), &[("CallSid", &sid(2)), ("CallStatus", "completed"), ("CallDuration", "20")]).await;

    let (log, _guard) = Log::open(tracing::Level::INFO);
    let before = desk.rows(&calls).await;
    let mut seen = desk.entries().await.len();
    for (name, bytes, wanted, verdict) in cases() {
        let (status, head, body) =
            if verdict == "truncated" { hang_up_after(&desk, &bytes, seen).await } else { desk.send(&bytes).await };
        assert_eq!(status, wanted, "{name}: {head} {body}");
        assert_eq!(desk.rows(&calls).await, before, "{name}: nothing changed");
        let entries = desk.entries().await;
        let [entry] = &entries[seen..] else { panic!("{name}: {} entries", entries.len() - seen) };
        assert_eq!(entry.verdict, verdict, "{name}: {entry:?}");
        assert!(status == 0 || entry.status == status, "{name}: {entry:?}");
        let lines = log.take();
        let [line] = &lines[..] else { panic!("{name}: {lines:?}") };
        assert!(line.contains(&format!("\"verdict\":\"{verdict}\"")), "{name}: {line}");
        assert!(verdict == "duplicate" || line.contains("\"why\":\""), "{name}: {line}");
        for theirs in THEIRS.iter().map(|word| word.to_string()).chain([token(1), token(2), token(77), sid(1)]) {
            assert!(!line.contains(&theirs), "{name}: {line}");
            assert!(!format!("{entry:?}").contains(&theirs), "{name}: {entry:?}");
        }
        seen += 1;
    }
}

/// Sends, ends the connection, and waits until the server has noted it.
async fn hang_up_after(desk: &WebDesk, bytes: &[u8], seen: usize) -> (u16, String, String) {
    use tokio::io::AsyncWriteExt;
    let mut stream = tokio::net::TcpStream::connect(desk.address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    drop(stream);
    let noted = async {
        while desk.entries().await.len() == seen {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), noted).await.expect("it is noted");
    (0, String::new(), String::new())
}

/// A person may be on the line: they hear something, and a person on our side looks. No call changes.
#[tokio::test]
async fn whoever_asks_for_words_in_a_call_that_is_not_theirs_hears_the_apology() {
    let desk = WebDesk::open(Setup::default()).await;
    let call = desk.call(1).await;
    desk.post(&status(1), &[("CallSid", &sid(1)), ("CallStatus", "ringing")]).await;
    let before = format!("{:?}", desk.record(&call).await);
    let (log, _guard) = Log::open(tracing::Level::INFO);
    let answered = |n: u32| format!("voice/{}/answered", token(n));
    let turned = format!("voice/{}/2/turned", token(1));
    for (name, bytes, verdict) in [
        ("a forged token", post("main", &answered(77), &[("CallSid", &sid(1))]), "unknown_attempt"),
        ("another carrier's attempt", post("second", &answered(1), &[("CallSid", &sid(1))]), "other_carrier"),
        ("another call", post("main", &answered(1), &[("CallSid", &sid(9))]), "other_call"),
        ("another carrier's attempt, turned", post("second", &turned, &[("CallSid", &sid(1))]), "other_carrier"),
        ("another call, turned", post("main", &turned, &[("CallSid", &sid(9))]), "other_call"),
    ] {
        let (status, _, words) = desk.send(&bytes).await;
        assert!(status == 200 && words.contains("<Play>") && words.contains("<Hangup/>"), "{name}: {status} {words}");
        assert_eq!(desk.entries().await.last().expect("an entry").verdict, verdict, "{name}");
        assert_eq!(log.take().len(), 1, "{name}");
        assert_eq!(format!("{:?}", desk.record(&call).await), before, "{name}");
    }
    assert_eq!(desk.store.worklist(false, 10).await.expect("the worklist").len(), 2, "one item a carrier");
}

/// The carrier took the call and refused it afterwards: that says nothing about the number.
#[tokio::test]
async fn a_number_that_our_account_may_not_call_is_somebodys_work_and_no_wrong_number() {
    let desk = WebDesk::open(Setup::default()).await;
    for (n, code) in [(1, "13225"), (2, "13227")] {
        let call = desk.call(n).await;
        let failed = [("CallSid", &sid(n) as &str), ("CallStatus", "failed"), ("ErrorCode", code)];
        desk.post(&status(n), &failed).await;
        assert_eq!(desk.record(&call).await.attempt.end_reason, Some(EndReason::Refused));
    }
    let work = desk.store.worklist(false, 10).await.expect("the worklist");
    assert_eq!(work.iter().map(|item| item.kind).collect::<Vec<_>>(), [WorkKind::CarrierFault], "{work:?}");
}

/// The carrier's answer to the request may hold no id: then the first webhook tells it, and the others must fit.
#[tokio::test]
async fn the_first_webhook_tells_the_call() {
    let desk = WebDesk::open(Setup::default()).await;
    let call = desk.call(1).await;
    assert_eq!(desk.record(&call).await.attempt.carrier_call_id, None);
    let ringing = |id: &str| post("main", &status(1), &[("CallSid", id), ("CallStatus", "ringing")]);
    assert_eq!(desk.send(&ringing("v3:first_-x")).await.0, 204);
    assert_eq!(desk.record(&call).await.attempt.carrier_call_id.as_deref(), Some("v3:first_-x"));
    assert_eq!(desk.send(&ringing("v3:second")).await.0, 409);
    assert_eq!(desk.send(&ringing("v3:first_-x")).await.0, 204, "and the right one is still heard");
}
