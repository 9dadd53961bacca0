//! `plan` and `explain`.

use super::output::{table, words};
use super::{Desk, Done, clock_at};
use crate::core::plan::RuleVerdict;
use crate::planner::preview;
use crate::views::DecisionView;
use chrono::{DateTime, Utc};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The moment to plan at (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// Every rule with its inputs and verdict.
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The visit: patient/site/YYYY-MM-DD.
    visit: String,
    /// The moment to plan at (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, args: PlanArguments) -> anyhow::Result<Done> {
    let rows = decisions(desk, args.at).await?;
    desk.output.value(&rows, || if args.explain { rows.iter().map(reasons).collect() } else { overview(&rows) })?;
    Ok(Done::Fine)
}

pub async fn explain(desk: &Desk, args: ExplainArguments) -> anyhow::Result<Done> {
    let rows: Vec<_> = decisions(desk, args.at).await?.into_iter().filter(|d| d.visit == args.visit).collect();
    if rows.is_empty() {
        eprintln!("No visit of that name starts after the moment of planning; `plan` lists those that do.");
        return Ok(Done::Found);
    }
    desk.output.value(&rows, || rows.iter().map(reasons).collect())?;
    Ok(Done::Fine)
}

async fn decisions(desk: &Desk, at: Option<DateTime<Utc>>) -> anyhow::Result<Vec<DecisionView>> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let decisions = preview(&store, &rules, clock_at(at).now()).await?;
    Ok(decisions.iter().map(DecisionView::of).collect())
}

/// Calls in order of time, then how many are not called and why.
fn overview(rows: &[DecisionView]) -> String {
    let mut calls: Vec<_> = rows.iter().filter(|d| d.decision == "call").collect();
    calls.sort_by(|a, b| a.call_after.cmp(&b.call_after));
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        if let Some(reason) = row.reason {
            *reasons.entry((row.decision, reason)).or_default() += 1;
        }
    }
    let calls_table = table(
        &["call after", "call before", "visit", "starts", "touch", "phone", "language"],
        calls.iter().map(|d| {
            vec![
                d.call_after.clone().unwrap_or_default(),
                d.call_before.clone().unwrap_or_default(),
                d.visit.clone(),
                d.start.clone(),
                d.touch.map(|t| t.to_string()).unwrap_or_default(),
                d.phone.unwrap_or_default().to_string(),
                d.language.clone().unwrap_or_default(),
            ]
        }),
    );
    let not_called =
        table(&["not called", "why", "visits"], reasons.iter().map(|((d, r), n)| vec![words(d), words(r), n.to_string()]));
    format!("{} to call\n{calls_table}\n{not_called}", calls.len())
}

/// One decision with every rule.
fn reasons(row: &DecisionView) -> String {
    let mut text = format!("{}  {}", row.visit, row.decision);
    if let Some(reason) = row.reason {
        let _ = write!(text, ": {}", words(reason));
    }
    if let (Some(after), Some(before)) = (&row.call_after, &row.call_before) {
        let _ = write!(text, " from {after} until {before}");
    }
    let _ = writeln!(text, "  (job {}, starts {})", row.job.as_deref().unwrap_or("none"), row.start);
    for rule in &row.rules {
        let mark = if rule.verdict == RuleVerdict::Pass { "pass" } else { "FAIL" };
        let _ = writeln!(text, "    {mark}  {}: {}", rule.rule, rule.detail);
    }
    text
}
