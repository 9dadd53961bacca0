//! Whose number calls, and what they may be told.

use crate::core::call::CallerKind;
use crate::core::domain::{Outreach, PhoneNumber};
use crate::core::plan::{PatientFacts, Rules, pending};
use crate::live_call::{LiveCallError, LiveCalls};
use crate::store::Cap;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// So many wrong birthdays may be entered from a number, and from all numbers of a patient …
const GUESSES: u32 = 9;
/// … in so long a time. Then nobody who calls from it is asked.
const GUESSED_WITHIN: Duration = Duration::hours(24);

/// A number that calls, with everything that decides what it is told.
pub(super) struct Who {
    pub rules: Arc<Rules>,
    /// Everybody who has the number.
    pub patients: Vec<PatientFacts>,
    caller: PhoneNumber,
    wrong: u32,
    now: DateTime<Utc>,
}

/// How many wrong birthdays may have been entered by now.
pub(super) fn guesses(now: DateTime<Utc>) -> Cap {
    Cap { since: now - GUESSED_WITHIN, limit: GUESSES }
}

impl LiveCalls {
    /// Reads what is known of a number.
    pub(super) async fn who(&self, caller: &PhoneNumber, now: DateTime<Utc>) -> Result<Who, LiveCallError> {
        let known = self.store.caller(caller, guesses(now).since).await?;
        let patients = match known.patients.is_empty() {
            true => Vec::new(),
            false => self.store.load_facts(&known.patients, now).await?,
        };
        Ok(Who { rules: self.board.rules(), patients, caller: caller.clone(), wrong: known.wrong, now })
    }
}

impl Who {
    /// Who it is, before anything is said. While a call of ours to the number is live nobody is told anything: somebody has
    /// answered it.
    pub fn kind(&self) -> CallerKind {
        let asked = self.wrong < GUESSES && !self.is_being_called() && self.candidates().next().is_some();
        if asked { CallerKind::Known } else { CallerKind::Stranger }
    }

    /// What the patient may be told of.
    pub fn pending<'f>(&self, facts: &'f PatientFacts) -> Option<&'f Outreach> {
        pending(&self.rules, facts, &self.caller, self.now)
    }

    /// Whether one of the patients whom it may be uses a text telephone or a relay (calling-rules L-49).
    pub fn needs_time(&self) -> bool {
        self.candidates().any(|facts| facts.patient.flags.tty)
    }

    fn candidates(&self) -> impl Iterator<Item = &PatientFacts> {
        self.patients.iter().filter(|facts| facts.patient.birth_date.is_some() && self.pending(facts).is_some())
    }

    fn is_being_called(&self) -> bool {
        let mut attempts = self.patients.iter().flat_map(|facts| &facts.outreaches).flat_map(|o| &o.attempts);
        attempts.any(|attempt| attempt.status.is_live() && attempt.phone == self.caller)
    }
}
