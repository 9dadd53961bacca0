//! Codes of visit types: whole ones, ranges, beginnings.

/// Which codes a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CodePattern {
    /// This one.
    Whole(String),
    /// All that begin so.
    Beginning(String),
    /// All with this beginning and, after it, a number of this many digits from the first to the last.
    Range { beginning: String, digits: usize, first: u64, last: u64 },
}

impl CodePattern {
    /// `77401-77425` and `G6003-G6015` are ranges, as is `ab:209-213`; `964*` is a beginning; anything else is whole.
    pub fn read(text: &str) -> CodePattern {
        let text = text.to_ascii_uppercase();
        if let Some(beginning) = text.strip_suffix('*') {
            return CodePattern::Beginning(beginning.to_string());
        }
        range(&text).unwrap_or(CodePattern::Whole(text))
    }

    /// Whether it is for this code, whatever its case.
    pub fn matches(&self, code: &str) -> bool {
        match self {
            CodePattern::Whole(whole) => code.eq_ignore_ascii_case(whole),
            CodePattern::Beginning(beginning) => starts_with(code, beginning).is_some(),
            CodePattern::Range { beginning, digits, first, last } => starts_with(code, beginning)
                .filter(|rest| rest.len() == *digits && rest.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|rest| rest.parse().ok())
                .is_some_and(|number: u64| (*first..=*last).contains(&number)),
        }
    }
}

fn starts_with<'a>(code: &'a str, beginning: &str) -> Option<&'a str> {
    let (head, rest) = code.split_at_checked(beginning.len())?;
    head.eq_ignore_ascii_case(beginning).then_some(rest)
}

fn range(text: &str) -> Option<CodePattern> {
    let (low, high) = text.rsplit_once('-')?;
    let letters = low.trim_end_matches(|c: char| c.is_ascii_digit());
    let low = &low[letters.len()..];
    let high = high.strip_prefix(letters).unwrap_or(high);
    let sound = !low.is_empty() && low.len() == high.len() && high.bytes().all(|b| b.is_ascii_digit());
    let (first, last) = (low.parse().ok()?, high.parse().ok()?);
    (sound && first <= last).then(|| CodePattern::Range { beginning: letters.to_string(), digits: low.len(), first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_beginnings_and_whole_codes() {
        for (pattern, inside, outside) in [
            ("77401-77425", vec!["77401", "77412", "77425"], vec!["77400", "77426", "7741", "077412", "77412A", ""]),
            ("G6003-G6015", vec!["G6003", "g6010"], vec!["6003", "G6016", "H6003"]),
            ("service-type:209-213", vec!["service-type:209", "Service-Type:213"], vec!["209", "service-type:214"]),
            ("964*", vec!["964", "96413"], vec!["96", "9"]),
            ("MRI-BRAIN", vec!["mri-brain"], vec!["MRI", "MRI-BRAIN-2"]),
            ("US-1", vec!["US-1"], vec!["US", "US-2"]),
            ("20-10", vec!["20-10"], vec!["15"]),
        ] {
            let read = CodePattern::read(pattern);
            assert!(inside.iter().all(|code| read.matches(code)), "{pattern}: {read:?}");
            assert!(!outside.iter().any(|code| read.matches(code)), "{pattern}: {read:?}");
        }
        assert!(!CodePattern::read("é*").matches("e"));
    }
}
