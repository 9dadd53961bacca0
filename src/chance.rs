//! Randomness, handed in: from the operating system in service, from a seed in simulations and tests.

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, RngExt, SeedableRng};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// A source of chance, shared by cloning.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    /// Seeded by the operating system: for tokens and ids of a real service.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn from_system() -> Result<Chance, std::io::Error> {
        let rng = StdRng::try_from_rng(&mut SysRng).map_err(std::io::Error::other)?;
        Ok(Chance(Arc::new(Mutex::new(rng))))
    }

    /// The same seed gives the same chances.
    pub fn seeded(seed: u64) -> Chance {
        Chance(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `bytes` random bytes as lower-case hexadecimal.
    pub fn hex(&self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes * 2);
        for byte in self.bytes(bytes) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// `count` random bytes.
    pub fn bytes(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A number from 0 up to but not including `below`, which must not be 0.
    pub fn below(&self, below: u64) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chances() {
        assert_eq!(Chance::seeded(7).hex(16), Chance::seeded(7).hex(16));
        assert_ne!(Chance::seeded(7).hex(16), Chance::seeded(8).hex(16));
        assert_eq!(Chance::seeded(7).hex(16).len(), 32);
    }
}
