//! `schedules check` and `schedules next`.

use super::check::with_carets;
use super::output::{number, table, words};
use super::{Desk, Done, clock_at, moment_given};
use crate::app::check_schedules;
use crate::config::Outline;
use crate::core::ids::JobName;
use crate::core::plan::{Decision, Job, Rules, Verdict};
use crate::overview::Promised;
use crate::planner::preview_each;
use crate::rulebook::{JobDay, TouchDay, days_ahead};
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How far `next` looks ahead.
const DAYS: usize = 7;

#[derive(Debug, Subcommand)]
pub enum SchedulesCommand {
    /// Every fault of the reminder jobs and of services.toml.
    Check,
    /// What each job will do in the next seven days.
    Next(NextArguments),
}

#[derive(Debug, Args)]
pub struct NextArguments {
    /// The moment to look ahead from (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    at: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, command: SchedulesCommand) -> anyhow::Result<Done> {
    match command {
        SchedulesCommand::Check => check(desk),
        SchedulesCommand::Next(args) => next(desk, args).await,
    }
}

fn check(desk: &Desk) -> anyhow::Result<Done> {
    let outline = Outline::load(desk.config_file(), std::env::vars());
    if !outline.faults.is_empty() {
        eprintln!("The configuration has faults of its own, which `callahead check` tells: jobs are judged by the rest of it.");
    }
    let faults = check_schedules(&outline);
    let where_ = outline.config.map(|config| config.schedules.display().to_string()).unwrap_or_default();
    desk.output.value(&faults, || {
        if faults.is_empty() { format!("No faults in {where_} and the list of services.") } else { with_carets(&faults) }
    })?;
    Ok(if faults.is_empty() { Done::Fine } else { Done::Found })
}

/// A job and its days, as programs see them.
#[derive(Debug, Serialize)]
struct JobView {
    job: String,
    purpose: &'static str,
    enabled: bool,
    days: Vec<DayView>,
    /// Calls planned for a later day.
    later: usize,
    /// Calls that it would make too, and a job before it makes.
    made_by_another: usize,
}

/// A day by the sites' calendars. `from` and `until` are null where `no_calls` says why.
#[derive(Debug, Serialize)]
struct DayView {
    date: NaiveDate,
    weekday: String,
    from: Option<String>,
    until: Option<String>,
    no_calls: Option<String>,
    touches: Vec<TouchView>,
    /// Calls planned for the day, over all touches and sites.
    calls: usize,
}

/// A touch of the day: the days of the visits it is for by the calendar. A call that was put off (a cap, a retry) counts in
/// its touch too.
#[derive(Debug, Serialize)]
struct TouchView {
    touch: u32,
    visits: Vec<NaiveDate>,
    calls: usize,
}

/// The calls that are planned.
#[derive(Default)]
struct Counts {
    /// How many a job makes on a day and of a touch.
    calls: BTreeMap<(JobName, NaiveDate, u32), usize>,
    /// How many a job would make, if a job before it did not.
    made_by_another: BTreeMap<JobName, usize>,
    promised: Promised,
}

impl Counts {
    fn add(&mut self, decision: &Decision) {
        let (Verdict::Call(call), Some(job)) = (&decision.verdict, &decision.job) else { return };
        if !self.promised.is_first(decision) {
            *self.made_by_another.entry(job.clone()).or_default() += 1;
            return;
        }
        let day = call.call_after.with_timezone(&decision.zone).date_naive();
        *self.calls.entry((job.clone(), day, call.touch)).or_default() += 1;
    }
}

async fn next(desk: &Desk, args: NextArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let now = clock_at(args.at).now();
    let mut counts = Counts::default();
    preview_each(&store, &rules, now, |decision| {
        counts.add(&decision);
        anyhow::Ok(())
    })
    .await?;
    let jobs: Vec<JobView> = rules.jobs.iter().map(|job| view(job, &rules, now, &counts)).collect();
    desk.output.value(&jobs, || shown(&jobs))?;
    Ok(Done::Fine)
}

fn view(job: &Job, rules: &Rules, now: DateTime<Utc>, counts: &Counts) -> JobView {
    // Where it is still yesterday, the day is not over.
    let sites = rules.sites.iter().filter(|(key, _)| job.select.sites.is_empty() || job.select.sites.contains(key));
    let first = sites.map(|(_, site)| now.with_timezone(&site.zone).date_naive()).min().unwrap_or(now.date_naive());
    let of_job = || counts.calls.iter().filter(|((name, ..), _)| *name == job.name);
    let days = days_ahead(job, &rules.limits, first, DAYS).into_iter().map(|day| {
        let of_day: Vec<(u32, usize)> =
            of_job().filter(|((_, date, _), _)| *date == day.date).map(|((_, _, touch), calls)| (*touch, *calls)).collect();
        day_view(day, &of_day)
    });
    let end = first + chrono::Days::new(DAYS as u64);
    JobView {
        job: job.name.to_string(),
        purpose: job.purpose.as_str(),
        enabled: job.enabled,
        days: days.collect(),
        made_by_another: counts.made_by_another.get(&job.name).copied().unwrap_or(0),
        later: of_job().filter(|((_, date, _), _)| *date >= end).map(|(_, calls)| calls).sum(),
    }
}

fn day_view(day: JobDay, planned: &[(u32, usize)]) -> DayView {
    let JobDay { date, hours, no_calls, mut touches } = day;
    for (touch, _) in planned {
        if touches.iter().all(|known| known.touch != *touch) {
            touches.push(TouchDay { touch: *touch, visits: Vec::new() });
        }
    }
    touches.sort_by_key(|touch| touch.touch);
    let calls_of = |touch: u32| planned.iter().filter(|(of, _)| *of == touch).map(|(_, calls)| calls).sum();
    let (from, until) = hours.unzip();
    DayView {
        date,
        weekday: date.format("%a").to_string().to_lowercase(),
        from,
        until,
        no_calls,
        touches: touches
            .into_iter()
            .map(|TouchDay { touch, visits }| TouchView { touch, visits, calls: calls_of(touch) })
            .collect(),
        calls: planned.iter().map(|(_, calls)| calls).sum(),
    }
}

/// A table a job.
fn shown(jobs: &[JobView]) -> String {
    if jobs.is_empty() {
        return "There is no job: nobody will be called.".to_string();
    }
    jobs.iter().map(one_job).collect::<Vec<_>>().join("\n\n")
}

fn one_job(job: &JobView) -> String {
    let title = if job.job == job.purpose { job.job.clone() } else { format!("{} ({})", job.job, words(job.purpose)) };
    if !job.enabled {
        return format!("{title}: switched off (enabled = false)");
    }
    if let Some((from, until)) = all_alike(&job.days) {
        let week = if job.later == 0 { "nothing planned" } else { "nothing planned in these seven days" };
        return format!("{title}: every day {from} to {until}, {week}{}", more(job));
    }
    // A notice is not given so many days before a visit.
    let columns = if job.days.iter().all(|day| touches_of(day).is_empty()) { 3 } else { 4 };
    let rows = job.days.iter().map(|day| {
        let (hours, calls) = match (&day.from, &day.until) {
            (Some(from), Some(until)) => (format!("{from} to {until}"), number(day.calls)),
            _ => (format!("no calls: {}", day.no_calls.as_deref().unwrap_or_default()), String::new()),
        };
        vec![short(day.date), hours, calls, touches_of(day)].into_iter().take(columns).collect()
    });
    format!("{title}\n{}{}", table(&["day", "hours at the site", "calls", "visits of"][..columns], rows), more(job))
}

/// What a job does beyond its table.
fn more(job: &JobView) -> String {
    let mut text = String::new();
    if job.later > 0 {
        let _ = write!(text, "\n{} more on later days", number(job.later));
    }
    if job.made_by_another > 0 {
        let calls = if job.made_by_another == 1 { "call" } else { "calls" };
        let _ = write!(text, "\n{} {calls} that a job before it makes already", number(job.made_by_another));
    }
    text
}

/// The hours of every day where the days differ in nothing and no call is planned, as with notices most of the time.
fn all_alike(days: &[DayView]) -> Option<(&str, &str)> {
    let first = days.first()?;
    let alike =
        |day: &DayView| day.calls == 0 && day.touches.is_empty() && (&day.from, &day.until) == (&first.from, &first.until);
    if days.iter().all(alike) { first.from.as_deref().zip(first.until.as_deref()) } else { None }
}

/// `Mon Nov 30, Tue Dec 1`; with the touch before it where there are several.
fn touches_of(day: &DayView) -> String {
    let several = day.touches.len() > 1 || day.touches.iter().any(|touch| touch.touch > 1);
    let told = day.touches.iter().filter(|touch| !touch.visits.is_empty()).map(|touch| {
        let visits: Vec<_> = touch.visits.iter().map(|visit| short(*visit)).collect();
        if several { format!("touch {}: {}", touch.touch, visits.join(", ")) } else { visits.join(", ") }
    });
    told.collect::<Vec<_>>().join("; ")
}

fn short(day: NaiveDate) -> String {
    day.format("%a %b %-d").to_string()
}
