//! `closure`: a site is closed, or opens late; reopened; and what is declared.

use super::{Desk, Done, clock_at, moment_given};
use crate::closure::{Planned, Request, declare, plan};
use crate::core::ids::{ClosureId, SiteKey};
use crate::core::plan::{Clock24, Rules};
use crate::views::{ClosureView, moment, reason_in_words};
use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct ClosureArguments {
    /// The site, by its key in the configuration.
    #[arg(long, required_unless_present = "list")]
    site: Option<String>,
    /// The day, by the site's clock: YYYY-MM-DD.
    #[arg(long, value_name = "DATE", required_unless_present = "list")]
    date: Option<NaiveDate>,
    /// Closed from this time on (HH:MM); from the beginning of the day when absent.
    #[arg(long, value_name = "TIME", value_parser = clock_time)]
    from: Option<Clock24>,
    /// Closed until this time (HH:MM); until the end of the day when absent.
    #[arg(long, value_name = "TIME", value_parser = clock_time)]
    until: Option<Clock24>,
    /// A late opening: whoever is booked before comes at this time instead (HH:MM).
    #[arg(long, value_name = "TIME", value_parser = clock_time)]
    delay_to: Option<Clock24>,
    /// Why: kept on record, not said in calls.
    #[arg(long, required_unless_present_any = ["list", "reopen"])]
    reason: Option<String>,
    /// Says what would follow, and declares nothing.
    #[arg(long)]
    dry_run: bool,
    /// The site is open after all: what is declared for that day is withdrawn.
    #[arg(long, conflicts_with_all = ["from", "until", "delay_to", "reason", "dry_run"])]
    reopen: bool,
    /// What is declared.
    #[arg(long, conflicts_with_all = ["from", "until", "delay_to", "reason", "dry_run", "reopen"])]
    list: bool,
    /// With --list: what was withdrawn too.
    #[arg(long, requires = "list")]
    all: bool,
    /// The moment of declaring (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    at: Option<DateTime<Utc>>,
}

fn clock_time(text: &str) -> Result<Clock24, String> {
    Clock24::parse(text).ok_or_else(|| "want a time of day such as 09:30, 00:00 to 24:00".to_string())
}

pub async fn run(desk: &Desk, args: ClosureArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    if args.list {
        let records = desk.store_to_read(&config).await?.closures(args.all).await?;
        let rows: Vec<_> = records.iter().map(|record| ClosureView::of(record, &rules)).collect();
        let head = ["site", "from", "until", "opens", "visits", "reason", "withdrawn"];
        desk.output.rows(&rows, &head, "No closure is declared.", cells)?;
        return Ok(Done::Fine);
    }
    let now = clock_at(args.at).now();
    let (site, day) = args.site.zip(args.date).context("say where and when: --site and --date")?;
    let request = Request { site: SiteKey::new(site), day, from: args.from, until: args.until, delay_to: args.delay_to };
    let zone = request.zone(&rules)?;
    if args.reopen {
        let withdrawn = desk.store(&config).await?.withdraw_closures(&request.site, day, now).await?;
        if withdrawn == 0 {
            eprintln!("No closure of {} on {day} is in force: see `closure --list`.", request.site);
            return Ok(Done::Found);
        }
        eprintln!(
            "Withdrawn. Notices that were not given yet are not given; whoever was told already is on the worklist within a \
             minute of a running service."
        );
        return Ok(Done::Fine);
    }
    let reason = args.reason.unwrap_or_default();
    if reason.trim().is_empty() {
        bail!("--reason: say why; it is kept on record");
    }
    let store = if args.dry_run { desk.store_to_read(&config).await? } else { desk.store(&config).await? };
    let id = ClosureId::new(format!("c-{}", desk.chance.hex(6)));
    let planned = plan(&store, &rules, &request, id, now).await?;
    if !args.dry_run {
        declare(&store, &planned, reason.trim()).await?;
    }
    desk.output
        .value(&Report::of(&planned, reason.trim(), !args.dry_run, &rules, zone), || page(&planned, !args.dry_run, zone))?;
    Ok(Done::Fine)
}

/// What was declared, and what follows.
#[derive(Debug, Serialize)]
struct Report {
    declared: bool,
    #[serde(flatten)]
    closure: ClosureView,
    job: String,
    per_hour: u32,
    by_telephone: usize,
    first_call: Option<String>,
    last_call: Option<String>,
    not_by_telephone: BTreeMap<&'static str, usize>,
}

impl Report {
    fn of(planned: &Planned, reason: &str, declared: bool, rules: &Rules, zone: Tz) -> Report {
        Report {
            declared,
            closure: ClosureView::declared(&planned.closure, reason, planned.visits.len() as u64, rules),
            job: planned.job.to_string(),
            per_hour: planned.per_hour,
            by_telephone: planned.by_telephone,
            first_call: planned.calls.map(|(first, _)| moment(first, zone)),
            last_call: planned.calls.map(|(_, last)| moment(last, zone)),
            not_by_telephone: planned.not_by_telephone.clone(),
        }
    }
}

fn page(planned: &Planned, declared: bool, zone: Tz) -> String {
    let closure = &planned.closure;
    let (from, until) = (moment(closure.from, zone), moment(closure.until, zone));
    let what = match closure.delay_to {
        Some(opens) => {
            format!("{} opens at {}:\nvisits from {from} until {until} are told to come then", closure.site, moment(opens, zone))
        }
        None => format!("{} is closed from {from} until {until}.", closure.site),
    };
    let mut text = format!("{what}\n{} concerned.", count(planned.visits.len(), "visit is", "visits are"));
    if let Some((first, last)) = planned.calls {
        let _ = write!(
            text,
            "\n{} called in order of visit time, {} an hour (job {}):\nthe first from {}, the last from {}.",
            count(planned.by_telephone, "is", "are"),
            planned.per_hour,
            planned.job,
            moment(first, zone),
            moment(last, zone)
        );
    }
    let others: usize = planned.not_by_telephone.values().sum();
    if others > 0 {
        let _ = write!(
            text,
            "\n{others} cannot be told by telephone in time; what must be told is on the worklist, due before the visit:"
        );
        for (reason, count) in &planned.not_by_telephone {
            let _ = write!(text, "\n{count:>9}  {:<28}{}", reason.replace('_', " "), reason_in_words(reason).unwrap_or_default());
        }
    }
    text.push_str(if declared {
        "\nDeclared. A running service begins within a minute."
    } else {
        "\nNothing was declared (--dry-run)."
    });
    text
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn cells(row: &ClosureView) -> Vec<String> {
    let given = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let (opens, withdrawn) = (given(&row.delay_to), given(&row.withdrawn_at));
    vec![row.site.clone(), row.from.clone(), row.until.clone(), opens, row.visits.to_string(), row.reason.clone(), withdrawn]
}
