//! Decisions are kept with what they were made of, and can be made again.

use callahead::audit::rules_form;
use callahead::config::Config;
use callahead::core::plan::{Clock24, Holidays, Rules};
use callahead::rulebook;
use std::path::Path;

/// The shipped jobs under the default configuration.
fn shipped() -> Rules {
    let config = Config::defaults();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules");
    let (jobs, faults) = rulebook::load_jobs(&folder, &config, &[]);
    assert_eq!(faults, []);
    rulebook::rules(&config, jobs, vec!["en-US".into()])
}

#[test]
fn rules_are_read_back_as_they_were() {
    let mut rules = shipped();
    rules.jobs[0].when.holidays = Holidays::Dates(["2026-12-24".parse().expect("a date")].into());
    rules.jobs[0].when.until = Clock24::END;
    let (name, text) = rules_form(&rules);
    let read: Rules = serde_json::from_str(&text).expect("rules");
    assert_eq!((&read.jobs, &read.limits, &read.sites), (&rules.jobs, &rules.limits, &rules.sites));
    assert_eq!((&read.language, &read.languages, &read.area_codes), (&rules.language, &rules.languages, &rules.area_codes));
    assert_eq!(rules_form(&read), (name, text));
}

#[test]
fn other_rules_have_another_name() {
    let rules = shipped();
    let (name, _) = rules_form(&rules);
    assert_eq!((name.len(), rules_form(&rules.clone()).0), (64, name.clone()));
    let mut stricter = rules.clone();
    stricter.limits.per_week -= 1;
    assert_ne!(rules_form(&stricter).0, name);
    let by_another_table = Rules { area_codes: "another".to_string(), ..rules };
    assert_ne!(rules_form(&by_another_table).0, name);
}
