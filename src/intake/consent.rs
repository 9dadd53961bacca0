//! Where numbers came from: kept with each number that a feed gives (calling-rules L-02).

use crate::core::domain::AppointmentChange;
use crate::core::ids::PatientId;
use crate::store::Consent;
use chrono::{DateTime, Utc};

/// What `changes` say about the numbers of a patient and is not on record yet.
pub(super) fn given(
    patient: &PatientId,
    changes: &[&AppointmentChange],
    on_record: &[Consent],
    now: DateTime<Utc>,
) -> Vec<Consent> {
    let mut new: Vec<Consent> = Vec::new();
    for change in changes {
        let about = &change.about_patient;
        let numbers = about.phones.iter().filter_map(|phone| phone.number.as_ref());
        let only = about.only_number.as_ref().map(|number| number.reveal());
        for phone in numbers.chain(only) {
            let source = about.consent.clone().unwrap_or_else(|| format!("feed {}", change.feed));
            let same = |known: &Consent| known.patient == *patient && known.phone == *phone && known.source == source;
            if !on_record.iter().chain(&new).any(same) {
                new.push(Consent { patient: patient.clone(), phone: phone.clone(), source, at: now, feed: change.feed.clone() });
            }
        }
    }
    new
}
