//! How a language makes a date, a time, a count and a telephone number out of its phrases: data of the pack, filled here.

use super::form::FormId;
use crate::core::domain::PhoneNumber;
use crate::core::ids::PhraseId;
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use serde::Deserialize;

/// Ways to say one thing, the longest recordings first; each is a list of phrase ids with `{fields}`.
type Ways = Vec<Vec<String>>;

/// The `[grammar]` of a pack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grammar {
    date: Ways,
    time: Ways,
    /// Minute 00; empty: `time`.
    #[serde(default)]
    full_hour: Ways,
    count: Ways,
    /// From 10 on.
    many: Ways,
    digit: String,
    /// Groups whose words begin with a capital inside a sentence, too.
    #[serde(default)]
    capitals: Vec<String>,
    /// Groups and phrases that begin a sentence, in place of the rule of capitals: for a script that has none.
    opens: Option<Vec<String>>,
    day_parts: Vec<DayPart>,
    numbers: Vec<NumberShape>,
}

/// A part of the day, from a time on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DayPart {
    /// `HH:MM`, so that the order of texts is the order of times.
    from: String,
    name: String,
}

/// How the digits of a telephone number are grouped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberShape {
    prefix: String,
    groups: Vec<usize>,
}

const DATE_FIELDS: &[&str] = &["weekday", "month", "day"];
const TIME_FIELDS: &[&str] = &["hour12", "hour24", "minute", "part"];
const COUNT_FIELDS: &[&str] = &["count"];
const DIGIT_FIELDS: &[&str] = &["digit"];

impl Grammar {
    /// The ways to say a day with its weekday, the longest recordings first.
    pub fn date(&self, day: NaiveDate) -> Vec<Vec<PhraseId>> {
        let weekday = day.weekday().to_string().to_lowercase();
        let (month, date) = (format!("{:02}", day.month()), format!("{:02}", day.day()));
        fill_ways(&self.date, &[("weekday", &weekday), ("month", &month), ("day", &date)])
    }

    /// The ways to say a time of day, the longest recordings first. Seconds are not spoken.
    pub fn time(&self, time: NaiveTime) -> Vec<Vec<PhraseId>> {
        let ways = if time.minute() == 0 && !self.full_hour.is_empty() { &self.full_hour } else { &self.time };
        let (hour12, hour24) = (format!("{:02}", time.hour12().1), format!("{:02}", time.hour()));
        let minute = format!("{:02}", time.minute());
        let clock = format!("{hour24}:{minute}");
        let part = self.day_parts.iter().rev().find(|p| p.from <= clock).map_or("", |p| p.name.as_str());
        fill_ways(ways, &[("hour12", &hour12), ("hour24", &hour24), ("minute", &minute), ("part", part)])
    }

    /// The ways to say "you have N appointments".
    pub fn count(&self, count: u32) -> Vec<Vec<PhraseId>> {
        let ways = if count < 10 { &self.count } else { &self.many };
        fill_ways(ways, &[("count", &count.to_string())])
    }

    /// A telephone number, digit by digit, in groups.
    pub fn number(&self, number: &PhoneNumber) -> Vec<PhraseId> {
        let shape = self.numbers.iter().find(|shape| number.as_str().starts_with(&shape.prefix));
        let prefix = shape.map_or(0, |shape| shape.prefix.len());
        let digits = number.as_str()[prefix..].trim_start_matches('+');
        let mut ids = Vec::with_capacity(digits.len());
        let mut sizes = shape.map_or(&[][..], |shape| &shape.groups).iter();
        let mut size = sizes.next().copied().unwrap_or(digits.len());
        let mut in_group = 0;
        for (n, digit) in digits.char_indices() {
            in_group += 1;
            let suffix = if n + 1 == digits.len() {
                ".end"
            } else if in_group >= size {
                size = sizes.next().copied().unwrap_or(size);
                in_group = 0;
                ".group"
            } else {
                ""
            };
            ids.push(self.digit(digit, suffix));
        }
        ids
    }

    /// Every form of every digit.
    pub(in crate::prompt) fn digits(&self) -> impl Iterator<Item = PhraseId> + '_ {
        ('0'..='9').flat_map(|digit| ["", ".group", ".end"].map(|suffix| self.digit(digit, suffix)))
    }

    fn digit(&self, digit: char, suffix: &str) -> PhraseId {
        PhraseId::new(fill(&self.digit, &[("digit", digit.encode_utf8(&mut [0; 4]))]) + suffix)
    }

    /// Whether a phrase with these words begins a sentence.
    pub(in crate::prompt) fn opens_sentence(&self, form: FormId<'_>, text: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == form.group() || name == form.base);
        match &self.opens {
            Some(opens) => names(opens),
            None => text.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase) && !names(&self.capitals),
        }
    }

    /// What in the grammar cannot work: the text to point at, and why.
    pub(in crate::prompt) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (key, ways, fields, may_lack) in [
            ("date", &self.date, DATE_FIELDS, false),
            ("time", &self.time, TIME_FIELDS, false),
            ("full_hour", &self.full_hour, TIME_FIELDS, true),
            ("count", &self.count, COUNT_FIELDS, false),
            ("many", &self.many, COUNT_FIELDS, false),
        ] {
            if (ways.is_empty() && !may_lack) || ways.iter().any(Vec::is_empty) {
                problems.push((key.to_string(), format!("{key}: want at least one way, each of at least one phrase")));
            }
            problems.extend(ways.iter().flatten().filter_map(|template| unknown_field(key, template, fields)));
        }
        problems.extend(unknown_field("digit", &self.digit, DIGIT_FIELDS));
        if problems.is_empty() {
            problems.extend(self.missing_fields());
        }
        let times: Vec<_> = self.day_parts.iter().map(|part| part.from.as_str()).collect();
        let is_time = |text: &&str| text.len() == 5 && NaiveTime::parse_from_str(text, "%H:%M").is_ok();
        if times.first() != Some(&"00:00") || !times.iter().all(is_time) || !times.is_sorted_by(|a, b| a < b) {
            let message = "day_parts: want times of day as \"HH:MM\", the first \"00:00\", each later than the one before";
            problems.push(("day_parts".to_string(), message.to_string()));
        }
        for shape in &self.numbers {
            if !shape.prefix.starts_with('+') || shape.groups.is_empty() || shape.groups.contains(&0) {
                let message = "numbers: want a prefix that begins with + and groups of at least one digit".to_string();
                problems.push((format!("\"{}\"", shape.prefix), message));
            }
        }
        problems
    }

    /// Ways without which every day, hour or digit would be said as one and the same.
    fn missing_fields(&self) -> Vec<(String, String)> {
        let digit = vec![vec![self.digit.clone()]];
        let hour: &[&str] = &["hour12", "hour24"];
        let mut missing = Vec::new();
        for (key, ways, needed) in [
            ("date", &self.date, &[&["month"][..], &["day"]][..]),
            ("time", &self.time, &[hour, &["minute"]]),
            ("full_hour", &self.full_hour, &[hour]),
            ("count", &self.count, &[&["count"]]),
            ("digit", &digit, &[&["digit"]]),
        ] {
            for way in ways {
                let has = |field: &&str| way.iter().any(|template| template.contains(&format!("{{{field}}}")));
                for any in needed.iter().filter(|any| !any.iter().any(has)) {
                    let any = any.iter().map(|field| format!("{{{field}}}")).collect::<Vec<_>>().join(" or ");
                    missing.push((key.to_string(), format!("{key}: {} says no {any}", way.join(" + "))));
                }
            }
        }
        missing
    }
}

fn unknown_field(key: &str, template: &str, fields: &[&str]) -> Option<(String, String)> {
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        let name = rest[open..].strip_prefix('{').and_then(|after| after.split_once('}'));
        match name {
            Some((name, after)) if fields.contains(&name) => rest = after,
            _ => {
                let known = fields.iter().map(|f| format!("{{{f}}}")).collect::<Vec<_>>().join(", ");
                return Some((template.to_string(), format!("{key}: `{template}` may hold {known} and no other braces")));
            }
        }
    }
    None
}

fn fill_ways(ways: &Ways, fields: &[(&str, &str)]) -> Vec<Vec<PhraseId>> {
    ways.iter().map(|way| way.iter().map(|template| PhraseId::new(fill(template, fields))).collect()).collect()
}

fn fill(template: &str, fields: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + 4);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(fields.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value));
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::PACK_TOML;
    use std::path::Path;

    fn english() -> Grammar {
        let manifest: crate::prompt::pack::Manifest =
            crate::fault::parse_toml(Path::new("pack.toml"), PACK_TOML).expect("the shipped pack.toml");
        manifest.grammar
    }

    fn joined(ids: &[PhraseId]) -> String {
        ids.iter().map(PhraseId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_are_said_in_groups() {
        let grammar = english();
        for (number, want) in [
            ("+16175550100", "6 1 7.group 5 5 5.group 0 1 0 0.end"),
            ("+18005550199", "8 0 0.group 5 5 5.group 0 1 9 9.end"),
            ("+34912345678", "3 4 9.group 1 2 3.group 4 5 6.group 7 8.end"),
        ] {
            let number = PhoneNumber::parse(number).expect("a number");
            assert_eq!(joined(&grammar.number(&number)).replace("digit/", ""), want);
        }
    }

    #[test]
    fn parts_of_the_day_are_data() {
        let mut grammar = english();
        grammar.time = vec![vec!["hour/{hour12}".into(), "minute/{minute}".into(), "part/{part}".into()]];
        grammar.full_hour.clear();
        grammar.day_parts = [("00:00", "manana"), ("12:00", "mediodia"), ("12:01", "tarde"), ("19:00", "noche")]
            .map(|(from, name)| DayPart { from: from.into(), name: name.into() })
            .to_vec();
        assert_eq!(grammar.problems(), []);
        for (hour, minute, want) in [
            (0, 0, "hour/12 minute/00 part/manana"),
            (11, 59, "hour/11 minute/59 part/manana"),
            (12, 0, "hour/12 minute/00 part/mediodia"),
            (12, 1, "hour/12 minute/01 part/tarde"),
            (18, 59, "hour/06 minute/59 part/tarde"),
            (19, 0, "hour/07 minute/00 part/noche"),
        ] {
            let time = NaiveTime::from_hms_opt(hour, minute, 30).expect("a time");
            assert_eq!(joined(&grammar.time(time)[0]), want, "{hour}:{minute}");
        }
    }

    #[test]
    fn a_grammar_that_cannot_work_is_pointed_at() {
        assert_eq!(english().problems(), []);
        let mut grammar = english();
        grammar.date = vec![vec!["month/{mont}".into()]];
        grammar.time = Vec::new();
        grammar.digit = "digit/{digit".into();
        grammar.day_parts.remove(0);
        grammar.numbers[0].groups = vec![0];
        let places: Vec<_> = grammar.problems().into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["month/{mont}", "time", "digit/{digit", "day_parts", "\"+1\""]);
    }

    #[test]
    fn what_would_be_said_the_same_every_time_is_refused() {
        let mut grammar = english();
        let ways = |text: &str| vec![text.split(' ').map(str::to_string).collect::<Vec<_>>()];
        grammar.date = ways("weekday/{weekday} month/{month}");
        grammar.time = ways("minute/{minute} ampm/{part}");
        grammar.full_hour = ways("say/noon");
        grammar.count = ways("count/2");
        grammar.many = ways("count/many");
        grammar.digit = "digit/1".into();
        grammar.day_parts[1].from = "00:00".into();
        let found: Vec<_> = grammar.problems().into_iter().map(|(_, message)| message).collect();
        let want = [
            "date: weekday/{weekday} + month/{month} says no {day}",
            "time: minute/{minute} + ampm/{part} says no {hour12} or {hour24}",
            "full_hour: say/noon says no {hour12} or {hour24}",
            "count: count/2 says no {count}",
            "digit: digit/1 says no {digit}",
            "day_parts: want times of day as \"HH:MM\", the first \"00:00\", each later than the one before",
        ];
        assert_eq!(found, want);
    }
}
