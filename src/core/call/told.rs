//! Which keys a phrase tells the patient of: its name says so.

use super::Key;
use crate::ids::PhraseId;

/// The keys that a phrase tells of, the last first: names end in them. `say/confirm-1` tells of 1, `say/wrong-star` of star,
/// `say/menu-1-2-3` of three, `say/hello` of none. A form (`.end`, `.guardian`) tells of the same.
pub fn keys_told(phrase: &PhraseId) -> impl Iterator<Item = Key> + '_ {
    let name = phrase.as_str().rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let (_, keys) = name.split_once('-').unwrap_or_default();
    keys.rsplit('-').map_while(key)
}

fn key(word: &str) -> Option<Key> {
    match word {
        "star" => Key::new('*'),
        "pound" => Key::new('#'),
        _ if word.len() == 1 => word.chars().next().filter(char::is_ascii_digit).and_then(Key::new),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_the_keys_that_they_tell_of() {
        for (phrase, want) in [
            ("say/confirm-1", "1"),
            ("say/confirm-new-1", "1"),
            ("say/wrong-number-7.end", "7"),
            ("say/wrong-star", "*"),
            ("say/operator-pound", "#"),
            ("say/menu-1-2-3", "321"),
            ("say/hello", ""),
            ("say/opt-out", ""),
            ("digit/7", ""),
            ("say/7", ""),
            ("date/03-23", ""),
            ("say/building-12", ""),
            ("say/plan-B", ""),
            ("say/1-or-two", ""),
        ] {
            assert_eq!(keys_told(&PhraseId::from(phrase)).map(Key::as_char).collect::<String>(), want, "{phrase}");
        }
    }
}
