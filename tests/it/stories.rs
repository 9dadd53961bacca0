//! A patient's story each: what they do at the telephone, and what the record, the worklist and the suppression list say
//! afterwards. The whole engine against the simulated network, over real HTTP, in fast time, with every kind of carrier:
//! `--nocapture` shows the table of stories and carriers.

mod callers;
mod people;
mod troubles;

use callahead::carrier::simulator::FaultList;
use callahead::carrier::{Detection, KINDS};
use callahead::config::{Config, Department, Hours};
use callahead::core::domain::{EndReason, Outcome, PhoneNumber, WorkKind};
use callahead::core::plan::{Clock24, Rules};
use callahead::simulate::{World, WorldSettings};
use callahead::store::CallLine;
use chrono::Weekday;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// A Friday morning in Boston; the visits are on Monday, so the first day to call is this one.
const START: &str = "2026-11-27T09:00:00-05:00";

/// Pace of the stories: slow enough that a busy machine does not miss a patient's half second.
const FASTER: f64 = 40.0;

/// Kinds of carriers that tell the same stories.
const CARRIERS: [&str; 3] = ["twilio", "signalwire", "telnyx"];

/// The desks of departments, by name: the last two digits of each choose what it does, and it may have hours.
const DESKS: [(&str, &str, Option<Weekday>); 4] = [
    ("talks", "+16175550155", None),
    ("busy", "+16175550113", None),
    ("silent", "+16175550114", None),
    ("closed", "+16175550155", Some(Weekday::Sun)),
];

/// Somebody with a visit.
#[derive(Debug, Clone, Copy, Default)]
struct Patient {
    /// The last two digits of their number.
    digits: u32,
    /// Their wish for voicemail.
    voicemail: &'static str,
    /// The department of their visit.
    department: &'static str,
}

impl Patient {
    const fn at(digits: u32) -> Patient {
        Patient { digits, voicemail: "", department: "" }
    }
}

/// What a world begins with.
struct Setting<'s> {
    carrier: &'s str,
    detection: Detection,
    faults: &'s str,
    start: &'s str,
    faster: f64,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Setting { carrier: "simulator", detection: Detection::Async, faults: "", start: START, faster: FASTER }
    }
}

const COLUMNS: &str =
    "appointment_id,patient_id,phone_home,start,site,service,established,booked_at,birth_date,department,voicemail,status\n";

/// The number of the patient at a place of the list.
fn number(place: usize, digits: u32) -> String {
    format!("+1{}55501{digits:02}", 201 + place)
}

fn row(place: usize, name: &str, patient: &Patient, status: &str) -> String {
    let (phone, Patient { department, voicemail, .. }) = (number(place, patient.digits), patient);
    format!(
        "A{name},{name},{phone},2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00,1961-04-12,{department},{voicemail},{status}\n"
    )
}

async fn world(setting: Setting<'_>, patients: &[(String, Patient)]) -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    // Kinds that are real ask for packs that somebody signed off.
    config.accept_unreviewed = true;
    for (name, desk, day) in DESKS {
        let open = day.map(|day| Hours { days: vec![day], from: Clock24::START, until: Clock24::END });
        let (desk, open) = (PhoneNumber::parse(desk).ok(), open.into_iter().collect());
        config.departments.insert(name.into(), Department { name: name.into(), callback_number: None, desk, open });
    }
    let main = config.carriers.get_mut(&"main".into()).expect("the default carrier");
    main.kind = KINDS.iter().find(|kind| kind.word == setting.carrier).expect("a kind");
    main.answering_machine = setting.detection;
    main.calls_per_second = 5.0;
    let mut appointments = String::from(COLUMNS);
    for (place, (name, patient)) in patients.iter().enumerate() {
        write!(appointments, "{}", row(place, name, patient, "booked")).expect("text");
    }
    let settings = WorldSettings {
        config,
        appointments,
        start: setting.start.parse().expect("a moment"),
        faster: setting.faster,
        seed: 7,
        faults: FaultList::parse(setting.faults).expect("faults"),
        port: 0,
    };
    let transfer = |rules: &mut Rules| rules.jobs.iter_mut().for_each(|job| job.call.transfer = true);
    let world = World::start_with(settings, transfer).await.expect("a world");
    assert_eq!(world.report.refused.len(), 0, "{:?}", world.report.refused);
    world
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

    fn join(&mut self, other: Table) {
        other.rows.into_iter().for_each(|(row, cells)| cells.into_iter().for_each(|cell| self.add(&row, cell)));
        self.wrong.extend(other.wrong);
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

    fn check<T: std::fmt::Debug>(&mut self, carrier: &str, what: &str, found: &[T]) {
        if !found.is_empty() {
            self.wrong.push(format!("{carrier}: {what}: {found:?}"));
        }
    }
}

/// The tables of three carriers, one beside the other.
fn together(tables: [Table; 3]) -> Table {
    let mut all = Table::default();
    tables.into_iter().for_each(|table| all.join(table));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_carrier_tells_the_same_stories() {
    let [one, two, three] = CARRIERS.map(people::stories);
    let table = together(tokio::join!(one, two, three).into());
    table.print();
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_trouble_of_a_carrier_changes_an_answer() {
    let [one, two, three] = CARRIERS.map(troubles::stories);
    let table = together(tokio::join!(one, two, three).into());
    table.print();
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_us_is_heard_with_every_carrier() {
    let [one, two, three] = CARRIERS.map(callers::stories);
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
    let patients: Vec<_> = stories.iter().map(|(who, digits)| (who.to_string(), Patient::at(*digits))).collect();
    let world = world(Setting::default(), &patients).await;
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
