//! Protected health information, kept out of logs by its type.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What stands in the place of a private value wherever it is printed.
pub const REDACTED: &str = "[redacted]";

/// A value that identifies a patient or says why they come. It prints as `[redacted]`; reading it takes the visible
/// word [`Phi::reveal`]. It is stored and sent (serde) as the plain value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps a private value.
    pub fn new(value: T) -> Self {
        Phi(value)
    }

    /// The value itself, for the few places that must have it: the store, the carrier, an authorized reader.
    pub fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself, taken out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Phi(value)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_redacted_and_stores_plain() {
        let name = Phi::new("Ada".to_string());
        assert_eq!(format!("{name:?} {name}"), "[redacted] [redacted]");
        assert_eq!(serde_json::to_string(&name).expect("plain string"), "\"Ada\"");
        assert_eq!(name.reveal(), "Ada");
    }
}
