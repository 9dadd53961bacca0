//! The cells of one record, read one kind at a time: ids, words, yes and no, times. What is wrong with one is put down as a
//! fault, which refuses the row, or as a notice, which does not.

use super::CsvSettings;
use super::header::Layout;
use super::moment::{self, WANT_TIME};
use super::text::Record;
use crate::fault::nearest;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// The cells of one record, with what was found wrong so far.
pub(super) struct Cells<'a> {
    pub record: &'a Record<'a>,
    pub layout: &'a Layout,
    pub settings: &'a CsvSettings,
    pub faults: Vec<String>,
    pub noticed: Vec<String>,
}

impl Cells<'_> {
    pub fn value(&self, column: &str) -> Option<&str> {
        self.layout.value(self.record, column)
    }

    pub fn text(&self, column: &str) -> Option<String> {
        self.value(column).map(str::to_string)
    }

    pub fn fault(&mut self, column: &str, what: &str) {
        self.faults.push(format!("{column}: {what}"));
    }

    pub fn notice(&mut self, what: String) {
        self.noticed.push(what);
    }

    /// An id, which must be whole: two ids damaged alike would make one patient of two.
    pub fn id(&mut self, column: &str) -> Option<String> {
        let Some(id) = self.text(column) else {
            self.fault(column, "it is empty, and no row can do without it");
            return None;
        };
        if id.chars().any(char::is_control) {
            self.fault(column, "it holds a line break or another control character");
        } else if spreadsheet_damaged(&id) {
            self.fault(column, "a spreadsheet program has turned it into a formula or a rounded number: export the file anew");
        } else {
            return Some(id);
        }
        None
    }

    pub fn word<T>(&mut self, column: &str, words: &[&str], parse: fn(&str) -> Option<T>) -> Option<T> {
        let word = self.text(column)?;
        let read = parse(&word);
        if read.is_none() {
            let near = suggestion(&word.to_ascii_lowercase(), words);
            self.fault(column, &format!("want {}{near}", one_of(words)));
        }
        read
    }

    pub fn yes_no(&mut self, column: &str) -> Option<bool> {
        let read = match self.value(column)?.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" => Some(true),
            "no" | "n" | "false" | "0" => Some(false),
            _ => None,
        };
        if read.is_none() {
            self.fault(column, "want yes or no");
        }
        read
    }

    pub fn format(&self) -> Option<&str> {
        self.settings.date_format.as_deref()
    }

    pub fn time_form(&self) -> String {
        match self.format() {
            None => WANT_TIME.to_string(),
            Some(format) => format!("the form `{format}` that the feed's date_format declares"),
        }
    }

    pub fn time(&mut self, column: &str, zone: Tz) -> Option<DateTime<Utc>> {
        let read = moment::time(self.value(column)?, self.format(), zone);
        if read.is_none() {
            self.fault(column, &format!("no such time, want {}", self.time_form()));
        }
        read
    }
}

/// `="0123"`, or `1.23457E+09` where digits are lost.
fn spreadsheet_damaged(id: &str) -> bool {
    let rounded = id.split_once(['E', 'e']).is_some_and(|(number, power)| {
        number.contains('.')
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && power.strip_prefix('+').is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    });
    id.starts_with('=') || rounded
}

pub(super) fn suggestion(word: &str, words: &[&str]) -> String {
    nearest(word, words.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "a configured one (none is)".to_string(),
        [only] => (*only).to_string(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
