//! What is checked together: a pack with the scripts that it speaks, and the sites whose calls those are.

use super::Hospital;
use super::lines::{Line, Script};
use super::longest::{Fillings, Longest};
use super::spoken::Spoken;
use super::uses::Uses;
use super::vocabulary::Vocabulary;
use crate::core::ids::SiteKey;
use crate::prompt::say::FormId;
use crate::prompt::{Manner, Pack};

pub(super) struct Subject<'a> {
    pub pack: &'a Pack,
    pub hospital: &'a Hospital,
    /// The sites of the calls.
    pub sites: &'a [SiteKey],
    pub uses: Uses<'a>,
    manners: Vec<Fillings<'a>>,
}

impl<'a> Subject<'a> {
    pub fn of(
        pack: &'a Pack,
        sites: &'a [SiteKey],
        scripts: &'a [Script<'a>],
        vocabulary: &Vocabulary,
        hospital: &'a Hospital,
    ) -> Subject<'a> {
        let manners = manners(pack).into_iter();
        let spoken = manners.map(|manner| Spoken::of(pack, manner, vocabulary));
        let manners: Vec<_> = spoken.map(|spoken| Fillings::of(spoken, sites, vocabulary, hospital)).collect();
        let said: Vec<_> = manners.iter().map(Fillings::spoken).collect();
        let uses = Uses::of(scripts, sites, vocabulary, &said);
        Subject { pack, hospital, sites, uses, manners }
    }

    pub fn scripts(&self) -> impl Iterator<Item = &'a Script<'a>> {
        self.uses.of_scripts.iter().map(|(script, _)| *script)
    }

    /// The longest case over every manner in which a line is said, measured by `measure`.
    pub fn longest(&self, line: &Line, measure: impl Fn(&Fillings<'a>) -> Option<Longest>) -> Option<(Manner, Longest)> {
        let said = self.manners.iter().filter(|fillings| !fillings.spoken().manner.slow || line.may_be_slow());
        said.filter_map(|fillings| Some((fillings.spoken().manner, measure(fillings)?)))
            .max_by_key(|(_, longest)| longest.samples)
    }

    /// For a message: in which language, and about which site where that one says something otherwise.
    pub fn place(&self, script: &Script<'_>) -> String {
        let site = script.site.as_ref().or(self.pack.site.as_ref()).map(|site| format!(" (site {site})")).unwrap_or_default();
        format!("{}{site}", self.pack.language)
    }
}

/// The manners that sound different in this pack.
fn manners(pack: &Pack) -> Vec<Manner> {
    let forms = || pack.phrases.keys().map(FormId::of);
    let guardian = forms().any(|form| form.guardian);
    let slow = forms().any(|form| form.slow);
    let all = [(false, false), (true, false), (false, true), (true, true)];
    let told_apart = all.into_iter().filter(|(g, s)| (guardian || !g) && (slow || !s));
    told_apart.map(|(guardian, slow)| Manner { guardian, slow }).collect()
}
