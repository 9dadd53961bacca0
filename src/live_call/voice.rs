//! How a step sounds: utterances become one audio, under an address that nobody can guess.

use crate::carrier::Page;
use crate::core::call::{Brief, Step, Then, Utterance};
use crate::core::ids::LanguageTag;
use crate::prompt::{self, Listener, Manner, Pack, Packs, Recipe};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many audio recipes are kept in memory; the store has them all.
const SHELF: usize = 4096;

/// The packs, the secret of audio addresses, and the public address.
pub struct Voice {
    packs: Packs,
    secret: Vec<u8>,
    public_url: String,
    apology: Page,
    one_moment: Page,
    /// What is needed when nothing else is at hand: never cleared.
    pinned: HashMap<String, Recipe>,
    shelf: Mutex<HashMap<String, Recipe>>,
}

impl Voice {
    /// Prepares the apology and "one moment, please" too, so that they need nothing when they are needed.
    ///
    /// # Errors
    /// When the organization's language cannot say them.
    pub fn new(
        packs: Packs,
        secret: Vec<u8>,
        public_url: &str,
        language: &LanguageTag,
        apology: &[Utterance],
        one_moment: &[Utterance],
    ) -> Result<Voice, prompt::Error> {
        let silent = Page { step: 0, audio: Vec::new(), then: Then::HangUp };
        let mut voice = Voice {
            packs,
            secret,
            public_url: public_url.to_string(),
            apology: silent.clone(),
            one_moment: silent,
            pinned: HashMap::new(),
            shelf: Mutex::new(HashMap::new()),
        };
        let anybody = Listener::anybody(language);
        let step = |say: &[Utterance]| Step { number: 0, say: say.to_vec(), slow: false, then: Then::HangUp };
        voice.apology = voice.page(&anybody, &step(apology))?.0;
        voice.one_moment = voice.page(&anybody, &step(one_moment))?.0;
        let needed = voice.shelf().clone();
        voice.pinned = needed;
        Ok(voice)
    }

    /// The packs.
    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    /// "We are sorry. Please call …": spoken when the engine itself is in trouble.
    pub fn apology(&self) -> Page {
        self.apology.clone()
    }

    /// "One moment, please": spoken while the store is slow.
    pub fn one_moment(&self) -> Vec<String> {
        self.one_moment.audio.clone()
    }

    /// The page of a step, with the audio ids it uses and what they stand for.
    ///
    /// # Errors
    /// When the pack or a phrase is missing.
    pub fn page(&self, to: &Listener, step: &Step) -> Result<(Page, Vec<(String, String)>), prompt::Error> {
        if step.say.is_empty() {
            return Ok((Page { step: step.number, audio: Vec::new(), then: step.then }, Vec::new()));
        }
        let recipe = self.packs.recipe(to, step)?;
        let id = self.packs.audio_id(&self.secret, &recipe)?;
        let url = format!("{}/audio/{id}.wav", self.public_url);
        let text = recipe.to_text();
        self.put_on_shelf(&id, recipe);
        Ok((Page { step: step.number, audio: vec![url], then: step.then }, vec![(id, text)]))
    }

    /// How long these words of a call take at their plain pace, in milliseconds; 0 where they cannot be said.
    pub fn length_ms(&self, brief: &Brief, say: &[Utterance]) -> u32 {
        let manner = Manner { guardian: brief.guardian, slow: false };
        let length = |pack: &Pack| pack.length_ms(&pack.phrases(say, manner).ok()?).ok();
        self.packs.pack_for(&brief.language, Some(&brief.site)).ok().and_then(length).unwrap_or_default()
    }

    /// The WAV of an audio id that this process made an address for.
    pub fn from_shelf(&self, id: &str) -> Option<Vec<u8>> {
        let recipe = self.pinned.get(id).cloned().or_else(|| self.shelf().get(id).cloned())?;
        self.packs.render(&recipe).ok()
    }

    /// The WAV of a stored recipe.
    pub fn from_text(&self, text: &str) -> Option<Vec<u8>> {
        self.packs.render(&Recipe::parse(text).ok()?).ok()
    }

    fn put_on_shelf(&self, id: &str, recipe: Recipe) {
        let mut shelf = self.shelf();
        // Everything on the shelf stands in the store as well: an empty shelf costs one read.
        if shelf.len() >= SHELF {
            shelf.clear();
        }
        shelf.insert(id.to_string(), recipe);
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, HashMap<String, Recipe>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
