//! The shipped packs: nothing is wrong with them, nobody signed them who did not, and they stay small. (What they say on every
//! day and at every minute: `tests/it/voice_golden.rs`.)

use super::script::ScriptSet;
use super::{Hospital, Packs, lint};
use crate::core::domain::PhoneNumber;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of all packs together, in bytes: what whoever clones the repository loads.
const MOST_BYTES: u64 = 12_000_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
}

#[test]
fn the_linter_finds_no_fault() {
    let (packs, faults) = Packs::load(&folder());
    assert_eq!(faults, []);
    assert!(packs.iter().all(|pack| !pack.reviewed()), "no reviewer is invented");
    let scripts = ScriptSet::load(&folder()).expect("sound scripts");
    let number = |text| PhoneNumber::parse(text).expect("a number");
    let hospital = Hospital {
        organization: "Example Cancer Center".into(),
        sites: vec![("boston".into(), "Longwood".to_string()), ("denver".into(), "Front Range".to_string())],
        callback_numbers: vec![number("+16175550100"), number("+13035550110")],
        opt_out_number: number("+18005550100"),
    };
    assert_eq!(lint(&packs, &scripts, &folder(), &hospital).faults, []);
}

#[test]
fn all_packs_together_stay_small() {
    let (packs, _) = Packs::load(&folder());
    let bytes: Vec<u64> = packs.iter().map(|pack| bytes_of(&pack.folder)).collect();
    let all: u64 = bytes.iter().sum();
    assert!(bytes.len() >= 2 && bytes.iter().all(|bytes| *bytes > 1_000_000), "{bytes:?}: are the recordings there?");
    assert!(all < MOST_BYTES, "{all} bytes in all packs, want less than {MOST_BYTES}: leave slow forms out");
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { bytes_of(&path) } else { fs::metadata(&path).expect("a file").len() }).sum()
}
