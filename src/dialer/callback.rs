//! Which number a patient is asked to call back: the most specific one known.

use crate::config::Config;
use crate::core::domain::PhoneNumber;
use crate::core::ids::SiteKey;
use std::collections::BTreeMap;

/// The numbers to call back. A department's goes before a site's, a site's before the organization's. The number alone is
/// said: the department's name would tell why somebody is treated (calling-rules L-36).
#[derive(Debug, Clone)]
pub struct CallbackNumbers {
    organization: PhoneNumber,
    sites: BTreeMap<SiteKey, PhoneNumber>,
    /// By key and by name, in lower case.
    departments: BTreeMap<String, PhoneNumber>,
}

impl CallbackNumbers {
    /// The numbers of a configuration.
    pub fn of(config: &Config) -> CallbackNumbers {
        let own = config.sites.iter().filter_map(|(key, site)| Some((key.clone(), site.callback_number.clone()?)));
        let mut departments = BTreeMap::new();
        for (key, department) in &config.departments {
            let Some(number) = &department.callback_number else { continue };
            for word in [&department.name, key] {
                departments.insert(folded(word), number.clone());
            }
        }
        CallbackNumbers { organization: config.organization.callback_number.clone(), sites: own.collect(), departments }
    }

    /// The number for a visit to `department`, as the feed writes it (key or name, whatever its case), at `site`.
    pub fn most_specific(&self, site: &SiteKey, department: Option<&str>) -> &PhoneNumber {
        let of_department = department.and_then(|word| self.departments.get(&folded(word)));
        of_department.or_else(|| self.sites.get(site)).unwrap_or(&self.organization)
    }
}

pub(super) fn folded(word: &str) -> String {
    word.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Department;

    #[test]
    fn a_department_goes_before_its_site_and_a_site_before_the_organization() {
        let mut config = Config::defaults();
        let number = |text| PhoneNumber::parse(text).expect("a number");
        let site = config.sites.get_mut(&"boston".into()).expect("a default site");
        site.callback_number = Some(number("+16175550110"));
        let name = "MR Imaging".to_string();
        let mri = Department { name, callback_number: Some(number("+16175550120")), desk: None, open: Vec::new() };
        config.departments.insert("mri".to_string(), mri);
        config.organization.callback_number = number("+16175550100");
        let numbers = CallbackNumbers::of(&config);
        for (site, department, want) in [
            ("boston", Some("mri"), "+16175550120"),
            ("denver", Some(" MR imaging "), "+16175550120"),
            ("boston", Some("Cardiology"), "+16175550110"),
            ("boston", None, "+16175550110"),
            ("denver", None, "+16175550100"),
        ] {
            assert_eq!(numbers.most_specific(&site.into(), department).as_str(), want, "{site} {department:?}");
        }
    }
}
