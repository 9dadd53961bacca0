//! One reading of the prompts folder, ready to speak.

use super::VoiceSettings;
use crate::carrier::Page;
use crate::core::call::{Brief, Step, Then, Utterance};
use crate::prompt::script::ScriptSet;
use crate::prompt::{self, Listener, Manner, Packs, Recipe};
use std::collections::HashMap;
use std::sync::Arc;

/// Packs, and the call scripts that were checked together with them.
pub struct Speech {
    /// The language packs.
    pub packs: Arc<Packs>,
    /// The call scripts.
    pub scripts: Arc<ScriptSet>,
    pub(super) apology: Page,
    pub(super) apology_ms: u32,
    pub(super) one_moment: Page,
    pub(super) one_moment_ms: u32,
    /// What is needed when nothing else is at hand.
    pub(super) pinned: HashMap<String, Recipe>,
}

impl Speech {
    pub(super) fn new(settings: &VoiceSettings, packs: Arc<Packs>, scripts: Arc<ScriptSet>) -> Result<Speech, prompt::Error> {
        let silent = Page { step: 0, audio: Vec::new(), then: Then::HangUp };
        let mut speech = Speech {
            packs,
            scripts,
            apology: silent.clone(),
            apology_ms: 0,
            one_moment: silent.clone(),
            one_moment_ms: 0,
            pinned: HashMap::new(),
        };
        let anybody = Listener::anybody(&settings.language);
        let number = &settings.callback_number;
        let (apology, one_moment) = (speech.scripts.apology.words(number), speech.scripts.one_moment.words(number));
        let mut prepare = |say: Vec<Utterance>| -> Result<(Page, u32), prompt::Error> {
            let step = Step { number: 0, say, slow: false, then: Then::HangUp };
            let Some((page, id, recipe)) = speech.page(settings, &anybody, &step)? else { return Ok((silent.clone(), 0)) };
            let length_ms = speech.packs.pack_of(&recipe)?.length_ms(&recipe.phrases)?;
            speech.pinned.insert(id, recipe);
            Ok((page, length_ms))
        };
        let (apology, one_moment) = (prepare(apology)?, prepare(one_moment)?);
        (speech.apology, speech.apology_ms) = apology;
        (speech.one_moment, speech.one_moment_ms) = one_moment;
        Ok(speech)
    }

    /// How long these words of a call take at their plain pace, in milliseconds; 0 where they cannot be said.
    pub fn length_ms(&self, brief: &Brief, say: &[Utterance]) -> u32 {
        let manner = Manner { guardian: brief.guardian, slow: false };
        let pack = self.packs.pack_for(&brief.language, Some(&brief.site)).ok();
        pack.and_then(|pack| pack.length_ms(&pack.phrases(say, manner).ok()?).ok()).unwrap_or_default()
    }

    /// The page of a step, the id of its audio and what it stands for; `None` where nothing is said.
    pub(super) fn page(
        &self,
        settings: &VoiceSettings,
        to: &Listener,
        step: &Step,
    ) -> Result<Option<(Page, String, Recipe)>, prompt::Error> {
        if step.say.is_empty() {
            return Ok(None);
        }
        let recipe = self.packs.recipe(to, step)?;
        let id = self.packs.audio_id(&settings.secret, &recipe)?;
        let url = format!("{}/audio/{id}.wav", settings.public_url);
        Ok(Some((Page { step: step.number, audio: vec![url], then: step.then.clone() }, id, recipe)))
    }

    pub(super) fn can_say(&self, recipe: &Recipe) -> bool {
        self.packs.pack_of(recipe).is_ok_and(|pack| pack.length_ms(&recipe.phrases).is_ok())
    }
}
