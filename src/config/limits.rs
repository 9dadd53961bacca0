//! `[limits]`: the calling rules no schedule can loosen.

use crate::core::plan::{Limits, OptOutScope};
use crate::toml_file::{Node, Read, Section, clock_time, duration, list_of, number_within, one_of};
use chrono::Duration;

/// The limits, and how long a feed may be silent.
pub(super) fn limits(section: &Section<'_>) -> Option<(Limits, Duration)> {
    let per_day = section.required("per_day", number_within(1..=20));
    let per_week = section.required("per_week", number_within(1..=100));
    let notice_reserve = section.required("notice_reserve", number_within(0..=100));
    let earliest = section.required("earliest", clock_time);
    let latest = section.required("latest", clock_time);
    let scopes = [("everything", OptOutScope::Everything), ("reminders", OptOutScope::Reminders)];
    let opt_out_scope = section.required("opt_out_scope", one_of(&scopes));
    let countries = section.required("countries", list_of(country));
    let deny = section.required("deny", list_of(beginning_of_number));
    let feed_max_age = section.required("feed_max_age", duration(Duration::minutes(1), Duration::days(31)));
    let max_call = section.required("max_call", duration(Duration::seconds(30), Duration::hours(1)));
    section.end();
    if let (Some(earliest), Some(latest)) = (earliest, latest)
        && earliest >= latest
    {
        section.refuse(
            &["latest", "earliest"],
            "empty_window",
            "limits.latest is not after limits.earliest: nobody could ever be called",
        );
    }
    if let (Some(reserve), Some(week)) = (notice_reserve, per_week)
        && reserve > week
    {
        let message = format!("limits.notice_reserve ({reserve}) is more than limits.per_week ({week}), of which it is a part");
        section.refuse(&["notice_reserve", "per_week"], "contradiction", message);
    }
    if countries.as_ref().is_some_and(Vec::is_empty) {
        section.refuse(
            &["countries"],
            "contradiction",
            "limits.countries is empty: no number could be dialled; \"+1\" is North America",
        );
    }
    let limits = Limits {
        per_day: per_day?,
        per_week: per_week?,
        notice_reserve: notice_reserve?,
        earliest: earliest?,
        latest: latest?,
        opt_out_scope: opt_out_scope?,
        countries: countries?,
        deny: deny?,
        max_call: max_call?,
    };
    Some((limits, feed_max_age?))
}

/// `+` and the first digits of an international number.
fn country(node: &Node) -> Read<String> {
    let text = node.text()?.trim();
    match text.strip_prefix('+') {
        Some(digits) if is_digits(digits) => Ok(text.to_string()),
        _ => node.wrong(format!("\"{text}\" is no country code: want + and digits, such as \"+1\"")),
    }
}

/// A number or the beginning of one, in E.164 or as digits alone; kept without blanks, dots, dashes and brackets.
fn beginning_of_number(node: &Node) -> Read<String> {
    let text: String = node.text()?.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
    if is_digits(text.strip_prefix('+').unwrap_or(&text)) {
        Ok(text)
    } else {
        node.wrong("no telephone number and no beginning of one: want digits, such as \"+1617555\"")
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
