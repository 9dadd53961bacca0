//! The hospital of a simulated day: the shipped jobs, scripts and packs, read once in a process; its sites stand where the
//! day puts them.

use crate::app::Files;
use crate::config::{Config, Department};
use crate::core::domain::{PhoneNumber, Purpose};
use crate::core::ids::{CarrierName, SiteKey};
use crate::simulate::day::Day;
use anyhow::Context;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The name of the one carrier.
pub const CARRIER: &str = "main";
/// The one department with a desk, as the appointments call it.
const DEPARTMENT: &str = "imaging";
/// What the carrier calls the hospital by. Nothing listens there.
pub const PUBLIC_URL: &str = "http://hospital.test";
/// What the hospital calls the carrier by.
const CARRIER_URL: &str = "http://carrier.test";

/// Configuration and files of a day.
pub fn hospital(day: &Day) -> anyhow::Result<(Arc<Config>, Files)> {
    static READ: Mutex<BTreeMap<String, Files>> = Mutex::new(BTreeMap::new());
    let mut config = Config::defaults();
    config.server.public_url = PUBLIC_URL.to_string();
    for (key, zone) in &day.sites {
        let site = config.sites.get_mut(&SiteKey::from(*key)).with_context(|| format!("the defaults have no site {key}"))?;
        site.timezone = *zone;
    }
    let carrier = config.carriers.get_mut(&CarrierName::from(CARRIER)).context("the defaults have no carrier `main`")?;
    carrier.api_url = CARRIER_URL.to_string();
    carrier.max_calls = day.lines;
    carrier.calls_per_second = day.calls_per_second;
    // Without hours it is always open.
    let (name, desk) = ("Imaging".to_string(), PhoneNumber::parse(day.desk).ok());
    config.departments.insert(DEPARTMENT.into(), Department { name, callback_number: None, desk, open: Vec::new() });
    let zones = day.sites.iter().map(|(_, zone)| zone.name()).collect::<Vec<_>>().join(" ");
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(files) = read.get(&zones) {
        return Ok((Arc::new(config), files.clone()));
    }
    let mut files = match read.values().next() {
        Some(files) => files.with_rules_of(&config)?,
        None => Files::read(&config)?,
    };
    // The shipped jobs transfer nothing: a hospital without desks could not.
    let rules = Arc::make_mut(&mut files.rulings.rules);
    rules.jobs.iter_mut().filter(|job| job.purpose == Purpose::Reminder).for_each(|job| job.call.transfer = true);
    read.insert(zones, files.clone());
    Ok((Arc::new(config), files))
}
