//! `services preview`, `apply`, `unknown`: the list that says which service a visit type is.

use super::output::{table, words};
use super::{Desk, Done, clock_at, moment_given};
use crate::app::listed;
use crate::config::Config;
use crate::core::plan::Rules;
use crate::reclassify::{Changed, apply, compare};
use crate::services::Classifier;
use crate::views::UnknownServiceView;
use chrono::{DateTime, Duration, Utc};
use clap::Subcommand;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How far back `services unknown` looks where nothing is said: a month shows what comes regularly.
const LOOK_BACK: Duration = Duration::days(30);

#[derive(Debug, Subcommand)]
pub enum ServicesCommand {
    /// Which bookings to come would be of another class by a list of rules; writes nothing.
    Preview {
        /// The edited list; the one in force when absent.
        file: Option<PathBuf>,
        /// The moment from which bookings are to come (RFC 3339); now when absent.
        #[arg(long, value_name = "TIME", value_parser = moment_given)]
        at: Option<DateTime<Utc>>,
    },
    /// Gives bookings to come the class that they have by the list in force (services.toml beside the configuration).
    Apply {
        /// The moment from which bookings are to come (RFC 3339); now when absent.
        #[arg(long, value_name = "TIME", value_parser = moment_given)]
        at: Option<DateTime<Utc>>,
    },
    /// The visit types that no rule knows, the most frequent first.
    Unknown {
        /// Of bookings that start at or after this moment (RFC 3339); 30 days ago when absent.
        #[arg(long, value_name = "TIME", value_parser = moment_given)]
        since: Option<DateTime<Utc>>,
    },
}

pub async fn run(desk: &Desk, command: ServicesCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    match command {
        ServicesCommand::Preview { file, at } => {
            let list = list(&config, file)?;
            let store = desk.store_to_read(&config).await?;
            let mut rows = Vec::new();
            compare(&store, &list, clock_at(at).now(), |changed| rows.push(Row::of(&changed, &rules))).await?;
            desk.output.value(&rows, || preview(&rows))?;
        }
        ServicesCommand::Apply { at } => {
            let list = list(&config, None)?;
            let changed = apply(&desk.store(&config).await?, &list, clock_at(at).now()).await?;
            desk.output.value(&serde_json::json!({"changed": changed}), || {
                format!("{changed} appointments are of another class now; a running service plans them anew within a minute")
            })?;
        }
        ServicesCommand::Unknown { since } => {
            let since = since.unwrap_or_else(|| clock_at(None).now() - LOOK_BACK);
            let found = desk.store_to_read(&config).await?.unknown_services(since, u32::MAX).await?;
            let rows: Vec<_> = found.iter().map(|kind| UnknownServiceView::of(kind, &rules)).collect();
            let head = ["appointments", "visit type", "department", "feed", "first starts"];
            desk.output.rows(&rows, &head, "Every visit type is known.", |row| {
                let given = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "none given".to_string());
                vec![
                    row.appointments.to_string(),
                    given(&row.visit_type),
                    given(&row.department),
                    row.feed.clone(),
                    row.first.clone(),
                ]
            })?;
        }
    }
    Ok(Done::Fine)
}

fn list(config: &Config, file: Option<PathBuf>) -> anyhow::Result<Classifier> {
    let read = file.map_or_else(|| Classifier::beside(config), |file| Classifier::load(&file));
    read.map_err(|faults| anyhow::anyhow!(listed(&faults)))
}

/// One booking that would be of another class.
#[derive(Debug, Serialize)]
struct Row {
    visit: String,
    appointment: String,
    visit_type: Option<String>,
    from: &'static str,
    to: &'static str,
    rule: Option<String>,
}

impl Row {
    fn of(changed: &Changed, rules: &Rules) -> Row {
        Row {
            visit: changed.visit(rules).to_text(),
            appointment: changed.appointment.id.to_string(),
            visit_type: changed.appointment.visit_type.as_ref().map(|words| words.reveal().clone()),
            from: changed.appointment.service.as_str(),
            to: changed.to.as_str(),
            rule: changed.rule.map(|rule| format!("rule {}, line {}", rule.number, rule.line)),
        }
    }
}

fn preview(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "No appointment to come would be of another class.".to_string();
    }
    let mut totals: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        *totals.entry((row.from, row.to)).or_default() += 1;
    }
    let cells = |row: &Row| {
        let rule = row.rule.clone().unwrap_or_else(|| "no rule knows it".to_string());
        let kind = row.visit_type.clone().unwrap_or_default();
        vec![row.visit.clone(), row.appointment.clone(), kind, words(row.from), words(row.to), rule]
    };
    let changes = table(&["visit", "appointment", "visit type", "from", "to", "by"], rows.iter().map(cells));
    let totals = table(
        &["from", "to", "appointments"],
        totals.iter().map(|((from, to), count)| vec![words(from), words(to), count.to_string()]),
    );
    format!("{changes}\n\n{totals}")
}
