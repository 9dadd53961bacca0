//! Virtual worlds: hospital days with simulated telephones, and what must be true of them.
//!
//! Start reading at [`World`] and [`violations`]; of days in virtual time, at [`Day`].

mod day;
mod guarded;
mod history;
mod invariants;
mod judged;
mod ledger;
mod many;
mod memo;
mod mischief;
mod panics;
mod planted;
mod replica;
mod shrink;
mod stage;
mod story;
mod world;

pub use day::{Batch, Day, DaySettings, Happening, Moment, Person, Rates, Row, StoreKind, StoreTrouble, Updated, When};
pub use history::{Act, Actor, Done, History, Intake, Plan, Reply, Says, Seen, StoreSeen};
pub use invariants::{TABLE as INVARIANTS, Violation, violations};
pub use judged::{Finding, Judged, judge};
pub use ledger::{Held, Ledger, Terms};
pub use many::{Many, Sum};
pub use mischief::{Mischief, Struck, Switches, UnknownMischief};
pub use planted::{PLANTED, Planted};
pub use shrink::shrink;
pub use stage::{Life, Planting, Played, Scene, Witness, play};
pub use story::story;
pub use world::{Progress, World, WorldSettings};
