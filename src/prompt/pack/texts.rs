//! `phrases.tsv`: the words of every phrase, one a line: `id<TAB>text`, further columns belong to the voice tool.
//! `[Brackets]` hold the part that is spoken; the words around them only give it its melody.

use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::plain_file::read_plain_text;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a file of a pack.
///
/// # Errors
/// It cannot be read, or is not written in UTF-8: then with line and column.
pub(super) fn read_text(file: &Path) -> Result<String, Vec<Fault>> {
    let unreadable = |error| vec![Fault::of_file(file, "unreadable_file", format!("cannot be read: {error}"))];
    let bytes = read_plain_text(file).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let message = format!("the byte {:#04x} stands here, which is no UTF-8: save the file as UTF-8", bytes[at]);
        vec![Fault::at_byte(file, &String::from_utf8_lossy(bytes), at, "not_utf8", message)]
    })
}

/// The words of the phrases, and what is wrong with the file.
pub(super) fn read_texts(file: &Path, text: &str) -> (BTreeMap<PhraseId, String>, Vec<Fault>) {
    let mut texts = BTreeMap::new();
    let mut faults = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let mark = if line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line = &line[mark..];
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some((place, found)) = line.char_indices().find(|(_, c)| is_unseen(*c)) {
            let id = line.split('\t').next().filter(|id| is_id(id)).map(|id| format!("{id}: ")).unwrap_or_default();
            let message = format!("{id}a control character stands here (U+{:04X}): remove it", u32::from(found));
            let byte = start + mark + place;
            faults.push(Fault::at_byte(file, text, byte, "control_character", message));
            continue;
        }
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut columns = line.split('\t');
        let id = columns.next().unwrap_or_default();
        let problem = if !is_id(id) {
            let shown: String = id.chars().take(LONGEST_ID).collect();
            let want = "want letters, digits, dot, dash and slash, as in say/hello, 120 of them and 5 parts at most";
            Some(("bad_phrase_id", format!("`{shown}` is no phrase id: {want}")))
        } else {
            match kept_part(columns.next().unwrap_or_default()) {
                Err(why) => Some(("bad_phrase_text", format!("{id}: {why}"))),
                Ok(kept) => texts
                    .insert(PhraseId::from(id), kept.to_string())
                    .map(|_| ("repeated_phrase", format!("{id} stands in this file twice: leave one of the lines out"))),
            }
        };
        faults.extend(problem.map(|(code, message)| Fault::at_byte(file, text, start, code, message)));
    }
    (texts, faults)
}

/// No id is longer, in bytes; with room for what stands behind it in the name of a file.
const LONGEST_ID: usize = 120;

/// No words are longer, in characters: half a minute of speech.
pub(in crate::prompt) const LONGEST_WORDS: usize = 500;

/// What would change a terminal or hide words: control characters, except the tab that parts columns, and what turns the
/// direction or ends a line of text.
pub(in crate::prompt) fn is_unseen(c: char) -> bool {
    let turns = matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\t') || turns
}

/// Ids become paths: nothing that could lead out of the pack's folder, is deeper than its folders are followed, or longer than
/// a file's name may be.
pub(in crate::prompt) fn is_id(id: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = !id.is_empty() && id.len() <= LONGEST_ID && id.split('/').count() <= super::load::DEEPEST + 1;
    fits && id.split('/').all(|part| part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(letter))
}

/// The words inside the brackets; without brackets all of them.
fn kept_part(text: &str) -> Result<&str, &'static str> {
    let brackets = text.matches(['[', ']']).collect::<String>();
    let kept = match (brackets.as_str(), text.find('['), text.find(']')) {
        ("", ..) => text,
        ("[]", Some(open), Some(close)) => &text[open + 1..close],
        _ => return Err("want one pair of [brackets] around the part that is spoken, or none"),
    };
    match kept.trim() {
        "" => Err("its words are missing"),
        kept if kept.chars().count() > LONGEST_WORDS => Err("its words are longer than 500 characters: want one phrase a line"),
        kept => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn reads_ids_and_the_part_that_is_spoken() {
        let text = "\u{feff}# who calls\nsay/hello\t[Hello. This is], a hospital.\n\nday/03\tIt is on March, [third,] at nine.\tfonims\r\nsay/bye\tGoodbye.";
        let (texts, faults) = read_texts(Path::new("phrases.tsv"), text);
        assert_eq!(faults, []);
        let words: Vec<_> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        assert_eq!(words, [("day/03", "third,"), ("say/bye", "Goodbye."), ("say/hello", "Hello. This is")]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_refused_by_name() {
        let clean = "say/a\tHello\tfonims\r\nsay/b\tBuenos días";
        assert_eq!(read_texts(Path::new("phrases.tsv"), clean).1, []);
        for (text, line, column, id) in [
            ("say/a\tHello\nsay/b\tWor\u{1b}[2Jld", 2, 10, "say/b: "),
            ("say/a\tHe\u{0}llo", 1, 9, "say/a: "),
            ("say/a\tHe\rllo\r\n", 1, 9, "say/a: "),
            ("say/a\tHello\tfo\u{85}nims", 1, 15, "say/a: "),
            ("say/\u{7}a\tHello", 1, 5, ""),
            ("\u{feff}say/a\tHe\u{8}llo", 1, 10, "say/a: "),
            ("# \u{1b}]0;title\u{7}", 1, 3, ""),
            ("say/a\tHello \u{202e}dlrow", 1, 13, "say/a: "),
        ] {
            let (texts, faults) = read_texts(Path::new("phrases.tsv"), text);
            assert!(texts.len() < 2, "{text:?}");
            let [fault] = &faults[..] else { panic!("{text:?}: {faults:?}") };
            assert_eq!((fault.line, fault.column, fault.code), (line, column, "control_character"), "{text:?}");
            assert!(fault.message.starts_with(&format!("{id}a control character")), "{}", fault.message);
            let shown = fault.to_string();
            assert!(!shown.contains(|c: char| is_unseen(c) && c != '\n'), "{shown:?}");
        }
    }

    #[test]
    fn another_encoding_is_named_with_its_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("phrases.tsv");
        fs::write(&file, b"say/a\tHello\nsay/b\tBuenos d\xedas").expect("written");
        let faults = read_text(&file).expect_err("Latin-1");
        assert_eq!(faults.iter().map(|f| (f.line, f.column, f.code)).collect::<Vec<_>>(), [(2, 15, "not_utf8")]);
        assert!(faults[0].message.contains("0xed"), "{}", faults[0].message);
    }

    #[test]
    fn every_bad_line_is_named() {
        let (long_id, long_text) = ("e".repeat(121), "f ".repeat(300));
        let text = format!(
            "say/a\tA [b\nsay/b\n../etc/passwd\tx\n/tmp/x\tx\nsay/c\tC\nsay/c\tC\nsay d\tD\n\
             a/b/c/d/e/f\tDeep\n{long_id}\tE\nsay/f\t{long_text}\n"
        );
        let (texts, faults) = read_texts(Path::new("phrases.tsv"), &text);
        let found: Vec<_> = faults.iter().map(|f| (f.line, f.code)).collect();
        let (id, words) = ("bad_phrase_id", "bad_phrase_text");
        assert_eq!(
            found,
            [(1, words), (2, words), (3, id), (4, id), (6, "repeated_phrase"), (7, id), (8, id), (9, id), (10, words)]
        );
        assert_eq!(texts.len(), 1);
    }
}
