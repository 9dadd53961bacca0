//! `audit replay`.

use super::output::words;
use super::{Desk, Done, moment_given};
use crate::audit::{Difference, Replayed, replay};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::Value;
use std::fmt::Write;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Makes stored decisions again from what is stored beside them; exit status 1 when one comes out differently.
    Replay {
        /// Only those made from this moment on (RFC 3339).
        #[arg(long, value_name = "TIME", value_parser = moment_given)]
        since: Option<DateTime<Utc>>,
        /// At most so many, oldest first.
        #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
        limit: u64,
    },
}

pub async fn run(desk: &Desk, command: AuditCommand) -> anyhow::Result<Done> {
    let AuditCommand::Replay { since, limit } = command;
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let found = replay(&store, &rules, since, limit).await?;
    desk.output.value(&found, || page(&found))?;
    Ok(if found.differences.is_empty() { Done::Fine } else { Done::Found })
}

fn page(found: &Replayed) -> String {
    let mut text = String::new();
    for difference in &found.differences {
        let _ = writeln!(text, "{}", lines(difference));
    }
    if found.other_area_codes > 0 {
        let count = found.other_area_codes;
        let _ = writeln!(text, "{count} were made with another table of area codes; the one in force was used instead.");
    }
    let (all, equal) = (found.replayed, found.equal);
    let _ = write!(text, "{all} decisions made again: {equal} equal, {} different", found.differences.len());
    text
}

fn lines(difference: &Difference) -> String {
    let Difference { visit, job, at, found, stored, recomputed } = difference;
    let what = words(serde_json::to_value(found).ok().as_ref().and_then(Value::as_str).unwrap_or_default());
    let mut text = format!("{visit}  job {job}, decided {at}: {what}");
    let Some(Value::Object(made)) = recomputed else { return text };
    if stored.as_object() == Some(made) {
        text += "\n    what it is recognized by (essence) was altered";
    }
    for (key, value) in made.iter().filter(|(key, value)| stored.get(key) != Some(value)) {
        let _ = write!(text, "\n    {key}: stored {}, recomputed {value}", stored.get(key).unwrap_or(&Value::Null));
    }
    text
}
