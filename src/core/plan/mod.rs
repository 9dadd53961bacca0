//! Who is called when, who is not and why. Rules, facts and `now` come in; decisions come out, and [`reconcile()`] turns
//! them into what the store must do.
//!
//! Never here: I/O, a clock, randomness, the store's or a carrier's words. Start reading at [`decide()`]: `decide.rs` has
//! the order of the reasons, `eligibility.rs` and `progress.rs` judge them, `calendar.rs`, `window.rs` and `touch.rs` hold the
//! rules of time, `retry.rs` the way on after a call, `caps.rs` the caps. What patients must be told is in `notice.rs`:
//! `groups.rs` and `net.rs` sum up what changed, `fate.rs` says whether it is still to be told, `closures.rs` who falls into a
//! closure, `heard.rs` what patients heard, `owed.rs` what they go by that is not so; `judge_notice.rs` decides about the call. `tests/` tells a story for every reason.

mod again;
mod calendar;
mod caller;
mod caps;
mod closures;
mod decide;
mod decision;
mod eligibility;
mod established;
mod facts;
mod fate;
mod groups;
mod heard;
mod holidays;
mod judge_notice;
mod net;
mod notice;
mod owed;
mod phone;
mod progress;
mod recheck;
mod reconcile;
mod retry;
mod rules;
mod select;
mod touch;
mod trail;
mod version;
mod visits;
mod voicemail;
mod window;
mod work;

pub use crate::domain::Dial;
pub use again::next_look;
pub use caller::{Recognized, is_true, pending, recognize, stands_as_told};
pub use caps::{Cap, CapOwner, CapReached, cap_at, counted_since};
pub use decide::decide;
pub use decision::{Announced, Decision, PlannedCall, Review, RuleResult, RuleVerdict, Skip, Told, Verdict};
pub use facts::{ClosureFacts, OutreachFacts, PatientFacts, RangCall, WorkFacts, WorkStanding};
pub use holidays::{is_us_federal, us_federal_name};
pub use notice::{Notice, notice_of, notices};
pub use phone::may_be_dialled;
pub use recheck::may_dial;
pub use reconcile::{NewAttempt, NewWorkItem, OutreachKey, PlanAction, reconcile};
pub use rules::{
    AttemptRules, CallRules, Clock24, Count, Holidays, Job, LeaveVoicemail, Limits, NoAnswer, OptOutScope, Rules, Select,
    SiteRules, WhenRules, ZonesOfNumber,
};
pub use voicemail::{place_in_touch, voicemail_for};

#[cfg(test)]
mod tests;
