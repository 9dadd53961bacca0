//! A folder of scripts: every file read, each with a name that somebody asks for and the kind that this name has.

use super::draft::Parsed;
use super::file;
use crate::core::call::DELAY;
use crate::fault::{Fault, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is said though no job names it, by name and kind.
pub(super) const NEEDED: [(&str, &str); 6] = [
    ("voicemail", "voicemail"),
    ("voicemail-minimal", "voicemail"),
    ("apology", "announcement"),
    ("one-moment", "announcement"),
    (INCOMING, "incoming"),
    (DELAY, "call"),
];

/// The script of calls to our number.
pub(super) const INCOMING: &str = "incoming";

/// In front of the name of a call script: its own voicemail.
const VOICEMAIL_OF: &str = "voicemail-";

/// The scripts of a folder by name.
#[derive(Default)]
pub(super) struct Folder {
    pub parsed: BTreeMap<String, Parsed>,
    /// Files that cannot be read.
    pub broken: BTreeSet<String>,
}

/// The name of a call script's own voicemail.
pub(super) fn voicemail_of(call: &str) -> String {
    format!("{VOICEMAIL_OF}{call}")
}

impl Folder {
    /// Reads every `*.toml` of a folder; `site` is whose it is.
    pub fn read(dir: &Path, site: Option<&str>, faults: &mut Vec<Fault>) -> Option<Folder> {
        let mut folder = Folder::default();
        let files = toml_files(dir).map_err(|fault| faults.push(fault)).ok()?;
        for path in files {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let read = file::read(&path, &name, site);
            faults.extend(read.faults);
            match read.parsed {
                Some(parsed) => drop(folder.parsed.insert(name, parsed)),
                None => drop(folder.broken.insert(name)),
            }
        }
        Some(folder)
    }

    /// Every script is one that somebody says: what a site or a typing error adds besides would never be heard.
    pub fn check_names(&self, general: Option<&Folder>, faults: &mut Vec<Fault>) {
        for (name, parsed) in &self.parsed {
            let problem = match general {
                None => self.problem(name, parsed),
                Some(general) => self.problem_at_a_site(name, parsed, general),
            };
            faults.extend(problem.map(|(code, message)| parsed.source().fault_of_file(code, message)));
        }
    }

    fn problem(&self, name: &str, parsed: &Parsed) -> Option<(&'static str, String)> {
        let kind = parsed.kind();
        let fixed = NEEDED.iter().find(|(needed, _)| *needed == name).map(|(_, kind)| *kind);
        match (fixed, kind) {
            (Some(fixed), kind) if fixed != kind => {
                Some(("unknown_script", format!("kind = \"{kind}\": a script of this name has kind = \"{fixed}\"")))
            }
            (Some(_), _) => None,
            (None, "voicemail") => self.problem_of_own_voicemail(name, self),
            (None, "announcement") => {
                let message = "nothing says a script of this name with kind = \"announcement\"; there are apology and one-moment";
                Some(("unknown_script", message.to_string()))
            }
            (None, "incoming") => {
                let message = format!("nothing says a script of this name with kind = \"incoming\"; there is {INCOMING}");
                Some(("unknown_script", message))
            }
            (None, _) if name.starts_with(VOICEMAIL_OF) => {
                Some(("unknown_script", format!("kind = \"{kind}\": a script of this name has kind = \"voicemail\"")))
            }
            (None, _) => None,
        }
    }

    fn problem_of_own_voicemail(&self, name: &str, general: &Folder) -> Option<(&'static str, String)> {
        let Some(call) = name.strip_prefix(VOICEMAIL_OF) else {
            let message = "nothing says a script of this name with kind = \"voicemail\"; there are voicemail, voicemail-minimal \
                           and voicemail-NAME for the call script NAME";
            return Some(("unknown_script", message.to_string()));
        };
        if general.is_call(call) || general.broken.contains(call) {
            return None;
        }
        let hint = nearest(call, general.calls()).map(|meant| format!("; did you mean voicemail-{meant}?")).unwrap_or_default();
        Some(("unknown_script", format!("there is no call script `{call}` that would leave this voicemail{hint}")))
    }

    fn problem_at_a_site(&self, name: &str, parsed: &Parsed, general: &Folder) -> Option<(&'static str, String)> {
        let kind = parsed.kind();
        match (general.parsed.get(name), kind) {
            (_, "announcement" | "incoming") => {
                let message = format!("{name} is said where no call is known, so it knows no site: it stands in scripts alone");
                Some(("unknown_script", message))
            }
            (Some(theirs), kind) if theirs.kind() != kind => {
                let message = format!("kind = \"{kind}\": the general script of this name has kind = \"{}\"", theirs.kind());
                Some(("wrong_kind", message))
            }
            (Some(_), _) | (None, "base") => None,
            (None, _) if general.broken.contains(name) => None,
            (None, "voicemail") => self.problem_of_own_voicemail(name, general),
            (None, _) => {
                let hint = nearest(name, general.calls()).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                let message = format!(
                    "no job can name it: a site says otherwise what stands in scripts, and there is no call script `{name}`{hint}"
                );
                Some(("unknown_script", message))
            }
        }
    }

    /// The names of the scripts that are played to people.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.parsed.iter().filter(|(_, parsed)| parsed.kind() == "call").map(|(name, _)| name.as_str())
    }

    fn is_call(&self, name: &str) -> bool {
        self.parsed.get(name).is_some_and(|parsed| parsed.kind() == "call")
    }
}

fn toml_files(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let trouble = |error: std::io::Error| Fault::of_file(dir, "unreadable", format!("the folder of scripts: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        // Editors and other computers leave files with a dot in front beside those that are saved.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
