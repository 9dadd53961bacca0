//! A patient's story each: what they do at the telephone, and what the record, the worklist and the suppression list say
//! afterwards. The whole engine against the simulated network, over real HTTP, in fast time.

use callahead::carrier::simulator::FaultList;
use callahead::config::Config;
use callahead::core::domain::{EndReason, Outcome, WorkKind};
use callahead::simulate::{World, WorldSettings};
use callahead::store::CallLine;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// A Friday morning in Boston; the visits are on Monday, so the first day to call is this one.
const START: &str = "2026-11-27T09:00:00-05:00";

/// Pace of the stories: slow enough that a busy machine does not miss a patient's half second.
const FASTER: f64 = 40.0;

async fn world(patients: &[(&str, u32, &str)], faults: &str) -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    let main = config.carriers.get_mut(&"main".into()).expect("the default carrier");
    main.calls_per_second = 5.0;
    let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service,established,booked_at,voicemail\n");
    for (id, digits, voicemail) in patients {
        let exchange = 200 + csv.lines().count();
        writeln!(csv, "A{id},{id},+1{exchange}55501{digits:02},2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00,{voicemail}")
            .expect("text");
    }
    let settings = WorldSettings {
        config,
        appointments: csv,
        start: START.parse().expect("a moment"),
        faster: FASTER,
        seed: 7,
        faults: FaultList::parse(faults).expect("faults"),
        port: 0,
    };
    World::start(settings).await.expect("a world")
}

/// Each patient's calls that were placed, in order.
async fn calls(world: &World) -> BTreeMap<String, Vec<CallLine>> {
    let mut by_patient: BTreeMap<String, Vec<CallLine>> = BTreeMap::new();
    for line in world.store.calls(None, u32::MAX).await.expect("calls") {
        if line.attempt.placed_at.is_some() {
            by_patient.entry(line.outreach.visit.patient.as_str().to_string()).or_default().push(line);
        }
    }
    by_patient
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_patient_does_is_what_the_record_says() {
    // Who, last two digits of the number, wish for voicemail, keys on record, outcome of the last call, calls in all.
    let stories = [
        ("confirms", 1, "", "1", Outcome::Confirmed, 1),
        ("reschedules", 2, "", "2", Outcome::RescheduleRequested, 1),
        ("wrong-key-then-confirms", 5, "", "71", Outcome::Confirmed, 1),
        ("says-nothing", 6, "", "", Outcome::Heard, 1),
        ("presses-in-the-message", 7, "", "1", Outcome::Confirmed, 1),
        ("hangs-up", 8, "", "", Outcome::HungUpEarly, 2),
        ("listens-then-confirms", 9, "", "1", Outcome::Confirmed, 1),
        ("machine", 10, "", "", Outcome::VoicemailLeft, 1),
        ("machine-no-voicemail", 10, "none", "", Outcome::MachineNoMessage, 2),
        ("busy", 13, "", "", Outcome::Busy, 3),
        ("never-answers", 14, "", "", Outcome::NoAnswer, 2),
        ("unknown-number", 17, "", "", Outcome::Failed, 1),
        ("answers-late", 18, "", "1", Outcome::Confirmed, 1),
        ("opts-out", 26, "", "9", Outcome::OptedOut, 1),
    ];
    let patients: Vec<_> = stories.iter().map(|s| (s.0, s.1, s.2)).collect();
    let world = world(&patients, "").await;
    world.play().await.expect("the week goes by");
    let calls = calls(&world).await;
    for (who, _, _, keys, outcome, count) in stories {
        let theirs = &calls[who];
        let last = &theirs.last().expect("a call").attempt;
        assert_eq!((last.keys.as_str(), last.outcome), (keys, Some(outcome)), "{who}: {:?}", last.end_reason);
        if who != "busy" {
            assert_eq!(theirs.len(), count, "{who}");
        } else {
            assert!(theirs.len() >= count, "{who}: busy is tried again the same day");
        }
    }
    assert_eq!(calls["unknown-number"][0].attempt.end_reason, Some(EndReason::BadNumber));

    let work = world.store.worklist(false, u32::MAX).await.expect("the worklist");
    let of = |who: &str| -> Vec<WorkKind> {
        work.iter().filter(|w| w.patient.as_ref().is_some_and(|p| p.as_str() == who)).map(|w| w.kind).collect()
    };
    assert_eq!(of("reschedules"), [WorkKind::RescheduleRequest]);
    assert_eq!(of("never-answers"), [WorkKind::Unreached]);
    assert_eq!(of("unknown-number"), [WorkKind::WrongNumber]);
    assert_eq!(of("confirms"), []);
    let opt_outs = world.store.opt_outs(u32::MAX).await.expect("the suppression list");
    assert_eq!(opt_outs.len(), 1, "key 9 stands in the suppression list");
    assert_eq!(opt_outs[0].how, "key 9");

    let tally = world.tally();
    let machine = calls["machine"][0].attempt.phone.as_str().to_string();
    let tape: Vec<_> = tally.calls.iter().filter(|c| c.to.as_str() == machine).flat_map(|c| &c.recorded).collect();
    assert!(tape.last().is_some_and(|heard| heard.is_whole()), "the voicemail is on the tape from its first word: {tape:?}");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_loses_doubles_and_delays_changes_no_answer() {
    let patients: Vec<(String, u32)> = (0..40).map(|n| (format!("p{n:02}"), [1, 2, 9, 14, 10][n % 5])).collect();
    let list: Vec<_> = patients.iter().map(|(id, digits)| (id.as_str(), *digits, "")).collect();
    let world = world(&list, "lost-answer:0.2,too-many-requests:0.2,webhook-twice:0.3,webhook-late:0.2").await;
    world.play().await.expect("the week goes by");
    let calls = calls(&world).await;
    for (who, digits) in &patients {
        let outcomes: Vec<_> = calls[who].iter().filter_map(|c| c.attempt.outcome).collect();
        let wanted = match digits {
            1 | 9 => Outcome::Confirmed,
            2 => Outcome::RescheduleRequested,
            14 => Outcome::NoAnswer,
            _ => Outcome::VoicemailLeft,
        };
        assert_eq!(outcomes.last(), Some(&wanted), "{who} (…{digits:02}): {outcomes:?}");
    }
    let tally = world.tally();
    for (attempt, times) in tally.by_attempt() {
        assert_eq!(times, 1, "attempt {attempt} was dialled {times} times");
    }
    assert!(tally.calls.iter().all(|call| call.differing_repeats == 0), "a repeated webhook gets the same document");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}
