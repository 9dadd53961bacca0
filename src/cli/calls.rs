//! `calls`.

use super::output::words;
use super::{Desk, Done, moment_given};
use crate::views::CallView;
use chrono::{DateTime, Utc};
use clap::Args;

#[derive(Debug, Args)]
pub struct CallsArguments {
    /// Only calls placed at or after this moment (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    since: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, args: CallsArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let calls = store.calls(args.since, u32::MAX).await?;
    let rows: Vec<_> = calls.iter().map(|line| CallView::of(line, &rules, desk.output.reveal)).collect();
    let head = ["placed", "visit", "purpose", "try", "phone", "status", "outcome", "keys", "heard", "id"];
    desk.output.rows(&rows, &head, "No calls were placed.", row)?;
    Ok(Done::Fine)
}

pub fn row(call: &CallView) -> Vec<String> {
    vec![
        call.placed_at.clone().unwrap_or_default(),
        call.visit.clone(),
        call.purpose.to_string(),
        format!("{}.{}", call.touch, call.attempt),
        call.phone.clone(),
        words(call.status),
        words(call.outcome.unwrap_or_default()),
        call.keys.clone(),
        call.heard_seconds.map(|s| format!("{s} s")).unwrap_or_default(),
        call.id.clone(),
    ]
}
