//! A number that is a parent's or guardian's: from the file's column to the words of the call.

use callahead::carrier::simulator::FaultList;
use callahead::config::Config;
use callahead::core::call::CallEvent;
use callahead::simulate::{World, WorldSettings};
use callahead::store::CallRecord;
use std::path::Path;

/// A Friday morning in Boston; the visits are on Monday.
const START: &str = "2026-11-27T09:00:00-05:00";

/// Patient, language, guardian, number: it presses 1, or is a machine (10), or is silent to the end (06).
const PATIENTS: [(&str, &str, &str, &str); 5] = [
    ("child", "en-US", "yes", "+12015550101"),
    ("grown-up", "en-US", "no", "+12025550101"),
    ("niña", "es-US", "yes", "+12035550101"),
    ("child-machine", "en-US", "yes", "+12045550110"),
    ("child-silent", "en-US", "yes", "+12055550106"),
];

async fn world() -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    config.carriers.get_mut(&"main".into()).expect("the default carrier").calls_per_second = 5.0;
    let header = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at,language,guardian\n";
    let row = |(id, language, guardian, phone)| {
        format!("A-{id},{id},{phone},2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00,{language},{guardian}\n")
    };
    let settings = WorldSettings {
        config,
        appointments: header.to_string() + &PATIENTS.map(row).concat(),
        start: START.parse().expect("a moment"),
        faster: 40.0,
        seed: 7,
        faults: FaultList::default(),
        port: 0,
    };
    World::start(settings).await.expect("a world")
}

/// The first call that was placed to a patient.
async fn call(world: &World, patient: &str) -> CallRecord {
    let lines = world.store.calls(None, u32::MAX).await.expect("calls");
    let of = lines.into_iter().find(|l| l.attempt.placed_at.is_some() && l.outreach.visit.patient.as_str() == patient);
    world.store.load_call_by_id(&of.expect("a call").attempt.id).await.expect("a look").expect("the call")
}

/// What was said in answer to each event: the recipe of the audio that the document names, in the language's phrases.
async fn said(world: &World, record: &CallRecord) -> Vec<String> {
    let mut said = Vec::new();
    for reply in record.events.iter().filter_map(|event| event.reply.as_ref()) {
        let Some((_, rest)) = reply.split_once("/audio/") else { continue };
        let id = rest.split('.').next().expect("an id");
        said.push(world.store.audio_recipe(id).await.expect("a look").expect("a recipe"));
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guardian_is_told_of_a_patient_in_their_care() {
    let world = world().await;
    world.play().await.expect("the days go by");

    for (patient, _, guardian, _) in PATIENTS {
        assert_eq!(call(&world, patient).await.brief.guardian, guardian == "yes", "{patient}");
    }
    // Message and read-back, in either language; the rest is said as to anybody.
    for (patient, language) in [("child", "en-US"), ("niña", "es-US")] {
        let said = said(&world, &call(&world, patient).await).await;
        let [message, read_back, ..] = &said[..] else { panic!("{patient}: {said:?}") };
        assert!(
            message.starts_with(&format!("{language} say/hello")) && message.contains("say/appointment.guardian"),
            "{message}"
        );
        assert!(read_back.contains("say/your-appointment.guardian"), "{read_back}");
    }
    let to_grown_up = said(&world, &call(&world, "grown-up").await).await;
    assert!(to_grown_up.len() >= 2 && to_grown_up.iter().all(|recipe| !recipe.contains(".guardian")), "{to_grown_up:?}");
    let machine = call(&world, "child-machine").await;
    assert!(machine.events.iter().any(|e| matches!(e.event, CallEvent::Detected { .. } | CallEvent::Played { .. })));
    let left = said(&world, &machine).await;
    assert!(left.iter().any(|recipe| recipe.contains("say/appointment.guardian") && recipe.contains("to-stop-call")), "{left:?}");

    // Silence: the message a second time as it was, from the third on slowly where there are slow recordings (of the date and
    // the time, not of what a guardian is told instead), and every repeat tells of the wrong number.
    let said = said(&world, &call(&world, "child-silent").await).await;
    let [first, second, third, ..] = &said[..] else { panic!("{said:?}") };
    assert!(
        !first.contains("wrong-number-7") && second.contains("wrong-number-7") && third.contains("wrong-number-7"),
        "{said:?}"
    );
    assert!(!first.contains("slow/") && !second.contains("slow/"), "{said:?}");
    assert!(third.contains("slow/day/") && third.contains(" say/appointment.guardian"), "{third}");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}
