//! The table of rooms (ARCHITECTURE.md), held against the source: which room may use which, who may read the clock, and
//! what the pure core may depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms of the shell that it may use. The core is open to all; a room may always use itself.
const ROOMS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("chance", &[]),
    ("fault", &[]),
    ("nudge", &[]),
    ("board", &[]),
    ("wire", &["clock"]),
    ("worklist", &["chance"]),
    ("toml_file", &["fault"]),
    ("config", &["fault", "toml_file", "feed", "carrier"]),
    ("services", &["config", "fault", "toml_file"]),
    ("rulebook", &["config", "fault", "toml_file"]),
    ("prompt", &["fault"]),
    ("store", &[]),
    ("backup", &["chance", "clock", "store", "worklist"]),
    ("silence", &["store", "clock", "chance", "worklist"]),
    ("views", &["store"]),
    ("audit", &["store", "views"]),
    ("overview", &["config"]),
    ("why", &["store", "views"]),
    ("closure", &["fault", "store"]),
    ("reclassify", &["services", "store"]),
    ("feed", &["fault"]),
    ("intake", &["feed", "store", "chance"]),
    ("carrier", &["clock", "chance", "wire"]),
    ("live_call", &["board", "store", "carrier", "prompt", "clock", "chance", "nudge", "worklist"]),
    ("planner", &["audit", "board", "store", "clock", "chance", "nudge", "worklist"]),
    ("dialer", &["silence", "store", "carrier", "live_call", "clock", "chance", "config", "worklist"]),
    ("web", &["silence", "board", "store", "carrier", "live_call", "clock", "views", "why"]),
];

/// Rooms that wire or drive everything.
const ABOVE_ALL: &[&str] = &["app", "cli", "simulate", "bench", "main", "lib"];

/// Each room of the core and the rooms it may use.
const CORE_ROOMS: &[(&str, &[&str])] = &[
    ("phi", &[]),
    ("ids", &["phi"]),
    ("domain", &["ids", "phi"]),
    ("plan", &["domain", "ids", "phi"]),
    ("call", &["domain", "ids", "phi"]),
    ("link", &["ids"]),
    ("lib", &["domain", "plan", "call", "link", "ids", "phi"]),
];

/// What the pure core may depend on.
const CORE_DEPENDENCIES: &[&str] = &["chrono", "chrono-tz", "serde"];

#[test]
fn every_room_keeps_to_its_line_of_the_table() {
    let table = table(ROOMS);
    let mut faults = Vec::new();
    for (room, file, text) in sources("src", &["core"]) {
        if ABOVE_ALL.contains(&room.as_str()) {
            continue;
        }
        let Some(may_use) = table.get(room.as_str()) else {
            faults.push(format!("{}: room `{room}` is not in the table", file.display()));
            continue;
        };
        for used in used_rooms(&text) {
            if used != room && used != "core" && !may_use.contains(used.as_str()) {
                faults.push(format!("{}: room `{room}` uses `{used}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_core_keeps_to_its_own_table() {
    let table = table(CORE_ROOMS);
    let mut faults = Vec::new();
    for (room, file, text) in sources("src/core", &[]) {
        let Some(may_use) = table.get(room.as_str()) else {
            faults.push(format!("{}: room `{room}` is not in the table", file.display()));
            continue;
        };
        for used in used_rooms(&text) {
            if used != room && !may_use.contains(used.as_str()) {
                faults.push(format!("{}: room `{room}` uses `{used}`", file.display()));
            }
        }
        for word in ["std::fs", "std::net", "std::env", "std::thread", "std::time", "async fn", ".await"] {
            if code_of(&text).contains(word) {
                faults.push(format!("{}: the core has no business with `{word}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_core_depends_on_nothing_that_can_act() {
    let manifest = fs::read_to_string(root().join("src/core/Cargo.toml")).expect("the core's manifest");
    let section = manifest.split("[dependencies]").nth(1).expect("its dependencies").split("\n[").next().unwrap_or_default();
    let names: BTreeSet<_> = section.lines().filter_map(|l| l.split_once('=')).map(|(name, _)| name.trim()).collect();
    assert_eq!(names, CORE_DEPENDENCIES.iter().copied().collect());
    assert!(!section.contains("\"clock\""), "chrono without its clock feature: the core cannot ask what time it is");
}

#[test]
fn only_clock_rs_reads_the_clock() {
    let readers = ["Utc::now", "Local::now", "SystemTime", "Instant::now"];
    let mut faults = Vec::new();
    for (_, file, text) in sources("src", &[]) {
        if file.ends_with("src/clock.rs") {
            continue;
        }
        for reader in readers {
            if code_of(&text).contains(reader) {
                faults.push(format!("{}: `{reader}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "the clock is read outside clock.rs:\n{}", faults.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    for (room, file, text) in sources("src", &[]) {
        let prints = ["println!", "print!("].iter().any(|p| code_of(&text).contains(p));
        assert!(!prints || room == "cli", "{} prints; only the command line does", file.display());
    }
}

#[test]
fn the_reader_of_uses_sees_them() {
    let text =
        "use crate::store::Store;\nuse crate::{web, dialer::Pace};\nfn f() { crate::clock::Clock::system(); }\n// crate::app\n";
    let seen: Vec<_> = used_rooms(text).into_iter().collect();
    assert_eq!(seen, ["clock", "dialer", "store", "web"]);
}

fn table(rows: &[(&'static str, &'static [&'static str])]) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    rows.iter().map(|(room, uses)| (*room, uses.iter().copied().collect())).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder` with the room it stands in.
fn sources(folder: &str, without: &[&str]) -> Vec<(String, PathBuf, String)> {
    let base = root().join(folder);
    let mut files = Vec::new();
    collect(&base, &mut files);
    assert!(files.len() > 5, "there is something to read in {}", base.display());
    files
        .into_iter()
        .filter_map(|file| {
            let inside = file.strip_prefix(&base).expect("a file below its folder");
            let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
            let room = first.trim_end_matches(".rs").to_string();
            if without.contains(&room.as_str()) {
                return None;
            }
            let text = fs::read_to_string(&file).expect("a readable source");
            Some((room, file, text))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The source without its comment lines.
fn code_of(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms named after `crate::`, in uses and in paths.
fn used_rooms(text: &str) -> BTreeSet<String> {
    let code = code_of(text);
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            for part in top_level(group) {
                rooms.insert(first_word(part.trim()));
            }
        } else {
            rooms.insert(first_word(rest));
        }
    }
    // Things that the crate's root gives under their own name (`crate::Phi`) are the core's.
    rooms.into_iter().filter(|room| room.chars().next().is_some_and(char::is_lowercase)).collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The parts of a use group, split at commas that are not inside inner braces.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}
