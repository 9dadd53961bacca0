//! Nothing identifying in any log line: the demo's whole week, logged at its most talkative, and every line searched.

use std::collections::BTreeSet;
use std::process::Command;

/// Columns of the sample whose values identify a patient or say why they come.
const PRIVATE: [&str; 7] = ["patient_id", "first_name", "last_name", "birth_date", "phone_home", "phone_mobile", "phone_work"];

#[test]
fn a_week_of_calls_leaves_no_private_word_in_the_log() {
    let output = Command::new(env!("CARGO_BIN_EXE_callahead"))
        .args(["demo", "--headless", "--log", "json"])
        .env("RUST_LOG", "callahead=trace,sqlx=debug,axum=debug,tower_http=debug,warn")
        .env_remove("CALLAHEAD_CONFIG")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the demo runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    assert!(lines.len() > 20, "there is a log to search: {log}");
    for line in lines {
        for word in private_words() {
            assert!(!holds(line, &word), "a private value stands in a log line: {line}");
        }
        assert!(!holds_token(line), "a secret stands in a log line: {line}");
    }
}

/// Names, numbers, birth dates and ids of the sample hospital.
fn private_words() -> BTreeSet<String> {
    let mut reader = csv::Reader::from_reader(include_bytes!("../../demo/appointments.csv").as_slice());
    let header = reader.headers().expect("a header").clone();
    let mut words = BTreeSet::new();
    for row in reader.records().flatten() {
        for (column, value) in header.iter().zip(&row) {
            if PRIVATE.contains(&column) && value.len() > 2 {
                words.insert(value.to_string());
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                if column.starts_with("phone") && digits.len() >= 10 {
                    words.insert(digits[digits.len() - 10..].to_string());
                }
            }
        }
    }
    assert!(words.len() > 100, "the sample has private values to look for");
    words
}

/// Whether the word stands in the line as a word of its own.
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        !joins(line[..at].chars().next_back()) && !joins(line[at + word.len()..].chars().next())
    })
}

/// Whether a run of hexadecimal digits is long enough to be a token or an audio id.
fn holds_token(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 40)
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(holds("{\"x\":\"+16175550101\"}", "16175550101"));
    assert!(holds("patient Lovelace answered", "Lovelace"));
    assert!(!holds("unlovelaced", "lovelace"));
    assert!(holds_token("token=0123456789abcdef0123456789abcdef01234567 x"));
}
