//! What the planner decided, made again from what it knew: the proof that a decision follows from its inputs alone.
//!
//! Never here: I/O, writing, another way to decide. Start reading at [`rules_form`].

mod form;

pub use form::rules_form;
