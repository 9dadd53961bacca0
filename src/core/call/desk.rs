//! The key for the desk: the patient is connected with it in its hours, else told when it opens.

use super::machine::{Call, Kind, Reaction};
use super::words::speak_of_desk;
use super::{Then, TransferResult, speak};
use crate::domain::EndReason;
use chrono::{DateTime, TimeDelta, Utc};

/// How long the desk may ring, in seconds: four or five rings.
pub const DESK_RING_S: u32 = 25;

/// From the key to the first ring at the desk, in seconds: what is said, and a carrier's time to dial.
const UNTIL_IT_RINGS_S: u32 = 10;

/// What came of asking for the desk, where somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeskAnswer {
    /// The patient and the desk talked.
    Connected,
    /// It was asked for out of its hours, and not dialled.
    Closed,
    /// It was busy.
    Busy,
    /// Nobody there answered.
    NoAnswer,
    /// It could not be dialled.
    Failed,
    /// The call was over before anything was heard of the desk, and so soon that they cannot be taken to have talked.
    HungUp,
}

impl From<TransferResult> for DeskAnswer {
    fn from(result: TransferResult) -> DeskAnswer {
        match result {
            TransferResult::Connected => DeskAnswer::Connected,
            TransferResult::Busy => DeskAnswer::Busy,
            TransferResult::NoAnswer => DeskAnswer::NoAnswer,
            TransferResult::Failed => DeskAnswer::Failed,
        }
    }
}

/// What is known of the desk's part of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct DeskFacts {
    /// What came of it when it was asked for last.
    answer: Option<DeskAnswer>,
    /// When it was dialled for the first time, and after how many steps: nothing of the message was heard from then on without a
    /// new playing.
    first_dialled: Option<(DateTime<Utc>, u32)>,
    /// When it was dialled, where nobody has said what came of it.
    pending_since: Option<DateTime<Utc>>,
}

impl DeskFacts {
    fn dialled(&mut self, now: DateTime<Utc>, steps: u32) {
        self.first_dialled.get_or_insert((now, steps));
        self.pending_since = Some(now);
    }

    /// It was asked for, and nobody waits any more to be connected.
    pub(super) fn missed(&mut self) {
        if self.answer.is_none() && self.pending_since.is_none() {
            self.answer = Some(DeskAnswer::HungUp);
        }
    }

    fn answered(&mut self, answer: DeskAnswer) {
        self.pending_since = None;
        self.answer = Some(answer);
    }

    /// What came of it. `over`: the call has ended, after so many seconds from its answer where the carrier says so.
    ///
    /// A carrier may tell of the end and never of the desk: the patient hung up while they talked, or the webhook was lost.
    /// The desk rings for [`DESK_RING_S`]; a call that went on for longer than that was a talk. One that ended sooner may
    /// have been one, and a patient who was given to nobody is worse than one whom the desk calls for nothing.
    pub(super) fn answer(&self, answered_at: Option<DateTime<Utc>>, over: Option<Option<u32>>) -> Option<DeskAnswer> {
        let (Some(since), Some(talk_seconds)) = (self.pending_since, over) else { return self.answer };
        let ended_at = answered_at.zip(talk_seconds).map(|(at, seconds)| at + TimeDelta::seconds(seconds.into()));
        let longest_ring = TimeDelta::seconds((UNTIL_IT_RINGS_S + DESK_RING_S).into());
        let talked = ended_at.is_some_and(|ended_at| ended_at - since > longest_ring);
        Some(if talked { DeskAnswer::Connected } else { DeskAnswer::HungUp })
    }

    /// Seconds from the answer until the desk was dialled for the first time, and after how many steps that was.
    pub(super) fn until_dialled(&self, answered_at: Option<DateTime<Utc>>) -> Option<(u32, u32)> {
        let (at, steps) = self.first_dialled?;
        let span = at - answered_at?;
        Some((u32::try_from(span.num_seconds().max(0)).unwrap_or(u32::MAX), steps))
    }
}

impl Call {
    /// As often as a message can be asked for again, so that nobody goes round for ever.
    pub(super) fn ask_for_desk(&mut self, now: DateTime<Utc>) -> Reaction {
        let Some(desk) = self.brief.desk.clone() else { return self.same_again() };
        self.desk_asked += 1;
        if self.desk_asked > self.scripts.call.limits.asked_repeats {
            return self.finish();
        }
        let replies = &self.scripts.call.replies;
        if desk.is_open(now) {
            let words = speak(&replies.connecting, &self.brief);
            self.facts.desk.dialled(now, self.given.len() as u32);
            return self.give(Kind::Desk, words, false, Then::Transfer { to: desk.number, ring_s: DESK_RING_S });
        }
        let words = speak_of_desk(&replies.desk_closed, &self.brief, desk.opens_after(now));
        self.facts.desk.answered(DeskAnswer::Closed);
        self.back_to_menu(words)
    }

    pub(super) fn desk_is_over(&mut self, step: u32, result: TransferResult) -> Reaction {
        match self.take_answer(step) {
            Some(Kind::Desk) => self.desk_result(step, result),
            Some(kind) => self.after_words(kind, step),
            None => self.same_again(),
        }
    }

    /// After a talk there is nothing more to ask; else the menu follows, so that nobody is left in silence.
    pub(super) fn desk_result(&mut self, step: u32, result: TransferResult) -> Reaction {
        self.facts.desk.answered(result.into());
        if self.given.len() > step as usize {
            return self.same_again();
        }
        if self.is_left() && result != TransferResult::Connected {
            return self.take_leave();
        }
        let replies = &self.scripts.call.replies;
        if result == TransferResult::Connected {
            let words = speak(&replies.goodbye, &self.brief);
            return self.end(EndReason::ScriptEnd, words);
        }
        let words = speak(&replies.desk_no_answer, &self.brief);
        if self.facts.visit_changed { self.withdraw() } else { self.back_to_menu(words) }
    }
}
