//! What `check` finds in packs and scripts before a patient could hear it. Each finding names the file, the phrase, the
//! language and what to do.

mod complete;
mod says;

pub use complete::{Names, ScriptWords, check_pack};
pub use says::says;
