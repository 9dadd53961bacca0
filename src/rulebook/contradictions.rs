//! Jobs that could never call, or would say something untrue: each is refused in the same words, at the same place.

use super::load_jobs;
use crate::config::Config;
use crate::core::plan::Clock24;
use crate::fault::Fault;
use std::fmt::Write;
use std::fs;

/// The faults of one job file, against the default configuration after `change`.
fn faults_of(text: &str, change: impl FnOnce(&mut Config)) -> Vec<Fault> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("job.toml"), text).expect("written");
    let mut config = Config::defaults();
    config.file = Some("callahead.toml".into());
    change(&mut config);
    let scripts = ["reminder", "cancelled", "moved", "closure", "delay"].map(str::to_string);
    load_jobs(folder.path(), &config, &scripts).1
}

/// `line:column message [code]`, without the folder.
fn told(fault: &Fault) -> String {
    assert!(fault.file.ends_with("/job.toml"), "{fault}");
    format!("{}:{} {} [{}]", fault.line, fault.column, fault.message, fault.code)
}

#[test]
fn each_contradiction_is_told_in_a_schedulers_words() {
    for (text, want) in [
        (
            "",
            "0:0 purpose is missing: say what the calls of this job are for, purpose = \"reminder\" (or \"cancelled\", \"moved\", \"closure\") [missing_key]",
        ),
        (
            "name = \"evening\"\n[when]\nfrom = \"17:00\"\n",
            "0:0 purpose is missing: say what the calls of this job are for, purpose = \"reminder\" (or \"cancelled\", \"moved\", \"closure\") [missing_key]",
        ),
        (
            "purpose = \"reminder\"\n[when]\nfrom = \"05:00\"\nuntil = \"07:30\"\n",
            "3:8 from 05:00 until 07:30 lies outside the hours of [limits], 08:00 to 21:00: this job could never call [empty_window]",
        ),
        (
            "purpose = \"moved\"\n[when]\nfrom = \"21:00\"\nuntil = \"23:00\"\n",
            "3:8 from 21:00 until 23:00 lies outside the hours of [limits], 08:00 to 21:00: this job could never call [empty_window]",
        ),
        (
            "purpose = \"reminder\"\n[when]\nfrom = \"18:00\"\nuntil = \"18:00\"\n",
            "4:9 when.until (18:00) is not after when.from (18:00): there is no hour to call in [empty_window]",
        ),
        (
            "purpose = \"closure\"\n[when]\nweekdays = []\n",
            "3:12 when.weekdays is empty: there is no day to call on; to switch the job off write enabled = false [contradiction]",
        ),
        (
            "purpose = \"reminder\"\n[when]\ndays_before = [3, 0]\n",
            "3:19 when.days_before: 0 is the day of the visit itself, closer to it than any notice: the last day for a reminder is 1, the day before [bad_value]",
        ),
        (
            "purpose = \"reminder\"\n[when]\ndays_before = [1, 3]\n",
            "3:15 when.days_before must descend, the earliest touch first: 3 does not come after 1; write [3, 1] [contradiction]",
        ),
        (
            "purpose = \"reminder\"\n[when]\ndays_before = [5, 1]\nweekdays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\nholidays = \"none\"\nno_later_than = \"4d\"\n",
            "6:17 a touch the day before the visit could never be made: when.no_later_than stops calls 4d before its start [contradiction]",
        ),
        (
            "purpose = \"reminder\"\n[when]\ndays_before = [2]\ncount = \"business\"\nweekdays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\nholidays = \"none\"\nno_later_than = \"111h\"\n",
            "7:17 a touch 2 days before the visit could never be made: when.no_later_than stops calls 111h before its start [contradiction]",
        ),
        (
            "purpose = \"moved\"\n[when]\nhorizon = \"1h\"\n",
            "3:11 when.no_later_than (1h) is not shorter than when.horizon (1h): no change could ever be told in time [contradiction]",
        ),
        (
            "purpose = \"cancelled\"\n[when]\ndays_before = [3]\n",
            "3:15 when.days_before is for reminders, and this job's purpose is cancelled: leave it out [unused_key]",
        ),
        (
            "purpose = \"moved\"\n[when]\ncount = \"business\"\n",
            "3:9 when.count is for reminders, and this job's purpose is moved: leave it out [unused_key]",
        ),
        (
            "purpose = \"moved\"\n[select]\nminimum_notice = \"24h\"\n",
            "3:18 select.minimum_notice is for reminders, and this job's purpose is moved: leave it out [unused_key]",
        ),
        (
            "purpose = \"closure\"\n[select]\nestablished_patients_only = true\n",
            "3:29 select.established_patients_only is for reminders, and this job's purpose is closure: leave it out [unused_key]",
        ),
        (
            "purpose = \"reminder\"\n[when]\nsettle = \"10m\"\n",
            "3:10 when.settle is for cancelled, moved and closure notices, and this job's purpose is reminder: leave it out [unused_key]",
        ),
        (
            "purpose = \"moved\"\n[when]\nper_hour = 60\n",
            "3:12 when.per_hour is for closure notices, and this job's purpose is moved: leave it out [unused_key]",
        ),
        ("purpose = \"closure\"\n[when]\nper_hour = 0\n", "3:12 when.per_hour: want a number from 1 to 3600, not 0 [bad_value]"),
        (
            "purpose = \"reminder\"\n[call]\nscript = \"moved\"\n",
            "3:10 call.script \"moved\" does not say what a job of purpose reminder calls for: patients would hear something untrue [contradiction]",
        ),
        (
            "purpose = \"cancelled\"\n[call]\nscript = \"reminder\"\n",
            "3:10 call.script \"reminder\" does not say what a job of purpose cancelled calls for: patients would hear something untrue [contradiction]",
        ),
        (
            "purpose = \"reminder\"\n[select]\nservices = [\"exam\", \"xray\"]\n",
            "3:21 select.services: \"xray\" is not known; known are: exam, radiology, infusion, radiation_therapy, lab, other [unknown_value]",
        ),
        (
            "purpose = \"reminder\"\n[select]\nsites = [\"bosten\"]\n",
            "3:10 select.sites: \"bosten\" is not known; did you mean \"boston\"?; sites stand under [sites] [unknown_site]",
        ),
        (
            "purpose = \"reminder\"\n[call]\ncarrier = \"trunk\"\n",
            "3:11 call.carrier: \"trunk\" is not known; known are: main; carriers stand under [carriers] [unknown_carrier]",
        ),
        (
            "purpose = \"moved\"\n[call]\nscript = \"closure\"\n",
            "3:10 call.script \"closure\" does not say what a job of purpose moved calls for: patients would hear something untrue [contradiction]",
        ),
        (
            "purpose = \"cancelled\"\n[call]\nscript = \"delay\"\n",
            "3:10 call.script \"delay\" does not say what a job of purpose cancelled calls for: patients would hear something untrue [contradiction]",
        ),
        (
            "purpose = \"reminder\"\n[call]\nscript = \"greeting\"\n",
            "3:10 call.script: \"greeting\" is not known; known are: reminder, cancelled, moved, closure, delay; call scripts stand in the folder prompts/scripts [unknown_script]",
        ),
    ] {
        let faults = faults_of(text, |_| {});
        assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), [want], "{text}");
    }
}

#[test]
fn a_list_of_holidays_may_not_hold_every_day_to_call_on() {
    let first: chrono::NaiveDate = "2026-01-05".parse().expect("a Monday");
    let mut list = String::new();
    for week in 0..53 {
        let _ = write!(list, "\"{}\", ", first + chrono::Duration::weeks(week));
    }
    let job = |weekdays: &str| format!("purpose = \"reminder\"\n[when]\nweekdays = {weekdays}\nholidays = [{list}]\n");
    let faults = faults_of(&job("[\"mon\"]"), |_| {});
    let want = "4:12 when.holidays leaves no day to call on from 2026-01-05 to 2027-01-04; to switch the job off write enabled = false [contradiction]";
    assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), [want]);
    assert_eq!(faults_of(&job("[\"mon\", \"tue\"]"), |_| {}), [], "every Tuesday is left");
}

#[test]
fn the_limits_may_leave_a_job_nothing() {
    let reserved = faults_of("purpose = \"reminder\"\n", |config| config.limits.notice_reserve = config.limits.per_week);
    let want = "1:11 [limits] keeps all 3 calls of a week free for notices (notice_reserve = 3): this reminder could never call [contradiction]";
    assert_eq!(reserved.iter().map(told).collect::<Vec<_>>(), [want]);
    let moved = faults_of("purpose = \"moved\"\n", |config| config.limits.notice_reserve = config.limits.per_week);
    assert_eq!(moved, [], "a notice may use them");

    let noon = Clock24::new(12, 0).expect("a time");
    let faults = faults_of("purpose = \"reminder\"\n[when]\nuntil = \"12:00\"\n", |config| config.limits.earliest = noon);
    let want =
        "3:9 from 10:00 until 12:00 lies outside the hours of [limits], 12:00 to 21:00: this job could never call [empty_window]";
    assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), [want], "the limit ends where the window does");
}

/// What can call on some day of some year is taken, however rarely that is.
#[test]
fn what_can_call_now_and_then_is_taken() {
    for text in [
        // The Friday before Labor Day's weekend is ahead of a Tuesday by four days.
        "purpose = \"reminder\"\n[when]\ndays_before = [1]\nweekdays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\nno_later_than = \"4d\"\n",
        "purpose = \"reminder\"\n[when]\ndays_before = [2]\ncount = \"business\"\nno_later_than = \"85h\"\n",
        "purpose = \"reminder\"\n[when]\nweekdays = [\"sun\"]\n[attempts]\nmax = 10\n",
        "purpose = \"reminder\"\n[when]\nholidays = [\"2026-12-24\", \"2028-12-24\"]\n",
        "purpose = \"reminder\"\n[select]\nminimum_notice = \"30d\"\n",
        "purpose = \"moved\"\n[when]\nhorizon = \"2h\"\nsettle = \"60m\"\n",
    ] {
        assert_eq!(faults_of(text, |_| {}), [], "{text}");
    }
}
