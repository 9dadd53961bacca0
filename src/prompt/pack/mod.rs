//! Language packs in memory, and what single sites say otherwise. How they get there: `load.rs` and `sites.rs`.

mod load;
mod manifest;
mod sites;
mod texts;

#[cfg(test)]
pub(in crate::prompt) use manifest::Manifest;
pub use manifest::{Gaps, Review, SoundRules, WordRules};
pub(in crate::prompt) use texts::{LONGEST_WORDS, is_id, is_unseen};

use super::{Error, Grammar};
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Every language pack of a folder.
#[derive(Debug, Default)]
pub struct Packs {
    pub(in crate::prompt) packs: BTreeMap<LanguageTag, Pack>,
    /// Every site that has a folder, with the packs of the languages in which it says something otherwise.
    sites: BTreeMap<SiteKey, BTreeMap<LanguageTag, Pack>>,
}

/// One language: its phrases, its pauses, its grammar.
pub struct Pack {
    /// The language, as the folder is named.
    pub language: LanguageTag,
    /// The site that it is for, where that one says something otherwise; `None`: all the others.
    pub site: Option<SiteKey>,
    /// The language in words, for people.
    pub name: String,
    /// Whose voice it is.
    pub voice: String,
    /// The notice that the voice's licence asks for.
    pub notice: String,
    /// Who signed it off; `None`: nobody, and a real carrier does not start with it unless told to.
    pub review: Option<Review>,
    /// Silence between phrases.
    pub gaps: Gaps,
    /// What every recording keeps to.
    pub sound: SoundRules,
    /// Words that its check looks for.
    pub words: WordRules,
    /// Groups and phrases that a stranger may hear (calling-rules L-35, L-36).
    pub strangers: Vec<String>,
    /// How dates, times and numbers are made of phrases.
    pub grammar: Grammar,
    /// The folder it came from: the language's own, for a site too ([`Pack::file`] knows where a phrase came from).
    pub folder: PathBuf,
    pub(in crate::prompt) phrases: HashMap<PhraseId, Phrase>,
    /// What of it is the site's own.
    own: Own,
    pub(in crate::prompt) fingerprint: String,
}

/// What a site says otherwise: where it came from, and which phrases.
#[derive(Default)]
struct Own {
    folder: PathBuf,
    phrases: BTreeSet<PhraseId>,
}

/// A recorded phrase.
#[derive(Clone)]
pub struct Phrase {
    /// Its words, with the punctuation that decides the pause after it.
    pub text: String,
    /// Its sound, 8 kHz mono, zero at both ends; shared by every pack that has this recording.
    pub samples: Arc<[i16]>,
    /// It begins a new sentence.
    pub(in crate::prompt) opens_sentence: bool,
    /// A pause in front of it that overrides every other, in samples.
    pub(in crate::prompt) gap_before: Option<usize>,
    /// It ends a group of digits.
    pub(in crate::prompt) ends_group: bool,
    /// SHA-256 of its file.
    pub(in crate::prompt) digest: [u8; 32],
}

impl Packs {
    /// The pack of exactly this language.
    ///
    /// # Errors
    /// [`Error::NoPack`], which names the languages there are.
    pub fn pack(&self, language: &LanguageTag) -> Result<&Pack, Error> {
        self.packs.get(language).ok_or_else(|| Error::NoPack {
            language: language.clone(),
            known: self.languages().map(LanguageTag::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// The languages there are, in order of their tags.
    pub fn languages(&self) -> impl Iterator<Item = &LanguageTag> {
        self.packs.keys()
    }

    /// The pack that is spoken in this language about this site: the site's own where it says something otherwise.
    ///
    /// # Errors
    /// [`Error::NoPack`], which names the languages there are.
    pub fn pack_for(&self, language: &LanguageTag, site: Option<&SiteKey>) -> Result<&Pack, Error> {
        match site.and_then(|site| self.sites.get(site)?.get(language)) {
            Some(pack) => Ok(pack),
            None => self.pack(language),
        }
    }

    /// The sites that have a folder under `sites`, in order, whether or not they are configured.
    pub fn sites(&self) -> impl Iterator<Item = &SiteKey> {
        self.sites.keys()
    }

    /// The packs of a site: those of the languages in which it says something otherwise, in order of the tags.
    pub fn of_site(&self, site: &SiteKey) -> impl Iterator<Item = &Pack> {
        self.sites.get(site).into_iter().flat_map(BTreeMap::values)
    }

    /// Takes the recordings that `before` has as well from there, so that both together hold each of them once.
    pub fn share_recordings(&mut self, before: &Packs) {
        let mut known: HashMap<[u8; 32], Arc<[i16]>> = HashMap::new();
        for pack in before.packs.values().chain(before.sites.values().flat_map(BTreeMap::values)) {
            known.extend(pack.phrases.values().map(|phrase| (phrase.digest, phrase.samples.clone())));
        }
        for pack in self.packs.values_mut().chain(self.sites.values_mut().flat_map(BTreeMap::values_mut)) {
            for phrase in pack.phrases.values_mut() {
                if let Some(samples) = known.get(&phrase.digest) {
                    phrase.samples.clone_from(samples);
                }
            }
        }
    }

    /// Every language's pack, in order of the tags; not those of single sites.
    pub fn iter(&self) -> impl Iterator<Item = &Pack> {
        self.packs.values()
    }

    /// The pack that a patient's tag means: the same tag whatever its case, else the first of the same language
    /// (`en` and `en-GB` find `en-US`).
    pub fn find(&self, tag: &str) -> Option<&Pack> {
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let same = |pack: &&Pack| pack.language.as_str().eq_ignore_ascii_case(&tag.replace('_', "-"));
        self.iter().find(same).or_else(|| self.iter().find(|pack| primary(pack.language.as_str()) == primary(tag)))
    }
}

impl IntoIterator for Packs {
    type Item = Pack;
    type IntoIter = std::collections::btree_map::IntoValues<LanguageTag, Pack>;

    fn into_iter(self) -> Self::IntoIter {
        self.packs.into_values()
    }
}

impl Pack {
    /// Somebody who speaks the language heard it and signed it off.
    pub fn reviewed(&self) -> bool {
        self.review.is_some()
    }

    /// A recorded phrase.
    pub fn phrase(&self, id: &PhraseId) -> Option<&Phrase> {
        self.phrases.get(id)
    }

    /// The ids of every recorded phrase, in order.
    pub fn ids(&self) -> Vec<&PhraseId> {
        let mut ids: Vec<_> = self.phrases.keys().collect();
        ids.sort();
        ids
    }

    /// Whether a site says this phrase otherwise than its language does.
    pub fn is_own(&self, id: &PhraseId) -> bool {
        self.own.phrases.contains(id)
    }

    /// Where the recording of a phrase is, or would be.
    pub fn file(&self, id: &PhraseId) -> PathBuf {
        let folder = if self.is_own(id) { &self.own.folder } else { &self.folder };
        folder.join(format!("{id}.wav"))
    }

    /// Changes whenever anything changes that can be heard: words, recordings, pauses.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl fmt::Debug for Pack {
    /// Without the recordings: megabytes of samples help nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pack { language, site, folder, phrases, .. } = self;
        let at = site.as_ref().map(|site| format!("@{site}")).unwrap_or_default();
        write!(f, "Pack {{ {language}{at} from {}: {} phrases }}", folder.display(), phrases.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::prompt::testpack::TestPack;

    #[test]
    fn a_tag_finds_the_first_pack_of_its_language() {
        let packs = TestPack::english().load_all();
        for (tag, want) in [("en", true), ("EN-us", true), ("en_US", true), ("en-GB", true), ("es", false), ("", false)] {
            assert_eq!(packs.find(tag).is_some(), want, "{tag}");
        }
        let known = packs.pack(&"fr-FR".into()).expect_err("no French pack").to_string();
        assert_eq!(known, "no language pack `fr-FR`; there are: en-US");
        assert!(format!("{packs:?}").len() < 300, "no samples in a debug line");
    }
}
