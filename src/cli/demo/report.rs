//! What the demo shows: a line for each call as it ends, and a summary.

use crate::cli::calls;
use crate::cli::output::{print, table, words};
use crate::cli::worklist;
use crate::core::plan::Rules;
use crate::simulate::Violation;
use crate::store::{CallLine, SharedStore};
use crate::views::{CallView, WorkItemView};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The summary of a run (interfaces, section 1).
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Calls placed.
    pub calls: usize,
    /// What came of them.
    pub by_outcome: BTreeMap<&'static str, usize>,
    /// Visits that were not called about, by reason, as planned at the start.
    pub skipped: BTreeMap<String, usize>,
    /// Items that wait for a person.
    pub worklist: u64,
    /// Broken invariants.
    pub violations: Vec<Violation>,
}

impl Summary {
    pub fn of(calls: &[CallLine], skipped: BTreeMap<String, usize>, worklist: u64, violations: Vec<Violation>) -> Summary {
        let placed: Vec<_> = calls.iter().filter(|c| c.attempt.placed_at.is_some()).collect();
        let mut by_outcome = BTreeMap::new();
        for outcome in placed.iter().filter_map(|c| c.attempt.outcome) {
            *by_outcome.entry(outcome.as_str()).or_default() += 1;
        }
        Summary { calls: placed.len(), by_outcome, skipped, worklist, violations }
    }
}

/// The calls shown so far.
pub struct Report {
    shows: bool,
    shown: BTreeSet<String>,
}

impl Report {
    /// With `shows` false it prints nothing.
    pub fn new(shows: bool) -> anyhow::Result<Report> {
        if shows {
            let head = ["placed", "visit", "phone", "try", "outcome", "keys"];
            let [placed, visit, phone, number, outcome, keys] = head;
            print(&format!("{placed:<17} {visit:<30} {phone:>6} {number:>4}  {outcome:<22} {keys:<5} heard"))?;
        }
        Ok(Report { shows, shown: BTreeSet::new() })
    }

    /// Prints calls that have ended since the last time.
    pub async fn show_new(&mut self, store: &SharedStore, rules: &Rules) -> anyhow::Result<()> {
        if !self.shows {
            return Ok(());
        }
        for line in store.calls(None, u32::MAX).await? {
            let view = CallView::of(&line, rules, false);
            let Some(outcome) = view.outcome else { continue };
            if view.placed_at.is_some() && self.shown.insert(view.id.clone()) {
                print(&one_line(&view, outcome))?;
            }
        }
        Ok(())
    }

    /// The summary for people, the worklist, and where to look next.
    pub async fn end(&mut self, summary: &Summary, store: &SharedStore, rules: &Rules) -> anyhow::Result<()> {
        self.show_new(store, rules).await?;
        let count = |map: Vec<(String, usize)>| map.into_iter().map(|(name, n)| vec![words(&name), n.to_string()]);
        let outcomes = summary.by_outcome.iter().map(|(name, n)| ((*name).to_string(), *n)).collect();
        let reasons = summary.skipped.iter().map(|(name, n)| (name.clone(), *n)).collect();
        print(&format!("\n{} calls\n{}", summary.calls, table(&["outcome", "calls"], count(outcomes))))?;
        print(&format!("\nNot called about\n{}", table(&["why", "visits"], count(reasons))))?;
        let items: Vec<_> = store.worklist(false, u32::MAX).await?.iter().map(|i| WorkItemView::of(i, rules)).collect();
        print(&format!(
            "\nFor a person\n{}",
            table(&["due", "what", "visit", "owner", "state", "known", "id"], items.iter().map(worklist::row))
        ))?;
        if summary.violations.is_empty() {
            print("\nEvery invariant held: nobody was called twice, nobody outside the hours, every key counted.")?;
        } else {
            print(&format!("\nBROKEN: {:#?}", summary.violations))?;
        }
        print("\nNext: README.md shows how a scheduler, an operator and an administrator start; ARCHITECTURE.md has the map.")?;
        Ok(())
    }
}

fn one_line(view: &CallView, outcome: &str) -> String {
    let cells = calls::row(view);
    let placed = view.placed_at.as_deref().unwrap_or_default();
    let outcome = format!("{}{}", words(outcome), if view.opted_out && outcome != "opted_out" { " (opted out)" } else { "" });
    format!(
        "{:<17} {:<30} {:>6} {:>4}  {:<22} {:<5} {}",
        placed.get(5..16).unwrap_or_default().replace('T', " "),
        view.visit,
        view.phone,
        cells[3],
        outcome,
        view.keys,
        cells[8]
    )
}
