//! What the planner decided, made again from what it knew: the proof that a decision follows from its inputs alone.
//!
//! Never here: writing, another way to decide. Start reading at [`replay()`]; `form.rs` has what is kept.

mod form;
mod replay;

pub use form::{decision_form, rules_form};
pub use replay::{Difference, Found, Replayed, replay};
