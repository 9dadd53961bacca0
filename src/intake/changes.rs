//! What an edit of a booking makes of what its patient must still be told. Only the first edit keeps what the booking was:
//! whatever follows, the patient goes by that until they hear the net change.

use crate::core::domain::{Appointment, AppointmentStatus, LastKnown, PendingChange};
use crate::core::ids::SiteKey;
use crate::store::{ChangeEdit, ChangeNote};
use chrono::{DateTime, Utc};

/// The note of an edit at `now`, given what is pending about the booking; none where the patient need not hear of it. Where
/// the booking changes hands, what is pending goes with it: nearly always it is the same person under another number.
pub(super) fn note(
    before: &Appointment,
    after: &Appointment,
    pending: Option<&PendingChange>,
    now: DateTime<Utc>,
) -> Option<ChangeNote> {
    let edited = said(before) != said(after);
    let edit = match pending {
        Some(_) if edited && said(after) != Said::TookPlace || before.patient != after.patient => ChangeEdit::Another,
        Some(_) => return None,
        None if edited && said(after) != Said::TookPlace && before.status.is_booked() && before.start > now => {
            ChangeEdit::First(LastKnown {
                site: before.site.clone(),
                start: before.start,
                service: before.service,
                department: before.department.clone(),
            })
        }
        None => return None,
    };
    Some(ChangeNote { appointment: after.id.clone(), patient: after.patient.clone(), edit })
}

/// What a patient would say about a booking.
#[derive(PartialEq, Eq)]
enum Said<'a> {
    /// "I am expected there and then."
    Booked(&'a SiteKey, DateTime<Utc>),
    /// "Perhaps there and then."
    NotFirm(&'a SiteKey, DateTime<Utc>),
    /// "It is called off", wherever it was.
    Off,
    /// "I was there", or should have been.
    TookPlace,
}

fn said(booking: &Appointment) -> Said<'_> {
    match booking.status {
        AppointmentStatus::Booked | AppointmentStatus::Confirmed => Said::Booked(&booking.site, booking.start),
        AppointmentStatus::Pending => Said::NotFirm(&booking.site, booking.start),
        AppointmentStatus::Cancelled => Said::Off,
        AppointmentStatus::Arrived | AppointmentStatus::Completed | AppointmentStatus::NoShow => Said::TookPlace,
    }
}
