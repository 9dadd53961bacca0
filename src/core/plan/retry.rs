//! The way on after the calls of one touch (interfaces, section 5, the table of outcomes).

use super::AttemptRules;
use super::version::{called_at, result};
use crate::domain::{Attempt, EndReason, Outcome};
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

/// On how many days a number is redialled that never rings.
const REDIAL_DAYS: usize = 3;
/// On how many days one is dialled that its carrier cannot reach, once a day.
const UNREACHABLE_DAYS: usize = 2;
/// Before this hour a no-answer is one of the morning, and is tried next in the later part of the day.
const AFTERNOON: u32 = 13;

/// Where a touch stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may be called (again).
    Open(Again),
    /// The message was heard or left.
    Reached(Outcome),
    /// Everything that is allowed was tried.
    Exhausted(Exhausted),
}

/// What was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// Attempts that rang.
    Rang(u32),
    /// Days with redials of a number that never rang.
    Redials,
}

/// When a touch may be called again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Again {
    /// Calls made so far that rang.
    pub rang: u32,
    /// Not before this local day.
    pub first_day: Option<NaiveDate>,
    /// Not before this moment.
    pub not_before: Option<DateTime<Utc>>,
    /// In the later part of the day, where the window has one.
    pub later_part: bool,
    /// Only on this day: the days for redials are used up.
    pub only_on: Option<NaiveDate>,
}

/// Follows the calls of one touch in their order. `zone` is the site's.
pub(crate) fn standing<'a>(tries: impl Iterator<Item = &'a Attempt>, rules: &AttemptRules, zone: Tz) -> Standing {
    let mut again = Again::default();
    let mut redials_used_up = false;
    // Days on which the far end never rang, with the number of dials.
    let mut silent_days: Vec<(NaiveDate, u32)> = Vec::new();
    for attempt in tries {
        let outcome = result(attempt);
        let local = called_at(attempt).with_timezone(&zone);
        let day = local.date_naive();
        if matches!(outcome, Outcome::Heard | Outcome::VoicemailLeft) {
            return Standing::Reached(outcome);
        }
        // What the patient dialled uses up nothing.
        if attempt.inbound {
            continue;
        }
        (again.not_before, again.only_on, redials_used_up) = (None, None, false);
        if outcome.rang(attempt.end_reason) {
            again.rang += 1;
            again.first_day = again.first_day.max(day.succ_opt());
            again.later_part = outcome == Outcome::NoAnswer && local.hour() < AFTERNOON;
            continue;
        }
        let dials = count_dial(&mut silent_days, day);
        let unreachable = attempt.end_reason == Some(EndReason::Unreachable);
        let another_day = silent_days.len() < if unreachable { UNREACHABLE_DAYS } else { REDIAL_DAYS };
        if !unreachable && dials <= rules.same_day_redials {
            let delay = if outcome == Outcome::Busy { rules.busy } else { rules.failed };
            again.not_before = attempt.ended_at.unwrap_or(called_at(attempt)).checked_add_signed(delay);
            again.only_on = (!another_day).then_some(day);
        } else {
            again.first_day = again.first_day.max(day.succ_opt());
            redials_used_up = !another_day;
        }
    }
    match again {
        _ if redials_used_up => Standing::Exhausted(Exhausted::Redials),
        Again { rang, .. } if rang >= rules.max => Standing::Exhausted(Exhausted::Rang(rang)),
        again => Standing::Open(again),
    }
}

/// Counts a dial on `day` and gives the day's dials.
fn count_dial(days: &mut Vec<(NaiveDate, u32)>, day: NaiveDate) -> u32 {
    match days.iter_mut().find(|(known, _)| *known == day) {
        Some((_, dials)) => {
            *dials += 1;
            *dials
        }
        None => {
            days.push((day, 1));
            1
        }
    }
}
