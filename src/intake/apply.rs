//! What a batch of rows changes, decided from what is known. Pure: the same rows on the same knowledge give the same batch.

use super::{changes, consent, distinct, patient};
use crate::core::domain::{
    Applied, Appointment, AppointmentChange, AppointmentStatus, Patient, PatientFlags, PendingChange, Phone, Service, VisitKey,
};
use crate::core::ids::{AppointmentId, FeedName, LanguageTag, PatientId, SiteKey};
use crate::feed::Row;
use crate::store::{ChangeNote, Consent, Known, OptOut, Revised};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// What the rows of one batch say.
#[derive(Debug, Clone, Default)]
pub struct Said<'a> {
    /// The changes, in order of arrival.
    pub changes: Vec<&'a AppointmentChange>,
    /// Patients who opt out in a row that is refused otherwise.
    pub opts_out: Vec<&'a PatientId>,
}

/// What is to be written, and what became of each change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// Bookings that differ, with the revision they were decided on.
    pub appointments: Vec<Revised<Appointment>>,
    /// Patients that differ, likewise.
    pub patients: Vec<Revised<Patient>>,
    /// Visits of which something booked is different now: what was planned for them may be untrue.
    pub withdraw: Vec<VisitKey>,
    /// Opt-outs not known so far.
    pub opt_outs: Vec<OptOut>,
    /// What becomes of what patients must still be told, decided on the revisions of `appointments`.
    pub changes: Vec<ChangeNote>,
    /// Where numbers came from, as far as it is not on record.
    pub consents: Vec<Consent>,
    /// One for each change, in their order.
    pub applied: Vec<Applied>,
}

impl<'a> Said<'a> {
    /// What these rows say.
    pub fn of(rows: &[&'a Row]) -> Said<'a> {
        let mut said = Said::default();
        for row in rows {
            match &row.content {
                Ok(good) => said.changes.push(&good.change),
                Err(refused) => said.opts_out.extend(&refused.opts_out),
            }
        }
        said
    }

    /// The sites spoken of.
    pub fn sites(&self) -> Vec<SiteKey> {
        distinct(self.changes.iter().map(|change| change.site.clone()))
    }

    /// The bookings spoken of.
    pub fn appointments(&self) -> Vec<AppointmentId> {
        distinct(self.changes.iter().map(|change| change.appointment.clone()))
    }

    /// The patients spoken of.
    pub fn patients(&self) -> Vec<PatientId> {
        distinct(self.changes.iter().map(|change| &change.patient).chain(self.opts_out.iter().copied()).cloned())
    }
}

/// Decides a batch. `zone_of` gives a site's zone, for the day of a visit; `now` is when an undated booking was first seen.
pub fn apply(known: &Known, said: &Said<'_>, now: DateTime<Utc>, zone_of: &dyn Fn(&SiteKey) -> Option<Tz>) -> Decided {
    let mut batch = Batch { said, now, zone_of, decided: Decided::default(), stale: BTreeSet::new(), rows: Vec::new() };
    batch.rows = vec![None; said.changes.len()];
    let stored: BTreeMap<_, _> = known.appointments.iter().map(|stored| (&stored.value.id, stored)).collect();
    let pending: BTreeMap<_, _> = known.changes.iter().map(|change| (&change.appointment, change)).collect();
    for (id, places) in places_by(said, |change| &change.appointment) {
        batch.settle_booking(stored.get(id).copied(), pending.get(id).copied(), &places);
    }
    let stored: BTreeMap<_, _> = known.patients.iter().map(|stored| (&stored.value.id, stored)).collect();
    let mut people = places_by(said, |change| &change.patient);
    for id in &said.opts_out {
        people.entry(id).or_default();
    }
    let mut on_record: BTreeMap<&PatientId, Vec<Consent>> = BTreeMap::new();
    for consent in &known.consents {
        on_record.entry(&consent.patient).or_default().push(consent.clone());
    }
    for (id, places) in people {
        batch.settle_patient(stored.get(id).copied(), id, &places);
        let changes: Vec<_> = places.iter().map(|place| said.changes[*place]).collect();
        let on_record = on_record.remove(id).unwrap_or_default();
        batch.decided.consents.extend(consent::given(id, &changes, &on_record, now));
    }
    let applied = batch.rows.into_iter().map(|what| what.unwrap_or(Applied::Same)).collect();
    Decided { applied, withdraw: batch.stale.into_iter().collect(), ..batch.decided }
}

/// A batch while it is decided.
struct Batch<'a> {
    said: &'a Said<'a>,
    now: DateTime<Utc>,
    zone_of: &'a dyn Fn(&SiteKey) -> Option<Tz>,
    decided: Decided,
    stale: BTreeSet<VisitKey>,
    /// What became of each change; nothing for one that is older than what is known.
    rows: Vec<Option<Applied>>,
}

impl Batch<'_> {
    fn settle_booking(&mut self, stored: Option<&Revised<Appointment>>, pending: Option<&PendingChange>, places: &[usize]) {
        let before = stored.map(|stored| &stored.value);
        let mut folded = before.cloned();
        for place in places {
            let (next, what) = fold(folded.as_ref(), self.said.changes[*place], self.now);
            folded = Some(next);
            self.rows[*place] = what;
        }
        let Some(after) = folded else { return };
        let note = before.and_then(|before| changes::note(before, &after, pending, self.now));
        if before.is_some_and(|before| facts(before) == facts(&after)) {
            // Rows that changed something and changed it back again, as a file without `updated_at` does when it comes twice.
            places.iter().for_each(|place| self.rows[*place] = self.rows[*place].map(|_| Applied::Same));
        } else if after.status.is_booked() || before.is_some_and(|before| before.status.is_booked()) || note.is_some() {
            before.into_iter().chain([&after]).for_each(|booking| self.withdraw(&booking.patient, &booking.site, booking.start));
            // A notice may be planned about the visit as it was, which is neither of these.
            pending.into_iter().for_each(|pending| self.withdraw(&after.patient, &pending.old.site, pending.old.start));
        }
        self.decided.changes.extend(note);
        if before != Some(&after) {
            self.decided.appointments.push(Revised { value: after, revision: stored.map_or(0, |stored| stored.revision) });
        }
    }

    fn settle_patient(&mut self, stored: Option<&Revised<Patient>>, id: &PatientId, places: &[usize]) {
        let before = stored.map(|stored| &stored.value);
        let changes: Vec<&AppointmentChange> = places.iter().map(|place| self.said.changes[*place]).collect();
        let (mut after, altered) = patient::fold(before, id, &changes);
        after.flags.opt_out |= self.said.opts_out.contains(&id);
        if after.flags.opt_out && !before.is_some_and(|before| before.flags.opt_out) {
            let how = "import".to_string();
            self.decided.opt_outs.push(OptOut { patient: Some(id.clone()), phone: None, at: self.now, how });
        }
        if before.is_some_and(|before| reached_by(before) != reached_by(&after)) {
            let booked = changes.iter().filter(|change| change.status.is_booked());
            booked.for_each(|change| self.withdraw(id, &change.site, change.start));
        }
        let differs = before.is_some_and(|before| {
            Patient { updated_at: None, ..before.clone() } != Patient { updated_at: None, ..after.clone() }
        });
        for place in places.iter().zip(altered).filter(|(_, altered)| differs && *altered).map(|(place, _)| *place) {
            self.rows[place] = self.rows[place].map(|what| if what == Applied::Same { Applied::Changed } else { what });
        }
        // A patient of whom only a refused row speaks stands in the suppression list alone.
        if before != Some(&after) && (before.is_some() || !places.is_empty()) {
            self.decided.patients.push(Revised { value: after, revision: stored.map_or(0, |stored| stored.revision) });
        }
    }

    fn withdraw(&mut self, patient: &PatientId, site: &SiteKey, start: DateTime<Utc>) {
        if let Some(zone) = (self.zone_of)(site) {
            let day = start.with_timezone(&zone).date_naive();
            self.stale.insert(VisitKey { patient: patient.clone(), site: site.clone(), day });
        }
    }
}

/// The changes of each booking or patient, in order of arrival.
fn places_by<'a, K: Ord>(said: &Said<'a>, key: impl Fn(&'a AppointmentChange) -> &'a K) -> BTreeMap<&'a K, Vec<usize>> {
    let mut places: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (place, change) in said.changes.iter().enumerate() {
        places.entry(key(change)).or_default().push(place);
    }
    places
}

/// One change on one booking: the newest `updated_at` wins, equal or absent on either side the later arrival; `None` for one
/// that is older. What a field leaves empty stays as it was.
fn fold(known: Option<&Appointment>, change: &AppointmentChange, now: DateTime<Utc>) -> (Appointment, Option<Applied>) {
    if let Some(known) = known
        && change.updated_at.zip(known.updated_at).is_some_and(|(said, known)| said < known)
    {
        return (known.clone(), None);
    }
    let says_service = change.service != Service::Unknown || change.visit_type.is_some();
    let next = Appointment {
        id: change.appointment.clone(),
        patient: change.patient.clone(),
        site: change.site.clone(),
        department: change.department.clone().or_else(|| known?.department.clone()),
        start: change.start,
        duration_minutes: change.duration_minutes.or_else(|| known?.duration_minutes),
        service: known.filter(|_| !says_service).map_or(change.service, |known| known.service),
        service_by_rule: known.filter(|_| !says_service).map_or(change.service_by_rule, |known| known.service_by_rule),
        visit_type: change.visit_type.clone().or_else(|| known?.visit_type.clone()),
        status: change.status,
        established: change.established.or_else(|| known?.established),
        booked_at: change.booked_at.or(known.map(|known| known.booked_at)).unwrap_or(now),
        // The newest ever said: an undated row between two dated ones must not let an older one back in.
        updated_at: change.updated_at.max(known.and_then(|known| known.updated_at)),
        feed: change.feed.clone(),
    };
    let is_cancelled = next.status == AppointmentStatus::Cancelled;
    let what = match known {
        Some(known) if facts(known) == facts(&next) => Applied::Same,
        Some(known) if is_cancelled && known.status != AppointmentStatus::Cancelled => Applied::Cancelled,
        Some(_) => Applied::Changed,
        None if is_cancelled => Applied::Cancelled,
        None => Applied::New,
    };
    (next, Some(what))
}

/// A booking without what only says when, how and by whom it was told.
fn facts(booking: &Appointment) -> Appointment {
    Appointment { updated_at: None, feed: FeedName::from(""), service_by_rule: false, ..booking.clone() }
}

/// What decides whether, where and how a patient is called.
fn reached_by(patient: &Patient) -> (&Vec<Phone>, &Option<LanguageTag>, &PatientFlags) {
    (&patient.phones, &patient.language, &patient.flags)
}
