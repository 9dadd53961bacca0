//! Law 7: the caller always hears something, and a key pressed while the store cannot write is not lost. The test plays the
//! carrier itself, and holds the lock of the SQLite file as another process would.

use crate::kill::write_hospital;
use crate::support::http::{post_form, signed};
use crate::support::process::{Program, free_port};
use axum::Form;
use axum::routing::post;
use sqlx::{Connection, Executor, SqliteConnection};
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const TOKEN: &str = "simulator";
const CALL: (&str, &str) = ("CallSid", "CA0123456789abcdef0123456789abcdef");

/// A service that has asked this test, its carrier, for one call.
pub struct Line {
    folder: tempfile::TempDir,
    /// Its configuration.
    pub config: PathBuf,
    web: u16,
    /// The path that the engine wants to be asked at.
    pub answered: String,
    _program: Program,
}

impl Line {
    pub async fn dialled() -> Line {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let telephones = listener.local_addr().expect("an address").port();
        let (asked, mut wanted) = mpsc::unbounded_channel();
        let create = move |Form(fields): Form<Vec<(String, String)>>| async move {
            let url = fields.into_iter().find(|(name, _)| name == "Url").expect("an Url").1;
            asked.send(url).expect("the test listens");
            (axum::http::StatusCode::CREATED, format!("{{\"sid\":\"{}\",\"status\":\"queued\"}}", CALL.1))
        };
        let app = axum::Router::new().route("/2010-04-01/Accounts/{account}/Calls.json", post(create));
        tokio::spawn(async move { axum::serve(listener, app).await });

        let web = free_port();
        write_hospital(folder.path(), web, telephones, 1);
        let config = folder.path().join("callahead.toml");
        let imported = Program::run(&["import", folder.path().join("day.csv").to_str().expect("a path")], &config);
        assert!(imported.success, "{}", imported.stderr);
        let program = Program::start(&["serve"], &config);
        program.answers(web, "/healthz");
        let url = tokio::time::timeout(Duration::from_secs(60), wanted.recv()).await.expect("in time").expect("a call");
        let answered = url.split_once(&format!("127.0.0.1:{web}")).expect("our address").1;
        // The fragment is the carrier's own and is never sent.
        let answered = answered.split('#').next().unwrap_or_default().to_string();
        Line { folder, config, web, answered, _program: program }
    }

    /// What the service answers a signed webhook.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let (port, path) = (self.web, path.to_string());
        let fields: Vec<(String, String)> =
            [&[CALL], fields].concat().into_iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        let ask = move || {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let signature = signed(TOKEN, &format!("http://127.0.0.1:{port}{path}"), &fields);
            post_form(port, &path, &fields, Some(&signature)).expect("an answer")
        };
        tokio::task::spawn_blocking(ask).await.expect("asked")
    }

    /// Holds the store's only write lock until it is dropped.
    async fn hold_the_store(&self) -> SqliteConnection {
        let file = self.folder.path().join("day.db");
        let mut other = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("the file");
        other.execute("BEGIN IMMEDIATE").await.expect("the lock");
        other
    }

    fn opt_outs(&self) -> usize {
        let done = Program::run(&["opt-out", "list", "--format", "json"], &self.config);
        let list: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
        list.as_array().expect("a list").len()
    }
}

/// The path of the address between two marks of a document.
pub fn between(document: &str, before: &str, after: &str) -> String {
    let inside = document.split_once(before).unwrap_or_else(|| panic!("{before} in {document}")).1;
    let address = inside.split_once(after).expect("its end").0.replace("&amp;", "&");
    let address = address.split('#').next().unwrap_or_default();
    format!("/carriers{}", address.split_once("/carriers").expect("a webhook's address").1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_pressed_while_the_store_is_slow_is_committed_by_the_next_try() {
    let line = Line::dialled().await;
    let message = line.post(&line.answered, &[]).await;
    assert!(message.contains("<Gather"), "{message}");
    let action = between(&message, "action=\"", "\"");

    let mut lock = line.hold_the_store().await;
    let moment = line.post(&action, &[("Digits", "9")]).await;
    assert!(moment.starts_with("HTTP/1.1 200") && moment.contains("<Play>"), "{moment}");
    assert!(!moment.contains("<Hangup"), "nothing is said as done: {moment}");
    let again = between(&moment, "<Redirect method=\"POST\">", "</Redirect>");
    assert!(again.contains("try=1") && again.contains("key=%39"), "{again}");
    lock.execute("ROLLBACK").await.expect("released");

    let done = line.post(&again, &[]).await;
    assert!(done.contains("<Hangup/>"), "the opt-out is confirmed and the call ends: {done}");
    assert_eq!(line.opt_outs(), 1, "key 9 is committed");
    let repeat = line.post(&action, &[("Digits", "9")]).await;
    assert_eq!(body(&repeat), body(&done), "the same document, whichever way it is asked again");
    assert_eq!(line.opt_outs(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_three_tries_the_caller_hears_whom_to_call() {
    let line = Line::dialled().await;
    let message = line.post(&line.answered, &[]).await;
    let action = between(&message, "action=\"", "\"");
    let _lock = line.hold_the_store().await;
    let sorry = line.post(&format!("{action}?try=3&key=%31"), &[]).await;
    assert!(sorry.starts_with("HTTP/1.1 200") && sorry.contains("<Play>") && sorry.contains("<Hangup/>"), "{sorry}");
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a body").1
}
