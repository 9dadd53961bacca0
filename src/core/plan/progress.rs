//! The rules that judge what was tried so far and what time is left.

use super::caps::cap_at;
use super::decide::Case;
use super::phone::PhoneChoice;
use super::retry::{Again, Exhausted, Standing, standing};
use super::touch::{Touch, current_touch};
use super::trail::{Refusal, Trail};
use super::window::{Hours, Window};
use super::{Review, Skip};
use crate::domain::{Outcome, PhoneNumber, Purpose, WorkKind};
use chrono::{DateTime, Utc};

/// How far the calls about one visit have come.
pub(crate) struct Progress {
    /// The touch it is time for; none where no touch has a window.
    touch: Option<Touch>,
    standing: Standing,
}

/// The hours in which the chosen number may be called about the visit; the site's alone where there is no number.
pub(crate) fn hours<'a>(case: &Case<'a>, phone: PhoneChoice) -> Hours<'a> {
    let number_zones = match phone {
        PhoneChoice::Found(_, number) => (case.rules.zones_of_number)(number),
        _ => &[],
    };
    let deadline = case.visit.start.checked_sub_signed(case.job.when.no_later_than).unwrap_or(DateTime::<Utc>::MIN_UTC);
    Hours { zone: case.visit.zone, when: &case.job.when, limits: &case.rules.limits, number_zones, deadline }
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
    let standing = match touch {
        Some(touch) => standing(case.history.tries(touch.number), &case.job.attempts, case.visit.zone),
        None => Standing::Open(Again::default()),
    };
    if let (Some(touch), Standing::Reached(outcome)) = (touch, &standing) {
        let left = *outcome == Outcome::VoicemailLeft;
        let detail = if left { "a message was left in this touch" } else { "the message was heard in this touch" };
        let opens = (left && touch.next_opens.is_none()).then_some(WorkKind::Unreached);
        return Err(trail.skip("reached", detail, Skip::AlreadyReached).opening(opens).until(touch.next_opens));
    }
    trail.pass("reached", "not in this touch");
    Ok(Progress { touch, standing })
}

pub(crate) fn judge_common_hours(hours: &Hours, progress: &Progress, trail: &mut Trail) -> Result<Touch, Refusal> {
    match progress.touch {
        Some(touch) => {
            trail.pass("common_hours", "the zones concerned have common hours");
            Ok(touch)
        }
        None => {
            let detail = if hours.number_zones.iter().any(|zone| *zone != hours.zone) {
                "no callable day has hours that suit the site's zone and those of the number"
            } else {
                "no callable day has hours before the visit"
            };
            Err(trail.review("common_hours", detail, Review::NoCommonHours))
        }
    }
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
        return Err(trail.skip("caps", format!("call {} is under way", live.id), Skip::Capped));
    }
    let again = match &progress.standing {
        Standing::Open(again) => again,
        Standing::Exhausted(Exhausted::Rang(rang)) => {
            return Err(exhausted(touch, format!("{rang} of {} attempts rang", case.job.attempts.max), trail));
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
        trail.pass("attempts", attempts_detail(again, case));
        let opens = unreached_before(case).then_some(WorkKind::Unreached);
        return Err(trail.skip("time", "no callable hours are left before the visit", Skip::TooLate).opening(opens));
    };
    if let Some(cap) = cap_at(&case.rules.limits, case.facts, number, Purpose::Reminder, case.visit.zone, window.open) {
        let changes_at = [cap.lifts_at, touch.next_opens, Some(hours.deadline)].into_iter().flatten().min();
        return Err(trail.skip("caps", cap.to_string(), Skip::Capped).until(changes_at));
    }
    trail.pass("caps", "free");
    trail.pass("attempts", attempts_detail(again, case));
    trail.pass("time", if window.open == case.now { "the window is open" } else { "the window opens before the visit" });
    Ok(window)
}

fn exhausted(touch: Touch, detail: String, trail: &mut Trail) -> Refusal {
    let opens = touch.next_opens.is_none().then_some(WorkKind::Unreached);
    trail.skip("attempts", detail, Skip::AttemptsExhausted).opening(opens).until(touch.next_opens)
}

fn attempts_detail(again: &Again, case: &Case) -> std::borrow::Cow<'static, str> {
    match again.rang {
        0 => "none rang yet".into(),
        rang => format!("{rang} of {} rang", case.job.attempts.max).into(),
    }
}

/// Whether calls were made about this version of the visit, and the last touch that was tried did not reach anybody.
fn unreached_before(case: &Case) -> bool {
    case.history.last_tried_touch().is_some_and(|touch| {
        let standing = standing(case.history.tries(touch), &case.job.attempts, case.visit.zone);
        !matches!(standing, Standing::Reached(Outcome::Heard))
    })
}
