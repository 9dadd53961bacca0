//! Which phrase a file is: by its path, by its number on a recording sheet, or by a flat name.

use crate::core::ids::PhraseId;
use crate::fault::nearest;
use crate::prompt::sheet::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The phrases that files can be.
pub(super) struct Naming<'a> {
    ids: BTreeSet<&'a str>,
    /// By their names with a dash for every slash and underscore, in small letters.
    flat: BTreeMap<String, Vec<&'a str>>,
    sheet: &'a [Entry],
}

impl<'a> Naming<'a> {
    /// The phrases of a pack, and of the sheet where there is one.
    pub fn new(ids: impl Iterator<Item = &'a PhraseId>, sheet: &'a [Entry]) -> Naming<'a> {
        let ids: BTreeSet<&str> = ids.chain(sheet.iter().map(|entry| &entry.id)).map(PhraseId::as_str).collect();
        let mut flat: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for id in &ids {
            flat.entry(flattened(id)).or_default().push(id);
        }
        Naming { ids, flat, sheet }
    }

    /// The phrase of a file, by its name without what says its format: `day/01`, `017`, `day-01`, `takes/day/01`.
    pub fn phrase_of(&self, name: &str) -> Result<PhraseId, String> {
        // The longest end of the path that is a phrase; a phrase of one part alone may be a number of the sheet.
        let ends = std::iter::once(name).chain(name.match_indices('/').map(|(at, _)| &name[at + 1..]));
        if let Some(id) = ends.filter(|end| end.contains('/')).find_map(|end| self.ids.get(end)) {
            return Ok(PhraseId::from(*id));
        }
        let last = name.rsplit('/').next().unwrap_or_default();
        if let Some(entry) = self.sheet.iter().find(|entry| !entry.file.is_empty() && entry.file.eq_ignore_ascii_case(last)) {
            return Ok(entry.id.clone());
        }
        if let Ok(number) = last.parse::<u32>() {
            return match self.sheet.iter().find(|entry| entry.number == number) {
                Some(entry) => Ok(entry.id.clone()),
                None if self.sheet.is_empty() => Err("a number alone is no phrase: give the recording sheet with --sheet".into()),
                None => Err(format!("the recording sheet has no number {number}")),
            };
        }
        match self.flat.get(&flattened(last)).map(Vec::as_slice) {
            Some([id]) => Ok(PhraseId::from(*id)),
            Some(several) => {
                Err(format!("its name could be {}: name it by its folder, as in {}.wav", several.join(" or "), several[0]))
            }
            None => {
                let meant = nearest(&flattened(last), self.flat.keys().map(String::as_str));
                let meant = meant.and_then(|flat| self.flat.get(flat)).and_then(|ids| ids.first());
                let hint = meant.map(|id| format!(" (did you mean {id}?)")).unwrap_or_default();
                Err(format!(
                    "`{last}` is no phrase of the pack{hint}; a new phrase needs its words: --id and --text, or a line of a sheet"
                ))
            }
        }
    }
}

fn flattened(name: &str) -> String {
    name.to_ascii_lowercase().replace(['/', '_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_path_number_or_flat_name() {
        let ids: Vec<PhraseId> =
            ["say/at-number", "say/hello", "day/01", "ampm/am.end", "slow/day/01", "a/b-c", "a-b/c"].map(PhraseId::from).to_vec();
        let entry = |number, file: &str, id: &str| Entry {
            number,
            file: file.into(),
            id: id.into(),
            heading: String::new(),
            text: String::new(),
            now_ms: None,
        };
        let sheet = [entry(1, "001", "say/hello"), entry(17, "greeting", "day/01"), entry(18, "", "site/new")];
        let with = Naming::new(ids.iter(), &sheet);
        let without = Naming::new(ids.iter(), &[]);
        for (name, want) in [
            ("day/01", "day/01"),
            ("tmp/takes/slow/day/01", "slow/day/01"),
            ("takes/Day-01", "day/01"),
            ("day_01", "day/01"),
            ("Say At Number", "say/at-number"),
            ("ampm-am.end", "ampm/am.end"),
            ("slow-day-01", "slow/day/01"),
        ] {
            assert_eq!(with.phrase_of(name), Ok(want.into()), "{name}");
            assert_eq!(without.phrase_of(name), Ok(want.into()), "{name}");
        }
        for (name, want) in [
            ("takes/001", "say/hello"),
            ("1", "say/hello"),
            ("Greeting", "day/01"),
            ("0018", "site/new"),
            ("site-new", "site/new"),
        ] {
            assert_eq!(with.phrase_of(name), Ok(want.into()), "{name}");
        }
        for (name, want) in [
            ("a-b-c", "its name could be a-b/c or a/b-c: name it by its folder, as in a-b/c.wav"),
            ("19", "the recording sheet has no number 19"),
            (
                "say-helo",
                "`say-helo` is no phrase of the pack (did you mean say/hello?); a new phrase needs its words: --id and --text, or a line of a sheet",
            ),
        ] {
            assert_eq!(with.phrase_of(name), Err(want.into()), "{name}");
        }
        assert_eq!(without.phrase_of("17"), Err("a number alone is no phrase: give the recording sheet with --sheet".into()));
    }
}
