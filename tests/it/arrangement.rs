//! `tools/replicas.sh` and `docker-compose.yml`: the same arrangement, from Debian's packages and in containers.

mod compose;
mod yaml;

use crate::support::arrangement::{Arrangement, SCRIPT, run_in};
use crate::support::http;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn is_ready(port: u16) -> bool {
    http::get(port, "/readyz").is_some_and(|answer| answer.contains(" 200 "))
}

#[test]
fn a_replica_that_dies_is_not_missed_and_comes_back() {
    let Some(hospital) = Arrangement::start(&[]) else { return };
    let proxy = hospital.port("proxy");
    assert!(is_ready(proxy));
    let before = hospital.pid("replica 1").expect("a replica");
    assert!(hospital.signal("replica 1", "-KILL"));
    // The first request after the death already finds the other one.
    for _ in 0..20 {
        assert!(is_ready(proxy), "the proxy asks the other replica");
    }
    let again = hospital.until(PATIENCE, || hospital.pid("replica 1"), |pid| pid.is_some_and(|pid| pid != before));
    assert_ne!(again, Some(before));
    assert!(hospital.until(PATIENCE, || is_ready(hospital.port("replica 1")), |ready| *ready));
}

#[test]
fn without_the_database_replicas_that_live_are_asked_all_the_same() {
    let Some(hospital) = Arrangement::start(&[]) else { return };
    let proxy = hospital.port("proxy");
    assert!(is_ready(proxy) && hospital.signal("postgres", "-QUIT"));
    let not_ready = || http::get(proxy, "/readyz").is_some_and(|answer| answer.contains("the store does not answer"));
    assert!(hospital.until(PATIENCE, not_ready, |told| *told), "a replica says it, not the proxy");
    assert!(http::get(proxy, "/healthz").is_some_and(|answer| answer.contains(" 200 ")), "and is still asked then");
}

#[test]
fn strangers_reach_what_carriers_ask_for_alone() {
    let Some(hospital) = Arrangement::start(&["--replicas", "1"]) else { return };
    let proxy = hospital.port("proxy");
    for path in ["/", "/api/v1/calls", "/metrics", "/carriersX"] {
        let answer = http::get(proxy, path).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let by_the_proxy = http::get(proxy, "/metrics");
    let by_a_replica = http::post_form(proxy, "/carriers/nobody/voice/x", &[], None);
    assert_ne!(by_a_replica, by_the_proxy, "no such carrier, says the replica");
    let log = std::fs::read_to_string(hospital.folder.join("proxy.log")).expect("the proxy's log");
    assert!(!log.contains("nobody"), "paths hold tokens and are not logged: {log}");
}

#[test]
fn when_it_stops_nothing_is_left() {
    let Some(hospital) = Arrangement::start(&[]) else { return };
    let parts = ["proxy", "telephones", "postgres", "replica 1", "replica 2"];
    let pids: Vec<u32> = parts.iter().map(|part| hospital.pid(part).expect("a process")).collect();
    let (folder, content) = hospital.stop();
    assert!(content && !folder.exists(), "{}", folder.display());
    for (part, pid) in parts.iter().zip(pids) {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{part} is still there");
    }
}

/// README.md, "An administrator's": both ways, as far as they go without containers.
#[test]
fn the_commands_of_the_readme_work() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let lines = |begin: &str| -> Vec<String> {
        let found: Vec<String> = readme.lines().filter(|line| line.starts_with(begin)).map(str::to_string).collect();
        assert!(!found.is_empty(), "the README has no {begin}");
        found
    };
    let sh = |script: &str, folder: &Path| {
        let done =
            Command::new("bash").args(["-euc", script]).current_dir(folder).env("FSYNC", "off").output().expect("bash runs");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() || said.contains("missing"), "{script}: {said}{}", String::from_utf8_lossy(&done.stderr));
        said
    };
    // In containers: the secrets.
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = [lines("mkdir -m 700 secrets"), lines("for secret in ")].concat().join("\n");
    sh(&secrets, folder.path());
    for secret in ["postgres_password", "carrier_token"] {
        let word = std::fs::read_to_string(folder.path().join("secrets").join(secret)).expect("a secret");
        assert!(word.len() == 48 && !word.ends_with('\n'), "{secret}: {} letters", word.len());
    }
    // From Debian's packages.
    let place = tempfile::Builder::new().prefix("callahead-").tempdir_in("/tmp").expect("a folder");
    let here = |line: &String| {
        let line = line.split('#').next().unwrap_or_default().trim().replace("tools/replicas.sh", SCRIPT);
        let line = line.replace("~/callahead", &place.path().display().to_string());
        line.replace("target/release/callahead", env!("CARGO_BIN_EXE_callahead"))
    };
    let started = sh(
        &format!("{} --binary {}", here(&lines("tools/replicas.sh start")[0]), env!("CARGO_BIN_EXE_callahead")),
        folder.path(),
    );
    if started.contains("missing") {
        return;
    }
    assert!(started.ends_with("ready\n"), "{started}");
    let done = run_in(place.path(), &["health"]);
    // Health asks at server.listen, which is each replica's own.
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let listed = sh(&here(&lines(". ~/callahead/environment")[0]), folder.path());
    assert!(listed.contains("No calls were placed"), "{listed}");
    sh(&here(&lines("tools/replicas.sh stop")[0]), folder.path());
    assert!(place.path().join("postgres").exists(), "what was given a folder stays in it");
}
