//! Texts as words, so that what a recording says can be compared.

/// A text in words, whatever its case and punctuation; accents count.
#[derive(Debug, PartialEq)]
pub(in crate::prompt) struct Words(Vec<String>);

impl Words {
    pub fn of(text: &str) -> Words {
        let text = text.to_lowercase().replace(['\'', '\u{2019}'], "");
        Words(text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_string).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it ends with the words of `other`.
    pub fn ends_with(&self, other: &Words) -> bool {
        self.0.ends_with(&other.0)
    }

    /// Whether `other` stands in it, as whole words one after the other.
    pub fn hold(&self, other: &Words) -> bool {
        !other.0.is_empty() && self.0.windows(other.0.len()).any(|words| words == other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_in_any_case_with_their_accents() {
        for (text, words, want) in [
            ("You have two appointments", "you have", true),
            ("YOU have", "you have", true),
            ("Thank you. Have a nice day", "you have", true),
            ("You haven't", "you have", false),
            ("billing office", "bill", false),
            ("the bill.", "bill", true),
            ("Usted tiene una cita", "usted tiene", true),
            ("su factura", "facturá", false),
            ("FACTURÁ", "facturá", true),
            ("It\u{2019}s", "it's", true),
            ("anything", "", false),
            ("", "bill", false),
        ] {
            assert_eq!(Words::of(text).hold(&Words::of(words)), want, "{text}: {words}");
        }
    }
}
