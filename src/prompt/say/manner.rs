//! To whom something is said, and how fast: it decides which form of a phrase is taken.

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
/// the melody of its place.
pub(super) fn forms(id: &PhraseId, manner: Manner, ends_sentence: bool) -> impl Iterator<Item = PhraseId> {
    let place = if ends_sentence { ".end" } else { ".mid" };
    let wordings = [manner.guardian.then_some(".guardian"), Some("")];
    let paces = [manner.slow.then_some("slow/"), Some("")];
    let id = id.clone();
    wordings.into_iter().flatten().flat_map(move |wording| {
        let id = id.clone();
        paces.into_iter().flatten().flat_map(move |pace| {
            let id = id.clone();
            [place, ""].into_iter().map(move |place| PhraseId::new(format!("{pace}{id}{wording}{place}")))
        })
    })
}
