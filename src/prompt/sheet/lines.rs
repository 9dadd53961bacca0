//! The lines of `phrases.tsv` in their order, whole: with the sentence around the spoken part, and under their headings.
//! (What a pack needs of them is read by the room `pack`.)

use crate::core::ids::PhraseId;

/// A phrase as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The heading over it (`# -- digits`), empty where there is none.
    pub heading: String,
    /// The phrase.
    pub id: PhraseId,
    /// The sentence; `[brackets]` hold the part that is kept.
    pub text: String,
}

/// A sentence in three parts: what is only said for the melody, what is kept, and again what is only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier<'a> {
    /// Said in front.
    pub before: &'a str,
    /// The phrase.
    pub kept: &'a str,
    /// Said behind.
    pub after: &'a str,
}

/// The lines of a `phrases.tsv` that hold a phrase. What is wrong with the others is for `prompts check` to say.
pub fn read_lines(text: &str) -> Vec<Line> {
    let mut heading = String::new();
    let mut lines = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if let Some(title) = line.strip_prefix("# --") {
            heading = title.trim().to_string();
        } else if !line.starts_with('#') {
            let mut columns = line.split('\t');
            if let (Some(id), Some(text)) = (columns.next(), columns.next().map(str::trim).filter(|text| !text.is_empty())) {
                lines.push(Line { heading: heading.clone(), id: PhraseId::new(id.trim()), text: text.to_string() });
            }
        }
    }
    lines
}

/// The three parts of a sentence; without brackets all of it is kept.
pub fn carrier(text: &str) -> Carrier<'_> {
    let parts = text.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)));
    let (before, kept, after) = parts.map_or(("", text, ""), |(before, (kept, after))| (before, kept, after));
    Carrier { before, kept: kept.trim(), after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_order_their_sentence_and_their_heading() {
        let text = "\u{feff}# A pack.\nsay/a\tAll of it.\n# -- days\nday/02\tIt is [second,] at nine.\tfonims\n\nday/01\tfirst,\r\nbroken\n";
        let lines = read_lines(text);
        let found: Vec<_> = lines.iter().map(|l| (l.heading.as_str(), l.id.as_str(), l.text.as_str())).collect();
        assert_eq!(
            found,
            [("", "say/a", "All of it."), ("days", "day/02", "It is [second,] at nine."), ("days", "day/01", "first,")]
        );
        assert_eq!(carrier(&lines[1].text), Carrier { before: "It is ", kept: "second,", after: " at nine." });
        assert_eq!(carrier("first,"), Carrier { before: "", kept: "first,", after: "" });
    }
}
