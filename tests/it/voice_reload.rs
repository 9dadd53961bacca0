//! Recordings and call scripts of a running service are changed: calls that begin after hear the new ones, calls in progress
//! and addresses that were given out keep the old ones, and what is wrong changes nothing.

use crate::store_suite::samples::{self, at, number};
use crate::support::prompts::copy_folder;
use callahead::app::{Looked, Reload, Rooms};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::call::{CallEvent, FinalStatus, Key};
use callahead::core::domain::{AnsweredBy, Outcome};
use callahead::core::ids::{AttemptToken, PhraseId};
use callahead::feed::csv::CsvSettings;
use callahead::live_call::Audio;
use callahead::store::{SharedStore, open};
use chrono::Duration;
use std::fs;
use std::path::{Path, PathBuf};

const ROWS: &str = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n\
                    A1,ada,617-555-0101,2026-11-30T10:00,boston,exam,yes,2026-11-01T09:00\n\
                    A2,bob,617-555-0102,2026-11-30T10:00,boston,exam,yes,2026-11-01T09:00\n";

const JOB: &str = "name = \"exams\"\npurpose = \"reminder\"\n";

/// A service whose prompts are a copy of the shipped English ones.
struct Studio {
    folder: tempfile::TempDir,
    rooms: Rooms,
    reload: Reload,
    clock: Clock,
}

impl Studio {
    async fn open() -> Studio {
        Studio::open_with("", open("sqlite::memory:").await.expect("a store")).await
    }

    async fn open_with(configuration: &str, store: SharedStore) -> Studio {
        let folder = tempfile::tempdir().expect("a folder");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        for name in ["en-US", "scripts"] {
            copy_folder(&shipped.join(name), &folder.path().join("prompts").join(name));
        }
        if configuration.contains("twilio") {
            sign_off(&folder.path().join("prompts/en-US/pack.toml"), true);
        }
        fs::create_dir(folder.path().join("schedules")).expect("a folder");
        fs::write(folder.path().join("schedules/exams.toml"), JOB).expect("written");
        let file = folder.path().join("callahead.toml");
        fs::write(&file, configuration).expect("written");
        let clock = Clock::fast(at(0), 1.0);
        let config = Config::load(Some(&file), []).expect("sound");
        let rooms = Rooms::open(config, store.clone(), clock.clone(), Chance::seeded(7)).await.expect("rooms");
        let layout = CsvSettings::default();
        rooms.rulings.take_csv_in(&*store, &"epic".into(), &layout, ROWS.as_bytes(), clock.now()).await.expect("taken in");
        let reload = Reload::of(&rooms);
        let mut studio = Studio { folder, rooms, reload, clock };
        assert_eq!(studio.reload.look_at_prompts(), Looked::Same);
        studio
    }

    fn prompts(&self, name: &str) -> PathBuf {
        self.folder.path().join("prompts").join(name)
    }

    /// One recording says from now on what another one says.
    fn record(&self, id: &str, as_in: &str) {
        let sound = fs::read(self.prompts(&format!("en-US/{as_in}.wav"))).expect("a recording");
        fs::write(self.prompts(&format!("en-US/{id}.wav")), sound).expect("written");
    }

    /// The job, with more lines.
    fn job(&self, more: &str) {
        fs::write(self.folder.path().join("schedules/exams.toml"), format!("{JOB}{more}")).expect("written");
    }

    /// Looks until the folder has come to rest.
    fn look(&mut self) -> Looked {
        match self.reload.look_at_prompts() {
            Looked::Waiting => self.reload.look_at_prompts(),
            looked => looked,
        }
    }

    /// A call is placed now and answered; its token.
    async fn calls(&self, patient: &str) -> AttemptToken {
        let store = &*self.rooms.store;
        let last = if patient == "ada" { 5_550_101 } else { 5_550_102 };
        samples::leased(store, &[(patient, number(last))], "dialler-1").await;
        let now = self.clock.now();
        let order = callahead::store::RequestOrder {
            now,
            lease_until: now + Duration::minutes(1),
            deadline: now + Duration::minutes(6),
            ..samples::order(patient, "dialler-1")
        };
        store.begin_request(&order).await.expect("a verdict");
        let token = order.token;
        self.tells(&token, CallEvent::Answered { answered_by: Some(AnsweredBy::Human) }).await;
        token
    }

    async fn tells(&self, token: &AttemptToken, event: CallEvent) {
        self.rooms.live.report(token, &event, None).await.expect("taken in");
    }

    /// The id of the audio that the last answer plays.
    async fn plays(&self, token: &AttemptToken) -> String {
        let record = self.rooms.store.load_call(token).await.expect("a look").expect("the call");
        let reply = record.events.iter().rev().find_map(|event| event.reply.clone()).expect("an answer");
        let file = reply.split("/audio/").nth(1).expect("an audio").split(".wav").next().expect("its id");
        file.to_string()
    }

    fn audio(&self, id: &str) -> Audio {
        self.rooms.live.voice.audio(id).expect("known")
    }

    /// How a phrase sounds to calls that begin now.
    fn sound(&self, id: &str) -> Vec<i16> {
        let speech = self.rooms.live.voice.now();
        let pack = speech.packs.pack(&"en-US".into()).expect("the pack");
        pack.phrase(&PhraseId::from(id)).expect("recorded").samples.to_vec()
    }
}

fn has(audio: &Audio, phrase: &[i16]) -> bool {
    audio.samples().expect("recorded").windows(phrase.len()).any(|part| part == phrase)
}

fn key(step: u32, key: char) -> CallEvent {
    CallEvent::Key { step, key: Key::new(key).expect("a key") }
}

fn sign_off(file: &Path, signed: bool) {
    let text = fs::read_to_string(file).expect("a pack");
    let text = text.replacen("reviewed = true", "reviewed = false", 1);
    let text = text.replacen("reviewer = \"\"", "reviewer = \"M. Example\"", 1);
    let text = text.replacen("reviewed_on = \"\"", "reviewed_on = \"2026-11-20\"", 1);
    let text = if signed { text.replacen("reviewed = false", "reviewed = true", 1) } else { text };
    fs::write(file, text).expect("written");
}

#[tokio::test]
async fn a_new_recording_is_heard_by_the_next_call_and_an_address_says_the_same_for_ever() {
    let mut studio = Studio::open().await;
    let old = studio.sound("say/appointment");
    let ada = studio.calls("ada").await;
    let first = studio.plays(&ada).await;
    let bytes = studio.audio(&first).wav().expect("recorded");
    assert!(has(&studio.audio(&first), &old));

    // It counts when the folder has been still for one look.
    studio.record("say/appointment", "say/your-appointment");
    assert_eq!(studio.reload.look_at_prompts(), Looked::Waiting);
    studio.record("say/appointment", "say/first-is");
    assert_eq!(studio.reload.look_at_prompts(), Looked::Waiting);
    assert_eq!(studio.sound("say/appointment"), old, "not yet");
    assert_eq!(studio.reload.look_at_prompts(), Looked::Replaced(vec!["en-US/say/appointment.wav changed".to_string()]));
    assert_eq!(studio.reload.look_at_prompts(), Looked::Same);
    let new = studio.sound("say/appointment");
    assert_ne!(new, old);

    let bob = studio.calls("bob").await;
    let second = studio.plays(&bob).await;
    assert!(second != first && has(&studio.audio(&second), &new) && !has(&studio.audio(&second), &old));
    let again = studio.audio(&first);
    assert!(again.is_same() && again.wav().expect("recorded") == bytes, "the address that was given out");
    // The call in progress goes on in the words it began with.
    studio.tells(&ada, key(1, '3')).await;
    let repeat = studio.plays(&ada).await;
    assert!(repeat != first && has(&studio.audio(&repeat), &old) && studio.audio(&repeat).is_same());

    // When no call of that time can last any more, its recordings are let go, and what is left is not the same.
    studio.clock.advance_to(at(30));
    assert_eq!(studio.look(), Looked::Same);
    assert!(!studio.audio(&first).is_same() && has(&studio.audio(&first), &new));
    assert!(studio.audio(&second).is_same());
}

#[tokio::test]
async fn a_wrong_recording_changes_nothing_and_is_told_until_it_is_right() {
    let mut studio = Studio::open().await;
    let old = studio.sound("say/appointment");
    let file = studio.prompts("en-US/say/appointment.wav");
    let sound = fs::read(&file).expect("there");
    fs::write(&file, &sound[..sound.len() / 2]).expect("written");
    let Looked::Refused(faults) = studio.look() else { panic!("refused") };
    let fault = &faults[0];
    assert!(fault.code == "lying_header" && fault.file.ends_with("en-US/say/appointment.wav"), "{fault}");
    assert!(fault.message.starts_with("en-US say/appointment: "), "{fault}");
    assert_eq!(studio.rooms.live.voice.faults(), faults.len());
    assert_eq!(studio.reload.look_at_prompts(), Looked::Refused(faults), "and again");
    let ada = studio.calls("ada").await;
    assert!(has(&studio.audio(&studio.plays(&ada).await), &old));

    fs::write(&file, &sound).expect("written");
    assert!(matches!(studio.look(), Looked::Replaced(_)));
    assert_eq!((studio.rooms.live.voice.faults(), studio.look()), (0, Looked::Same));
    assert_eq!(studio.sound("say/appointment"), old);
}

#[tokio::test]
async fn a_call_goes_on_by_the_script_it_began_with() {
    let mut studio = Studio::open().await;
    let [ada, bob] = [studio.calls("ada").await, studio.calls("bob").await];
    let before = studio.plays(&ada).await;
    // From now on key 3 asks for another time, and key 2 says it again: in every script that takes its keys from there.
    let file = studio.prompts("scripts/call.toml");
    let text = fs::read_to_string(&file).expect("the script");
    let swapped = text.replacen("2 = \"reschedule\"", "2 = \"repeat\"", 1).replacen("3 = \"repeat\"", "3 = \"reschedule\"", 1);
    assert_ne!(swapped, text);
    fs::write(&file, &swapped).expect("written");
    assert_eq!(studio.look(), Looked::Replaced(vec!["scripts/call.toml changed".to_string()]));
    studio.tells(&ada, key(1, '3')).await;
    let repeated = studio.audio(&studio.plays(&ada).await).phrases().to_vec();
    assert!(repeated.contains(&"say/appointment".into()), "{repeated:?}");

    // After a restart there is one reading, and calls go on by that one.
    let other = Studio::open_with("", studio.rooms.store.clone()).await;
    fs::write(other.prompts("scripts/call.toml"), &swapped).expect("written");
    let mut other = other;
    assert!(matches!(other.look(), Looked::Replaced(_)));
    other.clock.advance_to(at(30));
    other.look();
    other.tells(&bob, key(1, '3')).await;
    let answered = other.audio(&other.plays(&bob).await).phrases().to_vec();
    assert!(answered.contains(&"say/office-will-call".into()), "{answered:?}");
    assert!(studio.audio(&before).is_same());
}

/// After a restart, or on another replica, the scripts may give the keys other meanings: what a patient answered stays.
#[tokio::test]
async fn an_answer_stays_what_it_was_by_whatever_scripts_the_call_is_replayed() {
    let studio = Studio::open().await;
    let [ada, bob] = [studio.calls("ada").await, studio.calls("bob").await];
    studio.tells(&ada, key(1, '1')).await;
    studio.tells(&bob, CallEvent::Silence { step: 1 }).await;
    studio.tells(&bob, key(2, '7')).await;

    let mut other = Studio::open_with("", studio.rooms.store.clone()).await;
    let file = other.prompts("scripts/call.toml");
    let text = fs::read_to_string(&file).expect("the script");
    let swapped = text
        .replacen("1 = \"confirm\"", "1 = \"reschedule\"", 1)
        .replacen("2 = \"reschedule\"", "2 = \"confirm\"", 1)
        .replacen("7 = \"wrong_number\" ", "7 = \"none\" ", 1);
    fs::write(&file, &swapped).expect("written");
    for name in ["reminder", "cancelled", "moved", "closure", "delay"] {
        let file = other.prompts(&format!("scripts/{name}.toml"));
        let text = fs::read_to_string(&file).expect("the script").replace(", \"say/wrong-number-7\"", "");
        fs::write(&file, text).expect("written");
    }
    assert!(matches!(other.look(), Looked::Replaced(_)));
    // Calls of before are not older than the one reading that is left.
    other.clock.advance_to(at(30));
    other.look();
    for (token, outcome) in [(&ada, Outcome::Confirmed), (&bob, Outcome::WrongNumber)] {
        let ended = CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(31), reason: None };
        other.tells(token, ended).await;
        let record = other.rooms.store.load_call(token).await.expect("a look").expect("the call");
        assert_eq!(record.attempt.outcome, Some(outcome));
    }
}

#[tokio::test]
async fn what_is_relied_upon_does_not_vanish_and_what_is_new_is_used() {
    let mut studio = Studio::open().await;
    let languages =
        |studio: &Studio| studio.rooms.live.board.rules().languages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(languages(&studio), "en-US");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/es-US"), &studio.prompts("es-US"));
    assert!(matches!(studio.look(), Looked::Replaced(changes) if changes.iter().all(|change| change.ends_with(" is new"))));
    assert_eq!(languages(&studio), "en-US es-US", "patients who speak it are planned");

    fs::copy(studio.prompts("scripts/reminder.toml"), studio.prompts("scripts/friendly.toml")).expect("copied");
    assert_eq!(studio.look(), Looked::Replaced(vec!["scripts/friendly.toml is new".to_string()]));
    studio.job("[call]\nscript = \"friendly\"\n");
    assert!(matches!(studio.reload.look(), Looked::Replaced(_)), "a job may say it now");

    fs::rename(studio.prompts("es-US"), studio.folder.path().join("elsewhere")).expect("moved away");
    fs::remove_file(studio.prompts("scripts/friendly.toml")).expect("removed");
    let Looked::Refused(faults) = studio.look() else { panic!("refused") };
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["language_gone", "script_gone"]);
    assert!(faults[1].message.starts_with("job exams says this call script, and it is gone"), "{}", faults[1]);
    assert_eq!(languages(&studio), "en-US es-US");
    assert!(studio.rooms.live.voice.now().packs.find("es").is_some());
    fs::rename(studio.folder.path().join("elsewhere"), studio.prompts("es-US")).expect("moved back");
    assert!(matches!(studio.look(), Looked::Refused(faults) if faults.len() == 1));

    // That the script is gone is right as soon as the job says another one.
    studio.job("");
    assert!(matches!(studio.reload.look(), Looked::Replaced(_)));
    assert_eq!(studio.look(), Looked::Replaced(vec!["scripts/friendly.toml is gone".to_string()]));

    // A share that is not mounted.
    fs::rename(studio.prompts(""), studio.folder.path().join("away")).expect("moved away");
    assert!(matches!(studio.look(), Looked::Refused(faults) if faults[0].code == "no_prompts"));
    assert!(studio.rooms.live.voice.now().packs.find("en").is_some());
}

/// A start would refuse it as well.
#[tokio::test]
async fn a_real_carrier_never_gets_a_pack_that_nobody_signed_off() {
    let real = "[server]\npublic_url = \"https://calls.example.org\"\n\
                [carriers.main]\nkind = \"twilio\"\naccount = \"AC00000000000000000000000000000001\"\n\
                auth_token = { file = \"callahead.toml\" }\nfrom = \"+16175550100\"\n";
    let mut studio = Studio::open_with(real, open("sqlite::memory:").await.expect("a store")).await;
    sign_off(&studio.prompts("en-US/pack.toml"), false);
    let Looked::Refused(faults) = studio.look() else { panic!("refused") };
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["not_reviewed"]);
    assert!(studio.rooms.live.voice.now().packs.iter().all(|pack| pack.reviewed()));
    sign_off(&studio.prompts("en-US/pack.toml"), true);
    assert!(matches!(studio.look(), Looked::Replaced(_)));
}
