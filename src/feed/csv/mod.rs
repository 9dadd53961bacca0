//! The native CSV (interfaces, section 6) and other layouts that a feed's settings map onto it.
//!
//! Three steps, a file each: `text` turns bytes into records with their line, `header` finds the `columns`, `row` reads one
//! record by its `cell`s; `moment` reads its dates. A row that cannot be read is refused by line and the others are kept.

mod cell;
mod columns;
mod header;
mod moment;
mod row;
mod text;

pub use columns::COLUMNS;

use super::{Context, Reading, Refused, Row};
use crate::core::Phi;
use crate::core::ids::SiteKey;
use encoding_rs::Encoding;
use header::Layout;
use std::collections::BTreeMap;
use text::Record;

/// How a feed's files differ from the native layout (`[feeds.NAME]`). The default is the native CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvSettings {
    /// Which of their columns each of ours is; ours that are not listed have their own name.
    pub columns: BTreeMap<String, Column>,
    /// The form of `start`, `booked_at` and `updated_at` as strftime (`%m/%d/%Y %H:%M`); `None`: ISO 8601. A birth date may
    /// have its date part.
    pub date_format: Option<String>,
    /// What separates fields; `None`: found out among `,` `;` tab and `|`.
    pub delimiter: Option<u8>,
    /// `None`: as a byte-order mark says, else UTF-8 if valid, else Windows-1252.
    pub encoding: Option<&'static Encoding>,
    /// Whether the first line names the columns. Without: `columns` by position, else the native order.
    pub header: bool,
    /// The site of rows that name none.
    pub site: Option<SiteKey>,
}

/// One column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The one with this header.
    Named(String),
    /// The one at this place, from 1.
    At(usize),
}

impl Default for CsvSettings {
    fn default() -> Self {
        CsvSettings { columns: BTreeMap::new(), date_format: None, delimiter: None, encoding: None, header: true, site: None }
    }
}

/// Reads a whole file. A file that cannot be read at all is one refused row on line 1.
pub fn read(bytes: &[u8], settings: &CsvSettings, context: &Context<'_>) -> Reading {
    let text = match text::decode(bytes, settings.encoding) {
        Ok(text) => text,
        Err(reason) => return refused_whole("", reason),
    };
    let (layout, mut records) = match header::find(&text, settings) {
        Ok(found) => found,
        Err(reason) => return refused_whole(text.lines().next().unwrap_or_default(), reason),
    };
    let mut reading = Reading { rows: Vec::new(), noticed: layout.notice.iter().map(|n| (1, n.clone())).collect() };
    while let Some(record) = records.next(layout.width) {
        if record.fields.iter().any(|field| !field.trim().is_empty()) {
            reading.rows.push(read_row(&record, &layout, settings, context));
        }
    }
    reading
}

fn read_row(record: &Record<'_>, layout: &Layout, settings: &CsvSettings, context: &Context<'_>) -> Row {
    let content = match record.fault(layout.width) {
        Some(reason) => Err(Refused::from(reason)),
        None => row::understand(record, layout, settings, context),
    };
    Row { line: record.line, raw: Phi::new(record.raw.to_string()), content }
}

fn refused_whole(first_line: &str, reason: String) -> Reading {
    let row = Row { line: 1, raw: Phi::new(first_line.to_string()), content: Err(Refused::from(reason)) };
    Reading { rows: vec![row], noticed: Vec::new() }
}

#[cfg(test)]
mod tests;
