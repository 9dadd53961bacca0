//! What happens on a line of the simulated network: keys, transfers, people who call us.

use crate::bare_engine::{Bare, Hook, Reply, START, verbs};
use callahead::carrier::simulator::{Dialect, IncomingCall, IncomingSettings, Limits, NetworkSettings, Status};
use chrono::{DateTime, Utc};
use serde_json::json;

fn kind(dialect: Dialect) -> NetworkSettings {
    NetworkSettings { dialect, ..NetworkSettings::default() }
}

/// Lets somebody press keys in a gather and says what was told: `Digits`, the key that finished it.
async fn gathered(attributes: &'static str, keys: &str) -> Option<(String, String)> {
    let bare = Bare::start(kind(Dialect::Twilio), "", move |hook| match hook.path() {
        "/incoming" => {
            let inside = "<Play>/audio/a-2000</Play><Play>/audio/b-2000</Play>";
            verbs(&format!("<Gather {attributes} action=\"/keys\">{inside}</Gather><Hangup/>"))
        }
        "/keys" => verbs("<Hangup/>"),
        _ => Reply::Status(204),
    })
    .await;
    let incoming = IncomingSettings { voice_url: Some(format!("{}/incoming", bare.base)), status_url: None };
    bare.network.set_incoming(incoming);
    let call = IncomingCall::read("+16175551209", "+16175550100", keys).expect("a call");
    let sid = bare.network.call_in(call).expect("it rings");
    bare.network.wait_for_end(&sid).await;
    let told = bare.hooks("/keys");
    let told = told.first()?;
    Some((told.field("Digits").unwrap_or_default(), told.field("FinishedOnKey").unwrap_or_default()))
}

#[tokio::test]
async fn keys_are_gathered_as_the_document_says() {
    type Told = Option<(&'static str, &'static str)>;
    let table: [(&str, &str, Told); 9] = [
        ("numDigits=\"4\"", "+500:0412", Some(("0412", ""))),
        ("numDigits=\"4\" timeout=\"3\"", "+500:041", Some(("041", ""))),
        ("timeout=\"3\"", "1000:12#", Some(("12", "#"))),
        ("numDigits=\"1\" finishOnKey=\"\"", "3000:#", Some(("#", ""))),
        ("finishOnKey=\"*\" timeout=\"3\"", "3000:7*", Some(("7", "*"))),
        // The second key comes long after the words, but soon after the first.
        ("numDigits=\"2\" timeout=\"4\"", "7000:1 10500:2", Some(("12", ""))),
        ("numDigits=\"2\" timeout=\"3\"", "", None),
        ("numDigits=\"1\" input=\"dtmf speech\"", "2500:5", Some(("5", ""))),
        ("numDigits=\"1\" input=\"speech\"", "2500:5", None),
    ];
    for (attributes, keys, want) in table {
        let told = gathered(attributes, keys).await;
        let told = told.as_ref().map(|(digits, finish)| (digits.as_str(), finish.as_str()));
        assert_eq!(told, want, "{attributes} {keys}");
    }
}

fn desk(hook: &Hook) -> Reply {
    match hook.path() {
        path if path.starts_with("/voice/") => {
            let number = path.rsplit('/').next().unwrap_or_default();
            verbs(&format!("<Dial timeout=\"10\" action=\"/dialled\" callerId=\"+16175550100\">+1617555{number}</Dial>"))
        }
        "/dialled" => verbs("<Play>/audio/after-1000</Play>"),
        _ => Reply::Status(204),
    }
}

#[tokio::test]
async fn a_desk_is_called_and_its_end_is_told() {
    let table = [
        ("1320", "completed", Some("20"), 1_000, 20_000),
        ("1313", "busy", None, 500, 0),
        ("1314", "no-answer", None, 10_000, 0),
        ("1317", "failed", None, 500, 0),
    ];
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", desk).await;
        for (number, status, duration, rang_ms, talk_ms) in table {
            let mut form = bare.form("06");
            // SignalWire documents absolute addresses alone; this is one of its own.
            let text = format!(
                "<Response><Dial timeout=\"10\" action=\"{}/dialled\"><Number>+1617555{number}</Number></Dial></Response>",
                bare.base
            );
            let name = match dialect {
                Dialect::Twilio => "Twiml",
                Dialect::SignalWire => "Laml",
                Dialect::Telnyx => "Texml",
            };
            form[2] = (name, text);
            bare.create(&form).await;
            let call = bare.over("06").await;
            let dialled = &call.dialled[0];
            let seen = (dialled.status, dialled.rang_ms, dialled.talk_ms);
            assert_eq!(seen, (status, rang_ms, talk_ms), "{dialect:?} {number}");
            let told = bare.hooks("/dialled").pop().expect("the result is told");
            assert_eq!(told.field("DialCallStatus").as_deref(), Some(status));
            assert_eq!(told.field("DialCallDuration").as_deref(), duration, "{number}");
            assert!(told.field("DialCallSid").is_some_and(|sid| sid != call.sid));
            assert_eq!(told.field("CallStatus").as_deref(), Some("in-progress"));
            assert_eq!(call.heard.last().map(|heard| heard.length_ms), Some(1_000), "the document of the action goes on");
        }
    }
}

/// Who hangs up while the desk is on the line has been connected all the same, and the engine is told.
#[tokio::test]
async fn a_patient_who_leaves_the_desk_is_told_of() {
    let bare = Bare::start(kind(Dialect::Twilio), "", desk).await;
    for (digits, status) in [("25", "completed"), ("08", "canceled")] {
        let mut form = bare.form(digits);
        let (wait, number) = if digits == "25" { (20, "1320") } else { (1, "1314") };
        form[2] = (
            "Twiml",
            format!(
                "<Response><Pause length=\"{wait}\"/><Dial action=\"{}/dialled\">+1617555{number}</Dial></Response>",
                bare.base
            ),
        );
        let before = bare.hooks("/dialled").len();
        bare.create(&form).await;
        let call = bare.over(digits).await;
        let told = bare.wait("/dialled", before + 1).await.pop().expect("told");
        assert_eq!(told.field("DialCallStatus").as_deref(), Some(status));
        assert_eq!((told.field("CallStatus").as_deref(), call.status), (Some("completed"), Status::Completed));
        assert_eq!((call.dialled[0].status, call.heard.len()), (status, 0), "nobody hears what is answered");
    }
}

#[tokio::test]
async fn somebody_calls_us() {
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", |hook| match hook.path() {
            "/in" => verbs("<Gather numDigits=\"4\" timeout=\"5\"><Play>/audio/birthday-3000</Play></Gather><Hangup/>"),
            _ => Reply::Status(204),
        })
        .await;
        let address = |path: &str| Some(format!("{}{path}", bare.base));
        bare.network.set_incoming(IncomingSettings { voice_url: address("/in"), status_url: address("/in/status") });
        for (from, keys) in [("+16175551209", "+1000:0412 +500:hangup"), ("anonymous", "1000:hangup"), ("+266696687", "")] {
            let before = bare.hooks("/in/status").len();
            let call = IncomingCall::read(from, "+16175550100", keys).expect("a call");
            let sid = bare.network.call_in(call).expect("it rings");
            bare.network.wait_for_end(&sid).await;
            let asked = bare.all().into_iter().filter(|hook| hook.field("CallSid").as_deref() == Some(&sid));
            let asked: Vec<Hook> = asked.filter(|hook| hook.path() == "/in").collect();
            let first = |name: &str| asked[0].field(name);
            assert_eq!(first("Direction").as_deref(), Some("inbound"));
            assert_eq!((first("From").as_deref(), first("To").as_deref()), (Some(from), Some("+16175550100")));
            assert_eq!(first("CallStatus").as_deref(), Some("ringing"), "{dialect:?}");
            if dialect != Dialect::Telnyx {
                assert_eq!((first("Caller").as_deref(), first("Called").as_deref()), (Some(from), Some("+16175550100")));
            }
            let digits = asked.get(1).and_then(|hook| hook.field("Digits"));
            assert_eq!(digits.as_deref(), (from == "+16175551209").then_some("0412"), "{dialect:?} {from}");
            let ends = bare.wait("/in/status", before + 1).await;
            let end = ends.last().expect("told");
            assert_eq!((ends.len(), end.field("CallStatus").as_deref()), (before + 1, Some("completed")));
            assert_eq!(end.field("Direction").as_deref(), Some("inbound"));
        }
        let tally = bare.network.tally();
        assert_eq!((tally.calls.len(), tally.by_attempt().len()), (3, 0), "calls to us are nobody's attempt");
    }
}

#[tokio::test]
async fn a_call_to_us_is_begun_over_http() {
    let bare = Bare::start(kind(Dialect::Telnyx), "", |_| verbs("<Hangup/>")).await;
    let post = |fields: [(&'static str, &'static str); 3]| bare.ask("POST", "/incoming").form(&fields).send();
    let sound = [("from", "+16175551209"), ("to", "+16175550100"), ("keys", "1000:hangup")];
    let nowhere = post(sound).await.expect("an answer");
    assert_eq!(nowhere.status().as_u16(), 400);
    assert!(nowhere.text().await.expect("a text").contains("incoming URL"));
    bare.network.set_incoming(IncomingSettings { voice_url: Some(format!("{}/in", bare.base)), status_url: None });
    let (status, begun) = bare.json(bare.ask("POST", "/incoming").form(&sound)).await;
    bare.network.wait_for_end(begun["sid"].as_str().expect("an id")).await;
    assert_eq!((status, bare.hooks("/in").len()), (200, 1));
    let bad = post([("from", "me"), ("to", "+16175550100"), ("keys", "")]).await.expect("an answer");
    assert_eq!(bad.status().as_u16(), 400);
}

#[tokio::test]
async fn calls_above_the_pace_wait_and_more_are_refused() {
    // A call in a hundred seconds: what a busy machine loses is little beside that.
    let limits = Limits { calls_per_second: Some(0.01), queue: Some(3), lines: None };
    let bare = Bare::start(NetworkSettings { limits, ..kind(Dialect::Twilio) }, "", |_| Reply::Status(204)).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        let (status, body) = bare.create(&bare.form("13")).await;
        answers.push((status, body["queue_time"].as_str().map(|ms| ms.parse::<u64>().expect("a number")), body["code"].as_u64()));
    }
    assert!(answers[..4].iter().all(|answer| answer.0 == 201), "{answers:?}");
    let waits: Vec<u64> = answers[..4].iter().filter_map(|answer| answer.1).collect();
    assert!(waits[0] == 0 && waits.windows(2).all(|pair| pair[0] < pair[1]) && waits[3] <= 300_000, "{waits:?}");
    assert_eq!((answers[4].0, answers[4].2), (400, Some(22005)));
    bare.over("13").await;
    let tally = bare.network.tally();
    let spans: Vec<i64> =
        tally.calls.iter().map(|call| (call.ended_at.expect("over") - call.created_at).num_milliseconds()).collect();
    for (span, wait) in spans.iter().zip(&waits) {
        assert!(*span >= i64::try_from(*wait).expect("small"), "dialled in its turn: {spans:?} {waits:?}");
    }
    let start: DateTime<Utc> = START.parse().expect("a time");
    assert_eq!(tally.requests.iter().map(|request| request.taken).collect::<Vec<_>>(), [true, true, true, true, false]);
    assert!(tally.requests.windows(2).all(|pair| pair[0].at <= pair[1].at) && tally.requests[0].at >= start);
}

#[tokio::test]
async fn every_line_may_be_in_use() {
    let limits = Limits { lines: Some(1), ..Limits::default() };
    for dialect in Dialect::ALL {
        let kind = NetworkSettings { limits, ..kind(dialect) };
        let bare = Bare::start(kind, "", |_| verbs("<Pause length=\"100\"/>")).await;
        bare.create(&bare.form("06")).await;
        let (status, body) = bare.create(&bare.form("09")).await;
        if dialect == Dialect::Telnyx {
            assert_eq!(status, 200, "it is taken, and fails");
            let call = bare.over("09").await;
            assert_eq!((call.status, call.sip), (Status::Failed, Some(403)));
        } else {
            assert_eq!((status, &body["code"]), (400, &json!(10004)), "{dialect:?}");
        }
    }
}
