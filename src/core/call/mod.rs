//! One telephone call, event by event: [`Call::handle`] takes an event and `now` and gives a [`Step`] back. A call's
//! state is the replay of its events; the same events always give the same state and the same steps.
//!
//! `machine` decides what an event leads to, `talk` says it, `desk` connects with people, `words` fills the script's places,
//! `outcome` judges what came of it all. `incoming` is what comes before a call that the patient made becomes one of these.
//! Never here: I/O, a clock, a carrier's words, sound. Start reading at [`Call::handle`].

mod desk;
mod event;
mod incoming;
mod late;
mod machine;
mod outcome;
mod script;
mod step;
mod talk;
mod told;
mod words;

#[cfg(test)]
mod tests;

pub use desk::{DESK_RING_S, DeskAnswer};
pub use event::{Brief, CallEvent, FinalStatus, TransferResult};
pub use incoming::{
    BIRTHDAY_TRIES, CallerKind, Entered, IncomingEvent, IncomingSay, IncomingScript, IncomingStage, IncomingTalk, IncomingThen,
};
pub use machine::{Call, Reaction};
pub use outcome::Standing;
pub use script::{
    Announcement, CallScript, DELAY, Key, KeyAction, Replies, ScriptLimits, Scripts, Segment, Slot, VoicemailScript,
};
pub use step::{Step, Then, Utterance};
pub use told::keys_told;
pub use words::speak;
