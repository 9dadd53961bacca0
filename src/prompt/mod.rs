//! Words and sound of a call: language packs, dates and numbers to phrases, phrases to WAV.
//!
//! A pack is a folder of recordings with their texts and a little grammar, all of it data: [`Packs::load`] reads every one
//! and lists what is wrong with it. [`Pack::phrases`] turns what a [`Step`](crate::core::call::Step) says into phrase ids,
//! [`Pack::compose`] turns those into samples, and a [`Recipe`] names one such message, so that any replica can make the
//! same audio again. Never here: the store, the network, a decision about a call. Start reading at [`Packs`].

pub mod import;
mod lint;
mod pack;
mod plain_file;
mod say;
pub mod script;
pub mod sheet;
mod sound;
#[cfg(feature = "speaker")]
mod speaker;

#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
pub(crate) mod testpack;

pub use lint::{Findings, Hospital, Length, lengths, lint};
pub use pack::{Gaps, Pack, Packs, Phrase, Review, SoundRules, WordRules};
pub use say::{Grammar, Listener, Manner, Recipe, audio_id, wav_bytes};
pub use sound::{Level, RATE, active_level, mu_law_bytes, mu_law_wav_bytes};
#[cfg(feature = "speaker")]
pub use speaker::{play, play_until};

use crate::core::ids::{LanguageTag, PhraseId};

/// Phrases that a message needs and a pack does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{language} has no recording of {}", self.list())]
pub struct Missing {
    /// The language of the pack.
    pub language: LanguageTag,
    /// The phrases, each once, in the order they are needed.
    pub phrases: Vec<PhraseId>,
}

impl Missing {
    fn list(&self) -> String {
        self.phrases.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    }
}

/// Trouble with making a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No pack of that language is loaded.
    #[error("no language pack `{language}`; there are: {known}")]
    NoPack {
        /// The language asked for.
        language: LanguageTag,
        /// The languages there are.
        known: String,
    },
    /// The pack lacks phrases.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A text that is no recipe.
    #[error("not a recipe for audio: {0}")]
    Recipe(&'static str),
    /// This computer's speaker.
    #[cfg(feature = "speaker")]
    #[error("cannot play sound on this computer: {0}")]
    Speaker(String),
}
