//! Each kind of carrier against a REST API that keeps what it was asked, in the carrier's own form: what our requests look
//! like on the line, and what each answer means.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use callahead::carrier::{
    Ask, Carrier, CarrierError, Detection, KINDS, Lost, Own, OwnValue, Page, PlaceCall, Placed, PutOff, Refusal, Settings,
    signalwire, telnyx, twilio,
};
use callahead::core::call::{FinalStatus, Then};
use callahead::core::domain::PhoneNumber;
use callahead::core::ids::{AttemptId, AttemptToken, CarrierName};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// A key that is one: nothing is signed here.
const PUBLIC_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// A request as it came: method, path with its query, who asks, content type and body.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    line: String,
    authorization: String,
    kind: String,
    body: String,
}

/// An answer: status, a header, body.
type Answer = (u16, Option<(&'static str, &'static str)>, String);

#[derive(Clone, Default)]
struct Api {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Api {
    fn will(&self, status: u16, header: Option<(&'static str, &'static str)>, body: &str) {
        self.answers.lock().expect("no panic").push_back((status, header, body.to_string()));
    }

    fn last(&self) -> Asked {
        self.asked.lock().expect("no panic").last().expect("it was asked").clone()
    }
}

async fn take(State(api): State<Api>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
    let asked = Asked {
        line: format!("{method} {uri}"),
        authorization: header("authorization"),
        kind: header("content-type"),
        body: String::from_utf8(body.to_vec()).expect("text"),
    };
    api.asked.lock().expect("no panic").push(asked);
    let (status, header, body) = api.answers.lock().expect("no panic").pop_front().expect("an answer is prepared");
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value.parse().expect("a value"));
    }
    response
}

/// What is asked of every kind in its own words.
struct Case {
    kind: &'static str,
    /// What stands after the address of the API.
    calls: &'static str,
    suffix: &'static str,
    authorization: &'static str,
    create_kind: &'static str,
    created: (u16, &'static str),
    id: Option<&'static str>,
    list: &'static str,
}

pub const ACCOUNT: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
const FORM: &str = "application/x-www-form-urlencoded";

const CASES: [Case; 3] = [
    Case {
        kind: "twilio",
        calls: "/2010-04-01/Accounts/3fa85f64-5717-4562-b3fc-2c963f66afa6/Calls",
        suffix: ".json",
        authorization: "Basic M2ZhODVmNjQtNTcxNy00NTYyLWIzZmMtMmM5NjNmNjZhZmE2OnMzY3JldA==",
        create_kind: FORM,
        created: (201, r#"{"sid":"CA1","status":"queued","queue_time":"0"}"#),
        id: Some("CA1"),
        list: "?To=%2B16175550101&From=%2B16175550100&PageSize=200",
    },
    Case {
        kind: "signalwire",
        calls: "/2010-04-01/Accounts/3fa85f64-5717-4562-b3fc-2c963f66afa6/Calls",
        suffix: ".json",
        authorization: "Basic M2ZhODVmNjQtNTcxNy00NTYyLWIzZmMtMmM5NjNmNjZhZmE2OnMzY3JldA==",
        create_kind: FORM,
        created: (200, r#"{"sid":"0e8f3f3c-9f0a-4d0e-8f0a-3c9f0a4d0e8f","status":"queued"}"#),
        id: Some("0e8f3f3c-9f0a-4d0e-8f0a-3c9f0a4d0e8f"),
        list: "?To=%2B16175550101&From=%2B16175550100&PageSize=200",
    },
    Case {
        kind: "telnyx",
        calls: "/texml/Accounts/3fa85f64-5717-4562-b3fc-2c963f66afa6/Calls",
        suffix: "",
        authorization: "Bearer s3cret",
        create_kind: "application/json",
        // No id is promised: the call is known by the token in its addresses.
        created: (200, r#"{"from":"+16175550100","to":"+16175550101","status":"queued"}"#),
        id: None,
        list: "?To=%2B16175550101&From=%2B16175550100&PageSize=50",
    },
];

/// A carrier of a kind at an API, with half a second of patience.
async fn open(kind: &str) -> (Arc<dyn Carrier>, Api) {
    let api = Api::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let routes = axum::Router::new().fallback(take).with_state(api.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (carrier(kind, &format!("http://{address}")), api)
}

fn carrier(kind: &str, api_url: &str) -> Arc<dyn Carrier> {
    let kind = KINDS.iter().find(|it| it.word == kind).expect("a kind");
    let mut own = Own::default();
    if kind.keys.iter().any(|key| key.name == "public_key") {
        own.set("public_key", OwnValue::Texts(vec![PUBLIC_KEY.into()]));
    }
    let settings = Settings {
        name: CarrierName::from("main"),
        api_url: api_url.into(),
        account: ACCOUNT.into(),
        auth_tokens: vec!["s3cret".into(), "0ld".into()],
        from: PhoneNumber::parse("+16175550100").expect("a number"),
        public_url: "https://calls.example.org".into(),
        answering_machine: Detection::Async,
        request_timeout: Duration::from_secs(10),
        within: None,
        own,
    };
    kind.make.expect("it is built")(settings).expect("sound settings")
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

#[tokio::test]
async fn what_each_carrier_is_asked() {
    for case in &CASES {
        let (carrier, api) = open(case.kind).await;
        let kind = case.kind;
        api.will(case.created.0, None, case.created.1);
        let placed = carrier.place_call(&call()).await;
        assert_eq!(placed, Ok(Placed { carrier_call_id: case.id.map(str::to_string) }), "{kind}");
        let asked = api.last();
        assert_eq!(asked.line, format!("POST {}{}", case.calls, case.suffix), "{kind}");
        assert_eq!((asked.authorization.as_str(), asked.kind.as_str()), (case.authorization, case.create_kind), "{kind}");
        // In JSON and in a form: the addresses and the number, each in its encoding.
        let encoded = asked.body.replace("%2B", "+").replace("%3A", ":").replace("%2F", "/");
        for part in ["+16175550101", "https://calls.example.org/carriers/main/voice/t0ken/answered"] {
            assert!(encoded.contains(part), "{kind}: {encoded}");
        }

        // Ids of any form stay one segment of the path.
        for (id, written) in [("v3:MdI9_1X4l-WF", "v3:MdI9_1X4l-WF"), ("a/../b?x#y", "a%2F..%2Fb%3Fx%23y")] {
            api.will(200, None, "{}");
            assert_eq!(carrier.turn_call(id, &call().token, 4).await, Ok(()), "{kind}");
            let asked = api.last();
            assert_eq!(asked.line, format!("POST {}/{written}{}", case.calls, case.suffix), "{kind}");
            assert_eq!(asked.kind, FORM, "{kind}");
            let turned = "Url=https%3A%2F%2Fcalls.example.org%2Fcarriers%2Fmain%2Fvoice%2Ft0ken%2F4%2Fturned";
            assert!(asked.body.starts_with(turned) && asked.body.ends_with("&Method=POST"), "{kind}: {}", asked.body);
        }
        api.will(200, None, "{}");
        assert_eq!(carrier.end_call("c1").await, Ok(()), "{kind}");
        assert_eq!(api.last().body, "Status=completed", "{kind}");
        assert_eq!(carrier.fetch_call("..").await, Ok(None), "no id of anything");

        api.will(200, None, r#"{"sid":"c1","status":"completed","duration":"49","date_created":"2026-11-27 15:00:00Z"}"#);
        let fetched = carrier.fetch_call("c1").await.expect("an answer").expect("a call");
        assert_eq!(api.last().line, format!("GET {}/c1{}", case.calls, case.suffix), "{kind}");
        assert_eq!((fetched.ended, fetched.talk_seconds), (Some(FinalStatus::Completed), Some(49)), "{kind}");
        assert_eq!(fetched.started_at, "2026-11-27T15:00:00Z".parse().ok(), "{kind}");
        api.will(404, None, r#"{"code":20404}"#);
        assert_eq!(carrier.fetch_call("c2").await, Ok(None), "{kind}");

        let since = "2026-11-27T15:00:00Z".parse().expect("a time");
        let ours = r#"{"sid":"c1","to":"+16175550101","status":"answered","duration":0,"start_time":"2026-11-27T15:00:01Z"}"#;
        let older = r#"{"sid":"c0","to":"+16175550101","status":"busy","date_created":"Tue, 24 Nov 2026 15:00:00 +0000"}"#;
        let queued = r#"{"sid":"c2","to":"+16175550101","from":"+16175550100","direction":"outbound-api","status":"queued","start_time":null}"#;
        let others = r#"{"sid":"c9","to":"+16175550199","status":"busy"}"#;
        let desk = r#"{"sid":"c8","to":"+16175550101","from":"+16175550122","status":"in-progress"}"#;
        let incoming = r#"{"sid":"c7","to":"+16175550101","from":"+16175550100","direction":"inbound","status":"in-progress"}"#;
        let others = format!("{others},{desk},{incoming},{queued}");
        api.will(200, None, &format!(r#"{{"calls":[{ours},{older},{others},{{"status":"x"}}],"next_page_uri":null}}"#));
        let found = carrier.find_calls(&call().to, since).await.expect("a list");
        assert_eq!(api.last().line, format!("GET {}{}{}", case.calls, case.suffix, case.list), "{kind}");
        let found: Vec<_> = found.iter().map(|call| (call.id.as_str(), call.ended)).collect();
        assert_eq!(found, [("c1", None), ("c2", None)], "{kind}: older calls and other people's are left out");
        assert!(api.asked.lock().expect("no panic").iter().all(|asked| asked.authorization == case.authorization));
    }
}

#[tokio::test]
async fn what_each_refusal_means() {
    let slow = |retry_after_s| Refusal::SlowDown { retry_after_s };
    let telnyx = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","title":"t"}}]}}"#);
    let to = r#"{"errors":[{"code":"10015","title":"t","source":{"pointer":"/To"}}]}"#.to_string();
    let twilio = |code: u32| format!(r#"{{"code":{code},"message":"m","status":400}}"#);
    let wait = Some(("retry-after", "7"));
    let reset = Some(("x-ratelimit-reset", "2"));
    for (kind, status, header, body, want) in [
        ("twilio", 400, None, twilio(21211), (Refusal::BadNumber, 21211)),
        ("twilio", 400, None, twilio(21214), (Refusal::NotReached, 21214)),
        ("twilio", 401, None, twilio(20003), (Refusal::Account, 20003)),
        ("twilio", 429, wait, twilio(20429), (slow(Some(7)), 20429)),
        ("twilio", 400, None, twilio(22005), (Refusal::QueueFull { retry_after_s: None }, 22005)),
        ("twilio", 400, None, twilio(10004), (Refusal::Lines, 10004)),
        ("twilio", 403, None, twilio(21215), (Refusal::Blocked, 21215)),
        ("twilio", 400, None, twilio(21205), (Refusal::OurFault, 21205)),
        ("twilio", 400, None, "<html>".into(), (Refusal::Other, 0)),
        ("twilio", 403, None, twilio(20005), (Refusal::Account, 20005)),
        ("twilio", 403, None, "<html>".into(), (Refusal::Account, 0)),
        ("twilio", 404, None, String::new(), (Refusal::Account, 0)),
        ("signalwire", 402, None, String::new(), (Refusal::Account, 0)),
        ("telnyx", 402, None, String::new(), (Refusal::Account, 0)),
        ("signalwire", 422, None, twilio(21217), (Refusal::BadNumber, 21217)),
        ("signalwire", 422, None, r#"{"code":"21212"}"#.into(), (Refusal::Account, 21212)),
        ("signalwire", 429, None, String::new(), (slow(None), 0)),
        ("signalwire", 422, None, r#"{"errors":[{"code":"missing_required_parameter"}]}"#.into(), (Refusal::Other, 0)),
        ("telnyx", 429, reset, telnyx("10011"), (slow(Some(2)), 10011)),
        ("telnyx", 422, None, telnyx("10016"), (Refusal::BadNumber, 10016)),
        ("telnyx", 422, None, to, (Refusal::BadNumber, 10015)),
        ("telnyx", 422, None, telnyx("10015"), (Refusal::Other, 10015)),
        ("telnyx", 422, None, telnyx("90015"), (Refusal::NotLive, 90015)),
        ("telnyx", 401, None, telnyx("10009"), (Refusal::Account, 10009)),
    ] {
        let (carrier, api) = open(kind).await;
        api.will(status, header, &body);
        let (why, code) = want;
        let refused = carrier.place_call(&call()).await;
        assert_eq!(refused, Err(CarrierError::Refused { why, status, code }), "{kind} {status} {body}");
    }
    for case in &CASES {
        let (carrier, api) = open(case.kind).await;
        api.will(404, None, r#"{"code":20404}"#);
        let late = carrier.turn_call("c1", &call().token, 4).await;
        assert_eq!(late, Err(CarrierError::Refused { why: Refusal::NotLive, status: 404, code: 20404 }), "{}", case.kind);
    }
}

#[tokio::test]
async fn what_is_no_answer() {
    for case in &CASES {
        let (carrier, api) = open(case.kind).await;
        let good = if case.kind == "twilio" { 201 } else { 200 };
        for (status, body, what) in [
            (500, "", "status 500"),
            (503, "<html></html>", "status 503"),
            (408, "", "status 408"),
            (302, "", "status 302"),
            (202, "{}", "status 202"),
            (good, "<html>", &format!("status {good}, and a body that is not the JSON we know") as &str),
        ] {
            api.will(status, None, body);
            let lost = Lost { status: Some(status), what: what.into() };
            assert_eq!(carrier.place_call(&call()).await, Err(CarrierError::Unknown(lost)), "{} {status}", case.kind);
        }
        // A list that cannot be read to its end does not say that a call is not there.
        let more = format!(r#"{{"calls":[],"next_page_uri":"{}?Page=1"}}"#, case.calls);
        (0..20).for_each(|_| api.will(200, None, &more));
        let endless = carrier.find_calls(&call().to, "2026-11-27T15:00:00Z".parse().expect("a time")).await;
        assert!(matches!(endless, Err(CarrierError::Unknown(_))), "{}: {endless:?}", case.kind);
        let nobody = self::carrier(case.kind, "http://127.0.0.1:1").place_call(&call()).await;
        assert!(matches!(nobody, Err(CarrierError::Unreachable(_))), "{}: {nobody:?}", case.kind);
    }
}

/// Each carrier's own retry settings stand in every address of every document and request, in names and bounds that it knows.
#[tokio::test]
async fn every_address_carries_the_carriers_own_settings() {
    let twilio = (&["ct", "rt", "tt", "rc", "rp"][..], 15_000);
    let signalwire = (&["ot", "rt", "tt"][..], 15_000);
    for (kind, known) in [("twilio", Some(twilio)), ("signalwire", Some(signalwire)), ("telnyx", None)] {
        let carrier = carrier(kind, "http://127.0.0.1:1");
        let audio = vec!["https://calls.example.org/audio/a.wav".to_string()];
        let desk = PhoneNumber::parse("+16175550121").expect("a number");
        let thens = [Then::Gather { timeout_s: 5 }, Then::Continue, Then::Transfer { to: desk, ring_s: 20 }, Then::HangUp];
        let pages = thens.map(|then| Page { step: 3, audio: audio.clone(), then });
        let mut bodies: Vec<String> = pages.iter().map(|page| carrier.document(&call().token, page).body).collect();
        bodies.push(carrier.ask_again(&call().token, &Ask::Silence { step: 3 }, PutOff { tries: 1, ms: 0 }, &audio).body);
        let addresses: Vec<String> = bodies
            .iter()
            .flat_map(|body| body.split(['"', '<', '>']))
            .filter(|part| part.contains("/carriers/main/"))
            .map(|part| part.replace("&amp;", "&"))
            .collect();
        assert_eq!(addresses.len(), 5, "{kind}: key, silence, played, transferred, again: {addresses:?}");
        for address in addresses {
            let (Some((names, longest)), Some((_, fragment))) = (known, address.split_once('#')) else {
                assert!(known.is_none() && !address.contains('#'), "{kind}: {address}");
                continue;
            };
            let pairs: Vec<_> = fragment.split('&').map(|pair| pair.split_once('=').expect("a pair")).collect();
            assert_eq!(pairs.len(), names.len(), "{kind}: {address}");
            for (name, value) in pairs {
                assert!(names.contains(&name), "{kind}: {name}");
                let number = value.parse::<u32>().unwrap_or_default();
                match name {
                    "ct" | "ot" => assert!((100..=10_000).contains(&number), "{kind}: {address}"),
                    "rt" | "tt" => assert!((100..=longest).contains(&number), "{kind}: {address}"),
                    "rc" => assert!(number <= 5, "{kind}: {address}"),
                    _ => assert!(value.split(',').all(|it| ["5xx", "ct", "rt"].contains(&it)), "{kind}: {address}"),
                }
            }
        }
    }
}

/// Two fifths of what a carrier waits are for the way.
#[tokio::test]
async fn words_leave_well_before_a_carrier_gives_up() {
    for (kind, profile) in [("twilio", &twilio::PROFILE), ("signalwire", &signalwire::PROFILE), ("telnyx", &telnyx::PROFILE)] {
        let (carrier, _api) = open(kind).await;
        let within = carrier.words_within();
        assert!(within <= Duration::from_secs(3) && within * 5 <= profile.patience * 3, "{kind}: {within:?}");
    }
}
