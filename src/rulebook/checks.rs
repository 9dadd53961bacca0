//! What the keys of a job say together: a job that can never call anybody is refused, with the reason.

use crate::core::domain::Purpose;
use crate::core::plan::{CallRules, Clock24, Count, Limits, Select, WhenRules};
use crate::toml_file::Section;
use chrono::{Duration, Weekday};

/// Who is called about, and where.
pub(super) fn select(rules: &Select, select: &Section<'_>) {
    if rules.services.is_empty() {
        select.refuse(&["services"], "contradiction", "select.services is empty: no visit would ever be eligible");
    }
}

/// The telephones.
pub(super) fn call(rules: &CallRules, call: &Section<'_>) {
    if rules.phones.is_empty() {
        call.refuse(&["phones"], "contradiction", "call.phones is empty: nobody has a telephone that may be called");
    }
}

/// Days and hours, alone and under the limits.
pub(super) fn when(rules: &WhenRules, when: &Section<'_>, purpose: Option<Purpose>, limits: &Limits) {
    if rules.weekdays.is_empty() {
        let message = "when.weekdays is empty: there is no day to call on; to switch the job off write enabled = false";
        when.refuse(&["weekdays"], "contradiction", message);
    }
    if purpose == Some(Purpose::Reminder) {
        days_before(rules, when);
    }
    hours(rules, when, limits);
}

/// The hours of the job, alone and under the limits.
fn hours(rules: &WhenRules, when: &Section<'_>, limits: &Limits) {
    let (from, until) = (clock(rules.from), clock(rules.until));
    let (earliest, latest) = (clock(limits.earliest), clock(limits.latest));
    if rules.from >= rules.until {
        let message = format!("when.until ({until}) is not after when.from ({from}): there is no hour to call in");
        when.refuse(&["until", "from"], "empty_window", message);
    } else if rules.until <= limits.earliest || rules.from >= limits.latest {
        let message = format!(
            "from {from} until {until} lies outside the hours of [limits], {earliest} to {latest}: this job could never call"
        );
        when.refuse(&["from", "until"], "empty_window", message);
    }
}

/// The touches, and whether each can ever be made on its day.
fn days_before(rules: &WhenRules, when: &Section<'_>) {
    let days = &rules.days_before;
    if days.is_empty() {
        let message = "when.days_before is empty: there is no touch; to switch the job off write enabled = false";
        when.refuse(&["days_before"], "contradiction", message);
    }
    if let Some(pair) = days.windows(2).find(|pair| pair[0] <= pair[1]) {
        let mut sorted = days.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        let message = format!(
            "when.days_before must descend, the earliest touch first: {} does not come after {}; write {sorted:?}",
            pair[1], pair[0]
        );
        when.refuse(&["days_before"], "contradiction", message);
        return;
    }
    let never = |days: &&u32| longest_ahead(**days, rules).is_some_and(|ahead| rules.no_later_than >= ahead);
    if let Some(days) = days.iter().find(never) {
        let before = if *days == 1 { "the day before".to_string() } else { format!("{days} days before") };
        let message = format!(
            "a touch {before} the visit could never be made: when.no_later_than stops calls {} hours before its start",
            rules.no_later_than.num_hours()
        );
        when.refuse(&["no_later_than", "days_before"], "contradiction", message);
    }
}

/// How long before a visit the window of a touch opens at most: the visit late at night, the touch shifted over the days
/// that are not listed. `None` where that is not bound by the weekdays.
fn longest_ahead(days: u32, rules: &WhenRules) -> Option<Duration> {
    if rules.count == Count::Business || rules.weekdays.is_empty() {
        return None;
    }
    let every = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let shift = |day: Weekday| {
        let mut back = 0;
        let mut at = day;
        while !rules.weekdays.contains(&at) {
            at = at.pred();
            back += 1;
        }
        back
    };
    let most = every.into_iter().map(shift).max().unwrap_or(0);
    Some(Duration::days(i64::from(days) + most + 1) - Duration::minutes(i64::from(rules.from.minutes())))
}

fn clock(time: Clock24) -> String {
    format!("{:02}:{:02}", time.minutes() / 60, time.minutes() % 60)
}
