//! callahead telephones a hospital's patients a few days before an exam or radiology appointment.
//!
//! The core ([`callahead_core`]: `domain`, `plan`, `call`) decides; the rooms here do everything else and decide nothing.
//! `ARCHITECTURE.md` has the map; `tests/layering.rs` holds every room to its line of it.

pub mod app;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod board;
pub mod carrier;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod closure;
pub mod config;
pub mod dialer;
pub mod fault;
pub mod feed;
pub mod intake;
pub mod live_call;
pub mod nudge;
pub mod overview;
pub mod planner;
pub mod prompt;
pub mod reclassify;
pub mod rulebook;
pub mod services;
pub mod silence;
pub mod simulate;
pub mod store;
pub mod toml_file;
pub mod views;
pub mod web;
pub mod why;
pub mod wire;
pub mod worklist;

pub use callahead_core as core;
