//! Where the rules in force hang: whoever decides reads them anew, and a reload replaces them for all at once.

use crate::core::plan::Rules;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The rules in force. Clones show the same rules.
#[derive(Debug, Clone)]
pub struct Board(Arc<Hung>);

#[derive(Debug)]
struct Hung {
    rules: RwLock<Arc<Rules>>,
    faults: AtomicUsize,
}

impl Board {
    /// With these rules.
    pub fn new(rules: Arc<Rules>) -> Board {
        Board(Arc::new(Hung { rules: RwLock::new(rules), faults: AtomicUsize::new(0) }))
    }

    /// The rules in force now. One piece of work keeps to what it read at its beginning.
    pub fn rules(&self) -> Arc<Rules> {
        self.0.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in force.
    pub fn replace(&self, rules: Arc<Rules>) {
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// How many faults keep the files, as they are by now, from coming into force; 0 where they are right.
    pub fn faults(&self) -> usize {
        self.0.faults.load(Ordering::Relaxed)
    }

    /// Notes how many there are.
    pub fn set_faults(&self, count: usize) {
        self.0.faults.store(count, Ordering::Relaxed);
    }
}
