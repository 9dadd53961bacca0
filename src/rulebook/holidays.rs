//! Days without calls: a word, a list, or a file.

use super::Known;
use crate::config::read_text;
use crate::core::plan::Holidays;
use crate::fault::{Fault, nearest};
use crate::toml_file::{Node, Read, Value, date, list_of};
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::path::Path;

/// `"us-federal"`, `"none"`, a list of dates, or the name of a file with a date a line, which is looked for beside the job,
/// then in the configuration's folder.
pub(super) fn holidays(node: &Node, known: &Known<'_>) -> Read<Holidays> {
    if let Value::List(_) = node.value {
        return Ok(Holidays::Dates(list_of(date)(node)?.into_iter().collect()));
    }
    match node.text()?.trim() {
        "us-federal" => Ok(Holidays::UsFederal),
        "none" => Ok(Holidays::None),
        name => {
            let places = [known.dir.join(name), known.config.dir.join(name)];
            match places.iter().find(|path| path.is_file()) {
                Some(path) => dates_of(path).map(Holidays::Dates),
                None => Err(vec![node.place.fault("unknown_holidays", not_found(name))]),
            }
        }
    }
}

fn not_found(name: &str) -> String {
    match nearest(name, ["us-federal", "none"]) {
        Some(meant) => format!("\"{name}\" is neither known nor a file; did you mean \"{meant}\"?"),
        None => format!("\"{name}\" is no file: want \"us-federal\", \"none\", a list of dates, or a file beside this one"),
    }
}

/// One date a line; `#` begins a comment.
fn dates_of(path: &Path) -> Result<BTreeSet<NaiveDate>, Vec<Fault>> {
    let text = read_text(path).map_err(|fault| vec![fault])?;
    let mut dates = BTreeSet::new();
    let mut faults = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let written = line.split('#').next().unwrap_or_default();
        let word = written.trim();
        match word.parse() {
            _ if word.is_empty() => {}
            Ok(date) => {
                dates.insert(date);
            }
            Err(_) => {
                let byte = start + written.len() - written.trim_start().len();
                let message = format!("\"{word}\" is no date: want one a line, YYYY-MM-DD, comments after #");
                faults.push(Fault::at_byte(path, &text, byte, "bad_value", message));
            }
        }
        start += line.len();
    }
    if faults.is_empty() { Ok(dates) } else { Err(faults) }
}
