//! What several test modules need.

pub mod arrangement;
pub mod desk;
pub mod http;
#[cfg(unix)]
pub mod pair;
pub mod postgres;
pub mod process;
pub mod prompts;
#[cfg(unix)]
pub mod proxy;
pub mod reception;
pub mod troubled_store;
