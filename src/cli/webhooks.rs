//! `webhooks`: the log of what came in and went out. Of one call it reads as a conversation.

mod conversation;

use super::output::table;
use super::{Desk, Done, moment_given};
use crate::clock::Clock;
use crate::store::{Notice, SharedStore, WebhookQuery, missing_file};
use crate::views::WebhookView;
use anyhow::bail;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Args;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
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

/// How often whoever follows the log looks where nobody tells that it grew, and where somebody does.
const LOOK: Duration = Duration::milliseconds(500);
const LOOK_ALL_THE_SAME: Duration = Duration::seconds(5);
/// Of several replicas one may have a number for its entry before another, and commit it after: so many numbers back it is
/// looked again.
const BEHIND: i64 = 250;

pub async fn run(desk: &Desk, args: WebhooksArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    if args.follow
        && let Some(missing) = missing_file(config.store.url.expose_secret())
    {
        bail!("there is no store to follow yet: {} is made by `import`, `migrate` and `serve`", missing.display());
    }
    let store = desk.store_to_read(&config).await?;
    let mut query = WebhookQuery { attempt: args.call.as_deref().map(Into::into), since: args.since, ..WebhookQuery::default() };
    if args.follow {
        return follow(desk, &store, query).await;
    }
    let (mut all, mut entries) = (Vec::new(), Vec::new());
    loop {
        let page = store.webhooks(&query).await?;
        let Some((last, _)) = page.last() else { break };
        query.after = Some(*last);
        all.extend(page.iter().map(|(number, entry)| WebhookView::of(*number, entry)));
        if args.call.is_some() {
            entries.extend(page);
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

/// Prints entries as they come, each once.
async fn follow(desk: &Desk, store: &SharedStore, mut query: WebhookQuery) -> anyhow::Result<Done> {
    let (mut logged, clock, mut printed) = (store.notices(Notice::Logged), Clock::system(), BTreeSet::new());
    loop {
        let mut page = store.webhooks(&query).await?;
        page.retain(|(number, _)| printed.insert(*number));
        let mut out = std::io::stdout().lock();
        for (number, entry) in &page {
            let view = WebhookView::of(*number, entry);
            let line = if desk.output.json { serde_json::to_string(&view)? } else { row(&view).join("  ") };
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        drop(out);
        if let Some(last) = printed.last() {
            let from = last - BEHIND;
            printed = printed.split_off(&from);
            query.after = Some(from);
        }
        if !page.is_empty() {
            continue;
        }
        let look = if logged.hears_others() { LOOK_ALL_THE_SAME } else { LOOK };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Done::Fine),
            () = clock.sleep(look) => {}
            () = logged.next() => {}
        }
    }
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
