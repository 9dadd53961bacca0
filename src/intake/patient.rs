//! What rows say about a patient, folded into what is known. The newest row wins; an empty field says nothing; an opt-out
//! counts on any row and no row undoes it (interfaces, section 6).

use crate::core::domain::{AppointmentChange, Patient, PatientChange, PatientFlags, Phone};
use crate::core::ids::PatientId;
use chrono::{DateTime, Utc};

/// Folds `changes` (in order of arrival) into the patient and says which of them altered something.
///
/// They are folded in the order of their `updated_at`, so that one file gives the same patient in any order of its rows; one
/// without counts as new as the newest before it.
pub(super) fn fold(known: Option<&Patient>, id: &PatientId, changes: &[&AppointmentChange]) -> (Patient, Vec<bool>) {
    let mut patient = known.cloned().unwrap_or_else(|| nobody(id));
    let mut altered = vec![false; changes.len()];
    for place in order(patient.updated_at, changes) {
        let change = changes[place];
        let before = patient.clone();
        let older = change.updated_at.zip(patient.updated_at).is_some_and(|(said, known)| said < known);
        tell(&mut patient, &change.about_patient, older);
        altered[place] = patient != before;
        patient.updated_at = patient.updated_at.max(change.updated_at);
    }
    (patient, altered)
}

fn nobody(id: &PatientId) -> Patient {
    Patient {
        id: id.clone(),
        first_name: None,
        last_name: None,
        birth_date: None,
        phones: Vec::new(),
        language: None,
        flags: PatientFlags::default(),
        updated_at: None,
    }
}

fn order(known: Option<DateTime<Utc>>, changes: &[&AppointmentChange]) -> Vec<usize> {
    let mut newest = known;
    let mut moments = Vec::with_capacity(changes.len());
    for change in changes {
        newest = newest.max(change.updated_at);
        moments.push(change.updated_at.or(newest));
    }
    let mut places: Vec<usize> = (0..changes.len()).collect();
    places.sort_by_key(|place| moments[*place]);
    places
}

/// One row. An `older` one fills what nobody has said yet, and overwrites nothing.
fn tell(patient: &mut Patient, said: &PatientChange, older: bool) {
    set(&mut patient.first_name, &said.first_name, older);
    set(&mut patient.last_name, &said.last_name, older);
    set(&mut patient.birth_date, &said.birth_date, older);
    set(&mut patient.language, &said.language, older);
    said.phones.iter().for_each(|phone| set_phone(&mut patient.phones, phone, older));
    let flags = &mut patient.flags;
    set(&mut flags.voicemail, &said.voicemail, older);
    set(&mut flags.only_number, &said.only_number, older);
    set(&mut flags.consent, &said.consent, older);
    flags.opt_out |= said.opt_out == Some(true);
    if older {
        return;
    }
    for (flag, said) in [
        (&mut flags.no_call, said.no_call),
        (&mut flags.deceased, said.deceased),
        (&mut flags.tty, said.tty),
        (&mut flags.sensitive, said.sensitive),
        (&mut flags.guardian, said.guardian),
    ] {
        *flag = said.unwrap_or(*flag);
    }
}

fn set<T: Clone>(slot: &mut Option<T>, said: &Option<T>, older: bool) {
    if said.is_some() && !(older && slot.is_some()) {
        slot.clone_from(said);
    }
}

fn set_phone(phones: &mut Vec<Phone>, said: &Phone, older: bool) {
    match phones.iter_mut().find(|phone| phone.kind == said.kind) {
        Some(_) if older => {}
        Some(phone) => phone.clone_from(said),
        None => phones.push(said.clone()),
    }
    phones.sort_by_key(|phone| phone.kind);
}
