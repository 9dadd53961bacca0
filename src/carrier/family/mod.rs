//! What the carriers have in common that speak Twilio's words or nearly so: form posts, documents, callback addresses. What
//! differs from one to the next stands in each one's own folder, as its profile.
//!
//! Never here: one carrier's name, retries, the store, what is said. Start reading at [`addresses`] and [`document`].

pub mod addresses;
pub mod client;
pub mod document;
pub mod form;
pub mod refusal;
pub mod signature;
pub mod webhook;
