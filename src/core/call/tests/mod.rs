//! Stories of calls. A story is a line of moves ("answered; key 1; silence; ended completed 31") and the transcript that
//! must come of it.

mod desk;
mod late;
mod machines;
mod orders;
mod outcomes;
mod pace;
mod people;
mod wrong_number;

use super::*;
use crate::domain::{AnsweredBy, Desk, DeskHours, EndReason, LocalMoment, Outcome, PhoneNumber, Purpose, VoicemailPolicy};
use crate::ids::PhraseId;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::sync::Arc;

/// The words of the reminder, each phrase by its last name.
pub(super) fn scripts() -> Arc<Scripts> {
    let voicemail = |name: &str, words: &str| VoicemailScript { name: name.into(), message: segments(words) };
    Arc::new(Scripts {
        call: CallScript {
            name: "reminder".into(),
            opening: segments("hello {organization} at-number {callback_number} opt-out"),
            message: segments("appointment {day} {time} {at_site}"),
            message_several: segments("{count} {day} first-is {time} {at_site}"),
            menu: segments("confirm-1 reschedule-2 again-3"),
            menu_again: segments("confirm-1 reschedule-2 again-3 wrong-number-7"),
            menu_desk: segments("desk-0"),
            keys: "0t 1c 2r 3a 7w 9o *u"
                .split(' ')
                .map(|pair| (Key::new(pair.chars().next().expect("a key")).expect("a key"), action(&pair[1..2])))
                .collect(),
            replies: Replies {
                confirmed: segments("thank-you your-appointment {day} {time} is-confirmed wrong-star"),
                confirmed_several: segments("thank-you all-confirmed {count} {day} wrong-star"),
                reschedule: segments("thank-you office-will-call meant-else-star"),
                undone: segments("choice-undone"),
                opted_out: segments("opted-out goodbye"),
                wrong_number: segments("wrong-number goodbye"),
                connecting: segments("connecting"),
                desk_closed: segments("desk-closed {desk_day} {desk_time}"),
                desk_no_answer: segments("desk-no-answer"),
                no_choice: segments("no-choice-heard"),
                not_a_choice: segments("not-a-choice"),
                giving_up: segments("questions-call {callback_number} goodbye"),
                withdrawn: segments("hello {organization} at-number {callback_number} has-changed goodbye"),
                goodbye: segments("goodbye"),
            },
            limits: ScriptLimits { repeats: 3, asked_repeats: 2, key_timeout_s: 6, change_timeout_s: 4, long_timeout_s: 30 },
        },
        voicemail: voicemail("voicemail", "hello {organization} appointment {day} {time} to-stop-call {opt_out_number}"),
        own_voicemail: None,
        voicemail_minimal: voicemail("voicemail-minimal", "hello {organization} please-call-us to-stop-call {opt_out_number}"),
    })
}

fn action(letter: &str) -> KeyAction {
    match letter {
        "c" => KeyAction::Confirm,
        "r" => KeyAction::Reschedule,
        "a" => KeyAction::Repeat,
        "o" => KeyAction::OptOut,
        "t" => KeyAction::Transfer,
        "w" => KeyAction::WrongNumber,
        _ => KeyAction::Undo,
    }
}

fn segments(words: &str) -> Vec<Segment> {
    let slot = |name: &str| Slot::NAMES.into_iter().find(|(_, n)| *n == name).expect("a slot").0;
    words
        .split(' ')
        .map(|word| match word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Slot(slot(name)),
            None => Segment::Phrase(PhraseId::new(word)),
        })
        .collect()
}

/// Tuesday, 1 December 2026, 14:30, at Boston; the message takes 23 s.
pub(super) fn brief() -> Brief {
    Brief {
        purpose: Purpose::Reminder,
        script: "reminder".into(),
        language: "en-US".into(),
        start: moment(1, 14),
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: PhoneNumber::parse("+16175550100").expect("a number"),
        opt_out_number: PhoneNumber::parse("+18005550100").expect("a number"),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 23_000,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    }
}

/// The same with a desk that is open now, and until [`at`]`(600)`.
pub(super) fn brief_with_desk() -> Brief {
    // `at(0)` is the midnight with which Friday, 4 October 2024, begins.
    let open = vec![DeskHours { day: chrono::Weekday::Fri, from_minute: 0, until_minute: 10 }];
    let number = PhoneNumber::parse("+16175550121").expect("a number");
    Brief { desk: Some(Desk { number, zone: chrono_tz::UTC, open }), ..brief() }
}

fn moment(day: u32, hour: u32) -> LocalMoment {
    LocalMoment {
        date: NaiveDate::from_ymd_opt(2026, 12, day).expect("a day"),
        time: NaiveTime::from_hms_opt(hour, 30, 0).expect("a time"),
    }
}

/// The moment `seconds` after the call was requested.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

/// A call that is led by moves, one a second.
pub(super) struct Story {
    pub call: Call,
    pub seconds: i64,
    pub log: Vec<String>,
}

impl Story {
    pub fn new(brief: Brief) -> Story {
        Story { call: Call::new(brief, scripts()), seconds: 0, log: Vec::new() }
    }

    /// Plays moves that are separated by semicolons.
    pub fn play(mut self, moves: &str) -> Story {
        for one in moves.split(';').map(str::trim).filter(|m| !m.is_empty()) {
            self.seconds += 1;
            let event = event(one, self.call.current().map_or(0, |step| step.number));
            let reaction = self.call.handle(&event, at(self.seconds));
            if let Some(line) = line_of(&reaction) {
                self.log.push(line);
            }
        }
        self
    }

    /// The last lines of the transcript are these.
    #[track_caller]
    pub fn hears(self, want: &[&str]) -> Story {
        let heard = &self.log[self.log.len().saturating_sub(want.len())..];
        assert_eq!(heard, want, "\nwhole transcript: {:#?}", self.log);
        self
    }

    /// Outcome and end reason, as words: `confirmed/hung_up`; `-` while the call goes on.
    #[track_caller]
    pub fn came_to(self, want: &str) -> Story {
        assert_eq!(result(&self.call), want, "\nwhole transcript: {:#?}", self.log);
        self
    }
}

pub(super) fn result(call: &Call) -> String {
    let standing = call.standing();
    match (standing.outcome, standing.end_reason) {
        (Some(outcome), Some(reason)) => format!("{}/{}", outcome.as_str(), reason.as_str()),
        _ => "-".into(),
    }
}

/// Reads a move. `key 1`, `silence` and `played` answer the current step; `key 1 @2` answers step 2; `fallback` says
/// that what was to answer the current step failed.
fn event(text: &str, current: u32) -> CallEvent {
    let (text, step) = match text.split_once(" @") {
        Some((text, step)) => (text, step.parse().expect("a step number")),
        None => (text, current),
    };
    let words: Vec<_> = text.split(' ').collect();
    let by = |word: &str| AnsweredBy::parse(word).expect("who answered");
    match words[..] {
        ["accepted"] => CallEvent::Accepted,
        ["ringing"] => CallEvent::Ringing,
        ["picked-up"] => CallEvent::PickedUp,
        ["answered"] => CallEvent::Answered { answered_by: None },
        ["answered", who] => CallEvent::Answered { answered_by: Some(by(who)) },
        ["detected", who] => CallEvent::Detected { answered_by: by(who) },
        ["key", key] => CallEvent::Key { step, key: Key::new(key.chars().next().expect("a key")).expect("a key") },
        ["silence"] => CallEvent::Silence { step },
        ["played"] => CallEvent::Played { step },
        ["desk", result] => {
            CallEvent::Transferred { step, result: TransferResult::parse(result).expect("what came of a transfer") }
        }
        ["fallback"] => CallEvent::Fallback { failed: step },
        ["put-off", ms] => CallEvent::PutOff { step, ms: ms.parse().expect("milliseconds") },
        ["changed"] => CallEvent::VisitChanged,
        ["ended", how, ref more @ ..] => CallEvent::Ended {
            status: match how {
                "completed" => FinalStatus::Completed,
                "busy" => FinalStatus::Busy,
                "no-answer" => FinalStatus::NoAnswer,
                "failed" => FinalStatus::Failed,
                _ => FinalStatus::Cancelled,
            },
            talk_seconds: more.iter().find_map(|word| word.parse().ok()),
            reason: more.iter().find_map(|word| EndReason::parse(word)),
        },
        _ => panic!("no move: {text}"),
    }
}

/// A reaction as a line: `2: no-choice-heard … | gather 6s`, a push with `push` before it, an opt-out with `OPT-OUT`, slow
/// words as `3 slowly: …`.
fn line_of(reaction: &Reaction) -> Option<String> {
    let step = reaction.step.as_ref()?;
    let words: Vec<_> = step.say.iter().map(word_of).collect();
    let then = match &step.then {
        Then::Gather { timeout_s } => format!("gather {timeout_s}s"),
        Then::Continue => "continue".into(),
        Then::Transfer { ring_s, .. } => format!("transfer {ring_s}s"),
        Then::HangUp => "hang up".into(),
    };
    let push = if reaction.push { "push " } else { "" };
    let opt_out = if reaction.opt_out { " OPT-OUT" } else { "" };
    let said = if words.is_empty() { String::new() } else { format!("{} ", words.join(" ")) };
    let slowly = if step.slow { " slowly" } else { "" };
    Some(format!("{push}{}{slowly}: {said}| {then}{opt_out}", step.number))
}

fn word_of(utterance: &Utterance) -> String {
    match utterance {
        Utterance::Phrase(id) => id.to_string(),
        Utterance::Organization => "ORG".into(),
        Utterance::Site(site) => format!("SITE:{site}"),
        Utterance::AtSite(site) => format!("AT:{site}"),
        Utterance::Number(number) => format!("…{}", &number.as_str()[2..5]),
        Utterance::Day(day) => day.format("%a-%d").to_string(),
        Utterance::Time(time) => time.format("%H:%M").to_string(),
        Utterance::Count(count) => format!("{count}-APPOINTMENTS"),
    }
}
