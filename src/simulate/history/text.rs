//! The history as text.

use super::{Act, Actor, Done, Opened, Plan, Seen, StoreSeen};
use crate::carrier::simulator::{CallChange, CallNews};
use crate::core::domain::{VisitKey, WorkItem};
use crate::core::ids::AttemptId;
use crate::store::{CallCommit, GiveBack, OptOut};
use chrono::{DateTime, Utc};
use std::fmt::{self, Display, Write};

/// One line for each thing that happened.
pub(super) fn text(all: &[(DateTime<Utc>, Seen)]) -> String {
    let mut text = String::with_capacity(all.len() * 80);
    for (at, seen) in all {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {seen}", at.format("%Y-%m-%d %H:%M:%S%.6f"));
    }
    text
}

impl Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Replica(which, life) => write!(f, "replica {which}.{life}"),
            Actor::Feed => f.write_str("feed"),
            Actor::Desk => f.write_str("desk"),
        }
    }
}

fn or_none(attempt: &Option<AttemptId>) -> &str {
    attempt.as_ref().map_or("-", AttemptId::as_str)
}

fn status(status: &Result<u16, String>) -> String {
    status.as_ref().map_or_else(|why| format!("no answer: {why}"), u16::to_string)
}

impl Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Started(actor) => write!(f, "{actor} starts"),
            Seen::Killed(actor, place) => write!(f, "{actor} is killed: {place}"),
            Seen::ClockStepped { by, ahead } => {
                write!(f, "the clock is set by {} s, {} s ahead", by.num_seconds(), ahead.num_seconds())
            }
            Seen::StoreTrouble(trouble) => write!(f, "store trouble: {trouble:?}"),
            Seen::CarrierDown(is_down) => write!(f, "the carrier is {}", if *is_down { "down" } else { "up" }),
            Seen::AccountRefused(is_refused) => {
                write!(f, "the carrier {}", if *is_refused { "refuses our account" } else { "takes our account again" })
            }
            Seen::FeedHandedIn { name } => write!(f, "feed `{name}` is handed in"),
            Seen::FeedTaken { name } => write!(f, "feed `{name}` is taken in"),
            Seen::Store(seen) => seen.fmt(f),
            Seen::Asked { actor, what, attempt, to } => {
                write!(f, "{actor} asks {what} {}", or_none(attempt))?;
                to.as_ref().map_or(Ok(()), |to| write!(f, " to {}", to.as_str()))
            }
            Seen::Answered { actor, what, attempt, status: answer } => {
                write!(f, "{actor} has the answer of {what} {}: {}", or_none(attempt), status(answer))
            }
            Seen::Call { news, attempt, number } => write!(f, "call {} {} ", or_none(attempt), number.as_str()).and(news.fmt(f)),
            Seen::Webhook { actor, what, attempt, body, status: answer, reply } => {
                write!(f, "webhook {what} {} `{body}`: {}", or_none(attempt), status(answer))?;
                reply.map_or(Ok(()), |reply| write!(f, " {:?} {:016x}", reply.says, reply.text))?;
                actor.map_or(Ok(()), |actor| write!(f, " by {actor}"))
            }
        }
    }
}

impl Display for CallNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.sid)?;
        match &self.what {
            CallChange::Taken { direction, .. } => write!(f, "taken, {}", direction.as_str()),
            CallChange::Status(status) => f.write_str(status.as_str()),
            CallChange::Pressed(key) => {
                write!(f, "key {} at {} ms{}", key.key, key.at_ms, if key.taken { "" } else { ", heard by nobody" })
            }
            CallChange::Acknowledged(keys) => write!(f, "keys {keys} acknowledged"),
            CallChange::ForgedBelieved => f.write_str("a forged webhook was believed"),
            CallChange::Recorded(heard) => write!(f, "recorded {}..{} of {} ms", heard.from_ms, heard.to_ms, heard.length_ms),
        }
    }
}

impl Display for StoreSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.actor, self.op)?;
        match self.done {
            Done::Yes => {}
            Done::Conflict => f.write_str(" conflict")?,
            Done::Failed => f.write_str(" failed")?,
            Done::Refused => f.write_str(" made to fail")?,
            Done::Unheard => f.write_str(" done, reported as failed")?,
        }
        self.what.as_ref().map_or(Ok(()), |what| write!(f, ": {what}"))
    }
}

impl Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Leased(leased) => {
                for one in leased {
                    write!(f, "{} {} ", one.attempt.id, one.outreach.visit.to_text())?;
                }
                Ok(())
            }
            Act::Requested(order, verdict) => write!(f, "{} {verdict:?}", order.attempt),
            Act::GivenBack(attempt, GiveBack::Later(at)) => write!(f, "{attempt} for {at}"),
            Act::GivenBack(attempt, GiveBack::Cancel) => write!(f, "{attempt} cancelled"),
            Act::Planned(plan) => plan.fmt(f),
            Act::TakenIn(intake) => {
                let bookings = intake.appointments.iter().map(|it| format!("{} {} {}", it.id, it.status.as_str(), it.start));
                let withdrawn = intake.withdraw.iter().map(VisitKey::to_text);
                write!(f, "{}", bookings.collect::<Vec<_>>().join(", "))?;
                write!(f, "; withdrawn {}", withdrawn.collect::<Vec<_>>().join(", "))?;
                intake.opt_outs.iter().try_for_each(|out| write!(f, "; {}", opt_out(out)))
            }
            Act::Call(commit) => call(commit, f),
            Act::Incoming(commit, verdict) => {
                write!(f, "step {} {verdict:?}", commit.step)?;
                commit.join.iter().try_for_each(|join| write!(f, "; becomes {}", join.attempt.id))?;
                commit.opt_out.iter().try_for_each(|out| write!(f, "; {}", opt_out(out)))
            }
            Act::OptOut(out) => f.write_str(&opt_out(out)),
            Act::Work(item, is_new) => write!(f, "{}{}", work(item), if *is_new { "" } else { ", open already" }),
            Act::WorkResolved(item, was_open) => write!(f, "{item}{}", if *was_open { "" } else { ", closed already" }),
            Act::LeasesEnded(count) => write!(f, "{count}"),
        }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} patients", self.patients.len())?;
        for Opened { outreach, attempt, visit: of, due_at: due, not_after, .. } in &self.open {
            write!(f, "; new {outreach} {attempt} {} from {due} until {not_after}", of.to_text())?;
        }
        for shift in &self.shift {
            write!(f, "; {} is due {} until {}", shift.attempt, shift.due_at, shift.not_after)?;
        }
        self.withdraw.iter().try_for_each(|attempt| write!(f, "; withdrawn {attempt}"))?;
        self.open_work.iter().try_for_each(|item| write!(f, "; opens {}", work(item)))?;
        self.close_work.iter().try_for_each(|(kind, of)| write!(f, "; closes {} {}", kind.as_str(), of.to_text()))
    }
}

fn call(commit: &CallCommit, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} is {}", commit.attempt, commit.standing.status.as_str())?;
    commit.events.iter().try_for_each(|event| write!(f, " {:?}", event.event))?;
    if !commit.standing.keys.is_empty() {
        write!(f, "; keys {}", commit.standing.keys)?;
    }
    commit.standing.outcome.iter().try_for_each(|outcome| write!(f, "; {}", outcome.as_str()))?;
    commit.opt_out.iter().try_for_each(|out| write!(f, "; {}", opt_out(out)))?;
    commit.open_work.iter().try_for_each(|item| write!(f, "; opens {}", work(item)))?;
    commit.close_work.iter().try_for_each(|(kind, of)| write!(f, "; closes {} {}", kind.as_str(), of.to_text()))
}

fn work(item: &WorkItem) -> String {
    format!("{} {} {}", item.id, item.kind.as_str(), item.visit.as_ref().map_or(String::new(), VisitKey::to_text))
}

fn opt_out(out: &OptOut) -> String {
    let patient = out.patient.as_ref().map_or("", |patient| patient.as_str());
    let phone = out.phone.as_ref().map_or("", |phone| phone.as_str());
    format!("opted out {patient} {phone} by {}", out.how)
}
