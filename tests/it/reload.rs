//! A scheduler changes the files of a running service: what is right comes into force, what is wrong changes nothing.

use callahead::app::{Looked, Reload, Rooms};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::{Attempt, AttemptStatus};
use callahead::feed::csv::CsvSettings;
use callahead::planner::Planner;
use callahead::store::open;
use chrono::{DateTime, Utc};
use std::fs;
use std::path::Path;

/// A Friday; the visit is on the Tuesday after, so its call is planned for Saturday.
const NOW: &str = "2026-11-27T12:00:00-05:00";
const ROWS: &str = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n\
                    A1,P1,617-555-0101,2026-12-01T09:00,boston,exam,yes,2026-11-01T09:00\n";
const JOB: &str = "name = \"exams\"\npurpose = \"reminder\"\n";

/// An office with one job and one planned call.
struct Office {
    folder: tempfile::TempDir,
    rooms: Rooms,
    planner: Planner,
    reload: Reload,
}

impl Office {
    async fn open() -> Office {
        let folder = tempfile::tempdir().expect("a folder");
        let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        std::os::unix::fs::symlink(prompts, folder.path().join("prompts")).expect("a link");
        fs::create_dir(folder.path().join("schedules")).expect("a folder");
        let config = folder.path().join("callahead.toml");
        fs::write(&config, "").expect("written");
        fs::write(folder.path().join("schedules/exams.toml"), JOB).expect("written");
        let clock = Clock::fixed(NOW.parse::<DateTime<Utc>>().expect("a time"));
        let chance = Chance::seeded(7);
        let store = open("sqlite::memory:").await.expect("a store");
        let config = Config::load(Some(&config), []).expect("sound");
        let rooms = Rooms::open(config, store.clone(), clock.clone(), chance.clone()).await.expect("rooms");
        let layout = CsvSettings::default();
        rooms.rulings.take_csv_in(&*store, &"epic".into(), &layout, ROWS.as_bytes(), clock.now()).await.expect("taken in");
        let planner = Planner { store, board: rooms.live.board.clone(), clock, chance };
        let reload = Reload::of(&rooms);
        let mut office = Office { folder, rooms, planner, reload };
        assert_eq!(office.reload.look(), Looked::Same);
        office
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("written");
    }

    /// What is planned when the planner has followed its nudge.
    async fn planned(&self) -> Vec<Attempt> {
        self.planner.plan_all().await.expect("planned");
        let facts = self.rooms.store.load_facts(&["P1".into()], self.rooms.clock.now()).await.expect("facts");
        let attempts = facts.into_iter().flat_map(|facts| facts.outreaches).flat_map(|outreach| outreach.attempts);
        attempts.filter(|attempt| attempt.status == AttemptStatus::Planned).collect()
    }

    /// The one planned call, and its hours in Boston.
    async fn one_call(&self) -> (String, String) {
        let planned = self.planned().await;
        let [attempt] = &planned[..] else { panic!("one call: {planned:?}") };
        let local = |at: DateTime<Utc>| at.with_timezone(&chrono_tz::America::New_York).format("%a %H:%M").to_string();
        (attempt.id.to_string(), format!("{} to {}", local(attempt.due_at), local(attempt.not_after)))
    }
}

#[tokio::test]
async fn right_files_come_into_force_and_wrong_ones_lose_nothing() {
    let mut office = Office::open().await;
    let (call, hours) = office.one_call().await;
    assert_eq!(hours, "Sat 10:00 to Sat 19:00");

    // A wrong file: told with its place, and nothing changes.
    office.write("schedules/exams.toml", &format!("{JOB}[when]\nfrom = \"12:00\"\nuntil = \"11:00\"\n"));
    let Looked::Refused(faults) = office.reload.look() else { panic!("refused") };
    assert_eq!(faults.iter().map(|fault| (fault.line, fault.code)).collect::<Vec<_>>(), [(5, "empty_window")]);
    assert!(faults[0].file.ends_with("schedules/exams.toml"), "{}", faults[0]);
    assert_eq!(office.rooms.live.board.faults(), 1);
    assert_eq!(office.reload.look(), Looked::Refused(faults), "and again");
    assert_eq!(office.one_call().await, (call.clone(), hours.clone()), "the very call that was planned");

    // Put right: the same call at other hours.
    office.write("schedules/exams.toml", &format!("{JOB}[when]\nfrom = \"12:00\"\nuntil = \"17:00\"\n"));
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job exams changed".to_string()]));
    assert_eq!((office.rooms.live.board.faults(), office.reload.look()), (0, Looked::Same));
    assert_eq!(office.one_call().await, (call.clone(), "Sat 12:00 to Sat 17:00".to_string()));

    // Put back as it was.
    office.write("schedules/exams.toml", JOB);
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job exams changed".to_string()]));
    assert_eq!(office.one_call().await, (call, hours));
}

#[tokio::test]
async fn the_limits_the_zones_and_the_list_of_services_are_read_too() {
    let mut office = Office::open().await;
    let (call, _) = office.one_call().await;
    office.write("callahead.toml", "[limits]\nlatest = \"16:00\"\n");
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["[limits] changed".to_string()]));
    assert_eq!(office.one_call().await, (call.clone(), "Sat 10:00 to Sat 16:00".to_string()));

    // A number in New York's zone, a site in Denver's: 10:00 to 19:00 there, until 16:00 here.
    let denver = "[sites.boston]\nname = \"Longwood\"\ntimezone = \"America/Denver\"\n\
                  [sites.denver]\nname = \"Front Range\"\ntimezone = \"America/Denver\"\n";
    office.write("callahead.toml", &format!("{denver}[limits]\nlatest = \"16:00\"\n"));
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["a site's time zone changed".to_string()]));
    assert_eq!(office.one_call().await.1, "Sat 12:00 to Sat 16:00");

    office.write("callahead.toml", "[limits]\nlatest = \"7pm\"\n");
    office.write("services.toml", "[[rule]]\nclass = \"exam\"\n");
    let Looked::Refused(faults) = office.reload.look() else { panic!("refused") };
    let files: Vec<_> = faults.iter().filter_map(|fault| fault.file.rsplit('/').next()).collect();
    assert_eq!(files, ["callahead.toml", "services.toml"]);
    assert_eq!(office.one_call().await.1, "Sat 12:00 to Sat 16:00");
}

#[tokio::test]
async fn a_job_that_goes_takes_its_calls_along_and_one_that_comes_makes_them() {
    let mut office = Office::open().await;
    assert_eq!(office.planned().await.len(), 1);
    office.write("schedules/moved.toml", "name = \"moved\"\npurpose = \"moved\"\n");
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job moved is new".to_string()]));
    let file = office.folder.path().join("schedules/exams.toml");
    // Editors remove a file and write it again.
    fs::remove_file(&file).expect("removed");
    assert_eq!(office.reload.look(), Looked::Waiting);
    office.write("schedules/exams.toml", JOB);
    assert_eq!(office.reload.look(), Looked::Same);

    fs::remove_file(&file).expect("removed");
    assert_eq!(office.reload.look(), Looked::Waiting);
    assert_eq!(office.planned().await.len(), 1, "not yet");
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job exams is gone".to_string()]));
    assert_eq!(office.planned().await, [], "its call is withdrawn");

    office.write("schedules/again.toml", "name = \"again\"\npurpose = \"reminder\"\n");
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job again is new".to_string()]));
    assert_eq!(office.one_call().await.1, "Sat 10:00 to Sat 19:00");

    // Without the folder nobody knows what is meant.
    fs::remove_dir_all(office.folder.path().join("schedules")).expect("removed");
    assert!(matches!(office.reload.look(), Looked::Refused(faults) if faults[0].code == "unreadable"));
    assert_eq!(office.planned().await.len(), 1);
}

/// A running service plays the scripts it was started with.
#[tokio::test]
async fn a_job_may_only_name_what_the_service_has() {
    let mut office = Office::open().await;
    office.write("schedules/exams.toml", &format!("{JOB}[call]\nscript = \"friendly\"\n"));
    assert!(matches!(office.reload.look(), Looked::Refused(faults) if faults[0].code == "unknown_script"));
    office.write("schedules/exams.toml", &format!("{JOB}[call]\ncarrier = \"second\"\n"));
    assert!(matches!(office.reload.look(), Looked::Refused(faults) if faults[0].code == "unknown_carrier"));
}

/// A share that is not mounted is an empty folder.
#[tokio::test]
async fn where_every_job_is_gone_at_once_the_old_ones_stay_in_force() {
    let mut office = Office::open().await;
    let (call, _) = office.one_call().await;
    fs::remove_file(office.folder.path().join("schedules/exams.toml")).expect("removed");
    for _ in 0..3 {
        assert!(matches!(office.reload.look(), Looked::Refused(faults) if faults[0].code == "no_job"));
    }
    assert_eq!(office.rooms.live.board.faults(), 1);
    assert_eq!(office.one_call().await.0, call);
    office.write("schedules/exams.toml", &format!("{JOB}enabled = false\n"));
    assert_eq!(office.reload.look(), Looked::Replaced(vec!["job exams changed".to_string()]));
    assert_eq!(office.planned().await, []);
}
