//! The rules a hospital sets: reminder jobs, limits, sites.

use crate::domain::{PhoneKind, PhoneNumber, Purpose, Service, VoicemailPolicy};
use crate::ids::{CarrierName, JobName, LanguageTag, SiteKey};
use chrono::{Duration, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A time of day from 00:00 to 24:00, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Clock24(u16);

impl Clock24 {
    /// Midnight at the start of the day.
    pub const START: Clock24 = Clock24(0);
    /// Midnight at the end of the day.
    pub const END: Clock24 = Clock24(24 * 60);

    /// `hour` 0 to 24, `minute` 0 to 59; 24:00 is the last.
    pub fn new(hour: u16, minute: u16) -> Option<Clock24> {
        let minutes = hour * 60 + minute;
        (hour <= 24 && minute < 60 && minutes <= 24 * 60).then_some(Clock24(minutes))
    }

    /// Reads `HH:MM`.
    pub fn parse(text: &str) -> Option<Clock24> {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        Clock24::new(hour.parse().ok()?, minute.parse().ok()?)
    }

    /// Minutes since midnight, 0 to 1440.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// The time of day; `None` for 24:00, which is the next day's midnight.
    pub fn time(self) -> Option<NaiveTime> {
        NaiveTime::from_hms_opt(u32::from(self.0 / 60), u32::from(self.0 % 60), 0)
    }
}

/// One reminder job: one file of `schedules/` (interfaces, section 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// What its calls are for.
    pub purpose: Purpose,
    /// Whether it makes calls.
    pub enabled: bool,
    /// Whom it is for.
    pub select: Select,
    /// When it calls.
    pub when: WhenRules,
    /// How often it tries.
    pub attempts: AttemptRules,
    /// What a call is like.
    pub call: CallRules,
}

/// Whom a job is for. Empty lists mean all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Select {
    /// A visit is eligible when it holds at least one of these.
    pub services: Vec<Service>,
    /// Only these sites.
    pub sites: Vec<SiteKey>,
    /// Only these departments.
    pub departments: Vec<String>,
    /// Only after a first completed visit.
    pub established_patients_only: bool,
    /// A visit booked closer to its start than this is not reminded.
    pub minimum_notice: Duration,
}

impl Select {
    /// Whether the job takes a service; without a list it takes every one that is known.
    pub fn takes(&self, service: Service) -> bool {
        service != Service::Unknown && (self.services.is_empty() || self.services.contains(&service))
    }
}

/// When a job calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhenRules {
    /// One entry per touch, strictly descending, each at least 1.
    pub days_before: Vec<u32>,
    /// How days are counted back.
    pub count: Count,
    /// Callable weekdays.
    pub weekdays: Vec<Weekday>,
    /// Start of the window, site's clock.
    pub from: Clock24,
    /// End of the window, exclusive.
    pub until: Clock24,
    /// Days without calls.
    pub holidays: Holidays,
    /// Elapsed time before the start of the visit from which no call is made.
    pub no_later_than: Duration,
    /// Notices: how far ahead a change is told.
    pub horizon: Duration,
    /// Notices: how long after the last edit.
    pub settle: Duration,
    /// Notices of closures: how many patients come into their turn an hour, at least 1.
    pub per_hour: u32,
}

/// How days are counted back from the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Every day.
    Calendar,
    /// Listed weekdays that are no holiday.
    Business,
}

/// Days without calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holidays {
    /// None.
    None,
    /// The federal holidays of the United States (5 U.S.C. 6103), the day itself and its observed day.
    UsFederal,
    /// These dates.
    Dates(BTreeSet<NaiveDate>),
}

/// How often a job tries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRules {
    /// Attempts that rang, for one touch.
    pub max: u32,
    /// After a no-answer.
    pub no_answer: NoAnswer,
    /// After busy.
    pub busy: Duration,
    /// After a fault.
    pub failed: Duration,
    /// Repeats a day where the far end never rang, on at most 3 days.
    pub same_day_redials: u32,
}

/// What follows a no-answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// The next callable day, in another part of the day.
    NextDay,
}

/// What a call is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRules {
    /// Name of the call script.
    pub script: String,
    /// Who places it.
    pub carrier: CarrierName,
    /// Which telephones, in order.
    pub phones: Vec<PhoneKind>,
    /// What is left on an answering machine.
    pub voicemail: VoicemailPolicy,
    /// On which attempt of a touch it is left.
    pub leave_voicemail: LeaveVoicemail,
    /// Whether key 0 reaches the department's desk.
    pub transfer: bool,
}

/// On which attempt of a touch a voicemail is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveVoicemail {
    /// The first.
    First,
    /// The last.
    Last,
}

/// How far an opt-out reaches (calling-rules L-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOutScope {
    /// Every automated call.
    Everything,
    /// Reminders only.
    Reminders,
}

/// The calling rules no schedule can loosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls a local day, per patient and per number.
    pub per_day: u32,
    /// Calls in any 168 hours.
    pub per_week: u32,
    /// Of `per_week`, kept free for change notices.
    pub notice_reserve: u32,
    /// Hard start, in every zone concerned.
    pub earliest: Clock24,
    /// Hard end, exclusive.
    pub latest: Clock24,
    /// How far an opt-out reaches.
    pub opt_out_scope: OptOutScope,
    /// Country prefixes that may be dialled.
    pub countries: Vec<String>,
    /// Numbers and prefixes never dialled.
    pub deny: Vec<String>,
    /// The longest possible call.
    pub max_call: Duration,
}

/// A site, as far as planning needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRules {
    /// Its zone.
    pub zone: Tz,
}

/// The zones in which a called number may be: those of its area code; empty where that is unknown or toll-free, which
/// means the site's own.
pub type ZonesOfNumber = fn(&PhoneNumber) -> &'static [Tz];

/// Everything a hospital decided. It is stored beside the decisions it led to, so that they can be made again
/// (`audit replay`): all of it but the table of area codes, of which only the name is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rules {
    /// All jobs, in the order of their file names.
    pub jobs: Vec<Job>,
    /// The hard limits.
    pub limits: Limits,
    /// The sites.
    pub sites: BTreeMap<SiteKey, SiteRules>,
    /// The organization's language.
    pub language: LanguageTag,
    /// Languages that can be spoken, in order.
    pub languages: Vec<LanguageTag>,
    /// The name of the table that `zones_of_number` looks in: another table has another name.
    pub area_codes: String,
    /// Zones of a called number.
    #[serde(skip, default = "every_number_is_the_sites")]
    pub zones_of_number: ZonesOfNumber,
}

fn every_number_is_the_sites() -> ZonesOfNumber {
    |_| &[]
}

impl Rules {
    /// The jobs of one purpose, in their order.
    pub fn jobs_for(&self, purpose: Purpose) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(move |job| job.purpose == purpose)
    }

    /// The zone of a site.
    pub fn zone(&self, site: &SiteKey) -> Option<Tz> {
        self.sites.get(site).map(|s| s.zone)
    }

    /// The pack for a wanted language: the tag itself, else the first of the same primary language (`en` finds `en-US`);
    /// nothing wanted means the organization's.
    pub fn pack_for(&self, wanted: Option<&LanguageTag>) -> Option<&LanguageTag> {
        let wanted = wanted.unwrap_or(&self.language).as_str();
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        self.languages
            .iter()
            .find(|l| l.as_str().eq_ignore_ascii_case(wanted))
            .or_else(|| self.languages.iter().find(|l| !wanted.contains(['-', '_']) && primary(l.as_str()) == primary(wanted)))
    }
}
