//! Which rows go into one transaction: about 500, and all rows of one booking or one patient together, so that several of
//! them settle against each other before anything is written.

use crate::core::ids::{AppointmentId, PatientId};
use crate::feed::Row;
use std::collections::HashMap;

/// Rows of one transaction, unless a single patient has more.
const ROWS: usize = 500;

/// The rows in batches; within a batch in the order of the file.
pub(super) fn batches(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut families: Vec<Vec<&Row>> = Vec::new();
    let mut seat: HashMap<usize, usize> = HashMap::new();
    let heads = heads(rows);
    for (row, head) in rows.iter().zip(heads) {
        let family = *seat.entry(head).or_insert_with(|| {
            families.push(Vec::new());
            families.len() - 1
        });
        families[family].push(row);
    }
    let mut batches: Vec<Vec<&Row>> = Vec::new();
    for family in families {
        match batches.last_mut() {
            Some(batch) if batch.len() + family.len() <= ROWS => batch.extend(family),
            _ => batches.push(family),
        }
    }
    batches.iter_mut().for_each(|batch| batch.sort_by_key(|row| row.line));
    batches
}

/// For each row the first row it is tied to, through a booking or a patient, however many rows lie between.
fn heads(rows: &[Row]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..rows.len()).collect();
    let mut by_booking: HashMap<&AppointmentId, usize> = HashMap::new();
    let mut by_patient: HashMap<&PatientId, usize> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        let (booking, patient) = match &row.content {
            Ok(good) => (Some(&good.change.appointment), Some(&good.change.patient)),
            Err(refused) => (None, refused.opts_out.as_ref()),
        };
        let tied =
            [booking.map(|id| *by_booking.entry(id).or_insert(place)), patient.map(|id| *by_patient.entry(id).or_insert(place))];
        for other in tied.into_iter().flatten() {
            let (one, other) = (head(&mut parent, place), head(&mut parent, other));
            parent[one.max(other)] = one.min(other);
        }
    }
    (0..rows.len()).map(|place| head(&mut parent, place)).collect()
}

fn head(parent: &mut [usize], mut place: usize) -> usize {
    while parent[place] != place {
        parent[place] = parent[parent[place]];
        place = parent[place];
    }
    place
}
