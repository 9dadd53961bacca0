//! A birthday without its year: what a caller enters to show who they are.

use crate::phi::REDACTED;
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// Month and day. Prints redacted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Birthday {
    month: u32,
    day: u32,
}

impl Birthday {
    /// Reads four digits, the month first; `None` where no year has such a day.
    pub fn parse(digits: &str) -> Option<Birthday> {
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let (month, day) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
        // A leap year has every day that any year has.
        NaiveDate::from_ymd_opt(2000, month, day).map(|_| Birthday { month, day })
    }

    /// Whether somebody born on that date has this birthday.
    pub fn is_of(self, born: NaiveDate) -> bool {
        (self.month, self.day) == (born.month(), born.day())
    }
}

impl fmt::Debug for Birthday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_a_month_and_a_day_of_it() {
        let born = |text: &str| text.parse::<NaiveDate>().expect("a date");
        for (digits, date, want) in [
            ("0412", "1961-04-12", Some(true)),
            ("0412", "1961-12-04", Some(false)),
            ("0229", "1960-02-29", Some(true)),
            ("0228", "1960-02-29", Some(false)),
            ("0230", "1960-02-29", None),
            ("1301", "1961-01-13", None),
            ("0000", "1961-01-01", None),
            ("412", "1961-04-12", None),
            ("04121", "1961-04-12", None),
            ("04*2", "1961-04-12", None),
            ("٠٤", "1961-04-12", None),
            ("", "1961-04-12", None),
        ] {
            assert_eq!(Birthday::parse(digits).map(|birthday| birthday.is_of(born(date))), want, "{digits}");
        }
        assert_eq!(format!("{:?}", Birthday::parse("0412")), format!("Some({REDACTED})"));
    }
}
