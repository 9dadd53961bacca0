//! The columns by name: ours, which of them a file needs, and what strangers call them.

use crate::fault::nearest;

/// The columns of the native CSV (interfaces, section 6), in its order.
pub const COLUMNS: [&str; 28] = [
    "appointment_id",
    "patient_id",
    "first_name",
    "last_name",
    "birth_date",
    "phone_home",
    "phone_mobile",
    "phone_work",
    "language",
    "start",
    "duration_minutes",
    "service",
    "visit_type",
    "department",
    "site",
    "status",
    "established",
    "voicemail",
    "opt_out",
    "no_call",
    "only_number",
    "deceased",
    "tty",
    "sensitive",
    "consent",
    "guardian",
    "booked_at",
    "updated_at",
];

/// The columns of which at least one must be there, and what to call them together.
pub(super) const REQUIRED: [(&[&str], &str); 6] = [
    (&["appointment_id"], "appointment_id"),
    (&["patient_id"], "patient_id"),
    (&["phone_home", "phone_mobile", "phone_work"], "phone_home, phone_mobile or phone_work"),
    (&["start"], "start"),
    (&["site"], "site"),
    (&["service", "visit_type"], "service or visit_type"),
];

/// What other systems call our columns: for suggestions only.
const OTHER_NAMES: [(&str, &str); 20] = [
    ("csn", "appointment_id"),
    ("appt_id", "appointment_id"),
    ("apptid", "appointment_id"),
    ("visit_id", "appointment_id"),
    ("mrn", "patient_id"),
    ("pat_id", "patient_id"),
    ("first", "first_name"),
    ("last", "last_name"),
    ("surname", "last_name"),
    ("dob", "birth_date"),
    ("phone", "phone_home"),
    ("home_phone", "phone_home"),
    ("mobile", "phone_mobile"),
    ("cell", "phone_mobile"),
    ("work_phone", "phone_work"),
    ("date", "start"),
    ("appt_date", "start"),
    ("appt_type", "visit_type"),
    ("location", "site"),
    ("dept", "department"),
];

/// Which of our columns a stranger's name probably stands for.
pub(super) fn meant(found: &str) -> Option<&'static str> {
    let plain = found.trim().to_ascii_lowercase().replace([' ', '-', '.', '/'], "_");
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == plain).map(|(_, ours)| *ours);
    other.or_else(|| nearest(&plain, COLUMNS))
}
