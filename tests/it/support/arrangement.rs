//! Several replicas on PostgreSQL behind the proxy, as `tools/replicas.sh` starts them for people; gone when the test ends, however
//! it ends.

use super::process::{Finished, Program};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// What cannot be left out, where the variable is 1.
const REQUIRED: [(&str, &str); 2] = [("postgresql", "CALLAHEAD_REQUIRE_POSTGRES"), ("haproxy", "CALLAHEAD_REQUIRE_PROXY")];

/// The script.
pub const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/replicas.sh");

/// A running arrangement.
pub struct Arrangement {
    script: Child,
    /// Closed, it ends.
    stdin: Option<ChildStdin>,
    /// Where its files are.
    pub folder: PathBuf,
    /// The port of each part: `proxy`, `telephones`, `postgres`, `replica 1` …
    pub ports: BTreeMap<String, u16>,
}

impl Arrangement {
    /// Starts one with further options of the script; none where PostgreSQL or the proxy is not installed, which is said loudly.
    pub fn start(options: &[&str]) -> Option<Arrangement> {
        let mut script = Command::new(SCRIPT)
            .args(["run", "--binary", env!("CARGO_BIN_EXE_callahead")])
            .args(options)
            .env("FSYNC", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C at the terminal must not reach it: it has to tidy up afterwards.
            .process_group(0)
            .spawn()
            .expect("bash starts");
        let stdin = script.stdin.take();
        let said = BufReader::new(script.stdout.take().expect("it is piped"));
        // From here on it is stopped and waited for whatever happens.
        let mut started = Arrangement { script, stdin, folder: PathBuf::new(), ports: BTreeMap::new() };
        for line in said.lines() {
            let line = line.expect("a text");
            if line == "ready" {
                return Some(started);
            }
            if let Some(place) = line.strip_prefix("folder ") {
                started.folder = PathBuf::from(place);
            } else if let Some((name, rest)) = line.split_once(" pid ") {
                let port = rest.split(" port ").nth(1).and_then(|port| port.parse().ok());
                started.ports.insert(name.to_string(), port.unwrap_or_else(|| panic!("no port in: {line}")));
            } else if let Some(what) = line.strip_prefix("missing ") {
                left_out(what);
                return None;
            } else {
                panic!("tools/replicas.sh: {line}");
            }
        }
        panic!("tools/replicas.sh ended without a word")
    }

    /// The port of a part.
    pub fn port(&self, part: &str) -> u16 {
        *self.ports.get(part).unwrap_or_else(|| panic!("there is no {part}: {:?}", self.ports))
    }

    /// The process of a part now: a replica that died is another one soon.
    pub fn pid(&self, part: &str) -> Option<u32> {
        let line = std::fs::read_to_string(self.folder.join(format!("{}.pid", part.replace(' ', "")))).ok()?;
        line.split(' ').next()?.parse().ok()
    }

    /// `kill -9`, or another signal; whether the process was there.
    pub fn signal(&self, part: &str, signal: &str) -> bool {
        let Some(pid) = self.pid(part) else { return false };
        Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status().expect("kill runs").success()
    }

    /// Runs a command of callahead on it, as a person would who has sourced its `environment`.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        run_in(&self.folder, arguments)
    }

    /// The secret that carrier and engine share.
    pub fn carrier_token(&self) -> String {
        std::fs::read_to_string(self.folder.join("secrets/carrier_token")).expect("the secret")
    }

    /// Waits until something is so.
    pub fn until<T>(&self, patience: Duration, look: impl FnMut() -> T, enough: impl Fn(&T) -> bool) -> T {
        Program::wait_until(patience, look, enough)
    }

    /// Stops it; returns its folder, which is gone then, and whether the script was content.
    pub fn stop(mut self) -> (PathBuf, bool) {
        drop(self.stdin.take());
        let done = self.script.wait().expect("the script is ours");
        (self.folder.clone(), done.success())
    }
}

impl Drop for Arrangement {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.script.wait();
    }
}

/// Runs a command of callahead on the arrangement in a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Finished {
    let output = Command::new("bash")
        .args(["-c", ". \"$0\"/environment && exec \"$@\""])
        .arg(folder)
        .arg(env!("CARGO_BIN_EXE_callahead"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    Finished {
        success: output.status.success(),
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Says that tests are left out because `what` is not installed, or fails where it is required.
pub fn left_out(what: &str) {
    for (name, variable) in REQUIRED {
        assert!(
            what != name || std::env::var(variable).as_deref() != Ok("1"),
            "{name} is required ({variable}=1) and not installed"
        );
    }
    // Not eprintln!, which the test runner would swallow.
    let line =
        format!("LEFT OUT: {what} is not installed, so tests with several replicas behind a proxy pass without having run\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}
