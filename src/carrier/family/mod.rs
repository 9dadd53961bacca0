//! What the carriers have in common that speak Twilio's words or nearly so: form posts, documents, callback addresses. What
//! differs from one to the next stands in each one's own folder, as its profile.
//!
//! Never here: one carrier's name, retries, the store, what is said. Start reading at [`profile`] and
//! [`account`].

pub mod account;
pub mod addresses;
pub mod client;
pub mod create;
pub mod document;
mod fields;
pub mod form;
pub mod incoming;
pub mod profile;
pub mod refusal;
pub mod resource;
pub mod signature;
pub mod webhook;
