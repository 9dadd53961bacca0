//! The room's tests that take more than one file: `reasons`, `visits`, `retries`, `reconciling`, `windows`, and of notices
//! `notices`, `notice_times`, `changes`, `told`, `taken_back`, `closures` tell stories about one small hospital (`testing`);
//! `properties` hold for any (`worlds`), through weeks of calls and edits (`life`).

mod again;
mod apply;
mod callers;
mod changes;
mod closures;
mod life;
mod notice_times;
mod notices;
mod properties;
mod reasons;
mod reconciling;
mod retries;
mod taken_back;
pub(super) mod testing;
mod together;
mod told;
mod visits;
mod windows;
mod worlds;
