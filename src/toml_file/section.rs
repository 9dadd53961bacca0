//! One section of a file, read key by key; the keys nobody asked for are the unknown ones.

use super::{Node, Place, Read, Table, Value};
use crate::fault::{Fault, nearest};
use std::cell::RefCell;

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Notes one.
    pub fn push(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// Notes several.
    pub fn extend(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.borrow_mut().extend(faults);
    }

    /// All of them, by file and place.
    pub fn into_sorted(self) -> Vec<Fault> {
        let mut faults = self.0.into_inner();
        faults.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        faults
    }
}

/// A section being read. Ask for every key it may have, then call [`Section::end`].
pub struct Section<'a> {
    path: String,
    place: &'a Place,
    table: Option<&'a Table>,
    faults: &'a Faults,
    asked: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(node: &'a Node, faults: &'a Faults) -> Section<'a> {
        Section::of(node, String::new(), faults)
    }

    fn of(node: &'a Node, path: String, faults: &'a Faults) -> Section<'a> {
        let table = match &node.value {
            Value::Table(table) => Some(table),
            _ => {
                faults.push(node.place.fault("bad_value", format!("{path}: want a section, [{path}] with its keys below")));
                None
            }
        };
        Section { path, place: &node.place, table, faults, asked: RefCell::default() }
    }

    /// The key's value as `read` reads it; `None` where the key is absent, and where it is wrong, which is a fault.
    pub fn optional<T>(&self, key: &str, read: impl FnOnce(&Node) -> Read<T>) -> Option<T> {
        let node = self.node(key)?;
        match read(node) {
            Ok(value) => Some(value),
            Err(faults) => {
                let path = self.path_of(key);
                self.faults.extend(faults.into_iter().map(|mut fault| {
                    fault.message = format!("{path}: {}", fault.message);
                    fault
                }));
                None
            }
        }
    }

    /// As [`Section::optional`]; an absent key is a fault too.
    pub fn required<T>(&self, key: &str, read: impl FnOnce(&Node) -> Read<T>) -> Option<T> {
        if !self.has(key) {
            self.ask(key);
            // What is no section at all is one fault already.
            self.table?;
            self.faults.push(self.place.fault("missing_key", format!("{} is missing", self.path_of(key))));
            return None;
        }
        self.optional(key, read)
    }

    /// The section below under a key, where there is one.
    pub fn section(&self, key: &str) -> Option<Section<'a>> {
        self.node(key).map(|node| Section::of(node, self.path_of(key), self.faults))
    }

    /// The sections below under `key`, each with its name, whatever the names are.
    pub fn sections(&self, key: &str) -> Vec<(&'a str, Section<'a>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        section.each()
    }

    /// The tables of a list (`[[key]]`), in order; their names count from 1.
    pub fn repeated(&self, key: &str) -> Vec<Section<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.faults.push(node.place.fault("bad_value", format!("{key}: want [[{key}]] with its keys below, once for each")));
            return Vec::new();
        };
        let path = |at: usize| format!("{}[{}]", self.path_of(key), at + 1);
        items.iter().enumerate().map(|(at, item)| Section::of(item, path(at), self.faults)).collect()
    }

    /// Every entry of this section as a section.
    fn each(&self) -> Vec<(&'a str, Section<'a>)> {
        let Some(table) = self.table else { return Vec::new() };
        table.iter().map(|(name, entry)| (name.as_str(), Section::of(&entry.node, self.path_of(name), self.faults))).collect()
    }

    /// Whether the key stands there.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// The value under a key.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        self.ask(key);
        self.table?.get(key).map(|entry| &entry.node)
    }

    /// Where the blame for what `keys` say together belongs: the first of them that a person wrote, else the section.
    pub fn place_of(&self, keys: &[&str]) -> Place {
        let places = keys.iter().filter_map(|key| Some(self.table?.get(*key)?.node.place.clone()));
        places.into_iter().find(Place::is_written).unwrap_or_else(|| self.place.clone())
    }

    /// Notes a fault of what `keys` say together.
    pub fn refuse(&self, keys: &[&str], code: &'static str, message: impl Into<String>) {
        self.faults.push(self.place_of(keys).fault(code, message));
    }

    /// Names every key that nobody asked for, with the one it was probably meant to be.
    pub fn end(&self) {
        let Some(table) = self.table else { return };
        let asked = self.asked.borrow();
        for (key, entry) in table.iter().filter(|(key, _)| !asked.contains(key)) {
            let mut message = format!("unknown key {}", self.path_of(key));
            match nearest(key, asked.iter().map(String::as_str)) {
                Some(meant) => message.push_str(&format!("; did you mean `{meant}`?")),
                None => {
                    let mut known = asked.clone();
                    known.sort_unstable();
                    message.push_str(&format!("; known here: {}", known.join(", ")));
                }
            }
            self.faults.push(entry.key.fault_of_key("unknown_key", message));
        }
    }

    fn ask(&self, key: &str) {
        let mut asked = self.asked.borrow_mut();
        if !asked.iter().any(|known| known == key) {
            asked.push(key.to_string());
        }
    }

    /// The key with the names of the sections around it.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }
}
