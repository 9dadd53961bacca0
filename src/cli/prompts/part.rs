//! What a call says at each of its points. The call machine itself is led there, so that what is heard is what it says.

use crate::core::call::{Brief, Call, CallEvent, Key, KeyAction, Scripts, Step, Then, TransferResult};
use crate::core::domain::{Desk, DeskHours};
use anyhow::{Context, bail};
use chrono::{DateTime, Datelike, Days, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use clap::ValueEnum;
use std::sync::Arc;

/// A point of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Up to where the menu waits for the first time.
    #[default]
    First,
    /// Said again, as asked for.
    Repeat,
    /// After the key that confirms.
    Confirmed,
    /// After the key that asks for another time.
    Reschedule,
    /// After a choice was taken back.
    Undone,
    /// After key 9.
    OptedOut,
    /// After the key that says so.
    WrongNumber,
    /// After silence.
    NoChoice,
    /// After a key that means nothing.
    NotAChoice,
    /// After the last repeat.
    GivingUp,
    /// Where the visit changed meanwhile.
    Withdrawn,
    /// The last word after a choice.
    Goodbye,
    /// After the key for the desk, before it is dialled.
    Connecting,
    /// After the same key out of the desk's hours; it opens when the visit starts.
    DeskClosed,
    /// The desk did not take the call.
    DeskNoAnswer,
}

/// The step that a call with these scripts gives at that point.
///
/// # Errors
/// When no call with them comes there.
pub fn step_of(part: Part, scripts: Arc<Scripts>, mut brief: Brief) -> anyhow::Result<Step> {
    if matches!(part, Part::Connecting | Part::DeskClosed | Part::DeskNoAnswer) {
        brief.desk = Some(desk(&brief, part == Part::DeskClosed));
    }
    // The day before the visit: nothing but the desk's hours depends on it.
    let now = (brief.start.date - Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    let mut line = Line { scripts: scripts.clone(), call: Call::new(brief, scripts), now };
    let answered = CallEvent::Answered { answered_by: None };
    if part == Part::Withdrawn {
        line.tell(CallEvent::VisitChanged);
        return line.tell(answered).context("the call says nothing");
    }
    line.tell(answered);
    match part {
        Part::First | Part::Withdrawn => {}
        Part::Repeat => line.press(KeyAction::Repeat)?,
        Part::Confirmed => line.press(KeyAction::Confirm)?,
        Part::Reschedule => line.press(KeyAction::Reschedule)?,
        Part::Undone => {
            line.press(KeyAction::Confirm)?;
            line.press(KeyAction::Undo)?;
        }
        Part::OptedOut => line.press(KeyAction::OptOut)?,
        Part::WrongNumber => {
            // Most scripts tell of this key at a repeat, and it counts from then on.
            line.press(KeyAction::Repeat)?;
            line.press(KeyAction::WrongNumber)?;
        }
        Part::NoChoice | Part::NotAChoice if line.scripts.call.limits.repeats == 0 => {
            bail!("--part: this script says nothing again (repeats = 0): after silence it gives up, see --part giving-up")
        }
        Part::NoChoice => line.wait(),
        Part::NotAChoice => {
            let keys = &line.scripts.call.keys;
            let other = "0123456789*#ABCD".chars().filter_map(Key::new).find(|key| !keys.contains_key(key));
            line.key(other.context("--part not-a-choice: every key means something")?);
        }
        Part::GivingUp => {
            // As many steps as there are at most: silence ends a call.
            for _ in 0..line.scripts.call.limits.most_steps() {
                if line.is_over() {
                    break;
                }
                line.wait();
            }
        }
        Part::Goodbye => {
            line.press(KeyAction::Confirm)?;
            line.wait();
        }
        Part::Connecting | Part::DeskClosed => line.press(KeyAction::Transfer)?,
        Part::DeskNoAnswer => {
            line.press(KeyAction::Transfer)?;
            line.tell(CallEvent::Transferred { step: line.step(), result: TransferResult::NoAnswer });
        }
    }
    line.call.current().cloned().context("the call says nothing")
}

/// A desk for what is said of one: open now, or opening when the visit starts.
fn desk(brief: &Brief, closed: bool) -> Desk {
    let (day, at) = (brief.start.date.weekday(), brief.start.time);
    let from_minute = (at.hour() * 60 + at.minute()) as u16;
    let hours = DeskHours { day, from_minute, until_minute: from_minute + 1 };
    let open = if closed { vec![hours] } else { Vec::new() };
    Desk { number: brief.callback_number.clone(), zone: Tz::UTC, open }
}

/// A call, and somebody who answers it.
struct Line {
    scripts: Arc<Scripts>,
    call: Call,
    now: DateTime<Utc>,
}

impl Line {
    fn tell(&mut self, event: CallEvent) -> Option<Step> {
        self.call.handle(&event, self.now);
        self.call.current().cloned()
    }

    fn step(&self) -> u32 {
        self.call.current().map_or(0, |step| step.number)
    }

    fn press(&mut self, action: KeyAction) -> anyhow::Result<()> {
        let found = self.scripts.call.keys.iter().find(|(_, meaning)| **meaning == action).map(|(key, _)| *key);
        let name = &self.scripts.call.name;
        self.key(found.with_context(|| format!("--part: no key of the script {name} leads there"))?);
        Ok(())
    }

    fn key(&mut self, key: Key) {
        self.tell(CallEvent::Key { step: self.step(), key });
    }

    fn wait(&mut self) {
        self.tell(CallEvent::Silence { step: self.step() });
    }

    fn is_over(&self) -> bool {
        self.call.current().is_some_and(|step| step.then == Then::HangUp)
    }
}
