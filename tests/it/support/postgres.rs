//! A PostgreSQL server for the tests, started by them as an ordinary user and gone when they end, however they end:
//! `postgres.sh` keeps it as long as this process holds the other end of a pipe.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Set to 1, a missing PostgreSQL fails the tests instead of leaving them out.
const REQUIRE: &str = "CALLAHEAD_REQUIRE_POSTGRES";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/postgres.sh");

struct Server {
    folder: String,
    password: String,
    /// Holds the pipe.
    _keeper: Child,
}

/// The URL of a fresh, empty database of its own; none where PostgreSQL is not installed, which is said loudly.
pub async fn fresh_database() -> Option<String> {
    static DATABASES: AtomicU32 = AtomicU32::new(1);
    let server = server()?;
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&server.url("postgres")).await.expect("the server answers");
    let create = format!("CREATE DATABASE {name} TEMPLATE template0");
    sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.expect("a database can be made");
    admin.close().await.expect("the connection closes");
    Some(server.url(&name))
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=callahead&password={}", self.folder, self.password)
    }
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn start() -> Option<Server> {
    let mut keeper = Command::new("sh")
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A Ctrl-C at the terminal must not reach it: it has to tidy up afterwards.
        .process_group(0)
        .spawn()
        .expect("sh starts");
    let mut said = String::new();
    let mut stdout = BufReader::new(keeper.stdout.take().expect("it is piped"));
    stdout.read_line(&mut said).expect("the script says how it went");
    match said.trim_end().split_once(' ') {
        Some(("ready", folder)) => {
            let password = std::fs::read_to_string(format!("{folder}/password")).expect("the password was written");
            Some(Server { folder: folder.to_string(), password, _keeper: keeper })
        }
        _ if said.trim_end() == "missing" => {
            left_out();
            None
        }
        _ => panic!("PostgreSQL did not start: {said}"),
    }
}

/// Says that there is no PostgreSQL.
pub fn left_out() {
    assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "PostgreSQL is required ({REQUIRE}=1) and not installed");
    // Not eprintln!, which the test runner would swallow.
    let line = "LEFT OUT: PostgreSQL is not installed, so every test against it passes without having run\n";
    std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}
