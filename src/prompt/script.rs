//! Call scripts: a folder of TOML files to the core's scripts, each fault with its place.
//!
//! A file's name is the script's name; its `kind` says what it is. A script takes what it does not say from another one
//! (`extends`), and a site may say single scripts otherwise (`sites/<site key>/scripts`). `file` reads one file, `folder` all
//! of a folder, `inherit` finds where a script takes from, `whole` puts it together, `check` holds it to the rules. Which
//! phrases exist is a language pack's affair: the `lint` room compares. Start reading at [`ScriptSet::load`].

mod check;
mod check_desk;
mod draft;
mod file;
mod folder;
mod incoming;
mod inherit;
mod repeated;
mod tables;
#[cfg(test)]
mod tests;
mod whole;

use crate::core::call::{Announcement, CallScript, DELAY, IncomingScript, Scripts, VoicemailScript};
use crate::core::ids::SiteKey;
use crate::fault::Fault;
use draft::Parsed;
use folder::{Folder, INCOMING, NEEDED, voicemail_of};
use inherit::View;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A fault of a script, as `check` lists it.
pub type ScriptFault = Fault;

/// The scripts of a hospital, complete: whatever a call needs is there.
#[derive(Debug, Clone)]
pub struct ScriptSet {
    /// For a person, by name, where a site says nothing else: `reminder`, `cancelled`, `moved`, `closure` and what the
    /// hospital adds.
    pub calls: BTreeMap<String, CallScript>,
    /// For a machine, likewise: `voicemail`, `voicemail-minimal` and those of single scripts.
    pub voicemails: BTreeMap<String, VoicemailScript>,
    /// Said when something is wrong, to whoever is on the line.
    pub apology: Announcement,
    /// Said while the store is slow.
    pub one_moment: Announcement,
    /// Said to somebody who calls our number, until they have shown who they are.
    pub incoming: IncomingScript,
    general: Edition,
    sites: BTreeMap<SiteKey, Edition>,
}

/// The scripts as they are for one site, or where no site says otherwise.
#[derive(Debug, Clone, Default)]
struct Edition {
    ready: BTreeMap<String, Arc<Scripts>>,
    voicemails: BTreeMap<String, VoicemailScript>,
}

impl ScriptSet {
    /// Reads a folder of prompts: its `scripts`, and those of single sites.
    ///
    /// # Errors
    /// Every fault of every file, and every script that each call needs and the folder lacks.
    pub fn load(prompts: &Path) -> Result<ScriptSet, Vec<ScriptFault>> {
        let mut faults = Vec::new();
        let set = read(prompts, &mut faults);
        // What several scripts take from one file is one fault, however many of them find it.
        let mut told: Vec<Fault> = Vec::new();
        for fault in faults {
            if !told.contains(&fault) {
                told.push(fault);
            }
        }
        set.filter(|_| told.is_empty()).ok_or(told)
    }

    /// What one call needs, by the name of its call script, about a visit at a site.
    pub fn for_call(&self, script: &str, site: &SiteKey) -> Option<Arc<Scripts>> {
        self.at(site).ready.get(script).cloned()
    }

    /// Every call script with what belongs to it, as it is for a site.
    pub fn all_at(&self, site: &SiteKey) -> impl Iterator<Item = &Arc<Scripts>> {
        self.at(site).ready.values()
    }

    /// The sites that have scripts of their own, in order, whether or not they are configured.
    pub fn sites(&self) -> impl Iterator<Item = &SiteKey> {
        self.sites.keys()
    }

    /// The voicemails by name, as they are for a site.
    pub fn voicemails_at(&self, site: &SiteKey) -> &BTreeMap<String, VoicemailScript> {
        &self.at(site).voicemails
    }

    fn at(&self, site: &SiteKey) -> &Edition {
        self.sites.get(site).unwrap_or(&self.general)
    }
}

/// The set, as far as the faults let it be whole.
fn read(prompts: &Path, faults: &mut Vec<Fault>) -> Option<ScriptSet> {
    let dir = prompts.join("scripts");
    let general = Folder::read(&dir, None, faults)?;
    general.check_names(None, faults);
    for (name, kind) in NEEDED {
        if !general.broken.contains(name) && !general.parsed.contains_key(name) {
            let who = match name {
                DELAY => "calls about a site that opens late need",
                INCOMING => "calls to our number need",
                _ => "every call needs",
            };
            let message = format!("there is no such file: {who} this script, with kind = \"{kind}\"");
            faults.push(Fault::of_file(&dir.join(format!("{name}.toml")), "missing_script", message));
        }
    }
    let edition = edition(View { general: &general, site: None }, faults);
    let mut sites = BTreeMap::new();
    for (site, folder) in site_folders(&prompts.join("sites"), faults) {
        folder.check_names(Some(&general), faults);
        let own = self::edition(View { general: &general, site: Some(&folder) }, faults);
        sites.extend(own.map(|own| (site, own)));
    }
    let announcement = |name: &str| match general.parsed.get(name) {
        Some(Parsed::Announcement(script, _)) => Some(script.clone()),
        _ => None,
    };
    let incoming = match general.parsed.get(INCOMING) {
        Some(Parsed::Incoming(script, _)) => Some(*script.clone()),
        _ => None,
    };
    let edition = edition?;
    Some(ScriptSet {
        calls: edition.ready.iter().map(|(name, scripts)| (name.clone(), scripts.call.clone())).collect(),
        voicemails: edition.voicemails.clone(),
        apology: announcement("apology")?,
        one_moment: announcement("one-moment")?,
        incoming: incoming?,
        general: edition,
        sites,
    })
}

/// The folders of scripts under `sites`, by the sites' keys. There need be none.
fn site_folders(dir: &Path, faults: &mut Vec<Fault>) -> Vec<(SiteKey, Folder)> {
    // A folder that cannot be read is the packs' to tell: they stand in it too.
    let mut keys: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    keys.sort();
    let keys = keys.into_iter().filter_map(|key| key.into_string().ok()).filter(|key| !key.starts_with('.'));
    keys.filter(|key| dir.join(key).join("scripts").is_dir())
        .filter_map(|key| Some((SiteKey::new(&key), Folder::read(&dir.join(&key).join("scripts"), Some(&key), faults)?)))
        .collect()
}

/// Every call script of a view, put together; `None` where its voicemails are missing.
fn edition(view: View, faults: &mut Vec<Fault>) -> Option<Edition> {
    let folders = || view.site.into_iter().chain([view.general]);
    let names: BTreeSet<&String> = folders().flat_map(|folder| folder.parsed.keys()).collect();
    let mut calls = BTreeMap::new();
    let mut voicemails = BTreeMap::new();
    for name in names {
        match folders().find_map(|folder| folder.parsed.get(name)) {
            Some(Parsed::Voicemail(script, _)) => drop(voicemails.insert(name.clone(), script.clone())),
            Some(Parsed::Call(draft)) => {
                let Some(chain) = view.chain(name, faults) else { continue };
                if !draft.is_base {
                    let (script, found) = whole::whole(name, &chain);
                    faults.extend(found);
                    calls.insert(name.clone(), script);
                }
            }
            Some(Parsed::Announcement(..) | Parsed::Incoming(..)) | None => {}
        }
    }
    let (voicemail, minimal) = (voicemails.get("voicemail")?, voicemails.get("voicemail-minimal")?);
    let ready = |(name, call): (String, CallScript)| {
        // A script called "minimal" has none of its own: that name is taken.
        let own_voicemail = voicemails.get(&voicemail_of(&name)).filter(|own| own.name != minimal.name).cloned();
        (name, Arc::new(Scripts { call, voicemail: voicemail.clone(), own_voicemail, voicemail_minimal: minimal.clone() }))
    };
    Some(Edition { ready: calls.into_iter().map(ready).collect(), voicemails })
}
