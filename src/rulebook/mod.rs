//! Reminder jobs: `schedules/*.toml`, one file a job, to the typed rules of [`crate::core::plan`]. A job that contradicts
//! itself, the limits or the configuration is refused in a scheduler's words, with file, line and caret.
//!
//! Never here: the store, the network, deciding about a visit. Start reading at [`load_jobs`].

mod ahead;
mod area_codes;
mod checks;
mod holidays;
mod job;
mod reach;

pub use ahead::{JobDay, TouchDay, days_ahead};

use crate::config::{Config, read_text};
use crate::core::domain::Purpose;
use crate::core::ids::LanguageTag;
use crate::core::plan::{Clock24, Job, Rules, SiteRules};
use crate::fault::Fault;
use crate::toml_file::{Place, Source};
use area_codes::zones_of_area_code;
use job::read_job;
use std::path::{Path, PathBuf};

/// The jobs that are shipped, by file name: one for each purpose, and what a job of that purpose says where its file says
/// nothing.
const SHIPPED: [(Purpose, &str, &str); 4] = [
    (Purpose::Cancelled, "schedules/cancelled.toml", include_str!("../../schedules/cancelled.toml")),
    (Purpose::Closure, "schedules/closure.toml", include_str!("../../schedules/closure.toml")),
    (Purpose::Reminder, "schedules/exam-and-radiology.toml", include_str!("../../schedules/exam-and-radiology.toml")),
    (Purpose::Moved, "schedules/moved.toml", include_str!("../../schedules/moved.toml")),
];

/// The shipped job of a purpose.
fn shipped_job(purpose: Purpose) -> Source {
    let [.., last] = SHIPPED;
    let (_, name, text) = SHIPPED.into_iter().find(|(of, ..)| *of == purpose).unwrap_or(last);
    Source::BuiltIn { name, text }
}

/// What a job's words are checked against.
pub(crate) struct Known<'a> {
    /// Sites, departments, carriers, limits. Where it has no site or no carrier at all, because its file cannot be read, any
    /// name is taken.
    pub config: &'a Config,
    /// Names of call scripts; empty: any name is taken.
    pub scripts: &'a [String],
    /// The folder of the jobs: where a file of holidays is looked for first.
    pub dir: &'a Path,
}

/// Reads every `*.toml` of a folder, in the order of the file names. A file with a fault gives no job and hides none of the
/// others. `scripts` are the names of the known call scripts; where it is empty, a job may name any.
///
/// Where there is no configuration file and no folder either, the shipped jobs hold: the defaults run from an empty folder.
pub fn load_jobs(dir: &Path, config: &Config, scripts: &[String]) -> (Vec<Job>, Vec<Fault>) {
    let (sources, mut faults) = match sources(dir, config) {
        Ok(found) => found,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let known = Known { config, scripts, dir };
    let mut jobs: Vec<(Job, Place)> = Vec::new();
    for (stem, source) in sources {
        match read_job(source, &stem, &known) {
            Ok((job, place)) => match jobs.iter().find(|(other, _)| other.name == job.name) {
                Some((other, first)) => {
                    let first = first.fault("", "").file;
                    let message =
                        format!("name: \"{}\" is the name of the job in {first} already: give this one another", other.name);
                    faults.push(place.fault("duplicate_name", message));
                }
                None => jobs.push((job, place)),
            },
            Err(found) => faults.extend(found),
        }
    }
    (jobs.into_iter().map(|(job, _)| job).collect(), faults)
}

/// Everything the planner is told: the jobs, and of the configuration what it needs. `languages` are those of the packs.
pub fn rules(config: &Config, jobs: Vec<Job>, languages: Vec<LanguageTag>) -> Rules {
    let sites = config.sites.iter().map(|(key, site)| (key.clone(), SiteRules { zone: site.timezone })).collect();
    Rules {
        jobs,
        limits: config.limits.clone(),
        sites,
        language: config.organization.language.clone(),
        languages,
        area_codes: area_codes::table_name().to_string(),
        zones_of_number: zones_of_area_code,
    }
}

type Sources = Vec<(String, Source)>;

/// The texts of the jobs with the names of their files, and the files that cannot be read.
fn sources(dir: &Path, config: &Config) -> Result<(Sources, Vec<Fault>), Fault> {
    if config.file.is_none() && dir == Path::new("schedules") && !dir.exists() {
        let shipped = SHIPPED.into_iter().map(|(_, name, text)| (stem(Path::new(name)), Source::BuiltIn { name, text }));
        return Ok((shipped.collect(), Vec::new()));
    }
    let listing = std::fs::read_dir(dir).map_err(|error| {
        let message =
            format!("the folder of reminder jobs cannot be read ({}): make it, or name another as `schedules`", error.kind());
        Fault::of_file(dir, "unreadable", message)
    })?;
    let is_job = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.extension().is_some_and(|extension| extension == "toml")
    };
    let mut files: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).filter(is_job).collect();
    files.sort();
    let mut faults = Vec::new();
    let mut sources = Vec::new();
    for name in files {
        match read_text(&name) {
            Ok(text) => sources.push((stem(&name), Source::File { name, text })),
            Err(fault) => faults.push(fault),
        }
    }
    Ok((sources, faults))
}

/// A time of day as files write it.
fn clock_text(time: Clock24) -> String {
    format!("{:02}:{:02}", time.minutes() / 60, time.minutes() % 60)
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod contradictions;
#[cfg(test)]
mod tests;
