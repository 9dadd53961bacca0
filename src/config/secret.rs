//! Secrets: taken from a variable or a file, never shown.

use crate::fault::Fault;
use crate::toml_file::{Node, Place, Read, Source, Value, parse};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::Path;

/// Where secrets are looked for.
pub(super) struct Secrets<'a> {
    /// The environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The folder that relative paths count from.
    pub dir: &'a Path,
}

/// Whether a secret may stand in the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// It may: the simulator's.
    Allowed,
    /// It may not.
    Refused,
}

impl Secrets<'_> {
    /// One secret: `{ env = "NAME" }`, `{ file = "PATH" }`, or a text of the environment.
    pub fn one(&self, plain: Plain) -> impl Fn(&Node) -> Read<SecretString> {
        move |node| match &node.value {
            Value::Text(text) if plain == Plain::Allowed => not_empty(node, text),
            Value::Text(_) => Err(vec![node.place.fault(
                "plain_secret",
                "a secret does not stand in this file: write { env = \"NAME\" } or { file = \"PATH\" } and put it there",
            )]),
            Value::Variable(text) if text.trim_start().starts_with('{') => self.one(plain)(&value_of(node, text)?),
            Value::Variable(text) => not_empty(node, text),
            Value::Table(table) => {
                let [(kind, entry)] = table.iter().collect::<Vec<_>>()[..] else { return self.neither(node) };
                let named = entry.node.text()?;
                match kind.as_str() {
                    "env" => self.in_variable(node, named),
                    "file" => self.in_file(node, named),
                    _ => self.neither(node),
                }
            }
            _ => self.neither(node),
        }
    }

    /// One secret or a list of them; the first is the one we sign and log in with.
    pub fn several(&self, plain: Plain) -> impl Fn(&Node) -> Read<Vec<SecretString>> {
        move |node| {
            let items = match &node.value {
                Value::List(items) => items,
                Value::Variable(text) if text.trim_start().starts_with('[') => {
                    return self.several(plain)(&value_of(node, text)?);
                }
                _ => return Ok(vec![self.one(plain)(node)?]),
            };
            if items.is_empty() {
                return node.wrong("the list is empty: at least one secret is needed");
            }
            let (secrets, faults): (Vec<_>, Vec<_>) = items.iter().map(self.one(plain)).partition(Result::is_ok);
            if faults.is_empty() {
                Ok(secrets.into_iter().flatten().collect())
            } else {
                Err(faults.into_iter().filter_map(Result::err).flatten().collect())
            }
        }
    }

    /// Secrets that have names: a table with one under each.
    pub fn named(&self, plain: Plain) -> impl Fn(&Node) -> Read<Vec<(String, SecretString)>> {
        move |node| match &node.value {
            Value::Variable(text) if text.trim_start().starts_with('{') => self.named(plain)(&value_of(node, text)?),
            Value::Table(table) if !table.is_empty() => {
                let read = table.iter().map(|(name, entry)| Ok((name.clone(), self.one(plain)(&entry.node)?)));
                let (secrets, faults): (Vec<_>, Vec<Read<_>>) = read.partition(Result::is_ok);
                if faults.is_empty() {
                    Ok(secrets.into_iter().flatten().collect())
                } else {
                    // The names are anybody's: no word in them says that a secret follows, so none of the values is shown.
                    Err(faults.into_iter().filter_map(Result::err).flatten().map(Fault::without_value).collect())
                }
            }
            _ => node
                .wrong("want a table of secrets by their names: { NAME = { env = \"VARIABLE\" } }")
                .map_err(|faults| faults.into_iter().map(Fault::without_value).collect()),
        }
    }

    fn in_variable(&self, node: &Node, name: &str) -> Read<SecretString> {
        match self.variables.get(name).filter(|text| !text.is_empty()) {
            Some(text) => Ok(SecretString::from(text.as_str())),
            None => Err(vec![node.place.fault("secret_missing", format!("the environment variable {name} is not set"))]),
        }
    }

    fn in_file(&self, node: &Node, path: &str) -> Read<SecretString> {
        let path = self.dir.join(path);
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => {
                Err(vec![node.place.fault("secret_missing", format!("the file {} is empty", path.display()))])
            }
            Ok(text) => Ok(SecretString::from(text.trim_end_matches(['\r', '\n']))),
            Err(error) => {
                let message = format!("the file {} cannot be read: {}", path.display(), error.kind());
                Err(vec![node.place.fault("secret_missing", message)])
            }
        }
    }

    fn neither<T>(&self, node: &Node) -> Read<T> {
        node.wrong("want { env = \"NAME\" } or { file = \"PATH\" }")
    }
}

fn not_empty(node: &Node, text: &str) -> Read<SecretString> {
    if text.trim().is_empty() { node.wrong("the secret is empty") } else { Ok(SecretString::from(text)) }
}

/// What a variable's text is, read as TOML.
fn value_of(node: &Node, text: &str) -> Read<Node> {
    let written = parse(Source::File { name: "variable".into(), text: format!("value = {text}") });
    let Ok(Node { value: Value::Table(mut table), .. }) = written else {
        return node.wrong("want { env = \"NAME\" } or { file = \"PATH\" }, or a list of them");
    };
    match table.remove("value") {
        Some(entry) => Ok(at(&node.place, entry.node)),
        None => node.wrong("want { env = \"NAME\" } or { file = \"PATH\" }"),
    }
}

/// The value with every place in it that of the variable; its texts count as the variable's own.
fn at(place: &Place, node: Node) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| at(place, item)).collect()),
        Value::Text(text) => Value::Variable(text),
        other => other,
    };
    Node { place: place.clone(), value }
}
