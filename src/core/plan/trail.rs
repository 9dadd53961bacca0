//! The trail of one decision: every rule that was judged, in order.

use super::{Review, RuleResult, RuleVerdict, Skip, Verdict};
use crate::domain::WorkKind;
use chrono::{DateTime, Utc};
use std::borrow::Cow;

/// How many rules a call passes.
const RULES: usize = 18;

/// The rules judged so far.
pub(crate) struct Trail {
    pub rules: Vec<RuleResult>,
}

/// A call that is not made.
pub(crate) struct Refusal {
    pub verdict: Verdict,
    pub opens: Option<WorkKind>,
    pub again_at: Option<DateTime<Utc>>,
}

impl Refusal {
    pub fn opening(self, opens: Option<WorkKind>) -> Refusal {
        Refusal { opens, ..self }
    }

    pub fn until(self, again_at: Option<DateTime<Utc>>) -> Refusal {
        Refusal { again_at, ..self }
    }
}

impl Trail {
    pub fn new() -> Trail {
        Trail { rules: Vec::with_capacity(RULES) }
    }

    pub fn pass(&mut self, rule: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.rules.push(RuleResult { rule: Cow::Borrowed(rule), verdict: RuleVerdict::Pass, detail: detail.into() });
    }

    pub fn skip(&mut self, rule: &'static str, detail: impl Into<Cow<'static, str>>, skip: Skip) -> Refusal {
        self.fail(rule, detail);
        Refusal { verdict: Verdict::Skip(skip), opens: None, again_at: None }
    }

    pub fn review(&mut self, rule: &'static str, detail: impl Into<Cow<'static, str>>, review: Review) -> Refusal {
        self.fail(rule, detail);
        Refusal { verdict: Verdict::Review(review), opens: Some(WorkKind::Review), again_at: None }
    }

    fn fail(&mut self, rule: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.rules.push(RuleResult { rule: Cow::Borrowed(rule), verdict: RuleVerdict::Fail, detail: detail.into() });
    }
}
