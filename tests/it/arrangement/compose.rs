//! docker-compose.yml keeps what it promises, as far as that shows without containers, and says the same as `tools/replicas.sh`.

use super::yaml;
use crate::support::arrangement::{SCRIPT, left_out};
use crate::support::process::Program;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn compose() -> Value {
    yaml::read(&text_of("docker-compose.yml"))
}

fn services() -> Map<String, Value> {
    compose()["services"].as_object().expect("services").clone()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[test]
fn nothing_runs_as_root_or_may_become_it() {
    for (name, service) in services() {
        let user = service["user"].as_str().unwrap_or_default();
        assert!(!user.is_empty() && user != "root" && !user.starts_with('0'), "{name} runs as {user:?}");
        assert_eq!(service["read_only"], "true", "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        for forbidden in ["privileged", "cap_add", "pid", "network_mode", "devices"] {
            assert!(service.get(forbidden).is_none(), "{name} has {forbidden}");
        }
    }
    let dockerfile = text_of("Dockerfile");
    let last_stage = dockerfile.rsplit("\nFROM ").next().expect("a stage");
    assert!(last_stage.lines().any(|line| line == "USER 65532:65532"), "{last_stage}");
    assert!(services()["replica1"]["user"] == "65532:65532", "the image's own user");
    // No compiler, no shell, and no more of Debian than a C program needs.
    assert!(last_stage.starts_with("gcr.io/distroless/cc-debian12:nonroot"), "{last_stage}");
}

#[test]
fn every_service_has_a_health_check_and_a_replica_waits_for_the_database() {
    for (name, service) in services() {
        let test = texts(&service["healthcheck"]["test"]);
        assert!(test.len() > 1 && test[0] == "CMD", "{name}: {test:?}");
        for key in ["interval", "timeout", "retries"] {
            assert!(service["healthcheck"][key].is_string(), "{name} has no {key}");
        }
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        if name.starts_with("replica") {
            assert_eq!(service["depends_on"]["postgres"]["condition"], "service_healthy", "{name}");
        }
    }
}

#[test]
fn secrets_are_files_and_stand_in_no_variable() {
    let compose = compose();
    for (name, secret) in compose["secrets"].as_object().expect("secrets") {
        assert_eq!(secret["file"], format!("./secrets/{name}").as_str());
    }
    for list in [".gitignore", ".dockerignore"] {
        assert!(text_of(list).lines().any(|line| line == "secrets/"), "{list} leaves secrets out");
    }
    for (name, service) in services() {
        let given = texts(&service["secrets"]);
        let variables = service["environment"].as_object().cloned().unwrap_or_default();
        for (variable, value) in &variables {
            let value = value.as_str().unwrap_or_default();
            let is_secret = ["PASSWORD", "TOKEN", "SECRET"].iter().any(|word| variable.contains(word));
            let of_a_file = given.iter().any(|secret| value.contains(&format!("/run/secrets/{secret}")));
            assert!(!is_secret || of_a_file, "{name}: {variable} holds a secret");
            assert!(!value.contains("@postgres") || !value.contains(":callahead@"), "{name}: {variable} holds a password");
        }
        let everything = service.to_string();
        for secret in given {
            assert!(everything.contains(&format!("/run/secrets/{secret}")), "{name} is given {secret} and does not read it");
        }
    }
    assert!(!texts(&services()["postgres"]["networks"]).contains(&"calls"), "the database is reached by replicas alone");
    assert_eq!(compose["networks"]["store"]["internal"], "true");
    assert_eq!(texts(&services()["proxy"]["ports"]), ["127.0.0.1:8080:8080"]);
    assert!(services().iter().all(|(name, service)| name == "proxy" || service.get("ports").is_none()));
}

#[test]
fn the_simulator_is_a_profile_and_there_are_two_replicas() {
    let services = services();
    let profiles: Vec<&String> =
        services.iter().filter(|(_, service)| service.get("profiles").is_some()).map(|it| it.0).collect();
    assert_eq!(profiles, ["telephones"]);
    assert_eq!(texts(&services["telephones"]["profiles"]), ["simulator"]);
    let replicas: Vec<&String> = services.keys().filter(|name| name.starts_with("replica")).collect();
    assert_eq!(replicas, ["replica1", "replica2"]);
    for (n, replica) in replicas.iter().enumerate() {
        assert_eq!(services["proxy"]["environment"][format!("REPLICA_{}", n + 1)], format!("{replica}:8080").as_str());
    }
    let volumes = compose()["volumes"].clone();
    assert!(volumes.get("postgres").is_some() && texts(&services["postgres"]["volumes"])[0].starts_with("postgres:"));
}

/// The commands of the image are those of this program, with its options.
#[test]
fn the_commands_and_variables_are_real() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("callahead.toml");
    std::fs::copy(root().join("deploy/callahead.toml"), &config).expect("the configuration");
    let services = services();
    let telephones = texts(&services["telephones"]["command"]);
    for (subcommand, options) in [
        (telephones[0], telephones[1..].to_vec()),
        ("health", texts(&services["telephones"]["healthcheck"]["test"])[3..].to_vec()),
    ] {
        let help = Program::run(&[subcommand, "--help"], &config);
        assert!(help.success, "{}", help.stderr);
        for option in options.iter().filter(|option| option.starts_with("--")) {
            assert!(help.stdout.contains(&format!("{option} ")), "{subcommand} knows no {option}");
        }
    }
    assert_eq!(texts(&services["replica1"]["command"]), ["serve"]);
    // Read as the container reads it, with the secrets at a place of this machine.
    for secret in ["postgres_password", "carrier_token"] {
        std::fs::write(folder.path().join(secret), "hush\n").expect("a secret");
    }
    let env: Vec<(String, String)> = services["replica1"]["environment"]
        .as_object()
        .expect("variables")
        .iter()
        .filter(|(name, _)| *name != "CALLAHEAD_CONFIG")
        .map(|(name, value)| {
            let value = value.as_str().expect("a text").replace("/run/secrets", &folder.path().display().to_string());
            let value = value.replace("/usr/share/callahead", &root().display().to_string());
            (name.clone(), defaults_of(&value))
        })
        .collect();
    let checked = Program::run_with(&["check"], &config, &env);
    assert!(checked.success, "{}{}", checked.stdout, checked.stderr);
    // A misspelt variable would have been found.
    let wrong = [env, vec![("CALLAHEAD_STORE__PASWORD".to_string(), "x".to_string())]].concat();
    assert!(!Program::run_with(&["check"], &config, &wrong).success);
}

/// What a value is where the shell says nothing: `${NAME:-default}`, `${NAME-default}`.
fn defaults_of(value: &str) -> String {
    let Some(inside) = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else { return value.to_string() };
    inside.split_once('-').map_or_else(String::new, |(_, default)| default.to_string())
}

/// What a replica gets from its environment, the script gives it too, so that a test of the script is one of these names.
#[test]
fn the_script_sets_the_same_variables() {
    let names = |text: &str| -> BTreeSet<String> {
        let word = |c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_';
        text.split(word).filter(|word| word.starts_with("CALLAHEAD_") && word.len() > 10).map(str::to_string).collect()
    };
    let ours: BTreeSet<String> = services()["replica1"]["environment"].as_object().expect("variables").keys().cloned().collect();
    let script = std::fs::read_to_string(SCRIPT).expect("the script");
    assert_eq!(names(&script), ours);
    let flags = texts(&services()["postgres"]["command"])[2..].iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(flags.iter().all(|flag| script.contains(flag)), "{flags:?}");
    for argument in services()["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].as_str().expect("arguments").split(' ') {
        assert!(script.contains(argument), "{argument}");
    }
}

#[test]
fn the_proxys_configuration_is_sound_for_containers_as_well() {
    let proxy = services()["proxy"]["environment"].clone();
    let variables = proxy.as_object().expect("variables").iter().map(|(name, value)| (name, value.as_str().unwrap_or_default()));
    let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
    let checked = Command::new("haproxy")
        .args(["-c", "-f", "deploy/haproxy.cfg"])
        .current_dir(root())
        .env("PATH", path)
        .envs(variables)
        .output();
    match checked {
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr)),
        Err(_) => left_out("haproxy"),
    }
}

/// What the image copies is there, and no folder of it holds a secret.
#[test]
fn the_image_is_made_of_what_is_there() {
    let dockerfile = text_of("Dockerfile");
    let copied: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--from"))
        .flat_map(|line| line.split(' ').rev().skip(1))
        .collect();
    assert!(!copied.is_empty() && !copied.contains(&"."), "{copied:?}");
    for part in copied {
        assert!(root().join(part).exists(), "{part}");
    }
    let toolchain = text_of("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_string));
    assert!(dockerfile.contains(&format!("FROM rust:{}-bookworm", toolchain.expect("a version").trim_matches('"'))));
}
