//! The files of a hospital, read and checked: rules for planning, prompts and scripts for speaking.

use crate::config::{Config, FeedKind, Outline};
use crate::core::call::KeyAction;
use crate::core::domain::Purpose;
use crate::core::ids::{FeedName, LanguageTag, SiteKey};
use crate::core::plan::{Job, Rules};
use crate::fault::Fault;
use crate::feed::{Context, csv};
use crate::intake::{self, Arrival, ImportReport};
use crate::prompt::script::ScriptSet;
use crate::prompt::{Findings, Hospital, Length, Packs, lengths, lint};
use crate::rulebook;
use crate::services::Classifier;
use crate::store::Store;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// Languages that count as known where there is no prompts folder to look into (`plan`, `import`).
const SHIPPED_LANGUAGES: [&str; 2] = ["en-US", "es-US"];

/// A shorter call may end while patient and desk talk.
const ENOUGH_FOR_A_TALK: Duration = Duration::minutes(15);

/// What is said where the prompts folder is missing.
const NO_PROMPTS: &str = "there is no prompts folder here: set `prompts` in the configuration, or copy the shipped folder";

/// What the files of a hospital say, read and checked.
#[derive(Debug, Clone)]
pub struct Rulings {
    /// The rules.
    pub rules: Arc<Rules>,
    /// The classification of services.
    pub classifier: Classifier,
}

/// Reads jobs and services for a command that needs no sound: every fault is reported.
///
/// # Errors
/// All faults, one below the other.
pub fn read_rulings(config: &Config) -> Result<Rulings, Vec<Fault>> {
    read_rulings_of(config, &script_names(config).0, languages(config))
}

/// As [`read_rulings`], for a service that plays these scripts in these languages whatever the folders hold by now.
pub(super) fn read_rulings_of(config: &Config, scripts: &[String], languages: Vec<LanguageTag>) -> Result<Rulings, Vec<Fault>> {
    let (jobs, mut faults) = rulebook::load_jobs(&config.schedules, config, scripts);
    match Classifier::beside(config) {
        Ok(classifier) if faults.is_empty() => {
            Ok(Rulings { rules: Arc::new(rulebook::rules(config, jobs, languages)), classifier })
        }
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

/// Every fault of a configuration and of the files that it names (schedules, services, prompts, scripts), and what it asks
/// for and this version does not do; and what is no fault and should be known.
pub fn check_all(outline: &Outline) -> Findings {
    let mut findings = Findings::from(outline.faults.clone());
    let Some(config) = &outline.config else { return findings };
    findings.faults.extend(config.not_built.iter().map(|missing| missing.fault.clone()));
    findings.faults.extend(impossible_carriers(config));
    findings.warnings.extend(nobody_shares(config));
    if outline.folders || config.schedules.exists() {
        match read_rulings(config) {
            Ok(rulings) => {
                findings.warnings.extend(never_established(config, &rulings));
                findings.warnings.extend(never_transferred(config, &rulings));
                findings.warnings.extend(cut_short(config, &rulings));
            }
            Err(faults) => findings.faults.extend(faults),
        }
    }
    // What packs say is compared with the names of the configuration, where those can be read.
    let mut named = config.clone();
    if !outline.names {
        named.sites.clear();
    }
    if outline.folders || config.prompts.exists() {
        findings.extend(check_prompts(&named));
    }
    findings
}

/// What only a carrier itself can tell of its settings, such as a key that wants another one. Nothing is sent.
fn impossible_carriers(config: &Config) -> Vec<Fault> {
    let file = config.file.clone().unwrap_or_default();
    let built = config.carriers.iter().filter(|(_, settings)| settings.kind.is_built());
    let refused = built.filter_map(|(name, settings)| super::carrier(config, None, name, settings).err());
    refused.map(|error| Fault::of_file(&file, "carrier_settings", error.to_string())).collect()
}

/// Several carriers that could take each other's calls, and none that does: all weights are 0.
fn nobody_shares(config: &Config) -> Vec<Fault> {
    let file = config.file.clone().unwrap_or_default();
    let of_sort = |real| config.carriers.values().filter(move |carrier| carrier.kind.is_real == real);
    let alone = [true, false].into_iter().filter(|real| of_sort(*real).count() > 1 && of_sort(*real).all(|c| c.weight == 0));
    alone
        .map(|real| {
            let names = of_sort(real).map(|carrier| carrier.name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!(
                "carriers {names}: every weight is 0, so none of them stands in for another: give those a weight that may take \
                 calls of all jobs"
            );
            Fault::of_file(&file, "no_weight", message)
        })
        .collect()
}

/// A job asks for established patients, and a feed whose columns are listed one by one has none that says so: only earlier
/// visits can tell then (interfaces, section 4, rule of time 5).
fn never_established(config: &Config, rulings: &Rulings) -> Vec<Fault> {
    let asks = |job: &&Job| job.enabled && job.purpose == Purpose::Reminder && job.select.established_patients_only;
    let Some(job) = rulings.rules.jobs.iter().find(asks) else { return Vec::new() };
    let silent = config.feeds.iter().filter(|(_, feed)| match &feed.kind {
        FeedKind::Csv(csv) => !csv.header && !csv.columns.contains_key("established"),
        FeedKind::Hl7(_) | FeedKind::Fhir(_) => false,
    });
    let file = config.file.clone().unwrap_or_default();
    silent
        .map(|(name, _)| {
            let message = format!(
                "feeds.{name}: no column says whether a patient is established, and job {} asks for it: only patients with an \
                 earlier visit are called; add `established` to columns where the file has it",
                job.name
            );
            Fault::of_file(&file, "never_established", message)
        })
        .collect()
}

/// A job transfers calls, and none of them can be: no department has a desk, or no key of the script leads there. Its calls
/// go on as if it did not.
fn never_transferred(config: &Config, rulings: &Rulings) -> Vec<Fault> {
    let file = config.file.clone().unwrap_or_default();
    let has_desk = config.departments.values().any(|department| department.desk.is_some());
    let scripts = ScriptSet::load(&config.prompts).ok();
    let leads_there = |name: &str| {
        let script = scripts.as_ref().and_then(|scripts| scripts.calls.get(name));
        script.is_none_or(|script| script.keys.values().any(|action| *action == KeyAction::Transfer))
    };
    let jobs = rulings.rules.jobs.iter().filter(|job| job.enabled && job.call.transfer);
    jobs.filter_map(|job| {
        let (name, script) = (&job.name, &job.call.script);
        if !has_desk {
            let message =
                format!("job {name} has transfer = true, and no department has a desk: give one under [departments.KEY]");
            return Some(Fault::of_file(&file, "never_transferred", message));
        }
        let message =
            format!("job {name} has transfer = true, and no key of its script {script} means `transfer`: see prompts/README.md");
        (!leads_there(script)).then(|| Fault::of_file(&config.prompts, "never_transferred", message))
    })
    .collect()
}

/// A talk with the desk is part of the call, and ends with it.
fn cut_short(config: &Config, rulings: &Rulings) -> Option<Fault> {
    let job = rulings.rules.jobs.iter().find(|job| job.enabled && job.call.transfer)?;
    let most = rulings.rules.limits.max_call;
    let message = format!(
        "limits.max_call is {} minutes, and job {} has transfer = true: a patient's talk with the desk is cut off then; give \
         calls {} minutes or more",
        most.num_minutes(),
        job.name,
        ENOUGH_FOR_A_TALK.num_minutes()
    );
    (most < ENOUGH_FOR_A_TALK).then(|| Fault::of_file(&config.file.clone().unwrap_or_default(), "talk_cut_short", message))
}

/// Every fault of reminder jobs and of the list of services, judged against as much of the configuration as can be read.
pub fn check_schedules(outline: &Outline) -> Vec<Fault> {
    let config = outline.config.as_ref();
    config.and_then(|config| read_rulings(config).err()).unwrap_or_default()
}

/// Everything that is wrong with packs and scripts, or should be known of them ([`lint`]).
pub fn check_prompts(config: &Config) -> Findings {
    match read_prompts(config) {
        Ok((_, _, warnings)) => Findings { faults: Vec::new(), warnings },
        Err(findings) => findings,
    }
}

/// How long every message can become, in every language; of what can be read.
///
/// # Errors
/// When there are no packs, or the scripts have faults.
pub fn prompt_lengths(config: &Config) -> Result<Vec<Length>, Vec<Fault>> {
    let (packs, _) = load_packs(config)?;
    let scripts = ScriptSet::load(&config.prompts)?;
    Ok(lengths(&packs, &scripts, &config.prompts, &hospital(config)))
}

/// Packs and scripts that can speak every call there can be, and what should be known of them.
pub(super) fn read_prompts(config: &Config) -> Result<(Packs, ScriptSet, Vec<Fault>), Findings> {
    let (packs, faults) = load_packs(config)?;
    let mut findings = Findings::from(faults);
    let scripts = match ScriptSet::load(&config.prompts) {
        Ok(scripts) => scripts,
        Err(faults) => {
            findings.faults.extend(faults);
            return Err(findings);
        }
    };
    if packs.find(config.organization.language.as_str()).is_none() {
        let message = format!("there is no pack of [organization] language {}", config.organization.language);
        findings.faults.push(Fault::of_file(&config.prompts, "no_pack", message));
    }
    findings.extend(lint(&packs, &scripts, &config.prompts, &hospital(config)));
    if findings.passes() { Ok((packs, scripts, findings.warnings)) } else { Err(findings) }
}

fn load_packs(config: &Config) -> Result<(Packs, Vec<Fault>), Vec<Fault>> {
    if config.prompts.is_dir() {
        return Ok(Packs::load(&config.prompts));
    }
    Err(vec![Fault::of_file(&config.prompts, "no_prompts", NO_PROMPTS)])
}

/// What of a configuration is said in calls.
fn hospital(config: &Config) -> Hospital {
    let organization = &config.organization;
    let of_sites = config.sites.values().filter_map(|site| site.callback_number.clone());
    let of_departments = config.departments.values().filter_map(|department| department.callback_number.clone());
    let numbers = [organization.callback_number.clone(), organization.office_number().clone()];
    Hospital {
        organization: organization.name.clone(),
        sites: config.sites.iter().map(|(key, site)| (key.clone(), site.name.clone())).collect(),
        callback_numbers: numbers.into_iter().chain(of_sites).chain(of_departments).collect(),
        opt_out_number: organization.opt_out_number.clone(),
    }
}

/// The languages of the prompts folder, by the names of its packs; the shipped ones where there is no folder.
pub fn languages(config: &Config) -> Vec<LanguageTag> {
    let Ok(entries) = std::fs::read_dir(&config.prompts) else { return SHIPPED_LANGUAGES.map(LanguageTag::from).to_vec() };
    let mut tags: Vec<_> = entries
        .flatten()
        .filter(|e| e.path().join("pack.toml").is_file())
        .filter_map(|e| e.file_name().into_string().ok())
        .map(LanguageTag::new)
        .collect();
    tags.sort();
    tags
}

/// The names of the call scripts, and their faults; no names where there is no folder (then any name is accepted).
pub fn script_names(config: &Config) -> (Vec<String>, Vec<Fault>) {
    if !config.prompts.join("scripts").is_dir() {
        return (Vec::new(), Vec::new());
    }
    match ScriptSet::load(&config.prompts) {
        Ok(set) => (set.calls.into_keys().collect(), Vec::new()),
        Err(faults) => (Vec::new(), faults),
    }
}

/// Faults, one below the other.
pub fn listed(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Rulings {
    /// Reads one CSV of a feed and takes it in by hand.
    ///
    /// # Errors
    /// When the store fails under way; what was committed before stays.
    pub async fn take_csv_in(
        &self,
        store: &dyn Store,
        feed: &FeedName,
        layout: &csv::CsvSettings,
        bytes: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ImportReport, intake::Error> {
        let zone_of = |site: &SiteKey| self.rules.zone(site);
        let sites: Vec<_> = self.rules.sites.keys().cloned().collect();
        let classify = |visit_type: Option<&str>, department: Option<&str>| {
            self.classifier.classify(None, visit_type.unwrap_or_default(), department, None, feed.as_str())
        };
        let context = Context { feed, zone_of: &zone_of, sites: &sites, classify: &classify };
        let reading = csv::read(bytes, layout, &context);
        intake::take_in(store, feed, &reading, Arrival::ByHand, now, &zone_of).await
    }
}
