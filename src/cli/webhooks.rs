//! `webhooks`: the log of what came in and went out. Of one call it reads as a conversation.

mod conversation;

use super::output::table;
use super::{Desk, Done, moment_given};
use crate::clock::Clock;
use crate::store::{WebhookQuery, missing_file};
use crate::views::WebhookView;
use anyhow::bail;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Args;
use secrecy::ExposeSecret;
use std::io::Write;

#[derive(Debug, Args)]
pub struct WebhooksArguments {
    /// Only of this call.
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// Only from this moment on (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    since: Option<DateTime<Utc>>,
    /// Goes on printing, a line each, until interrupted.
    #[arg(long)]
    follow: bool,
}

pub async fn run(desk: &Desk, args: WebhooksArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    if args.follow
        && let Some(missing) = missing_file(config.store.url.expose_secret())
    {
        bail!("there is no store to follow yet: {} is made by `import`, `migrate` and `serve`", missing.display());
    }
    let store = desk.store_to_read(&config).await?;
    let mut query = WebhookQuery { attempt: args.call.as_deref().map(Into::into), since: args.since, ..WebhookQuery::default() };
    let (mut all, mut entries, clock) = (Vec::new(), Vec::new(), Clock::system());
    loop {
        let page = store.webhooks(&query).await?;
        query.after = page.last().map(|(number, _)| *number).or(query.after);
        let views = page.iter().map(|(number, entry)| WebhookView::of(*number, entry));
        if !args.follow {
            all.extend(views);
            if page.is_empty() {
                break;
            }
            if args.call.is_some() {
                entries.extend(page);
            }
            continue;
        }
        let mut out = std::io::stdout().lock();
        for view in views {
            let line = if desk.output.json { serde_json::to_string(&view)? } else { row(&view).join("  ") };
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        drop(out);
        if page.is_empty() {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(Done::Fine),
                () = clock.sleep(Duration::milliseconds(500)) => {}
            }
        }
    }
    if args.call.is_some() && !all.is_empty() {
        let title = |carrier: &str, at: &str| format!("Carrier {carrier}, counted from {at}\n");
        let talk = || table(&conversation::HEAD, conversation::lines(&entries));
        let first = entries.iter().map(|(_, entry)| entry).min_by_key(|entry| entry.at);
        let head = first.map(|entry| title(&entry.carrier, &entry.at.to_rfc3339_opts(SecondsFormat::Millis, true)));
        desk.output.value(&all, || head.unwrap_or_default() + &talk())?;
        return Ok(Done::Fine);
    }
    let head = ["at", "way", "carrier", "call", "request", "status", "verdict", "ms", "fields"];
    desk.output.rows(&all, &head, "The webhook log is empty.", row)?;
    Ok(Done::Fine)
}

fn row(view: &WebhookView) -> Vec<String> {
    vec![
        view.at.clone(),
        format!("{:?}", view.direction).to_lowercase(),
        view.carrier.clone(),
        view.call.clone().unwrap_or_default(),
        format!("{} {}", view.method, view.path),
        view.status.to_string(),
        view.verdict.clone(),
        format!("{:.1}", view.duration_ms),
        view.body.clone(),
    ]
}
