//! `plan`: the overview for a scheduling office, `--list` with every call, `--explain` with every rule, or JSON.

mod overview;
mod reasons;

use super::output::{Array, print, table, words};
use super::{Desk, Done, clock_at, moment_given};
use crate::core::plan::{Decision, Verdict};
use crate::overview::{Lines, Overview, Promised};
use crate::planner::preview_each;
use crate::views::DecisionView;
use chrono::{DateTime, Utc};
use clap::Args;
pub use reasons::reasons;

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The moment to plan at (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    at: Option<DateTime<Utc>>,
    /// Every rule with its inputs and verdict.
    #[arg(long)]
    explain: bool,
    /// Every call, a line each.
    #[arg(long, conflicts_with = "explain")]
    list: bool,
    /// How many days with calls are shown hour by hour; a line each for those after them.
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: usize,
}

/// Decisions are printed or counted as they are made: none of the ways below holds them all, but `--list`, which has to put
/// the calls in order.
pub async fn run(desk: &Desk, args: PlanArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let now = clock_at(args.at).now();
    if desk.output.json {
        let mut array = Array::new();
        preview_each(&store, &rules, now, |decision| array.push(&DecisionView::of(&decision))).await?;
        array.end()?;
        return Ok(Done::Fine);
    }
    let mut overview = Overview::default();
    let mut calls: Vec<Decision> = Vec::new();
    let mut promised = Promised::default();
    preview_each(&store, &rules, now, |decision| {
        overview.add(&decision);
        if args.explain {
            print(&reasons(&DecisionView::of(&decision)))?;
        } else if args.list && promised.is_first(&decision) {
            calls.push(decision);
        }
        anyhow::Ok(())
    })
    .await?;
    if !args.explain {
        let lines = Lines::of(&config, &rules.jobs);
        let page = overview::Page { overview: &overview, lines: &lines, rules: &rules, now, days: args.days };
        print(&if args.list { list(calls) + "\n\n" + &page.without_hours() } else { page.whole() })?;
    }
    Ok(Done::Fine)
}

/// Calls in order of time.
fn list(mut calls: Vec<Decision>) -> String {
    let opens = |decision: &Decision| if let Verdict::Call(call) = &decision.verdict { Some(call.call_after) } else { None };
    calls.sort_by_key(opens);
    let head = ["call after", "call before", "visit", "starts", "for", "touch", "phone", "language"];
    let rows = calls.iter().map(|decision| {
        let d = DecisionView::of(decision);
        vec![
            d.call_after.unwrap_or_default(),
            d.call_before.unwrap_or_default(),
            d.visit,
            d.start,
            words(d.purpose),
            d.touch.map(|t| t.to_string()).unwrap_or_default(),
            d.phone.unwrap_or_default().to_string(),
            d.language.unwrap_or_default(),
        ]
    });
    table(&head, rows)
}
