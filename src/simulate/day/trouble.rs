//! What goes wrong in a day, and what changes at a bad moment.

use super::draw::{Draw, at};
use super::{Batch, Day, DaySettings, Happening, Moment, Row, StoreTrouble, Updated, When};
use crate::carrier::simulator::{Fault, FaultList};
use crate::simulate::mischief::Mischief;
use chrono::{DateTime, Days, Duration, Utc};

/// Adds to a day everything that is switched on and drawn: how often it comes by chance, and what comes at its moment, on each of
/// the days on which the feed brings new visits.
pub(super) fn add(day: &mut Day, settings: &DaySettings) {
    for mischief in settings.mischief.on() {
        let draw = Draw::new(day.seed, mischief.name());
        once(&draw, day, mischief);
        at_moments(&draw, day, mischief, day.start, settings.patients);
        for ahead in 1..settings.days {
            let draw = Draw::new(day.seed.wrapping_add(ahead.into()), mischief.name());
            at_moments(&draw, day, mischief, day.start + Duration::days(ahead.into()), settings.patients);
        }
    }
}

/// What is drawn for all days together.
fn once(draw: &Draw, day: &mut Day, mischief: Mischief) {
    match mischief {
        // They come for hours, not by chance for each request.
        Mischief::Network(Fault::Down | Fault::AccountRefused) => {}
        Mischief::Network(fault) => {
            let network = std::mem::take(&mut day.rates.network);
            day.rates.network = drawn_rate(draw, network, fault);
        }
        Mischief::StoreSlow => day.rates.store_slow = rate(draw, &[0.0, 0.0, 0.002, 0.01]),
        Mischief::CommitFails => day.rates.commit_fails = rate(draw, &[0.0, 0.002, 0.01]),
        Mischief::CommitUnheard => day.rates.commit_unheard = rate(draw, &[0.0, 0.002, 0.01]),
        Mischief::KilledAtCommit => day.rates.killed_at_commit = rate(draw, &[0.0, 0.001, 0.004]),
        Mischief::KilledAtSend => day.rates.killed_at_send = rate(draw, &[0.0, 0.005, 0.02]),
        Mischief::FeedRepeated => feed_repeated(draw, day),
        Mischief::SecondReplica => day.replicas = if draw.is(0.5) { 2 } else { 1 },
        _ => {}
    }
}

/// What comes at some moment of the day that begins at `start`, with so many new patients.
fn at_moments(draw: &Draw, day: &mut Day, mischief: Mischief, start: DateTime<Utc>, people: usize) {
    match mischief {
        Mischief::Network(Fault::Down) => times(draw, 0.3, 1, || {
            let span = Duration::minutes(draw.of(&[(2, 3), (15, 3), (60, 2), (200, 1)]));
            day.happenings.push((working_hours(draw, start), Happening::CarrierDown(span)));
        }),
        // Until somebody mends it.
        Mischief::Network(Fault::AccountRefused) => times(draw, 0.25, 1, || {
            let span = Duration::minutes(draw.of(&[(1, 3), (20, 3), (90, 1)]));
            day.happenings.push((working_hours(draw, start), Happening::AccountRefused(span)));
        }),
        Mischief::StoreSlow => times(draw, 0.3, 2, || trouble(draw, day, start, StoreTrouble::Slow)),
        Mischief::StoreFull => times(draw, 0.3, 1, || trouble(draw, day, start, StoreTrouble::Full)),
        Mischief::StoreReadOnly => times(draw, 0.3, 1, || trouble(draw, day, start, StoreTrouble::ReadOnly)),
        Mischief::CommitFails => times(draw, 0.2, 1, || trouble(draw, day, start, StoreTrouble::Failing)),
        Mischief::Killed => times(draw, 0.5, 3, || {
            let away = away(draw);
            day.happenings.push((working_hours(draw, start), Happening::Kill { replica: draw.below(2), away }));
        }),
        Mischief::FeedLate => feed_late(draw, day, start),
        Mischief::FeedOutOfOrder => times(draw, 0.5, 3, || out_of_order(draw, day, start)),
        Mischief::VisitCancelled => times(draw, 0.8, people / 8, || changed(draw, day, start, "cancelled")),
        Mischief::VisitMoved => {
            times(draw, 0.8, people / 8, || changed(draw, day, start, "moved"));
            times(draw, 0.4, 2, || moved_together(draw, day, start));
        }
        Mischief::OptOut => times(draw, 0.6, people / 12, || {
            if let Some(patient) = somebody(draw, day) {
                let when = bad_moment(draw, start, &patient);
                day.happenings.push((when, Happening::OptOut(patient)));
            }
        }),
        Mischief::ClockStepped => times(draw, 0.4, 2, || {
            let seconds = draw.of(&[(1, 3), (5, 3), (20, 3), (60, 2), (600, 1)]);
            let seconds = if draw.is(0.5) { seconds } else { -seconds };
            day.happenings.push((working_hours(draw, start), Happening::StepClock(Duration::seconds(seconds))));
        }),
        Mischief::CallsIn => times(draw, 0.6, people / 10, || calls_in(draw, day, start)),
        // They are drawn once.
        Mischief::Network(_)
        | Mischief::CommitUnheard
        | Mischief::KilledAtCommit
        | Mischief::KilledAtSend
        | Mischief::FeedRepeated
        | Mischief::SecondReplica => {}
        // It was heeded when the date was drawn.
        Mischief::DaylightSaving => {}
    }
}

/// Does it so many times at most, if at all.
fn times(draw: &Draw, likelihood: f64, most: usize, mut what: impl FnMut()) {
    if draw.is(likelihood) {
        for _ in 0..=draw.below(most.max(1)) {
            what();
        }
    }
}

fn rate(draw: &Draw, rates: &[f64]) -> f64 {
    rates[draw.below(rates.len())]
}

/// Half of the faults are still on a day, so that each also meets days on which little else is wrong.
fn drawn_rate(draw: &Draw, network: FaultList, fault: Fault) -> FaultList {
    let rates = match fault {
        // More of these, and a day would have hardly any call that says what it has to say.
        Fault::StrangeRefusal | Fault::QuestionLost | Fault::AnswerLost | Fault::QuestionLate => [0, 1, 3, 10],
        _ => [0, 3, 10, 30],
    };
    let rate = draw.of(&[(rates[0], 50), (rates[1], 20), (rates[2], 20), (rates[3], 10)]);
    network.with(fault, f64::from(rate) / 100.0)
}

fn away(draw: &Draw) -> Duration {
    Duration::seconds(draw.of(&[(2, 4), (15, 4), (90, 2), (400, 1), (3000, 1)]))
}

/// A moment in the hours in which most calls are made; some are made on the next day.
fn working_hours(draw: &Draw, start: DateTime<Utc>) -> When {
    let minutes = draw.of(&[((255, 330), 5), ((255, 840), 4), ((0, 255), 1), ((1_700, 2_280), 1)]);
    When::At(start + Duration::seconds(draw.between(minutes.0 * 60, minutes.1 * 60)))
}

/// In a call of a patient, or just at some time.
fn bad_moment(draw: &Draw, start: DateTime<Utc>, patient: &str) -> When {
    if draw.is(0.25) {
        return working_hours(draw, start);
    }
    // Not every call has a second one after it: what waits for one that never comes does not happen.
    let nth = draw.of(&[(1, 3), (2, 2)]);
    When::On { patient: patient.to_string(), moment: Moment::ALL[draw.below(Moment::ALL.len())], nth }
}

fn somebody(draw: &Draw, day: &Day) -> Option<String> {
    (!day.people.is_empty()).then(|| day.people[draw.below(day.people.len())].id.clone())
}

fn trouble(draw: &Draw, day: &mut Day, start: DateTime<Utc>, what: StoreTrouble) {
    let span = Duration::seconds(draw.of(&[(5, 3), (30, 3), (200, 2), (1_500, 1)]));
    day.happenings.push((working_hours(draw, start), Happening::Store(what, span)));
}

fn feed_late(draw: &Draw, day: &mut Day, start: DateTime<Utc>) {
    if !draw.is(0.3) {
        return;
    }
    let late = Duration::minutes(draw.between(60, 400));
    let nights = day.happenings.iter_mut().filter_map(|(when, happening)| match (when, happening) {
        (When::At(at), Happening::Feed(batch)) if batch.name == "night" && *at >= start => Some((at, batch)),
        _ => None,
    });
    if let Some((at, batch)) = nights.min_by_key(|(at, _)| **at) {
        batch.as_of = Some(*at);
        batch.name = "night, late".to_string();
        batch.mischief = Some(Mischief::FeedLate);
        *at += late;
    }
}

fn feed_repeated(draw: &Draw, day: &mut Day) {
    let repeats: Vec<_> = day
        .happenings
        .iter()
        .filter_map(|(when, happening)| match (when, happening) {
            (When::At(at), Happening::Feed(batch)) if draw.is(0.3) => {
                let later = *at + Duration::minutes(draw.between(1, 600));
                let name = format!("{}, again", batch.name);
                Some((When::At(later), Happening::Feed(Batch { name, mischief: Some(Mischief::FeedRepeated), ..batch.clone() })))
            }
            _ => None,
        })
        .collect();
    day.happenings.extend(repeats);
}

/// An older state of a booking: another start, of before its last edit. It must change nothing.
fn out_of_order(draw: &Draw, day: &mut Day, start: DateTime<Utc>) {
    let Some(row) = some_row(draw, day) else { return };
    let Updated::At(updated) = row.updated else { return };
    let older = Row {
        start: row.start + Duration::minutes(30 * draw.between(1, 10)),
        status: draw.of(&[("booked", 3), ("cancelled", 1)]),
        updated: Updated::At(updated - Duration::minutes(draw.between(1, 500))),
        ..row
    };
    let mischief = Some(Mischief::FeedOutOfOrder);
    let batch = Batch { name: "older state".to_string(), mischief, rows: vec![older], as_of: None };
    let when = bad_moment(draw, start, &batch.rows[0].patient);
    day.happenings.push((when, Happening::Feed(batch)));
}

fn some_row(draw: &Draw, day: &Day) -> Option<Row> {
    let rows: Vec<&Row> = day.rows().filter(|row| matches!(row.updated, Updated::At(_))).collect();
    (!rows.is_empty()).then(|| rows[draw.below(rows.len())].clone())
}

/// A booking is cancelled or moved, and sometimes booked again or moved back soon after.
fn changed(draw: &Draw, day: &mut Day, begins: DateTime<Utc>, how: &'static str) {
    let Some(row) = some_row(draw, day) else { return };
    let when = bad_moment(draw, begins, &row.patient);
    let zone = day.zone(row.site).unwrap_or(chrono_tz::Tz::UTC);
    let edited = match how {
        "cancelled" => Row { status: "cancelled", updated: Updated::Now, ..row.clone() },
        _ => {
            let local = row.start.with_timezone(&zone);
            let days = draw.of(&[(0, 5), (1, 3), (4, 2)]);
            let start = at(zone, local.date_naive() + Days::new(days), draw.between(7, 17) as u32, [0, 20, 40][draw.below(3)]);
            let site = if draw.is(0.1) { day.sites[draw.below(day.sites.len())].0 } else { row.site };
            Row { start, site, updated: Updated::Now, ..row.clone() }
        }
    };
    let mischief = Some(if how == "cancelled" { Mischief::VisitCancelled } else { Mischief::VisitMoved });
    let batch = |name: &str, row: Row| Happening::Feed(Batch { name: name.to_string(), mischief, rows: vec![row], as_of: None });
    if draw.is(0.2) {
        let back = When::At(begins + Duration::minutes(draw.between(300, 1_000)));
        let undone = Row { updated: Updated::Now, ..row };
        day.happenings.push((back, batch(&format!("{how}, and back"), undone)));
    }
    day.happenings.push((when, batch(how, edited)));
}

/// All bookings of a patient who has several are moved to one day: another one, or that of one of them; at once, or one by one.
fn moved_together(draw: &Draw, day: &mut Day, begins: DateTime<Utc>) {
    let mut rows: Vec<&Row> = day.rows().filter(|row| matches!(row.updated, Updated::At(_)) && row.is_booked()).collect();
    rows.sort_by(|a, b| (&a.patient, &a.appointment).cmp(&(&b.patient, &b.appointment)));
    rows.dedup_by_key(|row| &row.appointment);
    let several: Vec<Vec<Row>> = rows
        .chunk_by(|a, b| a.patient == b.patient)
        .filter(|theirs| theirs.iter().any(|row| (row.start - theirs[0].start).abs() > Duration::hours(20)))
        .map(|theirs| theirs.iter().copied().cloned().collect())
        .collect();
    if several.is_empty() {
        return;
    }
    let theirs = &several[draw.below(several.len())];
    let of = &theirs[draw.below(theirs.len())];
    let zone = day.zone(of.site).unwrap_or(chrono_tz::Tz::UTC);
    let date = of.start.with_timezone(&zone).date_naive() + Days::new(draw.of(&[(0, 3), (1, 3), (4, 2)]));
    let moment = || if draw.is(0.5) { working_hours(draw, begins) } else { bad_moment(draw, begins, &of.patient) };
    let (first, at_once) = (moment(), draw.is(0.5));
    for row in theirs {
        let start = at(zone, date, draw.between(7, 17) as u32, [0, 20, 40][draw.below(3)]);
        let row = Row { start, site: of.site, updated: Updated::Now, ..row.clone() };
        let (name, mischief) = ("moved together".to_string(), Some(Mischief::VisitMoved));
        let when = if at_once { first.clone() } else { moment() };
        day.happenings.push((when, Happening::Feed(Batch { name, mischief, rows: vec![row], as_of: None })));
    }
}

/// What somebody does who calls us: 1, 2, 9, nothing, or with a wrong birthday.
fn calls_in(draw: &Draw, day: &mut Day, start: DateTime<Utc>) {
    let Some(patient) = somebody(draw, day) else { return };
    let Some(person) = day.person(&patient) else { return };
    let birthday = person.birthday();
    let script = match draw.below(8) {
        0..=2 => format!("+1500:{birthday} +2000:1 +2000:hangup"),
        3 => format!("+1500:{birthday} +2000:2 +2000:hangup"),
        4 => format!("+1500:{birthday} +2000:hangup"),
        5 => "+1500:9".to_string(),
        6 => "+1500:0229 +1500:0229 +1500:0229".to_string(),
        _ => "4000:hangup".to_string(),
    };
    let when = if draw.is(0.3) { bad_moment(draw, start, &patient) } else { working_hours(draw, start) };
    day.happenings.push((when, Happening::CallsIn { patient, script }));
}
