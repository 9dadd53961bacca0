//! What the feed says: batches of rows, as a native CSV.

use super::Day;
use crate::simulate::mischief::Mischief;
use chrono::{DateTime, SecondsFormat, Utc};

/// One row of the feed: the state of one booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The booking.
    pub appointment: String,
    /// Whose.
    pub patient: String,
    /// Where.
    pub site: &'static str,
    /// When the patient must be there.
    pub start: DateTime<Utc>,
    /// The class of service; empty where nobody knows.
    pub service: &'static str,
    /// Where in the house.
    pub department: &'static str,
    /// Where it stands.
    pub status: &'static str,
    /// Whether the patient was here before.
    pub established: bool,
    /// Whether the patient opts out.
    pub opt_out: bool,
    /// What may be left on a machine; empty: what the job says.
    pub voicemail: &'static str,
    /// When it was booked.
    pub booked_at: DateTime<Utc>,
    /// When it was edited last.
    pub updated: Updated,
}

/// The time of a row's last edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// This moment.
    At(DateTime<Utc>),
    /// When its batch was first handed in, by true time.
    Now,
}

/// Rows that come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What it is, for people: `night`, `noon`, `cancelled`.
    pub name: String,
    /// Which mischief it is, where it is one.
    pub mischief: Option<Mischief>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where it is a state of an earlier moment that comes late: what [`Updated::Now`] means then.
    pub as_of: Option<DateTime<Utc>>,
}

impl Row {
    /// Whether the patient is expected.
    pub fn is_booked(&self) -> bool {
        matches!(self.status, "booked" | "confirmed")
    }

    /// The moment of its last edit where its batch is handed in now.
    pub fn updated_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self.updated {
            Updated::At(at) => at,
            Updated::Now => now,
        }
    }
}

const HEADER: &str = "appointment_id,patient_id,first_name,last_name,birth_date,phone_home,phone_mobile,language,start,\
duration_minutes,service,department,site,status,established,voicemail,opt_out,booked_at,updated_at";

/// The batch as a native CSV; `now` is when it is first handed in. Rows of patients who are not in the day are left out.
pub(super) fn csv(day: &Day, batch: &Batch, now: DateTime<Utc>) -> String {
    let now = batch.as_of.unwrap_or(now);
    let mut lines = vec![HEADER.to_string()];
    for row in &batch.rows {
        let Some(person) = day.person(&row.patient) else { continue };
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let yes = |is: bool| if is { "yes" } else { "" };
        let number = |phone: &Option<crate::core::domain::PhoneNumber>| {
            phone.as_ref().map(|number| number.as_str().to_string()).unwrap_or_default()
        };
        let fields = [
            row.appointment.clone(),
            person.id.clone(),
            person.name.0.to_string(),
            person.name.1.to_string(),
            person.born.to_string(),
            number(&person.home),
            number(&person.mobile),
            person.language.to_string(),
            moment(row.start),
            "30".to_string(),
            row.service.to_string(),
            row.department.to_string(),
            row.site.to_string(),
            row.status.to_string(),
            if row.established { "yes" } else { "no" }.to_string(),
            row.voicemail.to_string(),
            yes(row.opt_out).to_string(),
            moment(row.booked_at),
            moment(row.updated_at(now)),
        ];
        lines.push(fields.join(","));
    }
    lines.join("\n") + "\n"
}
