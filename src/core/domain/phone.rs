//! Telephone numbers.

use crate::phi::{Phi, REDACTED};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A telephone number in E.164 form (`+16175550100`). Prints redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Why a text is no number that can be dialled. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneFault {
    /// It has an extension, which a machine cannot dial safely.
    Extension,
    /// Neither E.164 nor ten digits.
    Malformed,
}

impl fmt::Display for PhoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PhoneFault::Extension => "it has an extension, which cannot be dialled",
            PhoneFault::Malformed => "want E.164 (+16175550100) or ten digits",
        })
    }
}

impl PhoneNumber {
    /// Reads E.164, or ten digits with blanks, dots, dashes, brackets and a leading 1 (then a North American number).
    pub fn parse(text: &str) -> Result<PhoneNumber, PhoneFault> {
        let text = text.trim();
        // `ext` has an x, too.
        if text.contains(['x', 'X', '#', ';', ',']) {
            return Err(PhoneFault::Extension);
        }
        if let Some(rest) = text.strip_prefix('+') {
            let digits: String = rest.chars().filter(|c| !is_filler(*c)).collect();
            let sound = digits.bytes().all(|b| b.is_ascii_digit())
                && (8..=15).contains(&digits.len())
                && !digits.starts_with('0')
                && (!digits.starts_with('1') || digits.len() == 11);
            return if sound { Ok(PhoneNumber(format!("+{digits}"))) } else { Err(PhoneFault::Malformed) };
        }
        let digits: String = text.chars().filter(|c| !is_filler(*c)).collect();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PhoneFault::Malformed);
        }
        match digits.len() {
            10 => Ok(PhoneNumber(format!("+1{digits}"))),
            11 if digits.starts_with('1') => Ok(PhoneNumber(format!("+{digits}"))),
            _ => Err(PhoneFault::Malformed),
        }
    }

    /// The number in E.164 form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits: what outputs may show.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The three digits of a North American area code.
    pub fn area_code(&self) -> Option<&str> {
        self.0.strip_prefix("+1").map(|rest| &rest[..3])
    }
}

fn is_filler(c: char) -> bool {
    matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}' | '\u{2011}' | '\u{2013}' | '/')
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        PhoneNumber::parse(&text).map_err(|fault| fault.to_string())
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0
    }
}

/// Which of a patient's telephones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneKind {
    /// At home.
    Home,
    /// In the pocket.
    Mobile,
    /// At work.
    Work,
}

impl PhoneKind {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            PhoneKind::Home => "home",
            PhoneKind::Mobile => "mobile",
            PhoneKind::Work => "work",
        }
    }

    /// Reads a word of a file.
    pub fn parse(word: &str) -> Option<PhoneKind> {
        [PhoneKind::Home, PhoneKind::Mobile, PhoneKind::Work].into_iter().find(|k| k.as_str() == word)
    }
}

/// A number as it was given, and as it can be dialled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Which telephone.
    pub kind: PhoneKind,
    /// The text of the feed.
    pub given: Phi<String>,
    /// The number, where the text is one.
    pub number: Option<PhoneNumber>,
}

impl Phone {
    /// Keeps the text and reads it.
    pub fn read(kind: PhoneKind, given: &str) -> Phone {
        Phone { kind, given: Phi::new(given.to_string()), number: PhoneNumber::parse(given).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, want) in [
            ("+16175550101", Ok("+16175550101")),
            ("617-555-0101", Ok("+16175550101")),
            ("(617) 555.0101", Ok("+16175550101")),
            ("1 617 555 0101", Ok("+16175550101")),
            ("+1 (617) 555-0101", Ok("+16175550101")),
            ("+34 912 345 678", Ok("+34912345678")),
            ("617-555-0101 x12", Err(PhoneFault::Extension)),
            ("617-555-0101 ext. 4", Err(PhoneFault::Extension)),
            ("555-0101", Err(PhoneFault::Malformed)),
            ("unknown", Err(PhoneFault::Malformed)),
            ("+1617555010", Err(PhoneFault::Malformed)),
            ("", Err(PhoneFault::Malformed)),
        ] {
            assert_eq!(PhoneNumber::parse(text).as_ref().map(|n| n.as_str()).map_err(|e| *e), want, "{text}");
        }
    }

    #[test]
    fn prints_nothing_of_the_number() {
        let number = PhoneNumber::parse("6175550101").expect("ten digits");
        assert_eq!(format!("{number:?}"), REDACTED);
        assert_eq!((number.last_four(), number.area_code()), ("0101", Some("617")));
        let phone = Phone::read(PhoneKind::Home, "6175550101");
        assert!(!format!("{phone:?}").contains("0101"));
    }
}
