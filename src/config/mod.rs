//! `callahead.toml`: the built-in defaults (`src/config.default.toml`), a person's file over them, the environment over
//! both. Every fault is found in one reading and names its place.
//!
//! Never here: what a reminder job says (`rulebook`), reaching anything outside but the files a secret is in.
//! Start reading at [`Config::load`].

mod backup;
mod carriers;
mod feeds;
mod layers;
mod limits;
mod not_built;
mod organization;
mod outline;
mod secret;
mod server;

pub use backup::BackUp;
pub use carriers::CarrierConfig;
pub use feeds::{Acknowledge, CsvMode, CsvSettings, FeedConfig, FeedKind, FhirSettings, Hl7Settings};
pub(crate) use organization::WEEKDAYS;
pub use organization::{Department, Hours, Organization, Site};
pub use outline::Outline;
pub use server::{Server, StoreConfig};

use crate::core::ids::{CarrierName, FeedName, SiteKey};
use crate::core::plan::Limits;
use crate::fault::Fault;
use crate::toml_file::{Section, plain_text, yes_or_no};
use chrono::Duration;
use secret::Secrets;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything `callahead.toml` says. Its secrets print redacted.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from; none where there was none.
    pub file: Option<PathBuf>,
    /// The folder that relative paths count from: the file's; empty for the working folder, as joining a path wants it.
    pub dir: PathBuf,
    /// Folder of reminder jobs.
    pub schedules: PathBuf,
    /// Folder of language packs and call scripts.
    pub prompts: PathBuf,
    /// Whether real carriers may speak packs that nobody has signed off.
    pub accept_unreviewed: bool,
    /// Where it listens.
    pub server: Server,
    /// Where it keeps what it knows.
    pub store: StoreConfig,
    /// How a SQLite store is backed up by the service, where it is.
    pub back_up: Option<BackUp>,
    /// Who calls.
    pub organization: Organization,
    /// Where visits take place.
    pub sites: BTreeMap<SiteKey, Site>,
    /// Departments that have a number or a desk of their own, by what the appointments call them.
    pub departments: BTreeMap<String, Department>,
    /// Who places the calls.
    pub carriers: BTreeMap<CarrierName, CarrierConfig>,
    /// Where appointments come from.
    pub feeds: BTreeMap<FeedName, FeedConfig>,
    /// The calling rules no schedule can loosen.
    pub limits: Limits,
    /// A feed silent longer stops its site.
    pub feed_max_age: Duration,
    /// What it asks for and this version does not do, each at its place. Not wrong: commands that need none of it work.
    pub not_built: Vec<NotBuilt>,
}

/// Something asked for that this version does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBuilt {
    /// Where and what.
    pub fault: Fault,
    /// Whether the service must not start without it: somebody would rely on it.
    pub stops_serve: bool,
}

impl Config {
    /// Reads `file`, or `./callahead.toml` where none is named and that one exists, with the defaults below and the
    /// environment over it. Without any file the defaults are a configuration that runs on the simulator.
    ///
    /// # Errors
    /// Every fault, by file and place.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Config, Vec<Fault>> {
        let usual = Path::new("callahead.toml");
        let file = file.or_else(|| usual.exists().then_some(usual));
        let text = match file {
            Some(file) => Some((file, read_text(file).map_err(|fault| vec![fault])?)),
            None => None,
        };
        Config::read(text.as_ref().map(|(file, text)| (*file, text.as_str())), env)
    }

    /// The built-in defaults alone, whatever files and variables there are.
    pub fn defaults() -> Config {
        Config::read(None, []).expect("the built-in defaults are sound: a test reads them")
    }

    fn read(file: Option<(&Path, &str)>, env: impl IntoIterator<Item = (String, String)>) -> Result<Config, Vec<Fault>> {
        let outline = Outline::read(file, env, None);
        match outline.config {
            Some(config) if outline.faults.is_empty() => Ok(config),
            _ => Err(outline.faults),
        }
    }
}

/// Every section is read before any is missed, so that one reading finds every fault. What cannot be read is taken from
/// `spare`, where there is one.
fn all_of(root: &Section<'_>, file: Option<&Path>, secrets: &Secrets<'_>, spare: Option<&Config>) -> Option<Config> {
    let schedules = root.required("schedules", plain_text);
    let prompts = root.required("prompts", plain_text);
    let accept_unreviewed = root.required("accept_unreviewed", yes_or_no);
    let server = root.section("server").and_then(|section| server::server(&section));
    let store = root.section("store").and_then(|section| server::store(&section, secrets));
    let back_up = root.section("backup").and_then(|section| backup::back_up(&section, secrets.dir, store.as_ref()));
    let organization = root.section("organization").and_then(|section| organization::organization(&section));
    let sites = organization::sites(root);
    let departments = organization::departments(root);
    let carriers = carriers::carriers(root, secrets, organization.as_ref());
    let feeds = feeds::feeds(root, secrets, &sites);
    let not_built = not_built::not_built(root, &carriers, &feeds);
    let limits = root.section("limits").and_then(|section| limits::limits(&section));
    if let Some((limits, _)) = &limits {
        organization::desks(root, &departments, limits);
    }
    let dir = secrets.dir.to_path_buf();
    let (limits, feed_max_age) = limits.or_else(|| spare.map(|spare| (spare.limits.clone(), spare.feed_max_age)))?;
    Some(Config {
        file: file.map(Path::to_path_buf),
        schedules: schedules.map(|name| dir.join(name)).or_else(|| spare.map(|spare| spare.schedules.clone()))?,
        prompts: prompts.map(|name| dir.join(name)).or_else(|| spare.map(|spare| spare.prompts.clone()))?,
        dir,
        accept_unreviewed: accept_unreviewed.or(spare.map(|spare| spare.accept_unreviewed))?,
        server: server.or_else(|| spare.map(|spare| spare.server.clone()))?,
        store: store.or_else(|| spare.map(|spare| spare.store.clone()))?,
        back_up: back_up.or_else(|| spare.map(|spare| spare.back_up.clone()))?,
        organization: organization.or_else(|| spare.map(|spare| spare.organization.clone()))?,
        sites,
        departments,
        carriers,
        feeds,
        limits,
        feed_max_age,
        not_built,
    })
}

/// The text of a file that a person wrote, without a byte-order mark.
///
/// # Errors
/// Where it cannot be read, or is not UTF-8 (what an editor calls "Unicode" is UTF-16).
pub(crate) fn read_text(file: &Path) -> Result<String, Fault> {
    let bytes = std::fs::read(file).map_err(|error| {
        Fault::of_file(file, "unreadable", format!("this file cannot be read ({}): name another, or make it", error.kind()))
    })?;
    // Half of the bytes of English UTF-16 are zero, which is valid UTF-8 and in no text that a person wrote.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        let message = "this file is UTF-16 (\"Unicode\" in some editors) or no text at all: save it as UTF-8";
        return Err(Fault::of_file(file, "not_utf8", message));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Fault::of_file(file, "not_utf8", format!("line {line} is not UTF-8: save the file as UTF-8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}

#[cfg(test)]
mod tests;
