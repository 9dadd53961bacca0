//! What the keys of a job say together: a job that can never call anybody is refused, with the reason.

use super::clock_text;
use super::reach::longest_ahead;
use crate::core::domain::Purpose;
use crate::core::plan::{CallRules, Holidays, Limits, Select, WhenRules};
use crate::toml_file::{Section, in_words};
use chrono::Duration;

/// Whom a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Jobs of purpose `reminder`.
    Reminders,
    /// Jobs of every other purpose.
    Notices,
    /// Jobs of purpose `closure`.
    Closures,
}

/// Refuses keys that mean nothing to a job of this purpose: whoever wrote them believes that they do something.
pub(super) fn unused(purpose: Option<Purpose>, section: &Section<'_>, keys: &[&str], whose: Keys) {
    let Some(purpose) = purpose else { return };
    let (used, of) = match whose {
        Keys::Reminders => (purpose == Purpose::Reminder, "reminders"),
        Keys::Notices => (purpose != Purpose::Reminder, "cancelled, moved and closure notices"),
        Keys::Closures => (purpose == Purpose::Closure, "closure notices"),
    };
    for key in keys.iter().filter(|key| !used && section.has(key)) {
        let message =
            format!("{} is for {of}, and this job's purpose is {}: leave it out", section.path_of(key), purpose.as_str());
        section.refuse(&[key], "unused_key", message);
    }
}

/// What the limits leave to a purpose.
pub(super) fn job(purpose: Option<Purpose>, root: &Section<'_>, limits: &Limits) {
    if purpose == Some(Purpose::Reminder) && limits.notice_reserve >= limits.per_week {
        let message = format!(
            "[limits] keeps all {} calls of a week free for notices (notice_reserve = {}): this reminder could never call",
            limits.per_week, limits.notice_reserve
        );
        root.refuse(&["purpose"], "contradiction", message);
    }
}

/// Who is called about, and where.
pub(super) fn select(rules: &Select, select: &Section<'_>) {
    if rules.services.is_empty() {
        select.refuse(&["services"], "contradiction", "select.services is empty: no visit would ever be eligible");
    }
}

/// The telephones, and words that tell what the call is for.
pub(super) fn call(rules: &CallRules, call: &Section<'_>, purpose: Option<Purpose>) {
    if rules.phones.is_empty() {
        call.refuse(&["phones"], "contradiction", "call.phones is empty: nobody has a telephone that may be called");
    }
    let Some(purpose) = purpose else { return };
    let unfit = match purpose {
        Purpose::Reminder => &["cancelled", "moved", "closure", "delay"][..],
        // One visit is called off or moved: the house is open.
        Purpose::Cancelled => &["reminder", "moved", "closure", "delay"],
        Purpose::Moved => &["reminder", "cancelled", "closure", "delay"],
        Purpose::Closure => &["reminder", "moved"],
    };
    if unfit.contains(&rules.script.as_str()) {
        let message = format!(
            "call.script \"{}\" does not say what a job of purpose {} calls for: patients would hear something untrue",
            rules.script,
            purpose.as_str()
        );
        call.refuse(&["script"], "contradiction", message);
    }
}

/// Days and hours, alone and under the limits.
pub(super) fn when(rules: &WhenRules, when: &Section<'_>, purpose: Option<Purpose>, limits: &Limits) {
    if rules.weekdays.is_empty() {
        let message = "when.weekdays is empty: there is no day to call on; to switch the job off write enabled = false";
        when.refuse(&["weekdays"], "contradiction", message);
    }
    match purpose {
        Some(Purpose::Reminder) => days_before(rules, when, limits),
        Some(_) if rules.no_later_than >= rules.horizon => {
            let message = format!(
                "when.no_later_than ({}) is not shorter than when.horizon ({}): no change could ever be told in time",
                in_words(rules.no_later_than),
                in_words(rules.horizon)
            );
            when.refuse(&["no_later_than", "horizon"], "contradiction", message);
        }
        _ => {}
    }
    hours(rules, when, limits);
    holidays(rules, when);
}

/// A list of days off that holds every day to call on, for a year and longer.
fn holidays(rules: &WhenRules, when: &Section<'_>) {
    let Holidays::Dates(dates) = &rules.holidays else { return };
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return };
    let a_year = *last - *first >= Duration::days(364);
    if a_year && !rules.weekdays.is_empty() && !first.iter_days().take_while(|day| day <= last).any(|day| rules.is_callable(day))
    {
        let message =
            format!("when.holidays leaves no day to call on from {first} to {last}; to switch the job off write enabled = false");
        when.refuse(&["holidays"], "contradiction", message);
    }
}

/// The hours of the job, alone and under the limits.
fn hours(rules: &WhenRules, when: &Section<'_>, limits: &Limits) {
    let (from, until) = (clock_text(rules.from), clock_text(rules.until));
    let (earliest, latest) = (clock_text(limits.earliest), clock_text(limits.latest));
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
fn days_before(rules: &WhenRules, when: &Section<'_>, limits: &Limits) {
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
    let open = rules.from.max(limits.earliest);
    // No touch is nearer to its visit than this: the longer way is gone only where it may matter.
    let at_least = |days: u32| Duration::days(i64::from(days) + 1) - Duration::minutes(i64::from(open.minutes()));
    let never = |days: &&u32| {
        rules.no_later_than >= at_least(**days)
            && longest_ahead(**days, rules, open).is_some_and(|ahead| rules.no_later_than >= ahead)
    };
    if let Some(days) = days.iter().find(never) {
        let before = if *days == 1 { "the day before".to_string() } else { format!("{days} days before") };
        let message = format!(
            "a touch {before} the visit could never be made: when.no_later_than stops calls {} before its start",
            in_words(rules.no_later_than)
        );
        when.refuse(&["no_later_than", "days_before"], "contradiction", message);
    }
}
