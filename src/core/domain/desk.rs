//! The desk of a department: people, who answer in their hours.

use super::{LocalMoment, PhoneNumber};
use chrono::{DateTime, Datelike, Days, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Where a patient is connected to who asks for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Its number.
    pub number: PhoneNumber,
    /// The clock on its wall: the site's.
    pub zone: Tz,
    /// When it answers; empty means always. Holidays are not known.
    pub open: Vec<DeskHours>,
}

/// Hours of one day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskHours {
    /// On this day.
    pub day: Weekday,
    /// From then on, in minutes since midnight.
    pub from_minute: u16,
    /// Until then, exclusive; 1440 is the end of the day.
    pub until_minute: u16,
}

impl Desk {
    /// Whether somebody answers at `now`.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let local = LocalMoment::at(now, self.zone);
        let (day, minute) = (local.date.weekday(), minute_of(local.time));
        let holds = |hours: &DeskHours| hours.day == day && (hours.from_minute..hours.until_minute).contains(&minute);
        self.open.is_empty() || self.open.iter().any(holds)
    }

    /// When it opens next after `now`, at which it is closed: today, or on one of the next seven days. `None` where it is
    /// always open.
    pub fn opens_after(&self, now: DateTime<Utc>) -> Option<LocalMoment> {
        let local = LocalMoment::at(now, self.zone);
        (0..=7).find_map(|days| {
            let date = local.date.checked_add_days(Days::new(days))?;
            let of_day = self.open.iter().filter(|hours| hours.day == date.weekday()).map(|hours| hours.from_minute);
            let minute = of_day.filter(|from| days > 0 || *from > minute_of(local.time)).min()?;
            let time = NaiveTime::from_hms_opt(u32::from(minute / 60), u32::from(minute % 60), 0)?;
            Some(LocalMoment { date, time })
        })
    }
}

fn minute_of(time: NaiveTime) -> u16 {
    // A day has 1,440 minutes.
    (time.hour() * 60 + time.minute()) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mon-fri 08:00-17:00, sat 09:00-12:00 and 13:00-14:30, at Boston.
    fn desk() -> Desk {
        use Weekday::{Fri, Mon, Sat, Thu, Tue, Wed};
        let hours = |day, from_minute, until_minute| DeskHours { day, from_minute, until_minute };
        let mut open: Vec<_> = [Mon, Tue, Wed, Thu, Fri].map(|day| hours(day, 480, 1020)).to_vec();
        open.extend([hours(Sat, 780, 870), hours(Sat, 540, 720)]);
        Desk { number: PhoneNumber::parse("+16175550121").expect("a number"), zone: Tz::America__New_York, open }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse::<DateTime<Utc>>().expect("a moment")
    }

    #[test]
    fn it_is_open_in_its_hours_by_the_clock_of_its_site_and_says_when_it_opens() {
        for (now, want) in [
            // 1 December 2026 is a Tuesday.
            ("2026-12-01T07:59:59-05:00", "2026-12-01 08:00"),
            ("2026-12-01T08:00:00-05:00", "open"),
            ("2026-12-01T16:59:59-05:00", "open"),
            ("2026-12-01T17:00:00-05:00", "2026-12-02 08:00"),
            ("2026-12-04T17:00:00-05:00", "2026-12-05 09:00"),
            ("2026-12-05T12:00:00-05:00", "2026-12-05 13:00"),
            ("2026-12-05T13:30:00-05:00", "open"),
            // Across the weekend, and across the end of the year.
            ("2026-12-05T14:30:00-05:00", "2026-12-07 08:00"),
            ("2026-12-06T00:00:00-05:00", "2026-12-07 08:00"),
            ("2026-12-31T23:59:59-05:00", "2027-01-01 08:00"),
            // The clock goes back at two on the first of November.
            ("2026-11-01T12:00:00-05:00", "2026-11-02 08:00"),
            // Another day than by UTC.
            ("2026-12-02T02:00:00+00:00", "2026-12-02 08:00"),
        ] {
            let (desk, now_utc) = (desk(), at(now));
            let found = match desk.opens_after(now_utc) {
                _ if desk.is_open(now_utc) => "open".to_string(),
                Some(opens) => format!("{} {}", opens.date, opens.time.format("%H:%M")),
                None => "never".to_string(),
            };
            assert_eq!(found, want, "{now}");
        }
    }

    #[test]
    fn one_that_is_open_once_a_week_opens_in_a_week() {
        let tuesday = DeskHours { day: Weekday::Tue, from_minute: 600, until_minute: 660 };
        let desk = Desk { open: vec![tuesday], ..desk() };
        let opens = desk.opens_after(at("2026-12-01T11:00:00-05:00")).expect("an opening");
        assert_eq!(opens.date.to_string(), "2026-12-08");
    }

    #[test]
    fn without_hours_it_is_always_open_and_until_midnight_means_the_last_minute_too() {
        let always = Desk { open: Vec::new(), ..desk() };
        assert!(always.is_open(at("2026-12-06T03:00:00-05:00")) && always.opens_after(at("2026-12-06T03:00:00-05:00")).is_none());
        let late = Desk { open: vec![DeskHours { day: Weekday::Sun, from_minute: 0, until_minute: 1440 }], ..desk() };
        assert!(late.is_open(at("2026-12-06T23:59:59-05:00")) && !late.is_open(at("2026-12-07T00:00:00-05:00")));
    }

    #[test]
    fn it_is_stored_and_read() {
        let text = serde_json::to_string(&desk()).expect("JSON");
        assert!(text.contains("America/New_York"), "{text}");
        assert_eq!(serde_json::from_str::<Desk>(&text).expect("a desk"), desk());
    }
}
