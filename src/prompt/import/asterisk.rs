//! Sound sets in Asterisk's names. Which of them make which of our phrases is data: `asterisk.tsv`.

use crate::core::ids::{LanguageTag, PhraseId};

/// A phrase that such a set can say.
pub(super) struct Row {
    /// The phrase.
    pub id: PhraseId,
    /// The sounds that make it, joined in this order.
    pub sounds: Vec<&'static str>,
    /// What they say.
    pub says: &'static str,
}

const TABLE: &str = include_str!("asterisk.tsv");

/// What is known of sets of this language, whatever its country.
pub(super) fn rows(language: &LanguageTag) -> Vec<Row> {
    let wanted = language.as_str().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let mut columns = line.split('\t');
        let (language, id, sounds, says) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
        (language == wanted).then(|| Row { id: PhraseId::from(id), sounds: sounds.split(" + ").collect(), says })
    };
    lines.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_table_is_whole() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split('\t').filter(|cell| !cell.trim().is_empty()).count(), 4, "{line}");
        }
        for (language, of) in [("en-US", 160), ("es-MX", 166), ("fr-FR", 0)] {
            let rows = rows(&language.into());
            let ids: BTreeSet<_> = rows.iter().map(|row| row.id.as_str()).collect();
            assert_eq!((rows.len(), ids.len()), (of, of), "{language}: each phrase once");
        }
    }

    #[test]
    fn numbers_beyond_twenty_are_joined_and_sunday_is_the_first_day() {
        let of = |language: &str, id: &str| {
            let row = rows(&language.into()).into_iter().find(|row| row.id.as_str() == id).expect(id);
            format!("{} = {}", row.sounds.join(" + "), row.says)
        };
        for (language, id, want) in [
            ("en-GB", "minute/42", "digits/40 + digits/2 = forty two"),
            ("en-US", "day/23", "digits/20 + digits/h-3 = twenty third"),
            ("en-US", "day/30", "digits/h-30 = thirtieth"),
            ("en-US", "minute/05", "digits/oh + digits/5 = oh five"),
            ("en-US", "weekday/sun", "digits/day-0 = Sunday"),
            ("en-US", "month/12", "digits/mon-11 = December"),
            ("es-US", "minute/42", "digits/and + digits/40 + digits/and + digits/2 = y cuarenta y dos"),
            ("es-US", "hour/01", "digits/at_s + digits/1F = a la una"),
        ] {
            assert_eq!(of(language, id), want, "{id}");
        }
    }
}
