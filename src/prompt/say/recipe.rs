//! Audio by recipe: what a carrier fetches is named by a keyed hash of how it is made. The name cannot be guessed, carries
//! nothing, and is the same on every replica; new words or recordings give a new name, so that it may be cached for ever.

use super::Listener;
use crate::core::call::Step;
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};
use crate::prompt::{Error, Pack, Packs};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// How one message is made: the phrases of a language, or of a site where that one says them otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// The language.
    pub language: LanguageTag,
    /// The site of whose own phrases some are; `None` where every site sounds the same.
    pub site: Option<SiteKey>,
    /// The phrases, in order; at least one, at most [`Recipe::LONGEST`].
    pub phrases: Vec<PhraseId>,
}

impl Recipe {
    /// No message has more phrases.
    pub const LONGEST: usize = 500;

    /// The recipe as one line: the language (`en-US`, or `en-US@boston` at a site) and the phrases, parted by blanks.
    pub fn to_text(&self) -> String {
        let site = self.site.as_ref().map(|site| format!("@{site}")).unwrap_or_default();
        let pack = format!("{}{site}", self.language);
        let words = [pack.as_str()].into_iter().chain(self.phrases.iter().map(PhraseId::as_str));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Reads [`Recipe::to_text`] again.
    ///
    /// # Errors
    /// [`Error::Recipe`] for a line without phrases, or with too many.
    pub fn parse(text: &str) -> Result<Recipe, Error> {
        let mut words = text.split_ascii_whitespace();
        let pack = words.next().ok_or(Error::Recipe("it is empty"))?;
        let (language, site) = pack.split_once('@').map_or((pack, None), |(language, site)| (language, Some(site)));
        let phrases: Vec<PhraseId> = words.take(Self::LONGEST + 1).map(PhraseId::from).collect();
        match phrases.len() {
            0 => Err(Error::Recipe("it names no phrase")),
            n if n > Self::LONGEST => Err(Error::Recipe("it names too many phrases")),
            _ => Ok(Recipe { language: LanguageTag::from(language), site: site.map(SiteKey::from), phrases }),
        }
    }
}

/// The name of a message's audio: HMAC-SHA256 of recipe and pack in 64 hexadecimal digits.
pub fn audio_id(secret: &[u8], recipe: &Recipe, pack_fingerprint: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    // The two parts can hold no line break, so no other pair gives the same bytes.
    mac.update(b"callahead audio 1\n");
    mac.update(pack_fingerprint.as_bytes());
    mac.update(b"\n");
    mac.update(recipe.to_text().as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

pub(in crate::prompt) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Packs {
    /// The recipe of what a step says to a listener.
    ///
    /// # Errors
    /// No such pack, or phrases that are not recorded.
    pub fn recipe(&self, to: &Listener, step: &Step) -> Result<Recipe, Error> {
        let phrases = self.pack_for(&to.language, to.site.as_ref())?.phrases(&step.say, to.manner(step))?;
        self.recipe_of(to, phrases)
    }

    /// The recipe of phrases that a listener hears. A site is named only where it says one of them otherwise, so that what
    /// sounds the same has one name.
    pub(in crate::prompt) fn recipe_of(&self, to: &Listener, phrases: Vec<PhraseId>) -> Result<Recipe, Error> {
        let pack = self.pack_for(&to.language, to.site.as_ref())?;
        let site = pack.site.clone().filter(|_| phrases.iter().any(|id| pack.is_own(id)));
        Ok(Recipe { language: to.language.clone(), site, phrases })
    }

    /// The pack that a recipe is made from.
    ///
    /// # Errors
    /// No such pack.
    pub fn pack_of(&self, recipe: &Recipe) -> Result<&Pack, Error> {
        self.pack_for(&recipe.language, recipe.site.as_ref())
    }

    /// The name of a recipe's audio with the recordings as they are now.
    ///
    /// # Errors
    /// No such pack.
    pub fn audio_id(&self, secret: &[u8], recipe: &Recipe) -> Result<String, Error> {
        Ok(audio_id(secret, recipe, self.pack_of(recipe)?.fingerprint()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::call::{Then, Utterance};
    use crate::prompt::testpack::TestPack;
    use crate::prompt::wav_bytes;

    #[test]
    fn a_recipe_is_one_line_and_comes_back() {
        let recipe = Recipe::parse("en-US say/hello org/name digit/0.end").expect("a recipe");
        assert_eq!(recipe.phrases.len(), 3);
        assert_eq!(recipe.to_text(), "en-US say/hello org/name digit/0.end");
        assert_eq!(Recipe::parse(&recipe.to_text()).expect("the same"), recipe);
        let at_a_site = Recipe::parse("en-US@boston say/hello").expect("a recipe");
        assert_eq!((at_a_site.language.as_str(), at_a_site.site.as_ref().map(SiteKey::as_str)), ("en-US", Some("boston")));
        assert_eq!(Recipe::parse(&at_a_site.to_text()).expect("the same"), at_a_site);
        for text in ["", "  ", "en-US", &("en-US".to_string() + &" a".repeat(501))] {
            assert!(Recipe::parse(text).is_err(), "{} bytes", text.len());
        }
    }

    #[test]
    fn the_name_depends_on_secret_words_and_recordings_and_carries_nothing() {
        let one = Recipe::parse("en-US say/hello").expect("a recipe");
        let two = Recipe::parse("en-US say/goodbye").expect("a recipe");
        let name = audio_id(b"secret", &one, "print");
        assert_eq!(name, audio_id(b"secret", &one, "print"));
        assert!(name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        for other in [audio_id(b"secret", &two, "print"), audio_id(b"Secret", &one, "print"), audio_id(b"secret", &one, "p")] {
            assert_ne!(name, other);
        }
        // Computed apart: HMAC-SHA256("secret", "callahead audio 1\nprint\nen-US say/hello").
        assert_eq!(name, "64a1abc0f31ea5974ae40b3c0dba793072965028fd20d76682f56e24b76d9263");
    }

    #[test]
    fn words_become_a_wav_file() {
        let packs = TestPack::english().load_all();
        let say = vec![Utterance::Phrase("say/hello".into()), Utterance::Organization];
        let step = Step { number: 1, say, slow: false, then: Then::HangUp };
        let recipe = packs.recipe(&Listener::anybody(&"en-US".into()), &step).expect("recorded");
        assert_eq!(recipe.to_text(), "en-US say/hello org/name");
        let pack = packs.pack_of(&recipe).expect("there");
        let file = wav_bytes(&pack.compose(&recipe.phrases).expect("recorded"));
        let ms = pack.length_ms(&recipe.phrases).expect("recorded");
        assert_eq!(file.len(), 44 + ms as usize * 16);
        assert_eq!(packs.audio_id(b"s", &recipe).expect("there"), audio_id(b"s", &recipe, pack.fingerprint()));
        let nowhere = Recipe::parse("fr-FR say/hello").expect("a recipe");
        assert!(matches!(packs.pack_of(&nowhere), Err(Error::NoPack { .. })));
    }
}
