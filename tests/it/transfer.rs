//! Key 0, and choices that are changed: the whole engine over real HTTP; the test plays the carrier, the patient and the desk.

use crate::support::http::{post_form, signed};
use crate::support::prompts::copy_folder;
use crate::trouble::between;
use axum::Form;
use axum::routing::post;
use callahead::app::{Engine, Listeners, Rooms};
use callahead::carrier::simulator::FaultList;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::{Config, Department, Hours};
use callahead::core::call::{CallEvent, TransferResult};
use callahead::core::domain::{Outcome, PhoneNumber, WorkItem, WorkKind, WorkState};
use callahead::core::plan::{Clock24, Rules};
use callahead::feed::csv::CsvSettings;
use callahead::simulate::{World, WorldSettings};
use callahead::store::{CallLine, SharedStore, WebhookQuery, open};
use callahead::views::CallView;
use chrono::Weekday;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const TOKEN: &str = "simulator";
const DESK: &str = "+16175550121";
/// A Friday noon, in the desk's hours; the visit is on Monday.
const NOON: &str = "2026-11-27T12:00:00-05:00";
const EVENING: &str = "2026-11-27T18:00:00-05:00";

/// A hospital that has asked this test, its carrier, for one call.
struct Hospital {
    folder: tempfile::TempDir,
    store: SharedStore,
    clock: Clock,
    config: Config,
    engine: Engine,
    web: u16,
    token: String,
}

impl Hospital {
    async fn at(now: &str) -> Hospital {
        let folder = tempfile::tempdir().expect("a folder");
        let telephones = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (asked, mut wanted) = mpsc::unbounded_channel();
        let mut config = hospital(folder.path());
        let main = config.carriers.get_mut(&"main".into()).expect("the default carrier");
        main.api_url = format!("http://{}", telephones.local_addr().expect("an address"));
        let create = move |Form(fields): Form<Vec<(String, String)>>| async move {
            asked.send(fields.into_iter().find(|(name, _)| name == "Url").expect("an Url").1).expect("the test listens");
            (axum::http::StatusCode::CREATED, r#"{"sid":"CA0","status":"queued"}"#)
        };
        let app = axum::Router::new().route("/2010-04-01/Accounts/{account}/Calls.json", post(create));
        tokio::spawn(async move { axum::serve(telephones, app).await });

        let clock = Clock::fast(now.parse().expect("a moment"), 1.0);
        let store = open(&format!("sqlite://{}/day.db", folder.path().display())).await.expect("a store");
        let (engine, web) = start(&mut config, &store, &clock, true).await;
        let url = tokio::time::timeout(Duration::from_secs(60), wanted.recv()).await.expect("in time").expect("a call");
        let token = url.split_once("/voice/").expect("a voice webhook").1.split('/').next().expect("a token").to_string();
        Hospital { folder, store, clock, config, engine, web, token }
    }

    /// Everything stops and begins anew, on the same store.
    async fn restarted(self) -> Hospital {
        self.engine.stop().await.expect("stopped");
        let mut config = self.config;
        let store = open(&format!("sqlite://{}/day.db", self.folder.path().display())).await.expect("a store");
        let (engine, web) = start(&mut config, &store, &self.clock, false).await;
        Hospital { store, config, engine, web, ..self }
    }

    /// What is answered to a signed webhook of the call, `T` for its token.
    async fn post(&self, path: &str, fields: &[(&'static str, &str)]) -> String {
        let (port, path) = (self.web, format!("/carriers/main/{}", path.replace("/T", &format!("/{}", self.token))));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.to_string())).collect();
        let ask = move || {
            let call = ("CallSid", "CA0".to_string());
            let fields: Vec<_> = fields.iter().chain([&call]).map(|(name, value)| (*name, value.as_str())).collect();
            let signature = signed(TOKEN, &format!("http://127.0.0.1:{port}{path}"), &fields);
            post_form(port, &path, &fields, Some(&signature)).expect("an answer")
        };
        tokio::task::spawn_blocking(ask).await.expect("asked")
    }

    async fn answered(&self) -> String {
        self.post("voice/T/answered", &[("CallStatus", "in-progress")]).await
    }

    async fn key(&self, document: &str, key: &str) -> String {
        let action = between(document, "action=\"", "\"");
        self.post(action.trim_start_matches("/carriers/main/"), &[("Digits", key)]).await
    }

    async fn over(&self, seconds: &str) {
        let taken = self.post("status/T", &[("CallStatus", "completed"), ("CallDuration", seconds)]).await;
        assert!(taken.starts_with("HTTP/1.1 20"), "{taken}");
    }

    /// What a document plays, by the recipe that is kept of it.
    async fn said(&self, document: &str) -> String {
        let id = document.split_once("/audio/").expect("an audio").1.split('.').next().expect("an id");
        self.store.audio_recipe(id).await.expect("a look").expect("a recipe")
    }

    async fn call(&self) -> CallLine {
        self.store.calls(None, u32::MAX).await.expect("calls").pop().expect("a call")
    }

    /// Outcome, end reason and keys.
    async fn came_to(&self) -> (String, String, String) {
        let line = self.call().await;
        let view = CallView::of(&line, &self.engine.live.board.rules(), false);
        (view.outcome.unwrap_or("-").to_string(), view.end_reason.unwrap_or("-").to_string(), view.keys)
    }

    async fn work(&self) -> Vec<WorkItem> {
        self.store.worklist(true, u32::MAX).await.expect("the worklist")
    }

    /// The worklist in words.
    async fn worklist(&self) -> Vec<String> {
        self.work().await.iter().map(|item| format!("{} {}", item.kind.as_str(), item.state.as_str())).collect()
    }
}

#[test]
fn a_job_that_can_transfer_nothing_is_told_of() {
    let desk = crate::support::desk::Desk::new("");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schedules = desk.config.with_file_name("schedules");
    copy_folder(&root.join("schedules"), &schedules);
    let file = schedules.join("exam-and-radiology.toml");
    let job = fs::read_to_string(&file).expect("the shipped job").replace("transfer = false", "transfer = true");
    fs::write(file, job).expect("the job");
    let prompts = desk.config.with_file_name("prompts");
    copy_folder(&root.join("prompts"), &prompts);
    let check = |extra: &str| {
        fs::write(&desk.config, format!("schedules = \"schedules\"\nprompts = \"prompts\"\n{extra}")).expect("written");
        let done = desk.run(&["check"]);
        assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
        done.stderr.lines().filter(|line| line.contains("[never_transferred]")).collect::<String>()
    };
    assert!(check("").contains("job exam-and-radiology has transfer = true, and no department has a desk"));
    let with_desk = format!("[departments.oncology]\ndesk = \"{DESK}\"\n");
    assert_eq!(check(&with_desk), "");
    let script = prompts.join("scripts/call.toml");
    let text = fs::read_to_string(&script).expect("a script").replace("0 = \"transfer\"", "");
    fs::write(script, text).expect("written");
    assert!(check(&with_desk).contains("no key of its script reminder means `transfer`"));
}

#[test]
fn a_talk_that_would_be_cut_short_is_told_of() {
    let desk = crate::support::desk::Desk::new("");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schedules = desk.config.with_file_name("schedules");
    copy_folder(&root.join("schedules"), &schedules);
    let prompts = root.join("prompts");
    let warned = |limits: &str| {
        let text = format!("schedules = \"schedules\"\nprompts = \"{}\"\n{limits}", prompts.display());
        fs::write(&desk.config, text).expect("written");
        let done = desk.run(&["check"]);
        assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
        done.stderr.lines().filter(|line| line.contains("[talk_cut_short]")).collect::<String>()
    };
    let (short, enough) = ("[limits]\nmax_call = \"14m\"\n", "[limits]\nmax_call = \"15m\"\n");
    assert_eq!(warned(short), "", "no job transfers calls");
    let file = schedules.join("exam-and-radiology.toml");
    let job = fs::read_to_string(&file).expect("the shipped job").replace("transfer = false", "transfer = true");
    fs::write(file, job).expect("the job");
    assert!(warned(short).contains("limits.max_call is 14 minutes, and job exam-and-radiology has transfer = true"));
    assert_eq!(warned(enough), "");
}

/// The default one, with a desk and with calls that may be transferred to it.
fn hospital(folder: &Path) -> Config {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = format!(
        "prompts = \"{}\"\nschedules = \"schedules\"\n[departments.oncology]\ndesk = \"{DESK}\"\nopen = \"mon-fri 08:00-17:00\"\n",
        root.join("prompts").display()
    );
    let file = folder.join("callahead.toml");
    fs::write(&file, text).expect("the configuration");
    fs::create_dir(folder.join("schedules")).expect("a folder");
    let job = fs::read_to_string(root.join("schedules/exam-and-radiology.toml")).expect("the shipped job");
    assert!(job.contains("transfer = false"));
    fs::write(folder.join("schedules/day.toml"), job.replace("transfer = false", "transfer = true")).expect("the job");
    Config::load(Some(&file), []).expect("a sound configuration")
}

async fn start(config: &mut Config, store: &SharedStore, clock: &Clock, first: bool) -> (Engine, u16) {
    let web = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = web.local_addr().expect("an address").port();
    config.server.public_url = format!("http://127.0.0.1:{port}");
    let chance = Chance::seeded(u64::from(port));
    let rooms = Rooms::open(config.clone(), store.clone(), clock.clone(), chance).await.expect("rooms");
    if first {
        let csv = "appointment_id,patient_id,phone_home,start,site,service,department,established,booked_at\n\
                   A1,P1,+16175550142,2026-11-30T14:30,boston,exam,Oncology,yes,2026-11-01T09:00\n";
        let (feed, layout) = ("hand".into(), CsvSettings::default());
        let taken = rooms.rulings.take_csv_in(store.as_ref(), &feed, &layout, csv.as_bytes(), clock.now()).await;
        assert_eq!(taken.expect("taken in").new, 1);
    }
    (Engine::start(rooms, Listeners { web, console: None }).expect("an engine"), port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_is_connected_with_the_desk_and_what_came_of_it_is_on_record() {
    let hospital = Hospital::at(NOON).await;
    let message = hospital.answered().await;
    assert!(hospital.said(&message).await.contains("say/desk-0"), "the menu tells of it");
    let dial = hospital.key(&message, "0").await;
    assert!(dial.contains(&format!(">{DESK}</Dial>")) && dial.contains("timeout=\"25\""), "{dial}");
    assert!(dial.contains(" callerId=\"+16175550100\""), "our own number, never the patient's: {dial}");
    assert!(hospital.said(&dial).await.contains("say/connecting"));

    // The desk is busy: told so, and the menu again, from which it may be tried again.
    let action = between(&dial, "<Dial action=\"", "\"");
    let action = action.trim_start_matches("/carriers/main/");
    let menu = hospital.post(action, &[("DialCallStatus", "busy")]).await;
    let said = hospital.said(&menu).await;
    assert!(said.contains("say/desk-no-answer") && said.contains("say/desk-0") && menu.contains("<Gather"), "{said} {menu}");
    let twice = hospital.post(action, &[("DialCallStatus", "busy")]).await;
    assert_eq!(twice.split_once("\r\n\r\n").expect("a body").1, menu.split_once("\r\n\r\n").expect("a body").1);
    assert_eq!(hospital.worklist().await, ["desk_request open"]);
    let item = &hospital.work().await[0];
    assert_eq!(item.due_at, Some("2026-11-30T14:30:00-05:00".parse().expect("a moment")), "before the start");
    assert_eq!(item.resolution.as_deref(), Some("asked for the desk, which was busy"));

    let dial = hospital.key(&menu, "0").await;
    let action = between(&dial, "<Dial action=\"", "\"");
    let bye = hospital.post(action.trim_start_matches("/carriers/main/"), &[("DialCallStatus", "completed")]).await;
    assert!(bye.contains("<Hangup/>") && hospital.said(&bye).await.contains("say/goodbye"), "{bye}");
    assert_eq!(hospital.worklist().await, ["desk_request closed"], "they talked");
    hospital.over("140").await;
    assert_eq!(hospital.came_to().await, ("transferred".into(), "script_end".into(), "00".into()));

    // On record: the events, and the webhook log.
    let record = hospital.store.load_call_by_id(&hospital.call().await.attempt.id).await.expect("a look").expect("a call");
    let results: Vec<_> = record
        .events
        .iter()
        .filter_map(|e| if let CallEvent::Transferred { result, .. } = e.event { Some(result) } else { None })
        .collect();
    assert_eq!(results, [TransferResult::Busy, TransferResult::Connected]);
    let log = hospital.store.webhooks(&WebhookQuery::default()).await.expect("the log");
    let log: Vec<_> = log.into_iter().map(|(_, entry)| entry).collect();
    let told: Vec<_> = log.iter().filter(|entry| entry.body.contains("DialCallStatus")).map(|e| e.verdict.as_str()).collect();
    assert_eq!(told, ["ok", "duplicate", "ok"], "{log:?}");
    assert!(log.iter().all(|entry| !entry.body.contains(&DESK[1..]) && !entry.path.contains(&DESK[1..])));
    hospital.engine.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_its_hours_the_desk_is_not_dialled_and_a_person_will_call() {
    let hospital = Hospital::at(EVENING).await;
    let closed = hospital.key(&hospital.answered().await, "0").await;
    assert!(!closed.contains("<Dial") && closed.contains("<Gather"), "{closed}");
    let said = hospital.said(&closed).await;
    // The weekend lies between.
    assert!(said.contains("say/desk-closed weekday/mon month/11 day/30 hour/08 ampm/am"), "{said}");
    assert_eq!(hospital.worklist().await, ["desk_request open"]);
    // The planner leaves it to people; so does the end of the call.
    hospital.engine.planner.plan_all().await.expect("planned");
    hospital.over("60").await;
    hospital.engine.planner.plan_all().await.expect("planned");
    assert_eq!(hospital.worklist().await, ["desk_request open"]);
    assert_eq!(hospital.came_to().await.0, "heard");
    hospital.engine.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_whose_end_nobody_told_of_is_not_lost() {
    let hospital = Hospital::at(NOON).await;
    let dial = hospital.key(&hospital.answered().await, "0").await;
    hospital.over("180").await;
    assert_eq!(hospital.came_to().await, ("transferred".into(), "hung_up".into(), "0".into()));
    assert_eq!(hospital.worklist().await, [] as [String; 0]);
    // The desk's part is told of later: it had not answered.
    let action = between(&dial, "<Dial action=\"", "\"");
    hospital.post(action.trim_start_matches("/carriers/main/"), &[("DialCallStatus", "no-answer")]).await;
    assert_eq!(hospital.worklist().await, ["desk_request open"]);
    assert_ne!(hospital.came_to().await.0, "transferred");
    hospital.engine.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_choice_counts_through_a_restart_and_every_change_is_on_record() {
    let hospital = Hospital::at(NOON).await;
    let read_back = hospital.key(&hospital.answered().await, "1").await;
    let menu = hospital.key(&read_back, "*").await;
    assert!(hospital.said(&menu).await.contains("say/choice-undone say/confirm-1"), "back to the menu");
    let hospital = hospital.restarted().await;
    let read_back = hospital.key(&menu, "1").await;
    assert!(hospital.said(&read_back).await.contains("say/is-confirmed"));
    let hospital = hospital.restarted().await;
    let read_back = hospital.key(&read_back, "2").await;
    assert!(hospital.said(&read_back).await.contains("say/office-will-call"));
    assert_eq!(hospital.worklist().await, [] as [String; 0], "it may still be changed");
    hospital.over("50").await;
    assert_eq!(hospital.came_to().await, ("reschedule_requested".into(), "hung_up".into(), "1*12".into()));
    assert_eq!(hospital.worklist().await, ["reschedule_request open"]);
    let record = hospital.store.load_call_by_id(&hospital.call().await.attempt.id).await.expect("a look").expect("a call");
    let keys = record.events.iter().filter(|e| matches!(e.event, CallEvent::Meant { .. })).count();
    assert_eq!(keys, 4);

    // A webhook that was late: they had taken it back and confirmed after all.
    let hospital = hospital.restarted().await;
    let menu = hospital.key(&read_back, "*").await;
    assert_eq!(hospital.worklist().await, ["reschedule_request closed"]);
    hospital.key(&menu, "1").await;
    assert_eq!(hospital.came_to().await.0, "confirmed");
    hospital.engine.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_number_said_late_leaves_one_item() {
    let hospital = Hospital::at(EVENING).await;
    let repeat = hospital.key(&hospital.answered().await, "3").await;
    let closed = hospital.key(&repeat, "0").await;
    let read_back = hospital.key(&closed, "2").await;
    hospital.over("40").await;
    assert_eq!(hospital.worklist().await, ["desk_request open", "reschedule_request open"]);
    hospital.key(&read_back, "7").await;
    assert_eq!(hospital.came_to().await.0, "wrong_number");
    let open: Vec<_> = hospital.work().await.into_iter().filter(|item| item.state == WorkState::Open).collect();
    let kinds: Vec<_> = open.iter().map(|item| item.kind.as_str()).collect();
    assert_eq!(kinds, ["wrong_number"], "a stranger's wishes are nobody's work");
    hospital.engine.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_keeps_the_desk_that_was_there_when_it_was_placed() {
    let mut hospital = Hospital::at(NOON).await;
    let none = Department { name: "oncology".into(), callback_number: None, desk: None, open: Vec::new() };
    hospital.config.departments.insert("oncology".into(), none);
    let hospital = hospital.restarted().await;
    let dial = hospital.key(&hospital.answered().await, "0").await;
    let number = PhoneNumber::parse(DESK).expect("a number");
    assert!(dial.contains(number.as_str()), "{dial}");
    hospital.engine.stop().await.expect("stopped");
}

/// Each patient presses 0; the last two digits of a desk choose what it does in the simulated network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desks_of_every_kind_through_the_simulated_network() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    (config.prompts, config.schedules) = (root.join("prompts"), root.join("schedules"));
    let hours = |day| vec![Hours { days: vec![day], from: Clock24::START, until: Clock24::END }];
    let mut appointments =
        String::from("appointment_id,patient_id,phone_home,start,site,service,department,established,booked_at\n");
    let desks = [
        ("talks", "+16175550155", hours(Weekday::Fri)),
        ("busy", "+16175550113", Vec::new()),
        ("silent", "+16175550114", Vec::new()),
        ("closed", "+16175550155", hours(Weekday::Sun)),
    ];
    for (n, (name, desk, open)) in desks.into_iter().enumerate() {
        let desk = PhoneNumber::parse(desk).ok();
        config.departments.insert(name.into(), Department { name: name.into(), callback_number: None, desk, open });
        let row = format!("A{n},{name},+1{}5550127,2026-11-30T09:30,boston,exam,{name},yes,2026-11-01T09:00\n", 617 + n);
        appointments.push_str(&row);
    }
    appointments.push_str("A9,no-desk,+16215550127,2026-11-30T09:30,boston,exam,elsewhere,yes,2026-11-01T09:00\n");
    let (start, faults) = ("2026-11-27T09:00:00-05:00".parse().expect("a moment"), FaultList::default());
    let settings = WorldSettings { config, appointments, start, faster: 40.0, seed: 7, faults, port: 0 };
    let transfer = |rules: &mut Rules| rules.jobs.iter_mut().for_each(|job| job.call.transfer = true);
    let world = World::start_with(settings, transfer).await.expect("a world");
    world.play().await.expect("the days go by");

    let calls = world.store.calls(None, u32::MAX).await.expect("calls");
    let work = world.store.worklist(true, u32::MAX).await.expect("the worklist");
    for (who, outcome, note) in [
        ("talks", Some(Outcome::Transferred), None),
        ("busy", None, Some("asked for the desk, which was busy")),
        ("silent", None, Some("asked for the desk, where nobody answered")),
        ("closed", None, Some("asked for the desk out of its hours")),
        ("no-desk", None, None),
    ] {
        let theirs: Vec<_> = calls.iter().filter(|line| line.outreach.visit.patient.as_str() == who).collect();
        assert!(theirs.iter().all(|line| line.attempt.keys.starts_with('0')), "{who}: {theirs:?}");
        if let Some(outcome) = outcome {
            let [line] = theirs[..] else { panic!("{who}: {theirs:?}") };
            assert_eq!(line.attempt.outcome, Some(outcome));
            assert!(line.attempt.heard_seconds >= Some(20), "the talk counts: {line:?}");
        } else {
            assert!(theirs.iter().all(|line| line.attempt.outcome != Some(Outcome::Transferred)), "{who}: {theirs:?}");
        }
        let asked = work.iter().find(|item| {
            item.kind == WorkKind::DeskRequest && item.patient.as_ref().is_some_and(|patient| patient.as_str() == who)
        });
        assert_eq!(asked.and_then(|item| item.resolution.as_deref()), note, "{who}");
    }
    let tally = world.tally();
    let dialled: Vec<_> = tally.calls.iter().flat_map(|call| &call.dialled).map(|desk| desk.status).collect();
    assert!(dialled.contains(&"completed") && dialled.contains(&"busy") && dialled.contains(&"no-answer"), "{dialled:?}");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}
