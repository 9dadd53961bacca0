//! Results for people (tables) and for programs (JSON).

use comfy_table::{LineStyle, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};
use std::io::{BufWriter, StdoutLock, Write};

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// As JSON on standard output.
    pub json: bool,
    /// Whole telephone numbers.
    pub reveal: bool,
}

impl Output {
    /// Prints a value: as JSON, or as the text for people.
    pub fn value<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { print(&serde_json::to_string_pretty(value)?) } else { print(&text()) }
    }

    /// Prints rows: as a JSON array, or as a table with a line when there are none.
    pub fn rows<T: Serialize>(
        self,
        rows: &[T],
        head: &[&str],
        none: &str,
        cells: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        self.value(&rows, || if rows.is_empty() { none.to_string() } else { table(head, rows.iter().map(cells)) })
    }
}

/// A number with its thousands apart.
pub fn number<N: TryInto<u64>>(number: N) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A JSON array that is printed row by row, in the form in which [`Output::value`] prints one: whoever prints many rows need
/// not hold them.
pub struct Array {
    out: BufWriter<StdoutLock<'static>>,
    /// Indents by one step, as what stands in an array is.
    form: PrettyFormatter<'static>,
    empty: bool,
}

impl Array {
    /// Nothing printed yet.
    pub fn new() -> Array {
        let mut form = PrettyFormatter::new();
        // It only counts how deep it is: a sink takes everything.
        let _ = form.begin_array(&mut std::io::sink());
        Array { out: BufWriter::with_capacity(1 << 16, std::io::stdout().lock()), form, empty: true }
    }

    /// Prints one row.
    pub fn push<T: Serialize>(&mut self, row: &T) -> anyhow::Result<()> {
        self.out.write_all(if self.empty { b"[\n  " } else { b",\n  " })?;
        self.empty = false;
        Ok(row.serialize(&mut Serializer::with_formatter(&mut self.out, self.form.clone()))?)
    }

    /// Closes it.
    pub fn end(mut self) -> anyhow::Result<()> {
        writeln!(self.out, "{}", if self.empty { "[]" } else { "\n]" })?;
        Ok(self.out.flush()?)
    }
}

/// Prints a text and a line's end on standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// A table for people.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// A word of the interfaces as people read it.
pub fn words(word: &str) -> String {
    word.replace('_', " ")
}
