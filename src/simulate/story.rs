//! A failing day as a story: when, what happened, what was expected. Of everything that was seen it tells what concerns the
//! patient or the number of the violation, and what befell everybody. Numbers are shown by their last four digits.

use super::day::Day;
use super::history::{Act, Actor, Done, History, Seen, StoreSeen};
use super::judged::Finding;
use super::ledger::FeedLine;
use crate::carrier::simulator::{CallChange, Direction};
use crate::core::domain::{Outcome, PhoneNumber};
use crate::core::ids::AttemptId;
use crate::store::{GiveBack, OptOut};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The longest story that anybody reads; what came first and what came last of a longer one.
const LONGEST: usize = 120;

/// Whom a story is about.
#[derive(Default)]
struct About {
    patients: BTreeSet<String>,
    numbers: BTreeSet<PhoneNumber>,
    attempts: BTreeSet<AttemptId>,
    /// Nobody in particular: then it tells of everybody.
    everybody: bool,
}

/// Tells what led to a finding.
pub fn story(day: &Day, history: &History, finding: &Finding) -> String {
    let about = About::of(day, history, finding);
    let mut lines: Vec<String> = Vec::new();
    let mut tell = |at: DateTime<Utc>, what: &str| {
        let (site, zone) = day.sites[0];
        lines.push(format!("{} {site}  {what}", at.with_timezone(&zone).format("%a %H:%M:%S%.3f")));
    };
    let before = history.iter().take_while(|(at, _)| *at <= finding.at);
    for (at, seen) in before {
        if let Some(what) = about.told(seen) {
            tell(*at, &what);
        }
    }
    if lines.len() > LONGEST {
        let left_out = lines.len() - LONGEST;
        lines.splice(LONGEST / 2..LONGEST / 2 + left_out, [format!("… {left_out} lines …")]);
    }
    let mut text = about.introduction(day);
    lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    let violation = &finding.violation;
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Broken: {}: {}", violation.invariant, violation.detail);
    let _ = writeln!(text, "Expected: {}", violation.expected());
    text
}

impl About {
    fn of(day: &Day, history: &History, finding: &Finding) -> About {
        let detail = &finding.violation.detail;
        let named = day.people.iter().map(|person| &person.id).filter(|id| detail.contains(id.as_str()));
        let mut about = About { patients: named.cloned().collect(), ..About::default() };
        let leased = || {
            let acts = history.iter().filter_map(|(_, seen)| match seen {
                Seen::Store(StoreSeen { what: Some(what), .. }) => Some(what),
                _ => None,
            });
            acts.filter_map(|act| if let Act::Leased(leased) = act.as_ref() { Some(leased) } else { None }).flatten()
        };
        for one in leased().filter(|one| detail.contains(one.attempt.id.as_str())) {
            about.patients.insert(one.outreach.visit.patient.as_str().to_string());
        }
        for (_, seen) in history.iter() {
            if let Seen::Call { news, attempt: Some(attempt), .. } = seen
                && detail.contains(&news.sid)
            {
                let of = leased().filter(|one| one.attempt.id == *attempt);
                about.patients.extend(of.map(|one| one.outreach.visit.patient.as_str().to_string()));
            }
        }
        about.everybody = about.patients.is_empty();
        let people = day.people.iter().filter(|person| about.patients.contains(&person.id));
        about.numbers = people.flat_map(|person| [&person.home, &person.mobile]).flatten().cloned().collect();
        let theirs = |one: &&crate::store::Leased| {
            about.patients.contains(one.outreach.visit.patient.as_str()) || about.numbers.contains(&one.attempt.phone)
        };
        about.attempts = leased().filter(theirs).map(|one| one.attempt.id.clone()).collect();
        about
    }

    fn introduction(&self, day: &Day) -> String {
        let mut text = format!("Seed {}: {} patients, {} replicas", day.seed, day.people.len(), day.replicas);
        let network = day.rates.network.to_string();
        if !network.is_empty() {
            let _ = write!(text, ", network {network}");
        }
        text.push('\n');
        for person in day.people.iter().filter(|person| self.patients.contains(&person.id)) {
            let phones = [("home", &person.home), ("mobile", &person.mobile)];
            let phones =
                phones.iter().filter_map(|(kind, phone)| phone.as_ref().map(|phone| format!("{kind} …{}", phone.last_four())));
            let _ = writeln!(text, "Patient {} of {}, {}", person.id, person.site, phones.collect::<Vec<_>>().join(", "));
            for row in day.rows().filter(|row| row.patient == person.id) {
                let _ = writeln!(
                    text,
                    "  booking {} at {}, {}, {}: {}",
                    row.appointment,
                    row.start.format("%Y-%m-%d %H:%M UTC"),
                    row.site,
                    if row.service.is_empty() { "unknown service" } else { row.service },
                    row.status
                );
            }
        }
        text
    }

    fn is_about(&self, attempt: &AttemptId) -> bool {
        self.everybody || self.attempts.contains(attempt)
    }

    /// What is told of something that was seen; none where it is no part of the story.
    fn told(&self, seen: &Seen) -> Option<String> {
        Some(match seen {
            Seen::Started(actor) => format!("{actor} starts"),
            Seen::Killed(actor, place) => format!("{actor} is killed ({place})"),
            Seen::ClockStepped { by, .. } => format!("the machine's clock is set by {} s", by.num_seconds()),
            Seen::StoreTrouble(Some(what)) => format!("the store is in trouble: {what:?}"),
            Seen::StoreTrouble(None) => "the store is well".to_string(),
            Seen::CarrierDown(down) => format!("the carrier is {}", if *down { "down" } else { "up" }),
            Seen::AccountRefused(is_refused) => {
                format!("the carrier {}", if *is_refused { "refuses our account" } else { "takes our account again" })
            }
            Seen::FeedHandedIn { .. } | Seen::FeedTaken { .. } => return None,
            Seen::Store(seen) => return self.stored(seen),
            Seen::Asked { actor, attempt: Some(attempt), to: Some(to), .. } if self.is_about(attempt) => {
                format!("{actor} asks the carrier for {attempt} to …{}", to.last_four())
            }
            Seen::Answered { actor, attempt: Some(attempt), status, .. } if self.is_about(attempt) => {
                let answer = status.as_ref().map_or_else(|why| format!("no answer ({why})"), |status| format!("status {status}"));
                format!("{actor} hears of {attempt}: {answer}")
            }
            Seen::Call { news, attempt, number } => {
                let theirs = self.numbers.contains(number) || attempt.as_ref().is_some_and(|attempt| self.is_about(attempt));
                if !theirs {
                    return None;
                }
                let what = match &news.what {
                    CallChange::Taken { direction: Direction::Outbound, .. } => "the carrier makes the call".to_string(),
                    CallChange::Taken { .. } => "somebody calls our number".to_string(),
                    CallChange::Status(status) => format!("the call is {}", status.as_str()),
                    CallChange::Pressed(key) => format!("key {}{}", key.key, if key.taken { "" } else { ", heard by nobody" }),
                    CallChange::Acknowledged(keys) => format!("key {keys} is acknowledged"),
                    CallChange::ForgedBelieved => "a forged webhook is answered with success".to_string(),
                    CallChange::Recorded(heard) => {
                        format!("on tape: {} to {} of {} ms", heard.from_ms, heard.to_ms, heard.length_ms)
                    }
                };
                format!("{what}, …{}, {}", number.last_four(), attempt.as_ref().map_or("-", AttemptId::as_str))
            }
            Seen::Webhook { actor, what, attempt: Some(attempt), status, reply, .. } if self.is_about(attempt) => {
                let who = actor.map_or("nobody".to_string(), |actor| actor.to_string());
                let answer = status.as_ref().map_or_else(|why| format!("no answer ({why})"), |status| format!("{status}"));
                let says = reply.map(|reply| format!(", {:?}", reply.says)).unwrap_or_default();
                format!("webhook {what} of {attempt} to {who}: {answer}{says}")
            }
            _ => return None,
        })
    }

    fn stored(&self, seen: &StoreSeen) -> Option<String> {
        let actor = seen.actor;
        let what = match seen.what.as_deref()? {
            Act::Leased(leased) => {
                let theirs = leased.iter().filter(|one| self.is_about(&one.attempt.id));
                let told = theirs.map(|one| {
                    let (purpose, start) = (one.outreach.purpose.as_str(), one.outreach.start.format("%m-%d %H:%M UTC"));
                    format!("{} to …{} ({purpose}, visit {start})", one.attempt.id, one.attempt.phone.last_four())
                });
                let told: Vec<_> = told.collect();
                if told.is_empty() {
                    return None;
                }
                format!("{actor} leases {}", told.join(", "))
            }
            Act::Requested(order, verdict) if self.is_about(&order.attempt) => {
                format!("{actor} commits the request of {}: {verdict:?}", order.attempt)
            }
            Act::GivenBack(attempt, back) if self.is_about(attempt) => match back {
                GiveBack::Later(_) => format!("{actor} gives {attempt} back for later"),
                GiveBack::Cancel => format!("{actor} cancels {attempt}"),
            },
            Act::TakenIn(intake) => return self.taken_in(actor, &intake.raw, seen.done),
            Act::Call(commit) if self.is_about(&commit.attempt) => {
                let events: Vec<_> = commit.events.iter().map(|event| format!("{:?}", event.event)).collect();
                let outcome = commit.standing.outcome.map_or("", Outcome::as_str);
                let (keys, status) = (&commit.standing.keys, commit.standing.status.as_str());
                format!("{actor} saves {}: {}; {status}, keys {keys:?} {outcome}", commit.attempt, events.join(", "))
            }
            Act::OptOut(out) if self.concerns(out) => format!("{actor} commits an opt-out by {}", out.how),
            Act::Incoming(commit, verdict)
                if commit.join.as_ref().is_some_and(|join| self.patients.contains(join.patient.as_str())) =>
            {
                format!("the call to our number becomes an attempt: {verdict:?}")
            }
            Act::Planned(plan) => {
                let open = plan.open.iter().filter(|new| self.patients.contains(new.visit.patient.as_str()));
                let open = open.map(|new| {
                    format!(
                        "{} for {} from {} until {}",
                        new.attempt,
                        new.visit.to_text(),
                        new.due_at.format("%m-%d %H:%M"),
                        new.not_after.format("%m-%d %H:%M UTC")
                    )
                });
                let withdrawn =
                    plan.withdraw.iter().filter(|attempt| self.attempts.contains(attempt)).map(|it| format!("withdraws {it}"));
                let work = plan
                    .open_work
                    .iter()
                    .filter(|item| item.patient.as_ref().is_some_and(|it| self.patients.contains(it.as_str())));
                let work = work.map(|item| format!("opens {}", item.kind.as_str()));
                let told: Vec<_> = open.chain(withdrawn).chain(work).collect();
                if told.is_empty() {
                    return None;
                }
                format!("{actor} plans {}", told.join(", "))
            }
            _ => return None,
        };
        Some(match seen.done {
            Done::Yes => what,
            Done::Unheard => format!("{what} (and is told that it failed)"),
            Done::Conflict | Done::Failed | Done::Refused => format!("{what} (which fails)"),
        })
    }

    fn concerns(&self, out: &OptOut) -> bool {
        let patient = out.patient.as_ref().is_some_and(|patient| self.patients.contains(patient.as_str()));
        patient || out.phone.as_ref().is_some_and(|phone| self.numbers.contains(phone))
    }

    fn taken_in(&self, actor: Actor, raw: &[String], done: Done) -> Option<String> {
        let rows = raw.iter().map(|line| FeedLine::read(line));
        let theirs = rows.filter(|row| self.patients.contains(row.patient()));
        let told: Vec<_> =
            theirs.map(|row| format!("{} at {} is {}", row.appointment(), row.start_text(), row.status())).collect();
        let how = if done.is_done() { "" } else { " (which fails)" };
        (!told.is_empty()).then(|| format!("the {actor} says: {}{how}", told.join(", ")))
    }
}
