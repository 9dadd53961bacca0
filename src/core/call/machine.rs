//! The call itself: an event comes in, what is said next goes out.

use super::outcome::{Choice, Facts, Treatment};
use super::words::speak;
use super::{Brief, CallEvent, Key, KeyAction, Scripts, Standing, Step, TransferResult};
use crate::domain::{AnsweredBy, AttemptStatus, EndReason};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// One call in progress, or over.
///
/// What is said and what comes of the call are two things. The conversation goes on with every event that asks for words,
/// also when the report of the call's end has overtaken it; the end is one more fact. So the order in which webhooks
/// arrive changes neither the words nor the outcome.
///
/// A read-back waits for another key (`change_timeout_s`) and says no goodbye; when no key came, the goodbye is a step of
/// its own and hangs up. The patient hears "… is confirmed. If that is wrong, press star." – a pause – "Goodbye."
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) brief: Brief,
    pub(super) scripts: Arc<Scripts>,
    pub(super) facts: Facts,
    pub(super) given: Vec<Given>,
    pub(super) opening_said: bool,
    /// The first step in which the patient was told how to say that this is not their number.
    pub(super) wrong_number_told: Option<u32>,
    /// Repeats after silence or a wrong key.
    pub(super) repeats: u32,
    pub(super) asked_repeats: u32,
    /// Choices made, changed and taken back.
    pub(super) choices: u32,
    /// How often the desk was asked for.
    pub(super) desk_asked: u32,
}

/// What an event leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reaction {
    /// The answer to the event, where it asks for words; with `push`, what the live call must be turned to.
    pub step: Option<Step>,
    /// Whether nobody asked for the step: the live call is to be turned to it.
    pub push: bool,
    /// Whether this event opts the patient out. True once in a call; to be committed before the step is said.
    pub opt_out: bool,
}

/// A step that was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) step: Step,
    pub(super) kind: Kind,
    pub(super) answered: bool,
    /// Whether it is the one before, once more, because the answer to that did not arrive.
    pub(super) again: bool,
}

/// What a step is about: decides what silence, a wrong key and the end of its words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Message and menu.
    Message,
    /// The menu alone, after a choice was taken back or the desk was not reached.
    Menu,
    /// A choice, read back.
    ReadBack(Choice),
    /// The desk is dialled.
    Desk,
    Voicemail,
    /// Last words or none; only an opt-out and a wrong number still count.
    End(EndReason),
}

impl Call {
    /// A call that was just requested.
    pub fn new(brief: Brief, scripts: Arc<Scripts>) -> Call {
        let (facts, given) = (Facts::default(), Vec::new());
        let (opening_said, wrong_number_told, repeats, asked_repeats, choices, desk_asked) = (false, None, 0, 0, 0, 0);
        Call { brief, scripts, facts, given, opening_said, wrong_number_told, repeats, asked_repeats, choices, desk_asked }
    }

    /// The call as its events left it. Keys that were kept with their meaning ([`Call::to_keep`]) mean that whatever the
    /// scripts say by now; others mean what the scripts say.
    pub fn replay<'e>(
        brief: Brief,
        scripts: Arc<Scripts>,
        events: impl IntoIterator<Item = (&'e CallEvent, DateTime<Utc>)>,
    ) -> Call {
        let mut call = Call::new(brief, scripts);
        for (event, at) in events {
            call.handle(event, at);
        }
        call
    }

    /// Takes one event. The same events give the same steps.
    ///
    /// An event that answers a step which was answered before changes nothing and gets the current step.
    pub fn handle(&mut self, event: &CallEvent, now: DateTime<Utc>) -> Reaction {
        match *event {
            CallEvent::Accepted => self.facts.rise(AttemptStatus::Accepted),
            CallEvent::Ringing => self.facts.rise(AttemptStatus::Ringing),
            CallEvent::PickedUp => self.facts.answered(now),
            CallEvent::VisitChanged => self.facts.visit_changed = true,
            CallEvent::PutOff { step, ms } => self.facts.put_off(step, ms, now),
            CallEvent::Unknown => {}
            CallEvent::Ended { .. } => self.facts.ended(&self.brief, event, now),
            CallEvent::Detected { answered_by } => return self.detected(answered_by),
            CallEvent::Answered { answered_by } => return self.answered(answered_by, now),
            CallEvent::Key { step, key } => {
                let Some(kind) = self.take_answer(step) else { return self.same_again() };
                return self.key((step, kind), key, self.meaning((step, kind), key), now);
            }
            CallEvent::Meant { step, key, meaning } => {
                // By other scripts the call may not have come as far: what the patient said counts all the same.
                let is_given = self.step(step).is_some();
                let kind = self.take_answer(step).or((!is_given).then_some(Kind::End(EndReason::HungUp)));
                let Some(kind) = kind else { return self.same_again() };
                return self.key((step, kind), key, meaning, now);
            }
            CallEvent::Silence { step } | CallEvent::Played { step } => return self.words_over(step),
            CallEvent::Transferred { step, result } => return self.desk_is_over(step, result),
            CallEvent::Fallback { failed } => return self.once_more(failed),
        }
        Reaction::default()
    }

    /// An event as it is to be kept, before it is handled: a key with its meaning at this point. Handled or replayed, it
    /// leads to the same as the event itself.
    pub fn to_keep(&self, event: &CallEvent) -> CallEvent {
        match *event {
            CallEvent::Key { step, key } => {
                let given = self.given.get((step as usize).wrapping_sub(1)).filter(|given| !given.answered);
                CallEvent::Meant { step, key, meaning: given.and_then(|given| self.meaning((step, given.kind), key)) }
            }
            _ => event.clone(),
        }
    }

    /// What is known of the call now.
    pub fn standing(&self) -> Standing {
        let last = match self.given.last().map(|given| given.kind) {
            Some(Kind::End(reason)) => reason,
            _ => EndReason::HungUp,
        };
        self.facts.standing(&self.brief, last)
    }

    /// The step that was given last.
    pub fn current(&self) -> Option<&Step> {
        self.given.last().map(|given| &given.step)
    }

    /// A step that was given, by its number.
    pub fn step(&self, number: u32) -> Option<&Step> {
        self.given.get((number as usize).checked_sub(1)?).map(|given| &given.step)
    }

    /// Calls in the same position go on alike.
    #[cfg(test)]
    pub(super) fn position(&self) -> impl Ord + Clone + use<> {
        let last = self.given.last().map(|given| (given.kind, given.step.say.is_empty()));
        let counted = (self.repeats, self.asked_repeats, self.choices, self.desk_asked);
        let said = (self.opening_said, self.wrong_number_told);
        (last, counted, self.facts.choice, self.facts.opted_out, self.facts.wrong_number, said)
    }

    fn answered(&mut self, by: Option<AnsweredBy>, now: DateTime<Utc>) -> Reaction {
        if !self.given.is_empty() {
            return self.same_again();
        }
        self.facts.asked = true;
        self.facts.answered(now);
        if let Some(by) = by {
            self.facts.detected(by);
        }
        if self.facts.visit_changed {
            return self.withdraw();
        }
        self.treat()
    }

    /// Detection beside the live call. A person's key counts more than its verdict, and before the first step there is
    /// nothing to turn: the answer will know. After the end the words are as they would have been, and nobody is turned.
    fn detected(&mut self, by: AnsweredBy) -> Reaction {
        let before = self.facts.treatment(&self.brief);
        self.facts.detected(by);
        let after = self.facts.treatment(&self.brief);
        if self.given.is_empty() || self.facts.withdrawn || after == before || after == Treatment::Person {
            return Reaction::default();
        }
        let reaction = if self.facts.visit_changed { self.withdraw() } else { self.treat() };
        if self.facts.is_over() { Reaction::default() } else { Reaction { push: true, ..reaction } }
    }

    fn key(&mut self, (step, kind): (u32, Kind), key: Key, meaning: Option<KeyAction>, now: DateTime<Utc>) -> Reaction {
        let takes_back = self.scripts.call.keys.get(&key) == Some(&KeyAction::Undo);
        if !self.facts.keys.press(step, key, meaning, takes_back) {
            return self.pressed_earlier(step, meaning);
        }
        let said = self.scripts.clone();
        let replies = &said.call.replies;
        match meaning {
            Some(KeyAction::OptOut) => {
                let first = !std::mem::replace(&mut self.facts.opted_out, true);
                Reaction { opt_out: first, ..self.end(EndReason::ScriptEnd, speak(&replies.opted_out, &self.brief)) }
            }
            Some(KeyAction::WrongNumber) => {
                self.facts.wrong_number = true;
                self.end(EndReason::ScriptEnd, speak(&replies.wrong_number, &self.brief))
            }
            Some(KeyAction::Confirm) => self.choose(Choice::Confirm),
            Some(KeyAction::Reschedule) => self.choose(Choice::Reschedule),
            Some(KeyAction::Undo) => self.undo(),
            Some(KeyAction::Repeat) => self.repeat_as_asked(),
            Some(KeyAction::Transfer) if self.is_given_up(step) => {
                self.facts.desk.missed();
                self.same_again()
            }
            Some(KeyAction::Transfer) => self.ask_for_desk(now),
            None if matches!(kind, Kind::End(_)) => self.end_silently(),
            None if self.is_left() => self.take_leave(),
            None if self.facts.visit_changed => self.withdraw(),
            None => self.again(kind, &replies.not_a_choice),
        }
    }

    /// What a key does by the call's scripts, as the call stands; `None` where it does nothing.
    fn meaning(&self, (step, kind): (u32, Kind), key: Key) -> Option<KeyAction> {
        let action = *self.scripts.call.keys.get(&key)?;
        let was_told = || self.wrong_number_told.is_some_and(|told| told <= step);
        let is_earlier = self.facts.keys.any_after(step);
        let counts = match action {
            KeyAction::OptOut => !self.facts.opted_out,
            // That this is not the patient's number is about no visit, like an opt-out: it counts whatever the call is at.
            // But it ends all calls to this number, and most scripts tell it at a repeat only: before that it is a slip.
            KeyAction::WrongNumber => was_told() && (is_earlier || !self.facts.opted_out) && !self.facts.wrong_number,
            // Whoever opted out by a key that came late hears the menu to its end, and may choose.
            _ if matches!(kind, Kind::End(_)) || self.facts.visit_changed => false,
            KeyAction::Undo => self.facts.choice.is_some(),
            KeyAction::Transfer => self.brief.desk.is_some(),
            KeyAction::Confirm | KeyAction::Reschedule | KeyAction::Repeat => true,
        };
        counts.then_some(action)
    }

    /// Whether the patient or the number is called no more.
    pub(super) fn is_left(&self) -> bool {
        self.facts.opted_out || self.facts.wrong_number
    }

    /// The words of a step were played to their end, and no key came.
    fn words_over(&mut self, step: u32) -> Reaction {
        match self.take_answer(step) {
            // The carrier went on without a word of what came of it.
            Some(Kind::Desk) => self.desk_result(step, TransferResult::Failed),
            Some(kind) => self.after_words(kind, step),
            None => self.same_again(),
        }
    }

    pub(super) fn after_words(&mut self, kind: Kind, step: u32) -> Reaction {
        self.facts.played |= kind == Kind::Message;
        self.facts.voicemail_played |= kind == Kind::Voicemail;
        // A verdict has turned the call to another step meanwhile: that one is to be said.
        if self.given.len() > step as usize {
            return self.same_again();
        }
        match kind {
            Kind::End(_) => self.end_silently(),
            _ if self.is_left() => self.take_leave(),
            _ if self.facts.visit_changed => self.withdraw(),
            Kind::Voicemail => self.end(EndReason::ScriptEnd, Vec::new()),
            Kind::ReadBack(_) => self.finish(),
            Kind::Message | Kind::Menu | Kind::Desk if self.facts.choice.is_some() => self.finish(),
            Kind::Message | Kind::Menu | Kind::Desk => {
                let said = self.scripts.clone();
                self.again(kind, &said.call.replies.no_choice)
            }
        }
    }

    /// Marks a step as answered; `None` where it was before, or was never given. A step that a push has replaced can
    /// still be answered: the patient's key may have been on its way.
    pub(super) fn take_answer(&mut self, step: u32) -> Option<Kind> {
        let given = self.given.get_mut((step as usize).checked_sub(1)?).filter(|given| !given.answered)?;
        given.answered = true;
        Some(given.kind)
    }
}
