//! The overview of a plan as a page of text: at most [`WIDTH`] columns, readable without colour.

use crate::cli::output::number;
use crate::core::domain::Purpose;
use crate::core::plan::Rules;
use crate::overview::{ASSUMED_CALL, Hour, Lines, Overview, WhyNot};
use crate::views::{moment, review_in_words, skip_in_words};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Columns of the page.
const WIDTH: usize = 100;
/// Columns of a bar, its mark left out.
const BAR: u64 = 46;
/// How a day is written.
const DAY: &str = "%a %Y-%m-%d";
/// How many later days get a line of their own.
const LATER_DAYS: usize = 28;

/// What the page is made of.
pub struct Page<'a> {
    pub overview: &'a Overview,
    pub lines: &'a Lines,
    pub rules: &'a Rules,
    pub now: DateTime<Utc>,
    /// How many days are shown hour by hour.
    pub days: usize,
}

/// The hours of one day, each by the clock of its sites.
type Day<'h> = (NaiveDate, Vec<&'h Hour>);

impl Page<'_> {
    /// All of it.
    pub fn whole(&self) -> String {
        let mut text = self.head();
        self.by_day_and_hour(&mut text);
        self.by_job_and_reason(text)
    }

    /// Calls by job, and what is not called about.
    pub fn without_hours(&self) -> String {
        self.by_job_and_reason(self.head())
    }

    fn head(&self) -> String {
        let zones: Vec<Tz> = self.rules.sites.values().map(|site| site.zone).collect();
        let one = zones.first().copied().filter(|first| zones.iter().all(|zone| zone == first));
        let at = moment(self.now, one.unwrap_or(Tz::UTC));
        let (called, visits) = (number(self.overview.called), number(self.overview.visits));
        format!("As of {at}: {called} of {visits} visits are called about.\n")
    }

    fn by_job_and_reason(&self, mut text: String) -> String {
        self.by_job(&mut text, "Reminders", |purpose| purpose == Purpose::Reminder);
        self.by_job(&mut text, "Notices of changes", |purpose| purpose != Purpose::Reminder);
        self.refusals(&mut text, "Not called", |why| matches!(why, WhyNot::Skip(_)));
        self.refusals(&mut text, "Needs a person", |why| matches!(why, WhyNot::Review(_)));
        text.truncate(text.trim_end().len());
        text
    }

    fn by_day_and_hour(&self, text: &mut String) {
        let hours = self.overview.hours(self.lines, self.now);
        if hours.is_empty() {
            return;
        }
        let days = days_of(&hours);
        let capacity = self.lines.in_an_hour();
        let most = hours.iter().map(|h| h.placed + h.waiting + h.late).max().unwrap_or(0).max(capacity);
        let _ = writeln!(text, "\n{:<63}{:>9}{:>9}{:>9}", "", "due", "placed", "waiting");
        for day in days.iter().take(self.days) {
            let _ = writeln!(text, "{}", day_line(day));
            for hour in &day.1 {
                let at = hour.start.with_timezone(&hour.zone).format("%H:%M %Z").to_string();
                let (due, placed, waiting) = (number(hour.due()), number(hour.placed), number(hour.waiting));
                let late = if hour.late == 0 { String::new() } else { format!("  ! {}", number(hour.late)) };
                let bar = bar(hour, capacity, most);
                let _ = writeln!(text, "  {at:<11}{bar:<50}{due:>9}{placed:>9}{waiting:>9}{late}");
            }
        }
        later_days(text, days.get(self.days..).unwrap_or_default());
        let late: u64 = hours.iter().map(|h| h.late).sum();
        text.push('\n');
        legend(text, capacity, late);
    }

    fn by_job(&self, text: &mut String, title: &str, wanted: impl Fn(Purpose) -> bool) {
        let jobs: Vec<_> = self.overview.calls.iter().filter(|((purpose, _), _)| wanted(*purpose)).collect();
        let total: usize = jobs.iter().map(|(_, calls)| calls.count).sum();
        let _ = writeln!(text, "\n{title}: {}", calls(total));
        for ((_, job), calls) in jobs {
            let (first, last) = (calls.first.format(DAY), calls.last.format(DAY));
            let _ = writeln!(text, "{:>9}  {:<28}{first} to {last}", number(calls.count), cut(job.as_str(), 27));
        }
        for ((_, job), count) in self.overview.made_by_another.iter().filter(|((purpose, _), _)| wanted(*purpose)) {
            let line = format!("and {} that a job before it makes already.", calls(*count));
            let _ = writeln!(text, "{:>9}  {:<28}{line}", "", cut(job.as_str(), 27));
        }
    }

    fn refusals(&self, text: &mut String, title: &str, wanted: impl Fn(&WhyNot) -> bool) {
        let rows: Vec<_> = self.overview.refusals.iter().filter(|(refused, _)| wanted(&refused.why)).collect();
        let total: usize = rows.iter().map(|(_, count)| **count).sum();
        let _ = writeln!(text, "\n{title}: {}", number(total));
        let mut under = None;
        for (refused, count) in rows {
            if self.rules.jobs.len() > 1 && under != Some(&refused.job) {
                under = Some(&refused.job);
                let _ = writeln!(text, "  {}", refused.job.as_ref().map_or("no job", |job| job.as_str()));
            }
            let (word, sentence) = match refused.why {
                WhyNot::Skip(skip) => (skip.as_str(), skip_in_words(skip)),
                WhyNot::Review(review) => (review.as_str(), review_in_words(review)),
            };
            let line = format!("{:>9}  {:<28}{sentence}", number(*count), word.replace('_', " "));
            let _ = writeln!(text, "{}", wrapped(&line, 39));
        }
    }
}

fn days_of(hours: &[Hour]) -> Vec<Day<'_>> {
    let mut days: BTreeMap<NaiveDate, Vec<&Hour>> = BTreeMap::new();
    for hour in hours {
        days.entry(hour.start.with_timezone(&hour.zone).date_naive()).or_default().push(hour);
    }
    days.into_iter().collect()
}

fn day_line((date, hours): &Day) -> String {
    let notices: u64 = hours.iter().map(|h| h.notices).sum();
    let of_these = if notices == 0 { String::new() } else { format!(", {} of them notices", number(notices)) };
    format!("{}  {}{of_these}", date.format(DAY), calls(hours.iter().map(|h| h.due()).sum::<u64>()))
}

fn later_days(text: &mut String, days: &[Day]) {
    let Some((last, _)) = days.last() else { return };
    for day in days.iter().take(LATER_DAYS) {
        let _ = writeln!(text, "{}", day_line(day));
    }
    let rest: u64 = days.iter().skip(LATER_DAYS).flat_map(|(_, hours)| hours).map(|h| h.due()).sum();
    if rest > 0 {
        let _ = writeln!(text, "and {} more until {}", calls(rest), last.format(DAY));
    }
}

fn legend(text: &mut String, capacity: u64, late: u64) {
    let legend = format!(
        "█ placed in that hour   ▒ more than the lines carry: waits   | {} an hour: what max_calls and calls_per_second \
         allow where a call takes {} s. An estimate: calls that are repeated need lines too.",
        calls(capacity),
        ASSUMED_CALL.num_seconds()
    );
    let _ = writeln!(text, "{}", wrapped(&legend, 0));
    if late > 0 {
        let warning = "find no line before their hours are over: more lines (max_calls) or longer hours are needed.";
        let _ = writeln!(text, "{}", wrapped(&format!("! {} {warning}", calls(late)), 2));
    }
}

/// What is placed, what is above the capacity, and a mark where the capacity ends. Something is never nothing.
fn bar(hour: &Hour, capacity: u64, most: u64) -> String {
    let cells = |calls: u64| if calls == 0 { 0 } else { (calls * BAR / most).max(1) as usize };
    let mut bar: Vec<char> = vec!['█'; cells(hour.placed)];
    bar.extend(vec!['▒'; cells(hour.waiting + hour.late)]);
    let mark = cells(capacity);
    bar.extend(vec![' '; mark.saturating_sub(bar.len())]);
    bar.insert(mark, '|');
    bar.truncate(BAR as usize + 2);
    bar.into_iter().collect()
}

fn calls<N: TryInto<u64>>(count: N) -> String {
    let text = number(count);
    format!("{text} {}", if text == "1" { "call" } else { "calls" })
}

/// At most so many characters, the end left out where there are more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_string() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Lines of at most [`WIDTH`] columns; all but the first begin with `indent` blanks.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_inclusive(' ') {
        if column + word.trim_end().chars().count() > WIDTH {
            lines.truncate(lines.trim_end().len());
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        }
        lines.push_str(word);
        column += word.chars().count();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(placed: u64, waiting: u64) -> Hour {
        let start = DateTime::UNIX_EPOCH;
        Hour { zone: Tz::UTC, start, reminders: placed, notices: 0, placed, waiting, late: 0 }
    }

    #[test]
    fn a_bar_shows_what_fits_and_what_waits() {
        for (placed, waiting, capacity, most, want) in [
            (10, 0, 46, 46, format!("{}{}|", "█".repeat(10), " ".repeat(36))),
            (23, 23, 23, 46, format!("{}|{}", "█".repeat(23), "▒".repeat(23))),
            (1, 0, 1000, 1000, format!("█{}|", " ".repeat(45))),
            (5, 100_000, 5, 100_005, format!("█|{}", "▒".repeat(45))),
        ] {
            assert_eq!(bar(&hour(placed, waiting), capacity, most), want, "{placed} {waiting} {capacity}");
        }
    }

    #[test]
    fn numbers_and_lines_are_easy_to_read() {
        assert_eq!([number(7_u64), number(1_000_u64), number(1_234_567_u64)], ["7", "1,000", "1,234,567"]);
        let long = wrapped(&"word ".repeat(50), 4);
        assert!(long.lines().count() == 3 && long.lines().all(|line| line.chars().count() <= WIDTH), "{long}");
        assert!(long.lines().skip(1).all(|line| line.starts_with("    word")), "{long}");
        assert_eq!(cut("America/New_York", 8), "America…");
    }
}
