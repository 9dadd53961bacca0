//! The sheet as CSV, and back.

use super::{Entry, Sheet, carrier};
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use std::path::Path;

/// What is wrong with a sheet.
pub type SheetFault = Fault;

/// The last one says to which words the take is cut: of a sentence left in it a patient would hear all.
const COLUMNS: [&str; 8] = ["number", "file", "id", "text", "ending", "length_ms", "group", "cut_to"];

/// The sheet as CSV. `text` is the whole sentence, `[brackets]` around what is kept.
pub fn to_csv(sheet: &Sheet) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = sheet.entries.iter().map(|entry| {
        let length = entry.now_ms.map(|ms| ms.to_string()).unwrap_or_default();
        let file = format!("{}.wav", entry.file);
        let ending = entry.ending().to_string();
        let (heading, cut_to) = (no_formula(&entry.heading), no_formula(carrier(&entry.text).kept));
        let text = no_formula(&entry.text);
        [entry.number.to_string(), file, entry.id.to_string(), text, ending, length, heading, cut_to]
    });
    let records = std::iter::once(COLUMNS.map(str::to_string)).chain(rows);
    let written = records.map(|row| writer.write_record(row)).collect::<Result<Vec<_>, _>>();
    // Rows of one length into memory: there is nothing that could fail.
    written.ok().and_then(|_| writer.into_inner().ok()).unwrap_or_default()
}

/// What a spreadsheet would compute, as it shows a text: with an apostrophe in front.
fn no_formula(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_string() }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@'])
}

/// A text as it was before [`no_formula`].
fn as_written(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// Reads a sheet that somebody may have opened in a spreadsheet meanwhile: separated by commas or semicolons, with further
/// columns or without `file`, `text` and the rest. It needs `number` and `id`.
///
/// # Errors
/// The first thing that does not fit, with its line.
pub fn read_sheet(file: &Path, bytes: &[u8]) -> Result<Vec<Entry>, SheetFault> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_string(),
        // What older spreadsheets save.
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|sign| head.bytes().filter(|b| b == sign).count()).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let fault = |line: u64, message: String| {
        let line = usize::try_from(line).unwrap_or_default();
        Fault { file: file.display().to_string(), line, column: 0, code: "bad_sheet", message, excerpt: None }
    };
    let headers = reader.headers().map_err(|e| fault(1, e.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|head| head.trim().eq_ignore_ascii_case(name));
    let (Some(number), Some(id)) = (column("number"), column("id")) else {
        return Err(fault(
            1,
            format!("want the columns number and id of a recording sheet; there are: {}", Vec::from_iter(&headers).join(", ")),
        ));
    };
    let (name, words, group) = (column("file"), column("text"), column("group"));
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| fault(e.position().map_or(0, csv::Position::line), e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default().trim();
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Ok(number) = cell(Some(number)).parse() else {
            return Err(fault(line, format!("number: \"{}\" is no number", cell(Some(number)))));
        };
        let id = cell(Some(id));
        if !crate::prompt::pack::is_id(id) {
            return Err(fault(line, format!("id: \"{id}\" is no phrase: want a name such as say/hello")));
        }
        let file = cell(name).rsplit_once('.').map_or(cell(name), |(stem, _)| stem).to_string();
        let (heading, text) = (as_written(cell(group)).to_string(), as_written(cell(words)).to_string());
        if entries.iter().any(|other: &Entry| other.number == number) {
            return Err(fault(line, format!("number: {number} stands twice: which phrase its take is cannot be known")));
        }
        entries.push(Entry { number, file, id: PhraseId::from(id), heading, text, now_ms: None });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32, id: &str, text: &str) -> Entry {
        Entry {
            number,
            file: format!("{number:03}"),
            id: id.into(),
            heading: "days, and \"more\"".into(),
            text: text.into(),
            now_ms: None,
        }
    }

    #[test]
    fn a_sheet_comes_back_as_it_went() {
        let entries = vec![
            entry(1, "say/hello", "[Hello. This is], \"the\" hospital"),
            entry(2, "day/01", "Es el jueves, [primero] de marzo, ¿sí?"),
            entry(3, "say/sum", "=cmd|' /C calc'!A0"),
            entry(4, "say/at", "'Tis at noon."),
        ];
        let sheet = Sheet { title: "English".into(), language: "en-US".into(), site: None, entries: entries.clone() };
        let bytes = to_csv(&sheet);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(",'=cmd|' /C") && !text.contains(",=cmd"), "a spreadsheet does not run it: {text}");
        assert!(bytes.starts_with(b"number,file,id,text,ending,length_ms,group,cut_to\n1,001.wav,say/hello,"));
        assert!(text.lines().nth(1).is_some_and(|row| row.ends_with(",Hello. This is")), "its words");
        let file = Path::new("sheet.csv");
        assert_eq!(read_sheet(file, &bytes).expect("a sheet"), entries);
        let with_mark = [b"\xef\xbb\xbf".as_slice(), &bytes].concat();
        assert_eq!(read_sheet(file, &with_mark).expect("a sheet"), entries);
    }

    #[test]
    fn what_a_spreadsheet_makes_of_it_is_read_and_faults_have_their_line() {
        let file = Path::new("sheet.csv");
        let semicolons = read_sheet(file, b"ID;Number;text\r\nday/01;17;Es el jueves, [ma\xf1ana]\r\n;;\r\n").expect("a sheet");
        assert_eq!((semicolons[0].number, semicolons[0].text.as_str(), semicolons.len()), (17, "Es el jueves, [mañana]", 1));
        for (text, want) in [
            (
                "id,text\nday/01,x\n",
                "sheet.csv:1: want the columns number and id of a recording sheet; there are: id, text [bad_sheet]",
            ),
            (
                "number,id\n1,day/01\n01,day/02\n",
                "sheet.csv:3: number: 1 stands twice: which phrase its take is cannot be known [bad_sheet]",
            ),
            ("number,id\n1,day/01\nx,day/02\n", "sheet.csv:3: number: \"x\" is no number [bad_sheet]"),
            (
                "number,id\n1,../../etc/passwd\n",
                "sheet.csv:2: id: \"../../etc/passwd\" is no phrase: want a name such as say/hello [bad_sheet]",
            ),
        ] {
            assert_eq!(read_sheet(file, text.as_bytes()).expect_err(want).to_string(), want);
        }
    }
}
