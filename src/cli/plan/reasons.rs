//! One decision with every rule, as people read it.

use crate::core::plan::RuleVerdict;
use crate::views::{DecisionView, reason_in_words};
use std::fmt::Write;

/// What was decided about one visit by one job, the reason in a sentence, and every rule with its inputs and verdict.
pub fn reasons(row: &DecisionView) -> String {
    let mut text = format!("{}  {}", row.visit, row.decision.to_uppercase());
    if let Some(reason) = row.reason {
        let _ = write!(text, "  {}", reason.replace('_', " "));
    }
    let job = row.job.as_deref().unwrap_or("none");
    let _ = write!(text, "\n  job {job} ({}), visit starts {}", row.purpose, row.start);
    if let (Some(after), Some(before)) = (&row.call_after, &row.call_before) {
        let touch = row.touch.unwrap_or(1);
        let (phone, language) = (row.phone.unwrap_or_default(), row.language.as_deref().unwrap_or_default());
        let _ = write!(text, "\n  call from {after}\n      until {before}, touch {touch}, {phone} telephone, {language}");
    }
    if let Some(sentence) = row.reason.and_then(reason_in_words) {
        let _ = write!(text, "\n  {sentence}");
    }
    for rule in &row.rules {
        let mark = if rule.verdict == RuleVerdict::Pass { "pass" } else { "FAIL" };
        let _ = write!(text, "\n    {mark}  {:<20} {}", rule.rule.replace('_', " "), rule.detail);
    }
    text.push('\n');
    text
}
