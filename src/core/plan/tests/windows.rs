//! The rules of time: touch days, windows, zones, clocks that change. Unless a row says otherwise: a visit at Boston on
//! Thursday 2026-12-10 at 09:00, three days before, Monday to Saturday 10:00 to 19:00, times by Boston's clock.

use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::{Duration, Weekday};

fn visit_at(world: &mut World, start: &str) {
    world.facts.appointments = vec![booking("A1", at(start))];
}

fn every_day(world: &mut World) {
    use Weekday::*;
    world.job().when.weekdays = vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun];
}

fn any_hour(world: &mut World) {
    (world.rules.limits.earliest, world.rules.limits.latest) = (Clock24::START, Clock24::END);
}

fn hours(world: &mut World, from: &str, until: &str) {
    (world.job().when.from, world.job().when.until) = (clock(from), clock(until));
}

fn call_from(world: &mut World, area_code: &str) {
    world.phones(&[(PhoneKind::Home, &format!("{area_code}-555-0101"))]);
}

type Row = (&'static str, Given, &'static str);

const TOUCH_DAYS: &[Row] = &[
    ("Thursday's visit on Monday", |_| {}, "call 1: Mon 12-07 10:00 to Mon 12-07 19:00"),
    ("Wednesday's would be Sunday: Saturday", |w| visit_at(w, "2026-12-09 09:00"), "call 1: Sat 12-05 10:00 to Sat 12-05 19:00"),
    ("Christmas is a Friday: Thursday", |w| visit_at(w, "2026-12-28 09:00"), "call 1: Thu 12-24 10:00 to Thu 12-24 19:00"),
    (
        "New Year's Day 2028 is a Saturday, observed on Friday 2027-12-31: Thursday",
        |w| {
            w.now = at("2027-12-20 12:00");
            visit_at(w, "2028-01-03 09:00");
        },
        "call 1: Thu 12-30 10:00 to Thu 12-30 19:00",
    ),
    (
        "own holidays",
        |w| w.job().when.holidays = Holidays::Dates(["2026-12-07".parse().expect("a date")].into()),
        "call 1: Sat 12-05 10:00 to Sat 12-05 19:00",
    ),
    (
        "three business days before a Monday",
        |w| {
            visit_at(w, "2026-12-07 09:00");
            w.job().when.count = Count::Business;
        },
        "call 1: Thu 12-03 10:00 to Thu 12-03 19:00",
    ),
    (
        "business days pass over Thanksgiving",
        |w| {
            w.now = at("2026-11-01 12:00");
            visit_at(w, "2026-11-30 09:00");
            w.job().when.count = Count::Business;
        },
        "call 1: Wed 11-25 10:00 to Wed 11-25 19:00",
    ),
    (
        "a Sunday visit is counted from its own day",
        |w| visit_at(w, "2026-12-13 09:00"),
        "call 1: Thu 12-10 10:00 to Thu 12-10 19:00",
    ),
    (
        "two touches, none open: the first",
        |w| w.job().when.days_before = vec![3, 1],
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    (
        "a minute before the second opens: still the first, on its next day",
        |w| {
            w.job().when.days_before = vec![3, 1];
            w.now = at("2026-12-09 09:59");
        },
        "call 1: Wed 12-09 10:00 to Wed 12-09 19:00",
    ),
    (
        "the second has opened: the first is dropped",
        |w| {
            w.job().when.days_before = vec![3, 1];
            w.now = at("2026-12-09 10:00");
        },
        "call 2: Wed 12-09 10:00 to Wed 12-09 19:00",
    ),
    (
        "two touches on one day: the last",
        |w| {
            visit_at(w, "2026-12-08 09:00");
            w.job().when.days_before = vec![3, 2];
            w.now = at("2026-12-05 12:00");
        },
        "call 2: Sat 12-05 12:00 to Sat 12-05 19:00",
    ),
];

const HOURS: &[Row] = &[
    ("open now", |w| w.now = at("2026-12-07 18:59"), "call 1: Mon 12-07 18:59 to Mon 12-07 19:00"),
    ("over: the next callable window", |w| w.now = at("2026-12-07 19:00"), "call 1: Tue 12-08 10:00 to Tue 12-08 19:00"),
    ("over, and the next one is open now", |w| w.now = at("2026-12-08 12:00"), "call 1: Tue 12-08 12:00 to Tue 12-08 19:00"),
    (
        "over on Saturday: Monday",
        |w| {
            visit_at(w, "2026-12-08 09:00");
            w.now = at("2026-12-05 20:00");
        },
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    (
        "the hard hours are narrower",
        |w| {
            hours(w, "06:00", "23:00");
        },
        "call 1: Mon 12-07 08:00 to Mon 12-07 21:00",
    ),
    (
        "never later than twelve hours before",
        |w| {
            visit_at(w, "2026-12-10 03:00");
            w.job().when.days_before = vec![1];
        },
        "call 1: Wed 12-09 10:00 to Wed 12-09 15:00",
    ),
    (
        "opens at the deadline: empty, the day before",
        |w| {
            visit_at(w, "2026-12-10 10:00");
            w.job().when.days_before = vec![1];
            w.job().when.no_later_than = Duration::hours(24);
        },
        "call 1: Tue 12-08 10:00 to Tue 12-08 19:00",
    ),
    (
        "fourteen days back at most",
        |w| w.job().when.no_later_than = Duration::hours(16 * 24 + 22),
        "call 1: Mon 11-23 10:00 to Mon 11-23 11:00",
    ),
    ("fourteen days are not enough", |w| w.job().when.no_later_than = Duration::hours(16 * 24 + 23), "review no_common_hours"),
    (
        "the deadline is passed while the window would be open",
        |w| {
            visit_at(w, "2026-12-10 03:00");
            w.now = at("2026-12-09 15:00");
        },
        "skip too_late",
    ),
    (
        "until midnight",
        |w| {
            any_hour(w);
            hours(w, "22:00", "24:00");
        },
        "call 1: Mon 12-07 22:00 to Tue 12-08 00:00",
    ),
    ("hours that are none", |w| hours(w, "21:00", "23:00"), "review no_common_hours"),
];

const ZONES: &[Row] = &[
    ("a number of Los Angeles", |w| call_from(w, "213"), "call 1: Mon 12-07 11:00 to Mon 12-07 19:00"),
    ("a number of Honolulu", |w| call_from(w, "808"), "call 1: Mon 12-07 13:00 to Mon 12-07 19:00"),
    (
        "a code in two zones suits both",
        |w| {
            call_from(w, "907");
        },
        "call 1: Mon 12-07 13:00 to Mon 12-07 19:00",
    ),
    ("a code in the site's zone and the next", |w| call_from(w, "850"), "call 1: Mon 12-07 10:00 to Mon 12-07 19:00"),
    ("a number of Guam, where it is tomorrow", |w| call_from(w, "671"), "call 1: Mon 12-07 17:00 to Mon 12-07 19:00"),
    ("toll-free counts as the site's", |w| call_from(w, "800"), "call 1: Mon 12-07 10:00 to Mon 12-07 19:00"),
    (
        "no limits means none in the second zone either",
        |w| {
            any_hour(w);
            call_from(w, "671");
        },
        "call 1: Mon 12-07 10:00 to Mon 12-07 19:00",
    ),
    (
        "nothing in common",
        |w| {
            hours(w, "10:00", "13:00");
            call_from(w, "808");
        },
        "review no_common_hours",
    ),
    (
        "in two pieces: the first",
        |w| {
            hours(w, "00:00", "24:00");
            (w.rules.limits.earliest, w.rules.limits.latest) = (clock("06:00"), clock("22:00"));
            call_from(w, "671");
        },
        "call 1: Mon 12-07 06:00 to Mon 12-07 07:00",
    ),
    (
        "the first piece is over: the next day's, not the second",
        |w| {
            hours(w, "00:00", "24:00");
            (w.rules.limits.earliest, w.rules.limits.latest) = (clock("06:00"), clock("22:00"));
            call_from(w, "671");
            w.now = at("2026-12-07 16:00");
        },
        "call 1: Tue 12-08 06:00 to Tue 12-08 07:00",
    ),
    (
        "the first number decides, no other is tried for its hours",
        |w| {
            hours(w, "10:00", "13:00");
            w.phones(&[(PhoneKind::Home, "808-555-0101"), (PhoneKind::Mobile, "617-555-0102")]);
        },
        "review no_common_hours",
    ),
    (
        "a site in the west until 20:00, a number at home until 21:00",
        |w| {
            w.visit().site = "denver".into();
            hours(w, "10:00", "20:00");
        },
        "call 1: Mon 12-07 12:00 to Mon 12-07 21:00",
    ),
];

const CLOCKS_CHANGE: &[Row] = &[
    (
        "an hour that does not exist: the first instant after",
        |w| {
            w.now = at("2026-03-01 12:00");
            visit_at(w, "2026-03-11 09:00");
            every_day(w);
            any_hour(w);
            hours(w, "02:30", "19:00");
        },
        "call 1: Sun 03-08 03:00 to Sun 03-08 19:00",
    ),
    (
        "a window inside the gap is none: the day before",
        |w| {
            w.now = at("2026-03-01 12:00");
            visit_at(w, "2026-03-11 09:00");
            every_day(w);
            any_hour(w);
            hours(w, "02:00", "03:00");
        },
        "call 1: Sat 03-07 02:00 to Sat 03-07 03:00",
    ),
    (
        "twelve hours are elapsed hours: eleven by the clock in spring, 21:00 less an hour",
        |w| {
            w.now = at("2026-03-01 12:00");
            visit_at(w, "2026-03-08 07:30");
            w.job().when.days_before = vec![1];
        },
        "call 1: Sat 03-07 10:00 to Sat 03-07 18:30",
    ),
    (
        "thirteen by the clock in autumn",
        |w| {
            w.now = at("2026-10-20 12:00");
            visit_at(w, "2026-11-01 05:30");
            w.job().when.days_before = vec![1];
        },
        "call 1: Sat 10-31 10:00 to Sat 10-31 18:30",
    ),
];

fn check(rows: &[Row]) {
    for (name, given, want) in rows {
        let mut world = World::new();
        given(&mut world);
        assert_eq!(world.call_in_words(), *want, "{name}");
    }
}

#[test]
fn touch_days() {
    check(TOUCH_DAYS);
}

#[test]
fn hours_of_a_day() {
    check(HOURS);
}

#[test]
fn hours_by_two_clocks() {
    check(ZONES);
}

#[test]
fn clocks_that_change() {
    check(CLOCKS_CHANGE);
}

#[test]
fn a_doubled_hour_means_the_first() {
    let mut world = World::new();
    world.now = at("2026-10-20 12:00");
    visit_at(&mut world, "2026-11-04 09:00");
    every_day(&mut world);
    any_hour(&mut world);
    hours(&mut world, "01:30", "19:00");
    assert_eq!(world.call().call_after.to_rfc3339(), "2026-11-01T05:30:00+00:00");
}
