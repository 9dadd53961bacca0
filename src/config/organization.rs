//! `[organization]`, `[sites]`, `[departments]`: who calls, and where the visits are.

use crate::core::domain::PhoneNumber;
use crate::core::ids::{LanguageTag, SiteKey};
use crate::core::plan::{Clock24, Limits, may_be_dialled};
use crate::toml_file::{Node, Read, Section, phone, plain_text};
use chrono::Weekday;
use chrono_tz::{TZ_VARIANTS, Tz};
use std::collections::BTreeMap;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Said first in every call.
    pub name: String,
    /// Said where no site or department has one of its own.
    pub callback_number: PhoneNumber,
    /// Said to those who call our number and cannot be told of a visit, where it is not the callback number: that one may be
    /// the number that they called.
    pub office_number: Option<PhoneNumber>,
    /// Toll-free, said in voicemail.
    pub opt_out_number: PhoneNumber,
    /// For patients whose language nobody knows.
    pub language: LanguageTag,
}

impl Organization {
    /// The number of people who can help.
    pub fn office_number(&self) -> &PhoneNumber {
        self.office_number.as_ref().unwrap_or(&self.callback_number)
    }
}

/// A place with a clock of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Said in calls.
    pub name: String,
    /// Its clock.
    pub timezone: Tz,
    /// Instead of the organization's.
    pub callback_number: Option<PhoneNumber>,
}

/// A department with a number or a desk of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Said in calls.
    pub name: String,
    /// Instead of the site's.
    pub callback_number: Option<PhoneNumber>,
    /// Where key 0 leads.
    pub desk: Option<PhoneNumber>,
    /// When the desk answers, by the site's clock; empty means always.
    pub open: Vec<Hours>,
}

/// Hours of some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// On which days.
    pub days: Vec<Weekday>,
    /// From then on.
    pub from: Clock24,
    /// Until then, exclusive.
    pub until: Clock24,
}

/// The days of the week as files write them.
pub(crate) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

pub(super) fn organization(section: &Section<'_>) -> Option<Organization> {
    let name = section.required("name", plain_text);
    let callback_number = section.required("callback_number", phone);
    let office_number = section.optional("office_number", phone);
    let opt_out_number = section.required("opt_out_number", phone);
    let language = section.required("language", language_tag);
    section.end();
    Some(Organization {
        name: name?,
        callback_number: callback_number?,
        office_number,
        opt_out_number: opt_out_number?,
        language: language?,
    })
}

pub(super) fn sites(root: &Section<'_>) -> BTreeMap<SiteKey, Site> {
    let sections = root.sections("sites");
    if sections.is_empty() {
        root.refuse(&["sites"], "missing_key", "there is no site: name at least one, [sites.KEY] with name and timezone");
    }
    let mut sites = BTreeMap::new();
    for (key, section) in sections {
        let name = section.required("name", plain_text);
        let timezone = section.required("timezone", zone);
        let callback_number = section.optional("callback_number", phone);
        section.end();
        check_key(root, "sites", key, &section);
        // What could not be read is a fault already, and no such configuration is used; but its site is a known one.
        let (name, timezone) = (name.unwrap_or_else(|| key.to_string()), timezone.unwrap_or(Tz::UTC));
        sites.insert(SiteKey::new(key), Site { name, timezone, callback_number });
    }
    sites
}

pub(super) fn departments(root: &Section<'_>) -> BTreeMap<String, Department> {
    let mut departments = BTreeMap::new();
    for (key, section) in root.sections("departments") {
        let name = section.optional("name", plain_text).unwrap_or_else(|| key.to_string());
        let callback_number = section.optional("callback_number", phone);
        let desk = section.optional("desk", phone);
        let open = section.optional("open", open_hours).unwrap_or_default();
        section.end();
        departments.insert(key.to_string(), Department { name, callback_number, desk, open });
    }
    departments
}

/// A desk is dialled like a patient, and the limits say who must not be.
pub(super) fn desks(root: &Section<'_>, departments: &BTreeMap<String, Department>, limits: &Limits) {
    for (key, section) in root.sections("departments") {
        let desk = departments.get(key).and_then(|department| department.desk.as_ref());
        if desk.is_some_and(|desk| !may_be_dialled(desk, limits)) {
            let message = format!(
                "departments.{key}.desk: the limits do not let this number be dialled: see limits.countries and limits.deny"
            );
            section.refuse(&["desk"], "contradiction", message);
        }
    }
}

/// The names of sites, carriers and feeds stand in URLs, phrase names and outputs.
pub(super) fn check_key(root: &Section<'_>, under: &str, key: &str, section: &Section<'_>) {
    let sound = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !sound {
        let path = root.path_of(under);
        section.refuse(&[], "bad_name", format!("\"{key}\" under [{path}]: a name holds letters, digits, - and _ only"));
    }
}

/// A zone of the IANA database.
fn zone(node: &Node) -> Read<Tz> {
    let text = node.text()?.trim();
    if let Ok(zone) = text.parse() {
        return Ok(zone);
    }
    let plain = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
    let given = plain(text);
    let last = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
    let meant = TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .map(|name| {
            let whole = strsim::damerau_levenshtein(&given, &plain(name));
            let city = strsim::damerau_levenshtein(&given, &plain(last(name)));
            (whole.min(city), name)
        })
        .filter(|(distance, _)| *distance <= 1 + given.len() / 4)
        .min();
    let message = match meant {
        Some((_, meant)) => format!("\"{text}\" is no time zone; did you mean \"{meant}\"?"),
        None => format!("\"{text}\" is no time zone: want a name of the IANA list such as \"America/New_York\""),
    };
    Err(vec![node.place.fault("unknown_value", message)])
}

/// A language tag by its shape: `en`, `en-US`, `zh-Hant-TW`.
fn language_tag(node: &Node) -> Read<LanguageTag> {
    let text = node.text()?.trim();
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let sound = (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if sound {
        Ok(LanguageTag::new(text))
    } else {
        node.wrong(format!("\"{text}\" is no language tag: want one such as \"en-US\""))
    }
}

/// `mon-fri 08:00-17:00`, several with `;` between; days may be single ones with commas between.
fn open_hours(node: &Node) -> Read<Vec<Hours>> {
    let text = node.text()?;
    let hours: Option<Vec<Hours>> = text.split(';').map(|part| one_part(part.trim())).collect();
    match hours {
        Some(hours) => Ok(hours),
        None => node.wrong(format!(
            "\"{text}\" are no opening hours: want days and times such as \"mon-fri 08:00-17:00; sat 09:00-12:00\""
        )),
    }
}

fn one_part(part: &str) -> Option<Hours> {
    let (days, times) = part.split_once(' ')?;
    let (from, until) = times.trim().split_once('-')?;
    let (from, until) = (Clock24::parse(from.trim())?, Clock24::parse(until.trim())?);
    let mut open = Vec::new();
    for range in days.to_lowercase().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let at = |word: &str| WEEKDAYS.iter().position(|(name, _)| *name == word);
        let (first, last) = (at(first)?, at(last)?);
        let length = (last + 7 - first) % 7;
        open.extend((0..=length).map(|n| WEEKDAYS[(first + n) % 7].1));
    }
    (from < until).then_some(Hours { days: open, from, until })
}
