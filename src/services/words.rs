//! Whole words anywhere in a text, whatever their case and the punctuation between them.

/// Titles that are written with a dot, and are no modality then.
const TITLES: [&str; 4] = ["mr", "mrs", "ms", "dr"];

/// The words of a text in lower case: runs of letters and digits. A title with its dot before a name is left out.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let word = rest[..end].to_lowercase();
        rest = &rest[end..];
        let before_a_name = rest.strip_prefix('.').is_some_and(|after| after.trim_start().starts_with(char::is_alphabetic));
        if !(before_a_name && TITLES.contains(&word.as_str())) {
            words.push(word);
        }
    }
    words
}

/// `follow up`, `ct sim|mr sim`, `rad onc + tx|treatment`: every part must be there, each as one of its phrases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordPattern {
    parts: Vec<Vec<Vec<String>>>,
}

impl WordPattern {
    /// `None` where a part or a phrase holds no word.
    pub fn read(text: &str) -> Option<WordPattern> {
        let phrase = |text: &str| Some(split(text)).filter(|words| !words.is_empty());
        let part = |text: &str| text.split('|').map(phrase).collect::<Option<Vec<_>>>();
        text.split('+').map(part).collect::<Option<Vec<_>>>().map(|parts| WordPattern { parts })
    }

    /// Whether the words of a text hold it.
    pub fn is_in(&self, words: &[String]) -> bool {
        let holds = |phrase: &Vec<String>| words.windows(phrase.len()).any(|window| window == phrase);
        self.parts.iter().all(|part| part.iter().any(holds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_in_any_case_with_any_punctuation() {
        for (pattern, inside, outside) in [
            ("follow up", vec!["FOLLOW-UP 15", "Follow  Up", "a follow/up"], vec!["FOLLOWING UP", "UP FOLLOW", "follow"]),
            ("f/u", vec!["F/U", "f-u 30"], vec!["FU", "F"]),
            ("mr", vec!["MR BRAIN", "brain mr", "MR.", "MR, HEAD"], vec!["Mr. Smith", "MR.SMITH", "MRS", "mri"]),
            ("rad onc + tx|treat", vec!["RAD ONC DAILY TX", "TREAT: RAD ONC"], vec!["RAD TX", "RAD ONC", "RAD ONC TREATED"]),
            ("ünïon", vec!["ÜNÏON 3"], vec!["union"]),
        ] {
            let read = WordPattern::read(pattern).expect("words");
            for text in inside {
                assert!(read.is_in(&split(text)), "{pattern} in {text}");
            }
            for text in outside {
                assert!(!read.is_in(&split(text)), "{pattern} not in {text}");
            }
        }
        assert!(WordPattern::read("a + ").is_none() && WordPattern::read("a||b").is_none() && WordPattern::read("-").is_none());
    }
}
