//! Which days a job calls on, and which of them a touch falls on (interfaces, section 4, rules of time 1 and 2).

use super::{Count, WhenRules};
use chrono::{Datelike, Days, NaiveDate};

/// How far back a callable day is looked for at all: rules without one end here.
const SEARCH_DAYS: u64 = 10_000;

impl WhenRules {
    /// Whether calls are made on this local date of a site at all.
    pub fn is_callable(&self, day: NaiveDate) -> bool {
        self.weekdays.contains(&day.weekday()) && !self.holidays.contains(day)
    }

    /// The day of the touch that is made `days_before` a visit on `visit_day`.
    pub fn touch_day(&self, visit_day: NaiveDate, days_before: u32) -> Option<NaiveDate> {
        match self.count {
            Count::Calendar => {
                let latest = visit_day.checked_sub_days(Days::new(days_before.into()))?;
                self.callable_days_back(latest).next()
            }
            Count::Business => {
                self.callable_days_back(visit_day.pred_opt()?).nth(usize::try_from(days_before.checked_sub(1)?).ok()?)
            }
        }
    }

    fn callable_days_back(&self, latest: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        (0..SEARCH_DAYS).map_while(move |back| latest.checked_sub_days(Days::new(back))).filter(|day| self.is_callable(*day))
    }
}
