//! Which audio the store is known to keep: patients hear the same sentences all day, and writing one again costs a round
//! trip while somebody is on the line.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are remembered; then it begins anew.
const MOST: usize = 8_192;

/// Audio ids that were committed.
#[derive(Default)]
pub struct Kept(Mutex<HashSet<String>>);

impl Kept {
    /// Those that may not be in the store yet.
    pub(super) fn without_known(&self, audio: Vec<(String, String)>) -> Vec<(String, String)> {
        let known = self.known();
        audio.into_iter().filter(|(id, _)| !known.contains(id)).collect()
    }

    /// Notes what was committed. The store forgets none.
    pub(super) fn note(&self, audio: &[(String, String)]) {
        let mut known = self.known();
        if known.len() + audio.len() > MOST {
            known.clear();
        }
        known.extend(audio.iter().map(|(id, _)| id.clone()));
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_written_again() {
        let (kept, one) = (Kept::default(), |id: &str| vec![(id.to_string(), "recipe".to_string())]);
        assert_eq!(kept.without_known(one("a")), one("a"));
        kept.note(&one("a"));
        assert_eq!(kept.without_known([one("a"), one("b")].concat()), one("b"));
    }
}
