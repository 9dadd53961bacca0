//! Somebody calls our number. Until they have entered their birthday nobody knows who they are, and nothing is said but who
//! we are, which number to call, and how to stop our calls (calling-rules L-36). Then the call becomes one like those that we
//! place ([`super::Call`]).

use super::{Segment, Utterance, words::of_organization};
use crate::domain::{Birthday, PhoneNumber};

/// How often the birthday is asked for in one call.
pub const BIRTHDAY_TRIES: u32 = 3;
/// How often the office's number is said.
const OFFICE_TIMES: u32 = 2;

/// What is said to somebody who calls our number (`prompts/scripts/incoming.toml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingScript {
    /// Its name.
    pub name: String,
    /// Who answers: first in every call.
    pub welcome: Vec<Segment>,
    /// Asks for the birthday, and tells of key 9.
    pub birthday: Vec<Segment>,
    /// After another birthday than a patient's.
    pub wrong: Vec<Segment>,
    /// Whom to call, and key 9: to whom nothing else can be said.
    pub office: Vec<Segment>,
    /// The same where the number of the caller is withheld: there is none to opt out.
    pub office_withheld: Vec<Segment>,
    /// After key 9; the call ends.
    pub opted_out: Vec<Segment>,
    /// The last word; the call ends.
    pub goodbye: Vec<Segment>,
    /// Seconds to wait for a key.
    pub key_timeout_s: u32,
    /// The same for a text telephone or a relay (calling-rules L-49).
    pub long_timeout_s: u32,
}

/// How far the talk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncomingStage {
    /// The birthday was asked for.
    Birthday,
    /// The office's number was said.
    Office,
    /// Its last word was said, or the call goes on as one of ours.
    Over,
}

impl IncomingStage {
    /// The word used in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            IncomingStage::Birthday => "birthday",
            IncomingStage::Office => "office",
            IncomingStage::Over => "over",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<IncomingStage> {
        [IncomingStage::Birthday, IncomingStage::Office, IncomingStage::Over].into_iter().find(|stage| stage.as_str() == word)
    }
}

/// The talk so far: everything that decides how it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingTalk {
    /// How far it has come.
    pub stage: IncomingStage,
    /// The number of the step that was given last, from 1.
    pub step: u32,
    /// How often the same was said at this stage.
    pub said: u32,
    /// Wrong birthdays that were entered.
    pub wrong: u32,
}

/// Who calls, as far as it is known before they say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// Their number is that of a patient who has a visit to be told of.
    Known,
    /// Any other number.
    Stranger,
    /// Their number is withheld.
    Withheld,
}

/// What the caller entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// Nothing.
    Nothing,
    /// Key 9: no more calls to this number.
    OptOut,
    /// A birthday.
    Birthday(Birthday),
    /// Keys that mean nothing here.
    Other,
}

/// What the caller's entry came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncomingEvent {
    /// Nothing, or nothing that means anything.
    Nothing,
    /// Key 9, and it is committed with the answer.
    OptOut,
    /// It is nobody's birthday who has this number; or it is one, and nothing can be told: both sound alike, so that nobody
    /// learns birthdays.
    Wrong,
    /// It is a patient's, and the call goes on as one of ours.
    Recognized,
}

/// What is said next, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingSay {
    /// The words.
    pub words: Vec<Utterance>,
    /// What comes after.
    pub then: IncomingThen,
}

/// What comes after the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncomingThen {
    /// Wait for so many keys; they count from the first millisecond of the words.
    Keys(u32),
    /// Go on as a call of ours.
    Join,
    /// Hang up.
    HangUp,
}

impl IncomingTalk {
    /// What was entered at this stage. A birthday begins with 0 or 1, so that nothing but nines is the key that is told.
    pub fn read(&self, digits: &str) -> Entered {
        let digits = digits.trim_end_matches('#');
        match (digits.is_empty(), digits.bytes().all(|digit| digit == b'9'), self.stage) {
            (true, _, _) => Entered::Nothing,
            (_, true, IncomingStage::Birthday | IncomingStage::Office) => Entered::OptOut,
            (_, _, IncomingStage::Birthday) => Birthday::parse(digits).map_or(Entered::Other, Entered::Birthday),
            _ => Entered::Other,
        }
    }
}

impl IncomingScript {
    /// The first step of a call. `office`: the number to call.
    pub fn begin(&self, caller: CallerKind, office: &PhoneNumber) -> (IncomingTalk, IncomingSay) {
        let stage = if caller == CallerKind::Known { IncomingStage::Birthday } else { IncomingStage::Office };
        let talk = IncomingTalk { stage, step: 1, said: 1, wrong: 0 };
        let say = match caller {
            CallerKind::Known => self.say([&self.welcome, &self.birthday], office, IncomingThen::Keys(4)),
            CallerKind::Stranger => self.say([&self.welcome, &self.office], office, IncomingThen::Keys(1)),
            CallerKind::Withheld => {
                let say = self.say([&self.welcome, &self.office_withheld], office, IncomingThen::HangUp);
                return (IncomingTalk { stage: IncomingStage::Over, ..talk }, say);
            }
        };
        (talk, say)
    }

    /// The step after `talk`.
    pub fn answer(&self, talk: IncomingTalk, event: IncomingEvent, office: &PhoneNumber) -> (IncomingTalk, IncomingSay) {
        use IncomingStage::{Birthday, Office, Over};
        let wrong = talk.wrong + u32::from(event == IncomingEvent::Wrong);
        let next = IncomingTalk { step: talk.step + 1, said: talk.said + 1, wrong, ..talk };
        let turn = |stage| IncomingTalk { stage, said: 1, ..next };
        let nothing: &[Segment] = &[];
        let not_so = if event == IncomingEvent::Wrong { &self.wrong } else { nothing };
        match (talk.stage, event) {
            (Birthday, IncomingEvent::Recognized) => (turn(Over), self.say([nothing, nothing], office, IncomingThen::Join)),
            (Birthday | Office, IncomingEvent::OptOut) => {
                (turn(Over), self.say([&self.opted_out, nothing], office, IncomingThen::HangUp))
            }
            (Birthday, IncomingEvent::Nothing | IncomingEvent::Wrong) if talk.said < BIRTHDAY_TRIES => {
                (next, self.say([not_so, &self.birthday], office, IncomingThen::Keys(4)))
            }
            (Birthday, _) => (turn(Office), self.say([not_so, &self.office], office, IncomingThen::Keys(1))),
            (Office, _) if talk.said < OFFICE_TIMES => (next, self.say([nothing, &self.office], office, IncomingThen::Keys(1))),
            (Office, _) => (turn(Over), self.say([&self.goodbye, nothing], office, IncomingThen::HangUp)),
            (Over, _) => (turn(Over), self.say([nothing, nothing], office, IncomingThen::HangUp)),
        }
    }

    fn say(&self, words: [&[Segment]; 2], office: &PhoneNumber, then: IncomingThen) -> IncomingSay {
        IncomingSay { words: words.into_iter().flat_map(|words| of_organization(words, office)).collect(), then }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Slot;

    fn script() -> IncomingScript {
        let phrase = |name: &str| vec![Segment::Phrase(name.into())];
        IncomingScript {
            name: "incoming".into(),
            welcome: vec![Segment::Slot(Slot::Organization)],
            birthday: phrase("say/birthday"),
            wrong: phrase("say/wrong"),
            office: vec![Segment::Phrase("say/call".into()), Segment::Slot(Slot::CallbackNumber)],
            office_withheld: phrase("say/call-withheld"),
            opted_out: phrase("say/opted-out"),
            goodbye: phrase("say/goodbye"),
            key_timeout_s: 8,
            long_timeout_s: 30,
        }
    }

    fn office() -> PhoneNumber {
        PhoneNumber::parse("+16175550100").expect("a number")
    }

    fn in_words(say: &IncomingSay) -> String {
        let word = |said: &Utterance| match said {
            Utterance::Phrase(id) => id.as_str().trim_start_matches("say/").to_string(),
            Utterance::Organization => "organization".to_string(),
            Utterance::Number(_) => "number".to_string(),
            other => panic!("a stranger hears {other:?}"),
        };
        let words = say.words.iter().map(word).collect::<Vec<_>>().join(" ");
        match say.then {
            IncomingThen::Keys(count) => format!("{words} [{count}]"),
            IncomingThen::Join => format!("{words} [join]"),
            IncomingThen::HangUp => format!("{words} [end]"),
        }
    }

    /// What is said in a call of such a caller, step by step; `9` opts out, `x` is a wrong birthday, `.` is silence, `!` is a
    /// patient's birthday.
    fn story(caller: CallerKind, events: &str) -> Vec<String> {
        let script = script();
        let (mut talk, first) = script.begin(caller, &office());
        let mut said = vec![in_words(&first)];
        for event in events.chars() {
            let event = match event {
                '9' => IncomingEvent::OptOut,
                'x' => IncomingEvent::Wrong,
                '!' => IncomingEvent::Recognized,
                _ => IncomingEvent::Nothing,
            };
            let (next, say) = script.answer(talk, event, &office());
            assert_eq!(next.step, talk.step + 1);
            said.push(in_words(&say));
            talk = next;
        }
        said
    }

    #[test]
    fn the_talk_step_by_step() {
        let (ask, again) = ("organization birthday [4]", "birthday [4]");
        let (office, told_again) = ("call number [1]", "call number [1]");
        let stranger = "organization call number [1]";
        for (caller, events, want) in [
            (CallerKind::Known, "!", vec![ask, " [join]"]),
            (CallerKind::Known, "x!", vec![ask, "wrong birthday [4]", " [join]"]),
            (CallerKind::Known, ".x!", vec![ask, again, "wrong birthday [4]", " [join]"]),
            (CallerKind::Known, "xxx", vec![ask, "wrong birthday [4]", "wrong birthday [4]", "wrong call number [1]"]),
            (CallerKind::Known, "....", vec![ask, again, again, office, told_again]),
            (CallerKind::Known, "9", vec![ask, "opted-out [end]"]),
            (CallerKind::Known, "x..9", vec![ask, "wrong birthday [4]", again, office, "opted-out [end]"]),
            (
                CallerKind::Known,
                "xxx!..",
                vec![
                    ask,
                    "wrong birthday [4]",
                    "wrong birthday [4]",
                    "wrong call number [1]",
                    told_again,
                    "goodbye [end]",
                    " [end]",
                ],
            ),
            (CallerKind::Stranger, "...", vec![stranger, told_again, "goodbye [end]", " [end]"]),
            (CallerKind::Stranger, "!", vec![stranger, told_again]),
            (CallerKind::Stranger, ".9", vec![stranger, told_again, "opted-out [end]"]),
            (CallerKind::Stranger, "99", vec![stranger, "opted-out [end]", " [end]"]),
            (CallerKind::Withheld, "9", vec!["organization call-withheld [end]", " [end]"]),
        ] {
            assert_eq!(story(caller, events), want, "{caller:?} {events}");
        }
    }

    #[test]
    fn nines_alone_opt_out_and_a_birthday_is_four_digits() {
        let read = |stage, digits: &str| match (IncomingTalk { stage, step: 1, said: 1, wrong: 0 }).read(digits) {
            Entered::Nothing => "nothing",
            Entered::OptOut => "opt-out",
            Entered::Birthday(_) => "birthday",
            Entered::Other => "other",
        };
        use IncomingStage::{Birthday, Office, Over};
        for (stage, digits, want) in [
            (Birthday, "", "nothing"),
            (Birthday, "#", "nothing"),
            (Birthday, "9", "opt-out"),
            (Birthday, "9#", "opt-out"),
            (Birthday, "9999", "opt-out"),
            (Birthday, "0909", "birthday"),
            (Birthday, "0412", "birthday"),
            // September the 12th without its zero is no wish to be left alone.
            (Birthday, "912", "other"),
            (Birthday, "1399", "other"),
            (Birthday, "04*2", "other"),
            (Office, "9", "opt-out"),
            (Office, "1", "other"),
            (Office, "0412", "other"),
            (Over, "9", "other"),
        ] {
            assert_eq!(read(stage, digits), want, "{stage:?} {digits}");
        }
    }

    #[test]
    fn the_words_of_the_store_read_back() {
        for stage in [IncomingStage::Birthday, IncomingStage::Office, IncomingStage::Over] {
            assert_eq!(IncomingStage::parse(stage.as_str()), Some(stage));
        }
    }
}
