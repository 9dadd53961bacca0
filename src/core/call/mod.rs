//! One telephone call, event by event: [`Call::handle`] takes an event and `now` and gives a [`Step`] back. A call's
//! state is the replay of its events; the same events always give the same state and the same steps.
//!
//! Never here: I/O, a clock, a carrier's words, sound. Start reading at [`Call::handle`].

mod event;
mod script;
mod step;

pub use event::{Brief, CallEvent, FinalStatus};
pub use script::{CallScript, Key, KeyAction, Replies, ScriptLimits, Segment, Slot, VoicemailScript};
pub use step::{Step, Then, Utterance};
