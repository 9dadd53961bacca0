//! What one call is about, gathered when it is placed.

use super::{CallbackNumbers, Desks, Dialer};
use crate::config::{Config, Organization};
use crate::core::call::{Brief, DELAY};
use crate::core::domain::{LocalMoment, Outreach, Purpose, Visit, group_visits};
use crate::core::plan::{Job, PatientFacts, Rules, notice_of, place_in_touch, stands_as_told, voicemail_for};
use crate::live_call::{Briefs, Speech};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// Writes the briefs of calls, those that we place and those that come to our number, by the numbers of a configuration.
#[derive(Debug, Clone)]
pub struct BriefWriter {
    organization: Organization,
    callback_numbers: CallbackNumbers,
    desks: Desks,
}

impl BriefWriter {
    /// With the numbers of a configuration.
    pub fn of(config: &Config) -> BriefWriter {
        BriefWriter {
            organization: config.organization.clone(),
            callback_numbers: CallbackNumbers::of(config),
            desks: Desks::of(config),
        }
    }
}

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
        self.live.reception.briefs.brief(&self.live.voice.now(), rules, job, outreach, facts, now)
    }
}

impl Briefs for BriefWriter {
    fn brief(
        &self,
        speech: &Speech,
        rules: &Rules,
        job: &Job,
        outreach: &Outreach,
        facts: &PatientFacts,
        now: DateTime<Utc>,
    ) -> Option<Brief> {
        let zone = rules.zone(&outreach.visit.site)?;
        let wanted = facts.patient.language.as_ref();
        let earlier = facts.outreaches.iter().find(|o| o.outreach.id == outreach.id).map_or(&[][..], |o| &o.attempts);
        let (place, is_last) = place_in_touch(job, earlier);
        let visits = group_visits(&facts.appointments, |site| rules.zone(site));
        let visit = visits.iter().find(|visit| visit.key == outreach.visit);
        let department = visit.and_then(|visit| visit.spoken_of()[0].department.as_ref()).map(|d| d.reveal().as_str());
        let notice = match outreach.purpose {
            Purpose::Reminder => None,
            Purpose::Cancelled | Purpose::Moved | Purpose::Closure => notice_of(rules, facts, outreach, now),
        };
        // Who was told that a visit moved may call to confirm it: it is said again, without where it was before.
        if notice.is_none() && outreach.purpose != Purpose::Reminder && !stands_as_told(rules, facts, outreach) {
            return None;
        }
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
            callback_number: self.callback_numbers.most_specific(&outreach.visit.site, department).clone(),
            opt_out_number: self.organization.opt_out_number.clone(),
            voicemail: voicemail_for(job, &facts.patient, place, is_last),
            message_ms: 0,
            before_ms: 0,
            long_timeouts: facts.patient.flags.tty,
            guardian: facts.patient.flags.guardian,
            desk: if job.call.transfer { self.desks.of_visit(department, zone) } else { None },
        };
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
