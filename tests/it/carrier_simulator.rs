//! The patients of the simulated network, each with their story: the real client, the real network, HTTP both ways.

use crate::test_engine::{Setup, World, number, page, reminder};
use callahead::carrier::simulator::{CallTally, Sound, Status};
use callahead::carrier::twilio::Detection;
use callahead::carrier::{Ask, Carrier, CarrierError, Refusal};
use callahead::core::call::{CallEvent, FinalStatus, Key, Then};
use callahead::core::domain::{AnsweredBy, EndReason};

fn call(world: &World, digits: &str) -> CallTally {
    let tally = world.network.tally();
    let number = number(digits);
    let mut calls = tally.calls_to(&number).cloned();
    calls.next().unwrap_or_else(|| panic!("{digits} was not called"))
}

/// What was heard, such as `hello message~ confirmed`: whole, or (`~`) cut.
fn heard(call: &CallTally) -> String {
    let pieces = call.heard.iter().map(|heard| {
        let name = heard.audio.rsplit('/').next().unwrap_or_default();
        let name = name.split('-').next().unwrap_or_default();
        if heard.is_whole() { name.to_string() } else { format!("{name}~") }
    });
    pieces.collect::<Vec<_>>().join(" ")
}

/// How the statuses went; a person answers, so it is always accepted, ringing, picked up.
fn ended(world: &World, digits: &str) -> CallEvent {
    world.engine.news(digits).last().cloned().unwrap_or_else(|| panic!("{digits} has no end"))
}

#[tokio::test]
async fn people_and_their_keys() {
    let world = World::start(Setup::default()).await;
    let again = "hello message~ message message goodbye";
    let table = [
        ("01", "3000:1", "hello message~ confirmed message goodbye"),
        ("02", "3000:2", again),
        ("03", "3000:3", again),
        ("04", "3000:7", again),
        ("05", "3000:7 9000:1", "hello message~ message~ confirmed goodbye"),
        ("06", "", "hello message message message goodbye"),
        ("07", "600:1", "hello~ confirmed message goodbye"),
        // Hangs up at the very moment in which the greeting ends.
        ("08", "", "hello"),
        ("09", "", "hello message confirmed"),
        ("18", "3000:1", "hello message~ confirmed message goodbye"),
        ("19", "3000:*", again),
        ("20", "3000:1 3410:1", "hello message~ confirmed~ confirmed goodbye"),
        ("23", "12000:1", "hello message confirmed"),
        ("24", "", "hello message message message goodbye"),
        ("25", "", "hello message message message~"),
        ("26", "3000:9", again),
        ("27", "3000:0", again),
        ("77", "", "hello message confirmed"),
    ];
    // Some at a time: what the engine takes to answer counts on the line, and a key may come meanwhile.
    for some in table.chunks(4) {
        let before = world.network.tally().calls.len();
        world.call_all(&some.iter().map(|(digits, ..)| *digits).collect::<Vec<_>>()).await;
        assert_eq!(world.network.tally().calls.len(), before + some.len());
    }
    for (digits, want_keys, want_heard) in table {
        let call = call(&world, digits);
        assert_eq!((call.status, call.error_code, call.error.as_deref()), (Status::Completed, None, None), "{digits}");
        assert!(call.keys.iter().all(|key| key.taken), "{digits}: {:?}", call.keys);
        let keys: Vec<_> = call.keys.iter().map(|key| format!("{}:{}", key.at_ms, key.key)).collect();
        assert!(want_keys.is_empty() || keys.join(" ") == want_keys, "{digits}: {keys:?}");
        assert!(heard(&call).starts_with(want_heard), "{digits}: want {want_heard}, heard {}", heard(&call));
        assert_eq!((call.callbacks_failed, call.warnings.as_slice()), (0, &[][..]), "{digits}");
    }
    let hung_up = heard(&call(&world, "08"));
    assert!(["hello", "hello~", "hello message~"].contains(&hung_up.as_str()), "{hung_up}");
    for digits in ["09", "77"] {
        let call = call(&world, digits);
        let message = &call.heard[1];
        assert_eq!(call.keys[0].key, '1');
        assert_eq!(call.keys[0].at_ms, message.at_ms + message.to_ms + 2_000, "{digits}: two seconds after the last word");
    }
    assert_eq!(*world.engine.rejected.lock().expect("no panic"), []);
    world.network.stop().await;
}

#[tokio::test]
async fn a_call_is_told_step_by_step() {
    let world = World::start(Setup::default()).await;
    world.call_all(&["01"]).await;
    let news = world.engine.news("01");
    let talk_seconds = match news.last() {
        Some(CallEvent::Ended { status: FinalStatus::Completed, talk_seconds, reason: None }) => *talk_seconds,
        other => panic!("{other:?}"),
    };
    let human = CallEvent::Detected { answered_by: AnsweredBy::Human };
    assert!(news.contains(&human), "{news:?}");
    let statuses: Vec<_> = news.iter().filter(|event| **event != human).collect();
    assert_eq!(statuses[..3], [&CallEvent::Accepted, &CallEvent::Ringing, &CallEvent::PickedUp]);
    assert_eq!(statuses.len(), 4);
    // Three seconds, a read-back of three, four of silence, the message, four again, goodbye.
    assert!((24..40).contains(&talk_seconds.expect("a number")), "{talk_seconds:?}");
    let asks = world.engine.asks("01");
    assert!(matches!(asks[0], Ask::Answered { answered_by: None }));
    assert!(matches!(asks[1], Ask::Key { step: 1, key } if key.as_char() == '1'));
    assert_eq!(asks[2..], [Ask::Silence { step: 2 }, Ask::Silence { step: 3 }]);
    let taken = world.engine.taken.lock().expect("no panic").clone();
    assert!(taken.iter().all(|taken| !taken.summary.contains("1617")), "nobody is named in the log");
}

#[tokio::test]
async fn calls_that_nobody_takes() {
    let world = World::start(Setup::default()).await;
    let over = |status, reason| CallEvent::Ended { status, talk_seconds: Some(0), reason };
    let failed = |reason| over(FinalStatus::Failed, Some(reason));
    let table = [
        ("13", Status::Busy, 486, over(FinalStatus::Busy, None)),
        ("14", Status::NoAnswer, 487, over(FinalStatus::NoAnswer, None)),
        ("15", Status::Failed, 403, failed(EndReason::CarrierFault)),
        ("16", Status::Failed, 503, failed(EndReason::CarrierFault)),
        ("17", Status::Failed, 404, failed(EndReason::BadNumber)),
        ("21", Status::Failed, 480, failed(EndReason::CarrierFault)),
        ("22", Status::Failed, 404, failed(EndReason::BadNumber)),
    ];
    world.call_all(&table.clone().map(|(digits, ..)| digits)).await;
    for (digits, status, sip, end) in table {
        let call = call(&world, digits);
        assert_eq!((call.status, call.sip, call.documents), (status, Some(sip), 0), "{digits}");
        assert_eq!(ended(&world, digits), end, "{digits}");
    }
    let rang_out = call(&world, "14");
    let rang = rang_out.ended_at.expect("over") - rang_out.created_at;
    assert!(rang >= chrono::Duration::seconds(20), "it rang as long as it was asked to, {rang}");
}

#[tokio::test]
async fn a_machine_gets_the_message_after_its_beep() {
    let world = World::start(Setup::default()).await;
    world.call_all(&["10", "11", "12"]).await;
    for digits in ["10", "11"] {
        let call = call(&world, digits);
        assert_eq!((call.status, call.answered_by), (Status::Completed, Some("machine_end_beep")), "{digits}");
        let voicemail: Vec<_> = call.recorded.iter().filter(|piece| piece.audio.contains("voicemail")).collect();
        assert_eq!(voicemail.len(), 1, "{digits}");
        assert!(voicemail[0].is_whole(), "{digits}: the voicemail is on tape from its first word to its end");
        assert!(voicemail[0].at_ms >= 9_500, "{digits}: after the beep");
        assert_eq!(call.recorded.last(), Some(voicemail[0]), "{digits}: nothing after it");
        let cut = call.heard.iter().find(|piece| piece.audio.contains("message")).expect("the message began");
        assert!(!cut.is_whole(), "{digits}: the message for people was cut");
        assert!(world.engine.asks(digits).contains(&Ask::Turned { step: 50 }), "{digits}");
        assert!(world.engine.asks(digits).contains(&Ask::Played { step: 50 }), "{digits}");
    }
    let full = call(&world, "12");
    assert_eq!((full.answered_by, full.recorded.len(), full.talk_ms), (None, 0, 6_000));
}

#[tokio::test]
async fn detection_may_come_before_the_first_word() {
    let world = World::start(Setup { detection: Detection::Sync, ..Setup::default() }).await;
    world.call_all(&["06", "10", "12", "18"]).await;
    let first = |digits: &str| world.engine.asks(digits).first().cloned();
    let by = |answered_by| Some(Ask::Answered { answered_by: Some(answered_by) });
    assert_eq!(first("06"), by(AnsweredBy::Unknown));
    assert_eq!(first("10"), by(AnsweredBy::MachineEnd));
    assert_eq!(first("12"), None, "it hung up before");
    assert_eq!(first("18"), by(AnsweredBy::Human));
    let machine = call(&world, "10");
    assert!(machine.recorded.len() == 1 && machine.recorded[0].is_whole(), "{:?}", machine.recorded);
}

#[tokio::test]
async fn keys_outside_a_gather_are_lost() {
    fn deaf(ask: &Ask) -> Option<callahead::carrier::Page> {
        match ask {
            Ask::Answered { .. } => Some(page(1, &["hello-5000"], Then::Continue)),
            ask => reminder(ask),
        }
    }
    let world = World::start(Setup { script: deaf, ..Setup::default() }).await;
    world.call_all(&["01"]).await;
    let call = call(&world, "01");
    assert_eq!(heard(&call), "hello");
    assert!(matches!(call.keys.as_slice(), [key] if !key.taken && key.at_ms == 3_000), "{:?}", call.keys);
    assert_eq!(world.engine.asks("01")[1..], [Ask::Played { step: 1 }]);
}

#[tokio::test]
async fn a_call_has_its_time_limit() {
    let world = World::start(Setup { time_limit_s: 7, ..Setup::default() }).await;
    world.call_all(&["06"]).await;
    let call = call(&world, "06");
    assert_eq!((call.status, call.talk_ms), (Status::Completed, 7_000));
    assert_eq!(heard(&call), "hello message~");
}

#[tokio::test]
async fn a_call_that_is_over_cannot_be_turned_and_can_be_found() {
    let world = World::start(Setup::default()).await;
    let since = "2026-11-27T15:00:00Z".parse().expect("a time");
    let to = world.call("08").to;
    assert_eq!(world.carrier.find_calls(&to, since).await, Ok(vec![]));
    world.call_all(&["08"]).await;
    let found = world.carrier.find_calls(&to, since).await.expect("a list");
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.ended, found.talk_seconds), (Some(FinalStatus::Completed), Some(2)));
    assert!(found.started_at.is_some_and(|at| at >= since));
    assert_eq!(world.carrier.fetch_call(&found.id).await.as_ref(), Ok(&Some(found.clone())));
    assert_eq!(world.carrier.fetch_call("CA/../x").await, Ok(None));
    let late = world.carrier.turn_call(&found.id, &world.call("08").token, 3).await;
    assert_eq!(late, Err(CarrierError::Refused { why: Refusal::NotLive, status: 400, code: 21220 }));
    let unknown = world.carrier.turn_call("CAnone", &world.call("08").token, 3).await;
    assert_eq!(unknown, Err(CarrierError::Refused { why: Refusal::NotLive, status: 404, code: 20404 }));
}

#[tokio::test]
async fn a_telephone_in_the_hand() {
    let world = World::start(Setup::default()).await;
    let mut phone = world.network.take_phone(world.call("14").to);
    let key = |c| Key::new(c).expect("a key");
    let hand = async {
        let mut story = Vec::new();
        while let Some(sound) = phone.listen().await {
            match &sound {
                Sound::Rings => phone.pick_up(),
                Sound::Begins { audio, .. } if audio.contains("message") => phone.press(key('1')),
                Sound::Begins { audio, .. } if audio.contains("confirmed") => phone.hang_up(),
                _ => {}
            }
            let over = matches!(sound, Sound::Over(_));
            story.push(sound);
            if over {
                break;
            }
        }
        story
    };
    let calls = ["14"];
    let (story, ()) = tokio::join!(hand, world.call_all(&calls));
    assert_eq!((story.first(), story.last()), (Some(&Sound::Rings), Some(&Sound::Over(Status::Completed))));
    let begun = story.iter().filter(|sound| matches!(sound, Sound::Begins { .. })).count();
    assert_eq!((begun, story.iter().filter(|sound| **sound == Sound::Stops).count()), (3, 3));
    let call = call(&world, "14");
    assert_eq!((heard(&call).as_str(), call.keys.len()), ("hello message~ confirmed~", 1));
    assert!(matches!(world.engine.asks("14")[1], Ask::Key { step: 1, .. }));
    drop(phone);
    world.call_all(&["14"]).await;
    assert_eq!(world.network.tally().calls[1].status, Status::NoAnswer, "the number is a simulated patient's again");
}
