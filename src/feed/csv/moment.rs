//! Dates and times of a row: ISO 8601 or the one form the feed's settings declare, never a guess.

use crate::core::domain::resolve_local;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// What a time must look like, in words.
pub(super) const WANT_TIME: &str = "YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS, by the site's clock unless an offset follows";

/// Reads a time; one without an offset is by the clock of `zone`.
pub(super) fn time(text: &str, format: Option<&str>, zone: Tz) -> Option<DateTime<Utc>> {
    let moment = match format {
        None => iso(text, zone)?,
        Some(format) => declared(text, format, zone)?,
    };
    plausible(moment.year()).then_some(moment)
}

/// Reads a day, such as a birth date.
pub(super) fn day(text: &str, format: Option<&str>) -> Option<NaiveDate> {
    let of_iso = || (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    let of_declared = || {
        let day = format?.split([' ', 'T']).next()?;
        let said = text.split([' ', 'T']).next()?;
        NaiveDate::parse_from_str(said, day).ok()
    };
    of_iso().or_else(of_declared).filter(|day| plausible(day.year()))
}

/// A year of two digits reads as the first century; neither that nor the far future is a hospital's.
fn plausible(year: i32) -> bool {
    (1880..2200).contains(&year)
}

/// `YYYY-MM-DDTHH:MM[:SS]` (a blank for the T is taken), then nothing, `Z`, `+HH:MM` or `+HHMM`.
fn iso(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let offset_from =
        text.char_indices().skip(16).find(|(_, c)| matches!(c, 'Z' | 'z' | '+' | '-')).map_or(text.len(), |(i, _)| i);
    let (local, offset) = text.split_at(offset_from);
    let format = match local.len() {
        16 => "%Y-%m-%dT%H:%M",
        19 => "%Y-%m-%dT%H:%M:%S",
        _ => return None,
    };
    if !local.is_ascii() {
        return None;
    }
    let local = match local.as_bytes()[10] {
        b' ' => format!("{}T{}", &local[..10], &local[11..]),
        _ => local.to_string(),
    };
    if offset.is_empty() {
        return NaiveDateTime::parse_from_str(&local, format).ok().map(|local| resolve_local(local, zone));
    }
    let offset = if offset.eq_ignore_ascii_case("z") { "+0000" } else { offset };
    DateTime::parse_from_str(&format!("{local}{offset}"), &format!("{format}%z")).ok().map(|at| at.with_timezone(&Utc))
}

fn declared(text: &str, format: &str, zone: Tz) -> Option<DateTime<Utc>> {
    if format.contains("%z") || format.contains("%:z") {
        return DateTime::parse_from_str(text, format).ok().map(|at| at.with_timezone(&Utc));
    }
    NaiveDateTime::parse_from_str(text, format).ok().map(|local| resolve_local(local, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOSTON: Tz = chrono_tz::America::New_York;

    #[test]
    fn iso_times_with_and_without_an_offset() {
        for (text, want) in [
            ("2026-12-01T09:00", Some("2026-12-01T14:00:00+00:00")),
            ("2026-12-01T09:00:30", Some("2026-12-01T14:00:30+00:00")),
            ("2026-12-01 09:00", Some("2026-12-01T14:00:00+00:00")),
            ("2026-12-01T09:00-07:00", Some("2026-12-01T16:00:00+00:00")),
            ("2026-12-01T09:00:00+0100", Some("2026-12-01T08:00:00+00:00")),
            ("2026-12-01T09:00Z", Some("2026-12-01T09:00:00+00:00")),
            ("2026-03-08T02:30", Some("2026-03-08T07:00:00+00:00")),
            ("2026-11-01T01:30", Some("2026-11-01T05:30:00+00:00")),
            ("2026-12-01", None),
            ("2026-12-01T9:00", None),
            ("2026-12-01T09:0", None),
            ("2026-13-01T09:00", None),
            ("2026-02-30T09:00", None),
            ("12/01/2026 09:00", None),
            ("0026-12-01T09:00", None),
            ("46357.375", None),
            ("2026-12-01T09:00x", None),
            ("2026-12-01Té9:00", None),
            ("tomorrow", None),
        ] {
            assert_eq!(time(text, None, BOSTON).map(|at| at.to_rfc3339()).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_declared_form_is_the_only_one() {
        let want = Some("2026-12-01T21:05:00+00:00");
        for (format, text) in [
            ("%m/%d/%Y %H:%M", "12/01/2026 16:05"),
            ("%m/%d/%Y %I:%M %p", "12/1/2026 4:05 PM"),
            ("%d.%m.%Y %H:%M", "01.12.2026 16:05"),
            ("%Y-%m-%dT%H:%M%z", "2026-12-01T16:05-0500"),
        ] {
            assert_eq!(time(text, Some(format), BOSTON).map(|at| at.to_rfc3339()).as_deref(), want, "{format}");
        }
        assert_eq!(time("2026-12-01T16:05", Some("%m/%d/%Y %H:%M"), BOSTON), None);
        assert_eq!(time("13/01/2026 16:05", Some("%m/%d/%Y %H:%M"), BOSTON), None);
        assert_eq!(time("12/01/26 16:05", Some("%m/%d/%Y %H:%M"), BOSTON), None, "a year of two digits");
    }

    #[test]
    fn days_of_birth() {
        let born = NaiveDate::from_ymd_opt(1961, 2, 3);
        assert_eq!(day("1961-02-03", None), born);
        assert_eq!(day("02/03/1961", Some("%m/%d/%Y %H:%M")), born);
        assert_eq!((day("02/03/1961", None), day("1961-02-30", None), day("61-02-03", None)), (None, None, None));
    }
}
