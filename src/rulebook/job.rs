//! One file, one job. A key that is left out has the value of the shipped job of the same purpose.

use super::checks::Keys::{Closures, Notices, Reminders};
use super::holidays::holidays;
use super::{Known, checks, shipped_job};
use crate::config::WEEKDAYS;
use crate::core::domain::{PhoneKind, Purpose, Service, VoicemailPolicy};
use crate::core::ids::{CarrierName, JobName, SiteKey};
use crate::core::plan::{AttemptRules, CallRules, Count, Job, LeaveVoicemail, NoAnswer, Select, WhenRules};
use crate::fault::Fault;
use crate::toml_file::{
    Faults, Node, Place, Read, Section, Source, Value, clock_time, duration, lay_over, list_of, not_known, number_within, one_of,
    parse, plain_text, word_list, yes_or_no,
};
use chrono::Duration;

/// The pace of notices of closures where no job says it.
const PER_HOUR: u32 = 120;

const PURPOSES: [(&str, Purpose); 4] = [
    ("reminder", Purpose::Reminder),
    ("cancelled", Purpose::Cancelled),
    ("moved", Purpose::Moved),
    ("closure", Purpose::Closure),
];

const SERVICES: [(&str, Service); 6] = [
    ("exam", Service::Exam),
    ("radiology", Service::Radiology),
    ("infusion", Service::Infusion),
    ("radiation_therapy", Service::RadiationTherapy),
    ("lab", Service::Lab),
    ("other", Service::Other),
];

/// Reads a job and judges it. `stem` is the file's name, and the job's where it says none. With the job comes the place of
/// its name.
///
/// # Errors
/// Every fault of the file.
pub(super) fn read_job(source: Source, stem: &str, known: &Known<'_>) -> Result<(Job, Place), Vec<Fault>> {
    let written = parse(source)?;
    let mut tree = parse(shipped_job(purpose_of(&written)))?;
    forget(&mut tree, "name");
    forget(&mut tree, "purpose");
    lay_over(&mut tree, written);
    let faults = Faults::default();
    let root = Section::root(&tree, &faults);
    let job = job(&root, stem, known);
    let place = root.place_of(&["name"]);
    root.end();
    let faults = faults.into_sorted();
    match job {
        Some(job) if faults.is_empty() => Ok((job, place)),
        _ => Err(faults),
    }
}

/// The purpose decides about the defaults, so it is looked at first; what is wrong with it is said later.
fn purpose_of(written: &Node) -> Purpose {
    let Value::Table(table) = &written.value else { return Purpose::Reminder };
    match table.get("purpose").map(|entry| &entry.node.value) {
        Some(Value::Text(word)) => Purpose::parse(word).unwrap_or(Purpose::Reminder),
        _ => Purpose::Reminder,
    }
}

/// Takes a key out of the defaults: every file says it for itself.
fn forget(defaults: &mut Node, key: &str) {
    if let Value::Table(table) = &mut defaults.value {
        table.remove(key);
    }
}

fn job(root: &Section<'_>, stem: &str, known: &Known<'_>) -> Option<Job> {
    let name = root.optional("name", plain_text).unwrap_or_else(|| stem.to_string());
    let purpose = purpose(root);
    let enabled = root.required("enabled", yes_or_no);
    let select = root.section("select").and_then(|section| select(&section, purpose, known));
    let when = root.section("when").and_then(|section| when(&section, purpose, known));
    let attempts = root.section("attempts").and_then(|section| attempts(&section));
    let call = root.section("call").and_then(|section| call(&section, purpose, known));
    checks::job(purpose, root, &known.config.limits);
    Some(Job {
        name: JobName::new(name),
        purpose: purpose?,
        enabled: enabled?,
        select: select?,
        when: when?,
        attempts: attempts?,
        call: call?,
    })
}

/// What the calls are for: the one thing every file must say.
fn purpose(root: &Section<'_>) -> Option<Purpose> {
    let purpose = root.optional("purpose", one_of(&PURPOSES));
    if !root.has("purpose") {
        let message = "purpose is missing: say what the calls of this job are for, purpose = \"reminder\" (or \"cancelled\", \"moved\", \"closure\")";
        root.refuse(&[], "missing_key", message);
    }
    purpose
}

fn select(section: &Section<'_>, purpose: Option<Purpose>, known: &Known<'_>) -> Option<Select> {
    let services = section.required("services", word_list(&SERVICES));
    let sites: Vec<&str> = known.config.sites.keys().map(SiteKey::as_str).collect();
    let site = |node: &Node| name_among(node, &sites, "unknown_site", "sites stand under [sites]");
    let sites = section.required("sites", list_of(site));
    let departments = section.optional("departments", list_of(|node| department(node, known))).unwrap_or_default();
    let established_patients_only = or_absent(section, "established_patients_only", yes_or_no, false);
    let minimum_notice = or_absent(section, "minimum_notice", duration(Duration::zero(), Duration::days(365)), Duration::zero());
    checks::unused(purpose, section, &["established_patients_only", "minimum_notice"], Reminders);
    section.end();
    let rules = Select {
        services: services?,
        sites: sites?.into_iter().map(SiteKey::new).collect(),
        departments,
        established_patients_only: established_patients_only?,
        minimum_notice: minimum_notice?,
    };
    checks::select(&rules, section);
    Some(rules)
}

fn when(section: &Section<'_>, purpose: Option<Purpose>, known: &Known<'_>) -> Option<WhenRules> {
    let days_before = or_absent(section, "days_before", list_of(days), Vec::new());
    let count =
        or_absent(section, "count", one_of(&[("calendar", Count::Calendar), ("business", Count::Business)]), Count::Calendar);
    let weekdays = section.required("weekdays", word_list(&WEEKDAYS));
    let from = section.required("from", clock_time);
    let until = section.required("until", clock_time);
    let holidays = section.required("holidays", |node| holidays(node, known));
    let no_later_than = section.required("no_later_than", duration(Duration::zero(), Duration::days(14)));
    let horizon = or_absent(section, "horizon", duration(Duration::hours(1), Duration::days(365)), Duration::zero());
    let settle = or_absent(section, "settle", duration(Duration::zero(), Duration::minutes(60)), Duration::zero());
    let per_hour = or_absent(section, "per_hour", number_within(1..=3600), PER_HOUR);
    checks::unused(purpose, section, &["days_before", "count"], Reminders);
    checks::unused(purpose, section, &["horizon", "settle"], Notices);
    checks::unused(purpose, section, &["per_hour"], Closures);
    section.end();
    let rules = WhenRules {
        days_before: days_before?,
        count: count?,
        weekdays: weekdays?,
        from: from?,
        until: until?,
        holidays: holidays?,
        no_later_than: no_later_than?,
        horizon: horizon?,
        settle: settle?,
        per_hour: per_hour?,
    };
    checks::when(&rules, section, purpose, &known.config.limits);
    Some(rules)
}

fn attempts(section: &Section<'_>) -> Option<AttemptRules> {
    let max = section.required("max", number_within(1..=10));
    let no_answer = section.required("no_answer", one_of(&[("next_day", NoAnswer::NextDay)]));
    let busy = section.required("busy", duration(Duration::zero(), Duration::days(1)));
    let failed = section.required("failed", duration(Duration::zero(), Duration::days(1)));
    let same_day_redials = section.required("same_day_redials", number_within(0..=20));
    section.end();
    Some(AttemptRules { max: max?, no_answer: no_answer?, busy: busy?, failed: failed?, same_day_redials: same_day_redials? })
}

fn call(section: &Section<'_>, purpose: Option<Purpose>, known: &Known<'_>) -> Option<CallRules> {
    let scripts: Vec<&str> = known.scripts.iter().map(String::as_str).collect();
    let script = section.required("script", |node| {
        name_among(node, &scripts, "unknown_script", "call scripts stand in the folder prompts/scripts")
    });
    let carriers: Vec<&str> = known.config.carriers.keys().map(CarrierName::as_str).collect();
    let carrier =
        section.required("carrier", |node| name_among(node, &carriers, "unknown_carrier", "carriers stand under [carriers]"));
    let phones = [PhoneKind::Home, PhoneKind::Mobile, PhoneKind::Work].map(|kind| (kind.as_str(), kind));
    let phones = section.required("phones", word_list(&phones));
    let policies = [VoicemailPolicy::Standard, VoicemailPolicy::Minimal, VoicemailPolicy::None].map(|p| (p.as_str(), p));
    let voicemail = section.required("voicemail", one_of(&policies));
    let leaves = [("first", LeaveVoicemail::First), ("last", LeaveVoicemail::Last)];
    let leave_voicemail = section.required("leave_voicemail", one_of(&leaves));
    let transfer = section.required("transfer", yes_or_no);
    section.end();
    let rules = CallRules {
        script: script?,
        carrier: CarrierName::new(carrier?),
        phones: phones?,
        voicemail: voicemail?,
        leave_voicemail: leave_voicemail?,
        transfer: transfer?,
    };
    checks::call(&rules, section, purpose);
    Some(rules)
}

/// Days before the visit, 1 to 365.
fn days(node: &Node) -> Read<u32> {
    match node.value {
        Value::Whole(0) => node.wrong(
            "0 is the day of the visit itself, closer to it than any notice: the last day for a reminder is 1, the day before",
        ),
        _ => number_within(1..=365)(node),
    }
}

/// The value of a key that jobs of some purposes do not have: `absent` there.
fn or_absent<T>(section: &Section<'_>, key: &str, read: impl FnOnce(&Node) -> Read<T>, absent: T) -> Option<T> {
    let value = section.optional(key, read);
    if section.has(key) { value } else { Some(absent) }
}

/// A name out of those that are known; any name where none is.
fn name_among(node: &Node, known: &[&str], code: &'static str, where_they_stand: &str) -> Read<String> {
    let name = plain_text(node)?;
    if known.is_empty() || known.contains(&name.as_str()) {
        return Ok(name);
    }
    Err(vec![node.place.fault(code, format!("{}; {where_they_stand}", not_known(&name, known)))])
}

/// A department by what the appointments call it, whatever its case. Where the configuration names none, any is taken.
fn department(node: &Node, known: &Known<'_>) -> Read<String> {
    let departments: Vec<&str> = known.config.departments.keys().map(String::as_str).collect();
    let name = plain_text(node)?;
    if departments.is_empty() || departments.iter().any(|known| known.trim().eq_ignore_ascii_case(&name)) {
        return Ok(name);
    }
    let message =
        format!("{}; departments stand under [departments], as the appointments call them", not_known(&name, &departments));
    Err(vec![node.place.fault("unknown_department", message)])
}
