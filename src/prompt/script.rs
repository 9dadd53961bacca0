//! Call scripts: a folder of TOML files to the core's scripts, each fault with its place.
//!
//! A file's name is the script's name; its `kind` says what it is. Which phrases exist is a language pack's affair:
//! [`ScriptSet::unrecorded`] compares. Start reading at [`load_scripts`].

mod check;
mod file;
#[cfg(test)]
mod tests;

use crate::core::call::{Announcement, CallScript, Scripts, VoicemailScript};
use crate::core::ids::{LanguageTag, PhraseId};
use crate::fault::{Fault, nearest};
use file::{Parsed, PhraseUse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A fault of a script, as `check` lists it.
pub type ScriptFault = Fault;

/// The scripts of a folder, complete: whatever a call needs is there.
#[derive(Debug, Clone)]
pub struct ScriptSet {
    /// For a person, by name: `reminder`, `cancelled`, `moved`, `closure` and what the hospital adds.
    pub calls: BTreeMap<String, CallScript>,
    /// For a machine: `voicemail` and `voicemail-minimal`.
    pub voicemails: BTreeMap<String, VoicemailScript>,
    /// Said when something is wrong, to whoever is on the line.
    pub apology: Announcement,
    /// Said while the store is slow.
    pub one_moment: Announcement,
    ready: BTreeMap<String, Arc<Scripts>>,
    uses: Vec<PhraseUse>,
}

impl ScriptSet {
    /// What one call needs, by the name of its call script.
    pub fn for_call(&self, script: &str) -> Option<Arc<Scripts>> {
        self.ready.get(script).cloned()
    }

    /// Every phrase that a script names. What fills the places (dates, numbers, names) comes on top.
    pub fn phrases(&self) -> BTreeSet<&PhraseId> {
        self.uses.iter().map(|used| &used.phrase).collect()
    }

    /// One fault for each phrase that `recorded`, the phrases of the pack of `language`, does not hold, at the first place
    /// that names it.
    pub fn unrecorded(&self, language: &LanguageTag, recorded: &BTreeSet<PhraseId>) -> Vec<ScriptFault> {
        let mut told = BTreeSet::new();
        let unknown = self.uses.iter().filter(|used| !recorded.contains(&used.phrase) && told.insert(&used.phrase));
        unknown
            .map(|used| {
                let mut message = format!("the phrase `{}` is not recorded in {language}", used.phrase);
                match nearest(used.phrase.as_str(), recorded.iter().map(PhraseId::as_str)) {
                    Some(meant) => message.push_str(&format!("; did you mean `{meant}`?")),
                    None => message.push_str("; record it, or say it in other phrases"),
                }
                used.place.fault("missing_phrase", message)
            })
            .collect()
    }
}

/// Reads every `*.toml` of a folder.
///
/// # Errors
/// Every fault of every file, and every script that each call needs and the folder lacks.
pub fn load_scripts(dir: &Path) -> Result<ScriptSet, Vec<ScriptFault>> {
    let mut faults = Vec::new();
    let mut parsed = BTreeMap::new();
    let mut broken = BTreeSet::new();
    let mut uses = Vec::new();
    for path in toml_files(dir).map_err(|fault| vec![fault])? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match file::read(&path, &name) {
            Ok((script, named)) => {
                parsed.insert(name, script);
                uses.extend(named);
            }
            Err(found) => {
                broken.insert(name);
                faults.extend(found);
            }
        }
    }
    let mut set = Sorted::default();
    for (name, script) in parsed {
        let file = dir.join(format!("{name}.toml"));
        set.take(name, script).unwrap_or_else(|message| faults.push(Fault::of_file(&file, "unknown_script", message)));
    }
    for (name, kind) in NEEDED {
        if !broken.contains(name) && !set.has(name) {
            let message = format!("there is no such file: every call needs this script, with kind = \"{kind}\"");
            faults.push(Fault::of_file(&dir.join(format!("{name}.toml")), "missing_script", message));
        }
    }
    set.complete(uses).filter(|_| faults.is_empty()).ok_or(faults)
}

/// What every call needs beside its own script.
const NEEDED: [(&str, &str); 4] =
    [("voicemail", "voicemail"), ("voicemail-minimal", "voicemail"), ("apology", "announcement"), ("one-moment", "announcement")];

#[derive(Default)]
struct Sorted {
    calls: BTreeMap<String, CallScript>,
    voicemails: BTreeMap<String, VoicemailScript>,
    announcements: BTreeMap<String, Announcement>,
}

impl Sorted {
    /// Takes a script in; refuses one that nothing would ever say.
    fn take(&mut self, name: String, script: Parsed) -> Result<(), String> {
        let kind = match script {
            Parsed::Call(_) => "call",
            Parsed::Voicemail(_) => "voicemail",
            Parsed::Announcement(_) => "announcement",
        };
        let fixed = NEEDED.iter().find(|(needed, _)| *needed == name).map(|(_, kind)| *kind);
        if fixed.unwrap_or("call") != kind {
            let names: Vec<_> = NEEDED.iter().filter(|(_, k)| *k == kind).map(|(n, _)| *n).collect();
            return Err(match fixed {
                Some(fixed) => format!("kind = \"{kind}\": a script of this name has kind = \"{fixed}\""),
                None => format!("nothing says a script of this name with kind = \"{kind}\"; there are {}", names.join(" and ")),
            });
        }
        match script {
            Parsed::Call(script) => drop(self.calls.insert(name, *script)),
            Parsed::Voicemail(script) => drop(self.voicemails.insert(name, script)),
            Parsed::Announcement(script) => drop(self.announcements.insert(name, script)),
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.voicemails.contains_key(name) || self.announcements.contains_key(name)
    }

    fn complete(mut self, uses: Vec<PhraseUse>) -> Option<ScriptSet> {
        let (voicemail, voicemail_minimal) = (self.voicemails.get("voicemail")?, self.voicemails.get("voicemail-minimal")?);
        let ready = |call: &CallScript| {
            let (voicemail, voicemail_minimal) = (voicemail.clone(), voicemail_minimal.clone());
            Arc::new(Scripts { call: call.clone(), voicemail, own_voicemail: None, voicemail_minimal })
        };
        Some(ScriptSet {
            ready: self.calls.iter().map(|(name, call)| (name.clone(), ready(call))).collect(),
            apology: self.announcements.remove("apology")?,
            one_moment: self.announcements.remove("one-moment")?,
            calls: self.calls,
            voicemails: self.voicemails,
            uses,
        })
    }
}

fn toml_files(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let trouble = |error: std::io::Error| Fault::of_file(dir, "unreadable", format!("the folder of scripts: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
