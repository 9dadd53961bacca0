//! A call to our number becomes an attempt of the promise that it is told of: from there on it is a call like any other.

use super::who::Who;
use crate::core::domain::{Attempt, AttemptStatus, Dial, PhoneKind};
use crate::core::ids::{AttemptId, AttemptToken};
use crate::core::plan::PatientFacts;
use crate::live_call::LiveCalls;
use crate::store::{IncomingCall, Join};
use chrono::{DateTime, Utc};

impl LiveCalls {
    /// The attempt that a call becomes in which `facts`' patient was recognized; `None` where they may be told of nothing.
    pub(super) fn join(&self, call: &IncomingCall, who: &Who, facts: &PatientFacts, now: DateTime<Utc>) -> Option<Join> {
        let caller = call.caller.as_ref()?;
        let outreach = who.pending(facts)?;
        let jobs = &who.rules.jobs;
        // Jobs are renamed; what was promised for a purpose is said by another job of that purpose then.
        let promised = jobs.iter().find(|job| job.name == outreach.job);
        let job = promised.or_else(|| jobs.iter().find(|job| job.purpose == outreach.purpose))?;
        let mut brief = self.reception.briefs.brief(&self.voice.now(), &who.rules, job, outreach, facts, now)?;
        brief.before_ms = u32::try_from((now - call.at).num_milliseconds()).unwrap_or_default();
        let deadline = now + who.rules.limits.max_call;
        let phone = facts.patient.phones.iter().find(|phone| phone.number.as_ref() == Some(caller));
        // The store gives it the next number.
        let attempt = Attempt {
            status: AttemptStatus::InProgress,
            carrier_call_id: Some(call.carrier_call_id.clone()),
            placed_at: Some(now),
            inbound: true,
            ..Attempt::planned(
                AttemptId::new(format!("a-{}", self.chance.hex(8))),
                outreach.id.clone(),
                0,
                Dial {
                    due_at: now,
                    not_after: deadline,
                    phone_kind: phone.map_or(PhoneKind::Home, |phone| phone.kind),
                    phone: caller.clone(),
                    language: brief.language.clone(),
                    carrier: call.carrier.clone(),
                },
            )
        };
        let token = AttemptToken::new(self.chance.hex(24));
        Some(Join { attempt, patient: facts.patient.id.clone(), token, brief, deadline })
    }
}
