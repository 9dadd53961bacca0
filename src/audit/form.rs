//! Rules as they are stored beside the decisions that they led to.

use crate::core::plan::Rules;
use sha2::{Digest, Sha256};

/// The name and the text of rules as they are kept: JSON, and its SHA-256 in hexadecimal. The same rules always have the
/// same name, and other rules another; the table of area codes goes in by its name.
pub fn rules_form(rules: &Rules) -> (String, String) {
    // Plain data whose maps have text keys: it always serializes.
    let text = serde_json::to_string(rules).unwrap_or_default();
    let name = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    (name, text)
}
