use super::*;
use crate::carrier::simulator::{Fault, persona};
use crate::core::domain::Service;
use crate::core::ids::SiteKey;
use crate::feed::{Context, csv};
use crate::simulate::mischief::Mischief;
use std::collections::BTreeSet;

fn day(seed: u64) -> Day {
    Day::drawn(seed, &DaySettings::default())
}

#[test]
fn the_same_seed_gives_the_same_day() {
    assert_eq!(format!("{:?}", day(7)), format!("{:?}", day(7)));
    assert_ne!(day(7), day(8));
}

#[test]
fn a_kind_that_is_off_leaves_the_others_as_they_were() {
    let settings = DaySettings { mischief: Switches::all().with(Mischief::OptOut, false), ..DaySettings::default() };
    for seed in 0..20 {
        let (all, less) = (day(seed), Day::drawn(seed, &settings));
        let rest: Vec<_> = all.happenings.into_iter().filter(|(_, what)| !matches!(what, Happening::OptOut(_))).collect();
        assert_eq!((all.people, all.rates, rest), (less.people, less.rates, less.happenings), "seed {seed}");
    }
    let settings = DaySettings { mischief: Switches::all().with(Mischief::DaylightSaving, false), ..DaySettings::default() };
    assert!((0..200).all(|seed| !Day::drawn(seed, &settings).clocks_change()));
    let quiet = Day::drawn(3, &DaySettings { mischief: Switches::none(), ..DaySettings::default() });
    assert_eq!((quiet.replicas, &quiet.rates), (1, &Rates::default()));
    assert!(quiet.happenings.iter().all(|(_, what)| matches!(what, Happening::Feed(_))));
}

#[test]
fn every_kind_comes_on_a_fair_share_of_days() {
    let days: Vec<Day> = (0..200).map(day).collect();
    let share = |of: &dyn Fn(&Day) -> bool| days.iter().filter(|day| of(day)).count();
    let has = |wanted: &'static dyn Fn(&Happening) -> bool| share(&|day| day.happenings.iter().any(|(_, what)| wanted(what)));
    let fed = |name: &'static str| share(&|day| feeds(day).any(|batch| batch.name.starts_with(name)));
    let second = |wanted: &'static dyn Fn(&Happening) -> bool| {
        let is =
            |(when, what): &(When, Happening)| matches!(when, When::On { nth: 2, moment: Moment::Leased, .. }) && wanted(what);
        share(&|day| day.happenings.iter().any(is))
    };
    let aimed = [
        ("opt-out", second(&|what| matches!(what, Happening::OptOut(_)))),
        ("cancelled", second(&|what| matches!(what, Happening::Feed(batch) if batch.name == "cancelled"))),
        ("moved", second(&|what| matches!(what, Happening::Feed(batch) if batch.name == "moved"))),
        ("moved together", fed("moved together")),
    ];
    for (name, count) in aimed {
        assert!(count >= 5, "{name} while a second attempt is leased: on {count} of 200 days");
    }
    let counts = [
        ("killed", has(&|what| matches!(what, Happening::Kill { .. }))),
        ("down", has(&|what| matches!(what, Happening::CarrierDown(_)))),
        ("account", has(&|what| matches!(what, Happening::AccountRefused(_)))),
        ("clock", has(&|what| matches!(what, Happening::StepClock(_)))),
        ("store", has(&|what| matches!(what, Happening::Store(..)))),
        ("opt-out", has(&|what| matches!(what, Happening::OptOut(_)))),
        ("calls in", has(&|what| matches!(what, Happening::CallsIn { .. }))),
        ("cancelled", fed("cancelled")),
        ("moved", fed("moved")),
        ("late", fed("night, late")),
        ("older", fed("older")),
        ("two", share(&|day| day.replicas == 2)),
        ("clock change", share(&Day::clocks_change)),
    ];
    for (name, count) in counts {
        assert!((30..=190).contains(&count), "{name}: on {count} of 200 days");
    }
    for (fault, name, _) in Fault::TABLE.iter().filter(|(fault, ..)| ![Fault::Down, Fault::AccountRefused].contains(fault)) {
        let on = share(&|day| day.rates.network.to_string().split(',').any(|entry| entry.starts_with(&format!("{name}:"))));
        assert!((60..=140).contains(&on), "{fault:?}: on {on} of 200 days");
    }
}

#[test]
fn of_several_days_each_has_its_own_trouble() {
    let days: Vec<Day> =
        (0..200).map(|seed| Day::drawn(seed, &DaySettings { days: 3, patients: 16, ..DaySettings::default() })).collect();
    let on_the_last = |wanted: &'static dyn Fn(&Happening) -> bool| {
        let is =
            |start: DateTime<Utc>, when: &When| matches!(when, When::At(at) if (48..72).contains(&(*at - start).num_hours()));
        days.iter().filter(|day| day.happenings.iter().any(|(when, what)| wanted(what) && is(day.start, when))).count()
    };
    for (name, count) in [
        ("killed", on_the_last(&|what| matches!(what, Happening::Kill { .. }))),
        ("down", on_the_last(&|what| matches!(what, Happening::CarrierDown(_)))),
        ("account", on_the_last(&|what| matches!(what, Happening::AccountRefused(_)))),
        ("clock", on_the_last(&|what| matches!(what, Happening::StepClock(_)))),
        ("store", on_the_last(&|what| matches!(what, Happening::Store(..)))),
        ("late", on_the_last(&|what| matches!(what, Happening::Feed(batch) if batch.name.contains("late")))),
        ("calls in", on_the_last(&|what| matches!(what, Happening::CallsIn { .. }))),
    ] {
        assert!((15..=190).contains(&count), "{name}: on the last day of {count} of 200");
    }
}

#[test]
fn both_nights_in_which_the_clocks_change_come_and_everybody_who_may_be_called() {
    let days: Vec<Day> = (0..200).map(day).collect();
    for month in ["2026-10", "2027-03"] {
        let nights = days.iter().filter(|day| day.clocks_change() && day.start.to_rfc3339().starts_with(month)).count();
        assert!(nights >= 15, "{month}: {nights} of 200 days");
    }
    let numbers = || days.iter().flat_map(|day| &day.people).flat_map(|one| [&one.home, &one.mobile]).flatten();
    for persona in persona::TABLE {
        let count = numbers().filter(|number| number.as_str().ends_with(persona.digits)).count();
        assert!(count >= 20, "{}: {count} numbers of 200 days", persona.about);
    }
}

fn feeds(day: &Day) -> impl Iterator<Item = &Batch> {
    day.happenings.iter().filter_map(|(_, what)| match what {
        Happening::Feed(batch) => Some(batch),
        _ => None,
    })
}

#[test]
fn every_row_of_the_feed_is_read_as_it_was_meant() {
    for seed in 0..10 {
        let day = day(seed);
        let sites: Vec<SiteKey> = day.sites.iter().map(|(key, _)| SiteKey::from(*key)).collect();
        let context = Context {
            feed: &"sim".into(),
            zone_of: &|site| day.zone(site.as_str()),
            sites: &sites,
            classify: &|_, _| Service::Unknown,
        };
        for batch in feeds(&day) {
            let text = day.csv(batch, day.start);
            let reading = csv::read(text.as_bytes(), &csv::CsvSettings::default(), &context);
            assert_eq!(reading.rows.len(), batch.rows.len(), "{text}");
            for (read, meant) in reading.rows.iter().zip(&batch.rows) {
                let change = &read.content.as_ref().expect("a good row").change;
                let said = (change.appointment.as_str(), change.site.as_str(), change.start, change.status.is_booked());
                assert_eq!(said, (meant.appointment.as_str(), meant.site, meant.start, meant.is_booked()));
                assert_eq!(change.updated_at, Some(meant.updated_at(batch.as_of.unwrap_or(day.start))));
            }
        }
        let people: BTreeSet<_> = day.people.iter().map(|person| (&person.id, person.birthday())).collect();
        assert_eq!(people.iter().map(|(_, birthday)| birthday).collect::<BTreeSet<_>>().len(), day.people.len());
        assert_eq!(day.people.len(), 40);
        assert!(day.end() > day.start);
    }
}
