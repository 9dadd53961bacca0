//! `bench --quick` runs to its end and prints every figure with its reference. Never how much: machines differ.

use crate::support::process::Program;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const NAMES: [&str; 15] = [
    "due_to_placed_p99",
    "pace_50",
    "webhook_p99",
    "webhook_max_rate",
    "webhooks_500_sqlite",
    "webhooks_500_postgres",
    "webhooks_500_memory",
    "memory_1000_calls",
    "compose_30s",
    "packs_cold_start",
    "plan_visits",
    "plan_1m_pure",
    "plan_1m_sqlite",
    "plan_1m_memory",
    "replan_one",
];

#[test]
fn a_quick_bench_prints_every_figure_beside_its_reference() {
    // The benchmark reads no configuration; it looks for the prompts where it is started.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("no-such-configuration.toml");
    let done = Program::run(&["bench", "--quick", "--format", "json"], &root);
    assert!(done.success, "{}", done.stderr);
    let figures: Vec<Value> = serde_json::from_str(&done.stdout).expect("JSON alone on standard output");
    let names: Vec<_> = figures.iter().map(|f| f["name"].as_str().expect("a name")).collect();
    assert_eq!(names, NAMES);
    for figure in &figures {
        let keys: BTreeSet<_> = figure.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["name", "value", "unit", "reference", "ratio"]));
        assert!(figure["unit"].is_string(), "{figure}");
        let name = figure["name"].as_str().expect("a name");
        // What cannot be measured here is said so, and is no number.
        let nobody_tells = name.contains("memory") && !cfg!(target_os = "linux");
        let not_measured = done.stderr.contains(&format!("{name}: not measured"));
        assert!(!not_measured || nobody_tells || name == "webhooks_500_postgres", "{}", done.stderr);
        if nobody_tells || not_measured {
            assert!(figure["value"].is_null(), "{figure}");
            continue;
        }
        // Only where PostgreSQL is installed; the line says so.
        if figure["name"] == "webhooks_500_postgres" && figure["value"].is_null() {
            continue;
        }
        for key in ["value", "reference", "ratio"] {
            let number = figure[key].as_f64().unwrap_or_else(|| panic!("{key}: {figure}"));
            assert!(number.is_finite() && number > 0.0, "{key}: {figure}");
        }
    }
}
