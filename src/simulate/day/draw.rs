//! Drawing a day from its seed.

use super::people::people;
use super::{Batch, Day, DaySettings, Happening, Person, Rates, Row, StoreKind, Updated, When, trouble};
use crate::chance::Chance;
use crate::core::domain::resolve_local;
use crate::simulate::mischief::Mischief;
use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Offset, Utc, Weekday};
use chrono_tz::Tz;

/// A chance of its own for one part of a day.
pub(super) struct Draw(Chance);

impl Draw {
    /// The draws of a seed for a part; other parts draw otherwise.
    pub fn new(seed: u64, part: &str) -> Draw {
        // FNV-1a: the same on every machine and in every version.
        let hash =
            part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Draw(Chance::seeded(seed ^ hash))
    }

    /// A number from 0 up to but not including `below`.
    pub fn below(&self, below: usize) -> usize {
        self.0.below(below as u64) as usize
    }

    /// A number in a range, both ends included.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        from + self.0.below((to - from + 1) as u64) as i64
    }

    /// Whether something of this likelihood is so.
    pub fn is(&self, likelihood: f64) -> bool {
        (self.0.below(1_000_000) as f64) < likelihood * 1e6
    }

    /// One of them, by weight.
    pub fn of<T: Copy>(&self, weighted: &[(T, u64)]) -> T {
        let mut left = self.0.below(weighted.iter().map(|(_, weight)| weight).sum());
        for (value, weight) in weighted {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        weighted[0].0
    }
}

/// Pairs of zones: an eastern and a western site, with and without summer time.
const ZONES: [((Tz, Tz), u64); 4] = [
    ((Tz::America__New_York, Tz::America__Denver), 5),
    ((Tz::America__New_York, Tz::America__Los_Angeles), 2),
    ((Tz::America__Chicago, Tz::America__Phoenix), 2),
    ((Tz::America__New_York, Tz::Pacific__Honolulu), 1),
];

/// The desk answers, is busy, or nobody is there. No patient has a number of this block.
const DESKS: [(&str, u64); 3] = [("+16175550020", 3), ("+16175550013", 1), ("+16175550014", 1)];

/// The day before the clocks change, or the one before that.
const CHANGES: [(i32, u32, u32); 4] = [(2026, 10, 30), (2026, 10, 31), (2027, 3, 12), (2027, 3, 13)];
/// Days with a holiday, a long weekend or the year's end before them.
const BEFORE_HOLIDAYS: [(i32, u32, u32); 5] = [(2026, 11, 25), (2026, 12, 24), (2026, 12, 31), (2027, 5, 28), (2027, 7, 2)];

pub(super) fn day(seed: u64, settings: &DaySettings) -> Day {
    let draw = Draw::new(seed, "day");
    let (east, west) = draw.of(&ZONES);
    let sites = vec![("boston", east), ("denver", west)];
    let mut date = date(&draw, settings);
    let mut start = at(east, date, 5, 30);
    // The same day of the week, where such a night would come by chance.
    while !settings.mischief.has(Mischief::DaylightSaving) && [east, west].iter().any(|zone| clocks_change(*zone, start)) {
        date = date + Days::new(7);
        start = at(east, date, 5, 30);
    }
    let keys: Vec<_> = sites.iter().map(|(key, _)| *key).collect();
    let mut day = Day {
        seed,
        start,
        sites,
        people: Vec::new(),
        happenings: Vec::new(),
        replicas: 1,
        store: settings.store.unwrap_or_else(|| Draw::new(seed, "store").of(&[(StoreKind::Memory, 9), (StoreKind::File, 1)])),
        desk: Draw::new(seed, "desk").of(&DESKS),
        lines: draw.of(&[(20, 6), (4, 2), (2, 1)]),
        calls_per_second: draw.of(&[(1.0, 6), (5.0, 1), (0.2, 2)]),
        rates: Rates::default(),
    };
    for ahead in 0..settings.days.max(1) {
        let draw = Draw::new(seed.wrapping_add(u64::from(ahead)), "people");
        let from = day.people.len();
        let fresh = people(&draw, &keys, from, settings.patients);
        bookings(&draw, &mut day, &fresh, date + Days::new(ahead.into()), start + Duration::days(ahead.into()));
        day.people.extend(fresh);
    }
    trouble::add(&mut day, settings);
    day
}

fn date(draw: &Draw, settings: &DaySettings) -> NaiveDate {
    let of = |days: &[(i32, u32, u32)]| days[draw.below(days.len())];
    let (year, month, day) = match draw.below(12) {
        0..=2 if settings.mischief.has(Mischief::DaylightSaving) => of(&CHANGES),
        3..=4 => of(&BEFORE_HOLIDAYS),
        _ => (2026, 9, 1),
    };
    let named = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let date = if (month, day) == (9, 1) { named + Days::new(draw.below(400) as u64) } else { named };
    // Nobody is called on a Sunday: it would be the Monday's day.
    if date.weekday() == Weekday::Sun { date + Days::new(1) } else { date }
}

/// Whether the clocks of a zone change within two days.
pub(super) fn clocks_change(zone: Tz, from: DateTime<Utc>) -> bool {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
    offset(from) != offset(from + Duration::days(2))
}

/// A local time of a site.
pub(super) fn at(zone: Tz, date: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    resolve_local(date.and_time(time), zone)
}

/// What the feed says of them: in the night's batch, or in one of the day.
fn bookings(draw: &Draw, day: &mut Day, fresh: &[Person], date: NaiveDate, start: DateTime<Utc>) {
    let mut batches = [
        (start + Duration::minutes(draw.between(5, 60)), "night", Vec::new()),
        (start + Duration::minutes(draw.between(240, 420)), "noon", Vec::new()),
        (start + Duration::minutes(draw.between(500, 720)), "afternoon", Vec::new()),
    ];
    for person in fresh {
        let rows = visit(draw, day, person, date, start);
        let batch = draw.of(&[(0, 85), (1, 10), (2, 5)]);
        batches[batch].2.extend(rows);
        // A second visit, days later.
        if draw.is(0.08) {
            let later = date + Days::new(draw.between(2, 6) as u64);
            let rows = visit(draw, day, person, later, start);
            batches[0].2.extend(rows.into_iter().map(|row| Row { appointment: format!("{}-2", row.appointment), ..row }));
        }
    }
    let full = batches.into_iter().filter(|(.., rows)| !rows.is_empty());
    day.happenings.extend(full.map(|(at, name, rows)| {
        (When::At(at), Happening::Feed(Batch { name: name.to_string(), mischief: None, rows, as_of: None }))
    }));
}

fn visit(draw: &Draw, day: &Day, person: &Person, date: NaiveDate, start: DateTime<Utc>) -> Vec<Row> {
    let zone = day.zone(person.site).unwrap_or(Tz::UTC);
    // Three days ahead is what the job asks for; sooner ones are called at once, later ones when it is three days before them: the day goes on until the last visit.
    let ahead = draw.of(&[(3, 60), (4, 14), (2, 9), (1, 7), (5, 5), (9, 5)]);
    let (hour, minute) = (draw.between(7, 16) as u32, [0, 15, 30, 45][draw.below(4)]);
    let first = at(zone, date + Days::new(ahead), hour, minute);
    let bookings = if draw.is(0.25) { 2 } else { 1 };
    let booked_at = start - Duration::hours(draw.between(20, 900));
    let updated = Updated::At(booked_at + Duration::minutes(draw.between(0, 600)));
    let (established, opt_out, voicemail) = (draw.is(0.93), draw.is(0.02), draw.of(&[("", 8), ("minimal", 1), ("none", 1)]));
    let row = |n: i64, service| Row {
        appointment: format!("A{}-{n}", &person.id[3..]),
        patient: person.id.clone(),
        site: person.site,
        start: first + Duration::minutes(45 * n),
        service,
        department: "IMAGING",
        status: "booked",
        established,
        opt_out,
        voicemail,
        booked_at,
        updated,
    };
    let service = |_| draw.of(&[("exam", 45), ("radiology", 40), ("infusion", 9), ("lab", 4), ("", 2)]);
    (0..bookings).map(|n| row(n, service(n))).collect()
}
