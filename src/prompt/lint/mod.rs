//! What `check` finds in packs and scripts before a patient could hear it. Each finding names the file, the phrase, the
//! language and what to do.
//!
//! One file for each idea: `complete` (everything recorded), `order` (how soon it is said who calls, and the opt-out), `length`, `strangers`,
//! `words`, `forms`, `sound`, `sites`. What they stand on: `lines` says what the scripts say in one go, `vocabulary` what a grammar
//! makes of every date, time and count, `spoken` how a pack speaks that, `longest` how long it can become. Start reading at
//! [`lint`].

mod complete;
mod findings;
mod forms;
mod hospital;
mod length;
mod lines;
mod longest;
mod order;
mod sites;
mod sound;
mod spoken;
mod strangers;
mod subject;
mod uses;
mod vocabulary;
mod words;

#[cfg(test)]
mod longest_tests;
#[cfg(test)]
mod tests;

pub use findings::Findings;
pub use hospital::Hospital;
pub use length::Length;

use super::{Pack, Packs};
use crate::core::call::Segment;
use crate::core::ids::SiteKey;
use crate::prompt::say::base;
use crate::prompt::script::ScriptSet;
use lines::Script;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use subject::Subject;
use vocabulary::Vocabulary;

/// Everything that is wrong with packs and scripts, and everything that should be known of them. `folder`: where they stand.
pub fn lint(packs: &Packs, scripts: &ScriptSet, folder: &Path, hospital: &Hospital) -> Findings {
    let said = Said::of(scripts, folder, hospital);
    let mut findings = sites::unknown(packs, folder, hospital);
    for found in of_every_language(packs, |pack| Language { packs, pack, said: &said, hospital }.check()) {
        findings.extend(found);
    }
    findings
}

/// The longest case of every message in every language.
pub fn lengths(packs: &Packs, scripts: &ScriptSet, folder: &Path, hospital: &Hospital) -> Vec<Length> {
    let said = Said::of(scripts, folder, hospital);
    let of_language = |pack: &Pack| Language { packs, pack, said: &said, hospital }.each(length::lengths).concat();
    of_every_language(packs, of_language).concat()
}

/// What the scripts say: in general, and at the sites that say it otherwise.
struct Said<'s> {
    general: Vec<Script<'s>>,
    sites: BTreeMap<SiteKey, Vec<Script<'s>>>,
}

impl<'s> Said<'s> {
    fn of(scripts: &'s ScriptSet, folder: &Path, hospital: &Hospital) -> Said<'s> {
        let configured = |site: &&SiteKey| hospital.sites.iter().any(|(key, _)| key == *site);
        let own = scripts.sites().filter(configured).map(|site| (site.clone(), lines::of_site(scripts, site, folder)));
        Said { general: lines::general(scripts, folder), sites: own.collect() }
    }
}

impl Said<'_> {
    /// The phrases that any script names.
    fn phrases(&self) -> BTreeSet<&str> {
        let scripts = self.general.iter().chain(self.sites.values().flatten());
        let segments = scripts.flat_map(|script| &script.lines).flat_map(|line| &line.words);
        let phrases = segments.filter_map(|segment| match segment {
            Segment::Phrase(id) => Some(base(id.as_str())),
            Segment::Slot(_) => None,
        });
        phrases.collect()
    }
}

/// Languages have nothing to do with each other: each is checked by a thread of its own.
fn of_every_language<T: Send>(packs: &Packs, check: impl Fn(&Pack) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let check = &check;
        let checks: Vec<_> = packs.iter().map(|pack| scope.spawn(move || check(pack))).collect();
        checks.into_iter().map(|check| check.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// A language's pack, the packs of the sites that say something otherwise in it, and what they all speak.
struct Language<'a> {
    packs: &'a Packs,
    pack: &'a Pack,
    said: &'a Said<'a>,
    hospital: &'a Hospital,
}

impl Language<'_> {
    fn check(&self) -> Findings {
        let mut findings = Findings::default();
        let of_scripts = |subject: &Subject<'_>| {
            [
                complete::check(subject),
                order::check(subject),
                length::check(subject, &length::lengths(subject)),
                strangers::check(subject),
                words::check_guardian(subject),
                forms::check(subject),
            ]
        };
        let own_packs = || self.packs.sites().filter_map(|site| self.own_pack(site));
        // A site that the configuration does not know is told as such.
        let known = own_packs().filter(|pack| self.hospital.sites.iter().any(|(key, _)| pack.site.as_ref() == Some(key)));
        let of_packs = [self.pack].into_iter().chain(known).flat_map(|pack| {
            // What a site shares with its language is found there.
            let ids: Vec<_> = pack.ids().into_iter().filter(|id| pack.site.is_none() || pack.is_own(id)).collect();
            [words::check(pack, &ids), sound::check(pack, &ids)]
        });
        for found in self.each(of_scripts).into_iter().flatten().chain(of_packs) {
            findings.extend(found);
        }
        findings.extend(strangers::unknown(self.pack, own_packs(), &self.said.phrases()));
        findings.extend(strangers::every_sentence(self.pack));
        findings
    }

    /// Of the pack with every site that shares it, and of each site that says anything otherwise.
    fn each<T>(&self, check: impl Fn(&Subject<'_>) -> T) -> Vec<T> {
        let vocabulary = Vocabulary::of(&self.pack.grammar);
        let of = |pack, sites: &[SiteKey], scripts: &[Script<'_>]| {
            check(&Subject::of(pack, sites, scripts, &vocabulary, self.hospital))
        };
        let configured = self.hospital.sites.iter().map(|(key, _)| key.clone());
        let is_special = |key: &SiteKey| self.own_pack(key).is_some() || self.said.sites.contains_key(key);
        let (special, shared): (Vec<_>, Vec<_>) = configured.partition(is_special);
        let mut found = vec![of(self.pack, &shared, &self.said.general)];
        for key in &special {
            let (pack, scripts) = (self.own_pack(key).unwrap_or(self.pack), self.said.sites.get(key));
            found.push(of(pack, std::slice::from_ref(key), scripts.unwrap_or(&self.said.general)));
        }
        found
    }

    fn own_pack(&self, site: &SiteKey) -> Option<&Pack> {
        self.packs.of_site(site).find(|pack| pack.language == self.pack.language)
    }
}
