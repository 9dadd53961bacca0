//! How long a million bookings of 400,000 visits take: judged in memory, printed by `plan` from a SQLite file, and one
//! visit planned again after it changed. A quick run has a tenth of them, and says so in the unit.

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
use sqlx::{ConnectOptions, Row};
use std::hint::black_box;
use std::sync::Arc;

/// When everything is judged: a Wednesday, a holiday and a Sunday ahead.
const NOW: &str = "2026-11-25T15:00:00Z";
const VISITS: usize = 400_000;
/// Patients whose facts are held at once, or written in one transaction.
const TOGETHER: usize = 2_000;
/// How often one visit is changed and planned again.
const CHANGES: usize = 200;

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<Vec<Figure>> {
    let rules = read_rulings(&Config::defaults()).map_err(|faults| anyhow!(listed(&faults)))?.rules;
    let now: DateTime<Utc> = NOW.parse().context("a moment")?;
    let visits = bench.either(VISITS / 10, VISITS);
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
    figures.push(replanned(bench, &world, &store, &rules, &hospital).await?);
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
    Ok(Figure::new("plan_1m_pure", unit(bench, "s", "s (a tenth)"), seconds(took), seconds(scan), against))
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
    const MEMORY: &str = "plan_1m_memory";
    bench.tell("plan_1m_sqlite: `plan --format json`");
    let clock = Clock::system();
    let watch = clock.stopwatch();
    let (mut rows, mut sum) = (0, 0i64);
    let options = SqliteConnectOptions::new().filename(world.file("bench.db")).read_only(true);
    let mut plain = options.connect().await?;
    for sql in [
        "SELECT id, patient, site, department, start_at, duration_minutes, service, visit_type, status, established, booked_at,
             updated_at, feed FROM appointments",
        "SELECT id, first_name, last_name, birth_date, phones, language, flags, updated_at FROM patients",
    ] {
        let (more, lengths) = scan(&mut plain, sql).await?;
        (rows, sum) = (rows + more, sum + lengths);
    }
    ensure!(sum > 0, "there is something to read");
    let scanned = watch.elapsed();
    drop(plain);

    let watch = clock.stopwatch();
    let mut plan = Program::start(world, &["plan", "--format", "json", "--at", NOW])?;
    let mut peak = None;
    while plan.runs() {
        if cfg!(target_os = "linux") {
            // A process that has just ended tells nothing any more.
            peak = memory::memory(&plan, "VmHWM").ok().or(peak);
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let took = watch.elapsed();
    ensure!(plan.succeeded(), "`plan` failed: {}", std::fs::read_to_string(world.file("children.log")).unwrap_or_default());
    bench.tell(&format!("plan_1m_sqlite: the plain scan read {rows} rows"));
    let against = "a plain scan of the same rows and columns";
    let time = Figure::new("plan_1m_sqlite", unit(bench, "s", "s (a tenth)"), took.as_secs_f64(), scanned.as_secs_f64(), against);
    Ok(vec![time, Figure::new(MEMORY, unit(bench, "MB", "MB (a tenth)"), peak.unwrap_or(0.0), 1.0, "")])
}

async fn scan(plain: &mut SqliteConnection, sql: &'static str) -> anyhow::Result<(usize, i64)> {
    let rows = sqlx::query(sql).fetch_all(plain).await?;
    let sum = rows.iter().map(|row| row.get::<&str, _>(0).len() as i64).sum();
    Ok((rows.len(), sum))
}

/// One booking is moved, then its patient is planned again.
async fn replanned(
    bench: Bench<'_>,
    _world: &World,
    store: &SharedStore,
    rules: &Arc<Rules>,
    hospital: &Hospital,
) -> anyhow::Result<Figure> {
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
        black_box(store.load_known(&[], &[id]).await?);
        plain.push(watch.elapsed());
    }
    bench.tell(&format!("replan_one: 99 of 100 took at most {:.2} ms", milliseconds(quantile(&took, 0.99))));
    let (value, reference) = (milliseconds(quantile(&took, 0.5)), milliseconds(quantile(&plain, 0.5)));
    Ok(Figure::new("replan_one", "ms", value, reference, "reading the row of the same patient"))
}

fn unit(bench: Bench<'_>, whole: &'static str, tenth: &'static str) -> &'static str {
    bench.either(tenth, whole)
}
