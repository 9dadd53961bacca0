//! Defaults, file, environment: one laid over the other.

use crate::fault::{Fault, nearest};
use crate::toml_file::{Node, Source, Value, lay_over, lay_variable, parse};
use std::collections::BTreeMap;
use std::path::Path;

const DEFAULTS: &str = include_str!("../config.default.toml");

/// Before every variable that overrides a key.
const PREFIX: &str = "CALLAHEAD_";

/// Keys of the examples' carrier that hold for every carrier that does not say otherwise.
const SHARED_BY_CARRIERS: [&str; 5] = ["calls_per_second", "max_calls", "ring_timeout", "answering_machine", "weight"];

/// Keys that stand outside any section.
const TOP: [&str; 3] = ["schedules", "prompts", "accept_unreviewed"];

/// The layers as one, with the faults of single variables.
///
/// # Errors
/// Where the file's syntax is broken.
pub(super) fn lay(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Result<(Node, Vec<Fault>), Vec<Fault>> {
    let mut tree = parse(Source::BuiltIn { name: "built-in defaults", text: DEFAULTS })?;
    if let Some((name, text)) = file {
        let written = parse(Source::File { name: name.to_path_buf(), text: text.to_string() })?;
        drop_examples(&mut tree, &written);
        lay_over(&mut tree, written);
    }
    let faults = variables.iter().filter_map(|(name, text)| lay_one(&mut tree, name, text).err()).collect();
    share_among_carriers(&mut tree);
    Ok((tree, faults))
}

/// A file with sites of its own has only those; likewise carriers.
fn drop_examples(defaults: &mut Node, written: &Node) {
    let (Value::Table(defaults), Value::Table(written)) = (&mut defaults.value, &written.value) else { return };
    for examples in ["sites", "carriers"] {
        if written.contains_key(examples)
            && let Some(Value::Table(table)) = defaults.get_mut(examples).map(|entry| &mut entry.node.value)
        {
            table.clear();
        }
    }
}

/// Puts what carriers have in common below each of them.
fn share_among_carriers(tree: &mut Node) {
    let Ok(defaults) = parse(Source::BuiltIn { name: "built-in defaults", text: DEFAULTS }) else { return };
    let Value::Table(mut root) = defaults.value else { return };
    let Some(Value::Table(mut examples)) = root.remove("carriers").map(|entry| entry.node.value) else { return };
    let Some(Value::Table(shared)) = examples.remove("main").map(|entry| entry.node.value) else { return };
    let Value::Table(root) = &mut tree.value else { return };
    let Some(Value::Table(carriers)) = root.get_mut("carriers").map(|entry| &mut entry.node.value) else { return };
    for carrier in carriers.values_mut() {
        if let Value::Table(keys) = &mut carrier.node.value {
            for (key, entry) in shared.iter().filter(|(key, _)| SHARED_BY_CARRIERS.contains(&key.as_str())) {
                keys.entry(key.clone()).or_insert_with(|| entry.clone());
            }
        }
    }
}

/// Lays one variable over the tree. Names without `__` that are no key are left alone: other programs make such names
/// too (`CALLAHEAD_SERVICE_HOST`), and so do people for their secrets.
fn lay_one(tree: &mut Node, name: &str, text: &str) -> Result<(), Fault> {
    let Some(rest) = name.strip_prefix(PREFIX).filter(|rest| *rest != "CONFIG" && !text.is_empty()) else { return Ok(()) };
    let path: Vec<&str> = rest.split("__").collect();
    if path.len() > 1 {
        return lay_variable(tree, name, &path, text);
    }
    let key = rest.to_ascii_lowercase();
    if TOP.contains(&key.as_str()) {
        return lay_variable(tree, name, &path, text);
    }
    match nearest(&key, TOP).filter(|top| strsim::damerau_levenshtein(&key, top) <= 2) {
        Some(meant) => {
            let meant = meant.to_ascii_uppercase();
            Err(Fault::of_file(Path::new(name), "unknown_key", format!("unknown key; did you mean `{PREFIX}{meant}`?")))
        }
        None => Ok(()),
    }
}
