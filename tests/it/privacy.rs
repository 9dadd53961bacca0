//! Nothing identifying in any log line: the demo's whole week, logged at its most talkative, and every line searched.

use crate::kill::write_hospital;
use crate::support::http::{get, post_form, signed};
use crate::support::process::{Program, exchange, free_port};
use axum::http::StatusCode;
use axum::routing::post;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

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

/// What a carrier may say when it refuses, with everything in it that must go nowhere; NUMBER is the number called.
const REFUSALS: [(u16, &str); 7] = [
    (400, r#"{"code":21211,"message":"The 'To' number NUMBER of Ada Lovelace is not valid","status":400}"#),
    (400, r#"{"code":21214,"message":"NUMBER is blocked","more_info":"https://www.example.com/NUMBER","status":400}"#),
    (500, "<html>NUMBER: a proxy shows the request</html>"),
    (201, "NUMBER is no JSON"),
    (201, r#"{"sid":12,"to":"NUMBER"}"#),
    (429, r#"{"code":20429,"message":"Too many requests for simulator-secret","status":429}"#),
    (401, r#"{"code":20003,"message":"simulator-secret is not the token of ACsimulator","status":401}"#),
];
/// So many come at the usual pace.
const BEFORE_IT_SLOWS: usize = 3;

/// Faults of strangers and of the carrier: forged, malformed, refused with private words in the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_leave_no_private_word_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (web, listener) = (free_port(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let telephones = listener.local_addr().expect("an address").port();
    let (asked, mut wanted) = mpsc::unbounded_channel();
    let count = Arc::new(AtomicUsize::new(0));
    let create = move |axum::Form(fields): axum::Form<Vec<(String, String)>>| async move {
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).expect("a field").1.clone();
        let (status, body) = REFUSALS[count.fetch_add(1, Ordering::Relaxed) % REFUSALS.len()];
        asked.send((field("Url"), field("To"))).expect("the test listens");
        (StatusCode::from_u16(status).expect("a status"), body.replace("NUMBER", &field("To")))
    };
    let app = axum::Router::new().route("/2010-04-01/Accounts/{account}/Calls.json", post(create));
    tokio::spawn(async move { axum::serve(listener, app).await });

    write_hospital(folder.path(), web, telephones, REFUSALS.len());
    let config = folder.path().join("callahead.toml");
    let secret = std::fs::read_to_string(&config)
        .expect("a configuration")
        .replace("auth_token = \"simulator\"", "auth_token = \"simulator-secret\"");
    std::fs::write(&config, secret).expect("written");
    let imported = Program::run(&["import", folder.path().join("day.csv").to_str().expect("a path")], &config);
    assert!(imported.success, "{}", imported.stderr);
    let env = [("RUST_LOG".to_string(), "callahead=trace,sqlx=debug,hyper=debug,reqwest=debug,warn".to_string())];
    let program = Program::start_with(&["serve"], &config, &env);
    program.answers(web, "/healthz");
    let (mut urls, mut numbers) = (Vec::new(), BTreeSet::new());
    // The last ones slow it down or stop it: not everybody is called then.
    let patience = |heard: usize| std::time::Duration::from_secs(if heard < BEFORE_IT_SLOWS { 60 } else { 3 });
    while let Ok(heard) = tokio::time::timeout(patience(numbers.len()), wanted.recv()).await {
        let (url, to) = heard.expect("a call");
        urls.push(url);
        numbers.insert(to);
    }
    assert!(numbers.len() >= BEFORE_IT_SLOWS, "{} refusals", numbers.len());
    let token = urls[0].split("/voice/").nth(1).expect("a token").split('/').next().expect("a token").to_string();
    tokio::task::spawn_blocking(move || strangers_knock(web, &token)).await.expect("they knocked");

    let metrics = get(web, "/metrics").expect("metrics");
    let ready = get(web, "/readyz").expect("an answer");
    let shown: Vec<String> = [["webhooks", "--format"], ["worklist", "list"], ["calls", "--format"]]
        .iter()
        .map(|command| [&command[..], if command[1] == "list" { &["--format", "json"] } else { &["json"] }].concat())
        .map(|command| Program::run(&command, &config).stdout)
        .collect();
    drop(program);
    let log = std::fs::read_to_string(folder.path().join("serve.log")).expect("a log");
    assert!(log.contains("bad_signature") && log.contains("malformed") && log.contains("unknown_attempt"), "{log}");
    for text in [&log, &metrics, &ready].into_iter().chain(&shown) {
        for line in text.lines() {
            let theirs = numbers.iter().map(|number| number.trim_start_matches("+1").to_string());
            for word in theirs.chain(["Lovelace", "simulator-secret", "1815-12-10"].map(str::to_string)) {
                assert!(!line.contains(&word), "{word} stands in: {line}");
            }
            assert!(!holds_token(line), "a secret stands in: {line}");
        }
    }
}

/// Forged, malformed, oversized, of another kind: each with private words in it.
fn strangers_knock(web: u16, token: &str) {
    let private = [("CallSid", "CA1"), ("CallStatus", "melted Lovelace 1815-12-10"), ("To", "+12015550001")];
    let sign = |path: &str, fields: &[(&str, &str)]| signed("simulator-secret", &format!("http://127.0.0.1:{web}{path}"), fields);
    let status = format!("/carriers/main/status/{token}");
    let forged = "/carriers/main/status/0123456789abcdef0123456789abcdef0123456789abcdef";
    let answers = [
        post_form(web, &status, &private, None),
        post_form(web, &status, &private, Some("Lovelace")),
        post_form(web, &status, &private, Some(&sign(&status, &private))),
        post_form(
            web,
            forged,
            &[("CallSid", "CA1"), ("CallStatus", "ringing")],
            Some(&sign(forged, &[("CallSid", "CA1"), ("CallStatus", "ringing")])),
        ),
        post_form(web, "/carriers/Lovelace/voice/+12015550001", &private, None),
        post_form(web, "/carriers/main/Lovelace/1815-12-10?name=Lovelace", &private, None),
        exchange(web, "LOVELACE /carriers/main/Lovelace HTTP/1.1\r\nHost: Lovelace\r\nConnection: close\r\n\r\n"),
        exchange(web, "POST /Lovelace HTTP/9.9\r\n\r\n"),
    ];
    let statuses: Vec<_> = answers.iter().flatten().filter_map(|answer| answer.split(' ').nth(1)).collect();
    assert_eq!(statuses[..7], ["403", "403", "400", "404", "404", "403", "405"]);
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(holds("{\"x\":\"+16175550101\"}", "16175550101"));
    assert!(holds("patient Lovelace answered", "Lovelace"));
    assert!(!holds("unlovelaced", "lovelace"));
    assert!(holds_token("token=0123456789abcdef0123456789abcdef01234567 x"));
}
