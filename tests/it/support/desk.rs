//! The command line at the desk of a scheduler: a configuration of its own, commands, their output.

use super::process::{Finished, Program};
use callahead::app::read_rulings;
use callahead::board::Board;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::planner::Planner;
use callahead::store::{self, SharedStore};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The first line of most files of appointments.
pub const HEADER: &str = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n";

/// A folder with a configuration that uses the shipped schedules and prompts; the store is made in it.
pub struct Desk {
    _folder: tempfile::TempDir,
    pub config: PathBuf,
}

impl Desk {
    pub fn new(extra: &str) -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("callahead.toml");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = format!("schedules = \"{0}/schedules\"\nprompts = \"{0}/prompts\"\n{extra}", root.display());
        fs::write(&config, text).expect("a configuration");
        Desk { _folder: folder, config }
    }

    /// Writes a file beside the configuration.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.config.with_file_name(name);
        fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    }

    pub fn run(&self, arguments: &[&str]) -> Finished {
        Program::run(arguments, &self.config)
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", done.stdout, done.stderr))
    }

    /// Everybody planned at one moment, as the planner of the service does it.
    #[tokio::main]
    pub async fn planned(&self, at: &str) {
        let config = Config::load(Some(&self.config), []).expect("a sound configuration");
        let rules = read_rulings(&config).unwrap_or_else(|faults| panic!("{faults:?}")).rules;
        let store = self.store().await;
        let clock = Clock::fixed(at.parse().expect("a moment"));
        // Another seed each time: names that are given twice would clash.
        let chance = Chance::from_system().expect("randomness");
        let planner = Planner { store: store.clone(), board: Board::new(rules), clock, chance };
        planner.plan_all().await.expect("planned");
        store.close().await;
    }

    /// The store that the commands use.
    pub async fn store(&self) -> SharedStore {
        store::open(&self.url()).await.expect("the store")
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.config.with_file_name("callahead.db").display())
    }
}
