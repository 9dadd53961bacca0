//! Bytes to records: the encoding, the quotes, the physical line of each record, and the way back into step after a quote
//! that nobody closed.

use encoding_rs::{Encoding, WINDOWS_1252};

/// Decodes a file: by its byte-order mark, else as declared, else UTF-8 if valid, else Windows-1252.
pub(super) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("this is a spreadsheet or zip file, not CSV: save it as CSV (UTF-8) and import that".to_string());
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    if let Some(encoding) = declared {
        return Ok(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_string()),
        // Cut off inside the last letter: one broken letter in a row that is refused anyway, not another encoding.
        Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
        Err(_) => {
            tracing::info!("a CSV file is not UTF-8: read as Windows-1252");
            Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
        }
    }
}

/// One record with its place in the file.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// First physical line.
    pub line: u64,
    /// Its text without the line end.
    pub raw: &'a str,
    /// Its fields, unquoted.
    pub fields: Vec<String>,
    quotes: Quotes,
}

impl Record<'_> {
    /// Why the record is not whole, where it is not.
    pub fn fault(&self, width: usize) -> Option<String> {
        match self.quotes {
            Quotes::Open => Some("the line is cut off: a quoted field has no closing quote".to_string()),
            Quotes::Stray => {
                Some("a quoted field goes on after its closing quote: a quote inside a quoted field is written twice".to_string())
            }
            Quotes::Fine if self.fields.len() < width => Some(format!(
                "the row has {} fields, the header {width}: the line is cut off or a field is missing",
                self.fields.len()
            )),
            Quotes::Fine if self.fields.len() > width => Some(format!(
                "the row has {} fields, the header {width}: a field that holds the delimiter must stand in quotes",
                self.fields.len()
            )),
            Quotes::Fine => None,
        }
    }
}

/// The records of a text, one after the other; blank lines are passed over.
pub(super) struct Records<'a> {
    text: &'a str,
    delimiter: u8,
    reader: csv::Reader<&'a [u8]>,
    /// Where the reader began in the text.
    base: usize,
    /// A place in the text and the physical line it stands on.
    counted: (usize, u64),
}

impl<'a> Records<'a> {
    /// All records of a text.
    pub fn new(text: &'a str, delimiter: u8) -> Records<'a> {
        Records { text, delimiter, reader: reader(text, delimiter), base: 0, counted: (0, 1) }
    }

    /// The next record. One that is not whole and swallowed a line that is whole by itself (of `width` fields) ends before it.
    pub fn next(&mut self, width: usize) -> Option<Record<'a>> {
        let from = self.place();
        let mut fields = csv::StringRecord::new();
        // The text is UTF-8, in memory, and records may have any length: only its end is left to be met.
        if !matches!(self.reader.read_record(&mut fields), Ok(true)) {
            return None;
        }
        let start = from + leading_line_ends(&self.text[from..]);
        let raw = self.text[start..self.place()].trim_end_matches(['\r', '\n']);
        let line = self.line_at(start);
        let record = self.record(line, raw, &fields);
        if record.fault(width).is_none() {
            return Some(record);
        }
        let Some(cut) = self.whole_line_within(raw, width) else { return Some(record) };
        self.base = start + cut;
        self.reader = reader(&self.text[self.base..], self.delimiter);
        let raw = raw[..cut].trim_end_matches(['\r', '\n']);
        Some(Record { raw, ..record })
    }

    fn record(&self, line: u64, raw: &'a str, fields: &csv::StringRecord) -> Record<'a> {
        Record { line, raw, fields: fields.iter().map(str::to_string).collect(), quotes: quotes(raw, self.delimiter) }
    }

    fn place(&self) -> usize {
        self.base + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }

    fn line_at(&mut self, place: usize) -> u64 {
        let passed = &self.text.as_bytes()[self.counted.0..place];
        let lone_returns = passed.windows(2).filter(|pair| pair[0] == b'\r' && pair[1] != b'\n').count()
            + usize::from(passed.last() == Some(&b'\r'));
        let line_feeds = passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (place, self.counted.1 + (line_feeds + lone_returns) as u64);
        self.counted.1
    }

    /// Where in a broken record of several lines the first line stands that is a whole record by itself.
    fn whole_line_within(&self, raw: &str, width: usize) -> Option<usize> {
        let mut place = 0;
        while let Some(end) = raw[place..].find(['\r', '\n']) {
            place += end + leading_line_ends(&raw[place + end..]);
            let line = raw[place..].split(['\r', '\n']).next().unwrap_or_default();
            if self.stands_alone(line, width) {
                return Some(place);
            }
        }
        None
    }

    fn stands_alone(&self, line: &str, width: usize) -> bool {
        let mut fields = csv::StringRecord::new();
        quotes(line, self.delimiter) == Quotes::Fine
            && matches!(reader(line, self.delimiter).read_record(&mut fields), Ok(true))
            && fields.len() == width
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    let capacity = text.len().clamp(64, 64 * 1024);
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(capacity)
        .from_reader(text.as_bytes())
}

fn leading_line_ends(text: &str) -> usize {
    text.len() - text.trim_start_matches(['\r', '\n']).len()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Fine,
    Open,
    Stray,
}

/// How the quotes of a record stand (RFC 4180); the reader itself forgives what would shift columns.
fn quotes(raw: &str, delimiter: u8) -> Quotes {
    let mut bytes = raw.bytes().peekable();
    let (mut inside, mut at_start) = (false, true);
    while let Some(byte) = bytes.next() {
        if !inside {
            inside = byte == b'"' && at_start;
            at_start = byte == delimiter;
        } else if byte == b'"' && bytes.next_if_eq(&b'"').is_none() {
            if bytes.peek().is_some_and(|next| *next != delimiter) {
                return Quotes::Stray;
            }
            inside = false;
        }
    }
    if inside { Quotes::Open } else { Quotes::Fine }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, width: usize) -> Vec<(u64, Vec<String>, bool)> {
        let mut records = Records::new(text, b',');
        std::iter::from_fn(|| records.next(width)).map(|r| (r.line, r.fields.clone(), r.fault(width).is_none())).collect()
    }

    #[test]
    fn lines_are_counted_over_blank_lines_line_breaks_and_every_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,\"x", "y\"", "", "", "2,z"].join(end);
            let lines: Vec<u64> = all(&text, 2).iter().map(|r| r.0).collect();
            assert_eq!(lines, [1, 3, 7], "{end:?}");
        }
    }

    #[test]
    fn a_quote_nobody_closed_costs_its_own_line_only() {
        for (text, want) in [
            ("a,b\n1,\"x\n2,y\n3,z\n", vec![(1, true), (2, false), (3, true), (4, true)]),
            ("a,b\n1,\"x\n2,\"y\"\n3,z\n", vec![(1, true), (2, false), (3, true), (4, true)]),
            ("a,b\n1,\"x\ny\",2,3\n3,z\n", vec![(1, true), (2, false), (4, true)]),
            ("a,b\n1,x\n2,\"y", vec![(1, true), (2, true), (3, false)]),
            ("a,b\n1,x\n2", vec![(1, true), (2, true), (3, false)]),
            ("a,b\n1,5\" pipe\n", vec![(1, true), (2, true)]),
        ] {
            let got: Vec<(u64, bool)> = all(text, 2).iter().map(|r| (r.0, r.2)).collect();
            assert_eq!(got, want, "{text:?}");
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let cases: [(&[u8], &str); 6] = [
            ("José".as_bytes(), "José"),
            (b"\xef\xbb\xbfJos\xc3\xa9", "José"),
            (b"Jos\xe9, the \x93first\x94", "José, the “first”"),
            (b"\xff\xfeJ\0\xe9\0", "Jé"),
            (b"Jos\xe9", "José"),
            (b"Jos\xc3\xa9,cut \xc3", "José,cut \u{fffd}"),
        ];
        for (bytes, want) in cases {
            assert_eq!(decode(bytes, None).as_deref(), Ok(want));
        }
        assert_eq!(decode(b"\xa4", Some(encoding_rs::ISO_8859_15)).as_deref(), Ok("€"));
        assert!(decode(b"PK\x03\x04rest", None).is_err_and(|e| e.contains("spreadsheet")));
    }
}
