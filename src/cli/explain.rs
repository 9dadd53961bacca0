//! `explain`: why one visit is or is not called about, what was decided before, and what was tried.

use super::output::words;
use super::plan::reasons;
use super::{Desk, Done, clock_at, moment_given};
use crate::core::domain::VisitKey;
use crate::why::{ChangeView, PastDecision, TryView, Why, explain};
use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The visit: patient/site/YYYY-MM-DD.
    visit: String,
    /// In JSON, what was decided and tried before, too: an object in which `decisions` has what is decided now.
    #[arg(long)]
    history: bool,
    /// The moment to plan at (RFC 3339); now when absent.
    #[arg(long, value_name = "TIME", value_parser = moment_given)]
    at: Option<DateTime<Utc>>,
}

pub async fn run(desk: &Desk, args: ExplainArguments) -> anyhow::Result<Done> {
    let visit = VisitKey::parse(&args.visit).context("a visit is named patient/site/YYYY-MM-DD, as `plan --list` does")?;
    let config = desk.config()?;
    let rules = desk.rulings(&config)?.rules;
    let store = desk.store_to_read(&config).await?;
    let Some(why) = explain(&store, &rules, &visit, clock_at(args.at).now()).await? else {
        if !rules.sites.contains_key(&visit.site) {
            let sites: Vec<_> = rules.sites.keys().map(ToString::to_string).collect();
            eprintln!("No site is called {}; there are: {}.", visit.site, sites.join(", "));
        }
        eprintln!("Nothing is known of that visit: `plan --list` names those to come, `calls` those that were called about.");
        return Ok(Done::Found);
    };
    match args.history {
        true => desk.output.value(&why, || page(&why))?,
        false => desk.output.value(&why.decisions, || page(&why))?,
    }
    Ok(Done::Fine)
}

fn page(why: &Why) -> String {
    let mut text = String::new();
    if why.decisions.is_empty() {
        let _ = writeln!(text, "{}\n  Nothing is decided about it now: it has started, or is no more.\n", why.visit);
    }
    for decision in &why.decisions {
        let _ = writeln!(text, "{}", reasons(decision));
    }
    part(&mut text, "Appointments", &why.appointments, |a| format!("{}  {}, {}", a.start, words(a.service), a.status));
    part(&mut text, "Changes", &why.changes, changed);
    part(&mut text, "Calls", &why.attempts, tried);
    part(&mut text, "For a person", &why.worklist, |w| {
        format!("{}  {}, {}", w.opened_at, words(w.kind), format!("{:?}", w.state).to_lowercase())
    });
    part(&mut text, "Decided before, where the planner ran", &why.history, decided);
    text.truncate(text.trim_end().len());
    text
}

fn part<T>(text: &mut String, title: &str, rows: &[T], line: impl Fn(&T) -> String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}");
    for row in rows {
        let _ = writeln!(text, "  {}", line(row));
    }
    text.push('\n');
}

fn changed(change: &ChangeView) -> String {
    let ChangeView { appointment, old_start, old_site, last_at, closed, .. } = change;
    let told = closed.as_deref().map_or("not told yet".to_string(), words);
    format!("{last_at}  {appointment} was {old_start} at {old_site}: {told}")
}

fn tried(call: &TryView) -> String {
    let when = call.placed_at.as_ref().unwrap_or(&call.call_after);
    let came = call.outcome.or(call.end_reason).map(|word| format!(", {}", words(word))).unwrap_or_default();
    let (purpose, touch, number) = (words(call.purpose), call.touch, call.attempt);
    format!("{when}  {purpose}, touch {touch}, attempt {number} to {}: {}{came}", call.phone, words(call.status))
}

fn decided(past: &PastDecision) -> String {
    let word = |key: &str| past.decision[key].as_str().unwrap_or_default();
    let job = past.decision["job"].as_str().unwrap_or("no job");
    let how = match past.decision["reason"].as_str() {
        Some(reason) => format!(", {}", words(reason)),
        None => format!(" from {} until {}", word("call_after"), word("call_before")),
    };
    format!("{}  {job}: {}{how}", past.at, word("decision"))
}
