//! A made-up hospital in a folder of its own: one site, one job that may call all day, one carrier on loopback.

use crate::app::{Rooms, listed};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::store;
use anyhow::Context;
use chrono::{DateTime, Days, Duration, NaiveTime, Timelike, Utc};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// The carrier's account and token.
pub const ACCOUNT: &str = "ACsimulator";
/// See [`ACCOUNT`].
pub const TOKEN: &str = "simulator";

const JOB: &str = r#"name = "day"
purpose = "reminder"
[select]
services = ["exam"]
established_patients_only = false
minimum_notice = "0s"
[when]
days_before = [1]
weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
until = "24:00"
holidays = "none"
no_later_than = "1h"
[call]
carrier = "main"
"#;

/// The folder, which goes when this does.
pub struct World {
    folder: PathBuf,
    /// Configuration file.
    pub config: PathBuf,
    /// When every visit begins: tomorrow at three by the site's clock.
    pub start: DateTime<Utc>,
    /// The same as the site's calendar and clock show it.
    pub local_start: chrono::NaiveDateTime,
    zone: String,
}

/// How fast and how many at once a world's carrier calls.
#[derive(Clone, Copy)]
pub struct Lines {
    /// New calls a second.
    pub calls_per_second: u32,
    /// Calls at once.
    pub max_calls: u32,
}

impl World {
    /// Writes the files. The site's clock shows about noon now, so that the day lies around the run whenever it runs.
    pub fn write(web: SocketAddr, telephones: SocketAddr, lines: Lines) -> anyhow::Result<World> {
        let folder = new_folder()?;
        let now = Clock::system().now();
        let east = 12 - now.hour() as i32;
        // Etc/GMT-3 is three hours east of Greenwich.
        let zone = if east == 0 { "Etc/GMT".to_string() } else { format!("Etc/GMT{:+}", -east) };
        let shift = Duration::hours(i64::from(east));
        let tomorrow = (now + shift).date_naive() + Days::new(1);
        let local_start = tomorrow.and_time(NaiveTime::MIN) + Duration::hours(15);
        let start = local_start.and_utc() - shift;
        let world = World { config: folder.join("callahead.toml"), folder, start, local_start, zone: zone.clone() };
        let prompts = std::path::absolute(Config::defaults().prompts)?;
        let Lines { calls_per_second, max_calls } = lines;
        // As literal strings, which know no escapes.
        let text = format!(
            "prompts = '{}'\n\
             [server]\nlisten = \"{web}\"\npublic_url = \"http://{web}\"\n\
             [store]\nurl = \"sqlite://bench.db\"\n\
             [sites.boston]\nname = \"Longwood\"\ntimezone = \"{zone}\"\n\
             [carriers.main]\nkind = \"simulator\"\napi_url = \"http://{telephones}\"\naccount = \"{ACCOUNT}\"\n\
             auth_token = \"{TOKEN}\"\nfrom = \"+16175550100\"\ncalls_per_second = {calls_per_second}.0\n\
             max_calls = {max_calls}\nring_timeout = \"30s\"\n\
             [limits]\nearliest = \"00:00\"\nlatest = \"24:00\"\nmax_call = \"5m\"\n",
            prompts.display()
        );
        fs::write(&world.config, text)?;
        fs::write(world.folder.join("schedules/day.toml"), JOB)?;
        Ok(world)
    }

    /// The shipped hospital with its shipped jobs; nobody calls in it.
    pub fn shipped() -> anyhow::Result<World> {
        let folder = new_folder()?;
        let defaults = Config::defaults();
        let (prompts, schedules) = (std::path::absolute(defaults.prompts)?, std::path::absolute(defaults.schedules)?);
        let world = World {
            config: folder.join("callahead.toml"),
            folder,
            start: DateTime::UNIX_EPOCH,
            local_start: DateTime::UNIX_EPOCH.naive_utc(),
            zone: "Etc/GMT".to_string(),
        };
        let (prompts, schedules) = (prompts.display(), schedules.display());
        let text = format!("prompts = '{prompts}'\nschedules = '{schedules}'\n[store]\nurl = \"sqlite://bench.db\"\n");
        fs::write(&world.config, text)?;
        Ok(world)
    }

    /// A file of this world's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps what it knows elsewhere.
    pub fn keep_at(&self, store: &str) -> anyhow::Result<()> {
        let text = fs::read_to_string(&self.config)?;
        Ok(fs::write(&self.config, text.replace("sqlite://bench.db", store))?)
    }

    /// More sites, with the same clock and the same spoken name, in prompts of this world's own.
    pub fn add_sites(&mut self, names: &[&str]) -> anyhow::Result<()> {
        let mut text = fs::read_to_string(&self.config)?;
        let shipped = std::path::absolute(Config::defaults().prompts)?;
        let own = self.folder.join("prompts");
        copy_prompts(&shipped, &own, names)?;
        text = text.replace(&format!("prompts = '{}'", shipped.display()), &format!("prompts = '{}'", own.display()));
        for name in names {
            text.push_str(&format!("[sites.{name}]\nname = \"Longwood\"\ntimezone = \"{}\"\n", self.zone));
        }
        Ok(fs::write(&self.config, text)?)
    }

    /// What is configured.
    pub fn config(&self) -> anyhow::Result<Config> {
        Config::load(Some(&self.config), []).map_err(|faults| anyhow::anyhow!(listed(&faults)))
    }

    /// All rooms of this world in this process, by the clock of the system, on a SQLite file.
    pub async fn rooms(&self) -> anyhow::Result<Rooms> {
        let config = self.config()?;
        let store = store::open(&format!("sqlite://{}", self.file("bench.db").display())).await?;
        Rooms::open(config, store, Clock::system(), Chance::from_system()?).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "a folder of the benchmark could not be removed");
        }
    }
}

fn new_folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("callahead-bench-{}", Chance::from_system()?.hex(6)));
    fs::create_dir_all(folder.join("schedules")).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Copies a folder of prompts; whatever is recorded for `boston` is recorded for these sites, too.
fn copy_prompts(from: &Path, to: &Path, sites: &[&str]) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (file, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_prompts(&file, &copy, sites)?;
        } else if entry.file_name() == "phrases.tsv" {
            let mut text = fs::read_to_string(&file)?;
            let of_boston: Vec<String> = text.lines().filter(|line| line.contains("site/boston\t")).map(str::to_string).collect();
            for site in sites {
                of_boston.iter().for_each(|line| text.extend([&*line.replace("site/boston", &format!("site/{site}")), "\n"]));
            }
            fs::write(copy, text)?;
        } else {
            fs::copy(&file, &copy)?;
            for site in sites.iter().filter(|_| entry.file_name() == "boston.wav") {
                fs::copy(&file, to.join(format!("{site}.wav")))?;
            }
        }
    }
    Ok(())
}

/// A free port of the loopback address.
pub async fn listen() -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on the loopback address")
}

/// A client that asks this machine only. It waits for long: a slow answer is a figure, and not the end of the run.
pub fn client() -> anyhow::Result<reqwest::Client> {
    let patience = std::time::Duration::from_secs(60);
    Ok(reqwest::Client::builder().no_proxy().timeout(patience).retry(reqwest::retry::never()).build()?)
}
