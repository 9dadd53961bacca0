//! Local time of a site.

use chrono::{DateTime, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A day and a time by the clock on a site's wall: what a message speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalMoment {
    /// The day.
    pub date: NaiveDate,
    /// The time of day.
    pub time: NaiveTime,
}

impl LocalMoment {
    /// The moment as the clock of `zone` shows it.
    pub fn at(moment: DateTime<Utc>, zone: Tz) -> LocalMoment {
        let local = moment.with_timezone(&zone).naive_local();
        LocalMoment { date: local.date(), time: local.time() }
    }
}

/// The instant of a local time. A time that does not exist (clocks go forward) moves to the first instant after the
/// gap; one that exists twice (clocks go back) means the first. (Interfaces, section 4, rule 6.)
pub fn resolve_local(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => at.with_timezone(&Utc),
        LocalResult::Ambiguous(first, second) => first.min(second).with_timezone(&Utc),
        LocalResult::None => first_instant_after_gap(local, zone),
    }
}

/// Halves the span between an instant surely before the gap and one surely after it, down to the second.
fn first_instant_after_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let as_if_utc = Utc.from_utc_datetime(&local);
    let offset_at = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let mut before = as_if_utc - Days::new(2);
    let mut after = as_if_utc + Days::new(2);
    let offset_before = offset_at(before);
    // The zone's clock runs ahead of `local` from the transition on, so the local time decides on which side we are.
    let is_after = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() > local && offset_at(at) != offset_before;
    while after - before > Duration::seconds(1) {
        let middle = before + Duration::seconds((after - before).num_seconds() / 2);
        if is_after(middle) { after = middle } else { before = middle }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a local time")
    }

    #[test]
    fn gaps_move_forward_and_doubled_times_mean_the_first() {
        let boston = chrono_tz::America::New_York;
        for (given, want) in [
            ("2026-03-08 01:59", "2026-03-08T06:59:00+00:00"),
            ("2026-03-08 02:00", "2026-03-08T07:00:00+00:00"),
            ("2026-03-08 02:30", "2026-03-08T07:00:00+00:00"),
            ("2026-03-08 03:00", "2026-03-08T07:00:00+00:00"),
            ("2026-11-01 01:30", "2026-11-01T05:30:00+00:00"),
            ("2026-11-01 02:00", "2026-11-01T07:00:00+00:00"),
        ] {
            assert_eq!(resolve_local(local(given), boston).to_rfc3339(), want, "{given}");
        }
    }

    #[test]
    fn a_gap_of_half_an_hour_and_one_of_a_day() {
        let lord_howe = resolve_local(local("2026-10-04 02:10"), chrono_tz::Australia::Lord_Howe);
        assert_eq!(lord_howe.to_rfc3339(), "2026-10-03T15:30:00+00:00");
        let samoa = resolve_local(local("2011-12-30 12:00"), chrono_tz::Pacific::Apia);
        assert_eq!(samoa.to_rfc3339(), "2011-12-30T10:00:00+00:00");
    }
}
