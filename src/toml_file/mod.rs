//! A TOML text that a person wrote, kept with the place of every key and value, so that a reader can name each fault
//! where it stands and go on to the next one. The environment's variables lie over it as values of the same kind.
//!
//! Never here: what any key means. Start reading at [`parse`], then [`Section`].

mod layer;
mod read;
mod section;

pub use layer::{lay_over, lay_variable};
pub use read::{
    Read, clock_time, date, duration, in_words, list_of, not_known, number_within, one_of, one_or_several, parse_duration, phone,
    plain_text, size, word_list, yes_or_no,
};
pub use section::{Faults, Section};

use crate::fault::Fault;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Where a text comes from.
#[derive(Debug)]
pub enum Source {
    /// A file.
    File {
        /// Its name, as the person gave it.
        name: PathBuf,
        /// Its text.
        text: String,
    },
    /// The defaults that are built in.
    BuiltIn {
        /// What to call them.
        name: &'static str,
        /// Their text.
        text: &'static str,
    },
    /// A variable of the environment.
    Variable(String),
}

/// A place in a source.
#[derive(Debug, Clone)]
pub struct Place {
    source: Arc<Source>,
    byte: Option<usize>,
}

impl Place {
    /// A fault at this place.
    pub fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        match (&*self.source, self.byte) {
            (Source::File { name, text }, Some(byte)) => Fault::at_byte(name, text, byte, code, message),
            (Source::File { name, .. }, None) => Fault::of_file(name, code, message),
            (Source::BuiltIn { name, text }, byte) => {
                Fault::at_byte(Path::new(name), text, byte.unwrap_or_default(), code, message)
            }
            (Source::Variable(name), _) => Fault::of_file(Path::new(name), code, message),
        }
    }

    /// A fault about the key at this place: its value, which may be a secret under a misspelt name, is not shown.
    pub fn fault_of_key(&self, code: &'static str, message: impl Into<String>) -> Fault {
        self.fault(code, message).without_value()
    }

    /// Whether a person wrote it, in a file or in the environment.
    pub fn is_written(&self) -> bool {
        !matches!(*self.source, Source::BuiltIn { .. })
    }

    /// The whole source of this place.
    pub fn whole(&self) -> Place {
        Place { source: self.source.clone(), byte: None }
    }
}

/// A value with its place. It has no `Debug`: it may be a secret.
#[derive(Clone)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub value: Value,
}

/// What can stand in a TOML text, and a variable's text, whose kind is seen only when it is read.
#[derive(Clone)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Fraction(f64),
    /// true or false.
    Flag(bool),
    /// A date or a time as it is written.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A section or a table.
    Table(Table),
    /// The text of a variable of the environment.
    Variable(String),
}

/// The keys of a section.
pub type Table = BTreeMap<String, Entry>;

/// A key and its value.
#[derive(Clone)]
pub struct Entry {
    /// Where the key stands.
    pub key: Place,
    /// Its value.
    pub node: Node,
}

/// Reads a text. With a fault the text is not to be used: where its syntax is broken, everything after may be guessed.
///
/// # Errors
/// Every break of the syntax, one a line.
pub fn parse(source: Source) -> Result<Node, Vec<Fault>> {
    let source = Arc::new(source);
    let text = match &*source {
        Source::File { text, .. } => text.as_str(),
        Source::BuiltIn { text, .. } => text,
        Source::Variable(_) => "",
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let whole = Place { source: source.clone(), byte: None };
    let mut faults: Vec<Fault> = Vec::new();
    for error in errors {
        let place = Place { source: source.clone(), byte: error.span().map(|span| span.start) };
        let fault = place.fault(if error.message() == "duplicate key" { "duplicate_key" } else { "syntax" }, said(&error));
        if faults.iter().all(|known| known.line != fault.line) {
            faults.push(fault);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let value = table_of(&source, table.into_inner(), &mut faults);
    if faults.is_empty() { Ok(Node { place: whole, value: Value::Table(value) }) } else { Err(faults) }
}

/// The parser's sentence, where a scheduler would not understand it, in other words.
fn said(error: &toml::de::Error) -> String {
    match error.message().trim() {
        "duplicate key" => "this stands here a second time: keep one of the two".to_string(),
        other => other.to_string(),
    }
}

fn table_of(source: &Arc<Source>, table: DeTable<'_>, faults: &mut Vec<Fault>) -> Table {
    table
        .into_iter()
        .map(|(key, value)| {
            let place = place_of(source, key.span());
            (key.into_inner().into_owned(), Entry { key: place, node: node_of(source, value, faults) })
        })
        .collect()
}

fn node_of(source: &Arc<Source>, spanned: toml::Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Node {
    let place = place_of(source, spanned.span());
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => {
                faults.push(place.fault("bad_value", "this number is too large"));
                Value::Whole(0)
            }
        },
        DeValue::Float(number) => Value::Fraction(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node_of(source, item, faults)).collect()),
        DeValue::Table(table) => Value::Table(table_of(source, table, faults)),
    };
    Node { place, value }
}

fn place_of(source: &Arc<Source>, span: Range<usize>) -> Place {
    Place { source: source.clone(), byte: Some(span.start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<(usize, usize, &'static str)> {
        let source = Source::File { name: "f.toml".into(), text: text.to_string() };
        parse(source).err().unwrap_or_default().iter().map(|f| (f.line, f.column, f.code)).collect()
    }

    #[test]
    fn every_broken_line_is_named_once() {
        assert_eq!(faults_of("a = 1\nb = \"x\"\n[c]\nd = [1, 2]\n"), []);
        assert_eq!(faults_of("a = 1\na = 2\nb = 3\nb = 4\n"), [(2, 1, "duplicate_key"), (4, 1, "duplicate_key")]);
        assert_eq!(faults_of("a = \nb = nonsense here\n"), [(1, 5, "syntax"), (2, 5, "syntax")]);
        assert_eq!(faults_of("a = 99999999999999999999"), [(1, 5, "bad_value")]);
    }

    #[test]
    fn places_are_those_of_keys_values_and_headers() {
        let text = "top = 1\n[a.b]\nkey = [1,\n  \"x\"]\n";
        let node = parse(Source::File { name: "f.toml".into(), text: text.to_string() }).expect("sound");
        let Value::Table(root) = node.value else { panic!("a table") };
        let at = |place: &Place| {
            let fault = place.fault("x", "y");
            (fault.line, fault.column)
        };
        let Value::Table(a) = &root["a"].node.value else { panic!("a table") };
        let Value::Table(b) = &a["b"].node.value else { panic!("a table") };
        let Value::List(items) = &b["key"].node.value else { panic!("a list") };
        assert_eq!((at(&a["b"].node.place), at(&b["key"].key), at(&items[1].place)), ((2, 1), (3, 1), (4, 3)));
    }
}
