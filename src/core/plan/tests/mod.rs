//! The room's tests that take more than one file: `reasons`, `visits`, `retries`, `reconciling`, `windows` tell stories about one
//! small hospital (`testing`), `properties` hold for any.

mod apply;
mod changes;
mod closures;
mod notices;
mod properties;
mod reasons;
mod reconciling;
mod retries;
pub(super) mod testing;
mod told;
mod visits;
mod windows;
