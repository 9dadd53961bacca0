//! What one call is about, gathered when it is placed.

use super::Dialer;
use crate::core::call::Brief;
use crate::core::domain::{LocalMoment, Outreach, VisitKey, group_visits};
use crate::core::plan::{Job, PatientFacts, place_in_touch, voicemail_for};

impl Dialer {
    /// The brief of a call about `outreach`, from facts read just before dialling; `None` when its visit or site is gone.
    pub(super) fn brief(&self, job: &Job, outreach: &Outreach, facts: &PatientFacts) -> Option<Brief> {
        let rules = self.live.board.rules();
        let zone = rules.zone(&outreach.visit.site)?;
        let wanted = facts.patient.language.as_ref();
        let organization = &self.settings.organization;
        let earlier = facts.outreaches.iter().find(|o| o.outreach.id == outreach.id).map_or(&[][..], |o| &o.attempts);
        let (place, is_last) = place_in_touch(job, earlier);
        let mut brief = Brief {
            purpose: outreach.purpose,
            script: job.call.script.clone(),
            language: rules.pack_for(wanted)?.clone(),
            start: LocalMoment::at(outreach.start, zone),
            old_start: None,
            site: outreach.visit.site.clone(),
            appointments: booked_that_day(&outreach.visit, facts, |site| rules.zone(site)),
            callback_number: self
                .settings
                .callback_numbers
                .get(&outreach.visit.site)
                .unwrap_or(&organization.callback_number)
                .clone(),
            opt_out_number: organization.opt_out_number.clone(),
            voicemail: voicemail_for(job, &facts.patient, place, is_last),
            message_ms: 0,
            long_timeouts: facts.patient.flags.tty,
        };
        let script = self.live.scripts.calls.get(&brief.script)?;
        brief.message_ms = self.live.voice.length_ms(&brief.language, &script.first_words(&brief));
        Some(brief)
    }
}

/// How many bookings the visit holds, the same time counted once (duplicate bookings), at least 1.
fn booked_that_day(
    key: &VisitKey,
    facts: &PatientFacts,
    zone_of: impl Fn(&crate::core::ids::SiteKey) -> Option<chrono_tz::Tz>,
) -> u32 {
    let visits = group_visits(&facts.appointments, zone_of);
    let mut starts: Vec<_> =
        visits.iter().filter(|v| v.key == *key).flat_map(|v| v.booked().map(|a| a.start).collect::<Vec<_>>()).collect();
    starts.sort_unstable();
    starts.dedup();
    (starts.len() as u32).max(1)
}
