//! What is heard: call scripts, language packs, dates and times as phrases, phrases as sound.

pub mod script;
