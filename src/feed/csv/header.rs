//! The first line: which column stands where, and a clear word when it is not the line we need.

use super::columns::{COLUMNS, REQUIRED, meant};
use super::text::{Record, Records};
use super::{Column, CsvSettings};
use crate::core::domain::PhoneNumber;
use crate::fault::nearest;
use std::collections::BTreeMap;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Layout {
    places: BTreeMap<&'static str, usize>,
    /// How many fields every row has.
    pub width: usize,
    /// What was noticed about the header.
    pub notice: Option<String>,
}

impl Layout {
    /// The value of a column: trimmed, and none where it is empty or the column is missing.
    pub fn value<'r>(&self, record: &'r Record<'_>, column: &str) -> Option<&'r str> {
        let text = record.fields.get(*self.places.get(column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Whether the file has the column.
    pub fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }
}

/// Finds the columns, and the records that follow the header.
pub(super) fn find<'a>(text: &'a str, settings: &CsvSettings) -> Result<(Layout, Records<'a>), String> {
    if text.trim().is_empty() {
        return Err("the file is empty".to_string());
    }
    let delimiter = settings.delimiter.unwrap_or_else(|| sniff(text, settings));
    let mut records = Records::new(text, delimiter);
    let first = records.next(0).map(|record| record.fields).unwrap_or_default();
    if settings.header {
        Ok((named(&first, settings, delimiter)?, records))
    } else {
        Ok((positioned(first.len(), settings)?, Records::new(text, delimiter)))
    }
}

/// The delimiter that finds the most of our columns, then the most fields.
fn sniff(text: &str, settings: &CsvSettings) -> u8 {
    let score = |delimiter: &u8| {
        let first = Records::new(text, *delimiter).next(0).map(|record| record.fields).unwrap_or_default();
        let known = COLUMNS.iter().filter(|ours| place(&first, ours, settings).is_some()).count();
        (known, first.len())
    };
    // Of equals `max_by_key` takes the last: the comma, being the most usual, is asked last.
    DELIMITERS.into_iter().rev().max_by_key(score).unwrap_or(b',')
}

/// Where one of our columns stands in a header.
fn place(header: &[String], ours: &str, settings: &CsvSettings) -> Option<usize> {
    match settings.columns.get(ours) {
        None => position(header, ours),
        Some(Column::Named(theirs)) => position(header, theirs),
        Some(Column::At(place)) => place.checked_sub(1).filter(|place| *place < header.len()),
    }
}

fn position(header: &[String], name: &str) -> Option<usize> {
    header.iter().position(|found| found.trim().eq_ignore_ascii_case(name.trim()))
}

fn named(header: &[String], settings: &CsvSettings, delimiter: u8) -> Result<Layout, String> {
    let places: BTreeMap<_, _> = COLUMNS.iter().filter_map(|ours| Some((*ours, place(header, ours, settings)?))).collect();
    let unknown: Vec<&str> = (0..header.len())
        .filter(|place| !places.values().any(|known| known == place))
        .map(|place| header[place].trim())
        .filter(|name| !name.is_empty())
        .collect();
    let mut faults = missing(&places, &unknown, settings);
    faults.extend(doubled(header, &places));
    if !faults.is_empty() && looks_like_a_row(header) {
        return Err("the first line holds values, not column names: the file needs a header \
                    (or the feed's setting `header = false` with `columns` by position)"
            .to_string());
    }
    if !faults.is_empty() {
        faults.push(format!("found {} columns separated by {}: {}", header.len(), name_of(delimiter), shown(header)));
        faults.push(format!("a file needs {}", REQUIRED.map(|(_, name)| name).join(", ")));
        return Err(faults.join("; "));
    }
    let notice = (!unknown.is_empty()).then(|| unknown_columns(&unknown, &places));
    Ok(Layout { places, width: header.len(), notice })
}

fn missing(places: &BTreeMap<&str, usize>, unknown: &[&str], settings: &CsvSettings) -> Vec<String> {
    let is_given = |ours: &&str| places.contains_key(ours) || (*ours == "site" && settings.site.is_some());
    let lacking = REQUIRED.iter().filter(|(columns, _)| !columns.iter().any(is_given));
    lacking
        .map(|(columns, name)| {
            let mapped = columns.iter().find_map(|ours| settings.columns.get(*ours).map(|theirs| (ours, theirs)));
            match mapped {
                Some((ours, Column::Named(theirs))) => {
                    let near = nearest(theirs, unknown.iter().copied());
                    let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
                    return format!("no column `{theirs}`, which the feed's settings name for {ours}{near}");
                }
                Some((ours, Column::At(place))) => {
                    return format!("no column {place}, which the feed's settings name for {ours}: the first line has fewer fields");
                }
                None => {}
            }
            match unknown.iter().find(|found| meant(found).is_some_and(|ours| columns.contains(&ours))) {
                Some(found) => format!(
                    "no column {name}: did you mean it by `{}`? Rename it, or say columns = {{ {} = \"{found}\" }} in the feed's settings",
                    found,
                    meant(found).unwrap_or(columns[0]),
                ),
                None => format!("no column {name}"),
            }
        })
        .collect()
}

fn doubled(header: &[String], places: &BTreeMap<&str, usize>) -> Vec<String> {
    let twice = |place: &usize| header.iter().filter(|name| name.trim().eq_ignore_ascii_case(header[*place].trim())).count() > 1;
    places.iter().filter(|(_, place)| twice(place)).map(|(ours, _)| format!("column {ours} stands twice")).collect()
}

fn unknown_columns(unknown: &[&str], places: &BTreeMap<&str, usize>) -> String {
    let each = unknown.iter().take(20).map(|name| match meant(name).filter(|ours| !places.contains_key(ours)) {
        Some(ours) => format!("`{name}` (did you mean `{ours}`?)"),
        None => format!("`{name}`"),
    });
    format!("columns that are not known were left out: {}", each.collect::<Vec<_>>().join(", "))
}

/// Names of a header as they may be shown: shortened, at most forty.
fn shown(header: &[String]) -> String {
    let short = |name: &String| format!("`{}`", name.trim().chars().take(40).collect::<String>());
    header.iter().take(40).map(short).collect::<Vec<_>>().join(", ")
}

/// Whether the first line is a patient's row: it must not be repeated in a report.
fn looks_like_a_row(header: &[String]) -> bool {
    header.iter().map(|field| field.trim()).any(|field| {
        let digits = field.bytes().filter(u8::is_ascii_digit).count();
        PhoneNumber::parse(field).is_ok() || digits >= 4 || field.contains('@')
    })
}

fn name_of(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "commas",
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars (|)",
        _ => "the delimiter of the feed's settings",
    }
}

/// Columns by position: those of the settings, else the native order.
fn positioned(width: usize, settings: &CsvSettings) -> Result<Layout, String> {
    if settings.columns.is_empty() {
        let places = COLUMNS.iter().enumerate().map(|(place, column)| (*column, place)).collect();
        return Ok(Layout { places, width: COLUMNS.len(), notice: None });
    }
    let nameless = vec![String::new(); width];
    let placed = COLUMNS.iter().filter(|ours| settings.columns.contains_key(**ours));
    let places: BTreeMap<_, _> = placed.filter_map(|ours| Some((*ours, place(&nameless, ours, settings)?))).collect();
    let faults = missing(&places, &[], settings);
    if faults.is_empty() { Ok(Layout { places, width, notice: None }) } else { Err(faults.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(text: &str) -> Result<Layout, String> {
        find(text, &CsvSettings::default()).map(|(layout, _)| layout)
    }

    #[test]
    fn any_order_any_case_and_any_delimiter() {
        for delimiter in [",", ";", "\t", "|"] {
            let header = ["site", "Start", "service", "PATIENT_ID", "phone_home", "appointment_id"].join(delimiter);
            let layout = find_in(&format!("{header}\n")).expect("a good header");
            assert_eq!((layout.width, layout.places["start"], layout.places["appointment_id"]), (6, 1, 5), "{delimiter:?}");
        }
    }

    #[test]
    fn a_wrong_header_says_what_is_missing_found_and_expected() {
        let said = find_in("mrn,apointment_id,start,site,service,phone\nx\n").expect_err("three columns are missing");
        for want in [
            "no column appointment_id: did you mean it by `apointment_id`?",
            "columns = { patient_id = \"mrn\" }",
            "no column phone_home, phone_mobile or phone_work: did you mean it by `phone`?",
            "found 6 columns separated by commas: `mrn`, `apointment_id`",
            "a file needs appointment_id, patient_id,",
        ] {
            assert!(said.contains(want), "want {want:?} in {said}");
        }
        assert!(find_in("site,site,start,service,patient_id,phone_home,appointment_id\n").is_err_and(|e| e.contains("twice")));
        assert!(find_in(" \n\n").is_err_and(|e| e.contains("empty")));
    }

    #[test]
    fn a_row_in_the_place_of_the_header_is_not_repeated() {
        let said = find_in("A1,MRN1,Jane,617-555-0101,2026-12-01T09:00,boston\n").expect_err("no header");
        assert!(said.contains("needs a header") && !said.contains("Jane") && !said.contains("0101"), "{said}");
    }

    #[test]
    fn unknown_columns_are_left_out_with_a_word() {
        let layout = find_in("site,start,service,patient_id,phone_home,appointment_id,clinic colour,lanquage\n").expect("good");
        let notice = layout.notice.expect("two unknown columns");
        assert!(notice.contains("`clinic colour`, `lanquage` (did you mean `language`?)"), "{notice}");
    }

    #[test]
    fn columns_by_name_and_by_position() {
        let columns = |pairs: &[(&str, &str)]| -> BTreeMap<String, Column> {
            pairs.iter().map(|(a, b)| (a.to_string(), Column::Named(b.to_string()))).collect()
        };
        let theirs =
            [("appointment_id", "CSN"), ("patient_id", "MRN"), ("start", "When"), ("site", "Where"), ("service", "What")];
        let mut settings = CsvSettings { columns: columns(&theirs), ..CsvSettings::default() };
        let (layout, _) = find("CSN;MRN;When;Where;What;phone_home\n", &settings).expect("mapped");
        assert_eq!((layout.places["appointment_id"], layout.places["phone_home"]), (0, 5));
        let said = find("CSM;MRN;When;Where;What;phone_home\n", &settings).map(|_| ()).expect_err("CSN is missing");
        assert!(
            said.contains("no column `CSN`, which the feed's settings name for appointment_id, did you mean `CSM`?"),
            "{said}"
        );

        let by_place = ["appointment_id", "patient_id", "phone_home", "start", "site", "visit_type"];
        let columns = by_place.iter().zip(1..).map(|(ours, place)| (ours.to_string(), Column::At(place))).collect();
        settings = CsvSettings { columns, header: false, ..CsvSettings::default() };
        let (layout, mut records) = find("A1,P1,,2026-12-01T09:00,boston,MRI\n", &settings).expect("by position");
        let record = records.next(layout.width).expect("the first line is a row");
        assert_eq!(
            (record.line, layout.value(&record, "visit_type"), layout.value(&record, "phone_home")),
            (1, Some("MRI"), None)
        );
        settings.columns.insert("site".into(), Column::At(9));
        let said = find("A1,P1,,2026-12-01T09:00,boston,MRI\n", &settings).map(|_| ()).expect_err("there are six");
        assert!(said.contains("no column 9, which the feed's settings name for site"), "{said}");
        settings.site = Some("boston".into());
        assert!(find("A1,P1,,2026-12-01T09:00,boston,MRI\n", &settings).is_ok(), "the feed has a site of its own");
    }
}
