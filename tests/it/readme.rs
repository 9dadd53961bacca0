//! Every command of the README works as it is written, in the folder of a clone.

use crate::support::process::{Program, free_port};
use std::path::Path;
use std::time::Duration;

/// Commands that go on until they are stopped; the demo is run by other tests.
const ENDLESS: [&str; 3] = ["serve", "carrier-simulator", "webhooks --follow"];
const ELSEWHERE: [&str; 2] = ["demo", "demo --headless"];

#[test]
fn every_command_of_the_readme_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let commands: Vec<String> = readme
        .split("cargo run -- ")
        .skip(1)
        .map(|rest| rest.split(['`', '#', '\n']).next().unwrap_or_default().trim().to_string())
        .collect();
    assert!(commands.len() > 10, "{commands:?}");

    let clone = tempfile::tempdir().expect("a folder");
    for part in ["prompts", "schedules", "demo"] {
        std::os::unix::fs::symlink(root.join(part), clone.path().join(part)).expect("a link");
    }
    let port = free_port();
    let config = clone.path().join("callahead.toml");
    // The ports of the README may be taken on this machine; nothing else differs from the defaults.
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n\
         public_url = \"http://127.0.0.1:{port}\"\n"
    );
    std::fs::write(&config, text).expect("a configuration");
    for command in &commands {
        if ELSEWHERE.contains(&command.as_str()) {
            continue;
        }
        let command = command.replace("127.0.0.1:8090", &format!("127.0.0.1:{}", free_port()));
        let arguments: Vec<&str> = command.split_whitespace().collect();
        if ENDLESS.iter().any(|endless| command.starts_with(endless)) {
            let mut program = Program::start(&arguments, &config);
            let early = program.ends_within(Duration::from_millis(700));
            assert!(early.is_none(), "`{command}` ended by itself: {early:?}");
        } else {
            let done = Program::run(&arguments, &config);
            assert!(matches!(done.code, Some(0 | 1)), "`{command}`: {:?} {}", done.code, done.stderr);
            assert!(!done.stdout.is_empty() || !done.stderr.is_empty(), "`{command}` says something");
        }
    }
}
