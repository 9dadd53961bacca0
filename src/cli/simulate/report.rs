//! What `simulate` prints at its end.

use super::super::Done;
use super::super::output::{Output, number, print, table, words};
use crate::simulate::{INVARIANTS, Mischief, PLANTED, Sum};
use serde::Serialize;
use std::collections::BTreeMap;

/// The sum as programs see it (interfaces, section 1).
#[derive(Debug, Serialize)]
struct Summary<'a> {
    seeds: u64,
    calls: u64,
    /// How often anything went wrong.
    faults: u64,
    by_fault: BTreeMap<&'static str, u64>,
    by_outcome: &'a BTreeMap<&'static str, u64>,
    violations: Vec<Broken<'a>>,
}

#[derive(Debug, Serialize)]
struct Broken<'a> {
    seed: u64,
    invariant: &'static str,
    detail: &'a str,
}

/// Prints what came of many days.
pub fn sum(output: Output, sum: &Sum) -> anyhow::Result<()> {
    let violations = sum.violations.iter();
    let summary = Summary {
        seeds: sum.seeds,
        calls: sum.calls,
        faults: sum.struck.total(),
        by_fault: sum.struck.by_name().collect(),
        by_outcome: &sum.outcomes,
        violations: violations.map(|(seed, it)| Broken { seed: *seed, invariant: it.invariant, detail: &it.detail }).collect(),
    };
    output.value(&summary, || for_people(&summary))
}

fn for_people(summary: &Summary<'_>) -> String {
    let faults = summary.by_fault.iter().map(|(name, times)| {
        let about = Mischief::named(name).map_or("", Mischief::about);
        vec![name.to_string(), number(*times), about.to_string()]
    });
    let outcomes = summary.by_outcome.iter().map(|(outcome, times)| vec![words(outcome), number(*times)]);
    let mut text = format!(
        "{}\n\n{}\n\n{} seeds, {} calls, {} faults struck, {} violations",
        table(&["fault", "struck", "what happens"], faults),
        table(&["outcome", "calls"], outcomes),
        number(summary.seeds),
        number(summary.calls),
        number(summary.faults),
        number(summary.violations.len())
    );
    if !summary.violations.is_empty() {
        let rows = summary.violations.iter().map(|it| vec![it.seed.to_string(), it.invariant.to_string(), it.detail.to_string()]);
        text.push_str("\n\n");
        text.push_str(&table(&["seed", "invariant", "where"], rows));
    }
    text
}

/// Prints what must be true, what can go wrong, and what can be broken.
pub fn list(output: Output) -> anyhow::Result<Done> {
    let two = |name: &str, about: &str| vec![name.to_string(), about.to_string()];
    if output.json {
        let of = |pairs: Vec<(&str, &str)>| pairs.into_iter().map(|(name, about)| (name.to_string(), about.into())).collect();
        let invariants: serde_json::Map<String, serde_json::Value> = of(INVARIANTS.to_vec());
        let faults: serde_json::Map<String, serde_json::Value> = of(Mischief::all().map(|it| (it.name(), it.about())).collect());
        let planted: serde_json::Map<String, serde_json::Value> = of(PLANTED.iter().map(|it| (it.name, it.about)).collect());
        let all = serde_json::json!({"invariants": invariants, "faults": faults, "break": planted});
        print(&serde_json::to_string_pretty(&all)?)?;
        return Ok(Done::Fine);
    }
    print(&table(&["invariant", "what must be true"], INVARIANTS.iter().map(|(name, about)| two(name, about))))?;
    print(&table(&["--faults", "what goes wrong"], Mischief::all().map(|it| two(it.name(), it.about()))))?;
    print(&table(&["--break", "what is wrong in the engine"], PLANTED.iter().map(|it| two(it.name, it.about))))?;
    Ok(Done::Fine)
}
