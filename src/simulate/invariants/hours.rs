//! Whether a moment lies inside the hours: written once more, from the published rules, and not by the planner's arithmetic.

use crate::core::domain::{Outreach, PhoneNumber};
use crate::core::plan::{Job, Rules};
use chrono::{DateTime, Timelike, Utc};
use chrono_tz::Tz;

fn minute_of_day(at: DateTime<Utc>, zone: Tz) -> u16 {
    let local = at.with_timezone(&zone);
    // At most 1439.
    (local.hour() * 60 + local.minute()) as u16
}

/// Outside the hard hours of a zone: the local time there.
pub(in crate::simulate) fn outside_hard_hours(rules: &Rules, zone: Tz, at: DateTime<Utc>) -> Option<String> {
    let minute = minute_of_day(at, zone);
    let inside = (rules.limits.earliest.minutes()..rules.limits.latest.minutes()).contains(&minute);
    (!inside).then(|| format!("at {} in {zone}", at.with_timezone(&zone).format("%a %H:%M:%S")))
}

/// Why a call about this promise, whose last moment is `last`, to this number must not begin at a moment; none where it may.
pub(in crate::simulate) fn outside(
    rules: &Rules,
    outreach: &Outreach,
    number: &PhoneNumber,
    at: DateTime<Utc>,
    last: DateTime<Utc>,
) -> Option<String> {
    let zone = rules.zone(&outreach.visit.site)?;
    let job = rules.jobs.iter().find(|job| job.name == outreach.job)?;
    let too_late = || format!("at {} in {zone}, too close to the visit", at.with_timezone(&zone).format("%a %H:%M:%S"));
    outside_of_job(rules, job, zone, number, at).or_else(|| (at >= last).then(too_late))
}

/// Why a call of a job, at a site in this zone, to this number must not begin at a moment, whatever it is about.
pub(in crate::simulate) fn outside_of_job(
    rules: &Rules,
    job: &Job,
    zone: Tz,
    number: &PhoneNumber,
    at: DateTime<Utc>,
) -> Option<String> {
    let hard = std::iter::once(zone).chain((rules.zones_of_number)(number).iter().copied());
    if let Some(outside) = hard.filter_map(|zone| outside_hard_hours(rules, zone, at)).next() {
        return Some(outside);
    }
    let local = at.with_timezone(&zone);
    if !job.when.is_callable(local.date_naive()) {
        return Some(format!("on {}, on which {} makes no calls", local.format("%a %Y-%m-%d"), job.name));
    }
    let inside = (job.when.from.minutes()..job.when.until.minutes()).contains(&minute_of_day(at, zone));
    (!inside).then(|| format!("at {} in {zone}, outside the hours of {}", local.format("%H:%M:%S"), job.name))
}
