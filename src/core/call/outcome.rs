//! What is known of a call, and what came of it: a pure function of everything known, whatever the order it was heard in.

use super::desk::DeskFacts;
use super::late::Keys;
use super::{Brief, CallEvent, DeskAnswer, FinalStatus};
use crate::domain::{AnsweredBy, AttemptStatus, EndReason, Outcome, VoicemailPolicy};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// What the store keeps of a call beside its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where the call stands; `Requesting` while the carrier has said nothing. (What happens before a call exists is the
    /// dialler's to say: the store keeps the higher of the two.)
    pub status: AttemptStatus,
    /// When somebody or something answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who or what answered; a key means a person, whatever detection said.
    pub answered_by: Option<AnsweredBy>,
    /// Seconds between answer and end, once it is over.
    pub heard_seconds: Option<u32>,
    /// Every key that was pressed, in order.
    pub keys: String,
    /// What came of it, once it is over; a key that arrives later still changes it.
    pub outcome: Option<Outcome>,
    /// What ended it, once it is over.
    pub end_reason: Option<EndReason>,
    /// Whether key 9 was pressed.
    pub opted_out: bool,
    /// Whether somebody said that this is not the patient's number, also before the call is over: a person must look at it,
    /// and it is the outcome.
    pub wrong_number: bool,
    /// What came of asking for the desk, where somebody did.
    pub desk: Option<DeskAnswer>,
}

/// A choice of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Choice {
    Confirm,
    Reschedule,
}

/// How the one at the other end is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Treatment {
    /// Message and menu.
    Person,
    /// The voicemail.
    LeaveMessage,
    /// Hang up without a word.
    HangUp(EndReason),
}

#[derive(Debug, Clone)]
struct End {
    status: FinalStatus,
    at: DateTime<Utc>,
    talk_seconds: Option<u32>,
    reason: Option<EndReason>,
    /// Whether the change of the visit came before the end: a later one is no cause of it.
    visit_changed: bool,
}

/// Everything that was heard of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    progress: Option<AttemptStatus>,
    answered_at: Option<DateTime<Utc>>,
    end: Option<End>,
    verdict: Option<AnsweredBy>,
    pub(super) keys: Keys,
    pub(super) choice: Option<Choice>,
    pub(super) opted_out: bool,
    pub(super) wrong_number: bool,
    pub(super) visit_changed: bool,
    /// The patient was told, or the machine hung up on, because the visit changed.
    pub(super) withdrawn: bool,
    /// The carrier asked what to say.
    pub(super) asked: bool,
    /// Message and menu were played to their end.
    pub(super) played: bool,
    /// The voicemail was played to its end.
    pub(super) voicemail_played: bool,
    pub(super) desk: DeskFacts,
    /// How long the answer to a step was put off, in milliseconds.
    put_off: BTreeMap<u32, u32>,
}

/// Whether an end was presumed by us, for want of the carrier's word.
fn presumed(reason: Option<EndReason>) -> bool {
    matches!(reason, Some(EndReason::NeverPlaced | EndReason::Unknown))
}

impl Facts {
    /// A status on the way. A late, lower one never takes back a higher one.
    pub(super) fn rise(&mut self, status: AttemptStatus) {
        self.progress = self.progress.max(Some(status));
    }

    pub(super) fn answered(&mut self, now: DateTime<Utc>) {
        self.rise(AttemptStatus::InProgress);
        self.answered_at.get_or_insert(now);
    }

    /// The answer to a step was put off. Whichever webhook comes first, the longest wait counts. Who waited for the first words
    /// had been there before they were committed.
    pub(super) fn put_off(&mut self, step: u32, ms: u32, now: DateTime<Utc>) {
        let longest = self.put_off.entry(step).or_default();
        *longest = ms.max(*longest);
        if step == 0 {
            let began = now - TimeDelta::milliseconds(ms.into());
            self.answered_at = Some(self.answered_at.map_or(began, |at| at.min(began)));
        }
    }

    /// A verdict of detection. Of several the most definite counts, so that their order does not matter.
    pub(super) fn detected(&mut self, by: AnsweredBy) {
        if self.verdict.is_none_or(|known| rank(known) < rank(by)) {
            self.verdict = Some(by);
        }
    }

    /// The first final status decides; what repeats or contradicts it later changes nothing. Only what we presumed
    /// ourselves gives way to the carrier's own word.
    pub(super) fn ended(&mut self, brief: &Brief, event: &CallEvent, now: DateTime<Utc>) {
        // What was said before this began is none of its length.
        let since_begun = |seconds: u32| seconds.saturating_sub(brief.before_ms.div_ceil(1000));
        if let CallEvent::Ended { status, talk_seconds, reason } = *event
            && self.end.as_ref().is_none_or(|end| presumed(end.reason) && !presumed(reason))
        {
            let talk_seconds = talk_seconds.map(since_begun);
            self.end = Some(End { status, at: now, talk_seconds, reason, visit_changed: self.visit_changed });
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// A key means a person. A text telephone sounds like a fax and a relay like a greeting: there a verdict never hangs
    /// up on a patient who has one (calling-rules L-49).
    pub(super) fn treatment(&self, brief: &Brief) -> Treatment {
        if !self.keys.is_empty() {
            return Treatment::Person;
        }
        match self.verdict {
            None | Some(AnsweredBy::Human | AnsweredBy::Unknown) => Treatment::Person,
            Some(AnsweredBy::Fax | AnsweredBy::MachineStart) if brief.long_timeouts => Treatment::Person,
            Some(AnsweredBy::Fax) => Treatment::HangUp(EndReason::Fax),
            Some(AnsweredBy::MachineStart) => Treatment::HangUp(EndReason::Machine),
            Some(AnsweredBy::MachineEnd) if brief.voicemail == VoicemailPolicy::None => Treatment::HangUp(EndReason::Machine),
            Some(AnsweredBy::MachineEnd) => Treatment::LeaveMessage,
        }
    }

    /// `last` is what the last step says about an end of the call at this point.
    pub(super) fn standing(&self, brief: &Brief, last: EndReason) -> Standing {
        let outcome = self.end.as_ref().map(|end| self.outcome(brief, end));
        Standing {
            status: self.status(outcome),
            answered_at: match (&self.end, self.answered_at) {
                (Some(end), Some(answered_at)) => Some(answered_at.min(end.at)),
                (_, answered_at) => answered_at,
            },
            ended_at: self.end.as_ref().map(|end| end.at),
            answered_by: if self.keys.is_empty() { self.verdict } else { Some(AnsweredBy::Human) },
            heard_seconds: self.end.as_ref().and_then(|end| self.heard_seconds(end)),
            keys: self.keys.to_text(),
            outcome,
            end_reason: self.end.as_ref().zip(outcome).map(|(end, outcome)| self.end_reason(brief, end, outcome, last)),
            opted_out: self.opted_out,
            wrong_number: self.wrong_number,
            desk: self.desk_answer(),
        }
    }

    fn status(&self, outcome: Option<Outcome>) -> AttemptStatus {
        let Some(end) = &self.end else { return self.progress.unwrap_or(AttemptStatus::Requesting) };
        match end.status {
            FinalStatus::Completed => AttemptStatus::Completed,
            FinalStatus::Busy | FinalStatus::Failed => AttemptStatus::Failed,
            _ if outcome == Some(Outcome::Failed) => AttemptStatus::Failed,
            FinalStatus::Cancelled if end.reason == Some(EndReason::Withdrawn) => AttemptStatus::Cancelled,
            FinalStatus::NoAnswer | FinalStatus::Cancelled => AttemptStatus::Completed,
        }
    }

    /// In this order: what a key said; that the visit changed; what was played to its end; what the carrier says. So
    /// "completed" overwrites nothing, nor does a failure that is reported after the patient has chosen.
    ///
    /// Of the keys that the number is wrong comes first: a stranger's yes is not the patient's, and a person must look for
    /// the patient. Then a choice that stands, also where the patient talked with the desk after it: the last choice before
    /// the end counts, and what the two agreed on comes by the schedule. Then the opt-out, which is kept and heeded whatever
    /// the outcome; then the talk.
    fn outcome(&self, brief: &Brief, end: &End) -> Outcome {
        let treatment = self.treatment(brief);
        match self.choice {
            _ if self.wrong_number => return Outcome::WrongNumber,
            Some(Choice::Confirm) => return Outcome::Confirmed,
            Some(Choice::Reschedule) => return Outcome::RescheduleRequested,
            None if self.opted_out => return Outcome::OptedOut,
            None if self.desk_answer() == Some(DeskAnswer::Connected) => return Outcome::Transferred,
            None if self.withdrawn => return Outcome::Superseded,
            None if self.voicemail_played => return Outcome::VoicemailLeft,
            None if self.played && treatment == Treatment::Person => return Outcome::Heard,
            None => {}
        }
        let changed = end.visit_changed || matches!(end.reason, Some(EndReason::Withdrawn | EndReason::VisitChanged));
        match end.status {
            FinalStatus::Failed => Outcome::Failed,
            FinalStatus::Busy => Outcome::Busy,
            // An intercept: it rang out, or we gave up, at a number that does not exist.
            FinalStatus::NoAnswer | FinalStatus::Cancelled if end.reason == Some(EndReason::BadNumber) => Outcome::Failed,
            FinalStatus::NoAnswer => Outcome::NoAnswer,
            FinalStatus::Cancelled if changed => Outcome::Superseded,
            // Nobody cancels a call before its answer but us, when the ring time is over: it rang out.
            FinalStatus::Cancelled => Outcome::NoAnswer,
            FinalStatus::Completed => match treatment {
                Treatment::HangUp(EndReason::Fax) => Outcome::Failed,
                Treatment::HangUp(_) => Outcome::MachineNoMessage,
                Treatment::LeaveMessage => Outcome::VoicemailIncomplete,
                Treatment::Person if self.talked_long_enough(brief, end) => Outcome::Heard,
                Treatment::Person => Outcome::HungUpEarly,
            },
        }
    }

    /// Once the call is over, where the desk never said what came of it, the carrier's length of the call does.
    fn desk_answer(&self) -> Option<DeskAnswer> {
        let completed = self.end.as_ref().map(|end| end.talk_seconds.filter(|_| end.status == FinalStatus::Completed));
        self.desk.answer(self.answered_at, completed)
    }

    /// Many hang up when the keys are told, before the key time-out passes: the message was heard all the same. While the
    /// desk rang, or "one moment, please" was said instead, nothing of it was.
    fn talked_long_enough(&self, brief: &Brief, end: &End) -> bool {
        let (until_desk, steps) = self.desk.until_dialled(self.answered_at).unwrap_or((u32::MAX, u32::MAX));
        let talked_ms = self.heard_seconds(end).map(|seconds| u64::from(seconds.min(until_desk)) * 1000);
        let put_off: u64 = self.put_off.range(..=steps).map(|(_, ms)| u64::from(*ms)).sum();
        self.asked && talked_ms.is_some_and(|ms| ms >= u64::from(brief.message_ms) + put_off)
    }

    /// As the carrier says; without its word, from answer to end as we heard of them.
    fn heard_seconds(&self, end: &End) -> Option<u32> {
        if end.status != FinalStatus::Completed {
            return None;
        }
        end.talk_seconds.or_else(|| {
            let between = end.at - self.answered_at?;
            Some(u32::try_from(between.num_seconds().max(0)).unwrap_or(u32::MAX))
        })
    }

    /// The carrier's or the dialler's own word first.
    fn end_reason(&self, brief: &Brief, end: &End, outcome: Outcome, last: EndReason) -> EndReason {
        if let Some(reason) = end.reason {
            return reason;
        }
        match outcome {
            Outcome::Busy => EndReason::Busy,
            Outcome::NoAnswer => EndReason::NoAnswer,
            Outcome::Failed if self.treatment(brief) == Treatment::HangUp(EndReason::Fax) => EndReason::Fax,
            Outcome::Failed => EndReason::CarrierFault,
            Outcome::Superseded => EndReason::VisitChanged,
            Outcome::MachineNoMessage | Outcome::VoicemailIncomplete => EndReason::Machine,
            _ => last,
        }
    }
}

fn rank(by: AnsweredBy) -> u8 {
    match by {
        AnsweredBy::Unknown => 0,
        AnsweredBy::Human => 1,
        AnsweredBy::MachineStart => 2,
        AnsweredBy::MachineEnd => 3,
        AnsweredBy::Fax => 4,
    }
}
