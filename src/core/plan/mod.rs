//! Who is called when, who is not and why. Rules, facts and `now` come in; decisions come out.
//!
//! Never here: I/O, a clock, randomness, the store's or a carrier's words. Start reading at [`decide`].

mod decision;
mod facts;
mod rules;

pub use decision::{Decision, PlannedCall, Review, RuleResult, RuleVerdict, Skip, Verdict};
pub use facts::{OutreachFacts, PatientFacts, RangCall};
pub use rules::{
    AttemptRules, CallRules, Clock24, Count, Holidays, Job, LeaveVoicemail, Limits, NoAnswer, OptOutScope, Rules, Select,
    SiteRules, WhenRules, ZonesOfNumber,
};
