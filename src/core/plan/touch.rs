//! Which planned contact it is time for (interfaces, section 4, rule of time 2).

use super::window::{Hours, Window};
use chrono::{DateTime, NaiveDate, Utc};

/// The touch it is time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touch {
    /// From 1.
    pub number: u32,
    /// Its window on its own day; retries and late planning come after it.
    pub window: Window,
    /// When the next touch takes over; none for the last.
    pub next_opens: Option<DateTime<Utc>>,
}

/// The last touch whose window has opened; while none has, the first. Touches without a window are passed over; none is
/// given where no touch has one.
pub(crate) fn current_touch(hours: &Hours, visit_day: NaiveDate, now: DateTime<Utc>) -> Option<Touch> {
    let mut current: Option<Touch> = None;
    for (number, days_before) in (1..).zip(&hours.when.days_before) {
        let Some(window) = hours.touch_window(visit_day, *days_before) else { continue };
        match &mut current {
            Some(touch) if window.open > now => {
                touch.next_opens = Some(window.open);
                break;
            }
            _ => current = Some(Touch { number, window, next_opens: None }),
        }
    }
    current
}
