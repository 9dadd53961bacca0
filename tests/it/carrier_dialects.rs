//! The simulated network in each carrier's own words, asked by hand and heard word for word: what stands here is what
//! the documentation of the three says, not what our client makes of it.

use crate::bare_engine::{ACCOUNT, Bare, Hook, Reply, TOKEN, verbs};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callahead::carrier::simulator::{Dialect, NetworkSettings, Status};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use serde_json::{Value, json};

const SIGNING_KEY: &str = "PSK_signing";

fn kind(dialect: Dialect) -> NetworkSettings {
    let signing_key = (dialect == Dialect::SignalWire).then(|| SIGNING_KEY.into());
    NetworkSettings { dialect, signing_key, ..NetworkSettings::default() }
}

/// A message of two seconds, and nothing else.
fn message(hook: &Hook) -> Reply {
    match hook.path().starts_with("/voice") {
        true => verbs("<Play>/audio/a-2000</Play>"),
        false => Reply::Status(204),
    }
}

fn every_event(dialect: Dialect) -> Vec<(&'static str, String)> {
    let events = ["initiated", "ringing", "answered", "completed"];
    match dialect {
        Dialect::Telnyx => vec![("StatusCallbackEvent", events.join(" "))],
        Dialect::Twilio | Dialect::SignalWire => events.map(|event| ("StatusCallbackEvent", event.to_string())).to_vec(),
    }
}

/// Whether a webhook is signed as its carrier says, checked here by other means than the network's own.
fn is_signed(bare: &Bare, hook: &Hook) -> bool {
    let url = format!("{}{}", bare.base, hook.path_and_query);
    let fields = hook.fields();
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let hmac = |key: &str, header: &str| hook.header(header) == Some(&crate::support::http::signed(key, &url, &pairs));
    match bare.dialect {
        Dialect::Twilio => hmac(TOKEN, "x-twilio-signature") && hook.header("i-twilio-idempotency-token").is_some(),
        Dialect::SignalWire => hmac(SIGNING_KEY, "x-signalwire-signature") && hook.header("x-twilio-signature").is_none(),
        Dialect::Telnyx => {
            let key = STANDARD.decode(bare.network.public_key().expect("a public key")).expect("base64");
            let key = VerifyingKey::from_bytes(&key.try_into().expect("32 bytes")).expect("a key");
            let given = STANDARD.decode(hook.header("telnyx-signature-ed25519").expect("signed")).expect("base64");
            let time = hook.header("telnyx-timestamp").expect("with its time");
            let signed = format!("{time}|{}", hook.body);
            key.verify(signed.as_bytes(), &Signature::from_bytes(&given.try_into().expect("64 bytes"))).is_ok()
        }
    }
}

#[tokio::test]
async fn a_call_in_each_carriers_words() {
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", message).await;
        let mut form = bare.form("09");
        form.extend(every_event(dialect));
        form.extend([("MachineDetection", "Enable".into()), ("AsyncAmd", "true".into())]);
        form.push(("AsyncAmdStatusCallback", format!("{}/amd/09", bare.base)));
        let (status, created) = bare.create(&form).await;
        let call = bare.over("09").await;
        let words: &[&str] = match dialect {
            Dialect::SignalWire => &["initiated", "ringing", "answered", "in-progress", "completed"],
            _ => &["initiated", "ringing", "in-progress", "completed"],
        };
        let news = bare.wait("/status/09", words.len()).await;
        assert_eq!(bare.told("09"), words, "{dialect:?}");
        assert_eq!((call.status, call.warnings.as_slice()), (Status::Completed, &[][..]), "{dialect:?}");

        match dialect {
            Dialect::Twilio => {
                assert_eq!((status, &created["status"], &created["queue_time"]), (201, &json!("queued"), &json!("0")));
                assert!(call.sid.starts_with("CA") && created["sid"] == call.sid.as_str());
            }
            Dialect::SignalWire => {
                assert_eq!((status, &created["status"]), (200, &json!("queued")));
                assert!(call.sid.len() == 36 && created["sid"] == call.sid.as_str());
            }
            Dialect::Telnyx => {
                let want = json!({"from": "+16175550100", "to": "+16175551209", "status": "queued"});
                assert_eq!((status, &created), (200, &want), "no id is promised");
                assert!(call.sid.starts_with("v3:"));
            }
        }
        let amd = bare.wait("/amd/09", 1).await;
        let question = &bare.wait("/voice/09", 1).await[0];
        for hook in bare.all() {
            assert!(is_signed(&bare, &hook), "{dialect:?} {}", hook.path());
            assert_eq!(hook.field("CallSid").as_deref(), Some(call.sid.as_str()));
            assert_eq!(hook.field("AccountSid").as_deref(), Some(ACCOUNT));
        }
        assert_eq!(question.field("Direction").as_deref(), Some("outbound-api"));
        let mut names: Vec<String> = amd[0].fields().into_iter().map(|(name, _)| name).collect();
        names.sort();
        let want: &[&str] = match dialect {
            Dialect::Telnyx => {
                &["AccountSid", "AnsweredBy", "CallSid", "CallSidLegacy", "ConnectionId", "MachineDetectionDuration"]
            }
            _ => &["AccountSid", "AnsweredBy", "CallSid", "MachineDetectionDuration"],
        };
        assert_eq!(names, want, "{dialect:?}");
        let sequence: Vec<_> = news.iter().filter_map(|hook| hook.field("SequenceNumber")).collect();
        let last = news.last().expect("the end");
        let has = |name: &str| last.field(name).is_some();
        match dialect {
            Dialect::Twilio => assert!(sequence == ["0", "1", "2", "3"] && has("Duration") && has("ToCity")),
            Dialect::SignalWire => assert!(sequence[4] == "4" && has("HangupBy") && has("AudioInMos") && !has("ToCity")),
            Dialect::Telnyx => {
                assert!(sequence.iter().all(|number| number == "0") && has("HangupSource") && has("CallInitiatedAt"));
            }
        }
        assert!(has("CallDuration") && last.field("Timestamp").is_some_and(|at| at.contains("2026")));
    }
}

#[tokio::test]
async fn calls_are_listed_read_and_changed() {
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", message).await;
        for _ in 0..3 {
            bare.create(&bare.form("13")).await;
        }
        bare.over("13").await;
        let size = "PageSize=2&To=%2B16175551213";
        let (status, first) = bare.json(bare.ask("GET", &format!("{}?{size}", bare.calls()))).await;
        assert_eq!((status, first["calls"].as_array().map(Vec::len)), (200, Some(2)), "{dialect:?}");
        let next = first["next_page_uri"].as_str().expect("one more page");
        let (_, second) = bare.json(bare.ask("GET", next)).await;
        assert_eq!((second["calls"].as_array().map(Vec::len), second["next_page_uri"].is_null()), (Some(1), true), "{next}");

        // The day itself is within "at or after" and outside "after".
        let (today, name) = match dialect {
            Dialect::Telnyx => (0, "StartTime_gt"),
            _ => (3, "StartTime%3E"),
        };
        for (day, count) in [("2026-11-26", 3), ("2026-11-27", today), ("2026-11-28", 0)] {
            let (_, list) = bare.json(bare.ask("GET", &format!("{}?{name}={day}", bare.calls()))).await;
            assert_eq!(list["calls"].as_array().map(Vec::len), Some(count), "{dialect:?} {day}");
        }
        let sid = first["calls"][0]["sid"].as_str().expect("an id").to_string();
        let (status, read) = bare.json(bare.ask("GET", &bare.call(&sid))).await;
        assert_eq!((status, &read["status"], &read["sid"]), (200, &json!("busy"), &json!(sid)));
        let direction = if dialect == Dialect::Telnyx { "outbound" } else { "outbound-api" };
        assert_eq!(read["direction"], direction);

        let refusals = [
            (bare.call(&sid), "Url", 21220, "90018"),
            (bare.call(&sid), "Status", 20001, "10015"),
            (bare.call("nobody"), "Url", 20404, "10005"),
            (bare.calls().replace(ACCOUNT, "another"), "To", 20404, "10005"),
        ];
        for (path, field, code, telnyx) in refusals {
            let (status, body) = bare.json(bare.ask("POST", &path).form(&[(field, "http://127.0.0.1:9/x")])).await;
            match dialect {
                Dialect::Telnyx => assert_eq!(body["errors"][0]["code"], telnyx, "{path} {status}"),
                _ => assert_eq!(body["code"], code, "{dialect:?} {path} {status}"),
            }
            assert!((400..500).contains(&status), "{path} {status}");
        }
    }
}

#[tokio::test]
async fn strangers_are_refused_in_each_ones_way() {
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", message).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let calls = format!("http://{}{}", bare.network.address(), bare.calls());
        // The other one's way of letting in, and a wrong token in one's own.
        let attempts = [
            http.get(&calls),
            http.get(&calls).basic_auth(ACCOUNT, Some("wrong")),
            http.get(&calls).bearer_auth("wrong"),
            match dialect {
                Dialect::Telnyx => http.get(&calls).basic_auth(ACCOUNT, Some(TOKEN)),
                _ => http.get(&calls).bearer_auth(TOKEN),
            },
        ];
        for attempt in attempts {
            let (status, body) = bare.json(attempt).await;
            let code = if dialect == Dialect::Telnyx { body["errors"][0]["code"].clone() } else { body["code"].clone() };
            let want = if dialect == Dialect::Telnyx { json!("10009") } else { json!(20003) };
            assert_eq!((status, code), (401, want), "{dialect:?}");
        }
    }
}

#[tokio::test]
async fn telnyx_takes_json_and_the_others_do_not() {
    for dialect in Dialect::ALL {
        let bare = Bare::start(kind(dialect), "", message).await;
        let url = format!("{}/voice/09", bare.base);
        let body = json!({"To": "+16175551209", "From": "+16175550100", "Url": url, "UrlMethod": "POST", "Timeout": 20, "AsyncAmd": false});
        let (status, _) = bare.json(bare.ask("POST", &bare.calls()).json(&body)).await;
        assert_eq!(status, if dialect == Dialect::Telnyx { 200 } else { 415 }, "{dialect:?}");
        if dialect == Dialect::Telnyx {
            assert_eq!(bare.over("09").await.warnings, Vec::<String>::new());
            let (status, fault) = bare.json(bare.ask("POST", &bare.calls()).json(&json!(["To"]))).await;
            assert_eq!((status, &fault["errors"][0]["code"]), (422, &json!("10015")));
        }
    }
}

/// An engine that does not answer news: who asks again, how often, and by what wish of the address.
#[tokio::test]
async fn news_is_sent_again_as_each_carrier_does() {
    let table = [
        (Dialect::Twilio, "", 1),
        (Dialect::Twilio, "#rc=3&rp=5xx", 4),
        (Dialect::Twilio, "#rc=3&rp=4xx,ct", 1),
        (Dialect::SignalWire, "", 3),
        (Dialect::SignalWire, "#rc=5&rp=all", 3),
        (Dialect::Telnyx, "#rc=3&rp=all", 1),
    ];
    for (dialect, fragment, times) in table {
        let bare = Bare::start(kind(dialect), "", |hook| match hook.path().starts_with("/status") {
            true => Reply::Status(503),
            false => verbs("<Hangup/>"),
        })
        .await;
        let mut form = bare.form("09");
        form[3].1.push_str(fragment);
        bare.create(&form).await;
        bare.over("09").await;
        let came = bare.wait("/status/09", times).await;
        assert!(came.iter().all(|hook| is_signed(&bare, hook) && !hook.path_and_query.contains('#')), "{dialect:?} {fragment}");
        let tokens: Vec<_> = came.iter().map(|hook| hook.header("i-twilio-idempotency-token")).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]) && tokens[0].is_some() == (dialect == Dialect::Twilio));
        // Whatever was to come has come when the next call is over, too.
        bare.create(&bare.form("13")).await;
        bare.wait("/status/13", 1).await;
        assert_eq!(bare.hooks("/status/09").len(), times, "{dialect:?} {fragment}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_with_get_and_loses_the_form() {
    let bare = Bare::start(kind(Dialect::Twilio), "", |hook| match hook.path() {
        "/voice/09" => Reply::MovedTo("/elsewhere?x=1".into()),
        "/elsewhere" => verbs("<Play>/audio/a-1000</Play>"),
        _ => Reply::Status(204),
    })
    .await;
    bare.create(&bare.form("09")).await;
    assert_eq!(bare.over("09").await.status, Status::Completed);
    let moved = &bare.hooks("/elsewhere")[0];
    assert_eq!((moved.method.as_str(), moved.body.as_str()), ("GET", ""));
    assert!(is_signed(&bare, moved));
}

#[tokio::test]
async fn a_document_may_come_along_with_the_request() {
    for (dialect, name) in [(Dialect::Twilio, "Twiml"), (Dialect::SignalWire, "Laml"), (Dialect::Telnyx, "Texml")] {
        let bare = Bare::start(kind(dialect), "", message).await;
        let mut form = bare.form("06");
        let said = format!("<Response><Play>{}/audio/a-3000</Play><Pause length=\"170\"/></Response>", bare.base);
        form[2] = (name, said);
        form.push(("StatusCallbackEvent", "answered".into()));
        bare.create(&form).await;
        bare.wait("/status/06", 1).await;
        let sid = bare.network.tally().calls[0].sid.clone();
        let turned = bare.ask("POST", &bare.call(&sid)).form(&[(name, "<Response><Say>Good bye</Say></Response>")]);
        assert_eq!(bare.json(turned).await.0, 200, "{dialect:?}");
        let call = bare.over("06").await;
        let heard: Vec<&str> = call.heard.iter().map(|heard| heard.audio.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(heard.last(), Some(&""), "{dialect:?}: the spoken words come last: {heard:?}");
        assert_eq!((call.status, bare.hooks("/voice/06").len()), (Status::Completed, 0), "{dialect:?}");
    }
}

/// A machine's verdict cuts what plays with Telnyx, and lets it play with the others, who turn the call by themselves.
#[tokio::test]
async fn a_verdict_cuts_the_prompt_where_the_carrier_does_that() {
    for (dialect, keep, whole) in [
        (Dialect::Twilio, false, true),
        (Dialect::SignalWire, false, true),
        (Dialect::Telnyx, false, false),
        (Dialect::Telnyx, true, true),
    ] {
        let bare = Bare::start(kind(dialect), "", |hook| match hook.path().starts_with("/voice") {
            true => verbs("<Play>/audio/a-12000</Play>"),
            false => Reply::Status(204),
        })
        .await;
        let mut form = bare.form("10");
        form.extend([("MachineDetection", "DetectMessageEnd".into()), ("AsyncAmd", "true".into())]);
        form.push(("AsyncAmdStatusCallback", format!("{}/amd/10", bare.base)));
        if keep {
            form.push(("CancelPlaybackOnDetectMessageEnd", "false".into()));
        }
        bare.create(&form).await;
        let call = bare.over("10").await;
        assert_eq!(call.heard[0].is_whole(), whole, "{dialect:?} {:?}", call.heard);
        assert_eq!(bare.wait("/amd/10", 1).await[0].field("AnsweredBy").as_deref(), Some("machine_end_beep"));
    }
}

#[tokio::test]
async fn machine_detection_is_timed_in_each_ones_unit() {
    for (dialect, timeout, word) in [
        (Dialect::Twilio, "3", "unknown"),
        (Dialect::Twilio, "30", "machine_end_beep"),
        (Dialect::SignalWire, "3", "unknown"),
        (Dialect::Telnyx, "3000", "unknown"),
        (Dialect::Telnyx, "30000", "machine_end_beep"),
    ] {
        let bare = Bare::start(kind(dialect), "", message).await;
        let mut form = bare.form("10");
        form.extend([("MachineDetection", "DetectMessageEnd".into()), ("MachineDetectionTimeout", timeout.into())]);
        bare.create(&form).await;
        let call = bare.over("10").await;
        assert_eq!(call.answered_by, Some(word), "{dialect:?} {timeout}");
        let first = &bare.hooks("/voice/10")[0];
        assert_eq!(first.field("AnsweredBy").as_deref(), Some(word), "synchronous: before the first word");
        let (_, read): (u16, Value) = bare.json(bare.ask("GET", &bare.call(&call.sid))).await;
        let shown = match (dialect, word) {
            (Dialect::Telnyx, "unknown") => "not_sure",
            (Dialect::Telnyx, _) => "machine",
            (_, word) => word,
        };
        assert_eq!(read["answered_by"], shown);
    }
}
