//! From what a step says to sound: `grammar` makes dates and numbers of phrases, `form` takes ids apart, `choose` takes the
//! recorded forms, `compose` joins them, `recipe` gives the result a name that nobody can guess.

mod choose;
mod compose;
mod form;
mod grammar;
mod manner;
mod recipe;
mod words;

pub use compose::wav_bytes;
pub(super) use form::{FormId, Place, base};
pub use grammar::Grammar;
pub use manner::{Listener, Manner};
pub(super) use recipe::to_hex;
pub use recipe::{Recipe, audio_id};
pub(super) use words::Words;
