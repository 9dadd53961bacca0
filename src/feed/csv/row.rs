//! One record to one [`AppointmentChange`]. Every fault of a row is named, by column and by what was expected; the value
//! itself never, because it may be a name or a number that slipped into the wrong column.

use super::CsvSettings;
use super::cell::{Cells, one_of, suggestion};
use super::header::Layout;
use super::moment;
use super::text::Record;
use crate::core::Phi;
use crate::core::domain::{
    AppointmentChange, AppointmentStatus, PatientChange, Phone, PhoneKind, PhoneNumber, Service, VoicemailPolicy,
};
use crate::core::ids::{AppointmentId, LanguageTag, PatientId, SiteKey};
use crate::feed::{Context, Refused, Understood};
use chrono_tz::Tz;

const STATUSES: [&str; 7] = ["booked", "confirmed", "pending", "cancelled", "arrived", "completed", "noshow"];
const SERVICES: [&str; 6] = ["exam", "radiology", "infusion", "radiation_therapy", "lab", "other"];
const VOICEMAILS: [&str; 3] = ["standard", "minimal", "none"];
const PHONES: [(PhoneKind, &str); 3] =
    [(PhoneKind::Home, "phone_home"), (PhoneKind::Mobile, "phone_mobile"), (PhoneKind::Work, "phone_work")];
/// No field of a schedule is longer; one that is has swallowed its neighbours.
const LONGEST: usize = 1_000;

/// Reads a whole record.
pub(super) fn understand(
    record: &Record<'_>,
    layout: &Layout,
    settings: &CsvSettings,
    context: &Context<'_>,
) -> Result<Understood, Refused> {
    let mut cells = Cells { record, layout, settings, faults: Vec::new(), noticed: Vec::new() };
    let change = cells.change(context);
    match change {
        Some(change) if cells.faults.is_empty() => Ok(Understood { change, noticed: cells.noticed }),
        _ => Err(Refused { reason: cells.faults.join("; "), opts_out: cells.patient_who_opts_out() }),
    }
}

impl Cells<'_> {
    /// The change, or nothing when something it cannot do without is missing; faults say the rest.
    fn change(&mut self, context: &Context<'_>) -> Option<AppointmentChange> {
        if let Some(column) = super::COLUMNS.iter().find(|c| self.value(c).is_some_and(|v| v.chars().count() > LONGEST)) {
            self.fault(column, &format!("want at most {LONGEST} characters"));
            return None;
        }
        let appointment = self.id("appointment_id").map(AppointmentId::new);
        let patient = self.id("patient_id").map(PatientId::new);
        let status = self.status();
        let site = self.site(context);
        let (service, service_by_rule) = self.service(context);
        let established = self.yes_no("established");
        let about_patient = self.about_patient(status);
        let (site, zone) = site?;
        let start = self.time("start", zone);
        if self.value("start").is_none() {
            self.fault("start", &format!("it is empty, want {}", self.time_form()));
        }
        let booked_at = self.time("booked_at", zone);
        let updated_at = self.time("updated_at", zone);
        Some(AppointmentChange {
            appointment: appointment?,
            patient: patient?,
            site,
            department: self.text("department").map(Phi::new),
            start: start?,
            duration_minutes: self.duration(),
            service,
            service_by_rule,
            visit_type: self.text("visit_type").map(Phi::new),
            status: status?,
            established,
            booked_at,
            updated_at,
            feed: context.feed.clone(),
            line: self.record.line,
            about_patient,
        })
    }

    fn about_patient(&mut self, status: Option<AppointmentStatus>) -> PatientChange {
        PatientChange {
            first_name: self.text("first_name").map(Phi::new),
            last_name: self.text("last_name").map(Phi::new),
            birth_date: self.birth_date(),
            phones: self.phones(status),
            language: self.language(),
            opt_out: self.yes_no("opt_out"),
            no_call: self.yes_no("no_call"),
            deceased: self.yes_no("deceased"),
            tty: self.yes_no("tty"),
            sensitive: self.yes_no("sensitive"),
            guardian: self.yes_no("guardian"),
            voicemail: self.word("voicemail", &VOICEMAILS, VoicemailPolicy::parse),
            only_number: self.only_number(status),
            consent: self.text("consent"),
        }
    }

    fn site(&mut self, context: &Context<'_>) -> Option<(SiteKey, Tz)> {
        let of_feed = || self.settings.site.as_ref().map(|site| site.as_str().to_string());
        let Some(word) = self.text("site").or_else(of_feed) else {
            self.fault("site", "it is empty, want the key of a site");
            return None;
        };
        let site = SiteKey::new(word.as_str());
        if let Some(zone) = (context.zone_of)(&site) {
            return Some((site, zone));
        }
        let known: Vec<&str> = context.sites.iter().map(SiteKey::as_str).collect();
        let near = suggestion(&word, &known);
        self.fault("site", &format!("no such site under [sites] of the configuration: want {}{near}", one_of(&known)));
        None
    }

    fn status(&mut self) -> Option<AppointmentStatus> {
        match self.value("status") {
            None => Some(AppointmentStatus::Booked),
            Some(_) => self.word("status", &STATUSES, AppointmentStatus::parse),
        }
    }

    /// The class, and whether the classification rules gave it.
    fn service(&mut self, context: &Context<'_>) -> (Service, bool) {
        if self.value("service").is_some() {
            return (self.word("service", &SERVICES, Service::parse).unwrap_or(Service::Unknown), false);
        }
        let (visit_type, department) = (self.value("visit_type"), self.value("department"));
        let (class, silent) = ((context.classify)(visit_type, department), visit_type.is_none());
        if class == Service::Unknown && silent {
            self.notice("service and visit_type are empty: without a class nobody is called about it".to_string());
        }
        (class, true)
    }

    fn birth_date(&mut self) -> Option<Phi<chrono::NaiveDate>> {
        let read = moment::day(self.value("birth_date")?, self.format());
        if read.is_none() {
            self.notice("birth_date: no such day, want YYYY-MM-DD; it was left out".to_string());
        }
        read.map(Phi::new)
    }

    fn duration(&mut self) -> Option<u32> {
        let read = self.value("duration_minutes")?.parse().ok().filter(|minutes| (1..=24 * 60).contains(minutes));
        if read.is_none() {
            self.notice("duration_minutes: want a whole number from 1 to 1440; it was left out".to_string());
        }
        read
    }

    /// The language wanted. One that cannot be read becomes `und`, which no pack speaks: a person then looks, instead of
    /// the patient being called in a language that is not theirs.
    fn language(&mut self) -> Option<LanguageTag> {
        let tag = self.value("language")?.replace('_', "-");
        let sound =
            tag.len() <= 35 && tag.split('-').all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        if sound && tag.as_bytes()[0].is_ascii_alphabetic() {
            return Some(LanguageTag::new(tag));
        }
        self.notice("language: want a BCP 47 tag such as en-US; nobody is called in a language that is not known".to_string());
        Some(LanguageTag::from("und"))
    }

    fn phones(&mut self, status: Option<AppointmentStatus>) -> Vec<Phone> {
        let given: Vec<(&str, Phone)> =
            PHONES.into_iter().filter_map(|(kind, column)| Some((column, Phone::read(kind, self.value(column)?)))).collect();
        let expected = status.is_some_and(|status| status.is_booked() || status == AppointmentStatus::Pending);
        if expected && given.is_empty() {
            let columns: Vec<&str> = PHONES.iter().map(|(_, column)| *column).filter(|column| self.layout.has(column)).collect();
            self.notice(format!("no telephone number: {} empty", are(&columns)));
        }
        if expected && !given.is_empty() && given.iter().all(|(_, phone)| phone.number.is_none()) {
            self.notice("no number that can be dialled".to_string());
        }
        for (column, phone) in given.iter().filter(|(_, phone)| expected && phone.number.is_none()) {
            if let Err(fault) = PhoneNumber::parse(phone.given.reveal()) {
                self.notice(format!("{column}: {fault}"));
            }
        }
        given.into_iter().map(|(_, phone)| phone).collect()
    }

    /// The one number that may be used. If it cannot be read the row cannot be used either: taking it without would leave
    /// the numbers callable that the patient forbade (45 CFR 164.522(b)).
    fn only_number(&mut self, status: Option<AppointmentStatus>) -> Option<Phi<PhoneNumber>> {
        match PhoneNumber::parse(self.value("only_number")?) {
            Ok(number) => Some(Phi::new(number)),
            Err(fault) if status.is_some_and(|status| !status.is_booked()) => {
                self.notice(format!("only_number: {fault}; it was left out"));
                None
            }
            Err(fault) => {
                self.fault("only_number", &format!("{fault}; no other number of this patient may be used"));
                None
            }
        }
    }

    fn patient_who_opts_out(&mut self) -> Option<PatientId> {
        let patient = self.id("patient_id")?;
        (self.yes_no("opt_out") == Some(true)).then(|| PatientId::new(patient))
    }
}

fn are(columns: &[&str]) -> String {
    match columns {
        [only] => format!("{only} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => "no column is".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_suggested_is_one_that_is_read() {
        assert!(STATUSES.iter().all(|word| AppointmentStatus::parse(word).is_some()));
        assert!(SERVICES.iter().all(|word| Service::parse(word).is_some()));
        assert!(VOICEMAILS.iter().all(|word| VoicemailPolicy::parse(word).is_some()));
    }
}
