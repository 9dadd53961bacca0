//! What each failure of a carrier's API is called. The one distinction that matters: whether a call may exist.

use crate::test_engine::{ACCOUNT, TOKEN};
use callahead::carrier::Own;
use callahead::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
use callahead::carrier::{Carrier, CarrierError, Lost, PlaceCall, Placed, Refusal};
use callahead::core::domain::PhoneNumber;
use callahead::core::ids::{AttemptId, AttemptToken, CarrierName};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn carrier(address: SocketAddr, timeout: Duration) -> TwilioCarrier {
    let settings = TwilioSettings {
        name: CarrierName::from("main"),
        api_url: format!("http://{address}"),
        account: ACCOUNT.into(),
        auth_tokens: vec![TOKEN.into()],
        from: PhoneNumber::parse("+16175550100").expect("a number"),
        public_url: "https://calls.example.org".into(),
        answering_machine: Detection::Async,
        request_timeout: timeout,
        within: None,
        own: Own::default(),
    };
    TwilioCarrier::new(settings).expect("sound settings")
}

fn call() -> PlaceCall {
    PlaceCall {
        attempt: AttemptId::from("a"),
        token: AttemptToken::from("t0ken"),
        to: PhoneNumber::parse("+16175550101").expect("a number"),
        ring_timeout_s: 20,
        time_limit_s: 60,
    }
}

/// Takes one request, gives these bytes back, and closes; `None` answers nothing and keeps the line open.
async fn answering(bytes: Option<&'static str>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = Vec::new();
        // The body is the last thing, and holds the last field of the form.
        while !String::from_utf8_lossy(&request).contains("AsyncAmdStatusCallbackMethod=POST") {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.expect("a request");
            assert!(read > 0, "the whole request comes before its end");
            request.extend(&piece[..read]);
        }
        match bytes {
            Some(bytes) => stream.write_all(bytes.as_bytes()).await.expect("an answer"),
            None => std::future::pending().await,
        }
        String::from_utf8(request).expect("text")
    });
    (address, served)
}

#[tokio::test]
async fn what_an_answer_means() {
    let refused = |why, status, code| Err(CarrierError::Refused { why, status, code });
    let unknown = |what: &str| {
        let status = what["status ".len()..].get(..3).and_then(|status| status.parse().ok());
        Err(CarrierError::Unknown(Lost { status, what: what.into() }))
    };
    let placed = |id: Option<&str>| Ok(Placed { carrier_call_id: id.map(str::to_string) });
    let table: [(&str, &str, Result<Placed, CarrierError>); 14] = [
        ("201 Created", r#"{"sid":"CA1","status":"queued"}"#, placed(Some("CA1"))),
        ("201 Created", r#"{"sid":"0c1d-uuid","new":{}}"#, placed(Some("0c1d-uuid"))),
        // Not what this carrier says when it has created a call: it may be there or not.
        ("200 OK", r#"{"sid":"CA1","status":"queued"}"#, unknown("status 200")),
        ("201 Created", r#"{"from":"x","status":"queued"}"#, placed(None)),
        ("201 Created", "taken", unknown("status 201, and a body that is not the JSON we know")),
        ("400 Bad Request", r#"{"code":21211,"message":"m","status":400}"#, refused(Refusal::BadNumber, 400, 21211)),
        ("401 Unauthorized", r#"{"code":20003}"#, refused(Refusal::Account, 401, 20003)),
        ("429 Too Many", r#"{"code":20429}"#, refused(Refusal::SlowDown { retry_after_s: None }, 429, 20429)),
        ("400 Bad Request", "<html>no</html>", refused(Refusal::Other, 400, 0)),
        ("403 Forbidden", r#"{"code":21216}"#, refused(Refusal::Blocked, 403, 21216)),
        ("500 Internal Server Error", r#"{"code":20500}"#, unknown("status 500")),
        ("503 Service Unavailable", "<html></html>", unknown("status 503")),
        ("302 Found", "", unknown("status 302")),
        ("408 Request Timeout", "", unknown("status 408")),
    ];
    for (status, body, want) in table {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let (address, served) = answering(Some(answer.leak())).await;
        assert_eq!(carrier(address, Duration::from_secs(10)).place_call(&call()).await, want, "{status} {body}");
        let request = served.await.expect("served");
        assert!(request.starts_with(&format!("POST /2010-04-01/Accounts/{ACCOUNT}/Calls.json HTTP/1.1")), "{request}");
    }
}

#[tokio::test]
async fn a_wish_to_wait_is_taken_over() {
    let (address, _served) = answering(Some("HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")).await;
    let why = Refusal::SlowDown { retry_after_s: Some(7) };
    let want = Err(CarrierError::Refused { why, status: 429, code: 0 });
    assert_eq!(carrier(address, Duration::from_secs(10)).place_call(&call()).await, want);
}

#[tokio::test]
async fn whether_a_call_may_exist() {
    let (address, served) = answering(Some("")).await;
    let reset = carrier(address, Duration::from_secs(10)).place_call(&call()).await;
    assert!(matches!(reset, Err(CarrierError::Unknown(_))), "sent, and the line broke: {reset:?}");
    served.await.expect("served");
    let nobody = carrier(address, Duration::from_secs(10)).place_call(&call()).await;
    assert!(matches!(nobody, Err(CarrierError::Unreachable(_))), "nobody listens any more: {nobody:?}");
    let (address, _served) = answering(Some("HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{\"sid\":")).await;
    let cut = carrier(address, Duration::from_secs(10)).place_call(&call()).await;
    assert!(matches!(cut, Err(CarrierError::Unknown(_))), "taken, and the answer broke off: {cut:?}");
    let (address, _served) = answering(None).await;
    let late = carrier(address, Duration::from_millis(200)).place_call(&call()).await;
    assert!(matches!(late, Err(CarrierError::Unknown(_))), "sent, and no answer in time: {late:?}");
    for error in [reset, nobody, cut, late] {
        let text = format!("{error:?}");
        assert!(!text.contains("617") && !text.contains("t0ken") && !text.contains(TOKEN), "{text}");
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_never_at_another_host() {
    let page = |next: &str, sid: &str| {
        let call = format!(r#"{{"sid":"{sid}","status":"in-progress","date_created":"Fri, 27 Nov 2026 15:00:00 +0000"}}"#);
        format!(r#"{{"calls":[{call}],"next_page_uri":{next}}}"#)
    };
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
    let first = page(&format!("\"{path}?Page=1\""), "CA1");
    let astray = page("\"http://elsewhere.example/calls\"", "CA1");
    let last = page("null", "CA2");
    let to = call().to;
    let since = "2026-11-27T23:59:00Z".parse().expect("a time");
    for (first, want) in [(first, Ok(2)), (astray, Err(()))] {
        let last = last.clone();
        let answer = move |axum::extract::RawQuery(query): axum::extract::RawQuery| async move {
            let query = query.unwrap_or_default();
            let body = if query == "Page=1" { last } else { first };
            let sound = query == "Page=1" || query == "To=%2B16175550101&From=%2B16175550100&PageSize=200";
            if sound { body } else { format!("not asked well: {query}") }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let routes = axum::Router::new().route(&path, axum::routing::get(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let listed = carrier(address, Duration::from_secs(10)).find_calls(&to, since).await;
        assert_eq!(listed.as_ref().map(Vec::len).map_err(|_| ()), want, "{listed:?}");
        if let Ok(calls) = listed {
            assert!(calls.iter().all(|call| call.ended.is_none() && call.started_at.is_some() && call.talk_seconds.is_none()));
        }
    }
}
