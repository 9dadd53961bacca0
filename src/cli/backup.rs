//! `backup` and `restore`: a copy of the store, and a copy in its place.

use super::{Desk, Done, moment_given};
use crate::backup::{self, Schedule};
use crate::clock::Clock;
use crate::config::Config;
use crate::planner::SWEEPER;
use crate::store::{file_of, missing_file};
use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use std::path::PathBuf;

/// For so long nobody plans while a lost time is noted.
const RESTORING: Duration = Duration::minutes(1);

#[derive(Debug, Args)]
pub struct BackupArguments {
    /// The file that the copy becomes; a name with the moment in `backup.folder` when absent.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The back-up.
    #[arg(required_unless_present = "lost_since")]
    file: Option<PathBuf>,
    /// When the back-up was made (RFC 3339), where the file does not say so itself.
    #[arg(long, value_name = "TIME", value_parser = moment_given, conflicts_with = "lost_since")]
    made_at: Option<DateTime<Utc>>,
    /// The store was restored by other means (PostgreSQL's own) to what it was at this moment: notes that what was dialled since
    /// is to be asked for at the carriers. No callahead may be running.
    #[arg(long, value_name = "TIME", value_parser = moment_given, conflicts_with = "file")]
    lost_since: Option<DateTime<Utc>>,
}

pub async fn backup(desk: &Desk, args: BackupArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let url = config.store.url.expose_secret();
    if let Some(missing) = missing_file(url) {
        bail!("there is no store at {}: nothing to back up", missing.display());
    }
    let now = Clock::system().now();
    let store = desk.open_store(&config).await?;
    let file = match (args.to, config.back_up) {
        (Some(file), _) => {
            backup::make(&*store, &file, now).await?;
            file
        }
        (None, Some(to)) => Schedule { folder: to.folder, every: to.every, keep: to.keep }.make_one(&store, now).await?,
        (None, None) => bail!("say where the copy goes: --to FILE, or backup.folder in the configuration"),
    };
    let bytes = std::fs::metadata(&file).with_context(|| file.display().to_string())?.len();
    let made = json!({"file": file.display().to_string(), "bytes": bytes, "made_at": moment(now)});
    desk.output.value(&made, || format!("{} ({bytes} bytes), as of {}", file.display(), moment(now)))?;
    Ok(Done::Fine)
}

pub async fn restore(desk: &Desk, args: RestoreArguments) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let now = Clock::system().now();
    match (args.file, args.lost_since) {
        (Some(copy), _) => put_in_place(desk, &config, copy, args.made_at, now).await,
        (None, Some(since)) => note_lost(desk, &config, since, now).await,
        (None, None) => bail!("say which back-up, or --lost-since TIME"),
    }
}

async fn put_in_place(
    desk: &Desk,
    config: &Config,
    copy: PathBuf,
    made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> anyhow::Result<Done> {
    let file = file_of(config.store.url.expose_secret());
    let file =
        file.context("store.url is PostgreSQL: restore it with its own tools, then `callahead restore --lost-since TIME`")?;
    let restored = backup::restore(&copy, &file, made_at, now, &desk.chance).await?;
    let aside = restored.put_aside.map(|aside| aside.display().to_string());
    let value = json!({
        "store": file.display().to_string(), "made_at": moment(restored.made_at), "restored_at": moment(now),
        "put_aside": aside, "under_way": restored.under_way, "planned": restored.planned,
    });
    desk.output.value(&value, || {
        let aside = aside.map(|aside| format!("\nThe store that was there is now {aside}.")).unwrap_or_default();
        format!(
            "{} is restored as of {}.{aside}\nCalls under way then: {}; the carriers are asked what became of them, and the worklist \
             says whom to ask what they said. Calls planned: \
             {}; before a number is dialled, the carriers are asked whether it was called since.\nTake the appointments in again \
             that came since, and the opt-outs that people were told of.",
            file.display(),
            moment(restored.made_at),
            restored.under_way,
            restored.planned
        )
    })?;
    Ok(Done::Fine)
}

async fn note_lost(desk: &Desk, config: &Config, since: DateTime<Utc>, now: DateTime<Utc>) -> anyhow::Result<Done> {
    ensure!(since <= now, "--lost-since is in the future");
    let store = desk.store(config).await?;
    // A dialler looks for lost times when it starts: one that works already would dial without asking.
    let holder = format!("restore-{}", desk.chance.hex(8));
    let alone = store.hold_lease(SWEEPER, &holder, now, now + RESTORING).await?;
    ensure!(alone, "callahead works with this store, or did a minute ago: stop every replica first, and say it then");
    let under_way = backup::ask_about_calls_under_way(&*store, &desk.chance, now).await?;
    store.note_lost_time(since, now).await?;
    store.leave_lease(SWEEPER, &holder).await?;
    desk.output.value(&json!({"lost_since": moment(since), "restored_at": moment(now), "under_way": under_way}), || {
        format!(
            "Before a number is dialled, the carriers are asked whether it was called since {}. Calls under way then: {under_way}; \
             the worklist says whom to ask what they said.",
            moment(since)
        )
    })?;
    Ok(Done::Fine)
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
