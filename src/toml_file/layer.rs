//! One text over another, and the environment over both.

use super::{Entry, Node, Place, Source, Table, Value};
use crate::fault::Fault;
use std::sync::Arc;

/// Lays `upper` over `lower`: sections are joined key by key, anything else is replaced.
pub fn lay_over(lower: &mut Node, upper: Node) {
    match (&mut lower.value, upper.value) {
        (Value::Table(below), Value::Table(above)) => {
            lower.place = upper.place;
            for (key, entry) in above {
                match below.get_mut(&key) {
                    Some(known) => {
                        known.key = entry.key;
                        lay_over(&mut known.node, entry.node);
                    }
                    None => {
                        below.insert(key, entry);
                    }
                }
            }
        }
        (below, above) => {
            *below = above;
            lower.place = upper.place;
        }
    }
}

/// Lays the text of the environment's variable `name` at `path`, whose words are compared without regard to case and
/// with `_` for `-`.
///
/// # Errors
/// Where a value stands in the path in the place of a section.
pub fn lay_variable(root: &mut Node, name: &str, path: &[&str], text: &str) -> Result<(), Fault> {
    let place = Place { source: Arc::new(Source::Variable(name.to_string())), byte: None };
    let Some((last, sections)) = path.split_last() else { return Ok(()) };
    let mut node = root;
    for word in sections {
        let Value::Table(table) = &mut node.value else { return Err(no_section(&place, word)) };
        let key = key_for(table, word);
        let fresh = || Entry { key: place.clone(), node: Node { place: place.clone(), value: Value::Table(Table::new()) } };
        node = &mut table.entry(key).or_insert_with(fresh).node;
    }
    match &mut node.value {
        Value::Table(table) => {
            let key = key_for(table, last);
            if let Some(Value::Table(below)) = table.get(&key).map(|entry| &entry.node.value)
                && !below.keys().all(|key| key == "env" || key == "file")
            {
                return Err(place.fault("bad_value", format!("{key} is a section: name one of its keys too, {name}__KEY")));
            }
            let value = Value::Variable(text.to_string());
            table.insert(key, Entry { key: place.clone(), node: Node { place, value } });
            Ok(())
        }
        _ => Err(no_section(&place, last)),
    }
}

fn no_section(place: &Place, word: &str) -> Fault {
    place.fault("unknown_key", format!("what stands before {word} in this name is no section"))
}

fn key_for(table: &Table, word: &str) -> String {
    let plain = |key: &str| key.replace('-', "_").to_ascii_lowercase();
    table.keys().find(|key| plain(key) == plain(word)).cloned().unwrap_or_else(|| word.to_ascii_lowercase())
}
