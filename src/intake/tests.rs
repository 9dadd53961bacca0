//! Tables of rows against what is known, on a ledger in memory that keeps revisions as the real ones do.

use super::*;
use crate::core::Phi;
use crate::core::domain::{
    Appointment, AppointmentChange, AppointmentStatus, Patient, PendingChange, Phone, PhoneKind, PhoneNumber, Service,
    VoicemailPolicy,
};
use crate::feed::{Refused, Understood};
use crate::store::{ChangeEdit, Consent, OptOut, Revised};
use chrono::Duration;
use std::collections::BTreeMap;
use std::sync::Mutex;

fn zone_of(site: &SiteKey) -> Option<Tz> {
    (site.as_str() == "boston").then_some(chrono_tz::America::New_York)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn now() -> DateTime<Utc> {
    at("2026-11-25T13:00:00Z")
}

/// A row, as small as it can be; `tell` adds to it.
fn row(line: u64, appointment: &str, patient: &str, tell: impl FnOnce(&mut AppointmentChange)) -> Row {
    let mut change = AppointmentChange {
        appointment: appointment.into(),
        patient: patient.into(),
        site: "boston".into(),
        department: None,
        start: at("2026-12-01T14:00:00Z"),
        duration_minutes: None,
        service: Service::Exam,
        service_by_rule: false,
        visit_type: None,
        status: AppointmentStatus::Booked,
        established: None,
        booked_at: None,
        updated_at: None,
        feed: "import".into(),
        line,
        about_patient: Default::default(),
    };
    tell(&mut change);
    Row { line, raw: Phi::new(format!("{line}")), content: Ok(Understood { change, noticed: Vec::new() }) }
}

fn dated(day: u32) -> Option<DateTime<Utc>> {
    Some(at("2026-11-01T12:00:00Z") + Duration::days(i64::from(day)))
}

fn phone(text: &str) -> Vec<Phone> {
    vec![Phone::read(PhoneKind::Home, text)]
}

#[derive(Default)]
struct Memory {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    appointments: BTreeMap<AppointmentId, Revised<Appointment>>,
    patients: BTreeMap<PatientId, Revised<Patient>>,
    raw: Vec<RawInput>,
    withdrawn: Vec<String>,
    opt_outs: Vec<OptOut>,
    changes: BTreeMap<AppointmentId, PendingChange>,
    consents: Vec<Consent>,
    heard: Vec<Option<Vec<SiteKey>>>,
    batches: usize,
    conflicts: usize,
}

#[async_trait]
impl Ledger for Memory {
    async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known, StoreError> {
        let kept = self.kept.lock().expect("no panic");
        Ok(Known {
            appointments: appointments.iter().filter_map(|id| kept.appointments.get(id)).cloned().collect(),
            patients: patients.iter().filter_map(|id| kept.patients.get(id)).cloned().collect(),
            changes: appointments.iter().filter_map(|id| kept.changes.get(id)).cloned().collect(),
            consents: kept.consents.iter().filter(|consent| patients.contains(&consent.patient)).cloned().collect(),
        })
    }

    async fn commit_intake(&self, batch: &IntakeBatch) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().expect("no panic");
        if kept.conflicts > 0 {
            kept.conflicts -= 1;
            return Err(StoreError::Conflict);
        }
        for new in &batch.appointments {
            let revision = kept.appointments.get(&new.value.id).map_or(0, |old| old.revision);
            assert_eq!(revision, new.revision);
            kept.appointments.insert(new.value.id.clone(), Revised { value: new.value.clone(), revision: revision + 1 });
        }
        for new in &batch.patients {
            let revision = kept.patients.get(&new.value.id).map_or(0, |old| old.revision);
            assert_eq!(revision, new.revision);
            kept.patients.insert(new.value.id.clone(), Revised { value: new.value.clone(), revision: revision + 1 });
        }
        kept.raw.extend(batch.raw.clone());
        kept.withdrawn.extend(batch.withdraw.iter().map(|key| key.to_text()));
        kept.opt_outs.extend(batch.opt_outs.clone());
        kept.consents.extend(batch.consents.clone());
        kept.heard.push(batch.heard.clone());
        for note in &batch.changes {
            let id = note.appointment.clone();
            match &note.edit {
                ChangeEdit::First(old) => {
                    let (first_at, last_at) = (batch.at, batch.at);
                    let change = PendingChange { appointment: id.clone(), old: old.clone(), first_at, last_at };
                    assert!(kept.changes.insert(id, change).is_none(), "none was pending");
                }
                ChangeEdit::Another => kept.changes.get_mut(&id).expect("one is pending").last_at = batch.at,
            }
        }
        kept.batches += 1;
        Ok(())
    }

    async fn feed_heard(&self, _: &FeedName, sites: &[SiteKey], _: DateTime<Utc>) -> Result<(), StoreError> {
        self.kept.lock().expect("no panic").heard.push(Some(sites.to_vec()));
        Ok(())
    }
}

impl Memory {
    /// Takes rows in and gives the four counts, and the visits that were withdrawn.
    async fn take(&self, rows: Vec<Row>) -> ([u64; 4], Vec<String>) {
        self.take_at(now(), rows).await
    }

    async fn take_at(&self, now: DateTime<Utc>, rows: Vec<Row>) -> ([u64; 4], Vec<String>) {
        let feed = FeedName::from("import");
        let reading = Reading { rows, noticed: Vec::new() };
        let report = take_in(self, &feed, &reading, Arrival::ByHand, now, &zone_of).await.expect("the ledger answers");
        assert_eq!(
            report.read,
            report.new + report.changed + report.same + report.cancelled + report.refused.len() as u64,
            "the counts add up"
        );
        let withdrawn = std::mem::take(&mut self.kept.lock().expect("no panic").withdrawn);
        ([report.new, report.changed, report.same, report.cancelled], withdrawn)
    }

    fn patient(&self, id: &str) -> Patient {
        self.kept.lock().expect("no panic").patients[&PatientId::from(id)].value.clone()
    }

    fn booking(&self, id: &str) -> Appointment {
        self.kept.lock().expect("no panic").appointments[&AppointmentId::from(id)].value.clone()
    }
}

/// A later row of the same booking: what it says, what it counts as, what it withdraws.
type Case = (&'static str, fn(&mut AppointmentChange), [u64; 4], &'static [&'static str]);

#[tokio::test]
async fn a_second_row_of_a_booking() {
    let first: fn(&mut AppointmentChange) = |c| {
        c.updated_at = dated(10);
        c.booked_at = dated(1);
        c.about_patient.phones = phone("617-555-0101");
    };
    const DAY_1: &str = "MRN1/boston/2026-12-01";
    const DAY_3: &str = "MRN1/boston/2026-12-03";
    let cases: [Case; 14] = [
        ("the same again", |_| {}, [0, 0, 1, 0], &[]),
        ("the same, edited later", |c| c.updated_at = dated(11), [0, 0, 1, 0], &[]),
        ("the same from another feed", |c| c.feed = "epic".into(), [0, 0, 1, 0], &[]),
        ("an older one", |c| (c.updated_at, c.start) = (dated(9), at("2026-12-03T14:00:00Z")), [0, 0, 1, 0], &[]),
        (
            "a newer one, moved",
            |c| (c.updated_at, c.start) = (dated(11), at("2026-12-03T14:00:00Z")),
            [0, 1, 0, 0],
            &[DAY_1, DAY_3],
        ),
        ("one equally new, moved", |c| c.start = at("2026-12-03T14:00:00Z"), [0, 1, 0, 0], &[DAY_1, DAY_3]),
        (
            "one without a date, moved",
            |c| (c.updated_at, c.start) = (None, at("2026-12-03T14:00:00Z")),
            [0, 1, 0, 0],
            &[DAY_1, DAY_3],
        ),
        ("another hour of the day", |c| c.start = at("2026-12-01T15:00:00Z"), [0, 1, 0, 0], &[DAY_1]),
        ("late evening is the same local day", |c| c.start = at("2026-12-02T04:30:00Z"), [0, 1, 0, 0], &[DAY_1]),
        ("called off", |c| c.status = AppointmentStatus::Cancelled, [0, 0, 0, 1], &[DAY_1]),
        ("an older calling off", |c| (c.updated_at, c.status) = (dated(9), AppointmentStatus::Cancelled), [0, 0, 1, 0], &[]),
        ("confirmed elsewhere", |c| c.status = AppointmentStatus::Confirmed, [0, 1, 0, 0], &[DAY_1]),
        ("another number", |c| c.about_patient.phones = phone("617-555-0102"), [0, 1, 0, 0], &[DAY_1]),
        ("a bare row says nothing more", |c| (c.booked_at, c.about_patient) = (None, Default::default()), [0, 0, 1, 0], &[]),
    ];
    for (name, second, counts, withdrawn) in cases {
        let memory = Memory::default();
        assert_eq!(memory.take(vec![row(2, "A1", "MRN1", first)]).await, ([1, 0, 0, 0], vec![DAY_1.to_string()]));
        let again = row(2, "A1", "MRN1", |c| {
            first(c);
            second(c);
        });
        let (got_counts, got_withdrawn) = memory.take(vec![again]).await;
        assert_eq!((got_counts, got_withdrawn.as_slice()), (counts, withdrawn.map_to_strings().as_slice()), "{name}");
        assert_eq!(memory.booking("A1").booked_at, dated(1).expect("given"), "{name}: what is not said stays");
    }
}

trait MapToStrings {
    fn map_to_strings(&self) -> Vec<String>;
}

impl MapToStrings for &[&str] {
    fn map_to_strings(&self) -> Vec<String> {
        self.iter().map(|text| text.to_string()).collect()
    }
}

#[tokio::test]
async fn several_rows_of_one_booking_settle_in_one_file() {
    let move_to = |line, day: &'static str, updated_at| {
        row(line, "A1", "MRN1", move |c| {
            c.start = at(day);
            c.updated_at = updated_at;
        })
    };
    let (tuesday, thursday, friday) = ("2026-12-01T14:00:00Z", "2026-12-03T14:00:00Z", "2026-12-04T14:00:00Z");
    for (name, rows, counts, start) in [
        ("dated, in order", vec![move_to(2, tuesday, dated(1)), move_to(3, thursday, dated(2))], [1, 1, 0, 0], thursday),
        ("dated, out of order", vec![move_to(2, thursday, dated(2)), move_to(3, tuesday, dated(1))], [1, 0, 1, 0], thursday),
        ("undated: the later line", vec![move_to(2, thursday, None), move_to(3, tuesday, None)], [1, 1, 0, 0], tuesday),
        (
            "an undated row lets no older one back in",
            vec![move_to(2, tuesday, dated(5)), move_to(3, thursday, None), move_to(4, friday, dated(4))],
            [1, 1, 1, 0],
            thursday,
        ),
    ] {
        let memory = Memory::default();
        assert_eq!(memory.take(rows.clone()).await.0, counts, "{name}");
        assert_eq!(memory.booking("A1").start, at(start), "{name}");
        let all_same = [0, 0, rows.len() as u64, 0];
        assert_eq!(memory.take(rows).await, (all_same, vec![]), "{name}: the same file again");
    }
}

#[tokio::test]
async fn first_seen_cancelled_counts_as_cancelled_and_reopens_when_newer() {
    let memory = Memory::default();
    let cancelled = |c: &mut AppointmentChange| (c.status, c.updated_at) = (AppointmentStatus::Cancelled, dated(2));
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", cancelled)]).await, ([0, 0, 0, 1], vec![]));
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", cancelled)]).await, ([0, 0, 1, 0], vec![]));
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", |c| c.updated_at = dated(1))]).await.0, [0, 0, 1, 0]);
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", |c| c.updated_at = dated(3))]).await.0, [0, 1, 0, 0]);
    assert_eq!(memory.booking("A1").booked_at, now(), "booked when it was first seen, where nobody says");
}

#[tokio::test]
async fn what_belongs_to_the_patient_holds_from_the_newest_row() {
    let memory = Memory::default();
    let rows = vec![
        row(2, "A1", "MRN1", |c| {
            c.updated_at = dated(5);
            c.about_patient.phones = phone("617-555-0105");
            c.about_patient.no_call = Some(false);
        }),
        row(3, "A2", "MRN1", |c| {
            c.updated_at = dated(3);
            c.about_patient.phones = phone("617-555-0103");
            c.about_patient.language = Some("fr".into());
            c.about_patient.no_call = Some(true);
        }),
        row(4, "A3", "MRN1", |c| {
            c.updated_at = dated(4);
            c.status = AppointmentStatus::Cancelled;
            c.about_patient.language = Some("es".into());
            c.about_patient.voicemail = Some(VoicemailPolicy::Minimal);
        }),
    ];
    assert_eq!(memory.take(rows).await.0, [2, 0, 0, 1]);
    let patient = memory.patient("MRN1");
    assert_eq!(patient.phones, phone("617-555-0105"));
    assert_eq!(patient.language, Some("es".into()), "an empty field says nothing, and a cancelled row speaks too");
    assert_eq!((patient.flags.no_call, patient.flags.voicemail), (false, Some(VoicemailPolicy::Minimal)));

    let late = row(2, "A4", "MRN1", |c| {
        c.updated_at = dated(2);
        c.about_patient.phones = vec![Phone::read(PhoneKind::Home, "617-555-0102"), Phone::read(PhoneKind::Work, "617-555-0199")];
        c.about_patient.deceased = Some(true);
    });
    memory.take(vec![late]).await;
    let patient = memory.patient("MRN1");
    let kinds: Vec<_> = patient.phones.iter().map(|p| (p.kind, p.given.reveal().as_str())).collect();
    assert_eq!(kinds, [(PhoneKind::Home, "617-555-0105"), (PhoneKind::Work, "617-555-0199")], "an older row only fills gaps");
    assert!(!patient.flags.deceased);
}

#[tokio::test]
async fn an_opt_out_on_any_row_holds_and_no_row_undoes_it() {
    let memory = Memory::default();
    let mut refused = row(4, "", "", |_| {});
    refused.content = Err(Refused { reason: "start: it is empty".into(), opts_out: Some("MRN3".into()) });
    let says = |opt_out| move |c: &mut AppointmentChange| c.about_patient.opt_out = Some(opt_out);
    let rows = vec![
        row(2, "A1", "MRN1", says(true)),
        row(3, "A2", "MRN2", says(false)),
        refused,
        row(5, "A1", "MRN1", |c| (c.updated_at, c.about_patient.opt_out) = (dated(3), Some(false))),
    ];
    memory.take(rows.clone()).await;
    memory.take(rows).await;
    assert!(memory.patient("MRN1").flags.opt_out && !memory.patient("MRN2").flags.opt_out);
    let kept = memory.kept.lock().expect("no panic");
    let listed: Vec<_> = kept.opt_outs.iter().map(|o| (o.patient.as_ref().map(|p| p.as_str()), o.how.as_str())).collect();
    assert_eq!(listed[..2], [(Some("MRN1"), "import"), (Some("MRN3"), "import")]);
    assert!(listed[2..].iter().all(|o| o.0 == Some("MRN3")), "only the one nobody knows is told again");
    assert!(!kept.patients.contains_key(&PatientId::from("MRN3")), "a refused row makes no patient");
}

#[tokio::test]
async fn a_booking_that_changes_hands_withdraws_both_visits() {
    let memory = Memory::default();
    memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await;
    let (_, withdrawn) = memory.take(vec![row(2, "A1", "MRN2", |_| {})]).await;
    assert_eq!(withdrawn, ["MRN1/boston/2026-12-01", "MRN2/boston/2026-12-01"]);
}

#[tokio::test]
async fn raw_rows_are_kept_and_families_stay_together_in_batches() {
    let memory = Memory::default();
    let mut rows: Vec<Row> = (0..1_200).map(|n| row(n + 2, &format!("A{n}"), &format!("MRN{n}"), |_| {})).collect();
    rows.push(row(1_202, "A0", "MRN0", |c| c.start = at("2026-12-03T14:00:00Z")));
    rows.push(row(1_203, "B0", "MRN0", |c| c.about_patient.phones = phone("617-555-0109")));
    assert_eq!(memory.take(rows.clone()).await.0, [1_201, 1, 0, 0]);
    assert_eq!(memory.take(rows).await, ([0, 0, 1_202, 0], vec![]), "row and counter-row lie in one transaction");
    let kept = memory.kept.lock().expect("no panic");
    assert_eq!((kept.batches, kept.raw.len()), (6, 2_404));
}

#[tokio::test]
async fn another_writer_means_deciding_again_and_there_is_an_end_to_it() {
    let memory = Memory::default();
    memory.kept.lock().expect("no panic").conflicts = 3;
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await.0, [1, 0, 0, 0]);
    memory.kept.lock().expect("no panic").conflicts = TRIES;
    let reading = Reading { rows: vec![row(2, "A2", "MRN1", |_| {})], noticed: Vec::new() };
    let error = take_in(&memory, &FeedName::from("epic"), &reading, Arrival::ByHand, now(), &zone_of)
        .await
        .expect_err("a conflict for ever");
    assert!(error.to_string().starts_with("0 of 1 rows of feed epic are stored"), "{error}");
}

#[tokio::test]
async fn the_report_has_the_shape_of_the_interface() {
    let mut bad = row(4, "", "", |_| {});
    bad.content = Err(Refused { reason: "start: it is empty".into(), opts_out: None });
    let mut incomplete = row(3, "A2", "MRN2", |_| {});
    if let Ok(good) = &mut incomplete.content {
        good.noticed = vec!["no telephone number".into(), "duration_minutes: …".into()];
    }
    let reading = Reading { rows: vec![row(2, "A1", "MRN1", |_| {}), incomplete, bad], noticed: vec![(1, "columns".into())] };
    let report = take_in(&Memory::default(), &FeedName::from("import"), &reading, Arrival::ByHand, now(), &zone_of)
        .await
        .expect("taken in");
    assert_eq!(
        serde_json::to_value(&report).expect("serializes"),
        serde_json::json!({
            "read": 3, "new": 2, "changed": 0, "same": 0, "cancelled": 0,
            "refused": [{"line": 4, "reason": "start: it is empty"}],
            "noticed": [
                {"line": 1, "reason": "columns"},
                {"line": 3, "reason": "no telephone number; duration_minutes: …"}
            ],
        })
    );
}

#[test]
fn the_future_can_be_sent_to_another_thread() {
    fn assert_send<T: Send>(_: T) {}
    let (feed, reading) = (FeedName::from("import"), Reading::default());
    let store: Option<Box<dyn Store>> = None;
    if let Some(store) = &store {
        assert_send(take_in(&**store, &feed, &reading, Arrival::ByHand, now(), &zone_of));
    }
}

mod news;
