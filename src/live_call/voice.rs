//! How calls sound: every step becomes one audio, under an address that nobody can guess and that says the same for ever.
//!
//! What the prompts folder holds is read anew while calls go on. Each reading is a [`Speech`]; a call keeps to the one that
//! was in force when it was placed, and an address is answered from the one that it was made for.

mod audio;
mod speech;

pub use audio::Audio;
pub use speech::Speech;

use crate::carrier::Page;
use crate::core::call::{Brief, Step};
use crate::core::domain::PhoneNumber;
use crate::core::ids::LanguageTag;
use crate::prompt::script::ScriptSet;
use crate::prompt::{self, Listener, Packs, Recipe};
use chrono::{DateTime, Duration, Utc};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How many audio recipes are kept in memory; the store has them all.
const SHELF: usize = 4096;

/// No more readings are kept at a time. They share their recordings; calls of an older one go on by the next.
const READINGS: usize = 16;

/// Whose voice it is and where it is heard.
pub struct VoiceSettings {
    /// The secret of audio addresses, the same for every replica.
    pub secret: Vec<u8>,
    /// The address that carriers know.
    pub public_url: String,
    /// The organization's language: of what is said where no call is known.
    pub language: LanguageTag,
    /// The organization's number.
    pub callback_number: PhoneNumber,
}

/// Everything that is said.
pub struct Voice {
    settings: VoiceSettings,
    /// In order of time; the last one is in force, and there is always one.
    readings: RwLock<Vec<Reading>>,
    shelf: Mutex<HashMap<String, Recipe>>,
    faults: AtomicUsize,
}

/// A speech, since when it is in force, and until when it is kept once another one is.
#[derive(Clone)]
struct Reading {
    speech: Arc<Speech>,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Voice {
    /// With what the folder holds at the start; several voices may share it. The apology and "one moment, please" are prepared, so that they need nothing
    /// when they are needed.
    ///
    /// # Errors
    /// When the organization's language cannot say those.
    pub fn new(
        settings: VoiceSettings,
        packs: impl Into<Arc<Packs>>,
        scripts: impl Into<Arc<ScriptSet>>,
        now: DateTime<Utc>,
    ) -> Result<Voice, prompt::Error> {
        let speech = Arc::new(Speech::new(&settings, packs.into(), scripts.into())?);
        let first = Reading { speech, since: now, until: None };
        Ok(Voice { settings, readings: RwLock::new(vec![first]), shelf: Mutex::default(), faults: AtomicUsize::new(0) })
    }

    /// Puts another reading in force for calls that are placed after `now`. The one before is kept for `keep`, as long as
    /// its calls can last.
    ///
    /// # Errors
    /// When the organization's language cannot say what is needed: then nothing changes.
    pub fn replace(&self, mut packs: Packs, scripts: ScriptSet, now: DateTime<Utc>, keep: Duration) -> Result<(), prompt::Error> {
        packs.share_recordings(&self.now().packs);
        let speech = Arc::new(Speech::new(&self.settings, packs.into(), scripts.into())?);
        let mut readings = self.readings.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = readings.last_mut() {
            before.until = Some(now + keep);
        }
        readings.push(Reading { speech, since: now, until: None });
        let too_many = readings.len().saturating_sub(READINGS);
        readings.drain(..too_many);
        Ok(())
    }

    /// Lets readings go whose calls are over.
    pub fn forget_before(&self, now: DateTime<Utc>) {
        let mut readings = self.readings.write().unwrap_or_else(PoisonError::into_inner);
        readings.retain(|reading| reading.until.is_none_or(|until| until > now));
    }

    /// What calls that begin now say.
    pub fn now(&self) -> Arc<Speech> {
        let newest = self.readings().pop().expect("there is always one: none is taken away but for a newer one");
        newest.speech
    }

    /// What a call says that was placed at this moment. After a restart, and where the script is only
    /// known to another reading, that is not the one it began with, but the nearest there is.
    pub fn of_call(&self, placed_at: Option<DateTime<Utc>>, brief: &Brief) -> Arc<Speech> {
        let readings = self.readings();
        let then = match placed_at {
            None => readings.last(),
            Some(at) => readings.iter().rev().find(|reading| reading.since < at).or(readings.first()),
        };
        let knows = |reading: &&Reading| reading.speech.scripts.for_call(&brief.script, &brief.site).is_some();
        let found = then.filter(knows).or_else(|| readings.iter().rev().find(knows)).or(then);
        found.map_or_else(|| self.now(), |reading| reading.speech.clone())
    }

    /// "We are sorry. Please call …": spoken when the engine itself is in trouble.
    pub fn apology(&self) -> Page {
        self.now().apology.clone()
    }

    /// How long the apology takes, in milliseconds.
    pub fn apology_ms(&self) -> u32 {
        self.now().apology_ms
    }

    /// "One moment, please": spoken while the store is slow; and how long that takes, in milliseconds.
    pub fn one_moment(&self) -> (Vec<String>, u32) {
        let now = self.now();
        (now.one_moment.audio.clone(), now.one_moment_ms)
    }

    /// The audio of both, with what it stands for: other replicas may have other readings, and are asked for it too.
    pub(super) fn announced(&self) -> Vec<(String, String)> {
        self.now().pinned.iter().map(|(id, recipe)| (id.clone(), recipe.to_text())).collect()
    }

    /// The page of a step, with the audio ids it uses and what they stand for.
    ///
    /// # Errors
    /// When the pack or a phrase is missing.
    pub fn page(&self, speech: &Speech, to: &Listener, step: &Step) -> Result<(Page, Vec<(String, String)>), prompt::Error> {
        let Some((page, id, recipe)) = speech.page(&self.settings, to, step)? else {
            return Ok((Page { step: step.number, audio: Vec::new(), then: step.then.clone() }, Vec::new()));
        };
        let text = recipe.to_text();
        self.put_on_shelf(&id, recipe);
        Ok((page, vec![(id, text)]))
    }

    /// The audio of an id that this process made an address for.
    pub fn audio(&self, id: &str) -> Option<Audio> {
        let readings = self.readings();
        let pinned = readings.iter().rev().find_map(|reading| reading.speech.pinned.get(id).cloned());
        let recipe = pinned.or_else(|| self.shelf().get(id).cloned())?;
        self.find(&readings, id, recipe)
    }

    /// The audio of an id that stands for a stored recipe; `None` where what it needs is not recorded any more.
    pub fn audio_of(&self, id: &str, text: &str) -> Option<Audio> {
        self.find(&self.readings(), id, Recipe::parse(text).ok()?)
    }

    /// How many faults keep the prompts folder, as it is by now, from coming into force; 0 where it is right.
    pub fn faults(&self) -> usize {
        self.faults.load(Ordering::Relaxed)
    }

    /// Notes how many there are.
    pub fn set_faults(&self, count: usize) {
        self.faults.store(count, Ordering::Relaxed);
    }

    /// From the reading that the id was made for; else from the newest one that can say it, which may sound otherwise.
    fn find(&self, readings: &[Reading], id: &str, recipe: Recipe) -> Option<Audio> {
        let newest_first = || readings.iter().rev().map(|reading| &reading.speech);
        let made_for = |speech: &&Arc<Speech>| speech.packs.audio_id(&self.settings.secret, &recipe).is_ok_and(|made| made == id);
        let same = newest_first().find(made_for);
        let speech = same.or_else(|| newest_first().find(|speech| speech.can_say(&recipe)))?;
        Some(Audio { speech: speech.clone(), same: same.is_some(), recipe })
    }

    fn put_on_shelf(&self, id: &str, recipe: Recipe) {
        let mut shelf = self.shelf();
        // Everything on the shelf stands in the store as well: an empty shelf costs one read.
        if shelf.len() >= SHELF {
            shelf.clear();
        }
        shelf.insert(id.to_string(), recipe);
    }

    fn shelf(&self) -> MutexGuard<'_, HashMap<String, Recipe>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readings(&self) -> Vec<Reading> {
        self.readings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
