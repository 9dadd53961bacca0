//! What callahead decides, and nothing else.
//!
//! Three rooms: [`domain`] holds the nouns and their rules, [`plan`] says who is called when and who is not and why,
//! [`call`] leads one telephone call event by event. All of it is pure: facts, events and `now` come in, decisions and
//! steps go out. No I/O, no async, no clock, no randomness; this package does not depend on any crate that has them.
//! Start reading at [`plan::decide`] and [`call::Call::handle`].

pub mod call;
pub mod domain;
pub mod ids;
pub mod link;
pub mod phi;
pub mod plan;

pub use phi::Phi;
