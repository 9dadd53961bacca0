//! How many visits a second the pure planner judges, facts in memory, as the sweep of everybody does.

use super::{Bench, Figure};
use crate::app::{listed, read_rulings};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::domain::{Appointment, AppointmentStatus, Patient, PatientFlags, Phone, PhoneKind, Service, VoicemailPolicy};
use crate::core::ids::{AppointmentId, PatientId, SiteKey};
use crate::core::plan::{PatientFacts, decide, reconcile};
use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;
use std::hint::black_box;

/// When it is judged: a Wednesday, a holiday and a Sunday ahead.
const NOW: &str = "2026-11-25T15:00:00Z";

pub fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    let count = bench.either(2_000, 20_000);
    bench.tell(&format!("plan_visits: {count} visits"));
    let rules = read_rulings(&Config::defaults()).map_err(|faults| anyhow!(listed(&faults)))?.rules;
    let now: DateTime<Utc> = NOW.parse().context("a moment")?;
    let sites: Vec<&SiteKey> = rules.sites.keys().collect();
    ensure!(!sites.is_empty(), "the default configuration has sites");
    let facts: Vec<_> = (0..count).map(|n| patient(n, sites[n % sites.len()], now)).collect();
    let clock = Clock::system();
    let watch = clock.stopwatch();
    let mut actions = 0;
    for facts in &facts {
        let decisions = decide(&rules, facts, now);
        actions += reconcile(&rules, &decisions, facts, now).len();
    }
    let took = watch.elapsed();
    ensure!(actions > count / 10, "hardly anybody would be called: {actions} actions for {count} visits");

    // One pass is too short for the clock.
    const PASSES: usize = 50;
    let watch = clock.stopwatch();
    for _ in 0..PASSES {
        let starts = black_box(&facts).iter().flat_map(|f| &f.appointments).map(|a| a.start.timestamp());
        black_box(starts.sum::<i64>());
    }
    let scan = watch.elapsed().div_f64(PASSES as f64);
    let rate = |took: std::time::Duration| count as f64 / took.as_secs_f64().max(1e-9);
    Ok(Figure::new("plan_visits", "/s", rate(took), rate(scan), "a plain scan that sums the starts of the same visits"))
}

/// One patient with one visit; one in ten has no consent, an odd service, a cancelled booking or no telephone.
fn patient(n: usize, site: &SiteKey, now: DateTime<Utc>) -> PatientFacts {
    let id = PatientId::new(format!("P{n}"));
    let number = format!("+1{}555{:04}", 201 + n / 10_000, n % 10_000);
    let kind = n % 40;
    PatientFacts {
        patient: Patient {
            id: id.clone(),
            first_name: None,
            last_name: None,
            birth_date: None,
            phones: if kind == 0 { Vec::new() } else { vec![Phone::read(PhoneKind::Mobile, &number)] },
            language: None,
            flags: PatientFlags {
                no_call: kind == 1,
                voicemail: (kind == 5).then_some(VoicemailPolicy::Minimal),
                ..PatientFlags::default()
            },
            updated_at: None,
        },
        appointments: vec![Appointment {
            id: AppointmentId::new(format!("A{n}")),
            patient: id,
            site: site.clone(),
            department: None,
            start: now + Duration::hours(20 + (n % 500) as i64),
            duration_minutes: Some(30),
            service: if kind == 2 { Service::Infusion } else { Service::Exam },
            service_by_rule: false,
            visit_type: None,
            status: if kind == 3 { AppointmentStatus::Cancelled } else { AppointmentStatus::Booked },
            established: Some(true),
            booked_at: now - Duration::days(40),
            updated_at: None,
            feed: "bench".into(),
        }],
        outreaches: Vec::new(),
        opted_out: kind == 4,
        opted_out_numbers: BTreeSet::new(),
        other_calls: Vec::new(),
        work: Vec::new(),
        changes: Vec::new(),
        closures: Vec::new(),
        stamp: 0,
    }
}
