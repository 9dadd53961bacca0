//! `explain`: why one visit is or is not called.

use super::plan::reasons;
use super::{Desk, Done, clock_at};
use crate::planner::preview;
use crate::views::DecisionView;
use chrono::{DateTime, Utc};
use clap::Args;

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The visit: patient/site/YYYY-MM-DD.
    visit: String,
    /// The moment to plan at (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, args: ExplainArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let decisions = preview(&store, &rules, clock_at(args.at).now()).await?;
    let rows: Vec<_> = decisions.iter().map(DecisionView::of).filter(|d| d.visit == args.visit).collect();
    if rows.is_empty() {
        eprintln!("No visit of that name starts after the moment of planning; `plan` lists those that do.");
        return Ok(Done::Found);
    }
    desk.output.value(&rows, || rows.iter().map(reasons).collect())?;
    Ok(Done::Fine)
}
