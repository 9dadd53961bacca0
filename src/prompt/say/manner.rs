//! To whom something is said, and how fast: it decides which form of a phrase is taken.

use super::form::{FormId, Place};
use crate::core::call::{Brief, Step};
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};

/// Who is on the line, as far as words depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listener {
    /// The language of the call.
    pub language: LanguageTag,
    /// The site of the visit, which may have phrases of its own; `None` where no call is known.
    pub site: Option<SiteKey>,
    /// A parent or guardian: "a patient in your care has …".
    pub guardian: bool,
}

/// Which form of a phrase is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Manner {
    /// The words for a parent or guardian, where there are some.
    pub guardian: bool,
    /// The slow recordings, where there are some.
    pub slow: bool,
}

impl Listener {
    /// Anybody, where no call is known.
    pub fn anybody(language: &LanguageTag) -> Listener {
        Listener { language: language.clone(), site: None, guardian: false }
    }

    /// The one whom a call is for.
    pub fn of(brief: &Brief) -> Listener {
        Listener { language: brief.language.clone(), site: Some(brief.site.clone()), guardian: brief.guardian }
    }

    /// How a step is said to them.
    pub fn manner(&self, step: &Step) -> Manner {
        Manner { guardian: self.guardian, slow: step.slow }
    }
}

/// The recordings that can serve for a phrase, the best first: the right wording before the right pace, and that before
/// the melody of its place. A phrase that is named with its place (a digit at the end of a number) is for that one alone.
pub(super) fn forms(id: &PhraseId, manner: Manner, ends_sentence: bool) -> impl Iterator<Item = PhraseId> {
    let named = FormId::of(id);
    let melody = if ends_sentence { Place::End } else { Place::Mid };
    let places = [(named.place == Place::Any).then_some(melody), Some(named.place)];
    let wordings = [manner.guardian.then_some(true), Some(named.guardian)];
    let paces = [manner.slow.then_some(true), Some(named.slow)];
    let each = wordings.into_iter().flatten().flat_map(move |guardian| {
        let paces = paces.into_iter().flatten();
        paces.flat_map(move |slow| places.into_iter().flatten().map(move |place| (guardian, slow, place)))
    });
    let forms: Vec<_> = each.map(|(guardian, slow, place)| FormId { guardian, slow, place, ..named }.to_id()).collect();
    forms.into_iter()
}
