//! What an audio address stands for, found and not yet composed.

use super::Speech;
use crate::core::ids::PhraseId;
use crate::prompt::{self, Pack, Recipe, mu_law_bytes, wav_bytes};
use std::sync::Arc;

/// An audio and the reading that it is made from.
pub struct Audio {
    pub(super) speech: Arc<Speech>,
    pub(super) recipe: Recipe,
    pub(super) same: bool,
}

impl Audio {
    /// Whether it is to the bit what its address was made for. It is not where recordings changed since, and no reading of
    /// that time is at hand any more.
    pub fn is_same(&self) -> bool {
        self.same
    }

    /// The phrases, in order.
    pub fn phrases(&self) -> &[PhraseId] {
        &self.recipe.phrases
    }

    /// The pack that it is made from.
    ///
    /// # Errors
    /// No such pack.
    pub fn pack(&self) -> Result<&Pack, prompt::Error> {
        self.speech.packs.pack_of(&self.recipe)
    }

    /// As a WAV file: 16 bits, 8 kHz, mono.
    ///
    /// # Errors
    /// No such pack, or phrases that are not recorded.
    pub fn wav(&self) -> Result<Vec<u8>, prompt::Error> {
        Ok(wav_bytes(&self.samples()?))
    }

    /// As G.711 mu-law without a header, 8 kHz, mono.
    ///
    /// # Errors
    /// No such pack, or phrases that are not recorded.
    pub fn mu_law(&self) -> Result<Vec<u8>, prompt::Error> {
        Ok(mu_law_bytes(&self.samples()?))
    }

    /// The samples themselves.
    ///
    /// # Errors
    /// No such pack, or phrases that are not recorded.
    pub fn samples(&self) -> Result<Vec<i16>, prompt::Error> {
        Ok(self.pack()?.compose(&self.recipe.phrases)?)
    }
}
