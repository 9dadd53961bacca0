//! `phrases.tsv`: the words of every phrase, one a line: `id<TAB>text`, further columns belong to the voice tool.
//! `[Brackets]` hold the part that is spoken; the words around them only give it its melody.

use crate::core::ids::PhraseId;
use crate::fault::Fault;
use std::collections::BTreeMap;
use std::path::Path;

/// The words of the phrases, and what is wrong with the file.
pub(super) fn read_texts(file: &Path, text: &str) -> (BTreeMap<PhraseId, String>, Vec<Fault>) {
    let mut texts = BTreeMap::new();
    let mut faults = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_start_matches('\u{feff}').trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut columns = line.split('\t');
        let id = columns.next().unwrap_or_default();
        let problem = if !is_id(id) {
            Some(("bad_phrase_id", format!("`{id}` is no phrase id: want letters, digits, dot, dash and slash, as in say/hello")))
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

/// Ids become paths: nothing that could lead out of the pack's folder.
fn is_id(id: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !id.is_empty() && id.split('/').all(|part| part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(letter))
}

/// The words inside the brackets; without brackets all of them.
fn kept_part(text: &str) -> Result<&str, &'static str> {
    let brackets = text.matches(['[', ']']).collect::<String>();
    let kept = match (brackets.as_str(), text.find('['), text.find(']')) {
        ("", ..) => text,
        ("[]", Some(open), Some(close)) => &text[open + 1..close],
        _ => return Err("want one pair of [brackets] around the part that is spoken, or none"),
    };
    if kept.trim().is_empty() { Err("its words are missing") } else { Ok(kept.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids_and_the_part_that_is_spoken() {
        let text = "\u{feff}# who calls\nsay/hello\t[Hello. This is], a hospital.\n\nday/03\tIt is on March, [third,] at nine.\tfonims\r\nsay/bye\tGoodbye.";
        let (texts, faults) = read_texts(Path::new("phrases.tsv"), text);
        assert_eq!(faults, []);
        let words: Vec<_> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        assert_eq!(words, [("day/03", "third,"), ("say/bye", "Goodbye."), ("say/hello", "Hello. This is")]);
    }

    #[test]
    fn every_bad_line_is_named() {
        let text = "say/a\tA [b\nsay/b\n../etc/passwd\tx\n/tmp/x\tx\nsay/c\tC\nsay/c\tC\nsay d\tD\n";
        let (texts, faults) = read_texts(Path::new("phrases.tsv"), text);
        let found: Vec<_> = faults.iter().map(|f| (f.line, f.code)).collect();
        let (id, words) = ("bad_phrase_id", "bad_phrase_text");
        assert_eq!(found, [(1, words), (2, words), (3, id), (4, id), (6, "repeated_phrase"), (7, id)]);
        assert_eq!(texts.len(), 1);
    }
}
