//! Whole files: good ones, and every kind of bad one a hospital has sent.

use super::*;
use crate::core::domain::{AppointmentStatus, PhoneKind, Service, VoicemailPolicy};
use crate::core::ids::{FeedName, SiteKey};
use crate::feed::Understood;
use chrono_tz::Tz;

const EVERY_COLUMN: &[u8] = include_bytes!("../../../tests/data/csv/every-column.csv");
const WINDOWS_1252: &[u8] = include_bytes!("../../../tests/data/csv/windows-1252.csv");
const BYTE_ORDER_MARK: &[u8] = include_bytes!("../../../tests/data/csv/byte-order-mark.csv");
const SEMICOLONS: &[u8] = include_bytes!("../../../tests/data/csv/semicolons-and-line-breaks.csv");
const WRONG_COLUMNS: &[u8] = include_bytes!("../../../tests/data/csv/wrong-columns.csv");
const NO_HEADER: &[u8] = include_bytes!("../../../tests/data/csv/no-header.csv");
const UNKNOWN_COLUMNS: &[u8] = include_bytes!("../../../tests/data/csv/unknown-columns.csv");
const BAD_DATES: &[u8] = include_bytes!("../../../tests/data/csv/bad-dates.csv");
const MISSING_PHONES: &[u8] = include_bytes!("../../../tests/data/csv/missing-phones.csv");
const BAD_WORDS: &[u8] = include_bytes!("../../../tests/data/csv/bad-words.csv");
const TRUNCATED: &[u8] = include_bytes!("../../../tests/data/csv/truncated.csv");
const TRUNCATED_IN_QUOTES: &[u8] = include_bytes!("../../../tests/data/csv/truncated-in-quotes.csv");
const OPEN_QUOTE: &[u8] = include_bytes!("../../../tests/data/csv/open-quote.csv");
const DEMO: &[u8] = include_bytes!("../../../demo/appointments.csv");

fn zone_of(site: &SiteKey) -> Option<Tz> {
    match site.as_str() {
        "boston" => Some(chrono_tz::America::New_York),
        "denver" => Some(chrono_tz::America::Denver),
        _ => None,
    }
}

/// Knows magnets, chairs and clinics, like the first rules of a real list.
fn classify(visit_type: Option<&str>, department: Option<&str>) -> Service {
    let words = format!("{} {}", visit_type.unwrap_or_default(), department.unwrap_or_default());
    [
        ("INFUSION", Service::Infusion),
        ("IMRT", Service::RadiationTherapy),
        ("MRI", Service::Radiology),
        ("CT", Service::Radiology),
        ("RETURN", Service::Exam),
        ("FOLLOW UP", Service::Exam),
    ]
    .into_iter()
    .find(|(word, _)| words.contains(word))
    .map_or(Service::Unknown, |(_, class)| class)
}

fn read_with(bytes: &[u8], settings: &CsvSettings) -> Reading {
    let sites = [SiteKey::from("boston"), SiteKey::from("denver")];
    let feed = FeedName::from("import");
    read(bytes, settings, &Context { feed: &feed, zone_of: &zone_of, sites: &sites, classify: &classify })
}

fn read_native(bytes: &[u8]) -> Reading {
    read_with(bytes, &CsvSettings::default())
}

fn good(reading: &Reading) -> Vec<&Understood> {
    reading.rows.iter().filter_map(|row| row.content.as_ref().ok()).collect()
}

fn refused(reading: &Reading) -> Vec<(u64, &str)> {
    reading.rows.iter().filter_map(|row| row.content.as_ref().err().map(|e| (row.line, e.reason.as_str()))).collect()
}

fn noticed(reading: &Reading) -> Vec<(u64, String)> {
    good(reading).iter().filter(|g| !g.noticed.is_empty()).map(|g| (g.change.line, g.noticed.join("; "))).collect()
}

fn assert_each_begins(got: &[(u64, &str)], want: &[(u64, &str)]) {
    assert_eq!(got.iter().map(|g| g.0).collect::<Vec<_>>(), want.iter().map(|w| w.0).collect::<Vec<_>>(), "{got:#?}");
    got.iter().zip(want).for_each(|(got, want)| assert!(got.1.starts_with(want.1), "want {want:?}, got {got:?}"));
}

#[test]
fn every_column_is_read() {
    let reading = read_native(EVERY_COLUMN);
    let change = &good(&reading)[0].change;
    assert_eq!((change.appointment.as_str(), change.patient.as_str(), change.line), ("A1", "MRN1", 2));
    assert_eq!((change.start.to_rfc3339(), change.duration_minutes), ("2026-12-01T14:00:00+00:00".into(), Some(45)));
    assert_eq!(
        (change.service, change.status, change.established),
        (Service::Radiology, AppointmentStatus::Confirmed, Some(true))
    );
    assert_eq!(change.booked_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-02T13:15:00+00:00"));
    assert_eq!(change.updated_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-03T15:00:30+00:00"));
    let who = &change.about_patient;
    let numbers: Vec<_> = who.phones.iter().map(|p| (p.kind, p.number.as_ref().map(|n| n.as_str()))).collect();
    assert_eq!(numbers[0], (PhoneKind::Home, Some("+16175550101")));
    assert_eq!(numbers[1], (PhoneKind::Mobile, Some("+18575550102")));
    assert_eq!(numbers[2], (PhoneKind::Work, Some("+442079460018")));
    assert_eq!(who.birth_date.as_ref().map(|d| d.reveal().to_string()).as_deref(), Some("1961-02-03"));
    assert_eq!((who.opt_out, who.no_call, who.deceased, who.tty), (Some(false), Some(true), Some(false), Some(true)));
    assert_eq!((who.sensitive, who.guardian, who.voicemail), (Some(true), Some(true), Some(VoicemailPolicy::Minimal)));
    assert_eq!((who.consent.as_deref(), who.language.as_ref().map(|l| l.as_str())), (Some("intake form"), Some("en-US")));
    assert_eq!(who.only_number.as_ref().map(|n| n.reveal().as_str()), Some("+16175550101"));
    assert!(noticed(&reading).is_empty());
}

#[test]
fn encodings_delimiters_and_line_breaks() {
    let first_names = |reading: &Reading| -> Vec<String> {
        good(reading).iter().filter_map(|g| g.change.about_patient.first_name.as_ref().map(|n| n.reveal().clone())).collect()
    };
    assert_eq!(first_names(&read_native(WINDOWS_1252)), ["José", "“Zoë”"]);
    assert_eq!(first_names(&read_native(BYTE_ORDER_MARK)), ["José"]);
    let reading = read_native(SEMICOLONS);
    assert_eq!(first_names(&reading), ["Ada\nMaria", "Bea"]);
    assert_eq!(reading.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert!(reading.rows[0].raw.reveal().starts_with("A1;MRN1;\"Ada\nMaria\""), "the raw text is kept as it came");
}

#[test]
fn a_wrong_header_is_one_clear_refusal() {
    let reading = read_native(WRONG_COLUMNS);
    assert_each_begins(&refused(&reading), &[(1, "no column appointment_id: did you mean it by `apointment_id`?")]);
    let reading = read_native(NO_HEADER);
    assert_each_begins(&refused(&reading), &[(1, "the first line holds values, not column names")]);
    assert_each_begins(&refused(&read_native(b"")), &[(1, "the file is empty")]);
    let reading = read_native(UNKNOWN_COLUMNS);
    assert_eq!((reading.rows.len(), reading.noticed.len(), reading.noticed[0].0), (1, 1, 1));
    assert!(reading.noticed[0].1.contains("`clinic colour`"));
}

#[test]
fn bad_dates_are_refused_by_line_and_the_rest_is_kept() {
    let reading = read_native(BAD_DATES);
    assert_each_begins(
        &refused(&reading),
        &[
            (3, "start: no such time, want YYYY-MM-DDTHH:MM or"),
            (4, "start: no such time"),
            (5, "start: no such time"),
            (6, "start: it is empty, want YYYY-MM-DDTHH:MM or"),
            (7, "booked_at: no such time"),
        ],
    );
    assert!(refused(&reading)[4].1.contains("; updated_at: no such time"), "every fault of a row is named");
    assert_eq!(good(&reading).len(), 3);
    assert_eq!(noticed(&reading), [(8, "birth_date: no such day, want YYYY-MM-DD; it was left out".to_string())]);
}

#[test]
fn rows_without_a_number_are_kept_and_noticed() {
    let reading = read_native(MISSING_PHONES);
    assert_each_begins(&refused(&reading), &[(6, "only_number: want E.164")]);
    let noticed = noticed(&reading);
    let begins: Vec<(u64, &str)> = noticed.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_each_begins(
        &begins,
        &[
            (2, "no telephone number: phone_home, phone_mobile and phone_work are empty"),
            (
                3,
                "no number that can be dialled; phone_home: want E.164 (+16175550100) or ten digits; phone_work: it has an extension",
            ),
            (4, "phone_mobile: want E.164"),
            (7, "only_number: want E.164"),
        ],
    );
}

#[test]
fn wrong_words_are_refused_with_the_right_ones_and_never_repeated() {
    let reading = read_native(BAD_WORDS);
    assert_each_begins(
        &refused(&reading),
        &[
            (2, "appointment_id: it is empty"),
            (3, "patient_id: it is empty"),
            (4, "site: no such site under [sites] of the configuration: want boston or denver; did you mean `boston`?"),
            (5, "site: no such site"),
            (6, "status: want booked, confirmed, pending, cancelled, arrived, completed or noshow; did you mean `cancelled`?"),
            (7, "service: want exam, radiology, infusion, radiation_therapy, lab or other; did you mean `radiology`?"),
            (8, "opt_out: want yes or no"),
            (9, "voicemail: want standard, minimal or none"),
            (10, "patient_id: a spreadsheet program"),
            (11, "appointment_id: a spreadsheet program"),
            (12, "site: no such site"),
        ],
    );
    for (_, reason) in refused(&reading) {
        assert!(
            !["Secret", "0199", "MRN", "perhaps", "1.23457", "nowhere"].iter().any(|private| reason.contains(private)),
            "{reason}"
        );
    }
    let opted_out: Vec<u64> =
        reading.rows.iter().filter(|r| r.content.as_ref().is_err_and(|e| e.opts_out.is_some())).map(|r| r.line).collect();
    assert_eq!(opted_out, [12], "an opt-out counts on any row");
    let kept = good(&reading);
    assert_eq!((kept[0].change.service, kept[1].change.service), (Service::Unknown, Service::Radiology));
    assert_eq!(kept[0].change.about_patient.language.as_ref().map(|l| l.as_str()), Some("und"));
    assert_eq!(kept[1].change.about_patient.language.as_ref().map(|l| l.as_str()), Some("en-GB"));
    assert_eq!((kept[0].noticed.len(), kept[1].noticed.len(), kept.len()), (3, 0, 2), "a row of blanks is no row");
}

#[test]
fn what_is_cut_off_costs_its_own_line_only() {
    for (bytes, want) in [
        (TRUNCATED, (3, "the row has 4 fields, the header 6: the line is cut off")),
        (TRUNCATED_IN_QUOTES, (3, "the line is cut off: a quoted field has no closing quote")),
        (OPEN_QUOTE, (2, "a quoted field goes on after its closing quote")),
    ] {
        let reading = read_native(bytes);
        assert_each_begins(&refused(&reading), &[want]);
        assert_eq!(good(&reading).len(), reading.rows.len() - 1);
    }
    assert_eq!(read_native(OPEN_QUOTE).rows.len(), 3);
}

#[test]
fn the_demo_hospital_reads_without_a_refusal() {
    let reading = read_native(DEMO);
    assert_eq!(refused(&reading), []);
    let patients: std::collections::BTreeSet<_> = good(&reading).iter().map(|g| g.change.patient.clone()).collect();
    assert_eq!(patients.len(), 60);
    let noticed = noticed(&reading);
    assert_eq!(noticed.len(), 3, "no number, an unreadable one, and an extension: {noticed:?}");
    for service in ["exam", "radiology", "infusion", "radiation_therapy", "lab", "other", "unknown"] {
        assert!(good(&reading).iter().any(|g| g.change.service.as_str() == service), "{service}");
    }
    for row in &reading.rows {
        let Ok(good) = &row.content else { continue };
        let named = row.raw.reveal().split(',').any(|cell| Service::parse(cell).is_some());
        assert_eq!(good.change.service_by_rule, !named, "line {}: who gave the class is kept", row.line);
    }
    let last_two: std::collections::BTreeSet<String> = good(&reading)
        .iter()
        .flat_map(|g| &g.change.about_patient.phones)
        .filter_map(|phone| phone.number.as_ref().map(|n| n.as_str()[10..].to_string()))
        .collect();
    for wanted in (1..=23).chain([26, 27]) {
        assert!(last_two.contains(&format!("{wanted:02}")), "a patient whose telephone ends in {wanted:02}");
    }
}

#[test]
fn a_file_cut_at_any_byte_keeps_every_whole_row() {
    let whole = read_native(DEMO);
    for cut in DEMO.len() - 250..DEMO.len() {
        let reading = read_native(&DEMO[..cut]);
        let last = reading.rows.len() - 1;
        assert_eq!(reading.rows[..last], whole.rows[..last], "cut at {cut}");
        let is_cut = reading.rows[last] != whole.rows[last];
        let is_refused = reading.rows[last].content.is_err();
        let updated_at_is_gone = reading.rows[last].raw.reveal().ends_with(',');
        assert!(!is_cut || is_refused || updated_at_is_gone, "cut at {cut}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_fall(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        read_native(&bytes);
        let header = b"appointment_id,patient_id,phone_home,start,site,service\n";
        let reading = read_native(&[header.as_slice(), &bytes].concat());
        proptest::prop_assert!(reading.rows.windows(2).all(|pair| pair[0].line < pair[1].line));
    }

    #[test]
    fn what_is_quoted_by_the_rules_comes_back(names in proptest::collection::vec("[a-z\",;|\r\n\té ]{1,12}", 1..8), quoted in 0..4_usize) {
        let delimiter = [b',', b';', b'\t', b'|'][quoted];
        let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["appointment_id", "last_name", "patient_id", "phone_home", "start", "site", "service"]).expect("memory");
        for (n, name) in names.iter().enumerate() {
            let id = format!("A{n}");
            writer.write_record([&id, name, "P1", "617-555-0101", "2026-12-01T09:00", "boston", "exam"]).expect("memory");
        }
        let reading = read_native(&writer.into_inner().expect("memory"));
        let got: Vec<String> = good(&reading).iter().map(|g| g.change.about_patient.last_name.as_ref().map_or(String::new(), |n| n.reveal().clone())).collect();
        let want: Vec<String> = names.iter().map(|name| name.trim().to_string()).collect();
        proptest::prop_assert_eq!(got, want);
    }
}
