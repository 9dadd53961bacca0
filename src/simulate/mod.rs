//! Virtual worlds: what must be true of a run with simulated telephones.
//!
//! Start reading at [`violations`].

mod invariants;

pub use invariants::{Violation, violations};
