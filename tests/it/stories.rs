//! A patient's story each: what they do at the telephone, and what the record, the worklist and the suppression list say
//! afterwards. The whole engine against the simulated network, over real HTTP, in fast time, with every kind of carrier:
//! `--nocapture` shows the table of stories and carriers.

use callahead::carrier::simulator::FaultList;
use callahead::carrier::{Detection, KINDS};
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

/// Kinds of carriers that tell the same stories.
const CARRIERS: [&str; 3] = ["twilio", "signalwire", "telnyx"];

/// Somebody's story: who, the last two digits of their number, their wish for voicemail; keys on record, the outcome of
/// the last call, and how many calls it took.
type Story = (&'static str, u32, &'static str, &'static str, Outcome, std::ops::RangeInclusive<usize>);

const PEOPLE: [Story; 20] = [
    ("confirms", 1, "", "1", Outcome::Confirmed, 1..=1),
    ("reschedules", 2, "", "2", Outcome::RescheduleRequested, 1..=1),
    ("wrong-key-then-confirms", 5, "", "71", Outcome::Confirmed, 1..=1),
    ("says-nothing", 6, "", "", Outcome::Heard, 1..=1),
    ("presses-in-the-message", 7, "", "1", Outcome::Confirmed, 1..=1),
    ("hangs-up", 8, "", "", Outcome::HungUpEarly, 2..=2),
    ("listens-then-confirms", 9, "", "1", Outcome::Confirmed, 1..=1),
    ("machine", 10, "", "", Outcome::VoicemailLeft, 1..=1),
    ("machine-no-voicemail", 10, "none", "", Outcome::MachineNoMessage, 2..=2),
    ("machine-that-is-full", 12, "", "", Outcome::HungUpEarly, 2..=2),
    ("busy", 13, "", "", Outcome::Busy, 3..=9),
    ("never-answers", 14, "", "", Outcome::NoAnswer, 2..=2),
    ("unknown-number", 17, "", "", Outcome::Failed, 1..=1),
    ("answers-late", 18, "", "1", Outcome::Confirmed, 1..=1),
    ("opts-out", 26, "", "9", Outcome::OptedOut, 1..=1),
    ("fax", 91, "", "", Outcome::Failed, 1..=1),
    ("machine-cuts-the-message", 92, "", "", Outcome::MachineNoMessage, 2..=2),
    ("key-then-machine", 94, "", "1", Outcome::Confirmed, 1..=1),
    ("machine-then-key", 95, "", "", Outcome::VoicemailLeft, 1..=1),
    ("stays-for-half-a-minute", 25, "", "", Outcome::Heard, 1..=1),
];

/// Detection before the first word, and none.
const SYNC: [Story; 5] = [
    ("sync: confirms", 1, "", "1", Outcome::Confirmed, 1..=1),
    ("sync: machine", 10, "", "", Outcome::VoicemailLeft, 1..=1),
    ("sync: says-nothing", 6, "", "", Outcome::Heard, 1..=1),
    ("sync: fax", 91, "", "", Outcome::Failed, 1..=1),
    ("sync: hangs-up", 8, "", "", Outcome::HungUpEarly, 1..=2),
];
const OFF: [Story; 3] = [
    ("off: confirms", 1, "", "1", Outcome::Confirmed, 1..=1),
    ("off: machine", 10, "", "", Outcome::Heard, 1..=1),
    ("off: busy", 13, "", "", Outcome::Busy, 3..=9),
];

/// What goes wrong, and at what rate; nobody's answer may be another for it.
const TROUBLE: [(&str, &str); 5] = [
    ("answers are lost", "lost-answer:0.2,lost-request:0.1,connection-reset:0.1,error-before:0.1,error-after:0.1"),
    ("the carrier is busy", "too-many-requests:0.2,queue-full:0.1,slow-answer:0.3"),
    ("webhooks are doubled, late, forged, cut", "webhook-twice:0.3,webhook-late:0.2,webhook-forged:0.3,webhook-truncated:0.3"),
    (
        "news is lost, late, reordered, told twice",
        "status-lost:0.2,final-lost:0.3,status-delayed:0.2,status-reordered:0.3,final-twice:0.3",
    ),
    ("there is no news at all", "status-lost:1"),
];
const STEADY: [(u32, Outcome); 5] = [
    (1, Outcome::Confirmed),
    (2, Outcome::RescheduleRequested),
    (9, Outcome::Confirmed),
    (14, Outcome::NoAnswer),
    (10, Outcome::VoicemailLeft),
];

async fn world(carrier: &str, detection: Detection, patients: &[(String, u32, &str)], faults: &str) -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    // Kinds that are real ask for packs that somebody signed off.
    config.accept_unreviewed = true;
    let main = config.carriers.get_mut(&"main".into()).expect("the default carrier");
    main.kind = KINDS.iter().find(|kind| kind.word == carrier).expect("a kind");
    main.answering_machine = detection;
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

/// Row by row what came of it with each carrier, and everything that should have been otherwise.
#[derive(Default)]
struct Table {
    rows: Vec<(String, Vec<String>)>,
    wrong: Vec<String>,
}

impl Table {
    fn add(&mut self, story: &str, came: String) {
        match self.rows.iter_mut().find(|(row, _)| row == story) {
            Some((_, cells)) => cells.push(came),
            None => self.rows.push((story.to_string(), vec![came])),
        }
    }

    fn print(&self) {
        let line = |story: &str, cells: &[&str]| {
            let cells: String = cells.iter().map(|cell| format!(" {cell:<46}")).collect();
            eprintln!("{story:<42}{}", cells.trim_end());
        };
        line("story", &CARRIERS);
        for (story, cells) in &self.rows {
            line(story, &cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    /// Tells stories with one carrier.
    async fn tell(&mut self, carrier: &str, detection: Detection, stories: &[Story]) {
        let patients: Vec<_> = stories.iter().enumerate().map(|(n, s)| (format!("p{n:02}"), s.1, s.2)).collect();
        let world = world(carrier, detection, &patients, "").await;
        world.play().await.expect("the week goes by");
        let calls = calls(&world).await;
        for ((patient, ..), (who, _, _, keys, outcome, count)) in patients.iter().zip(stories) {
            let theirs = calls.get(patient).map_or(&[][..], Vec::as_slice);
            let last = theirs.last().map(|call| &call.attempt);
            let seen = last.map_or((String::new(), None), |last| (last.keys.clone(), last.outcome));
            let times = theirs.len();
            let mut outcomes: Vec<String> =
                theirs.iter().filter_map(|call| call.attempt.outcome).map(|outcome| outcome.as_str().to_string()).collect();
            outcomes.dedup();
            let shown = format!("{} {} ×{times}", outcomes.join(", "), seen.0);
            if (seen.0.as_str(), seen.1) != (*keys, Some(*outcome)) || !count.contains(&times) {
                self.wrong.push(format!("{carrier}, {who}: want {outcome:?} {keys} ×{count:?}, got {shown}"));
            }
            self.add(who, shown);
        }
        let odd: Vec<_> = world.tally().calls.into_iter().flat_map(|call| call.warnings).collect();
        self.check(carrier, "warnings", &odd);
        self.check(carrier, "violations", &world.violations().await.expect("checked"));
        world.stop().await.expect("stopped");
    }

    /// Tells the same simple stories while something goes wrong.
    async fn trouble(&mut self, carrier: &str, (name, faults): (&str, &str)) {
        let patients: Vec<_> = (0..10).map(|n| (format!("p{n:02}"), STEADY[n % STEADY.len()].0, "")).collect();
        let world = world(carrier, Detection::Async, &patients, faults).await;
        world.play().await.expect("the week goes by");
        let calls = calls(&world).await;
        let mut kept = 0;
        for (n, (patient, digits, _)) in patients.iter().enumerate() {
            // A request that never became a call is the carrier's trouble, and no answer of the patient's.
            let asked = calls.get(patient).into_iter().flatten().map(|call| &call.attempt);
            let placed = asked.filter(|attempt| attempt.end_reason != Some(EndReason::NeverPlaced));
            let outcomes: Vec<_> = placed.filter_map(|attempt| attempt.outcome).collect();
            let want = STEADY[n % STEADY.len()].1;
            match outcomes.last().is_none_or(|last| *last == want) {
                true => kept += 1,
                false => self.wrong.push(format!("{carrier}, {name}: {patient} (…{digits:02}) want {want:?}, got {outcomes:?}")),
            }
        }
        let tally = world.tally();
        let twice: Vec<_> = tally.by_attempt().into_iter().filter(|(_, times)| *times > 1).collect();
        self.check(carrier, "attempts dialled twice", &twice);
        let differing: Vec<_> = tally.calls.iter().filter(|call| call.differing_repeats > 0).map(|call| &call.sid).collect();
        self.check(carrier, "repeats answered otherwise", &differing);
        let believed: Vec<_> = tally.calls.iter().filter(|call| call.forged_believed > 0).map(|call| &call.sid).collect();
        self.check(carrier, "forged webhooks believed", &believed);
        self.check(carrier, name, &world.violations().await.expect("checked"));
        let sent = tally.calls.len();
        world.stop().await.expect("stopped");
        self.add(name, format!("{kept} of {} kept, {sent} calls", patients.len()));
    }

    fn check<T: std::fmt::Debug>(&mut self, carrier: &str, what: &str, found: &[T]) {
        if !found.is_empty() {
            self.wrong.push(format!("{carrier}: {what}: {found:?}"));
        }
    }
}

/// The tables of three carriers, one beside the other.
fn together(tables: [Table; 3]) -> Table {
    let mut all = Table::default();
    for table in tables {
        table.rows.into_iter().for_each(|(row, cells)| cells.into_iter().for_each(|cell| all.add(&row, cell)));
        all.wrong.extend(table.wrong);
    }
    all
}

async fn people(carrier: &str) -> Table {
    let mut table = Table::default();
    table.tell(carrier, Detection::Async, &PEOPLE).await;
    table.tell(carrier, Detection::Sync, &SYNC).await;
    table.tell(carrier, Detection::Off, &OFF).await;
    table
}

async fn troubles(carrier: &str) -> Table {
    let mut table = Table::default();
    for trouble in TROUBLE {
        table.trouble(carrier, trouble).await;
    }
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_carrier_tells_the_same_stories() {
    let [one, two, three] = CARRIERS.map(people);
    let table = together(tokio::join!(one, two, three).into());
    table.print();
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_trouble_of_a_carrier_changes_an_answer() {
    let [one, two, three] = CARRIERS.map(troubles);
    let table = together(tokio::join!(one, two, three).into());
    table.print();
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_patient_does_is_what_people_learn() {
    let stories = [
        ("reschedules", 2),
        ("never-answers", 14),
        ("unknown-number", 17),
        ("confirms", 1),
        ("opts-out", 26),
        ("machine", 10),
        ("machine-cuts-the-message", 92),
        ("fax", 91),
    ];
    let patients: Vec<_> = stories.iter().map(|(who, digits)| (who.to_string(), *digits, "")).collect();
    let world = world("simulator", Detection::Async, &patients, "").await;
    world.play().await.expect("the week goes by");
    let calls = calls(&world).await;
    assert_eq!(calls["unknown-number"][0].attempt.end_reason, Some(EndReason::BadNumber));

    let cut = calls["machine-cuts-the-message"][0].attempt.outcome;
    assert_eq!(cut, Some(Outcome::VoicemailIncomplete), "half a message is none");

    let work = world.store.worklist(false, u32::MAX).await.expect("the worklist");
    let of = |who: &str| -> Vec<WorkKind> {
        work.iter().filter(|w| w.patient.as_ref().is_some_and(|p| p.as_str() == who)).map(|w| w.kind).collect()
    };
    assert_eq!(of("reschedules"), [WorkKind::RescheduleRequest]);
    assert_eq!(of("never-answers"), [WorkKind::Unreached]);
    assert_eq!(of("unknown-number"), [WorkKind::WrongNumber]);
    assert_eq!((of("fax"), calls["fax"].len()), (vec![WorkKind::WrongNumber], 1));
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
