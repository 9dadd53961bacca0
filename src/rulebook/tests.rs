//! Jobs, right and wrong.

use super::*;
use crate::core::domain::{PhoneKind, PhoneNumber, Purpose, Service, VoicemailPolicy};
use crate::core::plan::{Clock24, Count, Holidays, LeaveVoicemail};
use chrono::{Duration, Weekday};
use std::fs;

/// A folder of jobs, read against the default configuration with one department.
struct Folder {
    place: tempfile::TempDir,
    config: Config,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let place = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(place.path().join(name), text).expect("written");
        }
        let mut config = Config::defaults();
        config.file = Some("callahead.toml".into());
        Folder { place, config }
    }

    fn read(&self) -> (Vec<Job>, Vec<Fault>) {
        let scripts = ["reminder", "cancelled", "moved", "closure"].map(str::to_string);
        load_jobs(self.place.path(), &self.config, &scripts)
    }
}

/// A reminder, where the text says no purpose.
fn with_purpose(text: &str) -> String {
    if text.contains("purpose") { text.to_string() } else { format!("purpose = \"reminder\"\n{text}") }
}

fn only_job(text: &str) -> Job {
    let (mut jobs, faults) = Folder::with(&[("job.toml", &with_purpose(text))]).read();
    assert_eq!(faults, [], "{text}");
    jobs.remove(0)
}

#[test]
fn the_shipped_job_is_what_the_hospital_publishes() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules");
    let (jobs, faults) = load_jobs(Path::new(shipped), &Config::defaults(), &[]);
    assert_eq!(faults, []);
    let job = jobs.iter().find(|job| job.purpose == Purpose::Reminder).expect("a reminder");
    assert_eq!((job.name.as_str(), job.purpose, job.enabled), ("exam-and-radiology", Purpose::Reminder, true));
    assert_eq!(job.select.services, [Service::Exam, Service::Radiology]);
    assert!(job.select.sites.is_empty() && job.select.departments.is_empty() && job.select.established_patients_only);
    assert_eq!(job.select.minimum_notice, Duration::hours(24));
    assert_eq!((job.when.days_before.as_slice(), job.when.count), ([3].as_slice(), Count::Calendar));
    assert_eq!((job.when.weekdays.len(), job.when.weekdays.contains(&Weekday::Sun)), (6, false));
    assert_eq!((job.when.from.minutes(), job.when.until.minutes()), (600, 1140));
    assert_eq!((job.when.holidays.clone(), job.when.no_later_than), (Holidays::UsFederal, Duration::hours(12)));
    assert_eq!((job.attempts.max, job.attempts.same_day_redials), (2, 2));
    assert_eq!((job.attempts.busy, job.attempts.failed), (Duration::minutes(15), Duration::minutes(30)));
    assert_eq!((job.call.script.as_str(), job.call.carrier.as_str()), ("reminder", "main"));
    assert_eq!(job.call.phones, [PhoneKind::Home, PhoneKind::Mobile, PhoneKind::Work]);
    assert_eq!((job.call.voicemail, job.call.leave_voicemail), (VoicemailPolicy::Standard, LeaveVoicemail::First));
    assert!(!job.call.transfer);
    // A file that says no more than its purpose is the same job under the file's name.
    let mut empty = only_job("purpose = \"reminder\"\n");
    assert_eq!(empty.name.as_str(), "job");
    empty.name = job.name.clone();
    assert_eq!(&empty, job);
}

#[test]
fn the_shipped_notices_call_every_day_until_an_hour_before() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules");
    let (jobs, _) = load_jobs(Path::new(shipped), &Config::defaults(), &[]);
    let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["cancelled", "closure", "exam-and-radiology", "moved"]);
    for (name, purpose) in [("cancelled", Purpose::Cancelled), ("moved", Purpose::Moved), ("closure", Purpose::Closure)] {
        let job = jobs.iter().find(|job| job.name.as_str() == name).expect(name);
        assert_eq!((job.purpose, job.enabled, job.call.script.as_str()), (purpose, true, name));
        assert_eq!((job.when.weekdays.len(), job.when.from.minutes(), job.when.until.minutes()), (7, 480, 1260), "{name}");
        assert_eq!((job.when.holidays.clone(), job.when.no_later_than), (Holidays::None, Duration::hours(1)), "{name}");
        assert_eq!((job.when.horizon, job.when.settle), (Duration::days(14), Duration::minutes(10)), "{name}");
        assert_eq!((job.when.per_hour, job.when.days_before.len(), job.attempts.max), (120, 0, 2), "{name}");
        assert_eq!(job.select.services.len(), if purpose == Purpose::Closure { 6 } else { 2 }, "{name}");
        assert!(!job.select.established_patients_only && job.select.minimum_notice == Duration::zero(), "{name}");
        let mut empty = only_job(&format!("purpose = \"{name}\"\n"));
        empty.name = job.name.clone();
        assert_eq!(&empty, job, "a key that is left out is that of the shipped job of its purpose");
    }
}

#[test]
fn without_any_file_the_shipped_jobs_hold() {
    let (jobs, faults) = load_jobs(Path::new("schedules"), &Config::defaults(), &[]);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules");
    assert_eq!((jobs, faults), load_jobs(Path::new(shipped), &Config::defaults(), &[]));
}

#[test]
fn a_notice_has_hours_and_keys_of_its_own() {
    let job = only_job("purpose = \"moved\"\n[when]\nsettle = \"0\"\n");
    assert_eq!((job.purpose, job.call.script.as_str()), (Purpose::Moved, "moved"));
    assert_eq!((job.when.weekdays.len(), job.when.from.minutes(), job.when.until.minutes()), (7, 480, 1260));
    assert_eq!((job.when.holidays, job.when.no_later_than), (Holidays::None, Duration::hours(1)));
    assert_eq!((job.when.horizon, job.when.settle), (Duration::days(14), Duration::zero()));
    assert_eq!(only_job("purpose = \"closure\"\n[call]\nscript = \"cancelled\"").call.script, "cancelled");
    assert_eq!(only_job("purpose = \"closure\"\n[when]\nper_hour = 60").when.per_hour, 60);
}

#[test]
fn holidays_are_a_word_a_list_or_a_file() {
    let dates = |texts: &[&str]| Holidays::Dates(texts.iter().map(|text| text.parse().expect("a date")).collect());
    assert_eq!(only_job("[when]\nholidays = \"none\"").when.holidays, Holidays::None);
    let quoted = only_job("[when]\nholidays = [\"2026-12-24\", 2026-12-31]").when.holidays;
    assert_eq!(quoted, dates(&["2026-12-24", "2026-12-31"]));
    let job = ("job.toml", "purpose = \"reminder\"\n[when]\nholidays = \"days.txt\"");
    let folder = Folder::with(&[job, ("days.txt", "# ours\n2026-12-24 # Christmas Eve\n\n  2026-07-03\r\n")]);
    let (jobs, faults) = folder.read();
    assert_eq!(faults, []);
    assert_eq!(jobs[0].when.holidays, dates(&["2026-07-03", "2026-12-24"]));
    let folder = Folder::with(&[job, ("days.txt", "2026-12-24\n  24.12.2026 # so\n2026-02-30\n")]);
    let (jobs, faults) = folder.read();
    assert!(jobs.is_empty());
    assert_eq!(faults.iter().map(|f| (f.line, f.column)).collect::<Vec<_>>(), [(2, 3), (3, 1)]);
    assert!(faults[0].file.ends_with("days.txt") && faults[0].message.contains("\"24.12.2026\" is no date"), "{}", faults[0]);
    // Beside the configuration where it is not beside the job.
    let mut folder = Folder::with(&[job]);
    let beside = tempfile::tempdir().expect("a folder");
    fs::write(beside.path().join("days.txt"), "2026-12-24\n").expect("written");
    folder.config.dir = beside.path().to_path_buf();
    assert_eq!(folder.read().0[0].when.holidays, dates(&["2026-12-24"]));
}

#[test]
fn wrong_jobs_are_refused_in_a_schedulers_words() {
    for (text, line, column, code, part) in [
        ("purpose = \"remind\"", 1, 11, "unknown_value", "did you mean \"reminder\"?"),
        ("name = \"\"", 1, 8, "bad_value", "name: this is empty"),
        ("enabled = \"yes\"", 1, 11, "bad_value", "want true or false"),
        ("enable = true", 1, 1, "unknown_key", "unknown key enable; did you mean `enabled`?"),
        ("[select]\nservices = [\"exam\", \"radiologie\"]", 2, 21, "unknown_value", "did you mean \"radiology\"?"),
        ("[select]\nservices = [\"unknown\"]", 2, 13, "unknown_value", "known are: exam, radiology"),
        ("[select]\nservices = []", 2, 12, "contradiction", "no visit would ever be eligible"),
        ("[select]\nsites = [\"bosten\"]", 2, 10, "unknown_site", "did you mean \"boston\"?; sites stand under [sites]"),
        ("[select]\ndepartments = [\"MIR\"]", 2, 16, "unknown_department", "did you mean \"MRI\"?"),
        ("[select]\nminimum_notice = \"1 day\"", 2, 18, "bad_value", "whole number with s, m, h or d"),
        ("[when]\ndays_before = [0]", 2, 16, "bad_value", "the last day for a reminder is 1, the day before"),
        ("[when]\ndays_before = [-1]", 2, 16, "bad_value", "from 1 to 365, not -1"),
        ("[when]\ndays_before = 3", 2, 15, "bad_value", "want a list in square brackets"),
        ("[when]\ndays_before = []", 2, 15, "contradiction", "to switch the job off write enabled = false"),
        ("[when]\ndays_before = [1, 3]", 2, 15, "contradiction", "3 does not come after 1; write [3, 1]"),
        ("[when]\ndays_before = [3, 3]", 2, 15, "contradiction", "write [3]"),
        ("[when]\nweekdays = []", 2, 12, "contradiction", "there is no day to call on"),
        ("[when]\nweekdays = [\"monday\"]", 2, 13, "unknown_value", "mon, tue, wed"),
        ("[when]\nfrom = \"10am\"", 2, 8, "bad_value", "is no time of day"),
        (
            "[when]\nfrom = \"19:00\"\nuntil = \"10:00\"",
            3,
            9,
            "empty_window",
            "when.until (10:00) is not after when.from (19:00)",
        ),
        ("[when]\nfrom = \"19:00\"", 2, 8, "empty_window", "there is no hour to call in"),
        ("[when]\nfrom = \"21:00\"\nuntil = \"24:00\"", 2, 8, "empty_window", "outside the hours of [limits], 08:00 to 21:00"),
        ("[when]\nfrom = \"06:00\"\nuntil = \"08:00\"", 2, 8, "empty_window", "this job could never call"),
        ("[when]\nholidays = \"us-fedral\"", 2, 12, "unknown_holidays", "did you mean \"us-federal\"?"),
        ("[when]\nholidays = \"none.txt\"", 2, 12, "unknown_holidays", "is no file"),
        ("[when]\nholidays = [\"12/25/2026\"]", 2, 13, "bad_value", "want YYYY-MM-DD"),
        ("[when]\nholidays = 2026-12-25", 2, 12, "bad_value", "when.holidays"),
        (
            "[when]\ndays_before = [1]\nno_later_than = \"111h\"",
            3,
            17,
            "contradiction",
            "a touch the day before the visit could never be made: when.no_later_than stops calls 111h before",
        ),
        (
            "[when]\nhorizon = \"14d\"",
            2,
            11,
            "unused_key",
            "for cancelled, moved and closure notices, and this job's purpose is reminder: leave it out",
        ),
        ("purpose = \"moved\"\n[when]\nsettle = \"2h\"", 3, 10, "bad_value", "want 0s to 1h, not 2h"),
        ("[attempts]\nmax = 0", 2, 7, "bad_value", "from 1 to 10, not 0"),
        ("[attempts]\nno_answer = \"same_day\"", 2, 13, "unknown_value", "next_day"),
        ("[call]\nscript = \"remindr\"", 2, 10, "unknown_script", "did you mean \"reminder\"?"),
        ("[call]\ncarrier = \"mian\"", 2, 11, "unknown_carrier", "did you mean \"main\"?; carriers stand under [carriers]"),
        ("[call]\nphones = [\"home\", \"cell\"]", 2, 19, "unknown_value", "known are: home, mobile, work"),
        ("[call]\nphones = []", 2, 10, "contradiction", "nobody has a telephone"),
        ("[call]\nvoicemail = \"short\"", 2, 13, "unknown_value", "standard, minimal, none"),
        ("[call]\nleave_voicemail = \"frist\"", 2, 19, "unknown_value", "did you mean \"first\"?"),
        ("call = 3", 1, 8, "bad_value", "want a section, [call]"),
        ("[when\n", 1, 6, "syntax", "]"),
    ] {
        let (line, text) = (if text.contains("purpose") { line } else { line + 1 }, with_purpose(text));
        let mut folder = Folder::with(&[("job.toml", &text)]);
        let department = crate::config::Department { name: "M R I".into(), callback_number: None, desk: None, open: Vec::new() };
        folder.config.departments.insert("MRI".to_string(), department);
        let (jobs, faults) = folder.read();
        assert!(jobs.is_empty(), "{text}");
        assert_eq!(faults.len(), 1, "{text}: {faults:#?}");
        let fault = &faults[0];
        assert_eq!((fault.line, fault.column, fault.code), (line, column, code), "{text}: {fault}");
        assert!(fault.message.contains(part), "{text}: {fault}");
        let caret = fault.excerpt.as_deref().and_then(|excerpt| excerpt.lines().last()?.find('^'));
        assert_eq!(caret, Some(column + 3), "{fault}");
    }
}

#[test]
fn a_fault_is_shown_with_its_line_and_a_caret() {
    let text = "purpose = \"reminder\"\n[when]\nfrom = \"10:00\"\nuntil = \"09:00\"  # oops\n";
    let folder = Folder::with(&[("evening.toml", text)]);
    let (_, faults) = folder.read();
    let shown = faults[0].to_string();
    let file = folder.place.path().join("evening.toml");
    assert_eq!(
        shown,
        format!(
            "{}:4:9: when.until (09:00) is not after when.from (10:00): there is no hour to call in [empty_window]\n  |\n\
             4 | until = \"09:00\"  # oops\n  |         ^",
            file.display()
        )
    );
}

#[test]
fn one_bad_file_hides_none_of_the_others_and_all_faults_are_told() {
    let (jobs, faults) = Folder::with(&[
        ("a.toml", "name = \"first\"\npurpose = \"reminder\"\n"),
        ("b.toml", "enabld = true\npurpose = \"reminder\"\n[when]\nweekdays = []\n[call]\ncarrier = \"x\"\n"),
        ("c.toml", "name = \"first\"\npurpose = \"reminder\"\n"),
        ("d.toml", "name = \"last\"\npurpose = \"reminder\"\n[when]\ndays_before = [3, 1]\n"),
        (".hidden.toml", "nonsense"),
        ("notes.txt", "nonsense"),
    ])
    .read();
    assert_eq!(jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["first", "last"]);
    let told: Vec<_> = faults.iter().map(|f| (f.file.rsplit('/').next().unwrap_or_default(), f.line, f.code)).collect();
    assert_eq!(told[0], ("b.toml", 1, "unknown_key"));
    assert!(told.contains(&("b.toml", 4, "contradiction")), "{told:?}");
    assert!(told.contains(&("b.toml", 6, "unknown_carrier")) && told.contains(&("c.toml", 1, "duplicate_name")), "{told:?}");
    let twice = faults.iter().find(|fault| fault.code == "duplicate_name").expect("told");
    assert!(twice.message.contains("a.toml already"), "{twice}");
}

#[test]
fn what_is_unusual_and_right_is_taken() {
    let job = only_job(
        "name = \"clinic\"\nenabled = false\n[select]\nservices = [\"lab\"]\nsites = [\"denver\"]\ndepartments = [\"Anything\"]\n\
         minimum_notice = 0\nestablished_patients_only = false\n[when]\ndays_before = [14, 7, 1]\ncount = \"business\"\n\
         weekdays = [\"sun\"]\nfrom = \"00:00\"\nuntil = \"24:00\"\nno_later_than = \"62h\"\n[attempts]\nbusy = \"0s\"\n\
         same_day_redials = 0\n[call]\nphones = [\"work\"]\nvoicemail = \"none\"\nleave_voicemail = \"last\"\ntransfer = true\n",
    );
    assert_eq!((job.when.until, job.when.days_before.len()), (Clock24::END, 3));
    assert_eq!((job.select.departments[0].as_str(), job.select.minimum_notice), ("Anything", Duration::zero()));
    // A visit booked at least a week ahead, reminded three days before: long notice is no contradiction.
    assert_eq!(only_job("[select]\nminimum_notice = \"7d\"").select.minimum_notice, Duration::days(7));
}

#[test]
fn without_a_folder() {
    let folder = Folder::with(&[]);
    assert_eq!(folder.read(), (vec![], vec![]), "an empty folder is no job at all");
    let missing = folder.place.path().join("nowhere");
    let (jobs, faults) = load_jobs(&missing, &folder.config, &[]);
    assert!(jobs.is_empty() && faults[0].message.contains("make it, or name another"), "{faults:?}");
}

#[test]
fn the_planner_is_told_sites_languages_and_limits() {
    let config = Config::defaults();
    let rules = rules(&config, vec![only_job("")], vec![LanguageTag::from("en-US")]);
    assert_eq!(rules.sites.len(), 2);
    assert_eq!((rules.limits, rules.language.as_str()), (config.limits, "en-US"));
    let number = PhoneNumber::parse("+14155550100").expect("a number");
    assert_eq!((rules.zones_of_number)(&number), [chrono_tz::America::Los_Angeles]);
}
