//! Any hospital, patient and year: what the properties are tried on.

use super::testing::*;
use crate::domain::*;
use crate::ids::*;
use crate::plan::*;
use chrono::{Duration, Weekday};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

pub(super) const SITES: [(&str, Tz); 5] = [
    ("anchorage", chrono_tz::America::Anchorage),
    ("boston", BOSTON),
    ("denver", chrono_tz::America::Denver),
    ("honolulu", chrono_tz::Pacific::Honolulu),
    ("phoenix", chrono_tz::America::Phoenix),
];
const AREA_CODES: [&str; 7] = ["617", "213", "808", "907", "671", "850", "800"];
pub(super) const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
/// Start of the year in which everything takes place: both changes of the clocks and every federal holiday.
pub(super) const YEAR: &str = "2026-01-01 00:00";

fn clock_between(from: u16, until: u16) -> impl Strategy<Value = Clock24> {
    (from..=until, 0..4u16).prop_map(|(hour, quarter)| Clock24::new(hour, quarter * 15).expect("a time of day"))
}

fn any_job(name: &'static str) -> impl Strategy<Value = Job> {
    let days = vec(1..9u32, 1..4).prop_map(|mut days| {
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        days
    });
    let hours = (clock_between(6, 12), clock_between(13, 22));
    let weekdays = proptest::sample::subsequence(WEEK.to_vec(), 1..=7);
    (days, any::<bool>(), hours, weekdays, any::<bool>(), 0..60i64, (1..4u32, 0..3u32), any::<bool>()).prop_map(
        move |(days, business, (from, until), weekdays, holidays, no_later_than, (max, redials), enabled)| {
            let mut job = job();
            job.name = name.into();
            job.enabled = enabled || name == "first";
            job.select.established_patients_only = false;
            job.when.days_before = days;
            job.when.count = if business { Count::Business } else { Count::Calendar };
            (job.when.from, job.when.until, job.when.weekdays) = (from, until, weekdays);
            job.when.holidays = if holidays { Holidays::UsFederal } else { Holidays::None };
            job.when.no_later_than = Duration::hours(no_later_than);
            (job.attempts.max, job.attempts.same_day_redials) = (max, redials);
            job
        },
    )
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (1..3u32, 1..5u32, 0..2u32, clock_between(6, 10), clock_between(17, 22)).prop_map(
        |(per_day, per_week, notice_reserve, earliest, latest)| Limits {
            per_day,
            per_week,
            notice_reserve,
            earliest,
            latest,
            ..limits()
        },
    )
}

/// A world with one to four bookings in the three weeks after a moment of the year.
pub(super) fn any_world() -> impl Strategy<Value = World> {
    let bookings = vec((0..SITES.len(), 0..21 * 24 * 4i64, 0..4usize), 1..5);
    let jobs = (any_job("first"), any_job("second"));
    (0..340 * 24 * 60i64, bookings, jobs, any_limits(), 0..AREA_CODES.len()).prop_map(
        |(minute, bookings, (first, second), limits, code)| {
            let mut world = World::new();
            world.now = at(YEAR) + Duration::minutes(minute);
            world.rules.jobs = vec![first, second];
            world.rules.limits = limits;
            world.rules.sites = SITES.iter().map(|(key, zone)| (SiteKey::from(*key), SiteRules { zone: *zone })).collect();
            world.phones(&[(PhoneKind::Home, &format!("{}-555-0101", AREA_CODES[code]))]);
            world.facts.appointments = (1..)
                .zip(bookings)
                .map(|(count, (site, quarter, status))| {
                    let mut appointment = booking(&format!("A{count}"), world.now + Duration::minutes(quarter * 15));
                    appointment.site = SITES[site].0.into();
                    appointment.status = if status == 0 { AppointmentStatus::Cancelled } else { AppointmentStatus::Booked };
                    appointment
                })
                .collect();
            world
        },
    )
}

/// What comes of a call, the sad ends more often than the happy ones.
pub(super) fn any_outcome() -> impl Strategy<Value = Outcome> {
    use Outcome::*;
    proptest::sample::select(vec![
        NoAnswer,
        NoAnswer,
        NoAnswer,
        Busy,
        Busy,
        Busy,
        Busy,
        Failed,
        Failed,
        HungUpEarly,
        RescheduleRequested,
        OptedOut,
        VoicemailIncomplete,
        MachineNoMessage,
        VoicemailLeft,
        Heard,
        Confirmed,
        Superseded,
    ])
}

/// Something that happens to a patient's bookings, or to a site.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Cancel(usize),
    Book(usize),
    Unfirm(usize),
    /// To so many quarters of an hour from the beginning.
    Move(usize, i64),
    MoveToSite(usize, usize),
    /// To the site and day of another one, at so many quarters of an hour after seven.
    Join(usize, usize, i64),
    /// The day of a booking at its site: from midnight on for so many hours, put back or closed, in this turn.
    Close(usize, i64, bool, Option<u32>),
    Reopen,
}

/// Edits of the bookings in the order in which they happen, each at so many minutes from the beginning.
pub(super) fn any_edits() -> impl Strategy<Value = Vec<(i64, Edit)>> {
    let which = 0..4usize;
    let edit = prop_oneof![
        3 => which.clone().prop_map(Edit::Cancel),
        2 => which.clone().prop_map(Edit::Book),
        1 => which.clone().prop_map(Edit::Unfirm),
        4 => (which.clone(), 0..21 * 24 * 4i64).prop_map(|(which, quarter)| Edit::Move(which, quarter)),
        1 => (which.clone(), 0..SITES.len()).prop_map(|(which, site)| Edit::MoveToSite(which, site)),
        3 => (which.clone(), which.clone(), 0..40i64).prop_map(|(which, other, quarter)| Edit::Join(which, other, quarter)),
        2 => (which, 6..25i64, any::<bool>(), proptest::option::of(0..500u32))
            .prop_map(|(which, hours, late, position)| Edit::Close(which, hours, late, position)),
        1 => Just(Edit::Reopen),
    ];
    vec((0..12 * 24 * 60i64, edit), 0..14).prop_map(|mut edits| {
        edits.sort_by_key(|(minute, _)| *minute);
        edits
    })
}

/// The jobs of the three notices, alike.
fn any_notice_jobs() -> impl Strategy<Value = Vec<Job>> {
    let hours = (clock_between(6, 10), clock_between(15, 22));
    let weekdays = proptest::sample::subsequence(WEEK.to_vec(), 4..=7);
    (hours, weekdays, 0..30i64, 8..30i64, 30..180i64, (1..4u32, 0..3u32), 1..200u32).prop_map(
        |((from, until), weekdays, settle, horizon, no_later_than, (max, redials), per_hour)| {
            let job = |purpose| {
                let mut job = notice_job(purpose);
                (job.when.from, job.when.until, job.when.weekdays) = (from, until, weekdays.clone());
                (job.when.settle, job.when.horizon) = (Duration::minutes(settle), Duration::days(horizon));
                job.when.no_later_than = Duration::minutes(no_later_than);
                job.when.per_hour = per_hour;
                (job.attempts.max, job.attempts.same_day_redials) = (max, redials);
                job
            };
            vec![job(Purpose::Cancelled), job(Purpose::Moved), job(Purpose::Closure)]
        },
    )
}

/// A world that also gives notices.
pub(super) fn any_world_with_notices() -> impl Strategy<Value = World> {
    (any_world(), any_notice_jobs()).prop_map(|(mut world, notices)| {
        world.rules.jobs.extend(notices);
        world
    })
}

/// Lets an edit happen to the bookings, as the intake and the store would take it in.
pub(super) fn happen(world: &mut World, beginning: chrono::DateTime<chrono::Utc>, edit: &Edit) {
    let count = world.facts.appointments.len();
    let id = |which: &usize| world.facts.appointments[which % count].id.as_str().to_string();
    match edit {
        Edit::Cancel(which) => world.cancel(&id(which)),
        Edit::Book(which) => world.edit(&id(which), |a| a.status = AppointmentStatus::Booked),
        Edit::Unfirm(which) => world.edit(&id(which), |a| a.status = AppointmentStatus::Pending),
        Edit::Move(which, quarter) => {
            world.edit(&id(which), |a| a.start = beginning + Duration::minutes(quarter * 15));
        }
        Edit::MoveToSite(which, site) => world.edit(&id(which), |a| a.site = SITES[*site].0.into()),
        Edit::Join(which, other, quarter) => {
            let Appointment { site, start, .. } = world.facts.appointments[other % count].clone();
            let zone = world.rules.zone(&site).expect("a known site");
            let seven = start.with_timezone(&zone).date_naive().and_hms_opt(7, 0, 0).expect("a time");
            let start = resolve_local(seven, zone) + Duration::minutes(quarter * 15);
            world.edit(&id(which), |a| (a.site, a.start) = (site, start));
        }
        Edit::Close(which, hours, late, position) => {
            let booking = &world.facts.appointments[which % count];
            let zone = world.rules.zone(&booking.site).expect("a known site");
            let day = booking.start.with_timezone(&zone).date_naive();
            let from = resolve_local(day.and_hms_opt(0, 0, 0).expect("midnight"), zone);
            let until = from + Duration::hours(*hours);
            let id = ClosureId::new(format!("c{}", world.facts.closures.len()));
            let (site, delay_to) = (booking.site.clone(), late.then_some(until));
            let closure = Closure { id, site, day, from, until, delay_to, declared_at: world.now };
            world.facts.closures.push(ClosureFacts { closure, position: *position });
        }
        Edit::Reopen => world.facts.closures.clear(),
    }
}
