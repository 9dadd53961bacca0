//! `import`: files of appointments, taken in by hand.

use super::output::print;
use super::{Desk, Done, clock_at, moment_given};
use crate::config::{Config, CsvMode, FeedKind};
use crate::core::ids::FeedName;
use crate::feed::csv;
use crate::intake::ImportReport;
use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use std::path::PathBuf;

/// The feed of files that no feed's settings describe.
const BY_HAND: &str = "import";

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The files: the native CSV, or the layout of a configured feed.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The configured feed whose layout the files have.
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// The moment of the import (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    at: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, args: ImportArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let rulings = desk.rulings(&config)?;
    let feed = FeedName::new(args.feed.as_deref().unwrap_or(BY_HAND));
    let layout = layout(&config, args.feed.as_deref())?;
    let files = args
        .files
        .iter()
        .map(|file| std::fs::read(file).with_context(|| format!("cannot read {}", file.display())).map(|bytes| (file, bytes)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let store = desk.store(&config).await?;
    let now = clock_at(args.at).now();
    let mut sum = ImportReport::default();
    for (file, bytes) in files {
        let report = rulings.take_csv_in(store.as_ref(), &feed, &layout, &bytes, now).await?;
        if !desk.output.json {
            print(&told(&file.display().to_string(), &report))?;
        }
        sum.read += report.read;
        sum.new += report.new;
        sum.changed += report.changed;
        sum.same += report.same;
        sum.cancelled += report.cancelled;
        sum.refused.extend(report.refused);
        sum.noticed.extend(report.noticed);
    }
    if desk.output.json {
        print(&serde_json::to_string_pretty(&sum)?)?;
    }
    Ok(if sum.refused.is_empty() { Done::Fine } else { Done::Found })
}

/// The layout of a configured feed; the native one without a name.
fn layout(config: &Config, feed: Option<&str>) -> anyhow::Result<csv::CsvSettings> {
    let Some(name) = feed else { return Ok(csv::CsvSettings::default()) };
    let Some(settings) = config.feeds.get(&FeedName::new(name)) else {
        let known: Vec<_> = config.feeds.keys().map(|f| f.as_str()).collect();
        if name == BY_HAND {
            return Ok(csv::CsvSettings::default());
        }
        bail!(
            "--feed {name}: no such feed under [feeds]; there are: {}",
            if known.is_empty() { "none".into() } else { known.join(", ") }
        );
    };
    match &settings.kind {
        FeedKind::Csv(ours) if ours.mode == CsvMode::Snapshot => bail!(
            "feed {name} has mode \"snapshot\", which is not built yet: rows that are missing in a file would cancel nothing. Say mode = \"delta\", and let the files name what was cancelled"
        ),
        FeedKind::Csv(ours) => Ok(csv::CsvSettings {
            columns: ours.columns.clone(),
            date_format: ours.date_format.clone(),
            delimiter: ours.delimiter,
            encoding: ours.encoding,
            header: ours.header,
            site: settings.site.clone(),
        }),
        other => bail!("feed {name} is of kind {}: only csv files can be imported so far", other.as_str()),
    }
}

fn told(file: &str, report: &ImportReport) -> String {
    let mut lines = vec![format!(
        "{file}: {} rows read: {} new, {} changed, {} same, {} cancelled, {} refused",
        report.read,
        report.new,
        report.changed,
        report.same,
        report.cancelled,
        report.refused.len()
    )];
    lines.extend(report.refused.iter().map(|note| format!("  line {}: refused: {}", note.line, note.reason)));
    lines.extend(report.noticed.iter().map(|note| format!("  line {}: noticed: {}", note.line, note.reason)));
    lines.join("\n")
}
