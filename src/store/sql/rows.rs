//! Rows to records. Every column is selected under its full name (`attempts.status`), so that what cannot be read is
//! named with its place.

use super::Row;
use crate::core::domain::{
    AnsweredBy, Appointment, AppointmentStatus, Attempt, AttemptStatus, Closure, EndReason, LastKnown, Outcome, Outreach,
    Patient, PendingChange, PhoneKind, PhoneNumber, Purpose, Service, VisitKey, WorkItem, WorkKind, WorkState,
};
use crate::core::ids::{
    AppointmentId, AttemptId, CarrierName, ClosureId, FeedName, JobName, LanguageTag, OutreachId, PatientId, SiteKey, WorkItemId,
};
use crate::core::phi::Phi;
use crate::store::stored::{read_form, read_micros};
use crate::store::{LiveCall, Result, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use sqlx::Row as _;

/// The columns of [`Fields::appointment`], from `appointments p`.
macro_rules! appointment_columns {
    () => {
        r#"p.id AS "appointments.id", p.patient AS "appointments.patient", p.site AS "appointments.site",
           p.department AS "appointments.department", p.start_at AS "appointments.start_at",
           p.duration_minutes AS "appointments.duration_minutes", p.service AS "appointments.service",
           p.service_by_rule AS "appointments.service_by_rule",
           p.visit_type AS "appointments.visit_type", p.status AS "appointments.status",
           p.established AS "appointments.established", p.booked_at AS "appointments.booked_at",
           p.updated_at AS "appointments.updated_at", p.feed AS "appointments.feed",
           p.revision AS "appointments.revision""#
    };
}

/// The columns of [`Fields::patient`], from `patients p`.
macro_rules! patient_columns {
    () => {
        r#"p.id AS "patients.id", p.first_name AS "patients.first_name", p.last_name AS "patients.last_name",
           p.birth_date AS "patients.birth_date", p.phones AS "patients.phones", p.language AS "patients.language",
           p.flags AS "patients.flags", p.updated_at AS "patients.updated_at", p.revision AS "patients.revision""#
    };
}

/// The columns of [`Fields::outreach`], from `outreaches o`.
macro_rules! outreach_columns {
    () => {
        r#"o.id AS "outreaches.id", o.visit AS "outreaches.visit", o.version AS "outreaches.version",
           o.purpose AS "outreaches.purpose", o.touch AS "outreaches.touch", o.job AS "outreaches.job",
           o.start_at AS "outreaches.start_at", o.moved_from AS "outreaches.moved_from""#
    };
}

/// The columns of [`Fields::attempt`], from `attempts a`.
macro_rules! attempt_columns {
    () => {
        r#"a.id AS "attempts.id", a.outreach AS "attempts.outreach", a.number AS "attempts.number",
           a.status AS "attempts.status", a.due_at AS "attempts.due_at", a.not_after AS "attempts.not_after",
           a.phone_kind AS "attempts.phone_kind", a.phone AS "attempts.phone", a.language AS "attempts.language",
           a.carrier AS "attempts.carrier", a.carrier_call_id AS "attempts.carrier_call_id",
           a.placed_at AS "attempts.placed_at", a.answered_at AS "attempts.answered_at",
           a.ended_at AS "attempts.ended_at", a.answered_by AS "attempts.answered_by",
           a.heard_seconds AS "attempts.heard_seconds", a.keys AS "attempts.keys", a.outcome AS "attempts.outcome",
           a.end_reason AS "attempts.end_reason", a.inbound AS "attempts.inbound""#
    };
}

/// The columns of [`Fields::change`], from `changes c`.
macro_rules! change_columns {
    () => {
        r#"c.id AS "changes.id", c.appointment AS "changes.appointment", c.patient AS "changes.patient",
           c.old_site AS "changes.old_site", c.old_start_at AS "changes.old_start_at", c.old_service AS "changes.old_service",
           c.old_department AS "changes.old_department", c.first_at AS "changes.first_at", c.last_at AS "changes.last_at""#
    };
}

/// The columns of [`Fields::closure`], from `closures c`.
macro_rules! closure_columns {
    () => {
        r#"c.id AS "closures.id", c.site AS "closures.site", c.day AS "closures.day", c.from_at AS "closures.from_at",
           c.until_at AS "closures.until_at", c.delay_to AS "closures.delay_to", c.declared_at AS "closures.declared_at""#
    };
}

pub(super) use {appointment_columns, attempt_columns, change_columns, closure_columns, outreach_columns, patient_columns};

/// A row, read by full column name.
pub(super) struct Fields<'r>(pub &'r Row);

impl Fields<'_> {
    pub fn text(&self, place: &'static str) -> Result<String> {
        Ok(self.0.try_get(place)?)
    }

    pub fn opt_text(&self, place: &'static str) -> Result<Option<String>> {
        Ok(self.0.try_get(place)?)
    }

    pub fn int(&self, place: &'static str) -> Result<i64> {
        Ok(self.0.try_get(place)?)
    }

    /// A number of a narrower type.
    pub fn number<T: TryFrom<i64>>(&self, place: &'static str) -> Result<T> {
        narrow(place, self.int(place)?)
    }

    pub fn opt_number<T: TryFrom<i64>>(&self, place: &'static str) -> Result<Option<T>> {
        let value: Option<i64> = self.0.try_get(place)?;
        value.map(|value| narrow(place, value)).transpose()
    }

    pub fn time(&self, place: &'static str) -> Result<DateTime<Utc>> {
        read_micros(place, self.int(place)?)
    }

    pub fn opt_time(&self, place: &'static str) -> Result<Option<DateTime<Utc>>> {
        let value: Option<i64> = self.0.try_get(place)?;
        value.map(|value| read_micros(place, value)).transpose()
    }

    /// A word of a list of words.
    pub fn word<T>(&self, place: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        parse(&self.text(place)?).ok_or_else(|| unreadable(place, "a word this program does not know"))
    }

    pub fn opt_word<T>(&self, place: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let word = self.opt_text(place)?;
        word.map(|word| parse(&word).ok_or_else(|| unreadable(place, "a word this program does not know"))).transpose()
    }

    /// A structure kept as JSON.
    pub fn form<T: DeserializeOwned>(&self, place: &'static str) -> Result<T> {
        read_form(place, &self.text(place)?)
    }

    pub fn phone(&self, place: &'static str) -> Result<PhoneNumber> {
        PhoneNumber::parse(&self.text(place)?).map_err(|_| unreadable(place, "no telephone number"))
    }

    pub fn visit(&self, place: &'static str) -> Result<VisitKey> {
        VisitKey::parse(&self.text(place)?).ok_or_else(|| unreadable(place, "no visit"))
    }

    pub fn appointment(&self) -> Result<Appointment> {
        Ok(Appointment {
            id: AppointmentId::new(self.text("appointments.id")?),
            patient: PatientId::new(self.text("appointments.patient")?),
            site: SiteKey::new(self.text("appointments.site")?),
            department: self.opt_text("appointments.department")?.map(Phi::new),
            start: self.time("appointments.start_at")?,
            duration_minutes: self.opt_number("appointments.duration_minutes")?,
            service: self.word("appointments.service", any_service)?,
            service_by_rule: self.int("appointments.service_by_rule")? != 0,
            visit_type: self.opt_text("appointments.visit_type")?.map(Phi::new),
            status: self.word("appointments.status", AppointmentStatus::parse)?,
            established: self.opt_number::<i64>("appointments.established")?.map(|yes| yes != 0),
            booked_at: self.time("appointments.booked_at")?,
            updated_at: self.opt_time("appointments.updated_at")?,
            feed: FeedName::new(self.text("appointments.feed")?),
        })
    }

    pub fn change(&self) -> Result<PendingChange> {
        Ok(PendingChange {
            appointment: AppointmentId::new(self.text("changes.appointment")?),
            old: LastKnown {
                site: SiteKey::new(self.text("changes.old_site")?),
                start: self.time("changes.old_start_at")?,
                service: self.word("changes.old_service", any_service)?,
                department: self.opt_text("changes.old_department")?.map(Phi::new),
            },
            first_at: self.time("changes.first_at")?,
            last_at: self.time("changes.last_at")?,
        })
    }

    pub fn closure(&self) -> Result<Closure> {
        Ok(Closure {
            id: ClosureId::new(self.text("closures.id")?),
            site: SiteKey::new(self.text("closures.site")?),
            day: self.word("closures.day", |text| text.parse().ok())?,
            from: self.time("closures.from_at")?,
            until: self.time("closures.until_at")?,
            delay_to: self.opt_time("closures.delay_to")?,
            declared_at: self.time("closures.declared_at")?,
        })
    }

    pub fn patient(&self) -> Result<Patient> {
        let birth_date = |text: &str| text.parse::<NaiveDate>().ok();
        Ok(Patient {
            id: PatientId::new(self.text("patients.id")?),
            first_name: self.opt_text("patients.first_name")?.map(Phi::new),
            last_name: self.opt_text("patients.last_name")?.map(Phi::new),
            birth_date: self.opt_word("patients.birth_date", birth_date)?.map(Phi::new),
            phones: self.form("patients.phones")?,
            language: self.opt_text("patients.language")?.map(LanguageTag::new),
            flags: self.form("patients.flags")?,
            updated_at: self.opt_time("patients.updated_at")?,
        })
    }

    pub fn outreach(&self) -> Result<Outreach> {
        Ok(Outreach {
            id: OutreachId::new(self.text("outreaches.id")?),
            visit: self.visit("outreaches.visit")?,
            version: self.number("outreaches.version")?,
            purpose: self.word("outreaches.purpose", Purpose::parse)?,
            touch: self.number("outreaches.touch")?,
            job: JobName::new(self.text("outreaches.job")?),
            start: self.time("outreaches.start_at")?,
            moved_from: self.opt_word("outreaches.moved_from", VisitKey::parse)?,
        })
    }

    pub fn attempt(&self) -> Result<Attempt> {
        Ok(Attempt {
            id: AttemptId::new(self.text("attempts.id")?),
            outreach: OutreachId::new(self.text("attempts.outreach")?),
            number: self.number("attempts.number")?,
            status: self.word("attempts.status", AttemptStatus::parse)?,
            due_at: self.time("attempts.due_at")?,
            not_after: self.time("attempts.not_after")?,
            phone_kind: self.word("attempts.phone_kind", PhoneKind::parse)?,
            phone: self.phone("attempts.phone")?,
            language: LanguageTag::new(self.text("attempts.language")?),
            carrier: CarrierName::new(self.text("attempts.carrier")?),
            carrier_call_id: self.opt_text("attempts.carrier_call_id")?,
            placed_at: self.opt_time("attempts.placed_at")?,
            answered_at: self.opt_time("attempts.answered_at")?,
            ended_at: self.opt_time("attempts.ended_at")?,
            answered_by: self.opt_word("attempts.answered_by", AnsweredBy::parse)?,
            heard_seconds: self.opt_number("attempts.heard_seconds")?,
            keys: self.text("attempts.keys")?,
            outcome: self.opt_word("attempts.outcome", Outcome::parse)?,
            end_reason: self.opt_word("attempts.end_reason", EndReason::parse)?,
            inbound: self.int("attempts.inbound")? != 0,
        })
    }

    pub fn live_call(&self) -> Result<LiveCall> {
        Ok(LiveCall {
            attempt: self.attempt()?,
            lease_until: self.time("attempts.lease_until")?,
            deadline: self.time("attempts.deadline")?,
        })
    }

    pub fn work_item(&self) -> Result<WorkItem> {
        Ok(WorkItem {
            id: WorkItemId::new(self.text("worklist.id")?),
            kind: self.word("worklist.kind", WorkKind::parse)?,
            visit: self.opt_word("worklist.visit", VisitKey::parse)?,
            patient: self.opt_text("worklist.patient")?.map(PatientId::new),
            opened_at: self.time("worklist.opened_at")?,
            due_at: self.opt_time("worklist.due_at")?,
            owner: self.opt_text("worklist.owner")?,
            state: self.word("worklist.state", WorkState::parse)?,
            resolution: self.opt_text("worklist.resolution")?,
        })
    }
}

/// A file may not say "unknown", so the word is not among those that `parse` reads.
fn any_service(word: &str) -> Option<Service> {
    if word == "unknown" { Some(Service::Unknown) } else { Service::parse(word) }
}

fn narrow<T: TryFrom<i64>>(place: &'static str, value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| unreadable(place, "a number out of range"))
}

fn unreadable(place: &'static str, what: &str) -> StoreError {
    StoreError::Unreadable { place, what: what.to_string() }
}
