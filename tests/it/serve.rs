//! The service as a carrier and a stranger meet it: signatures, sizes, unknown attempts, health, and who may see the console.

use crate::support::http::{get, post_form, signed};
use crate::support::postgres::fresh_database;
use crate::support::process::{Program, exchange, free_port};
use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The auth token of the built-in default carrier.
const TOKEN: &str = "simulator";

/// A service in a folder of its own.
struct Service {
    _folder: tempfile::TempDir,
    config: PathBuf,
    port: u16,
    console: u16,
    env: Vec<(String, String)>,
    program: Program,
}

impl Service {
    /// On SQLite.
    fn start() -> Service {
        Service::start_with(Vec::new())
    }

    fn start_with(env: Vec<(String, String)>) -> Service {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, console) = (free_port(), free_port());
        let config = folder.path().join("callahead.toml");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = format!(
            "schedules = \"{0}/schedules\"\nprompts = \"{0}/prompts\"\n\
             [server]\nlisten = \"127.0.0.1:{port}\"\nconsole = \"127.0.0.1:{console}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\
             [store]\nurl = \"sqlite://serve.db\"\n",
            root.display()
        );
        fs::write(&config, text).expect("a configuration");
        let program = Program::start_with(&["serve"], &config, &env);
        program.answers(port, "/healthz");
        Service { _folder: folder, config, port, console, env, program }
    }

    fn post(&self, path: &str, fields: &[(&str, &str)], signature: Option<&str>) -> String {
        post_form(self.port, path, fields, signature).expect("an answer")
    }

    fn signed(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let signature = signed(TOKEN, &format!("http://127.0.0.1:{}{path}", self.port), fields);
        self.post(path, fields, Some(&signature))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = Program::run_with(&[arguments, &["--format", "json"]].concat(), &self.config, &self.env);
        assert!(done.success, "{}", done.stderr);
        serde_json::from_str(&done.stdout).expect("JSON")
    }

    fn verdicts(&self) -> Vec<(u64, String)> {
        let log = self.json(&["webhooks"]);
        let entries = log.as_array().expect("entries").iter();
        entries.map(|e| (e["status"].as_u64().expect("a status"), e["verdict"].as_str().expect("a word").to_string())).collect()
    }
}

/// What shows patients' visits.
const CONSOLE: [&str; 7] =
    ["/", "/api/v1/calls", "/api/v1/worklist", "/api/v1/webhooks", "/api/v1/summary", "/api/v1/plan", "/api/openapi.json"];
const UNKNOWN: &str = "/carriers/main/voice/0123456789abcdef0123456789abcdef0123456789abcdef/answered";
const FIELDS: [(&str, &str); 3] =
    [("CallSid", "CA00000000000000000000000000000001"), ("CallStatus", "in-progress"), ("To", "+16175550101")];

/// What a scheduler saves while it runs is looked at without being asked.
#[test]
fn a_wrong_file_shows_in_the_metrics_until_it_is_right_again() {
    let service = Service::start();
    let failed = |value: u8| format!("\ncallahead_rules_reload_failed {value}\n");
    let metrics = || get(service.port, "/metrics").unwrap_or_default();
    let shows = |value: u8| {
        let seen = service.program.until(Duration::from_secs(20), metrics, |text| text.contains(&failed(value)));
        assert!(seen.contains(&failed(value)), "{value}: {seen}");
    };
    shows(0);
    let services = service.config.with_file_name("services.toml");
    fs::write(&services, "[[rule]]\nclass = \"exam\"\n").expect("written");
    shows(1);
    fs::remove_file(&services).expect("removed");
    shows(0);
}

/// Heard long ago, it may have changed anything since.
#[test]
fn a_silent_feed_shows_in_health_and_metrics_and_on_the_worklist() {
    let feed = [("CALLAHEAD_FEEDS__DAILY__KIND".to_string(), "csv".to_string())];
    let service = Service::start_with(feed.into());
    let url = format!("sqlite://{}", service.config.with_file_name("serve.db").display());
    let heard = async {
        let store = callahead::store::open(&url).await.expect("the store");
        let long_ago = "2026-01-01T00:00:00Z".parse().expect("a moment");
        store.feed_heard(&"daily".into(), &["boston".into()], long_ago).await.expect("noted");
        store.close().await;
    };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(heard);
    let ready = || get(service.port, "/readyz").unwrap_or_default();
    let said = service.program.until(Duration::from_secs(30), ready, |text| text.contains("silent feeds"));
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("being called about: boston"), "{said}");
    assert!(get(service.port, "/metrics").expect("an answer").contains("\ncallahead_sites_stopped 1\n"));
    let work = service.json(&["worklist", "list"]);
    assert_eq!((&work[0]["kind"], work.as_array().map(Vec::len)), (&Value::from("review"), Some(1)), "{work}");
}

#[test]
fn a_wrong_signature_is_403_and_logged_and_changes_nothing() {
    let service = Service::start();
    let answer = service.post(UNKNOWN, &FIELDS, Some("RSOYDt4T1cUTdK1PDd93/VVr8B8="));
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(service.post(UNKNOWN, &FIELDS, None).starts_with("HTTP/1.1 403"));
    assert_eq!(service.verdicts(), [(403, "bad_signature".to_string()), (403, "bad_signature".to_string())]);
    assert_eq!(service.json(&["worklist", "list"]), serde_json::json!([]));
}

#[test]
fn somebody_on_the_line_of_an_unknown_attempt_hears_the_apology_and_a_person_must_look() {
    let service = Service::start();
    let answer = service.signed(UNKNOWN, &FIELDS);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("<Play>") && answer.contains("<Hangup/>"), "{answer}");
    let url = answer.split("<Play>").nth(1).and_then(|rest| rest.split("</Play>").next()).expect("an audio address");
    let path = url.split_once(&format!("127.0.0.1:{}", service.port)).expect("our own address").1;
    let audio = get(service.port, path).expect("the audio");
    assert!(audio.starts_with("HTTP/1.1 200") && audio.contains("audio/wav"), "{}", &audio[..200.min(audio.len())]);
    let work = service.json(&["worklist", "list"]);
    assert_eq!(work[0]["kind"], "carrier_fault");
    assert_eq!(service.verdicts(), [(200, "unknown_attempt".to_string())]);
}

#[test]
fn what_is_not_ours_is_404_and_too_much_is_413() {
    let service = Service::start();
    let status = "/carriers/main/status/0123456789abcdef0123456789abcdef0123456789abcdef";
    assert!(service.signed(status, &[("CallStatus", "completed"), ("CallSid", "CA1")]).starts_with("HTTP/1.1 404"));
    assert!(service.signed("/carriers/main/nothing", &FIELDS).starts_with("HTTP/1.1 404"));
    assert!(service.signed("/carriers/nobody/voice", &FIELDS).starts_with("HTTP/1.1 404"));
    let huge = "x".repeat(70_000);
    assert!(service.signed(UNKNOWN, &[("CallSid", huge.as_str())]).starts_with("HTTP/1.1 413"));
    let words: Vec<String> = service.verdicts().into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["unknown_attempt", "unknown_path", "unknown_carrier", "too_large"]);
}

#[test]
fn health_is_for_all_and_the_console_has_an_address_of_its_own() {
    let service = Service::start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = get(service.port, path).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert!(get(service.console, path).expect("an answer").starts_with("HTTP/1.1 404"), "{path}");
    }
    // What a reverse proxy in front of `public_url` asks for in a stranger's name, with nothing that shows it.
    for path in CONSOLE {
        let answer = get(service.port, path).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains(&service.console.to_string()), "{path}: {answer}");
    }
    for path in CONSOLE {
        let answer = get(service.console, path).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    assert!(get(service.console, "/carriers/main/voice/x").expect("an answer").starts_with("HTTP/1.1 404"));
}

#[test]
fn without_an_address_of_its_own_the_console_is_beside_the_webhooks_or_nowhere() {
    for (public_url, wanted) in [("", "HTTP/1.1 200"), ("https://calls.example.org", "HTTP/1.1 404")] {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, root) = (free_port(), Path::new(env!("CARGO_MANIFEST_DIR")));
        let here = format!("http://127.0.0.1:{port}");
        let public_url = if public_url.is_empty() { here.as_str() } else { public_url };
        let config = folder.path().join("callahead.toml");
        let text = format!(
            "schedules = \"{0}/schedules\"\nprompts = \"{0}/prompts\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n\
             public_url = \"{public_url}\"\n",
            root.display()
        );
        fs::write(&config, text).expect("a configuration");
        let program = Program::start(&["serve"], &config);
        program.answers(port, "/healthz");
        for path in CONSOLE {
            let answer = get(port, path).expect("an answer");
            assert!(answer.starts_with(wanted), "{public_url}{path}: {answer}");
        }
    }
}

#[test]
fn the_console_is_for_this_computer_only() {
    let service = Service::start();
    let ask = |headers: &str| {
        let request = format!("GET /api/v1/calls HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        exchange(service.console, &request).expect("an answer")
    };
    assert!(ask("Host: localhost\r\n").starts_with("HTTP/1.1 200"));
    for header in ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: a.example", "Forwarded: for=203.0.113.9", "Via: 1.1 proxy"]
    {
        let answer = ask(&format!("Host: 127.0.0.1\r\n{header}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403"), "{header}: {answer}");
    }
    assert!(ask("Host: evil.example\r\n").starts_with("HTTP/1.1 403"), "a name that somebody points here");
}

#[test]
fn an_orderly_stop_leaves_one_file_that_is_whole() {
    let mut service = Service::start();
    assert!(service.signed(UNKNOWN, &FIELDS).starts_with("HTTP/1.1 200"));
    let status = service.program.terminate(Duration::from_secs(30)).expect("it stops");
    assert!(status.success(), "{status:?}");
    let file = service.config.with_file_name("serve.db");
    assert!(!file.with_file_name("serve.db-wal").exists(), "nothing is left beside it");
    fs::rename(&file, file.with_file_name("kept.db")).expect("renamed");
    let env = [("CALLAHEAD_STORE__URL".to_string(), "sqlite://kept.db".to_string())];
    let done = Program::run_with(&["worklist", "list", "--format", "json"], &service.config, &env);
    assert!(done.stdout.contains("carrier_fault"), "{} {}", done.stdout, done.stderr);
}

/// A newer program has brought a schema that this one would break: it may not go on, and says why.
#[test]
fn the_service_stops_when_a_newer_one_has_taken_the_store_over() {
    let mut service = Service::start();
    let url = format!("sqlite://{}", service.config.with_file_name("serve.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut conn = SqliteConnection::connect(&url).await.expect("the file");
        conn.execute("INSERT INTO schema_floor (step, program) VALUES (1001, '9.9')").await.expect("written");
    });
    let status = service.program.ends_within(Duration::from_secs(60)).expect("it stops by itself");
    assert!(!status.success(), "{status:?}");
    let log = fs::read_to_string(service.config.with_file_name("serve.log")).expect("its log");
    assert!(log.contains("a newer callahead has taken the store over") && log.contains("9.9"), "{log}");
    let again = Program::run(&["worklist", "list"], &service.config);
    assert!(!again.success && again.stderr.contains("9.9"), "{}", again.stderr);
}

/// What several replicas share: the same ways in and out as on SQLite.
#[test]
fn the_service_runs_on_postgresql() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let Some(url) = runtime.block_on(fresh_database()) else { return };
    let mut service = Service::start_with(vec![("CALLAHEAD_STORE__URL".to_string(), url)]);
    let file = service.config.with_file_name("day.csv");
    let rows = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n\
                A1,P1,617-555-0101,2046-11-30T09:00,boston,exam,yes,2026-11-01T09:00\n";
    fs::write(&file, rows).expect("a file");
    let report = service.json(&["import", file.to_str().expect("a path")]);
    assert_eq!((&report["new"], &report["refused"]), (&1.into(), &serde_json::json!([])));
    let plan = service.json(&["plan", "--at", "2046-11-26T13:00:00Z"]);
    assert_eq!((&plan[0]["visit"], &plan[0]["decision"]), (&"P1/boston/2046-11-30".into(), &"call".into()));

    assert!(get(service.port, "/readyz").expect("an answer").starts_with("HTTP/1.1 200"));
    let answer = service.signed(UNKNOWN, &FIELDS);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<Hangup/>"), "{answer}");
    assert_eq!(service.json(&["worklist", "list"])[0]["kind"], "carrier_fault");
    assert_eq!(service.verdicts(), [(200, "unknown_attempt".to_string())]);
    let log = get(service.console, "/api/v1/webhooks?last=1").expect("an answer");
    assert!(log.starts_with("HTTP/1.1 200") && log.contains("unknown_attempt"), "{log}");
    let status = service.program.terminate(Duration::from_secs(30)).expect("it stops");
    assert!(status.success(), "{status:?}");
    assert!(!service.config.with_file_name("serve.db").exists(), "nothing went into the file that the configuration names");
}

#[test]
fn a_taken_address_is_named_with_its_key() {
    let service = Service::start();
    for (key, taken) in [("LISTEN", service.port), ("CONSOLE", service.console)] {
        let other = if key == "LISTEN" { "CONSOLE" } else { "LISTEN" };
        let env = [
            (format!("CALLAHEAD_SERVER__{key}"), format!("127.0.0.1:{taken}")),
            (format!("CALLAHEAD_SERVER__{other}"), format!("127.0.0.1:{}", free_port())),
        ];
        let done = Program::run_with(&["serve"], &service.config, &env);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        let said = format!("cannot listen on 127.0.0.1:{taken} (server.{})", key.to_lowercase());
        assert!(done.stderr.contains(&said), "{}", done.stderr);
    }
}
