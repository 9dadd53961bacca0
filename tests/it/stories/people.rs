//! What patients do who are called.

use super::{FASTER, Patient, Setting, Table, calls, number, row, world};
use callahead::carrier::Detection;
use callahead::carrier::simulator::Sound;
use callahead::core::domain::{Outcome, PhoneNumber};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Somebody's story: who, keys on record, the outcome of the last call, and how many calls it took.
#[derive(Debug, Clone)]
struct Story {
    who: &'static str,
    patient: Patient,
    keys: &'static str,
    outcome: Outcome,
    calls: RangeInclusive<usize>,
}

const fn story(who: &'static str, digits: u32, keys: &'static str, outcome: Outcome, calls: RangeInclusive<usize>) -> Story {
    Story { who, patient: Patient::at(digits), keys, outcome, calls }
}

impl Story {
    const fn voicemail(mut self, wish: &'static str) -> Story {
        self.patient.voicemail = wish;
        self
    }

    const fn department(mut self, name: &'static str) -> Story {
        self.patient.department = name;
        self
    }
}

const PEOPLE: [Story; 26] = [
    story("confirms", 1, "1", Outcome::Confirmed, 1..=1),
    story("reschedules", 2, "2", Outcome::RescheduleRequested, 1..=1),
    story("wrong-key-then-confirms", 5, "71", Outcome::Confirmed, 1..=1),
    story("says-nothing", 6, "", Outcome::Heard, 1..=1),
    story("hangs-up", 8, "", Outcome::HungUpEarly, 2..=2),
    story("listens-then-confirms", 9, "1", Outcome::Confirmed, 1..=1),
    story("machine", 10, "", Outcome::VoicemailLeft, 1..=1),
    story("machine-no-voicemail", 10, "", Outcome::MachineNoMessage, 2..=2).voicemail("none"),
    story("machine-that-is-full", 12, "", Outcome::HungUpEarly, 2..=2),
    story("busy", 13, "", Outcome::Busy, 3..=9),
    story("never-answers", 14, "", Outcome::NoAnswer, 2..=2),
    story("unknown-number", 17, "", Outcome::Failed, 1..=1),
    story("answers-late", 18, "1", Outcome::Confirmed, 1..=1),
    story("opts-out", 26, "9", Outcome::OptedOut, 1..=1),
    story("fax", 91, "", Outcome::Failed, 1..=1),
    story("machine-cuts-the-message", 92, "", Outcome::MachineNoMessage, 2..=2),
    story("key-then-machine", 94, "1", Outcome::Confirmed, 1..=1),
    story("machine-then-key", 95, "", Outcome::VoicemailLeft, 1..=1),
    story("stays-for-half-a-minute", 25, "", Outcome::Heard, 1..=1),
    story("says-it-is-the-wrong-number", 96, "77", Outcome::WrongNumber, 1..=1),
    story("takes-it-back-with-star", 97, "1*2", Outcome::RescheduleRequested, 1..=1),
    story("desk-talks", 27, "0", Outcome::Transferred, 1..=1).department("talks"),
    story("desk-is-busy", 27, "0", Outcome::Heard, 1..=1).department("busy"),
    story("desk-is-silent-then-confirms", 98, "01", Outcome::Confirmed, 1..=1).department("silent"),
    story("desk-is-closed", 27, "0", Outcome::Heard, 1..=1).department("closed"),
    story("no-desk", 27, "0", Outcome::Heard, 1..=1),
];

/// Detection before the first word, and none.
const SYNC: [Story; 5] = [
    story("sync: confirms", 1, "1", Outcome::Confirmed, 1..=1),
    story("sync: machine", 10, "", Outcome::VoicemailLeft, 1..=1),
    story("sync: says-nothing", 6, "", Outcome::Heard, 1..=1),
    story("sync: fax", 91, "", Outcome::Failed, 1..=1),
    story("sync: hangs-up", 8, "", Outcome::HungUpEarly, 1..=2),
];
const OFF: [Story; 3] = [
    story("off: confirms", 1, "1", Outcome::Confirmed, 1..=1),
    story("off: machine", 10, "", Outcome::Heard, 1..=1),
    story("off: busy", 13, "", Outcome::Busy, 3..=9),
];

/// A key six tenths of a second after the answer: told slowly, so that a busy machine is listening by then.
const AT_ONCE: [Story; 1] = [story("presses-in-the-message", 7, "1", Outcome::Confirmed, 1..=1)];

/// All of them with one carrier.
pub(super) async fn stories(carrier: &str) -> Table {
    let mut table = tell(carrier, Detection::Async, &PEOPLE, FASTER).await;
    let at_once = tell(carrier, Detection::Async, &AT_ONCE, 4.0);
    let (sync, off) = (tell(carrier, Detection::Sync, &SYNC, FASTER), tell(carrier, Detection::Off, &OFF, FASTER));
    let (sync, off, at_once, cancelled) = tokio::join!(sync, off, at_once, cancelled_while_it_rings(carrier));
    [sync, off, at_once, cancelled].into_iter().for_each(|told| table.join(told));
    table
}

async fn tell(carrier: &str, detection: Detection, stories: &[Story], faster: f64) -> Table {
    let mut table = Table::default();
    let patients: Vec<_> = stories.iter().enumerate().map(|(n, story)| (format!("p{n:02}"), story.patient)).collect();
    let world = world(Setting { carrier, detection, faster, ..Setting::default() }, &patients).await;
    world.play().await.expect("the week goes by");
    let calls = calls(&world).await;
    for ((patient, _), story) in patients.iter().zip(stories) {
        let theirs = calls.get(patient).map_or(&[][..], Vec::as_slice);
        let last = theirs.last().map(|call| &call.attempt);
        let seen = last.map_or((String::new(), None), |last| (last.keys.clone(), last.outcome));
        let times = theirs.len();
        let mut outcomes: Vec<_> = theirs.iter().filter_map(|call| call.attempt.outcome).map(Outcome::as_str).collect();
        outcomes.dedup();
        let shown = format!("{} {} ×{times}", outcomes.join(", "), seen.0);
        let Story { who, keys, outcome, calls, .. } = story;
        if (seen.0.as_str(), seen.1) != (*keys, Some(*outcome)) || !calls.contains(&times) {
            table.wrong.push(format!("{carrier}, {who}: want {outcome:?} {keys} ×{calls:?}, got {shown}"));
        }
        table.add(who, shown);
    }
    let odd: Vec<_> = world.tally().calls.into_iter().flat_map(|call| call.warnings).collect();
    table.check(carrier, "warnings", &odd);
    table.check(carrier, "violations", &world.violations().await.expect("checked"));
    world.stop().await.expect("stopped");
    table
}

/// The visit is cancelled while the telephone rings: who picks up is not told that they have one.
async fn cancelled_while_it_rings(carrier: &str) -> Table {
    let mut table = Table::default();
    let patients = [("gone".to_string(), Patient::at(1))];
    // Slow enough that it still rings when the news is in.
    let world = world(Setting { carrier, faster: 2.0, ..Setting::default() }, &patients).await;
    let mut phone = world.telephones().take_phone(PhoneNumber::parse(&number(0, 1)).expect("a number"));
    let ringing = async {
        while phone.listen().await != Some(Sound::Rings) {}
        let cancelled = format!("{}{}", super::COLUMNS, row(0, "gone", &patients[0].1, "cancelled"));
        assert_eq!(world.take_in(&cancelled).await.expect("taken in").refused.len(), 0);
        phone.pick_up();
        while !matches!(phone.listen().await, Some(Sound::Begins { .. })) {}
        phone.hang_up();
    };
    let steps = async {
        loop {
            world.step().await.expect("the day goes by");
            let calls = calls(&world).await;
            if let Some(outcome) = calls.get("gone").and_then(|calls| calls[0].attempt.outcome) {
                return outcome;
            }
        }
    };
    let all = async { tokio::join!(ringing, steps).1 };
    let outcome = tokio::time::timeout(Duration::from_secs(60), all).await.expect("it comes to an end");
    if outcome != Outcome::Superseded {
        table.wrong.push(format!("{carrier}, cancelled while it rings: got {outcome:?}"));
    }
    table.add("cancelled-while-it-rings", outcome.as_str().to_string());
    drop(phone);
    world.stop().await.expect("stopped");
    table
}
