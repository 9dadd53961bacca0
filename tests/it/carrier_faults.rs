//! What the simulated network does when something is wrong: with the engine, or with itself.

use crate::test_engine::{ACCOUNT, Setup, TOKEN, World, number, page, reminder};
use callahead::carrier::simulator::Status;
use callahead::carrier::{Ask, Carrier, CarrierError, Page, Refusal};
use callahead::core::call::{CallEvent, FinalStatus, Then};
use serde_json::Value;

#[tokio::test]
async fn a_lost_answer_hides_a_call_that_can_be_found() {
    let world = World::start(Setup { faults: "lost-answer:1", ..Setup::default() }).await;
    for digits in ["14", "15", "16", "17", "21", "22"] {
        let error = world.carrier.place_call(&world.call(digits)).await.expect_err("the answer is lost");
        assert!(matches!(error, CarrierError::Unknown(_)), "{error:?}");
        let since = "2026-11-27T15:00:00Z".parse().expect("a time");
        let found = world.carrier.find_calls(&world.call(digits).to, since).await.expect("a list");
        assert_eq!(found.len(), 1, "{digits}");
    }
}

#[tokio::test]
async fn a_refusal_places_nothing() {
    let world = World::start(Setup { faults: "too-many-requests:1", ..Setup::default() }).await;
    let refused = world.carrier.place_call(&world.call("01")).await;
    let why = Refusal::SlowDown { retry_after_s: Some(1) };
    assert_eq!(refused, Err(CarrierError::Refused { why, status: 429, code: 20429 }));
    let tally = world.network.tally();
    assert_eq!((tally.calls.len(), tally.refused), (0, 1));
}

/// What our client makes of a refusal, each named once, and how often what is taken.
async fn refusals(faults: &'static str, digits: &[&str]) -> (std::collections::BTreeSet<(u16, u32, String)>, usize) {
    let world = World::start(Setup { faults, clock: slow(), ..Setup::default() }).await;
    let mut seen = std::collections::BTreeSet::new();
    for digits in digits {
        match world.carrier.place_call(&world.call(digits)).await {
            Err(CarrierError::Refused { why, status, code }) => seen.insert((status, code, format!("{why:?}"))),
            other => other.map(|_| false).expect("taken or refused"),
        };
    }
    (seen, world.network.tally().calls.len())
}

#[tokio::test]
async fn a_number_that_cannot_be_called_is_refused_the_same_way_each_time() {
    let many = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16"];
    let (seen, calls) = refusals("number-refused:1", &many).await;
    let reasons: Vec<_> = seen.iter().map(|(status, _, why)| (*status, why.as_str())).collect();
    assert!(reasons.iter().all(|why| [(400, "BadNumber"), (400, "NotReached"), (400, "Blocked")].contains(why)), "{seen:?}");
    assert!(seen.len() >= 3 && calls == 0, "{seen:?}, {calls} calls");
    let (once, _) = refusals("number-refused:1", &["13"; 12]).await;
    assert_eq!(once.len(), 1, "one number, one reason: {once:?}");
    let (_, calls) = refusals("number-refused:0.5", &many).await;
    assert!((3..=13).contains(&calls), "half of the numbers can be called: {calls}");
}

#[tokio::test]
async fn an_account_is_refused_and_so_is_what_nobody_can_explain() {
    let (seen, calls) = refusals("account-refused:1", &["13"; 16]).await;
    let all = [(401, 20003), (403, 20005), (403, 20403)].map(|(status, code)| (status, code, "Account".to_string()));
    assert_eq!((seen, calls), (all.into(), 0));
    let (seen, calls) = refusals("strange-refusal:1", &["13"]).await;
    assert_eq!((seen, calls), ([(400, 21998, "Other".to_string())].into(), 0));
}

#[tokio::test]
async fn a_question_without_an_answer_leads_to_the_fallback_address() {
    for (faults, engine_heard) in [("question-lost:1", false), ("answer-lost:1", true)] {
        let world = World::start(Setup { faults, ..Setup::default() }).await;
        world.call_all(&["01"]).await;
        let call = world.network.tally().calls[0].clone();
        // The fallback is lost as well, and the call is over with that.
        assert_eq!((call.status, call.documents, call.acknowledged.as_str()), (Status::Completed, 0, ""), "{faults}");
        assert!([Some(11200), Some(11205)].contains(&call.error_code), "{faults}: {call:?}");
        let asks: Vec<Ask> = world.engine.asks("01");
        let heard = matches!(asks[..], [Ask::Answered { .. }, Ask::Fallback { .. }]);
        assert_eq!((heard, asks.is_empty()), (engine_heard, !engine_heard), "{faults}: {asks:?}");
    }
}

#[tokio::test]
async fn a_doubled_webhook_is_the_same_question_twice() {
    let world = World::start(Setup { faults: "webhook-twice:1", ..Setup::default() }).await;
    world.call_all(&["07"]).await;
    let asks = world.engine.asks("07");
    assert!(asks.chunks(2).all(|pair| pair[0] == pair[1]), "{asks:?}");
    let tally = world.network.tally();
    assert_eq!((tally.calls[0].status, tally.calls[0].differing_repeats), (Status::Completed, 0));
    assert_eq!(tally.calls[0].keys.len(), 1, "the patient pressed once");
}

#[tokio::test]
async fn late_webhooks_come_all_the_same() {
    let world = World::start(Setup { faults: "webhook-late:1", ..Setup::default() }).await;
    world.call_all(&["01", "13", "14"]).await;
    let ends = |digits: &str| world.engine.news(digits).iter().filter(|e| matches!(e, CallEvent::Ended { .. })).count();
    assert_eq!((ends("01"), ends("13"), ends("14")), (1, 1, 1));
}

/// An engine whose answers are of no use: the call ends, and the carrier's code says why.
#[tokio::test]
async fn what_a_useless_answer_leads_to() {
    fn silent(_: &Ask) -> Option<Page> {
        None
    }
    fn without_audio(_: &Ask) -> Option<Page> {
        Some(page(1, &["nothing"], Then::HangUp))
    }
    fn broken_after_a_key(ask: &Ask) -> Option<Page> {
        if matches!(ask, Ask::Key { .. }) { None } else { reminder(ask) }
    }
    for (script, digits, code, documents) in
        [(silent as fn(&Ask) -> Option<Page>, "06", 11200, 0), (without_audio, "06", 11200, 1)]
    {
        let world = World::start(Setup { script, ..Setup::default() }).await;
        world.call_all(&[digits]).await;
        let tally = world.network.tally();
        let call = &tally.calls[0];
        assert_eq!((call.status, call.error_code, call.documents), (Status::Completed, Some(code), documents), "{call:?}");
        let end = world.engine.news(digits).last().cloned();
        // Somebody answered: it counts as a call, though nothing was heard.
        assert!(matches!(end, Some(CallEvent::Ended { status: FinalStatus::Completed, .. })), "{end:?}");
    }
    // The fallback address is asked for what is to be said now.
    let world = World::start(Setup { script: broken_after_a_key, ..Setup::default() }).await;
    world.call_all(&["01"]).await;
    let mut asks = world.engine.asks("01");
    let keys = asks.iter().filter(|ask| matches!(ask, Ask::Key { step: 1, .. })).count();
    assert_eq!(keys, 3, "our addresses wish for two more tries: {asks:?}");
    asks.dedup();
    assert!(matches!(asks[..3], [Ask::Answered { .. }, Ask::Key { step: 1, .. }, Ask::Fallback { .. }]), "{asks:?}");
    assert_eq!(world.network.tally().calls[0].status, Status::Completed);
}

#[tokio::test]
async fn strangers_are_refused() {
    let world = World::start(Setup::default()).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let calls = format!("http://{}/2010-04-01/Accounts/{ACCOUNT}/Calls.json", world.network.address());
    let form = [("To", number("01")), ("From", number("00")), ("Url", "http://h.example/v".to_string())];
    for (user, password, path, status, code) in [
        (ACCOUNT, "wrong", calls.clone(), 401, 20003),
        ("AC2", TOKEN, calls.clone(), 401, 20003),
        (ACCOUNT, TOKEN, calls.replace(ACCOUNT, "AC2"), 404, 20404),
    ] {
        let response = http.post(path).basic_auth(user, Some(password)).form(&form).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status);
        let body: Value = response.json().await.expect("a body");
        assert_eq!((body["code"].as_u64(), body["status"].as_u64()), (Some(code), Some(status.into())));
    }
    let tally = format!("http://{}/tally", world.network.address());
    assert_eq!(http.get(&tally).send().await.expect("an answer").status().as_u16(), 401);
}

#[tokio::test]
async fn the_tally_counts_and_gives_no_address_away() {
    let world = World::start(Setup::default()).await;
    world.call_all(&["08", "13"]).await;
    world.call_all(&["13"]).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let tally = http.get(format!("http://{}/tally", world.network.address())).basic_auth(ACCOUNT, Some(TOKEN));
    let text = tally.send().await.expect("an answer").text().await.expect("a body");
    let tally: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(tally["placed"], 3);
    assert_eq!(tally["by_status"], serde_json::json!({"busy": 2, "completed": 1}));
    assert_eq!(tally["by_number"][number("13")], 2);
    let counts: Vec<u64> = tally["by_attempt"].as_object().expect("counts").values().filter_map(Value::as_u64).collect();
    assert!(counts == [1, 2] || counts == [2, 1], "two calls with one attempt's address: {counts:?}");
    assert!(!text.contains("http"), "{text}");
}

#[tokio::test]
async fn a_stopped_network_is_still() {
    let world = World::start(Setup::default()).await;
    let call = world.call("14");
    world.carrier.place_call(&call).await.expect("taken");
    let address = world.network.address();
    world.network.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let gone = world.carrier.place_call(&call).await;
    assert!(matches!(gone, Err(CarrierError::Unreachable(_))), "{gone:?}");
}

/// What the API takes that our own client does not ask for.
#[tokio::test]
async fn calls_are_ended_called_off_and_paged() {
    let world = World::start(Setup { clock: slow(), ..Setup::default() }).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("http://{}/2010-04-01/Accounts/{ACCOUNT}/Calls", world.network.address());
    let post = |path: String, form: Vec<(&'static str, String)>| {
        let request = http.post(format!("{base}{path}")).basic_auth(ACCOUNT, Some(TOKEN)).form(&form);
        async move {
            let response = request.send().await.expect("an answer");
            (response.status().as_u16(), response.json::<Value>().await.expect("a body"))
        }
    };
    let mut ids = Vec::new();
    for _ in 0..3 {
        let url = "http://127.0.0.1:9/v".to_string();
        let (status, call) = post(".json".into(), vec![("To", number("14")), ("From", number("00")), ("Url", url)]).await;
        assert_eq!((status, &call["status"]), (201, &Value::from("queued")));
        let sid = call["sid"].as_str().expect("an id").to_string();
        assert!(sid.len() == 34 && sid.starts_with("CA") && sid[2..].bytes().all(|b| b.is_ascii_hexdigit()), "{sid}");
        ids.push(sid);
    }
    for (fields, want) in [
        (vec![("Status", "melted".to_string())], (400, 20001)),
        (vec![], (400, 21205)),
        (vec![("Url", "http://h.example/x".to_string())], (400, 21220)),
    ] {
        let (status, fault) = post(format!("/{}.json", ids[0]), fields).await;
        assert_eq!((status, fault["code"].as_u64().expect("a code")), want);
    }
    let (status, _) = post(format!("/{}.json", ids[0]), vec![("Status", "canceled".into())]).await;
    assert_eq!(status, 200);
    world.network.wait_for_end(&ids[0]).await;
    assert_eq!(world.network.tally().calls[0].status, Status::Canceled);
    let get = async |uri: &str| {
        let address = format!("http://{}{uri}", world.network.address());
        let response = http.get(address).basic_auth(ACCOUNT, Some(TOKEN)).send().await.expect("an answer");
        response.json::<Value>().await.expect("a body")
    };
    let first = get(&format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json?PageSize=2&To=%2B16175551214")).await;
    assert_eq!(first["calls"].as_array().map(Vec::len), Some(2));
    let second = get(first["next_page_uri"].as_str().expect("one more page")).await;
    assert_eq!((second["calls"][0]["sid"].as_str(), second["next_page_uri"].is_null()), (Some(ids[0].as_str()), true));
}

/// An ordinary clock, so that a telephone rings long enough to be dealt with.
fn slow() -> callahead::clock::Clock {
    callahead::clock::Clock::system()
}

/// What becomes of a request to call when the network breaks: what its client sees, and whether there is a call.
#[tokio::test]
async fn every_way_of_losing_an_answer() {
    let table: [(&str, &[usize]); 7] = [
        ("lost-request:1", &[0]),
        ("connection-reset:1", &[0, 1]),
        ("error-before:1", &[0]),
        ("error-after:1", &[1]),
        ("lost-answer:1", &[1]),
        ("down:1", &[0]),
        ("queue-full:1", &[0]),
    ];
    for (faults, calls) in table {
        let world = World::start(Setup { faults, ..Setup::default() }).await;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..12 {
            let before = world.network.tally().calls.len();
            let error = world.carrier.place_call(&world.call("13")).await.expect_err("no answer");
            match faults {
                "queue-full:1" => assert!(matches!(error, CarrierError::Refused { code: 22005, .. }), "{error:?}"),
                _ => assert!(matches!(error, CarrierError::Unknown(_)), "{faults}: {error:?}"),
            }
            seen.insert(world.network.tally().calls.len() - before);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), calls, "{faults}");
        assert_eq!(world.network.tally().requests.len(), if faults == "down:1" { 0 } else { 12 }, "{faults}");
    }
}

#[tokio::test]
async fn a_network_is_down_and_up_again() {
    let world = World::start(Setup::default()).await;
    world.network.set_down(true);
    assert!(matches!(world.carrier.place_call(&world.call("13")).await, Err(CarrierError::Unknown(_))));
    assert!(world.carrier.fetch_call("CAany").await.is_err());
    world.network.set_down(false);
    world.call_all(&["13"]).await;

    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let faults = format!("http://{}/faults", world.network.address());
    let post = async |list: &'static str| {
        let answer = http.post(&faults).basic_auth(ACCOUNT, Some(TOKEN)).body(list).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    assert_eq!(post("down:1, lost-answer:0.5").await, (200, "down:1,lost-answer:0.5".to_string()));
    assert!(world.carrier.place_call(&world.call("13")).await.is_err());
    let (status, why) = post("dwon:1").await;
    assert!(status == 400 && why.starts_with("`dwon` is no fault"), "{why}");
    assert_eq!(post("").await, (200, String::new()));
    assert!(world.carrier.place_call(&world.call("13")).await.is_ok());
    assert_eq!(http.post(&faults).body("down:1").send().await.expect("an answer").status().as_u16(), 401);
}

#[tokio::test]
async fn a_live_call_that_cannot_be_turned_goes_on() {
    let world = World::start(Setup { faults: "turn-refused:1", ..Setup::default() }).await;
    world.call_all(&["10"]).await;
    let call = &world.network.tally().calls[0];
    assert!(!world.engine.asks("10").contains(&Ask::Turned { step: 50 }));
    assert!(call.recorded.iter().all(|piece| !piece.audio.contains("voicemail")), "{:?}", call.recorded);
}

#[tokio::test]
async fn audio_that_cannot_be_fetched_ends_a_call() {
    let world = World::start(Setup { faults: "audio-fails:1", ..Setup::default() }).await;
    world.call_all(&["09"]).await;
    let call = &world.network.tally().calls[0];
    assert_eq!((call.status, call.error_code, call.heard.len()), (Status::Completed, Some(11200), 0));
}

/// Nobody believes a forged webhook, and nobody follows half of one: the story is that of a quiet network.
#[tokio::test]
async fn forged_and_broken_webhooks_change_nothing() {
    let world = World::start(Setup { faults: "webhook-forged:1,webhook-truncated:1", ..Setup::default() }).await;
    world.call_all(&["01", "13"]).await;
    let tally = world.network.tally();
    assert!(tally.calls.iter().all(|call| call.forged > 0 && call.forged_believed == 0), "{:?}", tally.calls);
    assert!(!world.engine.rejected.lock().expect("no panic").is_empty());
    let asks = world.engine.asks("01");
    assert!(matches!(asks[..2], [Ask::Answered { .. }, Ask::Key { step: 1, .. }]), "{asks:?}");
}

/// What the engine hears of status when callbacks are lost, held back, or sent twice.
#[tokio::test]
async fn news_is_lost_reordered_and_repeated() {
    let ends = |events: &[CallEvent]| events.iter().filter(|event| matches!(event, CallEvent::Ended { .. })).count();
    let news = async |faults: &'static str, wait_for_end: bool| {
        let world = World::start(Setup { faults, ..Setup::default() }).await;
        if wait_for_end {
            world.call_all(&["13"]).await;
        } else {
            world.carrier.place_call(&world.call("13")).await.expect("taken");
            let sid = world.network.tally().calls[0].sid.clone();
            world.network.wait_for_end(&sid).await;
        }
        world.network.stop().await;
        world.engine.news("13")
    };
    assert_eq!(news("status-lost:1", false).await, []);
    assert_eq!(ends(&news("final-lost:1", false).await), 0);
    let twice = news("final-twice:1", true).await;
    assert!((1..=2).contains(&ends(&twice)), "{twice:?}");
    let reordered = news("status-reordered:1", true).await;
    assert_eq!(reordered[..2], [CallEvent::Ringing, CallEvent::Accepted], "each comes after the one that follows it");
    assert_eq!(ends(&reordered), 1);
    let late = news("status-delayed:1", true).await;
    assert_eq!(ends(&late), 1);
}
