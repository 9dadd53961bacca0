//! Readers of single values. Each says what it wants where the value is something else.

use super::{Node, Value};
use crate::core::domain::PhoneNumber;
use crate::core::plan::Clock24;
use crate::fault::{Fault, nearest};
use chrono::{Duration, NaiveDate};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A value, or what is wrong with it.
pub type Read<T> = Result<T, Vec<Fault>>;

impl Node {
    /// A fault at this value.
    pub fn wrong<T>(&self, message: impl Into<String>) -> Read<T> {
        Err(vec![self.place.fault("bad_value", message)])
    }

    /// The text.
    ///
    /// # Errors
    /// Where something else stands.
    pub fn text(&self) -> Read<&str> {
        match &self.value {
            Value::Text(text) | Value::Variable(text) => Ok(text),
            _ => self.wrong(format!("want a text in quotes, not {}", self.kind())),
        }
    }

    /// The elements of a list; in a variable written as TOML, or with commas between.
    ///
    /// # Errors
    /// Where something else stands.
    pub fn list(&self) -> Read<Vec<Node>> {
        match &self.value {
            Value::List(items) => Ok(items.clone()),
            Value::Variable(text) => Ok(text
                .trim()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .split(',')
                .map(|item| item.trim().trim_matches(['"', '\'']))
                .filter(|item| !item.is_empty())
                .map(|item| Node { place: self.place.clone(), value: Value::Variable(item.to_string()) })
                .collect()),
            _ => self.wrong(format!("want a list in square brackets, not {}", self.kind())),
        }
    }

    /// What kind of value stands here, in words.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) | Value::Variable(_) => "a text",
            Value::Whole(_) | Value::Fraction(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::Date(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a section",
        }
    }
}

/// A text with something in it.
pub fn plain_text(node: &Node) -> Read<String> {
    let text = node.text()?.trim();
    if text.is_empty() { node.wrong("this is empty") } else { Ok(text.to_string()) }
}

/// true or false.
pub fn yes_or_no(node: &Node) -> Read<bool> {
    match &node.value {
        Value::Flag(flag) => Ok(*flag),
        Value::Variable(text) if text == "true" => Ok(true),
        Value::Variable(text) if text == "false" => Ok(false),
        _ => node.wrong("want true or false, without quotes"),
    }
}

/// A number within a range.
pub fn number_within<T>(range: RangeInclusive<T>) -> impl Fn(&Node) -> Read<T>
where
    T: PartialOrd + Display + FromStr,
{
    move |node| {
        let written = match &node.value {
            Value::Whole(number) => number.to_string(),
            Value::Fraction(number) => number.to_string(),
            Value::Variable(text) => text.trim().to_string(),
            _ => return node.wrong(format!("want a number, not {}", node.kind())),
        };
        match written.parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => node.wrong(format!("want a number from {} to {}, not {written}", range.start(), range.end())),
        }
    }
}

/// A span of time within a range, both ends included: a whole number with s, m, h or d; 0 needs no unit.
pub fn duration(least: Duration, most: Duration) -> impl Fn(&Node) -> Read<Duration> {
    move |node| {
        let written = match &node.value {
            Value::Whole(0) => "0",
            Value::Text(text) | Value::Variable(text) => text.trim(),
            _ => return node.wrong("want a span of time such as \"15m\": a whole number with s, m, h or d"),
        };
        let Some(span) = parse_duration(written) else {
            return node
                .wrong(format!("\"{written}\" is no span of time: want a whole number with s, m, h or d, such as \"15m\""));
        };
        if span < least || span > most {
            return node.wrong(format!("want {} to {}, not {written}", in_words(least), in_words(most)));
        }
        Ok(span)
    }
}

/// Reads a span of time: a whole number with s, m, h or d; 0 needs no unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::zero());
    }
    let (number, unit) = text.split_at(text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = number.parse().ok()?;
    match unit {
        "s" => Duration::try_seconds(number),
        "m" => Duration::try_minutes(number),
        "h" => Duration::try_hours(number),
        "d" => Duration::try_days(number),
        _ => None,
    }
}

/// A span as a person writes it, in the largest unit that leaves nothing over.
pub fn in_words(span: Duration) -> String {
    let seconds = span.num_seconds();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(size, _)| seconds != 0 && seconds % size == 0).unwrap_or((1, "s"));
    format!("{}{}", seconds / unit.0, unit.1)
}

/// A time of day, 00:00 to 24:00.
pub fn clock_time(node: &Node) -> Read<Clock24> {
    match &node.value {
        Value::Text(text) | Value::Variable(text) => match Clock24::parse(text.trim()) {
            Some(time) => Ok(time),
            None => node.wrong(format!("\"{text}\" is no time of day: want HH:MM in quotes, from \"00:00\" to \"24:00\"")),
        },
        _ => node.wrong("want a time of day in quotes, such as \"08:00\""),
    }
}

/// A date, in quotes or as a TOML date.
pub fn date(node: &Node) -> Read<NaiveDate> {
    match &node.value {
        Value::Text(text) | Value::Date(text) | Value::Variable(text) => match text.trim().parse() {
            Ok(date) => Ok(date),
            Err(_) => node.wrong(format!("\"{text}\" is no date: want YYYY-MM-DD")),
        },
        _ => node.wrong(format!("want a date, YYYY-MM-DD, not {}", node.kind())),
    }
}

/// A telephone number. The fault does not repeat it.
pub fn phone(node: &Node) -> Read<PhoneNumber> {
    let text = node.text()?;
    PhoneNumber::parse(text).or_else(|fault| node.wrong(format!("no telephone number that can be used: {fault}")))
}

/// A number of bytes: a whole number, alone or with KiB or MiB.
pub fn size(node: &Node) -> Read<usize> {
    let written = match &node.value {
        Value::Whole(number) => number.to_string(),
        Value::Text(text) | Value::Variable(text) => text.trim().to_string(),
        _ => return node.wrong("want a size such as \"1MiB\""),
    };
    let (number, unit) = match written.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => written.split_at(at),
        None => (written.as_str(), ""),
    };
    let scale = match unit.trim() {
        "" | "B" => Some(1),
        "KiB" => Some(1024),
        "MiB" => Some(1024 * 1024),
        _ => None,
    };
    match scale.and_then(|scale| number.parse::<usize>().ok()?.checked_mul(scale)).filter(|bytes| *bytes > 0) {
        Some(bytes) => Ok(bytes),
        None => node.wrong(format!("\"{written}\" is no size: want a whole number with B, KiB or MiB")),
    }
}

/// One of a few words.
pub fn one_of<T: Clone>(words: &[(&'static str, T)]) -> impl Fn(&Node) -> Read<T> {
    move |node| {
        let given = node.text()?.trim();
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
            return Ok(value.clone());
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(vec![node.place.fault("unknown_value", not_known(given, &known))])
    }
}

/// "X is not known", with the word it was probably meant to be, or all that are known.
pub fn not_known(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(meant) => format!("\"{given}\" is not known; did you mean \"{meant}\"?"),
        None if known.is_empty() => format!("\"{given}\" is not known: there are none"),
        None => format!("\"{given}\" is not known; known are: {}", known.join(", ")),
    }
}

/// A list, each element read by `read`; every wrong element is named.
pub fn list_of<T>(read: impl Fn(&Node) -> Read<T>) -> impl Fn(&Node) -> Read<Vec<T>> {
    move |node| {
        let mut values = Vec::new();
        let mut faults = Vec::new();
        for item in node.list()? {
            match read(&item) {
                Ok(value) => values.push(value),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }
}

/// One value, or a list of them with at least one.
pub fn one_or_several<T>(read: impl Fn(&Node) -> Read<T>) -> impl Fn(&Node) -> Read<Vec<T>> {
    move |node| match &node.value {
        Value::List(items) if items.is_empty() => node.wrong("the list is empty: leave the key out, or put something in"),
        Value::List(_) => list_of(&read)(node),
        _ => Ok(vec![read(node)?]),
    }
}

/// A list of words without repetition.
pub fn word_list<T: Clone + PartialEq>(words: &[(&'static str, T)]) -> impl Fn(&Node) -> Read<Vec<T>> {
    move |node| {
        let mut values: Vec<T> = Vec::new();
        for value in list_of(one_of(words))(node)? {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, parse};
    use super::*;

    fn read<T>(value: &str, reader: impl Fn(&Node) -> Read<T>) -> Result<T, String> {
        let text = format!("key = {value}");
        let node = parse(Source::File { name: "f".into(), text }).expect("sound TOML");
        let Value::Table(table) = node.value else { panic!("a table") };
        reader(&table["key"].node).map_err(|faults| faults[0].message.clone())
    }

    #[test]
    fn spans_of_time_are_whole_numbers_with_a_unit() {
        let within = || duration(Duration::zero(), Duration::days(400));
        for (written, want) in [
            ("\"30s\"", 30),
            ("\"15m\"", 900),
            ("\"24h\"", 86_400),
            ("\"14d\"", 1_209_600),
            ("\"0s\"", 0),
            ("\"0\"", 0),
            ("0", 0),
        ] {
            assert_eq!(read(written, within()).expect(written).num_seconds(), want, "{written}");
        }
        for wrong in
            ["\"30\"", "30", "\"1.5h\"", "\"-5m\"", "\"m\"", "\"\"", "\"5 m\"", "\"5µ\"", "\"99999999999999999999d\"", "true"]
        {
            assert!(read(wrong, within()).is_err(), "{wrong}");
        }
        let fault = read("\"2h\"", duration(Duration::zero(), Duration::minutes(60))).expect_err("too long");
        assert_eq!(fault, "want 0s to 1h, not 2h");
    }

    #[test]
    fn times_dates_sizes_and_numbers() {
        assert_eq!(read("\"24:00\"", clock_time), Ok(Clock24::END));
        assert!(read("\"8:00\"", clock_time).is_err() && read("\"24:01\"", clock_time).is_err());
        assert!(read("08:00:00", clock_time).expect_err("a TOML time").contains("in quotes"));
        let christmas = NaiveDate::from_ymd_opt(2026, 12, 25).expect("a date");
        assert_eq!((read("2026-12-25", date), read("\"2026-12-25\"", date)), (Ok(christmas), Ok(christmas)));
        assert!(read("\"12/25/2026\"", date).expect_err("American").contains("YYYY-MM-DD"));
        assert_eq!((read("\"1MiB\"", size), read("\"64KiB\"", size), read("512", size)), (Ok(1_048_576), Ok(65_536), Ok(512)));
        assert!(read("\"1 GB\"", size).is_err() && read("0", size).is_err());
        assert_eq!(read("3", number_within(1..=5u32)), Ok(3));
        assert_eq!(read("1.5", number_within(1..=5u32)), Err("want a number from 1 to 5, not 1.5".to_string()));
        assert_eq!(read("2", number_within(0.1..=5.0f64)), Ok(2.0));
        assert!(read("-1", number_within(1..=5u32)).is_err() && read("nan", number_within(0.1..=5.0f64)).is_err());
    }

    #[test]
    fn words_are_suggested_and_numbers_not_repeated() {
        let kinds = [("csv", 1), ("hl7", 2)];
        assert_eq!(read("\"hl7\"", one_of(&kinds)), Ok(2));
        assert_eq!(read("\"HL-7\"", one_of(&kinds)), Err("\"HL-7\" is not known; did you mean \"hl7\"?".to_string()));
        assert_eq!(read("\"fhir\"", one_of(&kinds)), Err("\"fhir\" is not known; known are: csv, hl7".to_string()));
        assert!(!read("\"303-555-01\"", phone).expect_err("too short").contains("303"));
    }
}
