//! The sheet as a page to print.

use super::{Entry, Sheet, carrier};
use askama::Template;

#[derive(Template)]
#[template(path = "recording-sheet.html", config = "src/prompt/sheet/askama.toml")]
struct Page<'a> {
    sheet: &'a Sheet,
    groups: Vec<Group<'a>>,
    minutes: usize,
}

/// Phrases of one kind, under their heading.
struct Group<'a> {
    heading: &'a str,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    entry: &'a Entry,
    before: &'a str,
    kept: &'a str,
    after: &'a str,
    length: String,
}

/// A take of one phrase, with the pauses around it and now and then a second one, takes so many seconds.
const SECONDS_A_TAKE: usize = 15;

/// The sheet as HTML that prints well: every page has the head of the table, no row is torn apart.
///
/// # Errors
/// None that can happen: the template writes into memory.
pub fn to_html(sheet: &Sheet) -> Result<String, askama::Error> {
    let groups = sheet.entries.chunk_by(|a, b| a.heading == b.heading).map(|entries| Group {
        heading: entries.first().map_or("", |entry| entry.heading.as_str()),
        rows: entries.iter().map(row).collect(),
    });
    Page { sheet, groups: groups.collect(), minutes: (sheet.entries.len() * SECONDS_A_TAKE).div_ceil(60) }.render()
}

fn row(entry: &Entry) -> Row<'_> {
    let parts = carrier(&entry.text);
    let length = entry.now_ms.map_or_else(String::new, |ms| format!("{:.1} s", f64::from(ms) / 1_000.0));
    Row { entry, before: parts.before, kept: parts.kept, after: parts.after, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_person_wrote_is_escaped() {
        let entry = Entry {
            number: 1,
            file: "001".into(),
            id: "say/x".into(),
            heading: "<script>alert(1)</script>".into(),
            text: "Before & <b>, [St. Mary's <i>\"Hospital\"</i>,] after.".into(),
            now_ms: Some(1_234),
        };
        let sheet =
            Sheet { title: "A & B <English>".into(), language: "en-US".into(), site: Some("b<r>".into()), entries: vec![entry] };
        let page = to_html(&sheet).expect("a page");
        for tag in ["<script>alert", "<i>", "<English>", "b<r>", "& <b>"] {
            assert!(!page.contains(tag), "{tag}: {page}");
        }
        assert!(page.contains("&#60;script&#62;alert(1)") && page.contains("001.wav") && page.contains("1.2 s"), "{page}");
        assert!(page.contains("<strong>St. Mary&#39;s &#60;i&#62;"), "the part that is kept stands out: {page}");
    }
}
