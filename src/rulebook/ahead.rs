//! What a job does on the days ahead: its hours, the visits each touch is for, and why a day has no calls.

use super::clock_text;
use crate::core::plan::{Holidays, Job, Limits, WhenRules, us_federal_name};
use chrono::{Datelike, NaiveDate, Weekday};

/// One day of a job, by a site's calendar and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDay {
    /// The day.
    pub date: NaiveDate,
    /// The hours in which calls are placed, `HH:MM`, the end exclusive; none on a day without calls.
    pub hours: Option<(String, String)>,
    /// Why there are none: `Sunday`, `Thanksgiving Day`.
    pub no_calls: Option<String>,
    /// A reminder's touches on this day; none for notices.
    pub touches: Vec<TouchDay>,
}

/// A touch on its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchDay {
    /// Which, from 1.
    pub touch: u32,
    /// The days of the visits it is for.
    pub visits: Vec<NaiveDate>,
}

/// So many days of a job from `first` on. The area code of a number may narrow the hours further.
pub fn days_ahead(job: &Job, limits: &Limits, first: NaiveDate, count: usize) -> Vec<JobDay> {
    first.iter_days().take(count).map(|date| day_of(job, limits, date)).collect()
}

fn day_of(job: &Job, limits: &Limits, date: NaiveDate) -> JobDay {
    if let Some(why) = no_calls(&job.when, date) {
        return JobDay { date, hours: None, no_calls: Some(why), touches: Vec::new() };
    }
    let (from, until) = (job.when.from.max(limits.earliest), job.when.until.min(limits.latest));
    let touches = (1..).zip(&job.when.days_before).filter_map(|(touch, days)| {
        let visits = visits_of(&job.when, date, *days);
        (!visits.is_empty()).then_some(TouchDay { touch, visits })
    });
    JobDay { date, hours: Some((clock_text(from), clock_text(until))), no_calls: None, touches: touches.collect() }
}

/// Why nobody is called on a day; none where somebody may be.
fn no_calls(when: &WhenRules, date: NaiveDate) -> Option<String> {
    if !when.weekdays.contains(&date.weekday()) {
        return Some(weekday_name(date.weekday()).to_string());
    }
    let holiday = when.holidays.contains(date);
    holiday.then(|| match when.holidays {
        Holidays::UsFederal => us_federal_name(date).unwrap_or("a holiday").to_string(),
        _ => "in the list of holidays".to_string(),
    })
}

/// The days of visits whose touch falls on `date`.
fn visits_of(when: &WhenRules, date: NaiveDate, days_before: u32) -> Vec<NaiveDate> {
    // A touch moves back over the days without calls; business days of one weekday are weeks.
    let furthest = 8 * days_before as usize + 40;
    let later = date.iter_days().skip(1).take(furthest);
    later.filter(|visit| when.touch_day(*visit, days_before) == Some(date)).collect()
}

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::super::load_jobs;
    use super::*;
    use crate::config::Config;
    use crate::core::domain::Purpose;
    use std::path::Path;

    fn job(purpose: Purpose) -> Job {
        let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schedules"));
        let (jobs, _) = load_jobs(shipped, &Config::defaults(), &[]);
        jobs.into_iter().find(|job| job.purpose == purpose).expect("shipped")
    }

    fn told(job: &Job, first: &str) -> Vec<String> {
        let limits = Config::defaults().limits;
        let days = days_ahead(job, &limits, first.parse().expect("a date"), 7);
        let line = |day: &JobDay| {
            let hours = day.hours.as_ref().map(|(from, until)| format!("{from}-{until}"));
            let touches = day.touches.iter().map(|touch| {
                let visits: Vec<_> = touch.visits.iter().map(|visit| visit.format("%a %d").to_string()).collect();
                format!(" {}: {}", touch.touch, visits.join(", "))
            });
            let why = day.no_calls.clone().unwrap_or_default();
            format!("{} {}{why}{}", day.date.format("%a %d"), hours.unwrap_or_default(), touches.collect::<String>())
        };
        days.iter().map(line).collect()
    }

    #[test]
    fn thanksgiving_week_of_the_shipped_reminder() {
        assert_eq!(
            told(&job(Purpose::Reminder), "2026-11-25"),
            [
                "Wed 25 10:00-19:00 1: Sat 28, Sun 29",
                "Thu 26 Thanksgiving Day",
                "Fri 27 10:00-19:00 1: Mon 30",
                "Sat 28 10:00-19:00 1: Tue 01, Wed 02",
                "Sun 29 Sunday",
                "Mon 30 10:00-19:00 1: Thu 03",
                "Tue 01 10:00-19:00 1: Fri 04",
            ]
        );
    }

    #[test]
    fn several_touches_own_holidays_and_the_limits() {
        let mut job = job(Purpose::Reminder);
        job.when.days_before = vec![3, 1];
        job.when.holidays = Holidays::Dates(["2026-11-27".parse().expect("a date")].into());
        job.when.until = crate::core::plan::Clock24::END;
        let told = told(&job, "2026-11-26");
        assert_eq!(told[0], "Thu 26 10:00-21:00 1: Sun 29, Mon 30 2: Fri 27, Sat 28");
        assert_eq!(told[1], "Fri 27 in the list of holidays");
    }

    #[test]
    fn a_notice_has_hours_and_no_touches() {
        let told = told(&job(Purpose::Moved), "2026-11-25");
        assert_eq!((told[1].as_str(), told[4].as_str()), ("Thu 26 08:00-21:00", "Sun 29 08:00-21:00"));
    }
}
