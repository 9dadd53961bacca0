//! The hours of one day in which a patient may be called (interfaces, section 4, rules of time 2 to 4 and 6).

use super::{Clock24, Limits, WhenRules};
use crate::domain::resolve_local;
use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

/// How many days a touch moves back at most to find common hours.
const DAYS_BACK: u64 = 14;
/// From when on a window counts as its later part, which follows a no-answer in the morning.
const LATER_PART: NaiveTime = match NaiveTime::from_hms_opt(16, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// A span of time in which a call may be placed: from `open` on, before `close`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub open: DateTime<Utc>,
    pub close: DateTime<Utc>,
}

/// Everything that decides about the hours for one visit, one job and one number.
pub(crate) struct Hours<'a> {
    /// The site's zone.
    pub zone: Tz,
    /// The job's days and hours.
    pub when: &'a WhenRules,
    /// The hard hours.
    pub limits: &'a Limits,
    /// Zones of the called number's area code; empty means the site's.
    pub number_zones: &'static [Tz],
    /// Start of the visit less `no_later_than`: no call from here on.
    pub deadline: DateTime<Utc>,
}

impl Hours<'_> {
    /// Whether calls are made on this local date of the site at all.
    pub fn is_callable(&self, day: NaiveDate) -> bool {
        self.when.is_callable(day)
    }

    /// The local date of the site at `moment`.
    pub fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// The window of a day, whatever its weekday; none where the hours have nothing in common or open only at the
    /// deadline or later. Hours in two pieces: the first.
    pub fn window(&self, day: NaiveDate) -> Option<Window> {
        let from = self.when.from.max(self.limits.earliest);
        let until = self.when.until.min(self.limits.latest);
        if from >= until {
            return None;
        }
        let site = Window { open: instant(day, from, self.zone)?, close: instant(day, until, self.zone)? };
        let common = self.in_number_zones(site)?;
        (common.open < common.close && common.open < self.deadline)
            .then(|| Window { open: common.open, close: common.close.min(self.deadline) })
    }

    /// The window of a touch `days_before` the visit: its day, or the next earlier callable day that has a window.
    pub fn touch_window(&self, visit_day: NaiveDate, days_before: u32) -> Option<Window> {
        let touch_day = self.when.touch_day(visit_day, days_before)?;
        (0..=DAYS_BACK)
            .map_while(|back| touch_day.checked_sub_days(Days::new(back)))
            .filter(|day| self.is_callable(*day))
            .find_map(|day| self.window(day))
    }

    /// The first window on a callable day from `first_day` on that is still open after `earliest`, cut to begin there.
    /// `later_part`: only its part from 16:00 on, where it has one.
    pub fn next_window(&self, earliest: DateTime<Utc>, first_day: Option<NaiveDate>, later_part: bool) -> Option<Window> {
        let last_day = self.day_of(self.deadline);
        let mut day = self.day_of(earliest).max(first_day.unwrap_or(NaiveDate::MIN));
        while day <= last_day {
            if self.is_callable(day)
                && let Some(mut window) = self.window(day)
            {
                if later_part {
                    let later = resolve_local(day.and_time(LATER_PART), self.zone);
                    window.open = if later < window.close { window.open.max(later) } else { window.open };
                }
                if window.close > earliest {
                    return Some(Window { open: window.open.max(earliest), close: window.close });
                }
            }
            day = day.succ_opt()?;
        }
        None
    }

    /// The moment at which `span` of the callable hours from `begin` on has passed; none where they do not last so long.
    pub fn after(&self, begin: DateTime<Utc>, mut span: Duration) -> Option<DateTime<Utc>> {
        let mut window = self.next_window(begin, None, false)?;
        while span >= window.close - window.open {
            span -= window.close - window.open;
            window = self.next_window(window.close, None, false)?;
        }
        Some(window.open + span)
    }

    /// The first piece of `site` at which it is also between the hard hours in every zone of the number.
    fn in_number_zones(&self, site: Window) -> Option<Window> {
        if self.limits.earliest == Clock24::START && self.limits.latest == Clock24::END {
            return Some(site);
        }
        let mut found = site;
        // Each round moves the opening to where the last objecting zone agrees, until none objects.
        'again: while found.open < site.close {
            found.close = site.close;
            for zone in self.number_zones.iter().filter(|zone| **zone != self.zone) {
                let hard = self.hard_hours_after(found.open, *zone)?;
                if hard.open > found.open {
                    found.open = hard.open;
                    continue 'again;
                }
                found.close = found.close.min(hard.close);
            }
            return Some(found);
        }
        None
    }

    /// The hard hours of `zone` that hold at `moment`, or the next ones.
    fn hard_hours_after(&self, moment: DateTime<Utc>, zone: Tz) -> Option<Window> {
        let mut day = moment.with_timezone(&zone).date_naive();
        loop {
            let hard = Window { open: instant(day, self.limits.earliest, zone)?, close: instant(day, self.limits.latest, zone)? };
            if hard.close > moment && hard.open < hard.close {
                return Some(hard);
            }
            day = day.succ_opt()?;
        }
    }
}

/// The instant at which the clocks of `zone` show `time` on `day`.
fn instant(day: NaiveDate, time: Clock24, zone: Tz) -> Option<DateTime<Utc>> {
    let local = match time.time() {
        Some(time) => day.and_time(time),
        None => day.succ_opt()?.and_time(NaiveTime::MIN),
    };
    Some(resolve_local(local, zone))
}
