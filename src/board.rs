//! Where the rules in force hang: whoever decides reads them anew, and a reload replaces them for all at once.

use crate::core::plan::Rules;
use std::sync::{Arc, PoisonError, RwLock};

/// The rules in force. Clones show the same rules.
#[derive(Debug, Clone)]
pub struct Board(Arc<RwLock<Arc<Rules>>>);

impl Board {
    /// With these rules.
    pub fn new(rules: Arc<Rules>) -> Board {
        Board(Arc::new(RwLock::new(rules)))
    }

    /// The rules in force now. One piece of work keeps to what it read at its beginning.
    pub fn rules(&self) -> Arc<Rules> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in force.
    pub fn replace(&self, rules: Arc<Rules>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}
