//! Virtual worlds: hospital days with simulated telephones, and what must be true of them.
//!
//! Start reading at [`World`] and [`violations`].

mod invariants;
mod world;

pub use invariants::{Violation, violations};
pub use world::{Progress, World, WorldSettings};
