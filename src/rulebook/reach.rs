//! How long before a visit the calls of a touch can begin at most: a touch that calls must stop for before it has begun can
//! never be made.

use crate::core::plan::{Clock24, Holidays, WhenRules};
use chrono::{Days, Duration, NaiveDate};

/// After so many years the calendar's days fall on the same weekdays again (within a century).
const CALENDAR: u64 = 28 * 366;
/// Days that show every weekday, with those before a touch that moves.
const FORTNIGHT: u64 = 14;

/// The longest time from the opening of a touch's window, at `open` by the clock, to the start of a visit, over every day that a
/// visit can be on: late at night, the touch moved over weekdays and holidays, the clock put back meanwhile. `None` where no
/// touch has a day.
pub(super) fn longest_ahead(days_before: u32, rules: &WhenRules, open: Clock24) -> Option<Duration> {
    let ahead = |visit: NaiveDate| rules.touch_day(visit, days_before).map(|touch| visit - touch);
    let longest = days_to_look_at(rules).filter_map(ahead).max()?;
    let clock_put_back = Duration::hours(1);
    Some(longest + Duration::days(1) - Duration::minutes(i64::from(open.minutes())) + clock_put_back)
}

/// Days with every neighbourhood of weekdays and holidays there is.
fn days_to_look_at(rules: &WhenRules) -> Box<dyn Iterator<Item = NaiveDate> + '_> {
    let plain = NaiveDate::from_ymd_opt(2001, 1, 8).unwrap_or_default();
    match &rules.holidays {
        Holidays::None => Box::new(plain.iter_days().take(FORTNIGHT as usize)),
        Holidays::UsFederal => {
            let since_juneteenth = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap_or_default();
            Box::new(since_juneteenth.iter_days().take(CALENDAR as usize))
        }
        // Around each of them, and where there is none.
        Holidays::Dates(dates) => {
            let free = dates.last().and_then(|last| last.checked_add_days(Days::new(2 * FORTNIGHT))).unwrap_or(plain);
            let around = dates.iter().flat_map(|day| day.iter_days().take(2 * FORTNIGHT as usize));
            Box::new(around.chain(free.iter_days().take(FORTNIGHT as usize)))
        }
    }
}
