//! The zones of a North American number, by its area code.

use crate::core::domain::PhoneNumber;
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The shipped table, with its sources.
const TABLE: &str = include_str!("area_codes.tsv");

/// The table's name, which changes with its text.
static NAME: LazyLock<String> =
    LazyLock::new(|| Sha256::digest(TABLE).iter().take(8).map(|byte| format!("{byte:02x}")).collect());

/// The zones of each code, the code being the index: it is looked up for every decision.
static ZONES: LazyLock<Vec<Vec<Tz>>> = LazyLock::new(|| {
    let mut by_code = vec![Vec::new(); 1000];
    for (code, zones) in lines() {
        if let Some(slot) = code.parse().ok().and_then(|code: usize| by_code.get_mut(code)) {
            // A zone that is misspelt would be left out here: a test reads every line.
            slot.extend(zones.filter_map(|zone| zone.parse::<Tz>().ok()));
        }
    }
    by_code
});

/// The name of the table: it stands in the rules, so that a decision tells by which table it was made.
pub(super) fn table_name() -> &'static str {
    &NAME
}

/// Every zone in which a number may be, by its area code. Empty where the code belongs to no place (toll-free, personal,
/// premium) or is unknown, and for numbers outside North America: then the site's own zone is meant.
pub(super) fn zones_of_area_code(number: &PhoneNumber) -> &'static [Tz] {
    let code = number.area_code().and_then(|code| code.parse::<usize>().ok());
    code.and_then(|code| ZONES.get(code)).map_or(&[], Vec::as_slice)
}

/// The lines of the table that are no comments: a code, and the names of its zones.
fn lines() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        let code = columns.next().unwrap_or_default();
        (code, columns.nth(1).unwrap_or_default().split(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn zones(code: &str) -> Vec<&'static str> {
        let number = PhoneNumber::parse(&format!("{code}-555-0101")).expect("a number");
        zones_of_area_code(&number).iter().map(|zone| zone.name()).collect()
    }

    #[test]
    fn every_line_holds_a_code_a_region_and_zones_that_exist() {
        let mut seen = BTreeSet::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [code, region, names] = columns[..] else { panic!("three columns: {line}") };
            assert!(code.len() == 3 && code.parse::<u16>().is_ok_and(|code| code >= 201), "{line}");
            assert!(!region.is_empty() && seen.insert(code), "{line}");
            let wanted: Vec<&str> = names.split(' ').collect();
            assert_eq!(zones(code), wanted, "every zone is known to the database: {line}");
            assert_eq!(wanted.iter().collect::<BTreeSet<_>>().len(), wanted.len(), "no zone twice: {line}");
        }
        assert_eq!(seen.len(), 457, "454 in service, three to come");
    }

    #[test]
    fn where_some_codes_are() {
        for (code, wanted) in [
            ("617", "America/New_York"),
            ("415", "America/Los_Angeles"),
            ("808", "Pacific/Honolulu"),
            ("850", "America/Chicago America/New_York"),
            ("448", "America/Chicago America/New_York"),
            ("305", "America/New_York"),
            ("423", "America/New_York America/Chicago"),
            ("931", "America/Chicago America/New_York"),
            ("615", "America/Chicago"),
            ("270", "America/Chicago America/New_York"),
            ("364", "America/Chicago America/New_York"),
            ("606", "America/New_York America/Chicago"),
            ("502", "America/New_York"),
            ("219", "America/Indiana/Indianapolis America/Chicago"),
            ("812", "America/Indiana/Indianapolis America/Chicago"),
            ("930", "America/Indiana/Indianapolis America/Chicago"),
            ("574", "America/Indiana/Indianapolis America/Chicago"),
            ("317", "America/Indiana/Indianapolis"),
            ("906", "America/Detroit America/Menominee"),
            ("313", "America/Detroit"),
            ("915", "America/Denver America/Chicago"),
            ("432", "America/Chicago"),
            ("308", "America/Chicago America/Denver"),
            ("402", "America/Chicago America/Denver"),
            ("620", "America/Chicago America/Denver"),
            ("785", "America/Chicago America/Denver"),
            ("605", "America/Chicago America/Denver"),
            ("701", "America/Chicago America/Denver"),
            ("541", "America/Los_Angeles America/Boise"),
            ("458", "America/Los_Angeles America/Boise"),
            ("208", "America/Boise America/Los_Angeles"),
            ("986", "America/Boise America/Los_Angeles"),
            ("775", "America/Los_Angeles America/Denver"),
            ("928", "America/Phoenix America/Denver"),
            ("602", "America/Phoenix"),
            ("907", "America/Anchorage America/Adak"),
            ("334", "America/Chicago America/New_York"),
            ("787", "America/Puerto_Rico"),
            ("340", "America/St_Thomas"),
            ("671", "Pacific/Guam"),
            ("670", "Pacific/Saipan"),
            ("684", "Pacific/Pago_Pago"),
            ("418", "America/Toronto America/Halifax America/Blanc-Sablon"),
            ("367", "America/Toronto America/Halifax America/Blanc-Sablon"),
            ("819", "America/Toronto"),
            ("807", "America/Toronto America/Winnipeg America/Atikokan"),
            ("604", "America/Vancouver"),
            ("672", "America/Vancouver America/Dawson_Creek America/Edmonton"),
            ("306", "America/Regina America/Edmonton America/Winnipeg"),
            ("867", "America/Whitehorse America/Edmonton America/Rankin_Inlet America/Iqaluit America/Atikokan"),
            ("709", "America/St_Johns America/Goose_Bay"),
            ("879", "America/St_Johns America/Goose_Bay"),
            ("506", "America/Moncton"),
            ("902", "America/Halifax"),
            ("242", "America/Nassau"),
            ("876", "America/Jamaica"),
            ("809", "America/Santo_Domingo"),
            ("441", "Atlantic/Bermuda"),
            ("721", "America/Lower_Princes"),
            // Overlays of the last years.
            ("357", "America/Los_Angeles"),
            ("465", "America/New_York"),
            ("471", "America/Chicago"),
            ("679", "America/Detroit"),
            ("729", "America/New_York America/Chicago"),
            ("748", "America/Denver"),
            ("942", "America/Toronto"),
        ] {
            assert_eq!(zones(code).join(" "), wanted, "{code}");
        }
    }

    #[test]
    fn a_code_of_no_place_counts_as_the_sites() {
        let nowhere = ["800", "833", "844", "855", "866", "877", "888", "900", "700", "710", "600", "622", "500", "521", "533"];
        for code in nowhere.iter().chain(&["543", "588", "211", "999", "370"]) {
            assert!(zones(code).is_empty(), "{code}");
        }
        let london = PhoneNumber::parse("+442071838750").expect("a number");
        assert!(zones_of_area_code(&london).is_empty());
    }
}
