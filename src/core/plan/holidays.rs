//! Days without calls.

use super::Holidays;
use chrono::{Datelike, Days, NaiveDate, Weekday};

impl Holidays {
    /// Whether no calls are made on `day` (a site's local date).
    pub fn contains(&self, day: NaiveDate) -> bool {
        match self {
            Holidays::None => false,
            Holidays::UsFederal => is_us_federal(day),
            Holidays::Dates(dates) => dates.contains(&day),
        }
    }
}

/// Whether `day` is a federal holiday of the United States or the day on which one is observed: Friday for a Saturday,
/// Monday for a Sunday (5 U.S.C. 6103(a) and (b), Executive Order 11582). Inauguration Day (6103(c)) is left out: it is
/// kept in and around Washington only.
pub fn is_us_federal(day: NaiveDate) -> bool {
    let fixed_on = |other: Option<NaiveDate>| other.is_some_and(is_fixed);
    is_fixed(day)
        || match day.weekday() {
            Weekday::Mon => is_on_a_monday(day) || fixed_on(day.pred_opt()),
            Weekday::Thu => day.month() == 11 && week_of_month(day) == 4,
            Weekday::Fri => fixed_on(day.succ_opt()),
            _ => false,
        }
}

/// What the federal holiday on `day` is called, as 5 U.S.C. 6103(a) does; one that is observed on `day` has the name of its
/// own day.
pub fn us_federal_name(day: NaiveDate) -> Option<&'static str> {
    let fixed = |day: NaiveDate| is_fixed(day).then(|| name_of_fixed(day));
    let observed = match day.weekday() {
        Weekday::Mon if is_on_a_monday(day) => Some(name_of_monday(day)),
        Weekday::Mon => day.pred_opt().and_then(fixed),
        Weekday::Thu if is_us_federal(day) => Some("Thanksgiving Day"),
        Weekday::Fri => day.succ_opt().and_then(fixed),
        _ => None,
    };
    fixed(day).or(observed)
}

fn name_of_fixed(day: NaiveDate) -> &'static str {
    match day.month() {
        1 => "New Year's Day",
        6 => "Juneteenth National Independence Day",
        7 => "Independence Day",
        11 => "Veterans Day",
        _ => "Christmas Day",
    }
}

fn name_of_monday(day: NaiveDate) -> &'static str {
    match day.month() {
        1 => "Birthday of Martin Luther King, Jr.",
        2 => "Washington's Birthday",
        5 => "Memorial Day",
        9 => "Labor Day",
        _ => "Columbus Day",
    }
}

/// New Year's Day, Juneteenth (a holiday since 2021), Independence Day, Veterans Day, Christmas Day.
fn is_fixed(day: NaiveDate) -> bool {
    matches!((day.month(), day.day()), (1, 1) | (7, 4) | (11, 11) | (12, 25))
        || (day.month() == 6 && day.day() == 19 && day.year() >= 2021)
}

/// Martin Luther King's and Washington's birthdays, Memorial Day, Labor Day, Columbus Day.
fn is_on_a_monday(day: NaiveDate) -> bool {
    match day.month() {
        1 | 2 => week_of_month(day) == 3,
        5 => day.checked_add_days(Days::new(7)).is_some_and(|next| next.month() == 6),
        9 => week_of_month(day) == 1,
        10 => week_of_month(day) == 2,
        _ => false,
    }
}

/// The how manieth of its weekday in its month, from 1.
fn week_of_month(day: NaiveDate) -> u32 {
    day.day().div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every federal day off as the Office of Personnel Management publishes them (the observed day), and the day itself
    /// where that fell on a weekend.
    const FEDERAL: &[(i32, &str)] = &[
        (2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
        (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31"),
        (2028, "01-01 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25"),
        (2029, "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-11 11-12 11-22 12-25"),
        (2030, "01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
    ];

    #[test]
    fn federal_holidays_from_2024_to_2030() {
        for (year, want) in FEDERAL {
            let first = NaiveDate::from_ymd_opt(*year, 1, 1).expect("a date");
            let found: Vec<String> = first
                .iter_days()
                .take_while(|d| d.year() == *year)
                .filter(|d| is_us_federal(*d))
                .map(|d| d.format("%m-%d").to_string())
                .collect();
            assert_eq!(found.join(" "), *want, "{year}");
        }
    }

    #[test]
    fn juneteenth_begins_in_2021_and_new_year_reaches_back() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        assert!(!is_us_federal(day("2020-06-19")));
        assert!(is_us_federal(day("2021-06-18")));
        assert!(is_us_federal(day("2021-12-31")), "New Year's Day 2022 is a Saturday");
        assert!(is_us_federal(day("2023-01-02")), "New Year's Day 2023 is a Sunday");
        assert!(!is_us_federal(day("2024-12-31")));
    }

    #[test]
    fn every_holiday_has_a_name_and_no_other_day_has() {
        let first = NaiveDate::from_ymd_opt(2019, 1, 1).expect("a date");
        for day in first.iter_days().take(15 * 366) {
            assert_eq!(us_federal_name(day).is_some(), is_us_federal(day), "{day}");
        }
        for (day, name) in [
            ("2026-11-26", "Thanksgiving Day"),
            ("2026-07-03", "Independence Day"),
            ("2026-07-04", "Independence Day"),
            ("2021-12-31", "New Year's Day"),
            ("2027-01-18", "Birthday of Martin Luther King, Jr."),
            ("2027-02-15", "Washington's Birthday"),
            ("2027-05-31", "Memorial Day"),
            ("2027-06-18", "Juneteenth National Independence Day"),
            ("2027-07-05", "Independence Day"),
            ("2026-09-07", "Labor Day"),
            ("2026-10-12", "Columbus Day"),
            ("2026-11-11", "Veterans Day"),
            ("2026-12-25", "Christmas Day"),
        ] {
            assert_eq!(us_federal_name(day.parse().expect("a date")), Some(name), "{day}");
        }
    }

    #[test]
    fn own_dates_and_none() {
        let day: NaiveDate = "2026-04-03".parse().expect("a date");
        assert!(Holidays::Dates([day].into()).contains(day));
        assert!(!Holidays::Dates([].into()).contains(day));
        assert!(!Holidays::None.contains("2026-12-25".parse().expect("a date")));
    }
}
