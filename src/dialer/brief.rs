//! What one call is about, gathered when it is placed.

use super::Dialer;
use crate::core::call::{Brief, DELAY};
use crate::core::domain::{LocalMoment, Outreach, Purpose, Visit, group_visits};
use crate::core::plan::{Job, PatientFacts, Rules, notice_of, place_in_touch, voicemail_for};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

impl Dialer {
    /// The brief of a call about `outreach`, by the rules and from the facts that it was judged by at `now`; `None` when its
    /// visit, its site or what it is to tell is gone.
    pub(super) fn brief(
        &self,
        rules: &Rules,
        job: &Job,
        outreach: &Outreach,
        facts: &PatientFacts,
        now: DateTime<Utc>,
    ) -> Option<Brief> {
        let zone = rules.zone(&outreach.visit.site)?;
        let wanted = facts.patient.language.as_ref();
        let organization = &self.settings.organization;
        let earlier = facts.outreaches.iter().find(|o| o.outreach.id == outreach.id).map_or(&[][..], |o| &o.attempts);
        let (place, is_last) = place_in_touch(job, earlier);
        let visits = group_visits(&facts.appointments, |site| rules.zone(site));
        let visit = visits.iter().find(|visit| visit.key == outreach.visit);
        let department = visit.and_then(|visit| visit.spoken_of()[0].department.as_ref()).map(|d| d.reveal().as_str());
        let notice = match outreach.purpose {
            Purpose::Reminder => None,
            Purpose::Cancelled | Purpose::Moved | Purpose::Closure => Some(notice_of(rules, facts, outreach, now)?),
        };
        let late = notice.as_ref().is_some_and(|notice| notice.delayed);
        let moved = notice.filter(|notice| notice.purpose == Purpose::Moved);
        let mut brief = Brief {
            purpose: outreach.purpose,
            script: if late { DELAY.to_string() } else { job.call.script.clone() },
            language: rules.pack_for(wanted)?.clone(),
            start: LocalMoment::at(outreach.start, zone),
            old_start: moved.map(|notice| LocalMoment::at(notice.old.start, notice.old.zone)),
            site: outreach.visit.site.clone(),
            appointments: visit.map_or(1, booked_times),
            callback_number: self.settings.callback_numbers.most_specific(&outreach.visit.site, department).clone(),
            opt_out_number: organization.opt_out_number.clone(),
            voicemail: voicemail_for(job, &facts.patient, place, is_last),
            message_ms: 0,
            long_timeouts: facts.patient.flags.tty,
            guardian: facts.patient.flags.guardian,
            desk: if job.call.transfer { self.settings.desks.of_visit(department, zone) } else { None },
        };
        let speech = self.live.voice.now();
        let scripts = speech.scripts.for_call(&brief.script, &brief.site)?;
        brief.message_ms = speech.length_ms(&brief, &scripts.call.first_words(&brief));
        Some(brief)
    }
}

/// How many bookings the visit holds, the same time counted once (duplicate bookings), at least 1.
fn booked_times(visit: &Visit) -> u32 {
    let starts: BTreeSet<_> = visit.booked().map(|booking| booking.start).collect();
    u32::try_from(starts.len()).unwrap_or(u32::MAX).max(1)
}
