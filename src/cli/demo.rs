//! `demo`: the whole engine on a throw-away store, with the sample hospital and simulated telephones, in fast time.
//!
//! The telephone network is simulated, but nothing is cut short: see [`crate::simulate::World`].

mod patient;
mod report;

use super::output::print;
use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::carrier::simulator::FaultList;
use crate::config::{Config, Department};
use crate::core::domain::{PhoneNumber, Purpose};
use crate::core::plan::Rules;
use crate::simulate::{Progress, World, WorldSettings};
use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use report::{Report, Summary};
use std::io::IsTerminal;

/// The sample hospital: a native CSV, read by the same importer as any other.
const SAMPLE: &str = include_str!("../../demo/appointments.csv");
/// The desk of a department; like every 555-01xx number it belongs to nobody. The simulated network lets it answer.
const DESK: &str = "+16175550155";
/// When the demo's clock starts: the day before Thanksgiving, so that a holiday and a Sunday lie ahead.
const STARTS: &str = "2026-11-25T08:00:00-05:00";
/// How much faster than the world the clock runs while somebody is on the line.
const FASTER: f64 = 60.0;

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Runs to the end, prints the summary as JSON, and exits.
    #[arg(long)]
    headless: bool,
    /// Only the first N patients of the sample.
    #[arg(long, value_name = "N")]
    patients: Option<usize>,
    /// Seed of everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Port of the console; any free one when absent.
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
}

pub async fn run(_: &Desk, args: DemoArguments) -> anyhow::Result<Done> {
    let interactive = !args.headless && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let settings = WorldSettings {
        config: hospital(),
        appointments: first_patients(SAMPLE, args.patients),
        start: STARTS.parse::<DateTime<Utc>>().context("the demo's start")?,
        faster: FASTER,
        seed: args.seed,
        faults: FaultList::default(),
        port: args.port,
    };
    let world = World::start_with(settings, transfer_reminders).await?;
    let taken = &world.report;
    eprintln!(
        "A sample hospital with simulated telephones: nobody real is called. {} rows of demo/appointments.csv: {} new, {} cancelled, {} refused.",
        taken.read,
        taken.new,
        taken.cancelled,
        taken.refused.len()
    );
    if !args.headless {
        eprintln!("Console: {}", console(&world));
    }
    // One listener for the whole run: no Ctrl-C falls between two of its parts.
    let stop = asked_to_stop();
    tokio::pin!(stop);
    let shown = tokio::select! {
        broken = show(&world, args.headless) => Some(broken?),
        stopped = &mut stop => stopped.map(|()| None)?,
    };
    if shown.is_none() {
        eprintln!("Stopping before the end.");
    } else if interactive && patient::offer(stop.as_mut()).await? {
        eprintln!("The console stays open at {} until you press Ctrl-C.", console(&world));
        stop.await?;
    }
    world.stop().await?;
    Ok(if shown == Some(true) { Done::Found } else { Done::Fine })
}

/// The defaults, and a desk for one department.
fn hospital() -> Config {
    let mut config = Config::defaults();
    let (name, desk) = ("Imaging".to_string(), PhoneNumber::parse(DESK).ok());
    // Without hours it is always open.
    config.departments.insert("imaging".into(), Department { name, callback_number: None, desk, open: Vec::new() });
    config
}

/// The shipped jobs transfer nothing: a hospital without desks could not.
fn transfer_reminders(rules: &mut Rules) {
    let reminders = rules.jobs.iter_mut().filter(|job| job.purpose == Purpose::Reminder);
    reminders.for_each(|job| job.call.transfer = true);
}

fn console(world: &World) -> String {
    world.engine.console.map(|address| format!("http://{address}")).unwrap_or_default()
}

/// Plays the week, shows what comes, and says whether an invariant was broken.
async fn show(world: &World, headless: bool) -> anyhow::Result<bool> {
    let mut report = Report::new(!headless)?;
    let mut progress = Progress::new(&world.clock);
    while world.step().await? {
        if progress.look(world).await? {
            report.show_new(&world.store, &world.rules).await?;
        }
    }
    let calls = world.store.calls(None, u32::MAX).await?;
    let worklist = world.store.count_open_work().await?;
    let summary = Summary::of(&calls, world.skipped.clone(), worklist, world.violations().await?);
    if headless {
        print(&serde_json::to_string_pretty(&summary)?)?;
    } else {
        report.end(&summary, &world.store, &world.rules).await?;
    }
    Ok(!summary.violations.is_empty())
}

/// The header and the rows of the first N patients, in the order in which they appear.
fn first_patients(text: &str, patients: Option<usize>) -> String {
    let Some(wanted) = patients else { return text.to_string() };
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let column = header.split(',').position(|name| name == "patient_id").unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    let mut kept = vec![header];
    for line in lines {
        let patient = line.split(',').nth(column).unwrap_or_default();
        if !seen.contains(&patient) {
            if seen.len() == wanted {
                continue;
            }
            seen.push(patient);
        }
        kept.push(line);
    }
    kept.join("\n") + "\n"
}
