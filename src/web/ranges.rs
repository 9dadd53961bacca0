//! The `Range` of a request, read as RFC 9110 section 14 has it.

use std::ops::Range;

/// What of a representation is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// All of it: also for several ranges, another unit, and what cannot be understood, which may be ignored.
    Whole,
    /// These bytes; at least one.
    Part(Range<usize>),
    /// Bytes that it does not have.
    Nothing,
}

/// Reads the header's value for a representation of `length` bytes.
pub fn asked(value: &str, length: usize) -> Asked {
    let Some((unit, range)) = value.split_once('=') else { return Asked::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    let part = match (first, last) {
        // The last so many: at most all of them.
        ("", last) => number(last).map(|last| length - last.min(length)..length),
        (first, "") => number(first).map(|first| first..length),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Some(first..last.saturating_add(1).min(length)),
            _ => None,
        },
    };
    match part {
        None => Asked::Whole,
        Some(part) if part.is_empty() => Asked::Nothing,
        Some(part) => Asked::Part(part),
    }
}

/// Digits alone; what is too large to be counted is larger than any audio.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (value, want) in [
            ("bytes=0-3", Asked::Part(0..4)),
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=5-", Asked::Part(5..10)),
            ("bytes=-4", Asked::Part(6..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("bytes=8-99", Asked::Part(8..10)),
            ("bytes=0-99999999999999999999999999", Asked::Part(0..10)),
            ("Bytes=0-3", Asked::Part(0..4)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=10-20", Asked::Nothing),
            ("bytes=99999999999999999999999999-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=3-1", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("bytes", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-+3", Asked::Whole),
            ("bytes=1 - 3", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            assert_eq!(asked(value, 10), want, "{value}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
    }
}
