//! What is said in answer: each function here gives one step. [`Call::handle`] decides which.

use super::machine::{Call, Given, Kind, Reaction};
use super::outcome::{Choice, Treatment};
use super::words::speak;
use super::{KeyAction, Segment, Step, Then, Utterance, keys_told};
use crate::domain::EndReason;

/// After so many playings the message is said more slowly, asked for or not: whoever missed it twice may hear badly.
const SLOW_AFTER: usize = 2;

impl Call {
    /// Begins with whoever or whatever answered.
    pub(super) fn treat(&mut self) -> Reaction {
        match self.facts.treatment(&self.brief) {
            Treatment::Person => self.say_message(&[]),
            Treatment::HangUp(reason) => self.end(reason, Vec::new()),
            Treatment::LeaveMessage => match self.scripts.voicemail_for(&self.brief) {
                Some(script) => self.give(Kind::Voicemail, script.words(&self.brief), false, Then::Continue),
                None => self.end(EndReason::Machine, Vec::new()),
            },
        }
    }

    /// The last change that is allowed is still taken and read back, but then the call ends.
    pub(super) fn choose(&mut self, choice: Choice) -> Reaction {
        self.facts.choice = Some(choice);
        self.choices += 1;
        let mut words = self.read_back(choice);
        if self.choices > 1 + self.scripts.call.limits.asked_repeats {
            words.extend(speak(&self.scripts.call.replies.giving_up, &self.brief));
            return self.end(EndReason::ScriptEnd, words);
        }
        self.give_and_gather(Kind::ReadBack(choice), words, false)
    }

    /// Takes the choice back; the menu follows.
    pub(super) fn undo(&mut self) -> Reaction {
        self.facts.choice = None;
        self.choices += 1;
        let script = &self.scripts.call;
        let mut words = speak(&script.replies.undone, &self.brief);
        if self.choices > 1 + script.limits.asked_repeats {
            words.extend(speak(&script.replies.giving_up, &self.brief));
            return self.end(EndReason::NoChoice, words);
        }
        self.back_to_menu(words)
    }

    /// After these words.
    pub(super) fn back_to_menu(&mut self, mut words: Vec<Utterance>) -> Reaction {
        words.extend(self.scripts.call.menu_words(&self.brief));
        self.give_and_gather(Kind::Menu, words, false)
    }

    pub(super) fn repeat_as_asked(&mut self) -> Reaction {
        self.asked_repeats += 1;
        if self.asked_repeats > self.scripts.call.limits.asked_repeats {
            return self.finish();
        }
        self.say_message(&[])
    }

    /// After silence or a wrong key: said so, and said again what was said before.
    pub(super) fn again(&mut self, kind: Kind, said_so: &[Segment]) -> Reaction {
        self.repeats += 1;
        if self.repeats > self.scripts.call.limits.repeats {
            return self.finish();
        }
        let Kind::ReadBack(choice) = kind else { return self.say_message(said_so) };
        let mut words = speak(said_so, &self.brief);
        words.extend(self.read_back(choice));
        self.give_and_gather(kind, words, false)
    }

    /// Nothing comes before the opening, not even that a key was wrong: who calls is said first (calling-rules L-04).
    pub(super) fn say_message(&mut self, before: &[Segment]) -> Reaction {
        let words = if self.opening_said {
            let mut words = speak(before, &self.brief);
            words.extend(self.scripts.call.message_words(&self.brief));
            words
        } else {
            self.scripts.call.first_words(&self.brief)
        };
        self.opening_said = true;
        let playings = self.given.iter().filter(|given| given.kind == Kind::Message && !given.again).count();
        let slow = playings >= SLOW_AFTER;
        self.give_and_gather(Kind::Message, words, slow)
    }

    /// Says that the patient or the number is called no more, where a key that came late asked for it; once.
    pub(super) fn take_leave(&mut self) -> Reaction {
        if self.given.last().is_some_and(|given| matches!(given.kind, Kind::End(_))) {
            return self.same_again();
        }
        let replies = &self.scripts.call.replies;
        let words = if self.facts.opted_out { &replies.opted_out } else { &replies.wrong_number };
        self.end(EndReason::ScriptEnd, speak(words, &self.brief))
    }

    fn read_back(&self, choice: Choice) -> Vec<Utterance> {
        let replies = &self.scripts.call.replies;
        let reply = match choice {
            Choice::Confirm if self.brief.appointments > 1 => &replies.confirmed_several,
            Choice::Confirm => &replies.confirmed,
            Choice::Reschedule => &replies.reschedule,
        };
        speak(reply, &self.brief)
    }

    /// Nothing more will be asked: goodbye to a choice that stands, else the number to call.
    pub(super) fn finish(&mut self) -> Reaction {
        let replies = &self.scripts.call.replies;
        let (reason, words) = match self.facts.choice {
            Some(_) => (EndReason::ScriptEnd, &replies.goodbye),
            None => (EndReason::NoChoice, &replies.giving_up),
        };
        self.end(reason, speak(words, &self.brief))
    }

    /// What was said is no longer true. A machine is not told so: it only takes what its own scripts say.
    pub(super) fn withdraw(&mut self) -> Reaction {
        self.facts.withdrawn = true;
        let words = match self.facts.treatment(&self.brief) {
            Treatment::Person => speak(&self.scripts.call.replies.withdrawn, &self.brief),
            Treatment::LeaveMessage | Treatment::HangUp(_) => Vec::new(),
        };
        self.end(EndReason::VisitChanged, words)
    }

    pub(super) fn end(&mut self, reason: EndReason, words: Vec<Utterance>) -> Reaction {
        self.give(Kind::End(reason), words, false, Then::HangUp)
    }

    /// After the last words: nothing, however often the carrier asks.
    pub(super) fn end_silently(&mut self) -> Reaction {
        match self.given.last() {
            Some(Given { kind: Kind::End(_), step, .. }) if step.say.is_empty() => self.same_again(),
            Some(Given { kind: Kind::End(reason), .. }) => self.end(*reason, Vec::new()),
            _ => self.end(EndReason::ScriptEnd, Vec::new()),
        }
    }

    fn give_and_gather(&mut self, kind: Kind, words: Vec<Utterance>, slow: bool) -> Reaction {
        let limits = &self.scripts.call.limits;
        let timeout_s = match kind {
            _ if self.brief.long_timeouts => limits.long_timeout_s,
            Kind::ReadBack(_) => limits.change_timeout_s,
            _ => limits.key_timeout_s,
        };
        self.give(kind, words, slow, Then::Gather { timeout_s })
    }

    pub(super) fn give(&mut self, kind: Kind, say: Vec<Utterance>, slow: bool, then: Then) -> Reaction {
        let means_wrong_number = |key| self.scripts.call.keys.get(&key) == Some(&KeyAction::WrongNumber);
        let tells = say.iter().any(|said| match said {
            Utterance::Phrase(id) => keys_told(id).any(means_wrong_number),
            _ => false,
        });
        // A call has few steps: most_steps() bounds them.
        let number = self.given.len() as u32 + 1;
        self.wrong_number_told = self.wrong_number_told.or(tells.then_some(number));
        self.given.push(Given { step: Step { number, say, slow, then }, kind, answered: false, again: false });
        self.same_again()
    }

    pub(super) fn same_again(&self) -> Reaction {
        Reaction { step: self.current().cloned(), ..Reaction::default() }
    }
}
