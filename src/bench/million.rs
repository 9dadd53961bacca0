//! How long a million bookings of 400,000 visits take: judged in memory, printed by `plan` from a SQLite file, and one
//! visit planned again after it changed. A quick run has a tenth of them, of a debug build a hundredth, and says so in the unit.

use super::children::Program;
use super::hospital::Hospital;
use super::world::World;
use super::{Bench, Figure, memory, milliseconds, quantile};
use crate::app::{listed, read_rulings};
use crate::board::Board;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::ids::PatientId;
use crate::core::plan::{Rules, decide, reconcile};
use crate::planner::Planner;
use crate::store::{IntakeBatch, OptOut, PlanCommit, Revised, SharedStore, open};
use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Duration, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};
use std::hint::black_box;
use std::sync::Arc;

/// When everything is judged: a Wednesday, a holiday and a Sunday ahead.
const NOW: &str = "2026-11-25T15:00:00Z";
const VISITS: usize = 400_000;
const SECONDS: [&str; 3] = ["s", "s (a tenth)", "s (a hundredth)"];
const MEGABYTES: [&str; 3] = ["MB", "MB (a tenth)", "MB (a hundredth)"];
/// Everything that `plan` reads of a booking and of a patient.
const BOOKINGS: &str = "SELECT rowid, id, patient, site, department, start_at, duration_minutes, service, service_by_rule,
    visit_type, status, established, booked_at, updated_at, feed, revision
    FROM appointments WHERE rowid > $1 ORDER BY rowid LIMIT 1000";
const PATIENTS: &str = "SELECT rowid, id, first_name, last_name, birth_date, phones, language, flags, updated_at, revision
    FROM patients WHERE rowid > $1 ORDER BY rowid LIMIT 1000";
/// How often a process's memory is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);
/// Patients whose facts are held at once, or written in one transaction.
const TOGETHER: usize = 2_000;
/// How often one visit is changed and planned again.
const CHANGES: usize = 200;

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Vec<Figure>> {
    let rules = read_rulings(&Config::defaults()).map_err(|faults| anyhow!(listed(&faults)))?.rules;
    let now: DateTime<Utc> = NOW.parse().context("a moment")?;
    let visits = VISITS / smaller(bench).1;
    let hospital = Hospital::with_visits(visits, now, rules.sites.keys().cloned().collect());
    bench.tell(&format!("plan_1m_pure: {visits} visits, {} bookings", visits * 5 / 2));
    let mut figures = vec![pure(bench, &rules, &hospital)?];

    let world = World::shipped()?;
    bench.tell(&format!("plan_1m_sqlite: writing {} patients to a file", hospital.patients));
    let store = open(&format!("sqlite://{}", world.file("bench.db").display())).await?;
    store.migrate().await?;
    seed(bench, &store, &hospital).await?;
    store.close().await;
    figures.extend(printed(bench, &world).await?);
    let store = open(&format!("sqlite://{}", world.file("bench.db").display())).await?;
    figures.push(replanned(bench, &store, &rules, &hospital).await?);
    store.close().await;
    Ok(figures)
}

/// In memory: deciding, and comparing with what stands.
fn pure(bench: Bench<'_>, rules: &Rules, hospital: &Hospital) -> anyhow::Result<Figure> {
    let clock = Clock::system();
    let (mut took, mut scan, mut judged) = (std::time::Duration::ZERO, std::time::Duration::ZERO, 0);
    for first in (0..hospital.patients).step_by(TOGETHER) {
        let facts: Vec<_> = (first..hospital.patients.min(first + TOGETHER)).map(|n| hospital.facts(n)).collect();
        let watch = clock.stopwatch();
        for facts in &facts {
            let decisions = decide(rules, facts, hospital.now);
            judged += decisions.len();
            black_box(reconcile(rules, &decisions, facts, hospital.now));
        }
        took += watch.elapsed();
        // One pass over so few is too short for the clock.
        let watch = clock.stopwatch();
        for _ in 0..50 {
            let starts = black_box(&facts).iter().flat_map(|f| &f.appointments).map(|a| a.start.timestamp());
            black_box(starts.sum::<i64>());
        }
        scan += watch.elapsed() / 50;
    }
    ensure!(judged >= hospital.patients, "hardly anything was judged: {judged} decisions");
    let seconds = |span: std::time::Duration| span.as_secs_f64();
    let against = "a plain scan that sums the starts of the same bookings";
    Ok(Figure::new("plan_1m_pure", unit(bench, SECONDS), seconds(took), seconds(scan), against))
}

/// Writes the hospital: the patients and half of their bookings, then the other half, both in an order of no meaning.
async fn seed(bench: Bench<'_>, store: &SharedStore, hospital: &Hospital) -> anyhow::Result<()> {
    for second in [false, true] {
        for first in (0..hospital.patients).step_by(TOGETHER) {
            let places = first..hospital.patients.min(first + TOGETHER);
            let known: Vec<_> = places.map(|place| hospital.known(hospital.scattered(place))).collect();
            let new = |value| Revised { value, revision: 0 };
            let half = |n: usize| (n % 2 == 1) == second;
            let bookings = known.iter().flat_map(|k| k.appointments.iter().enumerate());
            let mut batch = IntakeBatch {
                feed: "bench".into(),
                at: hospital.now,
                raw: Vec::new(),
                appointments: bookings
                    .filter(|(n, _)| half(*n))
                    .map(|(_, a)| Revised { value: a.clone(), revision: 0 })
                    .collect(),
                patients: Vec::new(),
                withdraw: Vec::new(),
                opt_outs: Vec::new(),
                changes: Vec::new(),
                consents: Vec::new(),
                heard: None,
            };
            if !second {
                batch.patients = known.iter().map(|k| new(k.patient.clone())).collect();
                let opted_out = known.iter().filter(|k| k.opted_out).map(|k| k.patient.id.clone());
                let at = hospital.now;
                batch.opt_outs =
                    opted_out.map(|id| OptOut { patient: Some(id), phone: None, at, how: "bench".to_string() }).collect();
                let open = known.into_iter().filter_map(|k| k.call).collect();
                store.commit_plan(&PlanCommit { at: Some(at), open, ..PlanCommit::default() }).await?;
            }
            store.commit_intake(&batch).await?;
            if first % (TOGETHER * 25) == 0 {
                let done = (first + if second { hospital.patients } else { 0 }) * 50 / hospital.patients;
                bench.tell(&format!("plan_1m_sqlite: {done} % written"));
            }
        }
    }
    Ok(())
}

/// `plan` as a process of its own: how long it takes, and the most memory it holds.
async fn printed(bench: Bench<'_>, world: &World) -> anyhow::Result<Vec<Figure>> {
    bench.tell("plan_1m_sqlite: a plain scan, then `plan --format json`");
    let clock = Clock::system();
    let file = world.file("bench.db");
    let watch = clock.stopwatch();
    let options = SqliteConnectOptions::new().filename(&file).read_only(true);
    let mut plain = options.connect().await?;
    let rows = scan(&mut plain, BOOKINGS).await? + scan(&mut plain, PATIENTS).await?;
    let scanned = watch.elapsed();
    plain.close().await?;

    let watch = clock.stopwatch();
    let mut plan = Program::start(world, &["plan", "--format", "json", "--at", NOW])?;
    let mut peak = None;
    while plan.runs() {
        // A process that has just ended tells nothing any more.
        peak = memory::memory(&plan, "VmHWM").ok().or(peak);
        tokio::time::sleep(LOOK).await;
    }
    let took = watch.elapsed();
    ensure!(plan.succeeded(), "`plan` failed: {}", std::fs::read_to_string(world.file("children.log")).unwrap_or_default());
    bench.tell(&format!("plan_1m_sqlite: {rows} rows"));
    let time = {
        let against = "a plain scan of the same rows and columns";
        Figure::new("plan_1m_sqlite", unit(bench, SECONDS), took.as_secs_f64(), scanned.as_secs_f64(), against)
    };
    let against = "the SQLite file that it reads";
    let memory = match peak {
        None => Figure::not_measured("plan_1m_memory", unit(bench, MEGABYTES), against),
        Some(peak) => {
            let size = std::fs::metadata(&file)?.len() as f64 / 1e6;
            Figure::new("plan_1m_memory", unit(bench, MEGABYTES), peak, size, against)
        }
    };
    Ok(vec![time, memory])
}

/// Reads a table from its beginning to its end; gives how many rows it has.
async fn scan(plain: &mut SqliteConnection, sql: &'static str) -> anyhow::Result<usize> {
    let (mut count, mut last) = (0, 0i64);
    loop {
        let rows = sqlx::query(sql).bind(last).fetch_all(&mut *plain).await?;
        let Some(row) = rows.last() else { return Ok(count) };
        last = row.get(0);
        count += rows.len();
    }
}

/// One booking is moved, then its patient is planned again: facts read, judged, and what changed written to the disk.
async fn replanned(bench: Bench<'_>, store: &SharedStore, rules: &Arc<Rules>, hospital: &Hospital) -> anyhow::Result<Figure> {
    bench.tell(&format!("replan_one: {CHANGES} bookings are moved, one after the other"));
    let clock = Clock::system();
    let planner = Planner {
        store: store.clone(),
        board: Board::new(rules.clone()),
        clock: Clock::fixed(hospital.now),
        chance: Chance::from_system()?,
    };
    let (mut took, mut plain) = (Vec::new(), Vec::new());
    for place in 0..CHANGES {
        let known = hospital.known(hospital.scattered(place));
        let id: PatientId = known.patient.id;
        let bookings: Vec<_> = known.appointments.iter().map(|a| a.id.clone()).collect();
        let mut booking = known.appointments[0].clone();
        booking.start += Duration::minutes(15);
        let batch = IntakeBatch {
            feed: "bench".into(),
            at: hospital.now,
            raw: Vec::new(),
            appointments: vec![Revised { value: booking, revision: 1 }],
            patients: Vec::new(),
            withdraw: Vec::new(),
            opt_outs: Vec::new(),
            changes: Vec::new(),
            consents: Vec::new(),
            heard: None,
        };
        store.commit_intake(&batch).await?;
        let watch = clock.stopwatch();
        planner.plan(std::slice::from_ref(&id)).await?;
        took.push(watch.elapsed());
        let watch = clock.stopwatch();
        black_box(store.load_known(&bookings, &[id]).await?);
        plain.push(watch.elapsed());
    }
    bench.tell(&format!("replan_one: 99 of 100 took at most {:.2} ms", milliseconds(quantile(&took, 0.99))));
    let (value, reference) = (milliseconds(quantile(&took, 0.5)), milliseconds(quantile(&plain, 0.5)));
    Ok(Figure::new("replan_one", "ms", value, reference, "reading the rows of the same patient by their keys"))
}

/// A unit that says how big the hospital is, where it is not whole: [whole, a tenth, a hundredth].
fn unit(bench: Bench<'_>, units: [&'static str; 3]) -> &'static str {
    units[smaller(bench).0]
}

/// How small the hospital is, as a place among the units and as a divisor. A debug build is a hundred times as slow.
fn smaller(bench: Bench<'_>) -> (usize, usize) {
    match (bench.quick, cfg!(debug_assertions)) {
        (false, _) => (0, 1),
        (true, false) => (1, 10),
        (true, true) => (2, 100),
    }
}
