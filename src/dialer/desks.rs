//! Which desk a patient is connected with who asks for a person: that of the visit's department.

use super::callback::folded;
use crate::config::{Config, Hours};
use crate::core::domain::{Desk, DeskHours, PhoneNumber};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// The desks of departments. A site or an organization has none: who answers there could not help, and would not know it.
#[derive(Debug, Clone)]
pub struct Desks {
    /// By key and by name, in lower case.
    departments: BTreeMap<String, (PhoneNumber, Vec<DeskHours>)>,
}

impl Desks {
    /// The desks of a configuration.
    pub fn of(config: &Config) -> Desks {
        let mut departments = BTreeMap::new();
        for (key, department) in &config.departments {
            let Some(number) = &department.desk else { continue };
            let open: Vec<_> = department.open.iter().flat_map(hours).collect();
            for word in [&department.name, key] {
                departments.insert(folded(word), (number.clone(), open.clone()));
            }
        }
        Desks { departments }
    }

    /// The desk of a visit to `department`, as the feed writes it (key or name, whatever its case), at a site with this clock.
    pub fn of_visit(&self, department: Option<&str>, zone: Tz) -> Option<Desk> {
        let (number, open) = self.departments.get(&folded(department?))?;
        Some(Desk { number: number.clone(), zone, open: open.clone() })
    }
}

fn hours(hours: &Hours) -> impl Iterator<Item = DeskHours> + '_ {
    let (from_minute, until_minute) = (hours.from.minutes(), hours.until.minutes());
    hours.days.iter().map(move |day| DeskHours { day: *day, from_minute, until_minute })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Department;
    use crate::core::plan::Clock24;
    use chrono::{DateTime, Utc, Weekday};

    #[test]
    fn a_department_is_known_by_key_and_name_and_its_hours_are_the_sites() {
        let mut config = Config::defaults();
        let clock = |text| Clock24::parse(text).expect("a time of day");
        let hours = Hours { days: vec![Weekday::Mon, Weekday::Tue], from: clock("08:00"), until: clock("17:00") };
        let desk = PhoneNumber::parse("+16175550121").ok();
        let department = |desk| Department { name: "MR Imaging".into(), callback_number: None, desk, open: vec![hours.clone()] };
        config.departments.insert("mri".into(), department(desk));
        config.departments.insert("ct".into(), Department { name: "CT".into(), ..department(None) });
        let desks = Desks::of(&config);
        let at = "2026-12-01T16:30:00-05:00".parse::<DateTime<Utc>>().expect("a Tuesday");
        for (department, zone, want) in [
            (Some(" mr IMAGING "), Tz::America__New_York, Some(true)),
            (Some("MRI"), Tz::America__Halifax, Some(false)),
            (Some("ct"), Tz::America__New_York, None),
            (Some("cardiology"), Tz::America__New_York, None),
            (None, Tz::America__New_York, None),
        ] {
            assert_eq!(desks.of_visit(department, zone).map(|desk| desk.is_open(at)), want, "{department:?}");
        }
    }
}
