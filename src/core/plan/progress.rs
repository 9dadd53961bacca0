//! The rules that judge what was tried so far and what time is left.

use super::caps::cap_beside;
use super::decide::Case;
use super::phone::PhoneChoice;
use super::retry::{Again, Exhausted, Standing, standing};
use super::touch::{Touch, current_touch};
use super::trail::{Refusal, Trail};
use super::window::{Hours, Window};
use super::{Review, Skip, WhenRules};
use crate::domain::{Outcome, PhoneNumber, Purpose, WorkKind};
use chrono::{DateTime, SecondsFormat, Utc};
use std::borrow::Cow;

/// How far the calls about one visit have come.
pub(crate) struct Progress {
    /// The touch it is time for; none where no touch has a window.
    touch: Option<Touch>,
    standing: Standing,
    /// How many attempts of the touch may ring.
    max: u32,
}

/// The hours in which the chosen number may be called about the visit; the site's alone where there is no number.
pub(crate) fn hours<'a>(case: &Case<'a>, phone: PhoneChoice) -> Hours<'a> {
    let number_zones = match phone {
        PhoneChoice::Found(_, number) => (case.rules.zones_of_number)(number),
        _ => &[],
    };
    let deadline = deadline(case.visit.start, &case.job.when);
    Hours { zone: case.visit.zone, when: &case.job.when, limits: &case.rules.limits, number_zones, deadline }
}

/// From when on no call is made about what begins at `start`.
pub(crate) fn deadline(start: DateTime<Utc>, when: &WhenRules) -> DateTime<Utc> {
    start.checked_sub_signed(when.no_later_than).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Whether the patient was reached: by an answer that settles the visit, or in the touch it is time for.
pub(crate) fn judge_reached(
    case: &Case,
    hours: &Hours,
    settled: Option<Outcome>,
    trail: &mut Trail,
) -> Result<Progress, Refusal> {
    if let Some(outcome @ (Outcome::RescheduleRequested | Outcome::Transferred)) = settled {
        let detail = if outcome == Outcome::Transferred { "connected to a person" } else { "asked to reschedule" };
        return Err(trail.skip("reached", detail, Skip::AlreadyReached));
    }
    let touch = current_touch(hours, case.visit.day, case.now);
    let (standing, max) = match touch {
        Some(touch) => standing_of(case, touch.number),
        None => (Standing::Open(Again::default()), case.job.attempts.max),
    };
    if let (Some(touch), Standing::Reached(outcome)) = (touch, &standing) {
        let left = *outcome == Outcome::VoicemailLeft;
        let detail = if left { "a message was left in this touch" } else { "the message was heard in this touch" };
        let opens = (left && touch.next_opens.is_none()).then_some(WorkKind::Unreached);
        return Err(trail.skip("reached", detail, Skip::AlreadyReached).opening(opens).until(touch.next_opens));
    }
    trail.pass("reached", "not in this touch");
    Ok(Progress { touch, standing, max })
}

pub(crate) fn judge_common_hours(hours: &Hours, progress: &Progress, trail: &mut Trail) -> Result<Touch, Refusal> {
    match progress.touch {
        Some(touch) => {
            let detail = match hours.number_zones {
                [] => "the site's zone alone: the number's area code belongs to no place",
                _ => "the zones of the site and of the number's area code have common hours",
            };
            trail.pass("common_hours", detail);
            Ok(touch)
        }
        None => Err(no_common_hours(hours, trail)),
    }
}

pub(crate) fn no_common_hours(hours: &Hours, trail: &mut Trail) -> Refusal {
    let mut zones: Vec<&str> = vec![hours.zone.name()];
    zones.extend(hours.number_zones.iter().filter(|zone| **zone != hours.zone).map(|zone| zone.name()));
    let detail = format!("no callable hours in common before the visit: {}", zones.join(", "));
    trail.review("common_hours", detail, Review::NoCommonHours)
}

pub(crate) fn too_late(hours: &Hours, trail: &mut Trail) -> Refusal {
    let deadline = hours.deadline.with_timezone(&hours.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    trail.skip("time", format!("no callable hours are left; none is used from {deadline} on"), Skip::TooLate)
}

/// The window of the next call: caps, attempts and time, judged at its opening.
pub(crate) fn judge_window(
    case: &Case,
    hours: &Hours,
    touch: Touch,
    progress: &Progress,
    number: &PhoneNumber,
    trail: &mut Trail,
) -> Result<Window, Refusal> {
    if let Some(live) = case.history.live() {
        // Whoever makes the call plans on when it is over. Where that one dies, it is looked at when the call's time is over.
        let looks = [touch.next_opens, Some(live.not_after).filter(|at| *at > case.now)].into_iter().flatten().min();
        return Err(trail.skip("caps", format!("call {} is under way", live.id), Skip::Capped).until(looks));
    }
    let again = match &progress.standing {
        Standing::Open(again) => again,
        Standing::Exhausted(Exhausted::Rang(rang)) => {
            return Err(exhausted(touch, format!("{rang} of {} attempts rang", progress.max), trail));
        }
        Standing::Exhausted(Exhausted::Redials) | Standing::Reached(_) => {
            return Err(exhausted(touch, "never rang, and the days for redials are used up".to_string(), trail));
        }
    };
    let earliest = case.now.max(touch.window.open).max(again.not_before.unwrap_or(case.now));
    let window = hours.next_window(earliest, again.first_day, again.later_part);
    if again.only_on.is_some_and(|day| window.is_none_or(|w| hours.day_of(w.open) != day)) {
        return Err(exhausted(touch, "never rang, and the days for redials are used up".to_string(), trail));
    }
    let Some(window) = window else {
        trail.pass("attempts", attempts_detail(again, progress.max));
        let opens = unreached_before(case).then_some(WorkKind::Unreached);
        return Err(too_late(hours, trail).opening(opens).until(touch.next_opens));
    };
    let (limits, zone) = (&case.rules.limits, case.visit.zone);
    // When this window is over, another one is judged, or it is too late.
    let changes_at = |other| [other, touch.next_opens, Some(window.close)].into_iter().flatten().min();
    if let Some(first) = case.ahead.iter().find(|ahead| case.visit.is(&ahead.visit)) {
        return Err(trail.skip("caps", "a notice about this visit goes first", Skip::Capped).until(changes_at(first.until)));
    }
    let promised: Vec<DateTime<Utc>> = case.ahead.iter().filter_map(|ahead| ahead.at).collect();
    if let Some(cap) = cap_beside(limits, case.facts, number, Purpose::Reminder, zone, window.open, &promised) {
        let made = cap_beside(limits, case.facts, number, Purpose::Reminder, zone, window.open, &[]);
        let detail =
            if made.is_some() { cap.to_string() } else { "the day's call is kept for a notice, which goes first".into() };
        return Err(trail.skip("caps", detail, Skip::Capped).until(changes_at(cap.lifts_at)));
    }
    trail.pass("caps", "free");
    trail.pass("attempts", attempts_detail(again, progress.max));
    trail.pass("time", if window.open == case.now { "the window is open" } else { "the window opens before the visit" });
    Ok(window)
}

fn exhausted(touch: Touch, detail: String, trail: &mut Trail) -> Refusal {
    let opens = touch.next_opens.is_none().then_some(WorkKind::Unreached);
    trail.skip("attempts", detail, Skip::AttemptsExhausted).opening(opens).until(touch.next_opens)
}

pub(crate) fn attempts_detail(again: &Again, max: u32) -> Cow<'static, str> {
    match again.rang {
        0 => "none rang yet".into(),
        rang => format!("{rang} of {max} rang").into(),
    }
}

/// Where a touch stands, and how many of its attempts may ring. What one job promised is kept to that job's limits when
/// another job asks for the same touch: two jobs do not add up.
fn standing_of(case: &Case, touch: u32) -> (Standing, u32) {
    let promised_by = case.history.promised_by(touch).filter(|name| **name != case.job.name);
    let other = promised_by.and_then(|name| case.rules.jobs.iter().find(|job| job.name == *name));
    let attempts = &other.unwrap_or(case.job).attempts;
    (standing(case.history.tries(touch), attempts, case.visit.zone), attempts.max)
}

/// Whether calls about this version of the visit were made and the last touch that was tried did not reach anybody, or one was
/// promised and never made: the carrier was away in its hours, the number's calls of the day were another patient's, or were
/// spent on a change that was taken back.
fn unreached_before(case: &Case) -> bool {
    match case.history.last_tried_touch() {
        Some(touch) => !matches!(standing_of(case, touch).0, Standing::Reached(Outcome::Heard)),
        // Another job's promise is that job's to keep. What the promise was to say may have changed since.
        None => case.history.is_promised_by(&case.job.name) && !case.history.is_told(),
    }
}
