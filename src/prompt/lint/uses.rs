//! Which phrases each script can need, over every date, time, count and number.

use super::lines::{Line, Script};
use super::longest::Appointments;
use super::spoken::Spoken;
use super::vocabulary::{Vocabulary, Ways};
use crate::core::call::{Segment, Slot};
use crate::core::ids::{PhraseId, SiteKey};
use std::collections::BTreeSet;

/// The phrases that scripts need, recorded or not.
pub(super) struct Uses<'s> {
    /// Each script, and the phrases that it can say.
    pub of_scripts: Vec<(&'s Script<'s>, BTreeSet<PhraseId>)>,
}

impl<'s> Uses<'s> {
    /// `sites`: those whose names are said. `manners`: what is said in each; a slow recording may lead to another way.
    pub fn of(scripts: &'s [Script<'s>], sites: &[SiteKey], vocabulary: &Vocabulary, manners: &[&Spoken<'_>]) -> Uses<'s> {
        let composed = Composed::of(vocabulary, manners, sites);
        Uses { of_scripts: scripts.iter().map(|script| (script, composed.needed_by(&script.lines))).collect() }
    }

    /// Every phrase that any script can say.
    pub fn all(&self) -> BTreeSet<&PhraseId> {
        self.of_scripts.iter().flat_map(|(_, ids)| ids).collect()
    }
}

/// The phrases of which dates, times, counts, numbers and names of sites are made.
struct Composed {
    days: BTreeSet<PhraseId>,
    times: BTreeSet<PhraseId>,
    one: BTreeSet<PhraseId>,
    several: BTreeSet<PhraseId>,
    digits: BTreeSet<PhraseId>,
    sites: BTreeSet<PhraseId>,
    at_sites: BTreeSet<PhraseId>,
}

impl Composed {
    fn of(vocabulary: &Vocabulary, manners: &[&Spoken<'_>], sites: &[SiteKey]) -> Composed {
        let of = |values: &[Ways]| {
            let mut met = vec![false; vocabulary.ids.len()];
            for spoken in manners {
                values.iter().filter_map(|ways| spoken.chosen(ways)).flatten().for_each(|number| met[*number] = true);
            }
            vocabulary.ids.iter().zip(met).filter(|(_, met)| *met).map(|(id, _)| id.clone()).collect()
        };
        let names = |group: &str| sites.iter().map(|key| PhraseId::new(format!("{group}/{key}"))).collect();
        Composed {
            days: of(&vocabulary.days),
            times: of(&vocabulary.times),
            one: of(&vocabulary.one),
            several: of(&vocabulary.several),
            digits: manners.iter().flat_map(|spoken| spoken.pack().grammar.digits()).collect(),
            sites: names("site"),
            at_sites: names("at-site"),
        }
    }

    fn needed_by<'l>(&self, lines: impl IntoIterator<Item = &'l Line>) -> BTreeSet<PhraseId> {
        let mut ids = BTreeSet::new();
        let mut slots = BTreeSet::new();
        for line in lines {
            for segment in &line.words {
                match segment {
                    Segment::Phrase(id) => drop(ids.insert(id.clone())),
                    Segment::Slot(slot) => drop(slots.insert((*slot, line.appointments))),
                }
            }
        }
        for (slot, appointments) in slots {
            match slot {
                Slot::Organization => drop(ids.insert("org/name".into())),
                Slot::CallbackNumber | Slot::OptOutNumber => ids.extend(self.digits.iter().cloned()),
                Slot::Day | Slot::OldDay | Slot::DeskDay => ids.extend(self.days.iter().cloned()),
                Slot::Time | Slot::OldTime | Slot::DeskTime => ids.extend(self.times.iter().cloned()),
                Slot::Site => ids.extend(self.sites.iter().cloned()),
                Slot::AtSite => ids.extend(self.at_sites.iter().cloned()),
                Slot::Count if appointments == Appointments::One => ids.extend(self.one.iter().cloned()),
                Slot::Count => ids.extend(self.several.iter().cloned()),
            }
        }
        ids
    }
}
