//! As much of YAML as docker-compose.yml is written in: maps and lists by indentation, lists in brackets, quoted and plain scalars,
//! anchors and merges. Everything is a text. What is beyond it is refused, so that nothing is read wrongly.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Reads a document.
pub fn read(text: &str) -> Value {
    let lines = text.lines().enumerate().filter_map(|(number, line)| {
        let body = line.trim_start();
        let skip = body.is_empty() || body.starts_with('#');
        (!skip).then(|| Line { number: number + 1, indent: line.len() - body.len(), body: body.trim_end() })
    });
    let mut reader = Reader { lines: lines.collect(), at: 0, anchors: BTreeMap::new() };
    let document = reader.block(0);
    assert!(reader.at == reader.lines.len(), "line {}: not understood", reader.lines[reader.at].number);
    document
}

struct Line<'a> {
    number: usize,
    indent: usize,
    body: &'a str,
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    anchors: BTreeMap<&'a str, Value>,
}

impl<'a> Reader<'a> {
    /// What stands at this indentation.
    fn block(&mut self, indent: usize) -> Value {
        if self.lines[self.at].body.starts_with("- ") { self.list(indent) } else { self.map(indent) }
    }

    fn list(&mut self, indent: usize) -> Value {
        let mut items = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent == indent) {
            let item = line.body.strip_prefix("- ").unwrap_or_else(|| panic!("line {}: want an item", line.number));
            items.push(scalar(item, line.number));
            self.at += 1;
        }
        Value::Array(items)
    }

    fn map(&mut self, indent: usize) -> Value {
        let (mut map, mut merged) = (Map::new(), Map::new());
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent == indent) {
            let number = line.number;
            let (key, rest) = line.body.split_once(':').unwrap_or_else(|| panic!("line {number}: want key: value"));
            assert!(rest.is_empty() || rest.starts_with(' '), "line {number}: want a blank after the colon");
            let rest = rest.trim_start();
            self.at += 1;
            if key == "<<" {
                let name = rest.strip_prefix('*').unwrap_or_else(|| panic!("line {number}: want an alias"));
                let Some(Value::Object(known)) = self.anchors.get(name) else { panic!("line {number}: no map is called {name}") };
                merged = known.clone();
                continue;
            }
            let anchor = rest.strip_prefix('&');
            let value = match rest {
                rest if rest.is_empty() || anchor.is_some() => {
                    match self.lines.get(self.at).filter(|next| next.indent > indent) {
                        Some(next) => self.block(next.indent),
                        None => Value::Null,
                    }
                }
                rest => scalar(rest, number),
            };
            if let Some(name) = anchor {
                self.anchors.insert(name, value.clone());
            }
            assert!(map.insert(key.to_string(), value).is_none(), "line {number}: {key} stands there twice");
        }
        // What is said here goes before what is taken over.
        merged.extend(map);
        Value::Object(merged)
    }
}

fn scalar(text: &str, number: usize) -> Value {
    if let Some(inside) = text.strip_prefix('[') {
        let inside = inside.strip_suffix(']').unwrap_or_else(|| panic!("line {number}: the list does not end"));
        return Value::Array(split(inside).into_iter().map(|item| scalar(item.trim(), number)).collect());
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let quoted = quoted.strip_suffix('"').unwrap_or_else(|| panic!("line {number}: the quotes do not end"));
        return Value::String(quoted.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        let quoted = quoted.strip_suffix('\'').unwrap_or_else(|| panic!("line {number}: the quotes do not end"));
        return Value::String(quoted.replace("''", "'"));
    }
    let odd = text.contains(" #") || text.contains(": ") || text.starts_with(['{', '*', '&', '|', '>', '!', '%', '@', '`']);
    assert!(!odd, "line {number}: put quotes around {text}");
    Value::String(text.to_string())
}

/// The items of a list in brackets: a comma between quotes is none.
fn split(inside: &str) -> Vec<&str> {
    let (mut items, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (None, ',') => {
                items.push(&inside[start..at]);
                start = at + 1;
            }
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    items.push(&inside[start..]);
    items
}

#[test]
fn what_it_reads() {
    let read = read("a: &x\n  b: [c, \"d, e\"]\n  f: 'g: h'\n# i\nj:\n  <<: *x\n  f: k\nl:\n  - m\n  - \"n\"\no:\n");
    let x = serde_json::json!({"b": ["c", "d, e"], "f": "g: h"});
    let j = serde_json::json!({"b": ["c", "d, e"], "f": "k"});
    assert_eq!(read, serde_json::json!({"a": x, "j": j, "l": ["m", "n"], "o": null}));
}
