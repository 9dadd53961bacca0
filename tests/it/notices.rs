//! What patients are told when the schedule changes: the whole engine against the simulated network, over real HTTP, in
//! fast time. The schedule changes under way, as feeds do it.

use callahead::carrier::simulator::FaultList;
use callahead::closure;
use callahead::config::Config;
use callahead::core::domain::{LocalMoment, Outcome, Purpose, WorkKind};
use callahead::core::plan::Clock24;
use callahead::simulate::{World, WorldSettings};
use callahead::store::CallLine;
use std::path::Path;

/// A Friday morning in Boston, before the hours of the reminders.
const START: &str = "2026-11-27T09:30:00-05:00";
/// Who answers at a number that ends so, and presses 1.
const CONFIRMS: &str = "01";

/// A line of the hospital's file: booking, patient, the last two digits of the number, start, service, status.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("appointment_id,patient_id,phone_home,start,site,service,status,established,booked_at\n");
    for (id, patient, digits, start, service, status) in rows {
        let exchange: u32 = 200 + patient.bytes().map(u32::from).sum::<u32>() % 700;
        text += &format!("{id},{patient},+1{exchange}55501{digits},{start},boston,{service},{status},yes,2026-11-01T09:00\n");
    }
    text
}

async fn world(rows: &[Row<'_>]) -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    config.carriers.get_mut(&"main".into()).expect("the default carrier").calls_per_second = 5.0;
    let settings = WorldSettings {
        config,
        appointments: csv(rows),
        start: START.parse().expect("a moment"),
        faster: 40.0,
        seed: 7,
        faults: FaultList::parse("").expect("no faults"),
        port: 0,
    };
    World::start(settings).await.expect("a world")
}

/// The calls about one patient that were placed, in order.
async fn calls(world: &World, patient: &str) -> Vec<CallLine> {
    let all = world.store.calls(None, u32::MAX).await.expect("calls");
    all.into_iter().filter(|c| c.attempt.placed_at.is_some() && c.outreach.visit.patient.as_str() == patient).collect()
}

fn told(calls: &[CallLine]) -> Vec<(Purpose, Option<Outcome>)> {
    calls.iter().map(|c| (c.outreach.purpose, c.attempt.outcome)).collect()
}

async fn open_work(world: &World, patient: &str) -> Vec<WorkKind> {
    let items = world.store.worklist(false, u32::MAX).await.expect("the worklist");
    items.into_iter().filter(|i| i.patient.as_ref().is_some_and(|p| p.as_str() == patient)).map(|i| i.kind).collect()
}

fn moment(text: &str) -> LocalMoment {
    let local: chrono::NaiveDateTime = text.parse().expect("a local time");
    LocalMoment { date: local.date(), time: local.time() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_visit_that_moves_is_told_once_and_confirmed_anew() {
    let world = world(&[("A1", "ann", CONFIRMS, "2026-11-30T09:30", "exam", "booked")]).await;
    world.play().await.expect("the reminder");
    assert_eq!(told(&calls(&world, "ann").await), [(Purpose::Reminder, Some(Outcome::Confirmed))]);
    // Twice, before anything is told: the net change counts.
    for start in ["2026-12-02T08:00", "2026-12-03T14:15"] {
        world.take_in(&csv(&[("A1", "ann", CONFIRMS, start, "exam", "booked")])).await.expect("taken in");
    }
    world.play().await.expect("the days go by");
    let calls = calls(&world, "ann").await;
    let confirmed = Some(Outcome::Confirmed);
    assert_eq!(told(&calls), [(Purpose::Reminder, confirmed), (Purpose::Moved, confirmed)], "no reminder after that");
    let record = world.store.load_call_by_id(&calls[1].attempt.id).await.expect("a look").expect("the call");
    assert_eq!(record.brief.old_start, Some(moment("2026-11-30T09:30:00")), "the time they know");
    assert_eq!(record.brief.start, moment("2026-12-03T14:15:00"), "the time it is now");
    assert_eq!(record.brief.script, "moved");
    let [first, second] = [0, 1].map(|n| calls[n].attempt.placed_at.expect("placed"));
    assert!(second - first > chrono::Duration::hours(12), "not on the day of the reminder");
    assert_eq!(open_work(&world, "ann").await, []);
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_before_the_reminder_take_its_place() {
    let booked = [
        ("B1", "bob", CONFIRMS, "2026-11-30T09:30", "exam", "booked"),
        ("C1", "cy", CONFIRMS, "2026-11-30T09:30", "exam", "booked"),
        ("C2", "cy", CONFIRMS, "2026-11-30T11:00", "radiology", "booked"),
        ("D1", "di", CONFIRMS, "2026-11-30T09:30", "exam", "booked"),
        ("D2", "di", CONFIRMS, "2026-11-30T12:00", "infusion", "booked"),
        ("E1", "eve", "02", "2026-12-01T09:30", "exam", "booked"),
    ];
    let world = world(&booked).await;
    let moved_away = ("B1", "bob", CONFIRMS, "2026-12-04T09:30", "exam", "booked");
    world.take_in(&csv(&[moved_away])).await.expect("taken in");
    let changes = [
        booked[0],
        ("C1", "cy", CONFIRMS, "2026-11-30T09:30", "exam", "cancelled"),
        ("C2", "cy", CONFIRMS, "2026-11-30T11:00", "radiology", "cancelled"),
        ("D2", "di", CONFIRMS, "2026-11-30T12:00", "infusion", "cancelled"),
    ];
    world.take_in(&csv(&changes)).await.expect("taken in");
    world.play().await.expect("the days go by");
    let confirmed = Some(Outcome::Confirmed);
    assert_eq!(told(&calls(&world, "bob").await), [(Purpose::Reminder, confirmed)], "moved and moved back is no news");
    assert_eq!(told(&calls(&world, "cy").await), [(Purpose::Cancelled, confirmed)], "all of the visit: one call");
    assert_eq!(told(&calls(&world, "di").await), [(Purpose::Reminder, confirmed)], "the infusion is not spoken of");

    // Eve asked for another time; that she gets one is no news to her.
    assert_eq!(told(&calls(&world, "eve").await), [(Purpose::Reminder, Some(Outcome::RescheduleRequested))]);
    assert_eq!(open_work(&world, "eve").await, [WorkKind::RescheduleRequest]);
    world.take_in(&csv(&[("E1", "eve", CONFIRMS, "2026-12-04T09:30", "exam", "booked")])).await.expect("taken in");
    world.play().await.expect("the days go by");
    let eve = told(&calls(&world, "eve").await);
    assert!(eve.iter().all(|(purpose, _)| *purpose == Purpose::Reminder), "{eve:?}");
    assert_eq!(open_work(&world, "eve").await, [], "the schedule has settled it");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_by_telephone_is_work_for_a_person() {
    let booked = [
        ("F1", "flo", CONFIRMS, "2026-11-30T09:30", "exam", "booked"),
        ("G1", "gus", "14", "2026-11-30T09:30", "exam", "booked"),
    ];
    let world = world(&booked).await;
    let number = callahead::store::OptOut {
        patient: Some("flo".into()),
        phone: None,
        at: START.parse().expect("a moment"),
        how: "by telephone".to_string(),
    };
    world.store.add_opt_out(&number).await.expect("opted out");
    let changes = booked.map(|(id, who, digits, start, service, _)| (id, who, digits, start, service, "cancelled"));
    world.take_in(&csv(&changes)).await.expect("taken in");
    world.play().await.expect("the days go by");
    assert_eq!(told(&calls(&world, "flo").await), []);
    assert_eq!(open_work(&world, "flo").await, [WorkKind::ChangeUnannounced]);
    let gus = told(&calls(&world, "gus").await);
    assert!(!gus.is_empty() && gus.iter().all(|one| *one == (Purpose::Cancelled, Some(Outcome::NoAnswer))), "{gus:?}");
    assert_eq!(open_work(&world, "gus").await, [WorkKind::ChangeUnannounced]);
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_patients_on_one_number_are_called_on_different_days() {
    let mut text = csv(&[
        ("H1", "hal", CONFIRMS, "2026-12-01T09:30", "exam", "booked"),
        ("I1", "ida", CONFIRMS, "2026-12-01T15:30", "exam", "booked"),
    ]);
    let number = |line: &str| line.split(',').nth(2).expect("a number").to_string();
    let (hal, ida) = (number(text.lines().nth(1).expect("hal")), number(text.lines().nth(2).expect("ida")));
    text = text.replace(&ida, &hal);
    let world = world(&[]).await;
    world.take_in(&text).await.expect("taken in");
    world.play().await.expect("the days go by");
    let days: Vec<_> = [calls(&world, "hal").await, calls(&world, "ida").await]
        .iter()
        .map(|calls| {
            assert_eq!(told(calls), [(Purpose::Reminder, Some(Outcome::Confirmed))]);
            calls[0].attempt.placed_at.expect("placed").with_timezone(&chrono_tz::America::New_York).date_naive()
        })
        .collect();
    assert!(days[0] < days[1], "the nearest visit first, the other another day: {days:?}");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_site_tells_everybody_in_turn_and_reopening_calls_it_off() {
    let booked = [
        ("J1", "jo", CONFIRMS, "2026-12-02T09:30", "exam", "booked"),
        ("K1", "kim", CONFIRMS, "2026-12-02T08:15", "infusion", "booked"),
        ("L1", "lee", CONFIRMS, "2026-12-03T09:30", "exam", "booked"),
    ];
    let world = world(&booked).await;
    let declare = async |day: &str, delay_to: Option<&str>, id: &str| {
        let clock = |text| Clock24::parse(text).expect("a time of day");
        let request = closure::Request {
            site: "boston".into(),
            day: day.parse().expect("a day"),
            from: None,
            until: None,
            delay_to: delay_to.map(clock),
        };
        let planned = closure::plan(&world.store, &world.rules, &request, id.into(), world.clock.now()).await.expect("planned");
        closure::declare(&world.store, &planned, "a burst pipe").await.expect("declared");
        planned
    };
    let planned = declare("2026-12-02", None, "c-1").await;
    assert_eq!((planned.visits.len(), planned.by_telephone), (2, 2));
    declare("2026-12-03", Some("10:30"), "c-2").await;
    let reopen = async |day: &str| {
        let day = day.parse().expect("a day");
        world.store.withdraw_closures(&"boston".into(), day, world.clock.now()).await.expect("reopened")
    };
    assert_eq!(reopen("2026-12-03").await, 1);
    let over = async |who| calls(&world, who).await.iter().any(|call| call.attempt.outcome.is_some());
    while !(over("jo").await && over("kim").await) {
        assert!(world.step().await.expect("a moment"), "both are called");
    }
    let confirmed = Some(Outcome::Confirmed);
    let (jo, kim) = (calls(&world, "jo").await, calls(&world, "kim").await);
    assert_eq!((told(&jo), told(&kim)), (vec![(Purpose::Closure, confirmed)], vec![(Purpose::Closure, confirmed)]));
    assert!(kim[0].attempt.placed_at < jo[0].attempt.placed_at, "in the order of the visits");

    // Told, and open after all: a person must say so.
    assert_eq!(reopen("2026-12-02").await, 1);
    world.engine.planner.plan_all().await.expect("planned");
    assert_eq!(open_work(&world, "jo").await, [WorkKind::ChangeUnannounced]);
    world.play().await.expect("the days go by");
    assert_eq!(told(&calls(&world, "lee").await), [(Purpose::Reminder, confirmed)], "that site is open after all");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_opening_has_words_of_its_own() {
    let world = world(&[("M1", "max", CONFIRMS, "2026-12-02T08:15", "exam", "booked")]).await;
    let clock = |text| Clock24::parse(text).expect("a time of day");
    let request = closure::Request {
        site: "boston".into(),
        day: "2026-12-02".parse().expect("a day"),
        from: None,
        until: None,
        delay_to: Some(clock("10:30")),
    };
    let now = world.clock.now();
    let planned = closure::plan(&world.store, &world.rules, &request, "c-1".into(), now).await.expect("planned");
    closure::declare(&world.store, &planned, "a burst pipe").await.expect("declared");
    world.play().await.expect("the days go by");
    let calls = calls(&world, "max").await;
    assert_eq!(told(&calls), [(Purpose::Closure, Some(Outcome::Confirmed))]);
    let record = world.store.load_call_by_id(&calls[0].attempt.id).await.expect("a look").expect("the call");
    assert_eq!((record.brief.script.as_str(), record.brief.start), ("delay", moment("2026-12-02T10:30:00")));
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}
