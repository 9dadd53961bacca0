//! Which of a patient's telephones is called.

use super::{Job, Limits, OptOutScope, PatientFacts};
use crate::domain::{Attempt, EndReason, Outcome, PhoneKind, PhoneNumber, Purpose};

/// What the numbers of a patient come to, for one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhoneChoice<'a> {
    /// The first that can be dialled, in the job's order.
    Found(PhoneKind, &'a PhoneNumber),
    /// No number of the job's kinds is given.
    NoneGiven,
    /// Numbers are given, none can be dialled.
    NoneDialable,
    /// What could be dialled has opted out.
    OptedOut,
}

/// Chooses the number. Where the patient allows one number only, that one is used whatever the job's kinds are
/// (calling-rules L-37). Opt-outs stop notices only where their scope is everything (L-20).
pub(crate) fn choose<'a>(job: &Job, limits: &Limits, facts: &'a PatientFacts) -> PhoneChoice<'a> {
    let heed = job.purpose == Purpose::Reminder || limits.opt_out_scope == OptOutScope::Everything;
    let judge = |kind, number| judge(kind, number, limits, facts, heed);
    let phones = &facts.patient.phones;
    let mut worst = PhoneChoice::NoneGiven;
    if let Some(only) = &facts.patient.flags.only_number {
        let only = only.reveal();
        let same = phones.iter().find(|p| p.number.as_ref() == Some(only)).map(|p| p.kind);
        let kind = same.or(job.call.phones.first().copied()).unwrap_or(PhoneKind::Home);
        return judge(kind, Some(only));
    }
    for kind in &job.call.phones {
        for phone in phones.iter().filter(|p| p.kind == *kind) {
            if phone.number.is_none() && phone.given.reveal().trim().is_empty() {
                continue;
            }
            match judge(*kind, phone.number.as_ref()) {
                found @ PhoneChoice::Found(..) => return found,
                PhoneChoice::OptedOut => worst = PhoneChoice::OptedOut,
                _ if worst == PhoneChoice::NoneGiven => worst = PhoneChoice::NoneDialable,
                _ => {}
            }
        }
    }
    worst
}

fn judge<'a>(
    kind: PhoneKind,
    number: Option<&'a PhoneNumber>,
    limits: &Limits,
    facts: &PatientFacts,
    heed: bool,
) -> PhoneChoice<'a> {
    match number {
        Some(number) if !may_be_dialled(number, limits) || was_said_to_be_wrong(number, facts) => PhoneChoice::NoneDialable,
        Some(number) if heed && facts.opted_out_numbers.contains(number) => PhoneChoice::OptedOut,
        Some(number) => PhoneChoice::Found(kind, number),
        None => PhoneChoice::NoneDialable,
    }
}

/// Whether somebody who answered it said that it is not this patient's number, or a fax machine answered it: it is never
/// called about them again, whatever the visit, while another number of theirs may be. A text telephone sounds like a fax:
/// the number of a patient who has one is dialled all the same (calling-rules L-49). (A number that the carrier calls invalid ends the calls about
/// that visit alone: networks err, and numbers come back.)
pub(crate) fn was_said_to_be_wrong(number: &PhoneNumber, facts: &PatientFacts) -> bool {
    let mut attempts = facts.outreaches.iter().flat_map(|o| &o.attempts);
    let is_wrong =
        |attempt: &Attempt| attempt.outcome == Some(Outcome::WrongNumber) || (is_fax(attempt) && !facts.patient.flags.tty);
    attempts.any(|attempt| attempt.phone == *number && is_wrong(attempt))
}

/// Whether a fax machine answered.
pub(crate) fn is_fax(attempt: &Attempt) -> bool {
    attempt.outcome == Some(Outcome::Failed) && attempt.end_reason == Some(EndReason::Fax)
}

/// Whether the limits let this number be dialled: its country is listed, and no entry of the deny list begins it. An
/// entry is E.164 or its beginning, or digits alone, with or without the country's 1.
pub fn may_be_dialled(number: &PhoneNumber, limits: &Limits) -> bool {
    let number = number.as_str();
    let national = number.strip_prefix("+1");
    limits.countries.iter().any(|country| number.starts_with(country.as_str()))
        && !limits.deny.iter().any(|entry| match entry.strip_prefix('+') {
            Some(_) => begins(number, entry),
            None => begins(number.trim_start_matches('+'), entry) || national.is_some_and(|n| begins(n, entry)),
        })
}

/// Whether `number` begins with the digits of `entry`; an entry without digits begins nothing.
fn begins(number: &str, entry: &str) -> bool {
    let mut rest = number.bytes();
    let mut digits = entry.bytes().filter(|b| b.is_ascii_digit() || *b == b'+').peekable();
    digits.peek().is_some() && digits.all(|digit| rest.next() == Some(digit))
}
