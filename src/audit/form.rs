//! Decisions, and the rules that led to them, as they are kept.

use crate::core::ids::JobName;
use crate::core::plan::{Decision, Rules, Verdict};
use crate::store::StoredDecision;
use crate::views::DecisionView;
use sha2::{Digest, Sha256};

/// The name and the text of rules as they are kept: JSON, and its SHA-256 in hexadecimal. The same rules always have the
/// same name, and other rules another; the table of area codes goes in by its name.
pub fn rules_form(rules: &Rules) -> (String, String) {
    // Plain data whose maps have text keys: it always serializes.
    let text = serde_json::to_string(rules).unwrap_or_default();
    (name_of(&text), text)
}

/// The name of a text: its SHA-256 in hexadecimal.
pub(super) fn name_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A decision as it is kept: again only when its verdict, reason, version or touch changes.
pub fn decision_form(decision: &Decision) -> StoredDecision {
    let essence = match &decision.verdict {
        Verdict::Call(call) => format!("call touch {} version {}", call.touch, decision.version),
        other => format!("{} {} version {}", other.word(), other.reason().unwrap_or_default(), decision.version),
    };
    StoredDecision {
        visit: decision.visit.clone(),
        job: decision.job.clone().unwrap_or_else(|| JobName::new("")),
        essence,
        // A view is plain data with text keys: it always serializes.
        body: serde_json::to_string(&DecisionView::of(decision)).unwrap_or_default(),
    }
}
