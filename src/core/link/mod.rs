//! The link to a carrier: how fast calls may be begun, whether calls can be placed through it now, and whose calls it takes
//! when several carriers share the work. Arithmetic alone; the store keeps one row a carrier, so that replicas keep to it
//! together.
//!
//! Start reading at [`Turns`] for the pace, at [`CarrierState`] for the health, at [`takes()`] for the sharing,
//! at [`fair_order()`] for the turns of sites.

mod fair;
mod health;
mod pace;
mod share;

pub use fair::{Candidate, fair_order};
pub use health::{CarrierState, DOWN_AFTER, LinesLimit, News, Pause, Standing, TRIAL, Why};
pub use pace::{NEVER_SO_FAR, Pace, Turn, Turns, begin_stretch};
pub use share::{Member, SHARES, Take, share_of, takes};
